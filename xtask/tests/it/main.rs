//! The tidy test: rules of the repository that neither the compiler nor clippy knows, kept by plain `cargo test`.
//!
//! Each module holds one kind of rule as a pure function from text to problems, a test that runs it over the
//! repository, and tests that it fails on a bad text.

mod layers;
mod manifests;
mod markdown;
mod modules;
mod registries;
mod sources;
mod tree;
mod unused;
