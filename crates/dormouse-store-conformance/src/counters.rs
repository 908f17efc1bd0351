//! Audit counters are exact, and cost no token table anything (TOKENS §8).

use crate::sample::{change, counter, family, record};
use crate::subject::{Case, Outcome, Subject, together};
use dormouse_token::{Age, Changed, CountedEvent, CounterKey, FamilyChange};
use std::collections::BTreeMap;

pub(crate) const CASES: &[Case] = &[
    Case { run: |subject| Box::pin(additions_from_all_sides_are_exact(subject)) },
    Case { run: |subject| Box::pin(a_change_counts_once_if_it_is_applied(subject)) },
    Case { run: |subject| Box::pin(counting_leaves_the_token_tables_alone(subject)) },
    Case { run: |subject| Box::pin(forgotten_totals_begin_anew(subject)) },
];

async fn additions_from_all_sides_are_exact(Subject { store, .. }: Subject) -> Outcome {
    let keys = [counter("a", CountedEvent::Issued), counter("b", CountedEvent::Issued)];
    together(10, |task| {
        let (store, [first, second]) = (store.clone(), keys.clone());
        async move {
            for _ in 0..10 {
                // A key twice in one call counts twice.
                let deltas = vec![(first.clone(), 1), (second.clone(), task), (first.clone(), 2)];
                store.add_counters(deltas).await?;
            }
            Ok(())
        }
    })
    .await?;
    let totals: BTreeMap<CounterKey, u64> = store.counters().await?.into_iter().collect();
    let [first, second] = keys;
    assert_eq!(totals, BTreeMap::from([(first, 300), (second, 450)]));
    store.add_counters(vec![]).await?;
    Ok(())
}

async fn a_change_counts_once_if_it_is_applied(Subject { store, .. }: Subject) -> Outcome {
    let key = counter("c", CountedEvent::FirstRedeemed(Age::Day));
    let id = family();
    let outcomes = together(16, |_| {
        let (store, counters) = (store.clone(), vec![key.clone()]);
        async move { store.change_family(FamilyChange { id, next: record(1), counters }).await }
    })
    .await?;
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Changed::Applied).count(), 1);
    assert_eq!(store.counters().await?, vec![(key, 1)]);
    Ok(())
}

async fn counting_leaves_the_token_tables_alone(Subject { store, .. }: Subject) -> Outcome {
    let key = counter("zero", CountedEvent::Issued);
    store.add_counters(vec![(key.clone(), 1)]).await?;
    let before = store.statistics().await?;
    assert_eq!((before.families, before.code_marks, before.imports, before.overflows), (0, 0, 0, 0));
    assert_eq!((before.token_bytes, before.counters), (0, 1));
    for _ in 0..50 {
        store.add_counters(vec![(key.clone(), 20_000)]).await?;
    }
    let after = store.statistics().await?;
    assert_eq!(after, before, "a million issues later");
    store.change_family(change(family(), record(1))).await?;
    assert!(store.statistics().await?.token_bytes > 0, "what is touched is counted");
    Ok(())
}

async fn forgotten_totals_begin_anew(Subject { store, .. }: Subject) -> Outcome {
    let [kept, gone] = [counter("kept", CountedEvent::Issued), counter("gone", CountedEvent::Issued)];
    store.add_counters(vec![(kept.clone(), 1), (gone.clone(), 2)]).await?;
    store.remove_counters(vec![gone.clone(), counter("never", CountedEvent::Grace)]).await?;
    assert_eq!(store.counters().await?, vec![(kept.clone(), 1)]);
    assert_eq!(store.statistics().await?.counters, 1);
    store.add_counters(vec![(gone.clone(), 5)]).await?;
    let totals: BTreeMap<CounterKey, u64> = store.counters().await?.into_iter().collect();
    assert_eq!(totals, BTreeMap::from([(kept, 1), (gone, 5)]));
    store.remove_counters(vec![]).await?;
    Ok(())
}
