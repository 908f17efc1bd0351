//! Stores, clocks and settings for the tests.

use dormouse_store::{MarkIdentity, OnFatal, StoreSettings};
use dormouse_token::{Clock, ManualClock, SeededEntropy, Timestamp};
use std::sync::Arc;

/// When the tests begin.
pub(crate) const START: Timestamp = Timestamp::from_ms(1_800_000_000_000);

pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(START))
}

pub(crate) fn settings(clock: &Arc<ManualClock>, seed: u64) -> StoreSettings {
    StoreSettings {
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        entropy: Arc::new(SeededEntropy::new(seed)),
        mark_path: None,
        mark_identity: MarkIdentity::File,
    }
}

/// For stores whose medium does not fail; if it did, the calls would.
pub(crate) fn never() -> OnFatal {
    Box::new(|_| {})
}
