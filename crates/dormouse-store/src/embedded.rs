//! An embedded store: the ports over any backend that offers tables. What differs between backends is how a batch
//! becomes durable, and nothing else.

use crate::batch::Batch;
use crate::feed::RecentChanges;
use crate::floor;
use crate::job::{Job, job};
use crate::operation::{counters, cut_offs, documents, expiry, families, load, rows};
use crate::tables::{Failure, ReadTables};
use dormouse_token::{
    Changed, Clock, CodeMark, Collection, CounterKey, CounterStore, CutOffRow, CutOffStore, Document,
    DocumentKey, DocumentStore, DocumentWrite, FamilyChange, FamilyId, FamilyRecord, FamilyStore, Feed,
    FeedBatch, FeedPosition, Head, MaintainedStore, Marked, Page, PageKey, Row, RowKey, RowStore, RowSwap,
    StoreError, StoreFuture, StoreStatistics, Timestamp,
};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;

/// Where tables live and how changes become durable.
pub trait Backend: Send + Sync + 'static {
    /// Evaluates a job against a batch, makes the batch durable, publishes it to [`Backend::recent`], then answers.
    fn write(&self, job: Box<dyn Job>);

    /// Reads one snapshot that holds everything acknowledged so far.
    fn read(
        &self,
        operation: &mut dyn FnMut(&mut dyn ReadTables) -> Result<(), Failure>,
    ) -> Result<(), StoreError>;

    /// Recent changes and the newest state.
    fn recent(&self) -> &RecentChanges;

    /// Bytes of the store's file; 0 where there is none.
    fn file_bytes(&self) -> u64;
}

/// A store within this process. It serves any number of engines.
///
/// Reads look at a snapshot taken when the future is first polled, without leaving the thread: families, rows and single
/// documents take microseconds; whole collections and all counters as long as their size demands. A change is
/// acknowledged once it is durable; a future that is dropped before leaves the change to run its course.
pub struct Embedded<B> {
    pub(crate) backend: B,
    clock: Arc<dyn Clock>,
    /// Monotonic time up to which the floor was advanced.
    advanced: Arc<Mutex<Duration>>,
}

impl<B: Backend> Embedded<B> {
    pub(crate) fn over(backend: B, clock: Arc<dyn Clock>) -> Self {
        let advanced = Arc::new(Mutex::new(clock.monotonic()));
        Self { backend, clock, advanced }
    }

    fn write<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&mut Batch<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> StoreFuture<'_, T> {
        Box::pin(async move {
            self.check_clock()?;
            let (job, answer) = job(operation);
            self.backend.write(job);
            answer.await.unwrap_or_else(|_| Err(StoreError::OutcomeUnknown("the writer has stopped".into())))
        })
    }

    fn read<'a, T: Send + 'a>(
        &'a self,
        operation: impl FnOnce(&mut dyn ReadTables) -> Result<T, Failure> + Send + 'a,
    ) -> StoreFuture<'a, T> {
        Box::pin(async move {
            self.check_clock()?;
            let mut operation = Some(operation);
            let mut outcome = None;
            self.backend.read(&mut |tables| {
                outcome = operation.take().map(|operation| operation(tables)).transpose()?;
                Ok(())
            })?;
            outcome.ok_or_else(|| StoreError::Unavailable("the store did not read".into()))
        })
    }

    /// A clock that was set far back would bring to life what has expired and was purged.
    fn check_clock(&self) -> Result<(), StoreError> {
        let (floor, now) = (self.backend.recent().state().floor, self.clock.now());
        if floor::is_behind(floor, now) {
            let behind = floor.since(now).as_secs();
            return Err(StoreError::Unavailable(
                format!("the clock is {behind} s behind what the store has seen; set it right").into(),
            ));
        }
        Ok(())
    }
}

impl<B: Backend> FamilyStore for Embedded<B> {
    fn family(&self, id: FamilyId) -> StoreFuture<'_, Option<FamilyRecord>> {
        self.read(move |tables| families::family(tables, id))
    }

    fn change_family(&self, change: FamilyChange) -> StoreFuture<'_, Changed> {
        self.write(move |batch| families::change(batch, change))
    }

    fn mark_code(&self, id: FamilyId, mark: CodeMark) -> StoreFuture<'_, Marked> {
        self.write(move |batch| families::mark_code(batch, id, &mark))
    }

    fn code_mark(&self, id: FamilyId) -> StoreFuture<'_, Option<CodeMark>> {
        self.read(move |tables| families::code_mark(tables, id))
    }
}

