//! What can be measured, as plain data. A new measurement is a file in `part` and a line here.

mod gateway;
mod redeem;
mod serve;
mod start;
mod token;
mod verify;

use crate::table::Table;
use std::path::PathBuf;
use std::time::Duration;

/// One part of the benchmarks.
pub(crate) struct Part {
    /// What is typed.
    pub(crate) name: &'static str,
    /// What it measures, for people.
    pub(crate) about: &'static str,
    /// Measures.
    pub(crate) run: fn(&Setting) -> anyhow::Result<Table>,
}

/// How to measure.
pub(crate) struct Setting {
    /// The binary.
    pub(crate) dormouse: PathBuf,
    /// A directory on the disk to be measured, removed afterwards.
    pub(crate) scratch: PathBuf,
    /// How long one measurement lasts.
    pub(crate) time: Duration,
    /// How often baseline and candidate take turns.
    pub(crate) rounds: usize,
    /// Families in the store of `verify`.
    pub(crate) families: u32,
    /// Live exceptions in the store of `start`.
    pub(crate) exceptions: u32,
}

/// Every part, in the order in which they run.
pub(crate) const PARTS: &[Part] = &[
    Part { name: "token", about: "seal, open and verify in process, beside their parts", run: token::run },
    Part { name: "serve", about: "token endpoint and introspection beside a bare server", run: serve::run },
    Part { name: "gateway", about: "bundles on a null route beside a bare server", run: gateway::run },
    Part { name: "redeem", about: "durable redemptions beside the disk and a bare store", run: redeem::run },
    Part { name: "start", about: "start and memory", run: start::run },
    Part { name: "verify", about: "verification under many exceptions", run: verify::run },
];
