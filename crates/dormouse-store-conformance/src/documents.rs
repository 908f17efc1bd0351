//! Sets of documents: applied whole or not at all, versions, collections.

use crate::subject::{Case, Outcome, Subject, together};
use dormouse_token::{
    Change, Collection, Document, DocumentKey, DocumentWrite, Expected, PageKey, Timestamp,
};

pub(crate) const CASES: &[Case] = &[
    Case { run: |subject| Box::pin(versions_count_changes(subject)) },
    Case { run: |subject| Box::pin(a_write_of_what_is_there_guards_the_others(subject)) },
    Case { run: |subject| Box::pin(a_set_is_written_whole_or_not_at_all(subject)) },
    Case { run: |subject| Box::pin(one_of_many_writes_is_applied(subject)) },
    Case { run: |subject| Box::pin(a_collection_is_read_by_name(subject)) },
    Case { run: |subject| Box::pin(names_that_begin_alike_are_all_read(subject)) },
];

fn key(collection: Collection, name: &str) -> DocumentKey {
    DocumentKey { collection, name: name.into() }
}

fn app(name: &str) -> DocumentKey {
    key(Collection::Apps, name)
}

fn write(key: DocumentKey, expected: Expected, value: &str) -> DocumentWrite {
    DocumentWrite { key, expected, value: Some(value.as_bytes().into()) }
}

fn document(version: u64, value: &str) -> Document {
    Document { version, value: value.as_bytes().into() }
}

async fn versions_count_changes(Subject { store, .. }: Subject) -> Outcome {
    assert_eq!(store.document(app("a")).await?, None);
    assert!(store.write_documents(vec![write(app("a"), Expected::Absent, "one")]).await?);
    assert_eq!(store.document(app("a")).await?, Some(document(1, "one")));
    assert!(store.write_documents(vec![write(app("a"), Expected::Version(1), "two")]).await?);
    assert!(store.write_documents(vec![write(app("a"), Expected::Anything, "three")]).await?);
    assert_eq!(store.document(app("a")).await?, Some(document(3, "three")));
    let removal = DocumentWrite { key: app("a"), expected: Expected::Version(3), value: None };
    assert!(store.write_documents(vec![removal]).await?);
    assert_eq!(store.document(app("a")).await?, None);
    assert!(store.write_documents(vec![write(app("a"), Expected::Absent, "")]).await?);
    assert_eq!(store.document(app("a")).await?, Some(document(1, "")));
    Ok(())
}

async fn a_write_of_what_is_there_guards_the_others(Subject { store, .. }: Subject) -> Outcome {
    store.write_documents(vec![write(app("guard"), Expected::Absent, "one")]).await?;
    let position = store.feed_position().await?;
    let guard = || write(app("guard"), Expected::Version(1), "one");
    assert!(store.write_documents(vec![guard(), write(app("a"), Expected::Absent, "a"), guard()]).await?);
    assert_eq!(store.document(app("guard")).await?, Some(document(1, "one")));
    let changes = store.poll(position).await?.map(|batch| batch.changes);
    assert_eq!(changes, Some(vec![Change::Document(app("a"), Some(document(1, "a")))]));
    assert!(store.write_documents(vec![write(app("guard"), Expected::Version(1), "two")]).await?);
    assert!(!store.write_documents(vec![guard(), write(app("a"), Expected::Anything, "b")]).await?);
    assert_eq!(store.document(app("a")).await?, Some(document(1, "a")));
    Ok(())
}

async fn a_set_is_written_whole_or_not_at_all(Subject { store, .. }: Subject) -> Outcome {
    store.write_documents(vec![write(app("a"), Expected::Absent, "one")]).await?;
    let good = write(app("b"), Expected::Absent, "new");
    for expected in [Expected::Absent, Expected::Version(2), Expected::Version(0)] {
        let bad = write(app("a"), expected, "bad");
        assert!(!store.write_documents(vec![good.clone(), bad.clone()]).await?);
        assert!(!store.write_documents(vec![bad, good.clone()]).await?);
    }
    assert!(!store.write_documents(vec![write(app("b"), Expected::Version(1), "x")]).await?);
    assert_eq!(store.document(app("a")).await?, Some(document(1, "one")));
    assert_eq!(store.document(app("b")).await?, None);
    assert!(store.write_documents(vec![good, write(app("a"), Expected::Version(1), "two")]).await?);
    assert_eq!(store.document(app("a")).await?, Some(document(2, "two")));
    assert_eq!(store.document(app("b")).await?, Some(document(1, "new")));
    Ok(())
}

async fn one_of_many_writes_is_applied(Subject { store, .. }: Subject) -> Outcome {
    for version in 0..10 {
        let outcomes = together(12, |task| {
            let store = store.clone();
            async move {
                let expected = if version == 0 { Expected::Absent } else { Expected::Version(version) };
                let value = format!("{version} by {task}");
                let applied = store.write_documents(vec![write(app("race"), expected, &value)]).await?;
                Ok(applied.then_some(value))
            }
        })
        .await?;
        let winners: Vec<String> = outcomes.into_iter().flatten().collect();
        assert_eq!(winners.len(), 1, "winners from version {version}");
        let stored = store.document(app("race")).await?;
        assert_eq!(stored, winners.first().map(|value| document(version + 1, value)));
    }
    Ok(())
}

async fn a_collection_is_read_by_name(Subject { store, .. }: Subject) -> Outcome {
    // More than a page of any backend, written in one set, between two other collections.
    let names: Vec<String> = (0..1500).map(|number| format!("name {number:05}")).collect();
    let mut writes: Vec<DocumentWrite> = names
        .iter()
        .rev()
        .map(|name| write(key(Collection::Developers, name), Expected::Absent, name))
        .collect();
    writes.push(write(key(Collection::Products, "zz"), Expected::Absent, "p"));
    writes.push(write(key(Collection::Apps, ""), Expected::Absent, "a"));
    assert!(store.write_documents(writes).await?);
    let read = store.documents(Collection::Developers).await?;
    assert!(read.iter().map(|(key, _)| &*key.name).eq(names.iter()), "all, by ascending name");
    assert!(read.iter().all(|(key, it)| *it == document(1, &key.name)));
    assert_eq!(store.documents(Collection::Products).await?.len(), 1);
    assert_eq!(store.documents(Collection::Apps).await?.len(), 1);
    assert_eq!(store.documents(Collection::TargetServers).await?, vec![]);
    assert_eq!(store.statistics().await?.documents, 1502);
    Ok(())
}

/// Each name is the beginning of the next: wherever a page ends, the next one begins with the closest name there can be.
async fn names_that_begin_alike_are_all_read(Subject { store, .. }: Subject) -> Outcome {
    let names: Vec<String> = (0..2500).map(|len| "a".repeat(len)).collect();
    for names in names.chunks(500) {
        let writes = names.iter().map(|name| write(app(name), Expected::Absent, "")).collect();
        assert!(store.write_documents(writes).await?);
    }
    let read = store.documents(Collection::Apps).await?;
    assert!(read.iter().map(|(key, _)| &*key.name).eq(names.iter()));
    let mut loaded = Vec::new();
    let mut page = Some(PageKey::default());
    while let Some(key) = page {
        let next = store.load(Timestamp::EPOCH, key).await?;
        loaded.extend(next.changes.into_iter().filter_map(|change| match change {
            Change::Document(key, _) => Some(key.name),
            _ => None,
        }));
        page = next.next;
    }
    loaded.sort();
    assert!(loaded.iter().map(|name| &**name).eq(names.iter()));
    Ok(())
}
