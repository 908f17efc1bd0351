//! Tests of the linter from outside: what it must bear, and what must not change what it says.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

mod support;
mod tolerance;
mod unchanging;
