//! Following the store's feed, and how stale a node is allowed to be (TOKENS §5).

use crate::Engine;
use crate::entities::apply_document;
use crate::error::{Error, Unavailable};
use crate::resident::ResidentImport;
use dormouse_token::{
    Change, Claims, Collection, Document, DocumentKey, FeedPosition, Head, KeyId, Kind, Row, RowKey,
    Timestamp,
};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Where the node is in the feed.
#[derive(Default)]
pub(crate) struct Following {
    place: Mutex<Place>,
    followers: AtomicU64,
    /// Monotonic milliseconds at which the last successful poll began.
    polled_at_ms: AtomicU64,
}

/// Held while changes are applied, so that nobody applies older ones over newer ones.
#[derive(Clone, Copy, Default)]
struct Place {
    position: FeedPosition,
    /// Counts what was applied. A batch that was polled before the last of it is polled again.
    applications: u64,
    /// The latest follower, by the order in which they began, whose batch was applied.
    follower: u64,
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
    fn succeeded(&self, began: Duration) {
        let began = u64::try_from(began.as_millis()).unwrap_or(u64::MAX);
        self.polled_at_ms.fetch_max(began, Ordering::AcqRel);
    }

    /// Applies what this node has committed itself, so that no batch that was polled before is applied after it.
    pub(crate) fn apply_own(&self, apply: impl FnOnce()) {
        let mut place = self.place.lock();
        place.applications += 1;
        apply();
    }

    /// Goes back to where an initial load began: what happened since is polled, again by those who are polling now.
    pub(crate) fn restart_from(&self, position: FeedPosition, apply: impl FnOnce()) {
        let mut place = self.place.lock();
        *place = Place { position, applications: place.applications + 1, follower: 0 };
        apply();
    }
}

impl Engine {
    /// Polls the feed and applies what it brings: everything that was acknowledged before the call.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store gives no answer.
    pub async fn follow(&self) -> Result<(), Error> {
        let began = self.clock.monotonic();
        let follower = self.following.followers.fetch_add(1, Ordering::AcqRel) + 1;
        loop {
            let known = self.resident.cut_offs.applied();
            let place = *self.following.place.lock();
            let Some(batch) = self.store.poll(place.position).await? else {
                return Box::pin(self.load()).await;
            };
            self.check_head(batch.head, known)?;
            let mut current = self.following.place.lock();
            // Somebody who began later has brought as much, or more.
            if current.follower > follower {
                break;
            }
            if current.applications != place.applications {
                continue;
            }
            self.apply_batch(&batch.changes);
            self.resident.cut_offs.reached(batch.head.cut_off);
            *current = Place { position: batch.position, applications: place.applications + 1, follower };
            break;
        }
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
        let known = self.resident.cut_offs.applied();
        let head = self.store.head().await?;
        self.check_head(head, known)?;
        if self.resident.cut_offs.applied() < head.cut_off || self.staleness() > STALE_AFTER {
            self.follow().await?;
        }
        Ok(self.read())
    }

    /// A store of another epoch, or with fewer cut-offs than this node had applied before it asked, is not the store that it
    /// was.
    pub(crate) fn check_head(&self, head: Head, known: u64) -> Result<(), Error> {
        if head.epoch == self.ring.epoch() && head.cut_off >= known {
            return Ok(());
        }
        self.alarm_rolled_back();
        Err(Unavailable::RolledBack.into())
    }

    /// The counter is read before anything is judged, so that what is judged has seen at least as much.
    fn read(&self) -> Read {
        let seen = self.resident.cut_offs.applied();
        Read { now: self.clock.now(), seen }
    }

    /// Refuses a token that has seen more than the store holds: the store was rolled back. Asked only about tokens that are
    /// not burned: whoever holds a burned key could stop the service otherwise.
    pub(crate) fn check_seen(&self, claims: &Claims, read: Read) -> Result<(), Error> {
        if claims.seen > read.seen && read.now < claims.family_expires_at {
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
    fn apply_batch(&self, changes: &[Change]) {
        let entities = self.apply_exceptions(changes);
        if entities.is_empty() {
            return;
        }
        // A secret may come together with the key that sealed it.
        self.apply_keys(&entities);
        let vault = self.vault();
        let mut directory = (**self.resident.directory.load()).clone();
        for (key, document) in entities {
            apply_document(&mut directory, &vault, key, document);
        }
        self.resident.directory.store(Arc::new(directory));
    }

    /// Takes in keys of the store. Those of a root that this node does not have change nothing here.
    fn apply_keys(&self, entities: &[Entity<'_>]) {
        let mut changed =
            entities.iter().copied().filter(|(key, _)| key.collection == Collection::Keys).peekable();
        if changed.peek().is_none() {
            return;
        }
        if let Some(keys) = self.keys.load().after(changed, &self.ring) {
            self.keys.store(Arc::new(keys));
        } else {
            tracing::error!("the store's keys do not open any more: a root is missing on this node");
        }
    }

    /// Applies what changes say about tokens; returns what they say about entities.
    pub(crate) fn apply_exceptions<'c>(&self, changes: &'c [Change]) -> Vec<Entity<'c>> {
        let forgotten = self.forgotten_until();
        let mut entities = Vec::new();
        for change in changes {
            match change {
                Change::Family(id, record) => self.resident.apply_family(*id, record, forgotten),
                Change::Row(key, row) => self.apply_row(key, row.as_ref()),
                Change::CutOff(row) => self.resident.cut_offs.apply(row),
                Change::Document(key, document) => entities.push((key, document.as_ref())),
            }
        }
        entities
    }

    fn apply_row(&self, key: &RowKey, row: Option<&Row>) {
        let RowKey::Import { kind: Kind::Access, hash, .. } = key else { return };
        // One that has expired replaces an earlier one all the same, which may not have.
        let Some(row) = row else { return self.resident.apply_import(*hash, None) };
        match self.open_import(key, row, self.now()) {
            Ok((claims, key)) => self.resident.apply_import(*hash, Some(resident_import(row, claims, key))),
            Err(error) => {
                // A row that does not open belongs to a burned or unknown root: its token is dead, and stays unknown.
                tracing::warn!(%error, "an imported token does not open");
                self.resident.apply_import(*hash, None);
            }
        }
    }
}

/// A document of an entity, or its removal.
pub(crate) type Entity<'c> = (&'c DocumentKey, Option<&'c Document>);

pub(crate) fn resident_import(row: &Row, claims: Claims, key: KeyId) -> ResidentImport {
    ResidentImport { version: row.version, claims: Arc::new(claims), key }
}

/// Older than this, a node does not issue, and verification tries to catch up first.
pub(crate) const STALE_AFTER: Duration = Duration::from_secs(1);
