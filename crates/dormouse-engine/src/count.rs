//! Audit counts on their way to the store: batched in memory, at most a second old when written (TOKENS §8).

use crate::Engine;
use crate::error::Error;
use dormouse_token::{Claims, CountedEvent, CounterKey, Deadline, Timestamp};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::time::Duration;

/// Counts not written yet, and when those that are of no use any more were last forgotten, by the monotonic clock.
#[derive(Default)]
pub(crate) struct Counts(Mutex<HashMap<CounterKey, u64>>, Mutex<Duration>);

/// The counter of an event in the life of a token's family.
pub(crate) fn counter(claims: &Claims, event: CountedEvent) -> CounterKey {
    CounterKey {
        client: claims.client.clone(),
        source: claims.source,
        grant: claims.grant,
        day: Timestamp::from_hour(claims.born.hour).day(),
        event,
    }
}

/// Until when a refresh token of generation 0 sleeps.
pub(crate) fn deadline(refresh: &Claims) -> Deadline {
    Deadline::of(refresh.issued_at, refresh.expires_at)
}

impl Engine {
    /// Counts an event that no record tells of. A crash loses at most the last second of these.
    pub(crate) fn count(&self, claims: &Claims, event: CountedEvent) {
        *self.counts.0.lock().entry(counter(claims, event)).or_insert(0) += 1;
    }

    /// Counts the beginning of a family, `event`, with the time that its refresh token may sleep.
    pub(crate) fn count_beginning(&self, refresh: &Claims, event: CountedEvent) {
        self.count(refresh, event);
        self.count(refresh, CountedEvent::SleepsUntil(deadline(refresh)));
    }

    /// Forgets, once a minute, how many tokens slept until a time that has passed.
    pub(crate) async fn forget_deadlines(&self) -> Result<(), Error> {
        let now = self.clock.monotonic();
        {
            let mut last = self.counts.1.lock();
            if now < last.saturating_add(FORGET_EVERY) {
                return Ok(());
            }
            *last = now;
        }
        let until = self.forgotten_until();
        let has_passed = |key: &CounterKey| key.event.deadline().is_some_and(|it| it.instant() <= until);
        let counters = self.store.counters().await?.into_iter().map(|(key, _)| key);
        let passed: Vec<_> = counters.filter(has_passed).collect();
        if passed.is_empty() { Ok(()) } else { Ok(self.store.remove_counters(passed).await?) }
    }

    /// Writes the batched counts.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store gives no answer. The counts are kept for the next time unless the outcome is
    /// unknown: then they are dropped, since counting twice would be worse than counting a second too little.
    pub async fn flush_counts(&self) -> Result<(), Error> {
        let batch = std::mem::take(&mut *self.counts.0.lock());
        if batch.is_empty() {
            return Ok(());
        }
        let deltas: Vec<_> = batch.into_iter().collect();
        let written = self.store.add_counters(deltas.clone()).await;
        if let Err(dormouse_token::StoreError::Unavailable(_)) = &written {
            let mut counts = self.counts.0.lock();
            for (key, count) in deltas {
                *counts.entry(key).or_insert(0) += count;
            }
        }
        Ok(written?)
    }
}

const FORGET_EVERY: Duration = Duration::from_mins(1);
