//! Expiry: nothing goes before its retention, everything after, and no clock that jumps changes that (TOKENS §2 "Purge").

use crate::sample::{
    FAR, change, code_mark, counter, cut_off, family, import_key, overflow_key, record, row,
};
use crate::subject::{Case, Outcome, Subject};
use dormouse_token::{
    Clock, CountedEvent, CutOff, CutOffRow, FamilyId, FamilyRecord, Reach, Row, RowKey, RowSwap, Store,
    StoreError, StoreStatistics, Target, Timestamp,
};
use std::time::Duration;

pub(crate) const CASES: &[Case] = &[
    Case { run: |subject| Box::pin(everything_goes_after_its_retention(subject)) },
    Case { run: |subject| Box::pin(what_has_grown_stays(subject)) },
    Case { run: |subject| Box::pin(many_go_in_steps(subject)) },
    Case { run: |subject| Box::pin(a_clock_that_jumps_purges_nothing(subject)) },
];

/// Calls for maintenance until nothing is left to do.
async fn maintain(store: &dyn Store) -> Result<u64, StoreError> {
    let mut removed = 0;
    let mut idle = 0;
    while idle < 2 {
        match store.maintain().await? {
            0 => idle += 1,
            more => removed += more,
        }
    }
    Ok(removed)
}

struct Kept {
    family: FamilyId,
    code: FamilyId,
    rows: [RowKey; 2],
}

/// One thing of each kind, kept until `retention`.
async fn fill(store: &dyn Store, retention: Timestamp) -> Result<Kept, StoreError> {
    let kept = Kept { family: family(), code: family(), rows: [import_key(), overflow_key()] };
    store.change_family(change(kept.family, FamilyRecord { retention, ..record(1) })).await?;
    store.mark_code(kept.code, code_mark(retention)).await?;
    let next = Some(Row { retention, ..row(1) });
    let swaps = kept.rows.map(|key| RowSwap { key, expected: None, next: next.clone() });
    store.swap_rows(swaps.into()).await?;
    let target = Target::User(format!("{:?}", kept.family).into());
    if let CutOffRow::CutOff(row) = cut_off(target, Reach::Both, None) {
        store.append_cut_off(CutOffRow::CutOff(CutOff { kept_until: retention, ..row })).await?;
    }
    Ok(kept)
}

async fn count(store: &dyn Store, kept: &Kept) -> Result<usize, StoreError> {
    let rows = store.rows(kept.rows.into()).await?;
    let family = store.family(kept.family).await?.is_some();
    let code = store.code_mark(kept.code).await?.is_some();
    Ok(usize::from(family) + usize::from(code) + rows.into_iter().flatten().count())
}

async fn everything_goes_after_its_retention(Subject { store, clock }: Subject) -> Outcome {
    let start = clock.now();
    let hours = [1, 2, 30];
    let mut all = Vec::new();
    for hour in hours {
        let retention = start.saturating_add(Duration::from_hours(hour));
        all.push((retention, fill(&*store, retention).await?));
    }
    store.add_counters(vec![(counter("kept", CountedEvent::Issued), 1)]).await?;
    for _ in 0..64 {
        clock.advance(Duration::from_mins(30));
        maintain(&*store).await?;
        for (retention, kept) in &all {
            let there = count(&*store, kept).await?;
            if clock.now() < *retention {
                assert_eq!(there, 4, "before its retention nothing goes");
            } else if clock.now() >= retention.saturating_add(Duration::from_hours(1)) {
                assert_eq!(there, 0, "an hour after its retention everything is gone");
            }
        }
    }
    let statistics = StoreStatistics { file_bytes: 0, ..store.statistics().await? };
    assert_eq!(statistics, StoreStatistics { counters: 1, ..StoreStatistics::default() });
    assert_eq!(store.head().await?.cut_off, 3, "numbers are never given again");
    Ok(())
}

async fn what_has_grown_stays(Subject { store, clock }: Subject) -> Outcome {
    let start = clock.now();
    let (soon, late) = (Duration::from_hours(2), Duration::from_hours(10));
    let kept = fill(&*store, start.saturating_add(soon)).await?;
    let retention = start.saturating_add(late);
    store.change_family(change(kept.family, FamilyRecord { retention, ..record(2) })).await?;
    let next = Some(Row { retention, ..row(2) });
    let swaps = kept.rows.map(|key| RowSwap { key, expected: Some(1), next: next.clone() });
    assert!(store.swap_rows(swaps.into()).await?);
    for hour in 1..=11_u64 {
        clock.advance(Duration::from_hours(1));
        maintain(&*store).await?;
        if hour < 10 {
            assert!(count(&*store, &kept).await? >= 3, "after {hour} hours");
        }
    }
    assert_eq!(count(&*store, &kept).await?, 0);
    assert_eq!(store.statistics().await?.token_bytes, 0, "no trace is left");
    Ok(())
}

async fn many_go_in_steps(Subject { store, clock }: Subject) -> Outcome {
    let retention = clock.now().saturating_add(Duration::from_hours(1));
    let row = Row { retention, ..row(1) };
    let swaps = (0..3000).map(|_| RowSwap { key: import_key(), expected: None, next: Some(row.clone()) });
    assert!(store.swap_rows(swaps.collect()).await?);
    clock.advance(Duration::from_hours(3));
    let first = store.maintain().await?;
    assert!(first > 0 && first < 3000, "a bounded number at a time, not {first}");
    assert_eq!(first + maintain(&*store).await?, 3000);
    assert_eq!(store.statistics().await?.imports, 0);
    Ok(())
}

async fn a_clock_that_jumps_purges_nothing(Subject { store, clock }: Subject) -> Outcome {
    let start = clock.now();
    let kept = fill(&*store, start.saturating_add(Duration::from_hours(2))).await?;
    clock.jump_to(FAR);
    assert_eq!(maintain(&*store).await?, 0, "no time has passed");
    // Twice the elapsed time is believed at most.
    clock.advance(Duration::from_mins(30));
    assert_eq!(maintain(&*store).await?, 0);
    assert_eq!(count(&*store, &kept).await?, 4);
    clock.advance(Duration::from_hours(2));
    assert_eq!(maintain(&*store).await?, 5);
    assert_eq!(count(&*store, &kept).await?, 0);
    // Set back by less than is tolerated, then by more: what was purged must not be missed.
    clock.jump_to(start.saturating_add(Duration::from_hours(5)));
    assert!(store.family(kept.family).await?.is_none());
    clock.jump_to(start);
    assert!(matches!(store.family(kept.family).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(
        store.change_family(change(family(), record(1))).await,
        Err(StoreError::Unavailable(_))
    ));
    assert!(matches!(store.head().await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.poll(store.feed_position().await?).await, Err(StoreError::Unavailable(_))));
    Ok(())
}
