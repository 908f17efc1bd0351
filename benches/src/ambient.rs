//! The real clock and randomness: this program measures, so it is one of the few that may ask them.

use dormouse_token::{Clock, Entropy, Timestamp};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// The present moment of the monotonic clock.
#[expect(clippy::disallowed_methods, reason = "measuring time is what this program is for")]
pub(crate) fn instant() -> Instant {
    Instant::now()
}

/// Waits.
#[expect(clippy::disallowed_methods, reason = "another process is given time, or waited for")]
pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// The system's clocks.
pub(crate) struct SystemClock(Instant);

impl SystemClock {
    /// For engines and stores.
    pub(crate) fn shared() -> Arc<dyn Clock> {
        Arc::new(Self(instant()))
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where the ambient clock becomes a parameter")]
    fn now(&self) -> Timestamp {
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_ms(u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX))
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

/// The system's random numbers.
pub(crate) struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "this is where ambient randomness becomes a parameter")]
    fn fill(&self, bytes: &mut [u8]) {
        if aws_lc_rs::rand::fill(bytes).is_err() {
            std::process::abort();
        }
    }
}
