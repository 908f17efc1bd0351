//! Tests of the crate through its public functions, on bundles written to a temporary directory.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests fail loudly")]

mod diagnosis;
mod fixture;
mod hostile;
mod loading;
mod oauth;
mod zips;
