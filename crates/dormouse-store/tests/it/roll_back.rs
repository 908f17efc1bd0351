//! Stores that were put back, copied, exchanged or lost, clocks that were wrong, and what `restore` makes of them.

use crate::support::{START, change, clock, cut_off, family, never, open, refused, settings, wait};
use dormouse_store::{EarlierTokens, MarkIdentity, OpenError, Opened, RedbStore, StoreSettings, restore};
use dormouse_token::{CutOffStore, FamilyStore, Head, MaintainedStore, ManualClock};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// A directory in which a store has served some changes, and its head.
fn served() -> (TempDir, Head) {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).unwrap().store;
    wait(store.change_family(change(1, 1))).unwrap();
    wait(store.append_cut_off(cut_off("u"))).unwrap();
    let head = wait(store.head()).unwrap();
    (directory, head)
}

fn file(directory: &TempDir, name: &str) -> std::path::PathBuf {
    directory.path().join(name)
}

fn restored(directory: &Path, tokens: EarlierTokens) -> Result<Head, OpenError> {
    restore(directory, tokens, &settings(&clock(), 99))
}

/// Restoring refuses what was issued before, and the store serves again.
#[track_caller]
fn serves_under_a_new_epoch(directory: &TempDir, before: Head) -> RedbStore {
    let head = restored(directory.path(), EarlierTokens::Refused).unwrap();
    assert_ne!(head.epoch, before.epoch);
    let store = open(directory.path()).unwrap().store;
    assert_eq!(wait(store.head()).unwrap(), head);
    store
}

/// The command that a message tells to run.
#[track_caller]
fn names_the_command(error: &OpenError, directory: &TempDir) {
    let command = format!("dormouse store restore --data {}", directory.path().display());
    assert!(error.to_string().contains(&command), "{error}");
}

#[test]
fn a_file_that_was_put_back_is_refused() {
    let (directory, head) = served();
    let old = fs::read(file(&directory, "store.redb")).unwrap();
    let store = open(directory.path()).unwrap().store;
    wait(store.change_family(change(1, 2))).unwrap();
    drop(store);
    // In place, so that the file keeps its identity.
    fs::write(file(&directory, "store.redb"), old).unwrap();
    let error = refused(directory.path());
    assert!(matches!(error, OpenError::StoreBehind { .. }), "{error}");
    names_the_command(&error, &directory);
    let store = serves_under_a_new_epoch(&directory, head);
    assert!(wait(store.family(family(1))).unwrap().is_some(), "what is left is kept");
}

#[test]
fn a_copy_is_refused_even_if_it_is_complete() {
    let (directory, head) = served();
    let path = file(&directory, "store.redb");
    fs::copy(&path, file(&directory, "copy")).unwrap();
    fs::rename(file(&directory, "copy"), &path).unwrap();
    let error = refused(directory.path());
    assert!(matches!(error, OpenError::StoreExchanged { .. }), "{error}");
    names_the_command(&error, &directory);
    let kept = restored(directory.path(), EarlierTokens::Kept).unwrap();
    assert_eq!((kept.epoch, kept.cut_off), (head.epoch, head.cut_off + (1 << 32)));
    let store = open(directory.path()).unwrap().store;
    assert_eq!(wait(store.head()).unwrap(), kept);
    assert_eq!(wait(store.append_cut_off(cut_off("v"))).unwrap().number(), kept.cut_off + 1);
}

#[test]
fn another_store_is_refused() {
    let (directory, head) = served();
    let (other, _) = served();
    let restored_other = restored(other.path(), EarlierTokens::Refused).unwrap();
    assert_ne!(restored_other.epoch, head.epoch);
    fs::write(file(&directory, "store.redb"), fs::read(file(&other, "store.redb")).unwrap()).unwrap();
    assert!(matches!(refused(directory.path()), OpenError::StoreExchanged { .. }));
}

#[test]
fn a_moved_directory_is_kept_only_on_demand() {
    let (directory, head) = served();
    let elsewhere = tempfile::tempdir().unwrap();
    for name in ["store.redb", "roots", "mark"] {
        fs::copy(file(&directory, name), file(&elsewhere, name)).unwrap();
    }
    assert!(matches!(refused(elsewhere.path()), OpenError::StoreExchanged { .. }));
    // Where inodes mean nothing, the counter alone decides.
    let counter = StoreSettings { mark_identity: MarkIdentity::Counter, ..settings(&clock(), 1) };
    let opened = RedbStore::open(elsewhere.path(), &counter, never()).unwrap();
    assert_eq!(wait(opened.store.head()).unwrap(), head);
}

#[test]
fn a_store_without_its_mark_is_refused() {
    let (directory, head) = served();
    fs::remove_file(file(&directory, "mark")).unwrap();
    let error = refused(directory.path());
    assert!(matches!(error, OpenError::MarkMissing { .. }), "{error}");
    names_the_command(&error, &directory);
    assert_eq!(restored(directory.path(), EarlierTokens::Kept).unwrap().epoch, head.epoch);
    fs::write(file(&directory, "mark"), "dormouse-mark-1\nepoch ").unwrap();
    let error = refused(directory.path());
    assert!(matches!(error, OpenError::MarkMalformed { .. }), "{error}");
    names_the_command(&error, &directory);
    serves_under_a_new_epoch(&directory, head);
}

