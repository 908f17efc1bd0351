//! The embedded store on disk: redb behind one writer thread, in a data directory of its own (TOKENS §7).
//!
//! Reads are linearizable: a commit becomes visible to new read transactions after it is durable and before it is
//! acknowledged, so a read that starts after an acknowledgement sees the change, and no read sees what a power loss could
//! still take back. The head and the feed are published between the two, so they never run ahead of what can be read.

use crate::database::{self, MarkPlace};
use crate::directory::{Directory, exists};
use crate::embedded::{Backend, Embedded};
use crate::faulty::FaultyDisk;
use crate::feed::RecentChanges;
use crate::floor;
use crate::job::Job;
use crate::mark::{Difference, FileIdentity, Mark, MarkFile, MarkIdentity};
use crate::open_error::OpenError;
use crate::redb_tables::Snapshot;
use crate::roots::Roots;
use crate::shred::{self, Raw};
use crate::state::State;
use crate::tables::{Failure, ReadTables};
use crate::writer::{OnFatal, Shared, Writer};
use dormouse_token::{Clock, Entropy, StoreError, Timestamp};
use redb::{Database, ReadableDatabase};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

/// A store in a data directory.
pub type RedbStore = Embedded<Redb>;

/// What a store is opened or restored with.
#[derive(Clone)]
pub struct StoreSettings {
    /// The process's clock.
    pub clock: Arc<dyn Clock>,
    /// Cryptographic randomness: epochs and roots are drawn from it.
    pub entropy: Arc<dyn Entropy>,
    /// Where the mark is kept; `None` for the data directory.
    pub mark_path: Option<PathBuf>,
    /// How a copied file is recognised.
    pub mark_identity: MarkIdentity,
    /// A key file that several nodes share; `None` for the data directory's own. It is read, and never made or changed.
    pub roots_path: Option<PathBuf>,
}

/// A store that is ready to serve, and the roots of its directory.
pub struct Opened {
    /// The store.
    pub store: RedbStore,
    /// What tokens are sealed under.
    pub roots: Roots,
}

impl RedbStore {
    /// Opens the store of a data directory, or makes it, with a key file whose root is durable before this returns.
    ///
    /// `on_fatal` is called, once and from the writer's thread, when the medium has failed: from then on every method
    /// answers [`StoreError::Unavailable`], and the process must end. Dropping the store waits for the changes that were
    /// sent, and writes the mark.
    ///
    /// # Errors
    /// [`OpenError`] when the directory, the key file, the store or its mark are not what they must be. Nothing was changed
    /// then.
    pub fn open(directory: &Path, settings: &StoreSettings, on_fatal: OnFatal) -> Result<Opened, OpenError> {
        let directory = Directory::create_or_open(directory)?;
        let place = Place::new(directory, settings);
        let mark = place.read_mark()?;
        let (path, has_store) = (place.directory.store(), exists(&place.directory.store())?);
        if mark.is_some() && !has_store {
            return Err(OpenError::StoreMissing { path, restore: place.restore });
        }
        let roots = place.roots_or_new(has_store, settings)?;
        let now = settings.clock.now();
        let (database, mut state) =
            if has_store { database::open(&path, &place.restore)? } else { database::create(&path, now)? };
        let mark_place = place.mark_place(settings)?;
        if state.is_marked {
            place.check(&state, mark, mark_place.file, now)?;
        } else {
            state = database::begin_epoch(&database, state, Some(&mark_place), &*settings.entropy)?;
        }
        let mark = Mark {
            commits: mark.map_or(state.commits, |mark| mark.commits),
            ..Mark::of(&state, mark_place.file)
        };
        let mark = MarkFile::new(mark_place.path, mark, settings.clock.monotonic());
        let file = path.clone();
        let medium = Medium::File { path, _directory: place.directory };
        let parts = Parts { database, state, medium, mark: Some(mark) };
        let store = Self::start(parts, settings, on_fatal)
            .map_err(|source| OpenError::Unusable { path: file, source })?;
        Ok(Opened { store, roots })
    }

