//! Basic credentials of clients (RFC 6749 §2.3.1, RFC 7617). The RFC wants both parts form-encoded before they are joined;
//! clients in use do either, and some of those that do not send ISO 8859-1.

use crate::Secret;
use crate::form::decode_form;
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// A client id and a secret that may be meant.
pub struct BasicCredentials {
    /// The client id.
    pub id: String,
    /// The secret.
    pub secret: Secret,
}

/// What the credentials of an Authorization header may mean, the likelier first. Nothing when they cannot be read.
pub fn basic_credentials(authorization: &[u8]) -> Vec<BasicCredentials> {
    let Some(text) = decode(authorization) else { return Vec::new() };
    let Some((id, secret)) = text.split_once(':') else { return Vec::new() };
    let raw = BasicCredentials { id: id.to_owned(), secret: Secret::new(secret) };
    match (decode_form(id.as_bytes()), decode_form(secret.as_bytes())) {
        (Some(id), Some(secret)) if id != raw.id || secret != raw.secret.expose() => {
            vec![BasicCredentials { id, secret: Secret::new(secret) }, raw]
        }
        _ => vec![raw],
    }
}

/// `id:secret` out of `Basic …`.
fn decode(authorization: &[u8]) -> Option<String> {
    let (scheme, credentials) = authorization.split_at_checked(SCHEME.len())?;
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return None;
    }
    let bytes = BASE64.decode(credentials.trim_ascii()).ok()?;
    let text = String::from_utf8(bytes).unwrap_or_else(|error| {
        // Every byte of ISO 8859-1 is the character of the same number.
        error.into_bytes().into_iter().map(char::from).collect()
    });
    (!text.chars().any(char::is_control)).then_some(text)
}

const SCHEME: &[u8] = b"Basic ";

/// Padding is optional: some clients leave it out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(credentials: &[u8], expected: &[(&str, &str)]) {
        let header = format!("bAsIc  {}", BASE64.encode(credentials));
        let found = basic_credentials(header.as_bytes());
        let found: Vec<_> = found.iter().map(|it| (it.id.as_str(), it.secret.expose())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn encoded_comes_before_raw() {
        check(b"id:secret", &[("id", "secret")]);
        check(b"id:se:cr:et", &[("id", "se:cr:et")]);
        check(b"key%2Dweb:s", &[("key-web", "s"), ("key%2Dweb", "s")]);
        check(b"my+id%3A1:a%2Bb", &[("my id:1", "a+b"), ("my+id%3A1", "a%2Bb")]);
        check(b"id:100%", &[("id", "100%")]);
        check(b"id:", &[("id", "")]);
        check(b":", &[("", "")]);
    }

    #[test]
    fn other_encodings() {
        check("id:é".as_bytes(), &[("id", "é")]);
        check(b"id:\xe9", &[("id", "é")]);
        check(b"id:%C3%A9", &[("id", "é"), ("id", "%C3%A9")]);
        check(b"id:%E9", &[("id", "%E9")]);
    }

    #[test]
    fn what_cannot_be_read_means_nothing() {
        check(b"id", &[]);
        check(b"id:a\0b", &[]);
        check(b"id:a\r\nb", &[]);
        for header in
            ["Basic", "Basic !", "Basic aWQ6c", "Basic aWQ6cw= =", "Bearer aWQ6cw==", "Basicx aWQ6cw==", ""]
        {
            assert!(basic_credentials(header.as_bytes()).is_empty(), "{header}");
        }
    }
}
