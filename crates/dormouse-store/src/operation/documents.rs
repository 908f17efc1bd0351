//! Documents: versioned values in collections, written in sets that are applied whole or not at all.

use crate::batch::Batch;
use crate::key::{document_key, document_value, read_document, read_document_key};
use crate::shred;
use crate::tables::{Failure, ReadTables, Table};
use dormouse_token::{Change, Collection, Document, DocumentKey, DocumentWrite, Expected};

/// One document.
pub(crate) fn document(tables: &mut dyn ReadTables, key: &DocumentKey) -> Result<Option<Document>, Failure> {
    tables.get(Table::Documents, &document_key(key))?.map(|bytes| read_document(&bytes)).transpose()
}

/// Every document of a collection, by ascending name.
pub(crate) fn collection(
    tables: &mut dyn ReadTables,
    collection: Collection,
) -> Result<Vec<(DocumentKey, Document)>, Failure> {
    let mut found = Vec::new();
    let mut from = vec![collection as u8];
    loop {
        let page = tables.scan(Table::Documents, &from, PAGE_ENTRIES)?;
        let is_last = page.len() < PAGE_ENTRIES;
        for (key, value) in page {
            if key.first() != Some(&(collection as u8)) {
                return Ok(found);
            }
            found.push((read_document_key(&key)?, read_document(&value)?));
            from = key;
            from.push(0);
        }
        if is_last {
            return Ok(found);
        }
    }
}

/// Applies every write if every expectation holds of what was there before the first of them.
pub(crate) fn write(batch: &mut Batch<'_>, writes: Vec<DocumentWrite>) -> Result<bool, Failure> {
    for write in &writes {
        let version = present(batch, &document_key(&write.key))?.map(|document| document.version);
        let holds = match write.expected {
            Expected::Anything => true,
            Expected::Absent => version.is_none(),
            Expected::Version(expected) => version == Some(expected),
        };
        if !holds {
            return Ok(false);
        }
    }
    for DocumentWrite { key, value, .. } in writes {
        let key_bytes = document_key(&key);
        // Read again: a set may name one document twice.
        let old = present(batch, &key_bytes)?;
        if old.as_ref().map(|old| &old.value) == value.as_ref() {
            continue;
        }
        if let Some(old) = old.as_ref().filter(|_| key.collection == Collection::Keys) {
            shred::note(batch, &old.value)?;
        }
        let next = match value {
            None => {
                batch.remove(Table::Documents, &key_bytes)?;
                None
            }
            Some(value) => {
                let version = old.map_or(0, |old| old.version).saturating_add(1);
                let document = Document { version, value };
                batch.put(Table::Documents, &key_bytes, &document_value(&document))?;
                Some(document)
            }
        };
        if key.collection.is_resident() {
            batch.changes.push(Change::Document(key, next));
        }
    }
    Ok(true)
}

fn present(batch: &mut Batch<'_>, key: &[u8]) -> Result<Option<Document>, Failure> {
    batch.get(Table::Documents, key)?.map(|bytes| read_document(&bytes)).transpose()
}

const PAGE_ENTRIES: usize = 1024;
