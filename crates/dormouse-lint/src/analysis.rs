//! What a set of bundles does, as far as that can be told without running it.

pub(crate) mod effects;
mod java_regex;
pub(crate) mod logic;
pub(crate) mod occurrence;
mod pattern;
pub(crate) mod program;
pub(crate) mod state;
pub(crate) mod unit;
mod walk;
