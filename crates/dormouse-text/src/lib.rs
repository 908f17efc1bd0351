//! Text languages that Apigee's policies use, each with limits: Java's regular expressions, JSONPath, XPath, and the
//! ways between XML and JSON.
//!
//! Invariants: no input, neither pattern nor text, makes anything here panic, hang or take unbounded memory; what
//! goes beyond a limit is an error value.

pub mod java_regex;
pub mod json;
pub mod json_limits;
pub mod json_path;
pub mod xml;
pub mod xml_limits;
pub mod xml_to_json;
pub mod xpath;

mod java_float;

pub use java_float::java_float;
