//! A store in front of another one that fails on demand: unreachable, unknown outcomes, and other people's changes at the
//! worst moment.

use dormouse_token::{
    Changed, CodeMark, Collection, CounterKey, CounterStore, CutOffRow, CutOffStore, Document, DocumentKey,
    DocumentStore, DocumentWrite, FamilyChange, FamilyId, FamilyRecord, FamilyStore, Feed, FeedBatch,
    FeedPosition, Head, MaintainedStore, Marked, Page, PageKey, Row, RowKey, RowStore, RowSwap, Store,
    StoreError, StoreFuture, StoreStatistics, Timestamp,
};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What goes wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fault {
    #[default]
    None,
    /// Nothing is answered.
    Unreachable,
    /// The next changes are applied, and their outcome is reported as unknown.
    Applied(u32),
    /// The next changes are not applied, and their outcome is reported as unknown.
    Lost(u32),
    /// The next change is reported as unknown at once, and applied just before the one after it.
    Late,
}

/// When somebody else comes in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Before the record of a family is read.
    Read,
    /// Before a family, a code's mark, rows or documents are changed.
    Write,
    /// After a poll of the feed was answered, before the answer is applied.
    Polled,
}

type Interruption = (Moment, Box<dyn FnOnce() + Send>);

/// The store that fails.
pub(crate) struct FaultyStore {
    inner: Mutex<Arc<dyn Store>>,
    fault: Mutex<Fault>,
    late: Mutex<Option<FamilyChange>>,
    interruption: Mutex<Option<Interruption>>,
    /// Added to the number of the last cut-off.
    raised: AtomicU64,
}

impl FaultyStore {
    pub(crate) fn over(inner: Arc<dyn Store>) -> Self {
        Self {
            inner: Mutex::new(inner),
            fault: Mutex::default(),
            late: Mutex::default(),
            interruption: Mutex::default(),
            raised: AtomicU64::default(),
        }
    }

    pub(crate) fn set(&self, fault: Fault) {
        *self.fault.lock() = fault;
    }

    /// Puts another store in place of this one, as somebody does who copies an old file back.
    pub(crate) fn replace(&self, inner: Arc<dyn Store>) {
        *self.inner.lock() = inner;
    }

    /// Lets the counter of cut-offs stand higher, as a restoration does that keeps the tokens from before.
    pub(crate) fn raise_cut_offs(&self, by: u64) {
        self.raised.store(by, Ordering::SeqCst);
    }

    fn raised(&self, head: Head) -> Head {
        Head { cut_off: head.cut_off + self.raised.load(Ordering::SeqCst), ..head }
    }

    /// Runs `interruption` once, at the next moment of its kind.
    pub(crate) fn interrupt(&self, moment: Moment, interruption: impl FnOnce() + Send + 'static) {
        *self.interruption.lock() = Some((moment, Box::new(interruption)));
    }

    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.inner.lock())
    }

    fn passes(&self, moment: Moment) {
        let due = self.interruption.lock().take_if(|(own, _)| *own == moment);
        if let Some((_, interruption)) = due {
            interruption();
        }
    }

    fn read<'a, T: Send + 'a>(
        &'a self,
        operation: impl (for<'s> FnOnce(&'s dyn Store) -> StoreFuture<'s, T>) + Send + 'a,
    ) -> StoreFuture<'a, T> {
        Box::pin(async move {
            if *self.fault.lock() == Fault::Unreachable {
                return Err(StoreError::Unavailable("the test cut it off".into()));
            }
            let store = self.store();
            operation(&*store).await
        })
    }

    fn change<'a, T: Send + 'a>(
        &'a self,
        operation: impl (for<'s> FnOnce(&'s dyn Store) -> StoreFuture<'s, T>) + Send + 'a,
    ) -> StoreFuture<'a, T> {
        Box::pin(async move {
            self.passes(Moment::Write);
            let unknown = StoreError::OutcomeUnknown("the test lost the answer".into());
            let (applies, tells) = self.fate()?;
            if !applies {
                return Err(unknown);
            }
            let store = self.store();
            let outcome = operation(&*store).await;
            if tells { outcome } else { Err(unknown) }
        })
    }

    /// Whether the next change is applied, and whether its outcome is told.
    fn fate(&self) -> Result<(bool, bool), StoreError> {
        let mut fault = self.fault.lock();
        let fewer =
            |times: u32, fault: fn(u32) -> Fault| if times > 1 { fault(times - 1) } else { Fault::None };
        Ok(match *fault {
            Fault::None | Fault::Late => (true, true),
            Fault::Unreachable => return Err(StoreError::Unavailable("the test cut it off".into())),
            Fault::Applied(times) => {
                *fault = fewer(times, Fault::Applied);
                (true, false)
            }
            Fault::Lost(times) => {
                *fault = fewer(times, Fault::Lost);
                (false, false)
            }
        })
    }
}

