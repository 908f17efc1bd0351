//! The feed and the initial load: nothing that happens is missed (TOKENS §5).

use crate::sample::{FAR, change, cut_off, family, import_key, overflow_key, record, row};
use crate::subject::{Case, Outcome, Subject, together};
use dormouse_token::{
    Change, Clock, Collection, DocumentKey, DocumentWrite, Expected, FamilyId, FamilyRecord, Head, PageKey,
    Reach, Row, RowSwap, Store, StoreError, Target,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub(crate) const CASES: &[Case] = &[
    Case { run: |subject| Box::pin(every_kind_of_change_is_told(subject)) },
    Case { run: |subject| Box::pin(readers_miss_nothing_while_others_write(subject)) },
    Case { run: |subject| Box::pin(loading_and_polling_give_the_whole(subject)) },
    Case { run: |subject| Box::pin(only_what_is_resident_is_loaded(subject)) },
];

fn document_write(collection: Collection, name: &str, value: Option<&str>) -> DocumentWrite {
    let key = DocumentKey { collection, name: name.into() };
    DocumentWrite { key, expected: Expected::Anything, value: value.map(|value| value.as_bytes().into()) }
}

async fn every_kind_of_change_is_told(Subject { store, .. }: Subject) -> Outcome {
    let start = store.feed_position().await?;
    let (id, first, key) = (family(), record(1), import_key());
    let resident = Row { resident_until: FAR, ..row(1) };
    store.change_family(change(id, first.clone())).await?;
    store.swap_rows(vec![RowSwap { key, expected: None, next: Some(resident.clone()) }]).await?;
    store.swap_rows(vec![RowSwap { key, expected: Some(1), next: None }]).await?;
    // Neither of these is kept in memory by anybody.
    store.swap_rows(vec![RowSwap { key: overflow_key(), expected: None, next: Some(row(1)) }]).await?;
    store.write_documents(vec![document_write(Collection::Users, "u", Some("x"))]).await?;
    let cut = store.append_cut_off(cut_off(Target::Organization, Reach::Both, None)).await?;
    store.write_documents(vec![document_write(Collection::Apps, "a", Some("x"))]).await?;
    store.write_documents(vec![document_write(Collection::Apps, "a", None)]).await?;
    let Some(batch) = store.poll(start).await? else {
        return Err(StoreError::Corrupt("a fresh position must be continued".into()));
    };
    let document = |value| (DocumentKey { collection: Collection::Apps, name: "a".into() }, value);
    let (key_of, written) = document(Some(dormouse_token::Document { version: 1, value: b"x"[..].into() }));
    let expected = vec![
        Change::Family(id, first),
        Change::Row(key, Some(resident)),
        Change::Row(key, None),
        Change::CutOff(cut),
        Change::Document(key_of.clone(), written),
        Change::Document(key_of, None),
    ];
    assert_eq!(batch.changes, expected);
    assert_eq!(batch.head, store.head().await?);
    assert_eq!(batch.head.cut_off, 1);
    let rest = store.poll(batch.position).await?.map(|batch| batch.changes);
    assert_eq!(rest, Some(vec![]), "told once, for readers who go on");
    Ok(())
}

/// What a node knows from the feed.
#[derive(Default)]
struct Resident {
    families: BTreeMap<FamilyId, FamilyRecord>,
    cut_offs: Vec<u64>,
    head: Option<Head>,
}

impl Resident {
    fn apply(&mut self, change: Change) {
        match change {
            Change::Family(id, record) => {
                let known = self.families.entry(id).or_insert_with(FamilyRecord::untouched);
                if record.version > known.version {
                    *known = record;
                }
            }
            Change::CutOff(row) => self.cut_offs.push(row.number()),
            Change::Row(..) | Change::Document(..) => {}
        }
    }
}

/// Follows the feed until the writers have finished and nothing is left.
async fn follow(
    store: Arc<dyn Store>,
    finished: Arc<AtomicBool>,
    mut resident: Resident,
) -> Result<Resident, StoreError> {
    let mut position = store.feed_position().await?;
    let mut page = Some(PageKey::default());
    while let Some(key) = page {
        let loaded = store.load(dormouse_token::Timestamp::EPOCH, key).await?;
        loaded.changes.into_iter().for_each(|change| resident.apply(change));
        page = loaded.next;
    }
    loop {
        let was_finished = finished.load(Ordering::SeqCst);
        let Some(batch) = store.poll(position).await? else {
            return Err(StoreError::Corrupt("the feed forgot what was not read".into()));
        };
        assert!(batch.position >= position, "positions ascend");
        let mut versions = BTreeMap::new();
        for change in &batch.changes {
            if let Change::Family(id, record) = change {
                let before = versions.insert(*id, record.version);
                assert!(before.is_none_or(|before| before <= record.version), "versions ascend");
            }
        }
        let is_empty = batch.changes.is_empty();
        batch.changes.into_iter().for_each(|change| resident.apply(change));
        resident.head = Some(batch.head);
        let highest = resident.cut_offs.iter().max().copied().unwrap_or(0);
        assert_eq!(highest, batch.head.cut_off, "the head is reached when all changes are applied");
        position = batch.position;
        if was_finished && is_empty {
            return Ok(resident);
        }
        tokio::task::yield_now().await;
    }
}

async fn write_families(store: Arc<dyn Store>, families: Vec<FamilyId>) -> Outcome {
    for version in 1..=5 {
        for id in &families {
            store.change_family(change(*id, record(version))).await?;
        }
        let target = Target::User(format!("{:?}", families.first()).into());
        store.append_cut_off(cut_off(target, Reach::Both, None)).await?;
    }
    Ok(())
}

async fn check_followers(store: Arc<dyn Store>, writers: u64) -> Outcome {
    let families: Vec<Vec<FamilyId>> = (0..writers).map(|_| (0..6).map(|_| family()).collect()).collect();
    let finished = Arc::new(AtomicBool::new(false));
    let followers: Vec<_> =
        (0..3).map(|_| tokio::spawn(follow(store.clone(), finished.clone(), Resident::default()))).collect();
    together(writers, |writer| {
        let own = usize::try_from(writer).ok().and_then(|writer| families.get(writer)).cloned();
        write_families(store.clone(), own.unwrap_or_default())
    })
    .await?;
    finished.store(true, Ordering::SeqCst);
    for follower in followers {
        let resident = match follower.await {
            Ok(resident) => resident?,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        for id in families.iter().flatten() {
            assert_eq!(resident.families.get(id).cloned(), store.family(*id).await?, "a follower knows {id}");
        }
        assert_eq!(resident.head, Some(store.head().await?));
    }
    Ok(())
}

async fn readers_miss_nothing_while_others_write(Subject { store, .. }: Subject) -> Outcome {
    check_followers(store, 8).await
}

/// As before, with more to load than a page holds, so that pages and changes overlap.
async fn loading_and_polling_give_the_whole(Subject { store, .. }: Subject) -> Outcome {
    let loaded = together(32, |_| {
        let store = store.clone();
        async move {
            let mut ids = Vec::new();
            for _ in 0..80 {
                let id = family();
                store.change_family(change(id, record(1))).await?;
                ids.push(id);
            }
            Ok(ids)
        }
    })
    .await?;
    let resident = follow(store.clone(), Arc::new(AtomicBool::new(true)), Resident::default()).await?;
    assert!(resident.families.keys().copied().eq(sorted(loaded)), "all pages together hold everything");
    check_followers(store, 4).await
}

fn sorted(ids: Vec<Vec<FamilyId>>) -> impl Iterator<Item = FamilyId> {
    let mut ids: Vec<FamilyId> = ids.into_iter().flatten().collect();
    ids.sort();
    ids.into_iter()
}

async fn only_what_is_resident_is_loaded(Subject { store, clock }: Subject) -> Outcome {
    let now = clock.now();
    let soon = now.saturating_add(Duration::from_mins(1));
    let (live, dead, edge) = (family(), family(), family());
    for (id, access_until) in [(live, soon), (dead, dormouse_token::Timestamp::EPOCH), (edge, now)] {
        store.change_family(change(id, FamilyRecord { access_until, ..record(1) })).await?;
    }
    let (import, other) = (import_key(), import_key());
    let resident = Row { resident_until: soon, ..row(1) };
    let swaps = [(import, resident), (other, row(1)), (overflow_key(), row(1))];
    let swaps = swaps.map(|(key, row)| RowSwap { key, expected: None, next: Some(row) });
    store.swap_rows(swaps.into()).await?;
    let collections = [Collection::Users, Collection::KeyValues, Collection::Apps, Collection::Keys];
    let writes = collections.map(|collection| document_write(collection, "x", Some("y")));
    store.write_documents(writes.into()).await?;
    let mut changes = Vec::new();
    let mut page = Some(PageKey::default());
    while let Some(key) = page {
        let loaded = store.load(now, key).await?;
        changes.extend(loaded.changes);
        page = loaded.next;
    }
    let families: Vec<_> = changes.iter().filter(|it| matches!(it, Change::Family(..))).collect();
    assert!(matches!(families.as_slice(), [Change::Family(id, _)] if *id == live));
    let rows: Vec<_> = changes.iter().filter(|it| matches!(it, Change::Row(..))).collect();
    assert!(matches!(rows.as_slice(), [Change::Row(key, Some(_))] if *key == import));
    assert_eq!(changes.iter().filter(|it| matches!(it, Change::Document(..))).count(), 2);
    Ok(())
}
