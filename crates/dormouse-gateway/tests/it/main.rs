//! Whole bundles, from their files to HTTP answers.

#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

mod base_paths;
mod browser;
mod faults;
mod flows;
mod hostile;
mod messages;
mod problems;
mod quota;
mod routes;
mod scripts;
mod shared_flows;
mod support;
mod targets;
mod upstream;
