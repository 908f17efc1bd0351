//! Cut-offs and burns: one sequence, replacement, the head (TOKENS §4).

use crate::sample::{FAR, cut_off};
use crate::subject::{Case, Outcome, Subject, together};
use dormouse_token::{Burn, Change, CutOffRow, PageKey, Reach, RootId, Store, StoreError, Target, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

pub(crate) const CASES: &[Case] = &[
    Case { run: |subject| Box::pin(numbers_are_given_once_and_none_is_lost(subject)) },
    Case { run: |subject| Box::pin(a_row_replaces_what_it_includes(subject)) },
    Case { run: |subject| Box::pin(a_time_ahead_of_the_store_is_the_store_s(subject)) },
    Case { run: |subject| Box::pin(the_head_includes_what_was_acknowledged(subject)) },
    Case { run: |subject| Box::pin(burns_share_the_sequence(subject)) },
];

fn client(name: &str) -> Target {
    Target::Client(name.into())
}

/// Every cut-off and burn, by number.
async fn loaded(store: &dyn Store) -> Result<BTreeMap<u64, CutOffRow>, StoreError> {
    let mut rows = BTreeMap::new();
    let mut page = Some(PageKey::default());
    while let Some(key) = page {
        let loaded = store.load(Timestamp::EPOCH, key).await?;
        for change in loaded.changes {
            if let Change::CutOff(row) = change {
                rows.insert(row.number(), row);
            }
        }
        page = loaded.next;
    }
    Ok(rows)
}

async fn numbers_are_given_once_and_none_is_lost(Subject { store, .. }: Subject) -> Outcome {
    let before = store.head().await?;
    assert_eq!(before.cut_off, 0);
    let numbers = together(12, |task| {
        let store = store.clone();
        async move {
            let mut numbers = Vec::new();
            for round in 0..8 {
                // Half of the targets are shared between the tasks, so that rows are replaced meanwhile.
                let name = if round % 2 == 0 { format!("own {task}") } else { format!("shared {round}") };
                let row = store.append_cut_off(cut_off(client(&name), Reach::Both, None)).await?;
                numbers.push(row.number());
            }
            Ok(numbers)
        }
    })
    .await?;
    for own in &numbers {
        assert!(own.is_sorted(), "one caller's numbers ascend");
    }
    let given: BTreeSet<u64> = numbers.into_iter().flatten().collect();
    assert_eq!(given.len(), 96, "no number twice");
    assert_eq!(given.last(), Some(&96), "no number left out");
    let head = store.head().await?;
    assert_eq!((head.epoch, head.cut_off), (before.epoch, 96));
    let rows = loaded(&*store).await?;
    assert_eq!(rows.len(), 12 + 4, "one row per target");
    for target in 1..8_u64 {
        let name = format!("shared {target}");
        let kept =
            rows.values().filter(|row| matches!(row, CutOffRow::CutOff(it) if it.target == client(&name)));
        assert_eq!(kept.count(), usize::from(target % 2 == 1));
    }
    Ok(())
}

async fn a_row_replaces_what_it_includes(Subject { store, .. }: Subject) -> Outcome {
    let now = Some(Timestamp::from_ms(1_000));
    let later = Some(Timestamp::from_ms(2_000));
    let steps: [(Target, Reach, Option<Timestamp>, &[u64]); 8] = [
        (client("a"), Reach::Access, None, &[1]),
        (client("b"), Reach::Access, None, &[1, 2]),
        (client("a"), Reach::Both, None, &[2, 3]),
        (client("a"), Reach::Access, None, &[2, 3, 4]),
        (client("a"), Reach::Both, later, &[2, 3, 4, 5]),
        (client("a"), Reach::Both, now, &[2, 3, 4, 5, 6]),
        (client("a"), Reach::Both, None, &[2, 5, 6, 7]),
        (client("a"), Reach::Both, later, &[2, 7, 8]),
    ];
    for (target, reach, before, kept) in steps {
        store.append_cut_off(cut_off(target, reach, before)).await?;
        let numbers: Vec<u64> = loaded(&*store).await?.into_keys().collect();
        assert_eq!(numbers, kept);
    }
    assert_eq!(store.statistics().await?.cut_offs, 3);
    Ok(())
}

async fn a_time_ahead_of_the_store_is_the_store_s(Subject { store, clock }: Subject) -> Outcome {
    let now = dormouse_token::Clock::now(&*clock);
    let ahead = now.saturating_add(Duration::from_mins(1));
    for (asked, stored) in [(ahead, now), (now, now), (Timestamp::from_ms(5), Timestamp::from_ms(5))] {
        let row = store.append_cut_off(cut_off(client("c"), Reach::Both, Some(asked))).await?;
        assert!(matches!(&row, CutOffRow::CutOff(row) if row.before == Some(stored)), "{row:?}");
        assert_eq!(loaded(&*store).await?.get(&row.number()), Some(&row), "it is stored as it was returned");
    }
    Ok(())
}

async fn the_head_includes_what_was_acknowledged(Subject { store, .. }: Subject) -> Outcome {
    together(8, |task| {
        let store = store.clone();
        async move {
            for _ in 0..8 {
                let target = Target::User(format!("user {task}").into());
                let row = store.append_cut_off(cut_off(target, Reach::Both, None)).await?;
                let head = store.head().await?;
                assert!(head.cut_off >= row.number(), "{} after {}", head.cut_off, row.number());
            }
            Ok(())
        }
    })
    .await?;
    Ok(())
}

async fn burns_share_the_sequence(Subject { store, .. }: Subject) -> Outcome {
    let burn =
        |root, hour| CutOffRow::Burn(Burn { number: 0, root: RootId([root; 8]), hour, kept_until: FAR });
    store.append_cut_off(cut_off(Target::Organization, Reach::Both, None)).await?;
    store.append_cut_off(burn(1, Some(10))).await?;
    store.append_cut_off(burn(1, Some(11))).await?;
    store.append_cut_off(burn(2, Some(10))).await?;
    assert_eq!(loaded(&*store).await?.into_keys().collect::<Vec<_>>(), [1, 2, 3, 4]);
    let whole = store.append_cut_off(burn(1, None)).await?;
    assert_eq!(whole.number(), 5);
    assert_eq!(loaded(&*store).await?.into_keys().collect::<Vec<_>>(), [1, 4, 5]);
    Ok(())
}
