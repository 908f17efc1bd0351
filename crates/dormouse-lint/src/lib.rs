//! The linter: finds refresh tokens that nobody redeems, and their relatives, in Apigee bundles, before they are
//! deployed. A set of bundles is one program.
//!
//! Invariants: nothing is run, nothing is fetched; the same files give the same findings wherever and in whatever
//! order the machine reads them; no input makes it panic; what is not understood is not remarked on.

mod analysis;
mod baseline;
mod documentation;
mod fix;
mod gather;
mod lint;
mod parallel;
mod registry;
mod rule;
mod rules;
mod settings;
mod suppress;
#[cfg(test)]
mod testing;
mod ttl;
mod uses;

pub use baseline::{Baseline, BaselineError};
pub use documentation::{bill, explain, list, rules_page};
pub use fix::apply;
pub use gather::{GatherError, Input, gather};
pub use lint::{Linted, lint};
pub use registry::RULES;
pub use rule::Rule;
pub use settings::{Settings, SettingsError};
