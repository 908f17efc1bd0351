//! Ports of the store. Each trait is small; what must be atomic is one method, whose doc states the guarantee. The
//! conformance suite proves the guarantees on every backend.
//!
//! Everything that a store hands out is untrusted only as far as its file is: values are sealed or carry no secret.
//! Every read is linearizable unless its doc says otherwise.

use crate::{
    Attempt, CounterKey, CutOffRow, FamilyId, FamilyRecord, Row, RowKey, RowSwap, StoreEpoch, Timestamp,
};
use std::pin::Pin;

/// What a store method returns: a future that can move between threads.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Why a store method gave no answer. "Not found" and "lost the race" are answers, not errors.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Nothing was changed: unreachable, shutting down, full, read-only.
    #[error("the store is unavailable: {0}")]
    Unavailable(Box<str>),
    /// The change may or may not have been applied: time-out, broken connection. Read, and look for the own attempt.
    #[error("the outcome of the change is unknown: {0}")]
    OutcomeUnknown(Box<str>),
    /// The store holds something that this version did not write.
    #[error("the store is corrupt: {0}")]
    Corrupt(Box<str>),
}

/// Families and the single-use marks of codes.
pub trait FamilyStore: Send + Sync {
    /// The record of a family; `None` when it was never touched, or its retention has passed.
    fn family(&self, id: FamilyId) -> StoreFuture<'_, Option<FamilyRecord>>;

    /// Replaces the record of a family if its version is `change.next.version - 1`, where an absent record has version 0,
    /// and adds the counters.
    ///
    /// Atomic and durable: once [`Changed::Applied`] is returned, record and counters survive power loss; of any number of
    /// concurrent changes from one version, exactly one is applied. On [`Changed::Lost`] nothing was written.
    fn change_family(&self, change: FamilyChange) -> StoreFuture<'_, Changed>;

    /// Marks a code as used unless it is marked already.
    ///
    /// Atomic and durable: of any number of concurrent marks of one code, exactly one returns [`Marked::First`]; the
    /// others return the mark that was there first. A retry with the same attempt returns [`Marked::First`] again.
    fn mark_code(&self, id: FamilyId, mark: CodeMark) -> StoreFuture<'_, Marked>;

    /// The mark of a code; `None` while it was not used.
    fn code_mark(&self, id: FamilyId) -> StoreFuture<'_, Option<CodeMark>>;
}

/// A compare-and-set of a family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FamilyChange {
    /// Which family.
    pub id: FamilyId,
    /// The whole record afterwards; its version is the expected one plus 1.
    pub next: FamilyRecord,
    /// Counters that belong to the change.
    pub counters: Vec<CounterKey>,
}

/// Outcome of a compare-and-set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// The new record is durable.
    Applied,
    /// Another change came first; this is the record now.
    Lost(Option<FamilyRecord>),
}

/// The trace of a used code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeMark {
    /// Names the try that used it.
    pub attempt: Attempt,
    /// The latest expiry of the tokens minted from it: the retention if the family must be revoked.
    pub family_expires_at: Timestamp,
    /// Until when the mark is kept: the code's expiry and 48 hours.
    pub retention: Timestamp,
}

/// Outcome of marking a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Marked {
    /// This attempt used it.
    First,
    /// It was used before.
    Before(CodeMark),
}

/// Imported tokens and overflow attributes.
pub trait RowStore: Send + Sync {
    /// The rows of some keys, in the order of the keys.
    fn rows(&self, keys: Vec<RowKey>) -> StoreFuture<'_, Vec<Option<Row>>>;

    /// Applies every swap if every expectation holds, else none.
    ///
    /// Atomic and durable as a whole. `true` when applied; `false` when an expectation failed and nothing was written.
    fn swap_rows(&self, swaps: Vec<RowSwap>) -> StoreFuture<'_, bool>;
}

/// Cut-offs and burns, numbered by one counter.
pub trait CutOffStore: Send + Sync {
    /// Appends a row: draws the next number, stores it, and removes the rows that it replaces.
    ///
    /// One commit: a reader that sees the counter sees the row and not the replaced ones. A `before` that lies ahead of the
    /// store's time at commit is stored as that time. Returns the row as stored.
    fn append_cut_off(&self, row: CutOffRow) -> StoreFuture<'_, CutOffRow>;

    /// The store's epoch and highest number, linearizable: every cut-off acknowledged before the call is included.
    fn head(&self) -> StoreFuture<'_, Head>;
}

/// The state of the cut-off sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Identity of the store since its creation or last restoration.
    pub epoch: StoreEpoch,
    /// The last number given. Numbers without a row were replaced or purged, never lost.
    pub cut_off: u64,
}

/// Everything that nodes keep in memory, and its changes.
pub trait Feed: Send + Sync {
    /// A position such that every change not yet visible to [`Feed::load`] lies after it. Taken before loading.
    fn feed_position(&self) -> StoreFuture<'_, FeedPosition>;

    /// The next page of at least what is resident at `now`: families with `access_until` after it, rows with `resident_until` after
    /// it, all cut-offs, all documents. Starts with the default page key and ends when the page has no successor.
    fn load(&self, now: Timestamp, page: PageKey) -> StoreFuture<'_, Page>;

    /// The changes after a position, in an order in which later versions of one thing come later. `None` when the position
    /// is too old to be continued: load again. A change may be delivered twice, never skipped.
    fn poll(&self, after: FeedPosition) -> StoreFuture<'_, Option<FeedBatch>>;
}

/// A place in the feed. Opaque to readers; meaningful for one store only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FeedPosition(pub u64);

