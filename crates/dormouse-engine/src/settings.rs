//! Limits and windows of the engine. Lifetimes are the front ends'.

use std::time::Duration;

/// What an operator may set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long after a redemption under `rotate` its answer is repeated.
    pub grace: Duration,
    /// Longest life of a native family, counted from the hour of its birth.
    pub family_ttl: Duration,
    /// How long verification goes on from memory while the store cannot be followed. Zero: not at all.
    pub stale_max: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            grace: Duration::from_mins(1),
            family_ttl: Duration::from_hours(24 * 180),
            stale_max: Duration::from_mins(1),
        }
    }
}
