//! The token engine: issues, verifies, redeems, revokes, looks up, edits, imports and counts tokens.
//!
//! It owns the resident exceptions and knows no backend: the store is a port. Verification is answered from memory; every
//! change is acknowledged only after it is durable and visible to this node's own verification. `TOKENS` is its contract.

mod administer;
mod attributes;
mod client;
mod code;
mod commit;
mod count;
mod cut_off;
mod cut_off_table;
mod entities;
mod entity_write;
mod error;
mod follow;
mod import;
mod import_content;
mod inspect;
mod issue;
mod key_value;
mod keys;
mod ledger;
mod look_up;
mod maintain;
mod observe;
mod pkce;
mod present;
mod provision;
mod redeem;
mod renew;
mod resident;
mod revoke_native;
mod settings;
mod source;
mod start;
mod status;
mod user;
mod verify;

pub use client::{AuthenticatedClient, IdentifiedClient};
pub use code::{CodeExchange, CodeRequest};
pub use cut_off::CutOffOrder;
pub use error::{Error, Refusal, Supersession, Unavailable};
pub use import::{ImportRequest, Imported};
pub use inspect::{Check, Inspected, Inspection};
pub use issue::{ImplicitRequest, IssueRequest, Issued, Token};
pub use key_value::MapName;
pub use look_up::{LookedUp, PartnerView};
pub use observe::{Act, Event, Observer};
pub use provision::{ProvisionError, Provisioned};
pub use redeem::{RedeemRequest, Redeemed};
pub use revoke_native::NativeRevocation;
pub use settings::Settings;
pub use source::source_id;
pub use start::StartError;
pub use status::StatusChange;
pub use verify::{Freshness, Verified};

use crate::count::Counts;
use crate::follow::Following;
use crate::keys::Keys;
use crate::resident::Resident;
use arc_swap::ArcSwap;
use dormouse_entity::Directory;
use dormouse_token::{Clock, Entropy, KeyRing, Store, StoreEpoch, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

/// A node of the token service.
pub struct Engine {
    store: Arc<dyn Store>,
    ring: KeyRing,
    keys: ArcSwap<Keys>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    settings: Settings,
    started: maintain::Started,
    resident: Resident,
    following: Following,
    counts: Counts,
    grace_answers: quick_cache::sync::Cache<([u8; 16], u32), Arc<AtomicU32>>,
    overflow: quick_cache::sync::Cache<Vec<u8>, Arc<dormouse_token::Attributes>>,
    rolled_back: AtomicBool,
    catch_up: verify::CatchUp,
    stale_answers: AtomicU64,
    forgotten_at_ms: AtomicU64,
    observer: std::sync::OnceLock<Observer>,
}

impl Engine {
    /// The present time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The clock that every decision is made by.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The source of randomness.
    pub fn entropy(&self) -> &Arc<dyn Entropy> {
        &self.entropy
    }

    /// The store, for administration and statistics. Token state is changed through the engine alone.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Limits and windows.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The organization that all tokens belong to.
    pub fn organization(&self) -> &str {
        self.ring.organization()
    }

    /// The store epoch that all tokens belong to.
    pub const fn epoch(&self) -> StoreEpoch {
        self.ring.epoch()
    }

    /// The present developers, apps, credentials and products.
    pub fn directory(&self) -> Arc<Directory> {
        self.resident.directory.load_full()
    }

    /// Whether a token has proved that the store was rolled back or lost. Then nothing is issued or redeemed any more.
    pub fn is_rolled_back(&self) -> bool {
        self.rolled_back.load(Ordering::Acquire)
    }

    /// Families and imported access tokens held in memory, for metrics.
    pub fn resident_count(&self) -> (usize, usize) {
        (self.resident.families.len(), self.resident.imports.len())
    }
}
