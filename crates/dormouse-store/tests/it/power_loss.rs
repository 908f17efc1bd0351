//! The power fails at an arbitrary write: what was acknowledged is there afterwards, and what was not is there whole or not
//! at all.

use crate::support::{FAR, START, change, clock, counter, cut_off, family, never, settings, wait};
use dormouse_store::{FaultyDisk, RedbStore};
use dormouse_token::{
    Attempt, Changed, CodeMark, CounterStore, CutOffStore, FamilyId, FamilyStore, Kind, MaintainedStore, Row,
    RowKey, RowStore, RowSwap, SeededEntropy, StoreError, Timestamp, random,
};

/// What is certain, in the order in which it was acknowledged.
#[derive(Default)]
struct Acknowledged {
    families: u64,
    codes: u64,
    row_version: u64,
    cut_offs: u64,
}

fn open(disk: &FaultyDisk) -> RedbStore {
    RedbStore::over_disk(disk, &settings(&clock(), 1), never()).unwrap()
}

fn code(number: u64) -> (FamilyId, CodeMark) {
    let mark = CodeMark { attempt: Attempt(number + 1), family_expires_at: START, retention: FAR };
    (family(1_000_000 + number), mark)
}

fn row_key(half: u8) -> RowKey {
    RowKey::Import { kind: Kind::Refresh, version: 1, hash: [half; 32] }
}

/// Both halves of a pair, always changed together.
fn swaps(version: u64) -> Vec<RowSwap> {
    let expected = (version > 1).then(|| version - 1);
    let row = Row {
        version,
        family: family(0),
        sealed: vec![7; 700].into(),
        resident_until: Timestamp::EPOCH,
        retention: FAR,
    };
    [1, 2].map(|half| RowSwap { key: row_key(half), expected, next: Some(row.clone()) }).into()
}

/// One change of a kind that the seed chooses.
fn step(store: &RedbStore, done: &mut Acknowledged, choice: u8) -> Result<(), StoreError> {
    match choice % 4 {
        0 => {
            assert_eq!(wait(store.change_family(change(done.families, 1)))?, Changed::Applied);
            done.families += 1;
        }
        1 => {
            let (id, mark) = code(done.codes);
            wait(store.mark_code(id, mark))?;
            done.codes += 1;
        }
        2 => {
            assert!(wait(store.swap_rows(swaps(done.row_version + 1)))?);
            done.row_version += 1;
        }
        _ => {
            wait(store.append_cut_off(cut_off(&done.cut_offs.to_string())))?;
            done.cut_offs += 1;
        }
    }
    Ok(())
}

/// Everything acknowledged is there, at most one more change is, and every change is whole.
fn check(store: &RedbStore, done: &Acknowledged) {
    let families =
        (0..=done.families).filter(|number| wait(store.family(family(*number))).unwrap().is_some());
    let families = families.count() as u64;
    let codes = (0..=done.codes).filter(|number| wait(store.code_mark(code(*number).0)).unwrap().is_some());
    let codes = codes.count() as u64;
    let rows = wait(store.rows(vec![row_key(1), row_key(2)])).unwrap();
    assert_eq!(rows[0], rows[1], "a pair is changed together");
    let row_version = rows[0].as_ref().map_or(0, |row| row.version);
    let cut_offs = wait(store.head()).unwrap().cut_off;
    let more = [
        families.checked_sub(done.families),
        codes.checked_sub(done.codes),
        row_version.checked_sub(done.row_version),
        cut_offs.checked_sub(done.cut_offs),
    ];
    let more: u64 = more.into_iter().map(|more| more.expect("an acknowledged change is lost")).sum();
    assert!(more <= 1, "one change was under way");
    let counted = wait(store.counters()).unwrap().into_iter().find(|(key, _)| *key == counter());
    assert_eq!(counted.map_or(0, |(_, total)| total), families, "a record and its counter");
    let statistics = wait(store.statistics()).unwrap();
    let sizes = (statistics.families, statistics.code_marks, statistics.imports, statistics.cut_offs);
    assert_eq!(sizes, (families, codes, 2 * u64::from(row_version > 0), cut_offs));
}

#[test]
fn acknowledged_changes_survive_a_power_loss_anywhere() {
    for seed in 0..120 {
        let entropy = SeededEntropy::new(seed);
        let mut disk = FaultyDisk::new();
        let mut done = Acknowledged::default();
        // Several losses in a row: what is found after one is what the next one strikes.
        for _ in 0..3 {
            let store = open(&disk);
            check(&store, &done);
            done = recount(&store);
            let [writes] = random::<1>(&entropy);
            disk.fail_write_after(u64::from(writes));
            while let Ok(()) = step(&store, &mut done, random::<1>(&entropy)[0]) {}
            drop(store);
            disk = disk.power_loss(&entropy);
        }
        check(&open(&disk), &done);
    }
}

/// What is there after a loss is what counts from then on.
fn recount(store: &RedbStore) -> Acknowledged {
    let statistics = wait(store.statistics()).unwrap();
    let rows = wait(store.rows(vec![row_key(1)])).unwrap();
    Acknowledged {
        families: statistics.families,
        codes: statistics.code_marks,
        row_version: rows[0].as_ref().map_or(0, |row| row.version),
        cut_offs: wait(store.head()).unwrap().cut_off,
    }
}
