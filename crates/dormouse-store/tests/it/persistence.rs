//! What a store holds after it was closed and opened again.

use crate::support::{FAR, START, change, clock, counter, cut_off, family, never, open, settings, wait};
use dormouse_store::{FaultyDisk, RedbStore};
use dormouse_token::{
    CounterStore, CutOffStore, FamilyRecord, FamilyStore, Feed, FeedPosition, MaintainedStore, ManualClock,
    Timestamp,
};
use std::sync::Arc;
use std::time::Duration;

#[test]
fn everything_is_there_again() {
    let directory = tempfile::tempdir().unwrap();
    let opened = open(directory.path()).unwrap();
    let (store, sealing) = (opened.store, opened.roots.sealing);
    for number in 0..100 {
        wait(store.change_family(change(number, 1))).unwrap();
    }
    wait(store.append_cut_off(cut_off("u"))).unwrap();
    let (head, position) = (wait(store.head()).unwrap(), wait(store.feed_position()).unwrap());
    let statistics = wait(store.statistics()).unwrap();
    drop(store);
    let opened = open(directory.path()).unwrap();
    let store = opened.store;
    assert_eq!(opened.roots.sealing, sealing);
    assert_eq!(wait(store.head()).unwrap(), head);
    assert_eq!(wait(store.statistics()).unwrap(), statistics);
    assert_eq!(wait(store.counters()).unwrap(), vec![(counter(), 100)]);
    for number in 0..100 {
        assert_eq!(wait(store.family(family(number))).unwrap(), Some(change(number, 1).next));
    }
    // Nothing happened in between, so a reader may go on; one who lies further back may not.
    assert_eq!(wait(store.poll(position)).unwrap().unwrap().changes, vec![]);
    assert_eq!(wait(store.poll(FeedPosition(position.0 - 1))).unwrap(), None);
}

#[test]
fn stores_made_from_the_same_randomness_at_least_differ_in_their_roots() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let make = |path, seed| RedbStore::open(path, &settings(&clock(), seed), never()).unwrap();
    let (first, second) = (make(first.path(), 1), make(second.path(), 2));
    assert_ne!(first.roots.sealing, second.roots.sealing);
    assert_ne!(wait(first.store.head()).unwrap().epoch, wait(second.store.head()).unwrap().epoch);
}

#[test]
fn counting_does_not_let_the_file_grow() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).unwrap().store;
    let count = |times| {
        for _ in 0..times {
            wait(store.add_counters(vec![(counter(), 1000)])).unwrap();
        }
        wait(store.statistics()).unwrap()
    };
    let early = count(100);
    let late = count(1000);
    assert_eq!((late.file_bytes, late.token_bytes), (early.file_bytes, 0));
}

#[test]
fn an_idle_store_writes_nothing() {
    let (disk, clock) = (FaultyDisk::new(), clock());
    let store = RedbStore::over_disk(&disk, &settings(&clock, 1), never()).unwrap();
    let before = disk.syncs();
    for _ in 0..9 {
        clock.advance(Duration::from_secs(1));
        wait(store.maintain()).unwrap();
    }
    assert_eq!(disk.syncs(), before);
}

/// The time floor across restarts: an hour is gained at each, and what was reached is never given back.
#[test]
fn a_restart_under_a_clock_that_is_ahead_purges_nothing_early() {
    let disk = FaultyDisk::new();
    let retention = START.saturating_add(Duration::from_hours(4));
    let open = |clock: &Arc<ManualClock>| RedbStore::over_disk(&disk, &settings(clock, 1), never()).unwrap();
    let store = open(&clock());
    let mut kept = change(1, 1);
    kept.next = FamilyRecord { retention, ..kept.next };
    wait(store.change_family(kept)).unwrap();
    drop(store);
    for restart in 1..=6_u64 {
        let store = open(&Arc::new(ManualClock::at(FAR)));
        let removed = wait(store.maintain()).unwrap();
        // Commits the floor, as any change would.
        wait(store.change_family(change(1000 + restart, 1))).unwrap();
        assert_eq!(removed, u64::from(restart == 5), "at restart {restart}");
    }
    let set_back = Arc::new(ManualClock::at(Timestamp::from_ms(START.as_ms())));
    assert!(wait(open(&set_back).head()).is_err(), "the floor has moved past this clock");
}
