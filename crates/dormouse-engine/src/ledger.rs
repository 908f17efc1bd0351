//! The ledger of entity files in the store: a document for each entity that files brought or administration deleted.
//!
//! A row is a byte that tells whether administration deleted the entity, and then what was applied of it, if anything was.
//! A deletion keeps what was applied, so that an unchanged file does not overwrite what administration makes again.

use crate::Engine;
use crate::error::Error;
use dormouse_entity::{Applied, EntityKey, Ledger};
use dormouse_token::{Collection, Document, DocumentKey, DocumentWrite, Expected, StoreError};
use std::collections::HashMap;

/// The ledger, with the versions that its changes expect.
#[derive(Default)]
pub(crate) struct StoredLedger {
    pub(crate) ledger: Ledger,
    versions: HashMap<EntityKey, u64>,
}

/// What the ledger says of one entity, and what a change of it expects.
pub(crate) struct LedgerRow {
    key: EntityKey,
    applied: Option<Applied>,
    pub(crate) is_deleted: bool,
    expected: Expected,
}

impl StoredLedger {
    /// Notes what was applied of an entity that administration has not deleted.
    pub(crate) fn note(&self, key: &EntityKey, applied: &Applied) -> DocumentWrite {
        let expected = self.versions.get(key).map_or(Expected::Absent, |version| Expected::Version(*version));
        write(key, expected, Some(value(Some(applied), false)))
    }
}

impl LedgerRow {
    /// Notes that administration deleted the entity.
    pub(crate) fn deleted(&self) -> DocumentWrite {
        write(&self.key, self.expected, Some(value(self.applied.as_ref(), true)))
    }

    /// Notes that administration made the entity again.
    pub(crate) fn made_again(&self) -> DocumentWrite {
        let applied = self.applied.as_ref().map(|applied| value(Some(applied), false));
        write(&self.key, self.expected, applied)
    }
}

impl Engine {
    pub(crate) async fn ledger(&self) -> Result<StoredLedger, Error> {
        let mut stored = StoredLedger::default();
        for (key, document) in self.store.documents(Collection::Provisioning).await? {
            let entity = EntityKey::from_text(&key.name).ok_or_else(|| damaged(&key))?;
            let (applied, is_deleted) = read(&key, &document)?;
            stored.versions.insert(entity.clone(), document.version);
            if is_deleted {
                stored.ledger.tombstones.insert(entity.clone());
            }
            if let Some(applied) = applied {
                stored.ledger.applied.insert(entity, applied);
            }
        }
        Ok(stored)
    }

    pub(crate) async fn ledger_row(&self, entity: EntityKey) -> Result<LedgerRow, Error> {
        let key = document_key(&entity);
        let Some(document) = self.store.document(key.clone()).await? else {
            return Ok(LedgerRow {
                key: entity,
                applied: None,
                is_deleted: false,
                expected: Expected::Absent,
            });
        };
        let (applied, is_deleted) = read(&key, &document)?;
        Ok(LedgerRow { key: entity, applied, is_deleted, expected: Expected::Version(document.version) })
    }
}

fn document_key(entity: &EntityKey) -> DocumentKey {
    DocumentKey { collection: Collection::Provisioning, name: entity.to_text().into() }
}

fn write(entity: &EntityKey, expected: Expected, value: Option<Box<[u8]>>) -> DocumentWrite {
    DocumentWrite { key: document_key(entity), expected, value }
}

fn value(applied: Option<&Applied>, is_deleted: bool) -> Box<[u8]> {
    let applied = applied.map(Applied::to_bytes).unwrap_or_default();
    [&[u8::from(is_deleted)][..], &applied].concat().into()
}

fn read(key: &DocumentKey, document: &Document) -> Result<(Option<Applied>, bool), StoreError> {
    let damaged = || damaged(key);
    let (state, applied) = document.value.split_first().ok_or_else(damaged)?;
    let is_deleted = match state {
        0 => false,
        1 => true,
        _ => return Err(damaged()),
    };
    if applied.is_empty() {
        return Ok((None, is_deleted));
    }
    Ok((Some(Applied::from_bytes(applied).ok_or_else(damaged)?), is_deleted))
}

fn damaged(key: &DocumentKey) -> StoreError {
    StoreError::Corrupt(format!("the ledger of entity files is damaged at {}", key.name).into())
}
