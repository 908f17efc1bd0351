//! The initial load of a node (TOKENS §5 "Start"): what is resident, page by page, each page from a snapshot of its own.

use super::{cut_offs, families, rows};
use crate::key::{read_document, read_document_key};
use crate::tables::{Entry, Failure, ReadTables, Table};
use dormouse_token::{Change, FamilyId, Page, PageKey, RowKey, Timestamp};

/// The page that begins at a key.
pub(crate) fn page(tables: &mut dyn ReadTables, now: Timestamp, key: &PageKey) -> Result<Page, Failure> {
    let (place, from) = key.0.split_first().map_or((0, &[][..]), |(place, from)| (usize::from(*place), from));
    let Some(table) = LOADED.get(place) else {
        return Ok(Page::default());
    };
    let entries = tables.scan(*table, from, PAGE_ENTRIES)?;
    let next = match entries.last() {
        Some((last, _)) if entries.len() == PAGE_ENTRIES => Some((place, [last.as_slice(), &[0]].concat())),
        _ if place + 1 < LOADED.len() => Some((place + 1, Vec::new())),
        _ => None,
    };
    let mut changes = Vec::new();
    for entry in entries {
        changes.extend(resident(*table, &entry, now)?);
    }
    let next = next.and_then(|(place, from)| {
        let place = u8::try_from(place).ok()?;
        Some(PageKey([&[place][..], &from].concat()))
    });
    Ok(Page { changes, next })
}

fn resident(table: Table, (key, value): &Entry, now: Timestamp) -> Result<Option<Change>, Failure> {
    let malformed = || Failure::corrupt(table);
    Ok(match table {
        Table::CutOffs => Some(Change::CutOff(cut_offs::read(value)?)),
        Table::Documents => {
            let key = read_document_key(key)?;
            if key.collection.is_resident() {
                Some(Change::Document(key, Some(read_document(value)?)))
            } else {
                None
            }
        }
        Table::Families => {
            let id = FamilyId(key.as_slice().try_into().map_err(|_| malformed())?);
            let record = families::read(value)?;
            (record.access_until > now).then_some(Change::Family(id, record))
        }
        _ => {
            let row = rows::read(table, value)?;
            let key = RowKey::from_bytes(key).map_err(|_| malformed())?;
            (row.resident_until > now).then_some(Change::Row(key, Some(row)))
        }
    })
}

/// What is loaded, in this order. All documents are looked at, and those of resident collections returned.
const LOADED: [Table; 5] =
    [Table::CutOffs, Table::Documents, Table::Imports, Table::Overflows, Table::Families];

/// Entries that one page looks at: some milliseconds of reading.
const PAGE_ENTRIES: usize = 2048;
