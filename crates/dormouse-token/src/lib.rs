//! OAuth domain of Dormouse: scopes, secrets, sealed tokens, families, redemption rules, and the ports of the store.
//!
//! Pure: no I/O, no clock, no global randomness. Time and randomness are the parameters [`Clock`] and [`Entropy`].

mod entropy;
mod scope;
mod secret;
mod time;

pub use entropy::{Entropy, SeededEntropy, random};
pub use scope::Scope;
pub use secret::Secret;
pub use time::{Clock, ManualClock, Timestamp};
