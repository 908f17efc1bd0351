//! Opening and making the store's file: whatever is found there becomes a store or an error, never a panic.

use crate::batch::Batch;
use crate::mark::{FileIdentity, Mark};
use crate::open_error::OpenError;
use crate::redb_tables::{OpenTables, Snapshot};
use crate::state::{STATE_KEY, State};
use crate::tables::{Failure, ReadTables, Table};
use dormouse_token::{Entropy, StoreEpoch, Timestamp, random};
use redb::{Builder, Database, DatabaseError, ReadableDatabase, StorageError};
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// How databases are opened.
pub(crate) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES).set_repair_callback(|repair| {
        let percent = repair.progress() * 100.0;
        tracing::info!("the store was not closed cleanly and is being checked: {percent:.0} %");
    });
    builder
}

/// Opens the file of a store and reads its state. `restore` is the command that errors name.
pub(crate) fn open(path: &Path, restore: &str) -> Result<(Database, State), OpenError> {
    let not_a_store = |reason: String| OpenError::NotAStore {
        path: path.into(),
        reason: reason.into(),
        restore: restore.into(),
    };
    // The library may panic on a file that it has not written, and says so.
    let opened = catch_unwind(AssertUnwindSafe(|| {
        let database = builder().open(path)?;
        let state = read_state(&database);
        Ok((database, state))
    }));
    let (database, state) =
        opened.map_err(|_| not_a_store("it is damaged".into()))?.map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => OpenError::InUse(path.into()),
            DatabaseError::Storage(StorageError::Io(source)) if !is_about_content(&source) => {
                OpenError::Unusable { path: path.into(), source }
            }
            error => not_a_store(error.to_string()),
        })?;
    let state = state.map_err(|failure| not_a_store(failure.to_string()))?;
    Ok((database, state))
}

fn is_about_content(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
}

/// Makes the file of a new store. It appears under its name once it is whole and durable.
pub(crate) fn create(path: &Path, now: Timestamp) -> Result<(Database, State), OpenError> {
    let unusable = |source| OpenError::Unusable { path: path.into(), source };
    let beside = path.with_extension("redb.new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unusable(error)),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside).map_err(unusable)?;
    let database = builder().create(&beside).map_err(|error| unusable(io::Error::other(error)))?;
    let state = initialise(&database, now).map_err(|failure| unusable(io::Error::other(failure)))?;
    fs::rename(&beside, path).map_err(unusable)?;
    crate::private_file::sync_parent(path).map_err(unusable)?;
    Ok((database, state))
}

/// Makes the tables and the first state. Its epoch is a placeholder until [`begin_epoch`].
pub(crate) fn initialise(database: &Database, now: Timestamp) -> Result<State, Failure> {
    let state = State::new(StoreEpoch([0; 16]), now);
    let transaction = database.begin_write().map_err(Failure::broken)?;
    let mut tables = OpenTables::new(&transaction);
    for table in Table::ALL {
        tables.create(table)?;
    }
    drop(tables);
    transaction.commit().map_err(Failure::broken)?;
    commit(database, state)
}

/// Writes a state, durably.
pub(crate) fn commit(database: &Database, state: State) -> Result<State, Failure> {
    let transaction = database.begin_write().map_err(Failure::broken)?;
    let mut tables = OpenTables::new(&transaction);
    let mut batch = Batch::new(&mut tables, state, Timestamp::EPOCH);
    batch.touch();
    let finished = batch.finish()?;
    drop(tables);
    transaction.commit().map_err(Failure::broken)?;
    Ok(finished.state)
}

/// Draws the epoch of a store that was made or restored, and writes its mark.
///
/// The mark comes first and the state that names it after: a crash in between leaves a store without a mark of its own,
/// which draws another epoch at the next start. No token can have been sealed under the lost one, and no copy of a store
/// that was never marked knows the epoch that came to be used.
pub(crate) fn begin_epoch(
    database: &Database,
    state: State,
    mark: Option<&MarkPlace>,
    entropy: &dyn Entropy,
) -> Result<State, OpenError> {
    let state = State { epoch: StoreEpoch(random(entropy)), is_marked: true, ..state };
    if let Some(place) = mark {
        Mark::of(&state, place.file).write(&place.path).map_err(OpenError::MarkUnwritable)?;
    }
    commit(database, state).map_err(|failure| OpenError::Unusable {
        path: mark.map(|place| place.store.clone()).unwrap_or_default(),
        source: io::Error::other(failure),
    })
}

/// Where the mark is, and what it says of the store's file.
pub(crate) struct MarkPlace {
    pub(crate) path: PathBuf,
    pub(crate) file: FileIdentity,
    /// The store's file, for errors.
    pub(crate) store: PathBuf,
}

/// The state of a store; an error when the file holds something else.
pub(crate) fn read_state(database: &Database) -> Result<State, Failure> {
    let transaction = database.begin_read().map_err(Failure::broken)?;
    let mut snapshot = Snapshot::new(&transaction);
    let bytes = snapshot.get(Table::State, STATE_KEY)?;
    State::from_bytes(&bytes.ok_or_else(|| Failure::Corrupt("it holds no state".into()))?)
}

/// Pages that are kept in memory. The working set of a store of exceptions is small.
const CACHE_BYTES: usize = 64 * 1024 * 1024;
