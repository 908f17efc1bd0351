//! A medium that fails: what callers are told, and that the process is.

use crate::support::{change, clock, family, settings, wait};
use dormouse_store::{FaultyDisk, OnFatal, RedbStore, SyncFault};
use dormouse_token::{
    Changed, CounterStore, CutOffStore, FamilyStore, Feed, FeedPosition, MaintainedStore, SeededEntropy,
    StoreError,
};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

fn reporting() -> (OnFatal, Receiver<StoreError>) {
    let (sender, receiver) = channel();
    (Box::new(move |error| sender.send(error.clone()).unwrap()), receiver)
}

fn open(disk: &FaultyDisk) -> (RedbStore, Receiver<StoreError>) {
    let (on_fatal, fatal) = reporting();
    (RedbStore::over_disk(disk, &settings(&clock(), 1), on_fatal).unwrap(), fatal)
}

/// Lets a sync fail during the second change, after `more` that succeed; returns whether that change is found afterwards,
/// or nothing if it took no more syncs.
fn fail_during_a_change(more: u64, fault: SyncFault) -> Option<bool> {
    let disk = FaultyDisk::new();
    let (store, fatal) = open(&disk);
    assert_eq!(wait(store.change_family(change(1, 1))).unwrap(), Changed::Applied);
    disk.fail_sync_after(more, fault);
    let outcome = wait(store.change_family(change(2, 1)));
    if outcome == Ok(Changed::Applied) {
        return None;
    }
    assert!(matches!(outcome, Err(StoreError::OutcomeUnknown(_))), "{outcome:?}");
    assert!(matches!(fatal.recv().unwrap(), StoreError::OutcomeUnknown(_)));
    let unavailable = |outcome: Result<(), StoreError>| {
        assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
    };
    unavailable(wait(store.change_family(change(3, 1))).map(drop));
    unavailable(wait(store.family(family(1))).map(drop));
    unavailable(wait(store.head()).map(drop));
    unavailable(wait(store.poll(FeedPosition(1))).map(drop));
    unavailable(wait(store.maintain()).map(drop));
    assert!(fatal.try_recv().is_err(), "told once");
    drop(store);
    // A new process reads what is on the disk, and finds its own attempt or the old version.
    let found = disk.power_loss(&SeededEntropy::new(7));
    let (store, _fatal) = open(&found);
    assert!(wait(store.family(family(1))).unwrap().is_some(), "acknowledged");
    let own = wait(store.family(family(2))).unwrap();
    assert!(own.as_ref().is_none_or(|own| own.attempt == change(2, 1).next.attempt));
    let applied = 1 + u64::from(own.is_some());
    assert_eq!(wait(store.counters()).unwrap().first().map(|(_, total)| *total), Some(applied));
    if own.is_none() {
        let again = wait(store.change_family(change(2, 1))).unwrap();
        assert_eq!(again, Changed::Applied, "the same attempt again");
    }
    Some(own.is_some())
}

#[test]
fn after_a_failed_sync_nobody_knows_and_nothing_goes_on() {
    for fault in [SyncFault::Lost, SyncFault::Applied] {
        // A commit that lets the file grow syncs more than once.
        let found: Vec<bool> = (0..).map_while(|more| fail_during_a_change(more, fault)).collect();
        assert!(!found.is_empty(), "no sync, no durability");
        if fault == SyncFault::Applied {
            assert_eq!(found.last(), Some(&true), "applied at the last sync, and nobody was told");
        }
    }
}

#[test]
fn a_full_disk_stops_the_store_and_takes_nothing_back() {
    for more in 0..40 {
        let disk = FaultyDisk::new();
        let (store, fatal) = open(&disk);
        disk.fail_write_after(more);
        let mut acknowledged = 0;
        let error = loop {
            match wait(store.change_family(change(acknowledged, 1))) {
                Ok(outcome) => assert_eq!(outcome, Changed::Applied),
                Err(error) => break error,
            }
            acknowledged += 1;
        };
        assert!(matches!(error, StoreError::OutcomeUnknown(_) | StoreError::Unavailable(_)));
        assert_eq!(fatal.recv().unwrap(), error);
        drop(store);
        let found = disk.power_loss(&SeededEntropy::new(more));
        let (store, _fatal) = open(&found);
        for number in 0..acknowledged {
            assert_eq!(wait(store.family(family(number))).unwrap(), Some(change(number, 1).next));
        }
        if matches!(error, StoreError::Unavailable(_)) {
            assert_eq!(
                wait(store.family(family(acknowledged))).unwrap(),
                None,
                "it said that nothing was applied"
            );
        }
    }
}

#[test]
fn what_was_sent_before_the_end_is_still_done() {
    let disk = FaultyDisk::new();
    let (store, _fatal) = open(&disk);
    let store = Arc::new(store);
    let changers: Vec<_> = (0..20)
        .map(|number| {
            let store = Arc::clone(&store);
            std::thread::spawn(move || wait(store.change_family(change(number, 1))))
        })
        .collect();
    drop(store);
    for changer in changers {
        assert_eq!(changer.join().unwrap().unwrap(), Changed::Applied);
    }
    let (store, _fatal) = open(&disk);
    assert_eq!(wait(store.statistics()).unwrap().families, 20);
}