#[test]
fn a_lost_store_is_begun_anew_only_on_demand() {
    let (directory, head) = served();
    fs::remove_file(file(&directory, "store.redb")).unwrap();
    let error = refused(directory.path());
    assert!(matches!(error, OpenError::StoreMissing { .. }), "{error}");
    names_the_command(&error, &directory);
    assert!(!file(&directory, "store.redb").exists(), "refusing makes nothing");
    assert!(matches!(restored(directory.path(), EarlierTokens::Kept), Err(OpenError::NothingToKeep(_))));
    let store = serves_under_a_new_epoch(&directory, head);
    assert_eq!(wait(store.statistics()).unwrap().families, 0);
    // Store and mark lost together: a new store, and so a new epoch.
    drop(store);
    fs::remove_file(file(&directory, "store.redb")).unwrap();
    fs::remove_file(file(&directory, "mark")).unwrap();
    let settings = settings(&clock(), 3);
    let Opened { store, .. } = RedbStore::open(directory.path(), &settings, never()).unwrap();
    assert_ne!(wait(store.head()).unwrap().epoch, head.epoch);
}

#[test]
fn a_lost_key_file_is_replaced_only_by_restoring() {
    let (directory, head) = served();
    fs::remove_file(file(&directory, "roots")).unwrap();
    assert!(matches!(restored(directory.path(), EarlierTokens::Kept), Err(OpenError::RootsMissing { .. })));
    serves_under_a_new_epoch(&directory, head);
    let aside = fs::metadata(file(&directory, "store.redb.unreadable-1")).unwrap();
    assert!(aside.len() > 0, "what cannot be read without the key file is put aside, not deleted");
    fs::write(file(&directory, "roots"), "dormouse-roots-1\n").unwrap();
    assert!(matches!(restored(directory.path(), EarlierTokens::Refused), Err(OpenError::Roots(_))));
}

#[test]
fn a_clock_behind_the_store_is_refused() {
    let (directory, head) = served();
    let at = |ms| settings(&Arc::new(ManualClock::at(dormouse_token::Timestamp::from_ms(ms))), 5);
    let tolerated = at(START.as_ms() - 5 * 60_000);
    drop(RedbStore::open(directory.path(), &tolerated, never()).unwrap());
    let late = at(START.as_ms() - 5 * 60_000 - 1);
    let open_late = || RedbStore::open(directory.path(), &late, never());
    let error = open_late().err().unwrap();
    assert!(matches!(error, OpenError::ClockBehind { behind_s: 300, .. }), "{error}");
    names_the_command(&error, &directory);
    restore(directory.path(), EarlierTokens::Kept, &late).unwrap();
    assert!(matches!(open_late(), Err(OpenError::ClockBehind { .. })), "the floor goes with the epoch");
    assert_ne!(restore(directory.path(), EarlierTokens::Refused, &late).unwrap().epoch, head.epoch);
    assert!(open_late().is_ok());
}

#[test]
fn restoring_needs_a_directory_that_nobody_serves() {
    let directory = tempfile::tempdir().unwrap();
    let absent = directory.path().join("absent");
    assert!(matches!(restored(&absent, EarlierTokens::Refused), Err(OpenError::Unusable { .. })));
    let opened = open(directory.path()).unwrap();
    assert!(matches!(restored(directory.path(), EarlierTokens::Refused), Err(OpenError::InUse(_))));
    drop(opened);
}

/// The number of commits that a mark names.
fn marked(directory: &TempDir) -> u64 {
    let text = fs::read_to_string(file(directory, "mark")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("commits ")).unwrap();
    line.parse().unwrap()
}

#[test]
fn the_mark_follows_the_store_and_never_leads() {
    let directory = tempfile::tempdir().unwrap();
    let clock = clock();
    let store = RedbStore::open(directory.path(), &settings(&clock, 1), never()).unwrap().store;
    let start = marked(&directory);
    for number in 0..5 {
        wait(store.change_family(change(number, 1))).unwrap();
        assert_eq!(marked(&directory), start, "not with each commit");
    }
    clock.advance(Duration::from_secs(4));
    // The mark is written behind the answer, so it is seen after the next one at the latest.
    wait(store.maintain()).unwrap();
    wait(store.maintain()).unwrap();
    let later = marked(&directory);
    assert_eq!(later - start, 6, "the epoch's commit and five changes");
    wait(store.change_family(change(9, 1))).unwrap();
    drop(store);
    assert_eq!(marked(&directory), later + 1, "a clean end leaves the last number");
    assert!(open(directory.path()).is_ok());
}

#[test]
fn a_mark_can_be_kept_elsewhere() {
    let (directory, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let settings = StoreSettings { mark_path: Some(elsewhere.path().join("m")), ..settings(&clock(), 1) };
    drop(RedbStore::open(directory.path(), &settings, never()).unwrap());
    assert!(!file(&directory, "mark").exists());
    assert!(RedbStore::open(directory.path(), &settings, never()).is_ok());
    fs::remove_file(elsewhere.path().join("m")).unwrap();
    assert!(matches!(
        RedbStore::open(directory.path(), &settings, never()),
        Err(OpenError::MarkMissing { .. })
    ));
}
