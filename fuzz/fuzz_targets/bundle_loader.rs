//! Archives: any bytes are read as a bundle or refused, and what was read can be diagnosed.

#![no_main]

use dormouse_bundle::{BundleSource, load};
use libfuzzer_sys::fuzz_target;
use std::io::Write;

fuzz_target!(|bytes: &[u8]| {
    let mut file = tempfile::Builder::new().suffix(".zip").tempfile().expect("a temporary file");
    file.write_all(bytes).expect("written");
    let (bundles, problems) = load(&BundleSource { name: None, path: file.path().to_owned() });
    assert!(!bundles.is_empty() || !problems.is_empty());
});