    /// Opens or makes a store on a disk of the test kit: without directory, key file and mark.
    ///
    /// # Errors
    /// [`OpenError::NotAStore`] when the disk fails or holds something else.
    pub fn over_disk(
        disk: &FaultyDisk,
        settings: &StoreSettings,
        on_fatal: OnFatal,
    ) -> Result<Self, OpenError> {
        let not_a_store = |reason: String| OpenError::NotAStore {
            path: "the disk of the test".into(),
            reason: reason.into(),
            restore: "dormouse store restore".into(),
        };
        let failed = |failure: Failure| not_a_store(failure.to_string());
        let is_new = disk.is_empty();
        let database = database::builder()
            .create_with_backend(disk.clone())
            .map_err(|error| not_a_store(error.to_string()))?;
        let mut state = if is_new {
            database::initialise(&database, settings.clock.now()).map_err(failed)?
        } else {
            database::read_state(&database).map_err(failed)?
        };
        if !state.is_marked {
            state = database::begin_epoch(&database, state, None, &*settings.entropy)?;
        }
        let parts = Parts { database, state, medium: Medium::Disk(disk.clone()), mark: None };
        Self::start(parts, settings, on_fatal).map_err(|error| not_a_store(error.to_string()))
    }

    fn start(parts: Parts, settings: &StoreSettings, on_fatal: OnFatal) -> io::Result<Self> {
        let database = Arc::new(parts.database);
        let raw = match &parts.medium {
            Medium::File { path, .. } => Raw::File(path.clone()),
            Medium::Disk(disk) => Raw::Disk(disk.clone()),
        };
        // What a crash has kept from being destroyed.
        let state = shred::finish(&database, &raw, parts.state).map_err(io::Error::other)?;
        let floor = floor::at_start(state.floor, settings.clock.now());
        let state = State { floor, ..state };
        let recent = RecentChanges::new(state);
        let shared = Arc::new(Shared { recent, stopped: OnceLock::new() });
        let (jobs, receiver) = sync_channel(WAITING_MAX);
        let writer = Writer {
            database: Arc::clone(&database),
            jobs: receiver,
            shared: Arc::clone(&shared),
            state,
            raw,
            clock: Arc::clone(&settings.clock),
            mark: parts.mark,
            on_fatal,
        };
        let writer = std::thread::Builder::new().name("dormouse-store".into()).spawn(|| writer.run())?;
        let backend = Redb { jobs: Some(jobs), writer: Some(writer), database, shared, medium: parts.medium };
        Ok(Self::over(backend, Arc::clone(&settings.clock)))
    }
}

/// What a store is put together from.
struct Parts {
    database: Database,
    state: State,
    medium: Medium,
    mark: Option<MarkFile>,
}

/// A data directory with its mark and the command that restores it.
pub(crate) struct Place {
    pub(crate) directory: Directory,
    pub(crate) mark: PathBuf,
    pub(crate) restore: Box<str>,
    /// The key file that configuration names, in place of the directory's own.
    pub(crate) configured_roots: Option<PathBuf>,
}

impl Place {
    pub(crate) fn new(directory: Directory, settings: &StoreSettings) -> Self {
        let mark = settings.mark_path.clone().unwrap_or_else(|| directory.mark());
        let restore = format!("dormouse store restore --data {}", directory.path.display()).into();
        Self { directory, mark, restore, configured_roots: settings.roots_path.clone() }
    }

    pub(crate) fn read_mark(&self) -> Result<Option<Mark>, OpenError> {
        Mark::read(&self.mark).map_err(|source| match source.kind() {
            io::ErrorKind::InvalidData => {
                OpenError::MarkMalformed { path: self.mark.clone(), restore: self.restore.clone() }
            }
            _ => OpenError::Unusable { path: self.mark.clone(), source },
        })
    }

