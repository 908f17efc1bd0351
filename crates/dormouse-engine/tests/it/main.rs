//! The engine over the memory store: every rule of the token design, against clocks, faults and races.

#![expect(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail loudly")]

mod administration;
mod burns;
mod codes;
mod counters;
mod cut_offs;
mod faulty;
mod following;
mod imports;
mod issuing;
mod model;
mod native_revocation;
mod oracle;
mod provision;
mod race;
mod redemption;
mod renewal;
mod replay;
mod statuses;
mod support;
mod twins;
