//! Forms, strictly: UTF-8, no NUL, no malformed escape, nothing twice, nothing too long (RFC 6749 §3.2 and appendix B).
//!
//! A parameter without a value counts as absent. Names that an endpoint does not know are ignored by it.

use percent_encoding::percent_decode;
use std::borrow::Cow;

/// The parameters of a request.
pub struct Form(Vec<(String, String)>);

/// Why a body is not the form of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// More than a hundred parameters.
    #[error("there are too many parameters")]
    TooMany,
    /// A value is longer than anything of its name can be.
    #[error("a parameter is too long")]
    TooLong,
    /// One parameter twice: two readers could take different ones.
    #[error("a parameter is repeated")]
    Repeated,
    /// A malformed escape, a NUL, or what is not UTF-8.
    #[error("the body is not a well-formed form in UTF-8")]
    Malformed,
}

impl Form {
    /// Parses a body.
    ///
    /// # Errors
    /// [`FormError`]
    pub fn parse(body: &[u8]) -> Result<Self, FormError> {
        if body.split(|byte| *byte == b'&').count() > PARAMETERS_MAX {
            return Err(FormError::TooMany);
        }
        let mut form = Self(Vec::new());
        for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let middle = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            let (name, value) = pair.split_at(middle);
            form.push(decode(name)?, decode(value.get(1..).unwrap_or_default())?)?;
        }
        Ok(form)
    }

    /// The value of a parameter; none when it is absent or empty.
    pub fn value(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(own, _)| own == name)?;
        Some(found.1.as_str()).filter(|value| !value.is_empty())
    }

    fn push(&mut self, name: String, value: String) -> Result<(), FormError> {
        let length_max = LENGTHS.iter().find(|(names, _)| names.contains(&&*name)).map(|(_, max)| *max);
        if length_max.is_some_and(|max| value.len() > max) {
            return Err(FormError::TooLong);
        }
        if !REPEATABLE.contains(&&*name) && self.0.iter().any(|(own, _)| *own == name) {
            return Err(FormError::Repeated);
        }
        self.0.push((name, value));
        Ok(())
    }
}

fn decode(text: &[u8]) -> Result<String, FormError> {
    decode_form(text).filter(|text| !text.contains('\0')).ok_or(FormError::Malformed)
}

/// Decodes one name or value: blanks from `+`, bytes from `%XX`. `None` for a malformed escape or what is not UTF-8.
pub(crate) fn decode_form(text: &[u8]) -> Option<String> {
    if !text.iter().any(|byte| matches!(byte, b'+' | b'%')) {
        // Most values are plain, and this is on the path of every request.
        return std::str::from_utf8(text).ok().map(str::to_owned);
    }
    let blanks: Cow<'_, [u8]> = if text.contains(&b'+') {
        text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect()
    } else {
        text.into()
    };
    let mut escapes = blanks.split(|byte| *byte == b'%').skip(1);
    if !escapes.all(|rest| rest.get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))) {
        return None;
    }
    String::from_utf8(percent_decode(&blanks).collect()).ok()
}

const PARAMETERS_MAX: usize = 100;

/// Longest values, in bytes.
const LENGTHS: [(&[&str], usize); 3] = [
    (&["access_token", "code", "refresh_token", "token"], 16 * 1024),
    (&["username"], 256),
    (&["scope"], 4 * 1024),
];

/// Parameters whose own standards allow several of them (RFC 8707 §2, RFC 8693 §2.1). They are ignored here.
const REPEATABLE: [&str; 2] = ["audience", "resource"];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, name: &str, expected: Result<Option<&str>, ()>) {
        let form = Form::parse(body.as_bytes());
        assert_eq!(form.as_ref().map(|form| form.value(name)).map_err(|_| ()), expected, "{body}");
    }

    #[test]
    fn values_are_decoded() {
        check("a=1&b=2", "b", Ok(Some("2")));
        check("a=x+y%20z%2B", "a", Ok(Some("x y z+")));
        check("a=%C3%A9=&&", "a", Ok(Some("é=")));
        check("%61=1", "a", Ok(Some("1")));
        check("a=1;b=2", "a", Ok(Some("1;b=2")));
        check("a[]=1", "a", Ok(None));
    }

    #[test]
    fn empty_is_absent() {
        check("", "a", Ok(None));
        check("a", "a", Ok(None));
        check("a=", "a", Ok(None));
        check("A=1", "a", Ok(None));
    }

    #[test]
    fn nothing_is_repeated_even_when_it_is_empty_or_unknown() {
        for body in ["a=1&a=1", "a=1&a=", "a&a", "a=1&%61=2", "&a=1&&a=2"] {
            check(body, "a", Err(()));
        }
        check("resource=1&resource=2&a=3", "a", Ok(Some("3")));
    }

    #[test]
    fn malformed_escapes_nul_and_other_encodings_are_refused() {
        for body in
            ["a=%", "a=%4", "a=%zz", "a=%+1", "a=%00", "%00=1", "a=%ff", "a=%c0%80", "a=%ed%a0%80", "a=\0"]
        {
            check(body, "a", Err(()));
        }
        assert!(Form::parse(b"a=\xe9").is_err());
    }

    #[test]
    fn counts_and_lengths_are_bounded() {
        let pairs = |count: usize| (0..count).map(|at| format!("p{at}=1")).collect::<Vec<_>>().join("&");
        check(&pairs(100), "p99", Ok(Some("1")));
        check(&pairs(101), "p99", Err(()));
        check(&"&".repeat(100), "a", Err(()));
        for (name, max) in [("token", 16_384), ("username", 256), ("scope", 4096)] {
            let fits = "x".repeat(max);
            check(&format!("{name}={fits}"), name, Ok(Some(&fits)));
            check(&format!("{name}={fits}x"), name, Err(()));
        }
    }
}
