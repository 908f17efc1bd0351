//! Families and the marks of codes (TOKENS §2, §3): compare-and-set of a whole record, single use of a code.

use super::counters;
use crate::batch::Batch;
use crate::key::{code_mark_value, expiry_key, read_code_mark};
use crate::tables::{Failure, ReadTables, Table};
use dormouse_token::{Change, Changed, CodeMark, FamilyChange, FamilyId, FamilyRecord, Marked};

/// The record of a family.
pub(crate) fn family(tables: &mut dyn ReadTables, id: FamilyId) -> Result<Option<FamilyRecord>, Failure> {
    tables.get(Table::Families, &id.0)?.map(|bytes| read(&bytes)).transpose()
}

/// Compare-and-set of a record, with the counters that belong to it.
pub(crate) fn change(batch: &mut Batch<'_>, change: FamilyChange) -> Result<Changed, Failure> {
    let FamilyChange { id, next, counters } = change;
    let current = batch.get(Table::Families, &id.0)?.map(|bytes| read(&bytes)).transpose()?;
    let version = current.as_ref().map_or(0, |record| record.version);
    if next.version.checked_sub(1) != Some(version) {
        return Ok(Changed::Lost(current));
    }
    let totals = counters::totals(batch, counters.into_iter().map(|key| (key, 1)))?;
    // A record stays where its first retention has filed it: expiry files again what has grown, and the redemptions in
    // between write one table only.
    if current.is_none() {
        batch.put(Table::TokenExpiry, &expiry_key(next.retention.hour(), Table::Families, &id.0), &[])?;
    }
    batch.put(Table::Families, &id.0, &next.to_bytes())?;
    counters::put(batch, totals)?;
    batch.changes.push(Change::Family(id, next));
    Ok(Changed::Applied)
}

/// The mark of a code.
pub(crate) fn code_mark(tables: &mut dyn ReadTables, id: FamilyId) -> Result<Option<CodeMark>, Failure> {
    tables.get(Table::CodeMarks, &id.0)?.map(|bytes| read_code_mark(&bytes)).transpose()
}

/// Marks a code as used.
pub(crate) fn mark_code(batch: &mut Batch<'_>, id: FamilyId, mark: &CodeMark) -> Result<Marked, Failure> {
    if let Some(bytes) = batch.get(Table::CodeMarks, &id.0)? {
        let before = read_code_mark(&bytes)?;
        return Ok(if before.attempt == mark.attempt { Marked::First } else { Marked::Before(before) });
    }
    batch.put(Table::TokenExpiry, &expiry_key(mark.retention.hour(), Table::CodeMarks, &id.0), &[])?;
    batch.put(Table::CodeMarks, &id.0, &code_mark_value(mark))?;
    Ok(Marked::First)
}

/// A record from its bytes.
pub(crate) fn read(bytes: &[u8]) -> Result<FamilyRecord, Failure> {
    FamilyRecord::from_bytes(bytes).map_err(|_| Failure::corrupt(Table::Families))
}
