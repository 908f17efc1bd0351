//! Following the store's feed, and how stale a node is allowed to be (TOKENS §5).

use crate::Engine;
use crate::error::{Error, Unavailable};
use crate::resident::ResidentImport;
use dormouse_entity::Directory;
use dormouse_token::{Change, Claims, FeedPosition, KeyId, Kind, Row, RowKey, Timestamp};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Where the node is in the feed.
#[derive(Default)]
pub(crate) struct Following {
    position: Mutex<FeedPosition>,
    /// Monotonic milliseconds at which the last successful poll began.
    polled_at_ms: AtomicU64,
    applying: Mutex<()>,
}

/// A linearizable look at the store: everything acknowledged before it began has been taken in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Read {
    /// The time of the look. Tokens minted on it carry it.
    pub(crate) now: Timestamp,
    /// The cut-off counter that was applied whole. Tokens minted on it carry it.
    pub(crate) seen: u64,
}

impl Following {
    pub(crate) fn continue_from(&self, position: FeedPosition) {
        let mut current = self.position.lock();
        *current = position.max(*current);
    }

    pub(crate) fn succeeded(&self, began: Duration) {
        let began = u64::try_from(began.as_millis()).unwrap_or(u64::MAX);
        self.polled_at_ms.fetch_max(began, Ordering::AcqRel);
    }
}

impl Engine {
    /// Polls the feed once and applies what it brings.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store gives no answer.
    pub async fn follow(&self) -> Result<(), Error> {
        let began = self.clock.monotonic();
        let after = *self.following.position.lock();
        let Some(batch) = self.store.poll(after).await? else {
            return Box::pin(self.load()).await;
        };
        if batch.head.epoch != self.ring.epoch() {
            self.alarm_rolled_back();
            return Err(Unavailable::RolledBack.into());
        }
        self.apply_all(&batch.changes)?;
        self.resident.cut_offs.reached(batch.head.cut_off);
        self.following.continue_from(batch.position);
        self.following.succeeded(began);
        Ok(())
    }

    /// Time since the last successful poll began.
    pub fn staleness(&self) -> Duration {
        let polled_at = Duration::from_millis(self.following.polled_at_ms.load(Ordering::Acquire));
        self.clock.monotonic().saturating_sub(polled_at)
    }

    /// What issuing needs: a node that has followed the store within the last second.
    pub(crate) async fn recent(&self) -> Result<Read, Error> {
        self.refuse_after_rollback()?;
        if self.staleness() > STALE_AFTER {
            self.follow().await.map_err(|error| self.stale(&error))?;
        }
        Ok(self.read())
    }

    /// What redeeming and looking up need: a linearizable look at the head of the store.
    pub(crate) async fn linearizable(&self) -> Result<Read, Error> {
        self.refuse_after_rollback()?;
        let head = self.store.head().await?;
        if head.epoch != self.ring.epoch() {
            self.alarm_rolled_back();
            return Err(Unavailable::RolledBack.into());
        }
        if self.resident.cut_offs.applied() < head.cut_off || self.staleness() > STALE_AFTER {
            self.follow().await?;
        }
        Ok(self.read())
    }

    /// The counter is read before anything is judged, so that what is judged has seen at least as much.
    fn read(&self) -> Read {
        let seen = self.resident.cut_offs.applied();
        Read { now: self.clock.now(), seen }
    }

    /// Refuses a token that has seen more than the store holds: the store was rolled back.
    pub(crate) fn check_seen(&self, claims: &Claims, read: Read) -> Result<(), Error> {
        if claims.seen > read.seen {
            self.alarm_rolled_back();
            return Err(Unavailable::RolledBack.into());
        }
        Ok(())
    }

    /// Stops issuing and redeeming for good.
    pub(crate) fn alarm_rolled_back(&self) {
        if !self.rolled_back.swap(true, Ordering::AcqRel) {
            tracing::error!(
                "the store was rolled back or lost: nothing is issued or redeemed until `dormouse store restore` was run"
            );
        }
    }

    fn refuse_after_rollback(&self) -> Result<(), Error> {
        if self.is_rolled_back() { Err(Unavailable::RolledBack.into()) } else { Ok(()) }
    }

    fn stale(&self, error: &Error) -> Error {
        tracing::warn!(%error, "the store cannot be followed");
        Unavailable::Stale { seconds: self.staleness().as_secs() }.into()
    }

    /// Applies changes in order; those of entities become visible together at the end.
    pub(crate) fn apply_all(&self, changes: &[Change]) -> Result<(), Error> {
        let now = self.clock.now();
        // Two readers of the feed must not overwrite each other's directory.
        let _applying = self.following.applying.lock();
        let mut directory: Option<Directory> = None;
        for change in changes {
            match change {
                Change::Family(id, record) => self.resident.apply_family(*id, record, now),
                Change::Row(key, row) => self.apply_row(key, row.as_ref(), now),
                Change::CutOff(row) => self.resident.cut_offs.apply(row),
                Change::Document(key, document) => {
                    let directory =
                        directory.get_or_insert_with(|| (**self.resident.directory.load()).clone());
                    self.apply_document(directory, key, document.as_ref())?;
                }
            }
        }
        if let Some(directory) = directory {
            self.resident.directory.store(Arc::new(directory));
        }
        Ok(())
    }

    fn apply_row(&self, key: &RowKey, row: Option<&Row>, now: Timestamp) {
        let RowKey::Import { kind: Kind::Access, hash, .. } = key else { return };
        let Some(row) = row else { return self.resident.apply_import(*hash, None) };
        if row.resident_until <= now {
            return;
        }
        match self.open_import(key, row, now) {
            Ok((claims, key)) => self.resident.apply_import(*hash, Some(resident_import(row, claims, key))),
            // A row that does not open belongs to a burned or unknown root: its token is dead, and stays unknown.
            Err(error) => tracing::warn!(%error, "an imported token does not open"),
        }
    }
}

pub(crate) fn resident_import(row: &Row, claims: Claims, key: KeyId) -> ResidentImport {
    ResidentImport { version: row.version, claims: Arc::new(claims), key }
}

/// Older than this, a node does not issue, and verification tries to catch up first.
pub(crate) const STALE_AFTER: Duration = Duration::from_secs(1);
