//! Custom attributes that a token does not carry itself: overflow rows and edits (TOKENS §1 "Attributes").

use crate::Engine;
use crate::error::{Error, Unavailable};
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
            SealedAttributes::Overflow => self.overflow_row(overflow_key(claims)).await,
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

    /// Stores the attributes that did not fit into a token, before the token leaves.
    pub(crate) async fn write_overflow(&self, claims: &Claims, attributes: &Attributes) -> Result<(), Error> {
        let key = overflow_key(claims);
        let sealed =
            self.ring.seal_record(&key.to_bytes(), &attributes.to_bytes(), self.now(), &*self.entropy)?;
        let row = Row {
            version: 1,
            family: claims.family,
            sealed: sealed.into(),
            resident_until: Timestamp::EPOCH,
            retention: claims.expires_at.saturating_add(RETENTION_MARGIN),
        };
        // A row that is there already holds the same: the answer to this token's issue is being repeated.
        self.store.swap_rows(vec![RowSwap { key, expected: None, next: Some(row) }]).await?;
        Ok(())
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

    async fn overflow_row(&self, key: RowKey) -> Result<Attributes, Error> {
        let bytes = key.to_bytes();
        if let Some(cached) = self.overflow.get(&bytes) {
            return Ok((*cached).clone());
        }
        let rows = self.store.rows(vec![key]).await?;
        let row = rows.into_iter().next().flatten().ok_or(Unavailable::Sealed)?;
        let (plain, _) =
            self.ring.open_record(&bytes, &row.sealed, self.now()).map_err(|_| Unavailable::Sealed)?;
        let attributes = Attributes::from_bytes(&plain).map_err(|_| Unavailable::Sealed)?;
        self.overflow.insert(bytes, Arc::new(attributes.clone()));
        Ok(attributes)
    }
}

fn overflow_key(claims: &Claims) -> RowKey {
    RowKey::Overflow { kind: claims.kind, family: claims.family, generation: claims.generation }
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
