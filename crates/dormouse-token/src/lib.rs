//! OAuth domain of Dormouse: scopes, secrets, sealed tokens, families, redemption rules, and the ports of the store.
//!
//! Pure: no I/O, no clock, no global randomness. Time and randomness are the parameters [`Clock`] and [`Entropy`].

mod attributes;
mod cbor;
mod claims;
mod claims_codec;
mod entropy;
mod id;
mod key;
mod kind;
mod scope;
mod seal;
mod secret;
mod time;

pub use attributes::Attributes;
pub use cbor::Malformed;
pub use claims::{Claims, Partner, SealedAttributes};
pub use entropy::{Entropy, SeededEntropy, random};
pub use id::{Attempt, FamilyId, KeyId, RootId, SourceId, StoreEpoch};
pub use key::{ROOT_LEN, Root};
pub use kind::{FrontEnd, Grant, Kind, Rotation};
pub use scope::Scope;
pub use seal::{
    CLOCK_SKEW_MAX, KeyRing, LIFETIME_MAX, OpenError, RETENTION_MARGIN, RingError, SealError, TOKEN_LEN_MAX,
};
pub use secret::Secret;
pub use time::{Clock, ManualClock, Timestamp};
