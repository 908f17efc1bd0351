//! Sets of row swaps: applied whole or not at all.

use crate::sample::{import_key, overflow_key, row};
use crate::subject::{Case, Outcome, Subject, together};
use dormouse_token::{Row, RowSwap};

pub(crate) const CASES: &[Case] = &[
    Case { run: |subject| Box::pin(rows_come_in_the_order_of_the_keys(subject)) },
    Case { run: |subject| Box::pin(a_set_is_applied_whole_or_not_at_all(subject)) },
    Case { run: |subject| Box::pin(one_of_many_swaps_is_applied(subject)) },
    Case { run: |subject| Box::pin(a_removed_row_leaves_nothing(subject)) },
];

async fn rows_come_in_the_order_of_the_keys(Subject { store, .. }: Subject) -> Outcome {
    let (import, overflow, absent) = (import_key(), overflow_key(), import_key());
    let (first, second) = (row(1), row(1));
    let swaps = vec![
        RowSwap { key: import, expected: None, next: Some(first.clone()) },
        RowSwap { key: overflow, expected: None, next: Some(second.clone()) },
    ];
    assert!(store.swap_rows(swaps).await?);
    let rows = store.rows(vec![overflow, absent, import, overflow]).await?;
    assert_eq!(rows, vec![Some(second.clone()), None, Some(first), Some(second)]);
    assert_eq!(store.rows(vec![]).await?, vec![]);
    Ok(())
}

async fn a_set_is_applied_whole_or_not_at_all(Subject { store, .. }: Subject) -> Outcome {
    let (known, other) = (import_key(), import_key());
    let first = row(1);
    store.swap_rows(vec![RowSwap { key: known, expected: None, next: Some(first.clone()) }]).await?;
    let good = RowSwap { key: other, expected: None, next: Some(row(1)) };
    for (expected, next) in [(None, Some(row(2))), (Some(2), Some(row(3))), (Some(2), None)] {
        let bad = RowSwap { key: known, expected, next };
        assert!(!store.swap_rows(vec![good.clone(), bad.clone()]).await?);
        assert!(!store.swap_rows(vec![bad, good.clone()]).await?);
    }
    assert_eq!(store.rows(vec![known, other]).await?, vec![Some(first), None]);
    let second = row(2);
    let both = vec![good.clone(), RowSwap { key: known, expected: Some(1), next: Some(second.clone()) }];
    assert!(store.swap_rows(both).await?);
    assert_eq!(store.rows(vec![known, other]).await?, vec![Some(second), good.next]);
    Ok(())
}

async fn one_of_many_swaps_is_applied(Subject { store, .. }: Subject) -> Outcome {
    let (key, partner) = (import_key(), import_key());
    for version in 0..10 {
        let expected = (version > 0).then_some(version);
        let outcomes = together(12, |_| {
            let store = store.clone();
            async move {
                let next = row(version + 1);
                let pair = [key, partner].map(|key| RowSwap { key, expected, next: Some(next.clone()) });
                Ok((next, store.swap_rows(pair.into()).await?))
            }
        })
        .await?;
        let winners: Vec<&Row> =
            outcomes.iter().filter(|(_, applied)| *applied).map(|(row, _)| row).collect();
        assert_eq!(winners.len(), 1, "winners from version {version}");
        let winner = winners.first().copied().cloned();
        assert_eq!(store.rows(vec![key, partner]).await?, vec![winner.clone(), winner]);
    }
    Ok(())
}

async fn a_removed_row_leaves_nothing(Subject { store, .. }: Subject) -> Outcome {
    let key = import_key();
    store.swap_rows(vec![RowSwap { key, expected: None, next: Some(row(1)) }]).await?;
    assert_eq!(store.statistics().await?.imports, 1);
    assert!(store.swap_rows(vec![RowSwap { key, expected: Some(1), next: None }]).await?);
    assert_eq!(store.rows(vec![key]).await?, vec![None]);
    let statistics = store.statistics().await?;
    assert_eq!((statistics.imports, statistics.token_bytes), (0, 0));
    assert!(store.swap_rows(vec![RowSwap { key, expected: None, next: None }]).await?, "absent as expected");
    Ok(())
}
