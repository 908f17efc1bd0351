//! Expiry (TOKENS §2 "Purge", §7): removes what was kept long enough by the time floor, a bounded number at a time.

use super::{cut_offs, families, rows};
use crate::batch::Batch;
use crate::key::{expiry_key, read_code_mark, read_expiry_key};
use crate::tables::{Failure, Table};
use dormouse_token::Timestamp;

/// Removes what is past its retention; returns how many things went.
///
/// The floor that is written with the batch is the one that decides. Only whole hours that lie before it are walked, so
/// that what lies in them is past its retention unless it has grown since; what has grown is filed again.
pub(crate) fn purge(batch: &mut Batch<'_>) -> Result<u64, Failure> {
    let end = batch.state.floor.hour();
    let mut removed = 0;
    for index in [Table::TokenExpiry, Table::CutOffExpiry] {
        for (key, _) in batch.scan(index, &[], PURGED_MAX)? {
            let (hour, table, owner) = read_expiry_key(&key).ok_or_else(|| Failure::corrupt(index))?;
            if hour >= end {
                break;
            }
            let retention = retention(batch, table, owner)?;
            batch.remove(index, &key)?;
            match retention {
                Some(retention) if retention.hour() >= end => {
                    batch.put(index, &expiry_key(retention.hour(), table, owner), &[])?;
                }
                _ => {
                    batch.remove(table, owner)?;
                    removed += 1;
                }
            }
        }
    }
    Ok(removed)
}

fn retention(batch: &mut Batch<'_>, table: Table, key: &[u8]) -> Result<Option<Timestamp>, Failure> {
    let Some(bytes) = batch.get(table, key)? else {
        return Ok(None);
    };
    Ok(Some(match table {
        Table::Families => families::read(&bytes)?.retention,
        Table::CodeMarks => read_code_mark(&bytes)?.retention,
        Table::CutOffs => cut_offs::read(&bytes)?.kept_until(),
        Table::Imports | Table::Overflows => rows::read(table, &bytes)?.retention,
        _ => return Err(Failure::corrupt(Table::TokenExpiry)),
    }))
}

/// Entries of one table that one call looks at: some milliseconds of the writer.
const PURGED_MAX: usize = 512;