    pub(crate) fn mark_place(&self, settings: &StoreSettings) -> Result<MarkPlace, OpenError> {
        let store = self.directory.store();
        let file = FileIdentity::of(&store, settings.mark_identity)
            .map_err(|source| OpenError::Unusable { path: store.clone(), source })?;
        Ok(MarkPlace { path: self.mark.clone(), file, store })
    }

    /// The roots of the key file, which must be there.
    pub(crate) fn roots(&self) -> Result<Roots, OpenError> {
        if let Some(path) = &self.configured_roots {
            return Ok(Roots::read_configured(path)?);
        }
        let path = self.directory.roots();
        if exists(&path)? {
            return Ok(Roots::read_own(&path)?);
        }
        Err(OpenError::RootsMissing { path, restore: self.restore.clone() })
    }

    /// The roots; a fresh one only where there is no store that another could have sealed for.
    fn roots_or_new(&self, has_store: bool, settings: &StoreSettings) -> Result<Roots, OpenError> {
        let path = self.directory.roots();
        if self.configured_roots.is_some() || has_store || exists(&path)? {
            return self.roots();
        }
        Ok(Roots::create(&path, &*settings.entropy)?)
    }

    /// Refuses a store that was put back, copied or exchanged, and a clock behind it.
    pub(crate) fn check(
        &self,
        state: &State,
        mark: Option<Mark>,
        file: FileIdentity,
        now: Timestamp,
    ) -> Result<(), OpenError> {
        let (path, restore) = (self.directory.store(), self.restore.clone());
        let Some(mark) = mark else {
            return Err(OpenError::MarkMissing { path: self.mark.clone(), restore });
        };
        match mark.difference(state, file) {
            Some(Difference::Behind) => {
                let (commits, marked) = (state.commits, mark.commits);
                return Err(OpenError::StoreBehind { path, commits, marked, restore });
            }
            Some(Difference::Other) => return Err(OpenError::StoreExchanged { path, restore }),
            None => {}
        }
        if floor::is_behind(state.floor, now) {
            let behind_s = state.floor.since(now).as_secs();
            return Err(OpenError::ClockBehind { path, behind_s, restore });
        }
        Ok(())
    }
}

/// redb behind one writer thread.
pub struct Redb {
    jobs: Option<SyncSender<Box<dyn Job>>>,
    writer: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
    database: Arc<Database>,
    /// Holds the lock of the directory, so it must go last.
    medium: Medium,
}

/// What a store lies on.
enum Medium {
    File { path: PathBuf, _directory: Directory },
    Disk(FaultyDisk),
}

impl Backend for Redb {
    fn write(&self, job: Box<dyn Job>) {
        let refused = match &self.jobs {
            Some(jobs) => match jobs.try_send(job) {
                Ok(()) => return,
                Err(TrySendError::Full(job)) => (job, "too many changes are waiting for the disk"),
                Err(TrySendError::Disconnected(job)) => (job, "the store has stopped"),
            },
            None => (job, "the store is closed"),
        };
        let (job, reason) = refused;
        let stopped = self.shared.check();
        job.answer(stopped.and_then(|()| Err(StoreError::Unavailable(reason.into()))));
    }

    fn read(
        &self,
        operation: &mut dyn FnMut(&mut dyn ReadTables) -> Result<(), Failure>,
    ) -> Result<(), StoreError> {
        self.shared.check()?;
        // A damaged page can make the library panic. The reader is answered, and the thread goes on.
        let read = catch_unwind(AssertUnwindSafe(|| {
            let transaction = self.database.begin_read().map_err(Failure::broken)?;
            operation(&mut Snapshot::new(&transaction))
        }));
        match read {
            Ok(Ok(())) => Ok(()),
            Ok(Err(Failure::Corrupt(what))) => Err(StoreError::Corrupt(what)),
            Ok(Err(Failure::Broken(what))) => Err(StoreError::Unavailable(what)),
            Err(_) => Err(StoreError::Corrupt("the store's file is damaged".into())),
        }
    }