impl FamilyStore for FaultyStore {
    fn family(&self, id: FamilyId) -> StoreFuture<'_, Option<FamilyRecord>> {
        Box::pin(async move {
            self.passes(Moment::Read);
            self.read(move |store| store.family(id)).await
        })
    }

    fn change_family(&self, change: FamilyChange) -> StoreFuture<'_, Changed> {
        if *self.fault.lock() == Fault::Late {
            self.set(Fault::None);
            *self.late.lock() = Some(change);
            return Box::pin(async { Err(StoreError::OutcomeUnknown("the test delayed it".into())) });
        }
        let late = self.late.lock().take();
        Box::pin(async move {
            if let Some(late) = late {
                self.store().change_family(late).await?;
            }
            self.change(move |store| store.change_family(change)).await
        })
    }

    fn mark_code(&self, id: FamilyId, mark: CodeMark) -> StoreFuture<'_, Marked> {
        self.change(move |store| store.mark_code(id, mark))
    }

    fn code_mark(&self, id: FamilyId) -> StoreFuture<'_, Option<CodeMark>> {
        self.read(move |store| store.code_mark(id))
    }
}

impl RowStore for FaultyStore {
    fn rows(&self, keys: Vec<RowKey>) -> StoreFuture<'_, Vec<Option<Row>>> {
        self.read(move |store| store.rows(keys))
    }

    fn swap_rows(&self, swaps: Vec<RowSwap>) -> StoreFuture<'_, bool> {
        self.change(move |store| store.swap_rows(swaps))
    }
}

impl CutOffStore for FaultyStore {
    fn append_cut_off(&self, row: CutOffRow) -> StoreFuture<'_, CutOffRow> {
        self.read(move |store| store.append_cut_off(row))
    }

    fn head(&self) -> StoreFuture<'_, Head> {
        Box::pin(async move { self.read(|store| store.head()).await.map(|head| self.raised(head)) })
    }
}

impl Feed for FaultyStore {
    fn feed_position(&self) -> StoreFuture<'_, FeedPosition> {
        self.read(|store| store.feed_position())
    }

    fn load(&self, now: Timestamp, page: PageKey) -> StoreFuture<'_, Page> {
        self.read(move |store| store.load(now, page))
    }

    fn poll(&self, after: FeedPosition) -> StoreFuture<'_, Option<FeedBatch>> {
        Box::pin(async move {
            let batch = self.read(move |store| store.poll(after)).await;
            self.passes(Moment::Polled);
            Ok(batch?.map(|batch| FeedBatch { head: self.raised(batch.head), ..batch }))
        })
    }
}

impl DocumentStore for FaultyStore {
    fn document(&self, key: DocumentKey) -> StoreFuture<'_, Option<Document>> {
        self.read(move |store| store.document(key))
    }

    fn documents(&self, collection: Collection) -> StoreFuture<'_, Vec<(DocumentKey, Document)>> {
        self.read(move |store| store.documents(collection))
    }

    fn write_documents(&self, writes: Vec<DocumentWrite>) -> StoreFuture<'_, bool> {
        self.change(move |store| store.write_documents(writes))
    }
}

impl CounterStore for FaultyStore {
    fn add_counters(&self, deltas: Vec<(CounterKey, u64)>) -> StoreFuture<'_, ()> {
        self.change(move |store| store.add_counters(deltas))
    }

    fn remove_counters(&self, keys: Vec<CounterKey>) -> StoreFuture<'_, ()> {
        self.change(move |store| store.remove_counters(keys))
    }

    fn counters(&self) -> StoreFuture<'_, Vec<(CounterKey, u64)>> {
        self.read(|store| store.counters())
    }
}

impl MaintainedStore for FaultyStore {
    fn maintain(&self) -> StoreFuture<'_, u64> {
        self.read(|store| store.maintain())
    }

    fn statistics(&self) -> StoreFuture<'_, StoreStatistics> {
        self.read(|store| store.statistics())
    }
}
