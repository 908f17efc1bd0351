//! Scripts from outside: what they compute, what they may not do, and how they end.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests fail loudly")]

mod hostile;
mod language;
mod support;
