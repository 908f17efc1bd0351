//! Listeners and endpoints: sockets on the outside, the gateway's program and the engine on the inside.
//!
//! The gateway is served by one current-thread runtime per worker, each with its own listening socket on the same address
//! (`SO_REUSEPORT`), so that requests share nothing but the engine. The admin listener and the housekeeping have a thread of
//! their own.

mod admin;
mod body;
mod gateway;
mod head;
mod loopback;
mod metrics;
mod oauth;
mod run;
mod service;
mod shutdown;
mod worker;

pub use admin::{AdminAccess, administer};
pub use oauth::{Issuer, IssuerError, NATIVE_SOURCE, OAuthSettings};
pub use run::{BindError, Running, ServerSettings, start};
pub use service::Service;
pub use shutdown::Shutdown;
