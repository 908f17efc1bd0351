//! Integration tests of the embedded stores.

mod conformance;
mod support;
