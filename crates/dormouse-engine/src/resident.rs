//! What a node keeps in memory: records while an access token that they affect lives, imported access tokens, cut-offs,
//! and the directory. Verification reads nothing else (TOKENS §5).

use crate::cut_off_table::CutOffTable;
use arc_swap::ArcSwap;
use dormouse_entity::Directory;
use dormouse_token::{Claims, FamilyId, FamilyRecord, KeyId, Status, Timestamp};
use foldhash::quality::RandomState;
use papaya::HashMap;
use std::sync::Arc;

/// The exceptions and entities in memory.
#[derive(Default)]
pub(crate) struct Resident {
    pub(crate) families: HashMap<FamilyId, ResidentFamily, RandomState>,
    pub(crate) imports: HashMap<[u8; 32], ResidentImport, RandomState>,
    pub(crate) cut_offs: CutOffTable,
    pub(crate) directory: ArcSwap<Directory>,
}

/// The part of a family record that verification needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ResidentFamily {
    pub(crate) version: u64,
    pub(crate) access_gen: u32,
    pub(crate) min_access_gen: u32,
    pub(crate) access_status: Status,
    /// The record has edits: attributes must be read from the store.
    pub(crate) edited: bool,
    access_until: Timestamp,
}

/// An imported access token.
#[derive(Clone)]
pub(crate) struct ResidentImport {
    pub(crate) version: u64,
    pub(crate) claims: Arc<Claims>,
    pub(crate) key: KeyId,
}

impl Resident {
    /// Takes in a record, unless a later version is here already. What affects no access token that lived after
    /// `forgotten` is not kept.
    pub(crate) fn apply_family(&self, id: FamilyId, record: &FamilyRecord, forgotten: Timestamp) {
        let families = self.families.pin();
        if record.access_until <= forgotten {
            // A later version may affect living access tokens again.
            let _ = families.remove_if(&id, |_, old| old.version <= record.version);
            return;
        }
        let next = ResidentFamily {
            version: record.version,
            access_gen: record.access_gen,
            min_access_gen: record.min_access_gen,
            access_status: record.access_status,
            edited: !record.edits.is_empty(),
            access_until: record.access_until,
        };
        families.update_or_insert(id, |old| if old.version < next.version { next } else { *old }, next);
    }

    /// Takes in an imported access token, or its removal, unless a later version is here already.
    pub(crate) fn apply_import(&self, hash: [u8; 32], import: Option<ResidentImport>) {
        let imports = self.imports.pin();
        match import {
            None => {
                imports.remove(&hash);
            }
            Some(import) => {
                let keep_newer = |old: &ResidentImport| {
                    if old.version < import.version { import.clone() } else { old.clone() }
                };
                imports.update_or_insert_with(hash, keep_newer, || import.clone());
            }
        }
    }

    /// The record of a family, if it can matter to an access token.
    pub(crate) fn family(&self, id: FamilyId) -> Option<ResidentFamily> {
        self.families.pin().get(&id).copied()
    }

    /// Forgets what affects no living access token.
    pub(crate) fn forget_expired(&self, until: Timestamp) {
        self.families.pin().retain(|_, family| family.access_until > until);
        self.imports.pin().retain(|_, import| import.claims.expires_at > until);
        self.cut_offs.forget_expired(until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dormouse_token::Reason;

    const ID: FamilyId = FamilyId([1; 16]);
    const NOW: Timestamp = Timestamp::from_ms(10);

    fn record(version: u64, min_access_gen: u32) -> FamilyRecord {
        FamilyRecord {
            version,
            min_access_gen,
            access_until: Timestamp::from_ms(100),
            access_status: Status::Revoked(Reason::Token),
            ..FamilyRecord::untouched()
        }
    }

    #[test]
    fn the_highest_version_wins_in_any_order() {
        for order in [[1, 2, 3], [3, 2, 1], [2, 3, 1]] {
            let resident = Resident::default();
            for version in order {
                resident.apply_family(ID, &record(version, u32::try_from(version).unwrap()), NOW);
            }
            assert_eq!(resident.family(ID).map(|family| family.min_access_gen), Some(3));
        }
    }

    #[test]
    fn families_leave_when_no_access_token_can_live() {
        let resident = Resident::default();
        resident.apply_family(ID, &record(1, 1), NOW);
        resident.forget_expired(Timestamp::from_ms(99));
        assert!(resident.family(ID).is_some());
        resident.forget_expired(Timestamp::from_ms(100));
        assert!(resident.family(ID).is_none());
        resident.apply_family(ID, &record(2, 1), Timestamp::from_ms(100));
        assert!(resident.family(ID).is_none());
    }
}
