//! The linter: any texts in the places of an endpoint and policies are linted.

#![no_main]

use dormouse_lint::{Settings, gather, lint};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let root = directory.path().join("apiproxy");
    for (number, text) in bytes.split(|byte| *byte == 0).take(8).enumerate() {
        let folder = root.join(if number == 0 { "proxies" } else { "policies" });
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(format!("{number}.xml")), text).expect("written");
    }
    let input = gather(&[directory.path().to_owned()]).expect("readable");
    lint(&input, &Settings::default());
});
