//! Policies on a real engine over the memory store.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests fail loudly")]

mod api_keys;
mod authorizing;
mod configuration;
mod extracting;
mod failures;
mod importing;
mod issuing;
mod javascript;
mod looking_up;
mod profiles;
mod quota;
mod redeeming;
mod remembering;
mod revoking;
mod support;
mod verifying;
