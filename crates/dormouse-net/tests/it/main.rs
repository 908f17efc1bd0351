//! The client against real servers.

#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

mod tls;
