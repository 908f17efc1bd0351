//! Listeners and endpoints: sockets on the outside, the gateway's program and the engine on the inside.
//!
//! The gateway is served by one current-thread runtime per worker, each with its own listening socket on the same address
//! (`SO_REUSEPORT`), so that requests share nothing but the engine. The native endpoints have as many, the admin listener and
//! the housekeeping one each.

mod admin;
mod audit_log;
mod body;
mod gateway;
mod head;
mod listener;
mod loopback;
mod metrics;
mod oauth;
mod process_metrics;
mod run;
mod service;
mod shutdown;
mod tls;
mod token_events;
mod worker;

pub use admin::{AdminAccess, administer};
pub use audit_log::{Actor, AuditLog, AuditLogSettings, Record};
pub use listener::{BindError, Listen, Origin};
pub use oauth::{CorsOrigin, CorsOriginError, Issuer, IssuerError, NATIVE_SOURCE, OAuthSettings};
pub use run::{Running, ServerSettings, start};
pub use service::Service;
pub use shutdown::Shutdown;
pub use tls::{Tls, TlsError};
