//! Compare-and-set of family records (TOKENS §2).

use crate::sample::{change, counter, family, record};
use crate::subject::{Case, Outcome, Subject, together};
use dormouse_token::{Age, Attempt, Changed, CountedEvent, FamilyChange, FamilyRecord, Reason, Status};

pub(crate) const CASES: &[Case] = &[
    Case { run: |subject| Box::pin(absent_until_changed(subject)) },
    Case { run: |subject| Box::pin(one_of_many_changes_is_applied(subject)) },
    Case { run: |subject| Box::pin(a_revocation_is_never_overwritten(subject)) },
    Case { run: |subject| Box::pin(a_lost_change_writes_nothing(subject)) },
    Case { run: |subject| Box::pin(an_attempt_is_found_by_reading(subject)) },
];

async fn absent_until_changed(Subject { store, .. }: Subject) -> Outcome {
    let (id, first) = (family(), record(1));
    assert_eq!(store.family(id).await?, None, "never touched");
    assert_eq!(store.change_family(change(id, first.clone())).await?, Changed::Applied);
    assert_eq!(store.family(id).await?, Some(first));
    assert_eq!(store.family(family()).await?, None, "another family");
    Ok(())
}

async fn one_of_many_changes_is_applied(Subject { store, .. }: Subject) -> Outcome {
    let id = family();
    for version in 1..=ROUNDS {
        let outcomes = together(CONTENDERS, |_| {
            let store = store.clone();
            async move {
                let next = record(version);
                Ok((next.attempt, store.change_family(change(id, next)).await?))
            }
        })
        .await?;
        let winners: Vec<Attempt> = outcomes
            .iter()
            .filter(|(_, outcome)| *outcome == Changed::Applied)
            .map(|(attempt, _)| *attempt)
            .collect();
        assert_eq!(winners.len(), 1, "winners from version {}", version - 1);
        let stored = store.family(id).await?;
        assert_eq!(stored.as_ref().map(|record| record.attempt), winners.first().copied());
        for (_, outcome) in outcomes {
            if let Changed::Lost(seen) = outcome {
                assert_eq!(seen, stored, "a loser sees the winner");
            }
        }
    }
    Ok(())
}

/// A redeemer and a revoker start from one version, and each that loses starts again from what it was shown. Whatever the
/// order, the revocation is there in the end.
async fn a_revocation_is_never_overwritten(Subject { store, .. }: Subject) -> Outcome {
    for _ in 0..ROUNDS {
        let id = family();
        let applied = together(CONTENDERS, |contender| {
            let store = store.clone();
            async move {
                let mut seen = FamilyRecord::untouched();
                loop {
                    let mut next = FamilyRecord { version: seen.version + 1, ..seen.clone() };
                    if contender == 0 {
                        next.refresh_status = Status::Revoked(Reason::Token);
                    } else if seen.refresh_status != Status::Approved {
                        return Ok(false);
                    } else {
                        next.refresh_gen += 1;
                    }
                    match store.change_family(change(id, next)).await? {
                        Changed::Applied => return Ok(true),
                        Changed::Lost(record) => seen = record.unwrap_or(FamilyRecord::untouched()),
                    }
                }
            }
        })
        .await?;
        let record = store.family(id).await?.unwrap_or(FamilyRecord::untouched());
        assert_eq!(record.refresh_status, Status::Revoked(Reason::Token));
        let redeemed = applied.iter().skip(1).filter(|applied| **applied).count() as u64;
        assert_eq!(u64::from(record.refresh_gen), redeemed, "acknowledged redemptions");
        assert_eq!(record.version, redeemed + 1, "nothing else has written");
    }
    Ok(())
}

async fn a_lost_change_writes_nothing(Subject { store, .. }: Subject) -> Outcome {
    let (id, first) = (family(), record(1));
    let key = counter("lost", CountedEvent::FirstRedeemed(Age::Hour));
    store.change_family(change(id, first.clone())).await?;
    let position = store.feed_position().await?;
    for version in [0, 1, 3, u64::MAX] {
        let lost = FamilyChange { id, next: record(version), counters: vec![key.clone()] };
        assert_eq!(store.change_family(lost).await?, Changed::Lost(Some(first.clone())));
    }
    let absent = FamilyChange { id: family(), next: record(2), counters: vec![key] };
    assert_eq!(store.change_family(absent).await?, Changed::Lost(None));
    assert_eq!(store.family(id).await?, Some(first));
    assert_eq!(store.counters().await?, vec![]);
    let changes = store.poll(position).await?.map(|batch| batch.changes);
    assert_eq!(changes, Some(vec![]));
    Ok(())
}

/// How an unknown outcome is resolved: read, and look for the own attempt; the same attempt again is not applied twice.
async fn an_attempt_is_found_by_reading(Subject { store, .. }: Subject) -> Outcome {
    let (id, first) = (family(), record(1));
    store.change_family(change(id, first.clone())).await?;
    let again = store.change_family(change(id, first.clone())).await?;
    assert_eq!(again, Changed::Lost(Some(first.clone())));
    assert_eq!(store.family(id).await?.map(|record| record.attempt), Some(first.attempt));
    Ok(())
}

const ROUNDS: u64 = 20;
const CONTENDERS: u64 = 16;
