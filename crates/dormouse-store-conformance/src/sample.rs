//! Records, rows and keys to try a store with.

use crate::subject::unique;
use dormouse_token::{
    Attempt, CodeMark, CountedEvent, CounterKey, CutOff, CutOffRow, FamilyChange, FamilyId, FamilyRecord,
    Grant, Kind, Reach, Reason, Row, RowKey, SourceId, Target, Timestamp,
};

/// A family that no other case uses.
pub(crate) fn family() -> FamilyId {
    let mut bytes = [7; 16];
    bytes[..8].copy_from_slice(&unique().wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    FamilyId(bytes)
}

/// A record of a version, by an attempt of its own, kept and resident for long.
pub(crate) fn record(version: u64) -> FamilyRecord {
    FamilyRecord {
        version,
        attempt: Attempt(unique()),
        access_until: FAR,
        retention: FAR,
        ..FamilyRecord::untouched()
    }
}

/// A change without counters.
pub(crate) const fn change(id: FamilyId, next: FamilyRecord) -> FamilyChange {
    FamilyChange { id, next, counters: Vec::new() }
}

pub(crate) fn counter(client: &str, event: CountedEvent) -> CounterKey {
    CounterKey { client: client.into(), source: SourceId([3; 8]), grant: Grant::Password, day: 20_000, event }
}

pub(crate) fn code_mark(retention: Timestamp) -> CodeMark {
    CodeMark { attempt: Attempt(unique()), family_expires_at: FAR, retention }
}

/// The key of an import that no other case uses.
pub(crate) fn import_key() -> RowKey {
    let mut hash = [5; 32];
    hash[..8].copy_from_slice(&unique().to_be_bytes());
    RowKey::Import { kind: Kind::Access, version: 1, hash }
}

/// The key of an overflow row that no other case uses.
pub(crate) fn overflow_key() -> RowKey {
    RowKey::Overflow { kind: Kind::Access, family: family(), generation: 2 }
}

/// A row that is kept for long and is not resident.
pub(crate) fn row(version: u64) -> Row {
    Row {
        version,
        family: family(),
        sealed: unique().to_be_bytes().into(),
        resident_until: Timestamp::EPOCH,
        retention: FAR,
    }
}

/// A cut-off that the store has yet to number.
pub(crate) fn cut_off(target: Target, reach: Reach, before: Option<Timestamp>) -> CutOffRow {
    let reason = Reason::Administration;
    CutOffRow::CutOff(CutOff { number: 0, target, reach, reason, before, kept_until: FAR })
}

/// Later than any clock of the suite.
pub(crate) const FAR: Timestamp = Timestamp::from_ms(4_000_000_000_000);
