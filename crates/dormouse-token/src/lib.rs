//! OAuth domain of Dormouse: scopes, secrets, sealed tokens, families, redemption rules, and the ports of the store.
//!
//! Pure: no I/O, no clock, no global randomness. Time and randomness are the parameters [`Clock`] and [`Entropy`].

mod attributes;
mod basic;
mod cbor;
mod claims;
mod claims_codec;
mod counter;
mod cut_off;
mod entropy;
mod envelope;
mod family;
mod form;
mod id;
mod key;
mod kind;
mod port;
mod redeem;
mod row;
mod scope;
mod seal;
mod secret;
mod time;
mod transition;

pub use attributes::Attributes;
pub use basic::{BasicCredentials, basic_credentials};
pub use cbor::Malformed;
pub use claims::{Claims, Partner, SealedAttributes};
pub use counter::{Age, CountedEvent, CounterKey, Deadline};
pub use cut_off::{Burn, CutOff, CutOffRow, Reach, Target};
pub use entropy::{Entropy, SeededEntropy, random};
pub use family::{Edit, FamilyRecord, Reason, Status};
pub use form::{Form, FormError};
pub use id::{Attempt, FamilyId, KeyId, RootId, SourceId, StoreEpoch};
pub use key::{ROOT_LEN, Root};
pub use kind::{FrontEnd, Grant, Kind, Rotation};
pub use port::{
    Change, Changed, CodeMark, Collection, CounterStore, CutOffStore, Document, DocumentKey, DocumentStore,
    DocumentWrite, Expected, FamilyChange, FamilyStore, Feed, FeedBatch, FeedPosition, Head, MaintainedStore,
    Marked, Page, PageKey, RowStore, Store, StoreError, StoreFuture, StoreStatistics,
};
pub use redeem::{Decision, Mint, Redeemer, Redemption, decide};
pub use row::{Row, RowKey, RowSwap};
pub use scope::Scope;
pub use seal::{
    CLOCK_SKEW_MAX, KeyRing, LIFETIME_MAX, OpenError, RETENTION_MARGIN, RingError, SealError, TOKEN_LEN_MAX,
};
pub use secret::Secret;
pub use time::{Clock, ManualClock, Timestamp};
pub use transition::{Sides, approve, delete, edit, is_superseded, revoke, revoke_access};
