//! Custom attributes that a token does not carry itself: overflow rows and edits (TOKENS §1 "Attributes").

use crate::Engine;
use crate::commit::LOST_MAX;
use crate::error::{Error, Unavailable};
use crate::issue::SealedPair;
use dormouse_token::{
    Attributes, Claims, FamilyId, FamilyRecord, Kind, RETENTION_MARGIN, Row, RowKey, RowSwap,
    SealedAttributes, Timestamp,
};
use std::sync::Arc;

impl Engine {
    /// The attributes that a token was issued with, from itself or from its overflow row.
    pub(crate) async fn issued_attributes(&self, claims: &Claims) -> Result<Attributes, Error> {
        match &claims.attributes {
            SealedAttributes::Inline(attributes) => Ok(attributes.clone()),
            SealedAttributes::Overflow => self.overflow_row(claims).await,
        }
    }

    /// Folds in the edits of a family that a token of an access generation does not carry.
    pub(crate) fn fold_edits(
        &self,
        attributes: &mut Attributes,
        record: &FamilyRecord,
        family: FamilyId,
        concerns: impl Fn(u32) -> bool,
    ) -> Result<(), Error> {
        for edit in record.edits.iter().filter(|edit| concerns(edit.generation)) {
            let label = edit_label(family);
            let (plain, _) =
                self.ring.open_record(&label, &edit.sealed, self.now()).map_err(|_| Unavailable::Sealed)?;
            attributes.fold(&Attributes::from_bytes(&plain).map_err(|_| Unavailable::Sealed)?);
        }
        Ok(())
    }

    /// Seals attributes as an edit of a family.
    pub(crate) fn seal_edit(&self, family: FamilyId, attributes: &Attributes) -> Result<Box<[u8]>, Error> {
        let plain = attributes.to_bytes();
        Ok(self.ring.seal_record(&edit_label(family), &plain, self.now(), &*self.entropy)?.into())
    }

    /// Stores the attributes that did not fit into a token, before the token leaves. `false` when a row is there already:
    /// that of the answer which is being repeated, or of somebody who may yet lose the race for this generation.
    pub(crate) async fn write_overflow(
        &self,
        claims: &Claims,
        attributes: &Attributes,
    ) -> Result<bool, Error> {
        let row = self.overflow(claims, attributes, 1)?;
        let swap = RowSwap { key: overflow_key(claims), expected: None, next: Some(row) };
        Ok(self.store.swap_rows(vec![swap]).await?)
    }

    /// Puts the attributes of tokens whose change was committed in place of those that were there before. Nobody else may
    /// write them from then on.
    pub(crate) async fn settle_overflow(&self, sealed: &SealedPair) -> Result<(), Error> {
        if !sealed.contested {
            return Ok(());
        }
        let issued = &sealed.issued;
        for token in [Some(&issued.access), issued.refresh.as_ref()].into_iter().flatten() {
            if token.claims.attributes == SealedAttributes::Overflow {
                self.replace_overflow(&token.claims, &issued.attributes).await?;
            }
        }
        Ok(())
    }

    async fn replace_overflow(&self, claims: &Claims, attributes: &Attributes) -> Result<(), Error> {
        let key = overflow_key(claims);
        for _ in 0..LOST_MAX {
            let old = self.store.rows(vec![key]).await?.pop().flatten();
            let version = old.as_ref().map_or(0, |row| row.version);
            let mut row = self.overflow(claims, attributes, version + 1)?;
            row.retention = row.retention.max(old.as_ref().map_or(row.retention, |old| old.retention));
            let swap = RowSwap { key, expected: old.map(|row| row.version), next: Some(row) };
            if self.store.swap_rows(vec![swap]).await? {
                self.overflow.remove(&overflow_cache_key(claims));
                return Ok(());
            }
        }
        Err(Unavailable::Contended.into())
    }

    fn overflow(&self, claims: &Claims, attributes: &Attributes, version: u64) -> Result<Row, Error> {
        let label = overflow_key(claims).to_bytes();
        let sealed = self.ring.seal_record(&label, &attributes.to_bytes(), self.now(), &*self.entropy)?;
        let retention = claims.expires_at.saturating_add(RETENTION_MARGIN);
        let family = claims.family;
        Ok(Row { version, family, sealed: sealed.into(), resident_until: Timestamp::EPOCH, retention })
    }

    /// Verification's view of an edited family: one bounded cache, keyed by family, version and generation.
    pub(crate) async fn edited_attributes(
        &self,
        claims: &Claims,
        version: u64,
    ) -> Result<Arc<Attributes>, Error> {
        let key = [&claims.family.0[..], &version.to_be_bytes(), &claims.generation.to_be_bytes()].concat();
        if let Some(cached) = self.overflow.get(&key) {
            return Ok(cached);
        }
        let mut attributes = self.issued_attributes(claims).await?;
        let record = self.store.family(claims.family).await?.unwrap_or_else(FamilyRecord::untouched);
        self.fold_edits(&mut attributes, &record, claims.family, |generation| {
            generation == claims.generation
        })?;
        let attributes = Arc::new(attributes);
        if record.version == version {
            self.overflow.insert(key, Arc::clone(&attributes));
        }
        Ok(attributes)
    }

    async fn overflow_row(&self, claims: &Claims) -> Result<Attributes, Error> {
        let label = overflow_key(claims).to_bytes();
        let cache_key = overflow_cache_key(claims);
        if let Some(cached) = self.overflow.get(&cache_key) {
            return Ok((*cached).clone());
        }
        let row = match self.store.rows(vec![overflow_key(claims)]).await?.pop().flatten() {
            Some(row) => row,
            // It went with its retention; what is left of the token is what it says itself.
            None if claims.expires_at <= self.now() => return Ok(Attributes::default()),
            None => return Err(Unavailable::Sealed.into()),
        };
        let (plain, _) =
            self.ring.open_record(&label, &row.sealed, self.now()).map_err(|_| Unavailable::Sealed)?;
        let attributes = Attributes::from_bytes(&plain).map_err(|_| Unavailable::Sealed)?;
        self.overflow.insert(cache_key, Arc::new(attributes.clone()));
        Ok(attributes)
    }
}

fn overflow_key(claims: &Claims) -> RowKey {
    RowKey::Overflow { kind: claims.kind, family: claims.family, generation: claims.generation }
}

/// The same string imported again has an own access token of the same generation, and attributes of its own: its expiry
/// tells them apart.
fn overflow_cache_key(claims: &Claims) -> Vec<u8> {
    [&overflow_key(claims).to_bytes()[..], &claims.expires_at.as_ms().to_be_bytes()].concat()
}

fn edit_label(family: FamilyId) -> Vec<u8> {
    [b"edit:", &family.0[..]].concat()
}

/// The longest token of a kind that carries attributes itself; `None` for refresh tokens, which travel in a form body.
pub(crate) const fn inline_len_max(kind: Kind) -> Option<usize> {
    match kind {
        Kind::Access => Some(1024),
        Kind::Code => Some(512),
        Kind::Refresh => None,
    }
}
