//! What is tested, and how: each case on a store of its own, on a runtime with several threads.

use crate::{code_marks, counters, cut_offs, documents, expiry, families, feed, rows};
use dormouse_token::{ManualClock, Store, StoreError};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// An empty store and the clock that it goes by.
#[derive(Clone)]
pub struct Subject {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Its clock.
    pub clock: Arc<ManualClock>,
}

/// Runs every case against stores that `make` makes. Panics with the case's own message where a promise is broken.
///
/// # Errors
/// [`StoreError`] when the store fails where it must not.
pub fn run(make: &dyn Fn() -> Subject) -> Result<(), StoreError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .map_err(|error| StoreError::Unavailable(error.to_string().into()))?;
    for case in cases() {
        runtime.block_on((case.run)(make()))?;
    }
    Ok(())
}

pub(crate) type Outcome = Result<(), StoreError>;

/// One promise and its trial.
pub(crate) struct Case {
    pub(crate) run: fn(Subject) -> Pin<Box<dyn Future<Output = Outcome>>>,
}

fn cases() -> impl Iterator<Item = &'static Case> {
    [
        families::CASES,
        code_marks::CASES,
        rows::CASES,
        cut_offs::CASES,
        documents::CASES,
        counters::CASES,
        feed::CASES,
        expiry::CASES,
    ]
    .into_iter()
    .flatten()
}

/// Runs `count` futures as tasks at the same time and returns what they return, in their order.
pub(crate) async fn together<T, F>(count: u64, task: impl Fn(u64) -> F) -> Result<Vec<T>, StoreError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, StoreError>> + Send + 'static,
{
    let tasks: Vec<_> = (0..count).map(|index| tokio::spawn(task(index))).collect();
    let mut results = Vec::new();
    for task in tasks {
        match task.await {
            Ok(result) => results.push(result?),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    Ok(results)
}

/// A number that no other call has returned: for ids and attempts.
pub(crate) fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
