//! Whole bundles, from their files to HTTP answers.

mod base_paths;
mod faults;
mod flows;
mod hostile;
mod messages;
mod problems;
mod routes;
mod shared_flows;
mod support;