/// Where a page of the initial load begins. Opaque; the default begins at the beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageKey(pub Vec<u8>);

/// A page of the initial load.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// What it holds.
    pub changes: Vec<Change>,
    /// Where the next page begins.
    pub next: Option<PageKey>,
}

/// Changes and where to go on.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedBatch {
    /// What changed.
    pub changes: Vec<Change>,
    /// Where the next poll goes on.
    pub position: FeedPosition,
    /// The head that is reached when all changes are applied.
    pub head: Head,
}

/// One change, as an image of the thing afterwards. Applying it twice does nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A family changed.
    Family(FamilyId, FamilyRecord),
    /// A resident row changed, or was removed.
    Row(RowKey, Option<Row>),
    /// A cut-off or burn was appended.
    CutOff(CutOffRow),
    /// A document changed, or was removed.
    Document(DocumentKey, Option<Document>),
}

/// Developers, apps, products, users, key-value maps, keys and settings: versioned documents in collections.
pub trait DocumentStore: Send + Sync {
    /// One document.
    fn document(&self, key: DocumentKey) -> StoreFuture<'_, Option<Document>>;

    /// Every document of a collection, by ascending name.
    fn documents(&self, collection: Collection) -> StoreFuture<'_, Vec<(DocumentKey, Document)>>;

    /// Applies every write if every expectation holds, else none.
    ///
    /// Atomic and durable as a whole. `true` when applied; `false` when an expectation failed and nothing was written. A
    /// write of the very value that is there changes nothing, neither version nor feed, while its expectation counts: so a
    /// set can depend on a document that it leaves alone.
    fn write_documents(&self, writes: Vec<DocumentWrite>) -> StoreFuture<'_, bool>;
}

/// What documents are for. The discriminant is the number that stores keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Collection {
    /// Digests of provisioned entries, and tombstones of deleted ones.
    Provisioning = 1,
    /// Wrapping keys and look-up keys, sealed. What is removed of them or replaced leaves no trace in the store's own medium
    /// once the change is acknowledged, as far as that is in the backend's hands.
    Keys = 2,
    /// API products.
    Products = 3,
    /// Developers.
    Developers = 4,
    /// Apps.
    Apps = 5,
    /// End users with password hashes. Not resident.
    Users = 6,
    /// Key-value map entries. Not resident.
    KeyValues = 7,
    /// Names of sources, written at deploy.
    Sources = 8,
    /// Target servers.
    TargetServers = 9,
    /// Credentials of apps, their secrets sealed.
    Credentials = 10,
}

impl Collection {
    /// Every collection, by ascending number.
    pub const ALL: [Self; 10] = [
        Self::Provisioning,
        Self::Keys,
        Self::Products,
        Self::Developers,
        Self::Apps,
        Self::Users,
        Self::KeyValues,
        Self::Sources,
        Self::TargetServers,
        Self::Credentials,
    ];

    /// Whether every node keeps its documents in memory, so that the feed carries them.
    pub const fn is_resident(self) -> bool {
        !matches!(self, Self::Users | Self::KeyValues)
    }
}

/// Names a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentKey {
    /// Its collection.
    pub collection: Collection,
    /// Its name within the collection.
    pub name: Box<str>,
}

/// A versioned value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Number of changes so far; a new document has 1.
    pub version: u64,
    /// The value. Secrets in it are sealed by the writer.
    pub value: Box<[u8]>,
}

/// One change of a set that is applied whole or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentWrite {
    /// Which document.
    pub key: DocumentKey,
    /// What must be there before.
    pub expected: Expected,
    /// The value afterwards; `None` removes the document.
    pub value: Option<Box<[u8]>>,
}

/// A precondition on a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Whatever is there.
    Anything,
    /// No document.
    Absent,
    /// A document of this version.
    Version(u64),
}

/// Audit counters.
pub trait CounterStore: Send + Sync {
    /// Adds to the totals. Durable when it returns.
    fn add_counters(&self, deltas: Vec<(CounterKey, u64)>) -> StoreFuture<'_, ()>;

    /// Forgets totals; those that are not there are no error.
    fn remove_counters(&self, keys: Vec<CounterKey>) -> StoreFuture<'_, ()>;

    /// Every total.
    fn counters(&self) -> StoreFuture<'_, Vec<(CounterKey, u64)>>;
}

/// Housekeeping.
pub trait MaintainedStore: Send + Sync {
    /// Removes a bounded number of things whose retention has passed by the store's own time, and does what else falls due.
    /// Returns how many were removed; when not zero, there may be more.
    fn maintain(&self) -> StoreFuture<'_, u64>;

    /// What the store holds.
    fn statistics(&self) -> StoreFuture<'_, StoreStatistics>;
}

/// Sizes of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreStatistics {
    /// Family records.
    pub families: u64,
    /// Marks of used codes.
    pub code_marks: u64,
    /// Rows of imported tokens.
    pub imports: u64,
    /// Rows of overflow attributes.
    pub overflows: u64,
    /// Cut-offs and burns.
    pub cut_offs: u64,
    /// Documents.
    pub documents: u64,
    /// Counter totals.
    pub counters: u64,
    /// Bytes of keys and values in the tables about tokens: families, code marks, imports, overflows.
    pub token_bytes: u64,
    /// Bytes of the store's file; 0 where there is none.
    pub file_bytes: u64,
}

/// A whole backend.
pub trait Store:
    FamilyStore + RowStore + CutOffStore + Feed + DocumentStore + CounterStore + MaintainedStore
{
}

impl<S> Store for S where
    S: FamilyStore + RowStore + CutOffStore + Feed + DocumentStore + CounterStore + MaintainedStore
{
}
