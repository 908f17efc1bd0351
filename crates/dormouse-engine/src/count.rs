//! Audit counts on their way to the store: batched in memory, at most a second old when written (TOKENS §8).

use crate::Engine;
use crate::error::Error;
use dormouse_token::{Claims, CountedEvent, CounterKey, Timestamp};
use parking_lot::Mutex;
use std::collections::HashMap;

/// Counts not written yet.
#[derive(Default)]
pub(crate) struct Counts(Mutex<HashMap<CounterKey, u64>>);

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

impl Engine {
    /// Counts an event that no record tells of. A crash loses at most the last second of these.
    pub(crate) fn count(&self, claims: &Claims, event: CountedEvent) {
        *self.counts.0.lock().entry(counter(claims, event)).or_insert(0) += 1;
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
