//! Text languages that Apigee's policies use, each with limits: today Java's regular expressions.
//!
//! Invariants: no input, neither pattern nor text, makes anything here panic, hang or take unbounded memory; what
//! goes beyond a limit is an error value.

pub mod java_regex;
