//! What falls due from time to time, and until when the node may forget.

use crate::Engine;
use crate::error::Error;
use dormouse_token::Timestamp;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// When the node started, by both clocks.
#[derive(Clone, Copy)]
pub(crate) struct Started {
    pub(crate) at: Timestamp,
    pub(crate) monotonic: Duration,
}

impl Engine {
    /// Follows the store, writes the counts, forgets what is over, and lets the store purge. Call it a few times a second.
    ///
    /// # Errors
    /// The first failure; the rest was done all the same.
    pub async fn maintain(&self) -> Result<(), Error> {
        let followed = self.follow().await;
        let flushed = self.flush_counts().await;
        let forgotten = self.forget_deadlines().await;
        self.forget_expired();
        let purged = self.store.maintain().await;
        followed?;
        flushed?;
        forgotten?;
        purged?;
        Ok(())
    }

    /// Frees the memory of what is over. The walk over everything resident is not worth more than one a minute.
    fn forget_expired(&self) {
        let now = u64::try_from(self.clock.monotonic().as_millis()).unwrap_or(u64::MAX);
        if now.saturating_sub(self.forgotten_at_ms.load(Ordering::Relaxed)) >= FORGET_EVERY_MS {
            self.forgotten_at_ms.store(now, Ordering::Relaxed);
            self.resident.forget_expired(self.forgotten_until());
        }
    }

    /// What was over by then may be forgotten: never more than twice the time that has passed, so that a wall clock that
    /// jumps ahead and is set right again has made this node forget nothing (as the store's time floor, TOKENS §2).
    pub(crate) fn forgotten_until(&self) -> Timestamp {
        let elapsed = self.clock.monotonic().saturating_sub(self.started.monotonic);
        self.now().min(self.started.at.saturating_add(elapsed.saturating_mul(2)))
    }
}

const FORGET_EVERY_MS: u64 = 60_000;
