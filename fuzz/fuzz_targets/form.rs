//! Forms (RFC 6749 appendix B): any body is parsed or refused, and no value holds a NUL.

#![no_main]

use dormouse_token::Form;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let Ok(form) = Form::parse(body) else { return };
    for name in ["grant_type", "client_id", "scope", "a", ""] {
        assert!(form.value(name).is_none_or(|value| !value.is_empty() && !value.contains('\0')));
    }
    // Nothing twice: the strict reader and a lenient one see the same first value.
    for (name, value) in form_urlencoded::parse(body) {
        if let Some(own) = form.value(&name) {
            assert!(own == value || ["audience", "resource"].contains(&&*name), "{name}");
        }
    }
});
