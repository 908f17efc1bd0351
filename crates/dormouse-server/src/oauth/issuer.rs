//! The issuer identifier (RFC 8414 §2): an absolute URL that clients compare byte by byte, from configuration alone, never
//! from a Host header.

use crate::listener::Origin;
use std::str::FromStr;

/// An issuer identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    text: String,
    /// Where the path begins.
    path: usize,
}

/// Why a text is no issuer identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// Not `https://HOST…` or, on this machine, `http://HOST…`.
    #[error("must be a URL such as https://auth.example.com")]
    NotAbsolute,
    /// Plain HTTP, and not to this machine.
    #[error(
        "must begin with https:// unless its host is a loopback address: tokens would travel in the clear"
    )]
    NotSecure,
    /// A query, a fragment, user information or a blank.
    #[error("must have no query, no fragment, no user and no blanks (RFC 8414 §2)")]
    NotPlain,
    /// A trailing slash, which half of all clients drop before they compare.
    #[error("must not end with a slash")]
    TrailingSlash,
}

impl Issuer {
    /// The issuer of a server that nobody named: the address that it listens on.
    pub(crate) fn of_origin(origin: Origin) -> Self {
        let text = origin.to_string();
        Self { path: text.len(), text }
    }

    /// The identifier.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its path: empty, or with a slash in front and none behind.
    pub fn path(&self) -> &str {
        self.text.get(self.path..).unwrap_or_default()
    }
}

impl FromStr for Issuer {
    type Err = IssuerError;

    fn from_str(text: &str) -> Result<Self, IssuerError> {
        let (scheme, rest) = text.split_once("://").ok_or(IssuerError::NotAbsolute)?;
        let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
        if authority.is_empty() || !matches!(scheme, "https" | "http") {
            return Err(IssuerError::NotAbsolute);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) || text.contains(['?', '#', '@', '"', '\\']) {
            return Err(IssuerError::NotPlain);
        }
        if scheme == "http" && !crate::loopback::is_loopback(crate::loopback::host_name(authority)) {
            return Err(IssuerError::NotSecure);
        }
        if path.ends_with('/') {
            return Err(IssuerError::TrailingSlash);
        }
        Ok(Self { text: text.to_owned(), path: text.len() - path.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, IssuerError>) {
        let issuer = text.parse::<Issuer>();
        assert_eq!(issuer.as_ref().map(Issuer::path).map_err(|error| *error), expected, "{text}");
    }

    #[test]
    fn issuers_are_plain_secure_urls() {
        check("https://auth.example.com", Ok(""));
        check("https://auth.example.com:8443/tenant/a", Ok("/tenant/a"));
        check("http://127.0.0.1:8080", Ok(""));
        check("http://[::1]:8080", Ok(""));
        check("http://localhost", Ok(""));
        check("http://auth.example.com", Err(IssuerError::NotSecure));
        check("http://127.0.0.1.evil.example", Err(IssuerError::NotSecure));
        check("https://auth.example.com/", Err(IssuerError::TrailingSlash));
        check("https://auth.example.com?x=1", Err(IssuerError::NotPlain));
        check("https://ann@auth.example.com", Err(IssuerError::NotPlain));
        for text in ["", "auth.example.com", "ftp://auth.example.com", "https://", "https:///x"] {
            check(text, Err(IssuerError::NotAbsolute));
        }
    }
}
