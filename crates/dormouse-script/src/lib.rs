//! JavaScript policies' engine: QuickJS on threads of its own, with limits and under watch, and Apigee's object model
//! (Apigee: "JavaScript object model").
//!
//! Invariants: no script ever runs on a thread that serves requests; every run has a global scope of its own; a script
//! reaches nothing but what the caller answers through [`Run`]; a run always ends, if need be by giving up its thread.

mod bridge;
mod datum;
mod digest;
mod engine;
mod error;
mod messages;
mod pool;
mod question;
mod rewrite;
mod running;
mod script;
mod scripts;
mod tokens;

pub use datum::Datum;
pub use error::ScriptError;
pub use question::{Answer, Event, HttpRequest, Question};
pub use script::{Script, ScriptSource, SyntaxError};
pub use scripts::{Limits, Run, Scripts, Stage};
