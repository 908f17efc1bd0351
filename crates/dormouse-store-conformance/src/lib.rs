//! One suite that every backend passes: what the ports of the store promise, tried with threads.
//!
//! A backend calls [`run`] with a function that makes an empty store. Outcomes that only a failing medium or connection can
//! bring about are tested where the failures are made, in the backend's own tests.

mod code_marks;
mod counters;
mod cut_offs;
mod documents;
mod expiry;
mod families;
mod feed;
mod rows;
mod sample;
mod subject;

pub use subject::{Subject, run};
