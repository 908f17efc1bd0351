//! Compiles bundles into a program and runs requests through it: base paths, flows, routes, faults. No sockets.
//!
//! Invariants: what can be found wrong with a bundle is found by [`compile()`]; a request is answered whatever a bundle
//! does, by a fault at worst; policies never call the gateway, it reads their outcomes.

mod base_path;
mod compile;
mod faults;
mod local_calls;
mod program;
mod property_set;
mod reply;
mod run;

pub use compile::{Settings, compile};
pub use program::Program;
pub use reply::{AfterReply, Reply, Sent};
