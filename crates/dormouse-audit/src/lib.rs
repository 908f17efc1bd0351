//! From counters to the audit's answer: who issues refresh tokens that nobody redeems, what that would cost elsewhere and
//! costs here, and what to change (TOKENS §8, DESIGN §4). `docs/audit.md` documents the forms.
//!
//! Pure. A row stands for one client, source and grant; nothing here knows a single token. Names come from bundles and
//! administrators: every form escapes them in its own way, and text for terminals wants them made visible first
//! ([`Report::with_names`]).

mod advice;
mod cohort;
mod columns;
mod csv;
mod html;
mod peers;
mod report;
mod row;
mod storage;
mod text;

pub use advice::{Advice, AdviceCode};
pub use cohort::{AgeCounts, AgeShares, Cohort};
pub use csv::csv;
pub use html::html;
pub use peers::{Evidence, Peer};
pub use report::{Observed, Report, report};
pub use row::Row;
pub use storage::{Design, Held, Size, Storage};
pub use text::{Look, table, text};
