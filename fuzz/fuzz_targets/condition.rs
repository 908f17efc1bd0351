//! Conditions ("Conditions reference"): any text is parsed or refused, and canonical text parses to the same tree.

#![no_main]

use dormouse_bundle::parse_condition;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(condition) = parse_condition(text).condition {
        let canonical = condition.to_string();
        if let Ok(again) = parse_condition(&canonical).condition {
            assert_eq!(again.to_string(), canonical);
        }
        condition.variables();
    }
});
