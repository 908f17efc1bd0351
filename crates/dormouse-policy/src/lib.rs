//! Apigee's policies: one file each, found through the [`registry`].
//!
//! Invariants: a policy is compiled once, when its bundle is deployed, and every error of its configuration is told
//! then; at run time it reads and changes one transaction and returns an outcome, and never calls the gateway.

mod cache_settings;
mod compile_context;
mod configuration;
mod connection;
mod connection_settings;
mod extract;
mod javascript;
mod key_values;
mod load_balancer;
mod message_actions;
mod oauth;
mod policies;
mod quota;
pub mod registry;
mod sink;

pub use compile_context::{CompileContext, Platform, Resources, compile_condition};
pub use connection::{ConnectionError, HttpConnection};
pub use dormouse_script::Scripts;
pub use key_values::put_initial_entries;
pub use oauth::token_sources;
pub use registry::{Compiled, PolicyKind};
