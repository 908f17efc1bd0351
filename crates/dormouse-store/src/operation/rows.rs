//! Rows of imported tokens and overflow attributes (TOKENS §1): sets of swaps, applied whole or not at all.

use crate::batch::Batch;
use crate::key::{expiry_key, row_table};
use crate::tables::{Failure, ReadTables, Table};
use dormouse_token::{Change, Row, RowKey, RowSwap, Timestamp};

/// The rows of some keys, in the order of the keys.
pub(crate) fn rows(tables: &mut dyn ReadTables, keys: &[RowKey]) -> Result<Vec<Option<Row>>, Failure> {
    keys.iter()
        .map(|key| {
            let table = row_table(key);
            tables.get(table, &key.to_bytes())?.map(|bytes| read(table, &bytes)).transpose()
        })
        .collect()
}

/// Applies every swap if every expectation holds of what was there before the first of them.
pub(crate) fn swap(batch: &mut Batch<'_>, swaps: Vec<RowSwap>) -> Result<bool, Failure> {
    for swap in &swaps {
        if current(batch, &swap.key)?.map(|row| row.version) != swap.expected {
            return Ok(false);
        }
    }
    for RowSwap { key, next, .. } in swaps {
        // Read again: a set may name one key twice.
        let old = current(batch, &key)?;
        let (table, key_bytes) = (row_table(&key), key.to_bytes());
        if let Some(old) = &old {
            batch.remove(Table::TokenExpiry, &expiry_key(old.retention.hour(), table, &key_bytes))?;
        }
        match &next {
            None => batch.remove(table, &key_bytes)?,
            Some(row) => {
                batch.put(Table::TokenExpiry, &expiry_key(row.retention.hour(), table, &key_bytes), &[])?;
                batch.put(table, &key_bytes, &row.to_bytes())?;
            }
        }
        if [&old, &next].into_iter().flatten().any(|row| row.resident_until > Timestamp::EPOCH) {
            batch.changes.push(Change::Row(key, next));
        }
    }
    Ok(true)
}

fn current(batch: &mut Batch<'_>, key: &RowKey) -> Result<Option<Row>, Failure> {
    let table = row_table(key);
    batch.get(table, &key.to_bytes())?.map(|bytes| read(table, &bytes)).transpose()
}

/// A row from its bytes.
pub(crate) fn read(table: Table, bytes: &[u8]) -> Result<Row, Failure> {
    Row::from_bytes(bytes).map_err(|_| Failure::corrupt(table))
}
