//! What Quota policies have used: counters that all transactions of a process share (Apigee: "Quota policy").

mod counters;
mod period;
mod tally;

pub use counters::{QuotaCounters, QuotaKey};
pub use period::{QuotaKind, QuotaPeriod, QuotaUnit};
pub use tally::{QuotaDemand, QuotaMode, QuotaReading};
