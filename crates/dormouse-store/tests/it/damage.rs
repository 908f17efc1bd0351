//! A damaged file gives errors, and no panic reaches a caller.

use crate::support::{change, clock, family, never, open, settings, wait};
use dormouse_store::{FaultyDisk, RedbStore};
use dormouse_token::{
    Collection, CounterStore, DocumentStore, FamilyStore, Feed, MaintainedStore, PageKey, SeededEntropy,
    Timestamp, random,
};
use std::fs;

/// Uses a store in every way; errors are fine.
fn use_all(store: &RedbStore) {
    for number in 0..50 {
        let _ = wait(store.family(family(number)));
    }
    let _ = wait(store.counters());
    let _ = wait(store.documents(Collection::Apps));
    let mut page = Some(PageKey::default());
    while let Some(key) = page {
        page = wait(store.load(Timestamp::EPOCH, key)).ok().and_then(|page| page.next);
    }
    let _ = wait(store.change_family(change(1, 2)));
    let _ = wait(store.change_family(change(1000, 1)));
    let _ = wait(store.maintain());
}

#[test]
fn a_damaged_file_is_an_error_and_not_a_panic() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).unwrap().store;
    for number in 0..200 {
        wait(store.change_family(change(number, 1))).unwrap();
    }
    drop(store);
    let path = directory.path().join("store.redb");
    let whole = fs::read(&path).unwrap();
    let (mut refused, mut opened) = (0, 0);
    for seed in 0..150_u64 {
        let entropy = SeededEntropy::new(seed);
        let mut bytes = whole.clone();
        let place = usize::try_from(u64::from_be_bytes(random(&entropy))).unwrap();
        match seed % 3 {
            0 => bytes.truncate(place % whole.len()),
            1 => entropy_into(&mut bytes, place, 64, &entropy),
            // The first page holds the roots of everything.
            _ => entropy_into(&mut bytes, place % 400, 8, &entropy),
        }
        fs::write(&path, &bytes).unwrap();
        match open(directory.path()) {
            Ok(it) => {
                opened += 1;
                use_all(&it.store);
            }
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 0 && opened > 0, "{refused} refused, {opened} opened");
}

fn entropy_into(bytes: &mut [u8], place: usize, len: usize, entropy: &SeededEntropy) {
    let place = place % (bytes.len() - len);
    dormouse_token::Entropy::fill(entropy, &mut bytes[place..place + len]);
}

#[test]
fn damage_under_a_running_store_is_an_error_and_not_a_panic() {
    for seed in 0..40 {
        let (disk, entropy) = (FaultyDisk::new(), SeededEntropy::new(seed));
        let store = RedbStore::over_disk(&disk, &settings(&clock(), 1), never()).unwrap();
        for number in 0..200 {
            wait(store.change_family(change(number, 1))).unwrap();
        }
        drop(store);
        let Ok(store) = RedbStore::over_disk(&disk, &settings(&clock(), 1), never()) else {
            panic!("nothing was damaged yet");
        };
        for _ in 0..20 {
            let place = usize::from(u16::from_be_bytes(random(&entropy))) * 8;
            disk.damage(4096 + place % 60_000, &random::<64>(&entropy));
        }
        use_all(&store);
    }
}
