//! Starting a node: feed position first, then load, then replay, so that no change falls between (TOKENS §5).

use crate::count::Counts;
use crate::entities::{StoreVault, apply_document};
use crate::error::Error;
use crate::follow::Following;
use crate::keys::Keys;
use crate::maintain::Started;
use crate::resident::Resident;
use crate::{Engine, Settings};
use arc_swap::ArcSwap;
use dormouse_entity::Directory;
use dormouse_token::{
    Change, Clock, Collection, Entropy, KeyRing, PageKey, RingError, Root, RootId, RowKey, Store, StoreError,
};
use quick_cache::sync::Cache;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

/// Why a node cannot start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The roots do not form a ring.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// The store gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keys in the store do not open under the roots: they belong to another store, or a root is missing.
    #[error(
        "the keys in the store do not open under the loaded roots: put the key file of this store back; without it the client \
         secrets are lost, and a new data directory must be provisioned"
    )]
    ForeignKeys,
    /// The root that shall seal was burned: every token that it sealed would be dead.
    #[error(
        "root {0} shall seal and was burned: let another root seal, for a data directory with `dormouse store rotate-root`"
    )]
    SealingRootBurned(RootId),
    /// The resident state could not be loaded.
    #[error(transparent)]
    Load(#[from] Error),
}

/// What a node is made of.
pub(crate) struct Parts {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) settings: Settings,
}

impl Engine {
    /// Loads everything resident and returns a node that serves.
    ///
    /// Every root of `roots` opens tokens; `sealing` seals new ones. `organization` is stable for the life of the tokens.
    ///
    /// # Errors
    /// [`StartError`] when the roots or the store cannot be used.
    pub async fn start(
        store: Arc<dyn Store>,
        (roots, sealing): (Vec<Root>, RootId),
        organization: &str,
        (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>),
        settings: Settings,
    ) -> Result<Arc<Self>, StartError> {
        let head = store.head().await?;
        let ring = KeyRing::new(roots, sealing, head.epoch, organization)?;
        let keys = Keys::load(&*store, &ring, &*entropy).await?;
        let parts = Parts { clock, entropy, settings };
        let engine = Self::assemble(store, ring, keys, parts);
        engine.load().await?;
        if engine.is_burned(sealing) {
            return Err(StartError::SealingRootBurned(sealing));
        }
        // What a node that died in between, or one without the root that seals, has left to do.
        engine.renew_keys().await?;
        Ok(Arc::new(engine))
    }

    fn assemble(store: Arc<dyn Store>, ring: KeyRing, keys: Keys, parts: Parts) -> Self {
        let started = Started { at: parts.clock.now(), monotonic: parts.clock.monotonic() };
        Self {
            store,
            started,
            ring,
            keys: ArcSwap::from_pointee(keys),
            clock: parts.clock,
            entropy: parts.entropy,
            settings: parts.settings,
            resident: Resident::default(),
            following: Following::default(),
            counts: Counts::default(),
            grace_answers: Cache::new(GRACE_ANSWERS),
            overflow: Cache::new(OVERFLOW_ROWS),
            rolled_back: AtomicBool::new(false),
            catch_up: crate::verify::CatchUp::default(),
            stale_answers: AtomicU64::new(0),
            forgotten_at_ms: AtomicU64::new(0),
            observer: std::sync::OnceLock::new(),
        }
    }

    /// Loads the resident state, or loads it anew when the feed cannot be continued.
    pub(crate) async fn load(&self) -> Result<(), Error> {
        let known = self.resident.cut_offs.applied();
        let position = self.store.feed_position().await?;
        let head = self.store.head().await?;
        self.check_head(head, known)?;
        let documents = self.store.documents(Collection::Keys).await?;
        let keys = Keys::read(documents.into_iter().collect(), &self.ring).ok().flatten();
        let keys = keys.map_or_else(|| self.keys.load_full(), Arc::new);
        let vault = StoreVault { keys: Arc::clone(&keys), entropy: &*self.entropy };
        let mut directory = Directory::default();
        let mut imports = HashSet::new();
        let mut page = Some(PageKey::default());
        while let Some(from) = page {
            let loaded = self.store.load(self.clock.now(), from).await?;
            for (key, document) in self.apply_exceptions(&loaded.changes) {
                apply_document(&mut directory, &vault, key, document);
            }
            imports.extend(loaded.changes.iter().filter_map(import_hash));
            page = loaded.next;
        }
        self.resident.cut_offs.reached(head.cut_off);
        self.following.restart_from(position, || {
            // What was removed while the feed could not be continued is in no page.
            self.resident.directory.store(Arc::new(directory));
            self.keys.store(keys);
            self.resident.imports.pin().retain(|hash, _| imports.contains(hash));
        });
        self.follow().await
    }
}

fn import_hash(change: &Change) -> Option<[u8; 32]> {
    match change {
        Change::Row(RowKey::Import { hash, .. }, Some(_)) => Some(*hash),
        _ => None,
    }
}

/// Families whose grace answers are counted. Forgetting a count is harmless: the window is short and the answer the same.
const GRACE_ANSWERS: usize = 16_384;

/// Overflow attributes kept in memory, at most 8 KiB each.
const OVERFLOW_ROWS: usize = 1_024;