    fn recent(&self) -> &RecentChanges {
        &self.shared.recent
    }

    fn file_bytes(&self) -> u64 {
        match &self.medium {
            Medium::File { path, .. } => std::fs::metadata(path).map_or(0, |metadata| metadata.len()),
            Medium::Disk(disk) => disk.len_bytes(),
        }
    }
}

impl Drop for Redb {
    fn drop(&mut self) {
        self.jobs = None;
        let Some(writer) = self.writer.take() else {
            return;
        };
        // The last reference can be held by what `on_fatal` captured, and then this is the writer's own thread.
        if writer.thread().id() != std::thread::current().id() {
            // Its panics were caught and reported where they happened.
            let _ = writer.join();
        }
    }
}

/// Changes that may wait for the writer: some seconds of it. More are refused, as nobody waits that long.
const WAITING_MAX: usize = 16_384;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::MarkPlace;
    use dormouse_token::{CutOffStore, Head, ManualClock, SeededEntropy, StoreEpoch};
    use std::fs;

    fn settings(seed: u64) -> StoreSettings {
        StoreSettings {
            clock: Arc::new(ManualClock::at(Timestamp::from_ms(1_800_000_000_000))),
            entropy: Arc::new(SeededEntropy::new(seed)),
            mark_path: None,
            mark_identity: MarkIdentity::File,
            roots_path: None,
        }
    }

    #[track_caller]
    fn open_head(path: &Path, seed: u64) -> Head {
        let store = RedbStore::open(path, &settings(seed), Box::new(|_| {})).unwrap().store;
        let mut head = store.head();
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let std::task::Poll::Ready(head) = head.as_mut().poll(&mut context) else {
            panic!("the head is read without waiting");
        };
        head.unwrap()
    }

    /// Makes a store and stops where a crash could: before its first mark, or right after it.
    fn interrupted(path: &Path, is_marked: bool) -> Place {
        let place = Place::new(Directory::create_or_open(path).unwrap(), &settings(1));
        place.roots_or_new(false, &settings(1)).unwrap();
        let (database, state) = database::create(&place.directory.store(), Timestamp::EPOCH).unwrap();
        drop(database);
        if is_marked {
            let MarkPlace { path, file, .. } = place.mark_place(&settings(1)).unwrap();
            let lost = State { epoch: StoreEpoch([7; 16]), commits: 1000, ..state };
            Mark::of(&lost, file).write(&path).unwrap();
        }
        place
    }

    #[test]
    fn a_store_whose_making_was_interrupted_is_begun_under_an_epoch_of_its_own() {
        for is_marked in [false, true] {
            let directory = tempfile::tempdir().unwrap();
            drop(interrupted(directory.path(), is_marked));
            let unmarked = fs::read(directory.path().join("store.redb")).unwrap();
            let head = open_head(directory.path(), 2);
            assert_ne!(head.epoch, StoreEpoch([0; 16]));
            assert_ne!(head.epoch, StoreEpoch([7; 16]));
            assert_eq!(open_head(directory.path(), 3), head, "the epoch stays from then on");
            // A copy from before the first mark does not know the epoch that tokens were sealed under since.
            fs::write(directory.path().join("store.redb"), unmarked).unwrap();
            assert_ne!(open_head(directory.path(), 4).epoch, head.epoch);
        }
    }

    #[test]
    fn what_a_crash_left_of_a_new_file_is_in_nobody_s_way() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("store.redb.new"), b"half a file").unwrap();
        fs::write(directory.path().join("roots.new"), b"half a key").unwrap();
        open_head(directory.path(), 1);
        assert!(!directory.path().join("store.redb.new").exists());
        assert!(!directory.path().join("roots.new").exists());
    }
}
