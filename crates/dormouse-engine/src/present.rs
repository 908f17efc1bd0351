//! From a string to claims: opening our own tokens, looking up imported ones, and the checks that every use repeats.

use crate::Engine;
use crate::client::approved_products;
use crate::cut_off_table::Subject;
use crate::error::{Error, Refusal, Unavailable};
use crate::follow::Read;
use dormouse_entity::Directory;
use dormouse_token::{Claims, FamilyRecord, KeyId, Kind, Reason, Row, RowKey, Timestamp};

/// A token that somebody presented, authentic but not yet judged.
pub(crate) struct Presented {
    pub(crate) claims: Claims,
    /// The key that sealed it; for an imported token, the key that its twin would be sealed under.
    pub(crate) key: KeyId,
    /// The row of an imported token.
    pub(crate) import: Option<PresentedImport>,
}

/// Where an imported token stands in the store.
#[derive(Clone)]
pub(crate) struct PresentedImport {
    pub(crate) key: RowKey,
    pub(crate) row: Row,
    /// The row of the other imported token of the pair.
    pub(crate) partner: Option<RowKey>,
}

impl Engine {
    /// Opens a token of ours or reads the row of an imported one.
    pub(crate) async fn present(&self, token: &str, kind: Kind) -> Result<Presented, Error> {
        if Kind::of(token).is_some() {
            let (claims, key) = self.ring.open(token, kind, self.now()).map_err(|_| Refusal::Unknown)?;
            return Ok(Presented { claims, key, import: None });
        }
        if token.is_empty() || token.len() > FOREIGN_LEN_MAX {
            return Err(Refusal::Unknown.into());
        }
        let keys: Vec<_> = self.keys.load().import_keys(kind, token).collect();
        let rows = self.store.rows(keys.clone()).await?;
        let found = keys.into_iter().zip(rows).find_map(|(key, row)| Some((key, row?)));
        let (row_key, row) = found.ok_or(Refusal::Unknown)?;
        let content = self.open_import_content(&row_key, &row, self.now()).map_err(|_| Refusal::Unknown)?;
        let import = PresentedImport { key: row_key, row, partner: content.partner };
        Ok(Presented { claims: content.claims, key: content.key, import: Some(import) })
    }

    /// Opens an access token from memory alone.
    pub(crate) fn present_resident(&self, token: &str, now: Timestamp) -> Result<(Claims, KeyId), Refusal> {
        if Kind::of(token).is_some() {
            return self.ring.open(token, Kind::Access, now).map_err(|_| Refusal::Unknown);
        }
        if self.resident.imports.is_empty() || token.len() > FOREIGN_LEN_MAX {
            return Err(Refusal::Unknown);
        }
        let imports = self.resident.imports.pin();
        let keys = self.keys.load();
        keys.import_keys(Kind::Access, token)
            .find_map(|key| match key {
                RowKey::Import { hash, .. } => imports.get(&hash),
                RowKey::Overflow { .. } => None,
            })
            .map(|import| ((*import.claims).clone(), import.key))
            .ok_or(Refusal::Unknown)
    }

    /// Burns and cut-offs. A burned token is unknown: whoever holds the key may have written what it says.
    pub(crate) fn judge(&self, claims: &Claims, key: KeyId) -> Result<(), Refusal> {
        let table = &self.resident.cut_offs;
        if table.burns(claims, key) {
            return Err(Refusal::Unknown);
        }
        let directory = self.resident.directory.load();
        let reason = table.kills(claims, subject(&directory, claims));
        reason.map_or(Ok(()), |reason| Err(Refusal::NotApproved(reason)))
    }

    /// A refresh token or code of a product that was cut off: its successor would be admitted again, so there is none.
    pub(crate) fn judge_products(&self, claims: &Claims) -> Result<(), Refusal> {
        let directory = self.resident.directory.load();
        let Some(credential) = directory.credential(&claims.client) else { return Ok(()) };
        let cut = approved_products(&directory, credential)
            .any(|product| self.resident.cut_offs.excludes_product(product.name.as_str(), claims));
        if cut { Err(Refusal::NotApproved(Reason::Administration)) } else { Ok(()) }
    }

    /// The record of a token's family, linearizable.
    ///
    /// A sealed generation above it proves that the store was rolled back, as long as the record would have been kept.
    pub(crate) async fn record(&self, claims: &Claims, read: Read) -> Result<FamilyRecord, Error> {
        let record = self.store.family(claims.family).await?.unwrap_or_else(FamilyRecord::untouched);
        // What is answered on this read must hold for this node's verification as well.
        self.resident.apply_family(claims.family, &record, self.forgotten_until());
        let beyond = match claims.kind {
            Kind::Access => claims.generation > record.access_gen,
            Kind::Refresh => claims.generation > record.refresh_gen,
            Kind::Code => false,
        };
        // Only a restoration that keeps the tokens from before raises the counter so far. It has forgotten their records.
        if beyond && claims.seen.saturating_add(RESTORED_STEP) <= read.seen {
            return Err(Refusal::Unknown.into());
        }
        if beyond && read.now < claims.family_expires_at {
            self.alarm_rolled_back();
            return Err(Unavailable::RolledBack.into());
        }
        Ok(record)
    }
}

/// Whom a token belongs to at present.
pub(crate) fn subject<'a>(directory: &'a Directory, claims: &'a Claims) -> Subject<'a> {
    let app =
        directory.credential(&claims.client).and_then(|credential| directory.app(credential.app_id.as_str()));
    Subject {
        client: &claims.client,
        owner: app.map(|app| (app.app_id.as_str(), app.developer_id.as_str())),
        user: claims.user.as_deref(),
    }
}

/// By how much `dormouse store restore --keep-tokens` raises the counter of cut-offs.
const RESTORED_STEP: u64 = 1 << 32;

/// Longest foreign token: Apigee's limit of 2 KB.
pub(crate) const FOREIGN_LEN_MAX: usize = 2048;
