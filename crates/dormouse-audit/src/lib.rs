//! From counters to the audit's answer: who issues refresh tokens that nobody redeems (TOKENS §8, DESIGN §4).
//!
//! Pure. A row stands for one client, source and grant; nothing here knows a single token.

mod report;
mod table;

pub use report::{AgeShares, Report, Row, report};
pub use table::table;
