//! Integration tests of the token crate: what it does beyond its own source, against the pages that describe it.

#[cfg(test)]
mod vectors;
