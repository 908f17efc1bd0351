//! Cut-offs and burns (TOKENS §4): numbered by one counter, replacing what they include, in one commit.

use crate::batch::Batch;
use crate::key::{cut_off_key, cut_off_prefix, expiry_key};
use crate::tables::{Failure, Table};
use dormouse_token::{Change, CutOffRow};

/// Appends a row and removes those that it replaces.
pub(crate) fn append(batch: &mut Batch<'_>, mut row: CutOffRow) -> Result<CutOffRow, Failure> {
    let number = batch.state.cut_off.checked_add(1).ok_or_else(|| Failure::corrupt(Table::State))?;
    row.set_number(number);
    if let CutOffRow::CutOff(cut_off) = &mut row {
        cut_off.before = cut_off.before.map(|before| before.min(batch.now));
    }
    let prefix = cut_off_prefix(&row);
    let mut replaced = Vec::new();
    // Few: what a new row includes is removed each time, so that a target keeps a handful of them.
    for (key, bytes) in batch.scan(Table::CutOffs, &prefix, SAME_TARGET_MAX)? {
        if !key.starts_with(&prefix) {
            break;
        }
        let older = read(&bytes)?;
        if row.replaces(&older) {
            replaced.push((key, older));
        }
    }
    batch.state.cut_off = number;
    for (key, older) in replaced {
        batch.remove(Table::CutOffExpiry, &expiry_key(older.kept_until().hour(), Table::CutOffs, &key))?;
        batch.remove(Table::CutOffs, &key)?;
    }
    let key = cut_off_key(&row);
    batch.put(Table::CutOffExpiry, &expiry_key(row.kept_until().hour(), Table::CutOffs, &key), &[])?;
    batch.put(Table::CutOffs, &key, &row.to_bytes())?;
    batch.changes.push(Change::CutOff(row.clone()));
    Ok(row)
}

/// A row from its bytes.
pub(crate) fn read(bytes: &[u8]) -> Result<CutOffRow, Failure> {
    CutOffRow::from_bytes(bytes).map_err(|_| Failure::corrupt(Table::CutOffs))
}

/// How many rows of one target are looked at. Only burns of single hours can be many, one per hour of a root's life.
const SAME_TARGET_MAX: usize = 100_000;
