//! Entities from files to the resident directory and the store, through the public API alone.

#![expect(clippy::expect_used, reason = "a helper of tests may stop at a broken precondition")]

mod clients;
mod documents;
mod files;
mod plans;
mod support;
