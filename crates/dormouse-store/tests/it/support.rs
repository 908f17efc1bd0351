//! Stores, clocks, settings and things to store.

use dormouse_store::{MarkIdentity, OnFatal, OpenError, Opened, RedbStore, StoreSettings};
use dormouse_token::{
    Age, Attempt, Clock, CountedEvent, CounterKey, CutOff, CutOffRow, FamilyChange, FamilyId, FamilyRecord,
    Grant, ManualClock, Reach, Reason, SeededEntropy, SourceId, Target, Timestamp,
};
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

/// When the tests begin.
pub(crate) const START: Timestamp = Timestamp::from_ms(1_800_000_000_000);

/// Later than any clock of the tests.
pub(crate) const FAR: Timestamp = Timestamp::from_ms(4_000_000_000_000);

pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(START))
}

pub(crate) fn settings(clock: &Arc<ManualClock>, seed: u64) -> StoreSettings {
    StoreSettings {
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        entropy: Arc::new(SeededEntropy::new(seed)),
        mark_path: None,
        mark_identity: MarkIdentity::File,
        roots_path: None,
    }
}

/// For stores whose medium does not fail; if it did, the calls would.
pub(crate) fn never() -> OnFatal {
    Box::new(|_| {})
}

/// Opens a data directory at [`START`].
pub(crate) fn open(directory: &Path) -> Result<Opened, OpenError> {
    RedbStore::open(directory, &settings(&clock(), 1), never())
}

/// The error that a data directory is refused with.
#[track_caller]
pub(crate) fn refused(directory: &Path) -> OpenError {
    match open(directory) {
        Ok(_) => panic!("{} was opened", directory.display()),
        Err(error) => error,
    }
}

/// Waits for a future on this thread: the stores need no runtime.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

pub(crate) fn family(number: u64) -> FamilyId {
    let mut bytes = [9; 16];
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    FamilyId(bytes)
}

/// The change of a family to a version, with one counter.
pub(crate) fn change(number: u64, version: u64) -> FamilyChange {
    let next = FamilyRecord {
        version,
        attempt: Attempt(number * 1_000_000 + version),
        access_until: FAR,
        retention: FAR,
        ..FamilyRecord::untouched()
    };
    FamilyChange { id: family(number), next, counters: vec![counter()] }
}

pub(crate) fn counter() -> CounterKey {
    CounterKey {
        client: "client".into(),
        source: SourceId([3; 8]),
        grant: Grant::Password,
        day: 20_000,
        event: CountedEvent::FirstRedeemed(Age::Hour),
    }
}

pub(crate) fn cut_off(user: &str) -> CutOffRow {
    CutOffRow::CutOff(CutOff {
        number: 0,
        target: Target::User(user.into()),
        reach: Reach::Both,
        reason: Reason::EndUser,
        before: None,
        kept_until: FAR,
    })
}
