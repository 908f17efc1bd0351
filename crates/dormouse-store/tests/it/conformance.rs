//! The suite of all backends, on memory, on files and on the disk of the test kit.

use crate::support::{clock, never, settings};
use dormouse_store::{FaultyDisk, MemoryStore, RedbStore};
use dormouse_store_conformance::{Subject, run};
use dormouse_token::SeededEntropy;
use std::sync::Arc;

#[test]
fn memory_conforms() {
    run(&|| {
        let clock = clock();
        let store = Arc::new(MemoryStore::new(clock.clone(), &SeededEntropy::new(1)));
        Subject { store, clock }
    })
    .unwrap();
}

#[test]
fn redb_on_a_disk_of_the_kit_conforms() {
    run(&|| {
        let clock = clock();
        let store = RedbStore::over_disk(&FaultyDisk::new(), &settings(&clock, 1), never()).unwrap();
        Subject { store: Arc::new(store), clock }
    })
    .unwrap();
}

#[test]
fn redb_in_a_directory_conforms() {
    let directory = tempfile::tempdir().unwrap();
    let number = std::cell::Cell::new(0);
    run(&|| {
        let clock = clock();
        number.set(number.get() + 1);
        let path = directory.path().join(number.get().to_string());
        let opened = RedbStore::open(&path, &settings(&clock, 1), never()).unwrap();
        Subject { store: Arc::new(opened.store), clock }
    })
    .unwrap();
}
