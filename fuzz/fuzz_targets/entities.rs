//! Entity files: any texts in their places are read or refused with places, and each name comes once.

#![no_main]

use dormouse_entity::{EntitySet, FILE_NAMES, ParseContext};
use dormouse_token::{SeededEntropy, Timestamp};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let entropy = SeededEntropy::new(1);
    let context =
        ParseContext { organization: "acme", now: Timestamp::from_ms(1_800_000_900_000), entropy: &entropy };
    let files: Vec<(&str, &str)> = FILE_NAMES.iter().copied().zip(text.split('\0')).collect();
    if let Err(errors) = EntitySet::parse(&files, &context) {
        assert!(!errors.is_empty());
    }
    for name in FILE_NAMES {
        let _ = EntitySet::parse(&[(name, text)], &context);
    }
});
