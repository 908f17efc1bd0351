//! Places as the protocol has them: `file:` URIs, and positions in lines and UTF-16 units from 0.

use dormouse_bundle::Span;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};

/// A position between two characters.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    pub(super) line: usize,
    pub(super) character: usize,
}

/// From a position to the one behind the last character.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) start: Position,
    pub(super) end: Position,
}

impl Range {
    /// Where a span is.
    pub(super) fn of(span: &Span) -> Self {
        let text = &span.file.text;
        Self { start: position(text, span.range.start), end: position(text, span.range.end) }
    }

    /// Whether two ranges have a position in common, be it that they only touch.
    pub(super) fn touches(&self, other: &Self) -> bool {
        self.start <= other.end && other.start <= self.end
    }
}

/// The position of a byte offset. The protocol knows three line ends, a lone carriage return among them.
fn position(text: &str, offset: usize) -> Position {
    let before = text.get(..offset).unwrap_or(text);
    let bytes = text.as_bytes();
    let (mut line, mut line_start) = (0, 0);
    for (at, byte) in before.bytes().enumerate() {
        if byte == b'\n' || (byte == b'\r' && bytes.get(at + 1) != Some(&b'\n')) {
            line += 1;
            line_start = at + 1;
        }
    }
    let character = before.get(line_start..).unwrap_or_default().encode_utf16().count();
    Position { line, character }
}

/// The path of a `file:` URI on this machine.
pub(super) fn path(uri: &str) -> Option<String> {
    let rest = uri.strip_prefix("file://")?;
    let rest = rest.strip_prefix("localhost").unwrap_or(rest);
    let path = percent_decode_str(rest).decode_utf8().ok()?.into_owned();
    let is_drive = path.get(2..3) == Some(":");
    let path = if is_drive { path.get(1..)?.to_owned() } else { path };
    (path.starts_with('/') || is_drive).then_some(path)
}

/// The `file:` URI of an absolute path.
pub(super) fn uri(path: &str) -> String {
    let path = path.replace(std::path::MAIN_SEPARATOR, "/");
    let slash = if path.starts_with('/') { "" } else { "/" };
    format!("file://{slash}{}", utf8_percent_encode(&path, ENCODED))
}

const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_position(text: &str, offset: usize, line: usize, character: usize) {
        assert_eq!(position(text, offset), Position { line, character });
    }

    #[test]
    fn characters_are_utf_16_units() {
        check_position("", 0, 0, 0);
        check_position("é𝄞x", 6, 0, 3);
        check_position("a\r\nb\rc\nd", 3, 1, 0);
        check_position("a\r\nb\rc\nd", 7, 3, 0);
        check_position("a\r\nb", 2, 0, 2);
        check_position("a\nb", 99, 1, 1);
    }

    #[track_caller]
    fn check_uri(path_: &str, uri_: &str) {
        assert_eq!(uri(path_), uri_);
        assert_eq!(path(uri_).as_deref(), Some(path_));
    }

    #[test]
    fn paths_and_uris() {
        check_uri("/a b/é%.xml", "file:///a%20b/%C3%A9%25.xml");
        check_uri("c:/x", "file:///c%3A/x");
        assert_eq!(path("file://localhost/a").as_deref(), Some("/a"));
        assert_eq!(path("file:///c:/x").as_deref(), Some("c:/x"));
        for other in ["untitled:1", "file://host/a", "file:///%ff", "file:", ""] {
            assert_eq!(path(other), None, "{other}");
        }
    }
}
