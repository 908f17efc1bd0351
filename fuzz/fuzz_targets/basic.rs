//! Basic credentials (RFC 6749 §2.3.1): any header gives at most two candidates, without controls in the raw one.

#![no_main]

use dormouse_token::basic_credentials;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|header: &[u8]| {
    check(header);
    check(&[b"Basic ".as_slice(), header].concat());
});

fn check(header: &[u8]) {
    let candidates = basic_credentials(header);
    assert!(candidates.len() <= 2);
    if let Some(raw) = candidates.last() {
        assert!(!raw.id.contains(':') && !raw.id.chars().any(char::is_control));
    }
}
