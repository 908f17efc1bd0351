//! Group commit: what arrives during a commit shares the next one, and nothing is visible before it is durable.

use crate::support::{change, clock, family, never, settings, wait};
use dormouse_store::{FaultyDisk, RedbStore};
use dormouse_token::{Changed, FamilyStore, Feed, StoreFuture};
use std::task::{Context, Poll, Waker};

/// Polls a future once, which sends its change on its way.
fn send<T>(future: &mut StoreFuture<'_, T>) -> Poll<Result<T, dormouse_token::StoreError>> {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn what_waits_is_committed_together() {
    let disk = FaultyDisk::new();
    let store = RedbStore::over_disk(&disk, &settings(&clock(), 1), never()).unwrap();
    let position = wait(store.feed_position()).unwrap();
    disk.hold_syncs();
    let mut first = store.change_family(change(0, 1));
    assert!(send(&mut first).is_pending());
    disk.wait_until_held();
    let mut others: Vec<_> = (1..50).map(|number| store.change_family(change(number, 1))).collect();
    for other in &mut others {
        assert!(send(other).is_pending());
    }
    // Readers do not wait for the disk, and do not see what a power loss could still take back.
    assert_eq!(wait(store.family(family(0))).unwrap(), None);
    assert_eq!(wait(store.poll(position)).unwrap().unwrap().changes, vec![]);
    assert!(send(&mut first).is_pending(), "not acknowledged before it is durable");
    disk.release_syncs();
    for change in [first].into_iter().chain(others) {
        assert_eq!(wait(change).unwrap(), Changed::Applied);
    }
    let batch = wait(store.poll(position)).unwrap().unwrap();
    assert_eq!(batch.changes.len(), 50);
    // A position is the number of a commit.
    assert_eq!(batch.position.0 - position.0, 2, "one commit for the first, one for all others");
}

#[test]
fn a_batch_without_changes_costs_no_commit() {
    let disk = FaultyDisk::new();
    let store = RedbStore::over_disk(&disk, &settings(&clock(), 1), never()).unwrap();
    wait(store.change_family(change(0, 1))).unwrap();
    let syncs = disk.syncs();
    for _ in 0..10 {
        assert!(matches!(wait(store.change_family(change(0, 1))).unwrap(), Changed::Lost(Some(_))));
    }
    assert_eq!(disk.syncs(), syncs, "losers write nothing");
}