impl<B: Backend> RowStore for Embedded<B> {
    fn rows(&self, keys: Vec<RowKey>) -> StoreFuture<'_, Vec<Option<Row>>> {
        self.read(move |tables| rows::rows(tables, &keys))
    }

    fn swap_rows(&self, swaps: Vec<RowSwap>) -> StoreFuture<'_, bool> {
        self.write(move |batch| rows::swap(batch, swaps))
    }
}

impl<B: Backend> CutOffStore for Embedded<B> {
    fn append_cut_off(&self, row: CutOffRow) -> StoreFuture<'_, CutOffRow> {
        self.write(move |batch| cut_offs::append(batch, row))
    }

    /// From memory: the head is published after the commit that moved it and before its acknowledgement.
    fn head(&self) -> StoreFuture<'_, Head> {
        Box::pin(async move {
            self.check_clock()?;
            self.backend.read(&mut |_| Ok(()))?;
            Ok(self.backend.recent().head())
        })
    }
}

impl<B: Backend> Feed for Embedded<B> {
    fn feed_position(&self) -> StoreFuture<'_, FeedPosition> {
        Box::pin(async move { Ok(self.backend.recent().position()) })
    }

    fn load(&self, now: Timestamp, page: PageKey) -> StoreFuture<'_, Page> {
        // A clock that is ahead must not hide what still affects a living token.
        let now = now.min(self.backend.recent().state().floor);
        self.read(move |tables| load::page(tables, now, &page))
    }

    fn poll(&self, after: FeedPosition) -> StoreFuture<'_, Option<FeedBatch>> {
        Box::pin(async move {
            self.check_clock()?;
            self.backend.read(&mut |_| Ok(()))?;
            Ok(self.backend.recent().poll(after))
        })
    }
}

impl<B: Backend> DocumentStore for Embedded<B> {
    fn document(&self, key: DocumentKey) -> StoreFuture<'_, Option<Document>> {
        self.read(move |tables| documents::document(tables, &key))
    }

    fn documents(&self, collection: Collection) -> StoreFuture<'_, Vec<(DocumentKey, Document)>> {
        self.read(move |tables| documents::collection(tables, collection))
    }

    fn write_documents(&self, writes: Vec<DocumentWrite>) -> StoreFuture<'_, bool> {
        self.write(move |batch| documents::write(batch, writes))
    }
}

impl<B: Backend> CounterStore for Embedded<B> {
    fn add_counters(&self, deltas: Vec<(CounterKey, u64)>) -> StoreFuture<'_, ()> {
        self.write(move |batch| {
            let totals = counters::totals(batch, deltas)?;
            counters::put(batch, totals)
        })
    }

    fn remove_counters(&self, keys: Vec<CounterKey>) -> StoreFuture<'_, ()> {
        self.write(move |batch| counters::remove(batch, &keys))
    }

    fn counters(&self) -> StoreFuture<'_, Vec<(CounterKey, u64)>> {
        self.read(counters::all)
    }
}

impl<B: Backend> MaintainedStore for Embedded<B> {
    fn maintain(&self) -> StoreFuture<'_, u64> {
        let (clock, advanced) = (Arc::clone(&self.clock), Arc::clone(&self.advanced));
        self.write(move |batch| {
            let monotonic = clock.monotonic();
            let elapsed = monotonic.saturating_sub(std::mem::replace(&mut *advanced.lock(), monotonic));
            let before = batch.state.floor;
            batch.state.floor = floor::advanced(before, batch.now, elapsed);
            if floor::is_due(before, batch.state.floor) {
                batch.touch();
            }
            expiry::purge(batch)
        })
    }

    fn statistics(&self) -> StoreFuture<'_, StoreStatistics> {
        Box::pin(async move { Ok(self.backend.recent().state().statistics(self.backend.file_bytes())) })
    }
}
