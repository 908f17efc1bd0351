//! Paths of findings in the forms that other programs expect. No working directory is consulted: a path is what the
//! user wrote, followed by what lies below.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::path::MAIN_SEPARATOR;

/// With `/` between the parts on every system, and without a leading `./`: as a path in a repository.
pub(crate) fn repository_path(path: &str) -> String {
    let mut path = path.replace(MAIN_SEPARATOR, "/");
    while let Some(rest) = path.strip_prefix("./") {
        path = rest.trim_start_matches('/').to_owned();
    }
    path
}

/// As a URI reference (RFC 3986 §4.1): relative paths stay relative, absolute ones become `file:` URIs.
pub(crate) fn uri(path: &str) -> String {
    let path = repository_path(path);
    let encoded = utf8_percent_encode(&path, ENCODED);
    if path.starts_with('/') {
        return format!("file://{encoded}");
    }
    let drive = path.as_bytes().get(1..3) == Some(b":/");
    if drive { format!("file:///{encoded}") } else { encoded.to_string() }
}

/// A colon too: in the first part of a relative reference it would end a scheme.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, in_repository: &str, as_uri: &str) {
        assert_eq!(repository_path(path), in_repository);
        assert_eq!(uri(path), as_uri);
    }

    #[test]
    fn relative_paths_stay_relative() {
        check("a/b c.xml", "a/b c.xml", "a/b%20c.xml");
        check("././/a.xml", "a.xml", "a.xml");
        check("../a.zip/apiproxy/é.xml", "../a.zip/apiproxy/é.xml", "../a.zip/apiproxy/%C3%A9.xml");
        check("http://x?#", "http://x?#", "http%3A//x%3F%23");
    }

    #[test]
    fn absolute_paths_are_file_uris() {
        check("/a/b%.xml", "/a/b%.xml", "file:///a/b%25.xml");
        check("C:/a", "C:/a", "file:///C%3A/a");
    }
}
