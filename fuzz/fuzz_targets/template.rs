//! Message templates ("Message templates" reference): parsing never fails, and a text without braces is itself.

#![no_main]

use dormouse_bundle::Template;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let template = Template::parse(text);
    template.variables();
    if !text.contains('{') {
        assert_eq!(template.as_literal(), Some(text));
    }
});
