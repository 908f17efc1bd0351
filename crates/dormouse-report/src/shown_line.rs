//! The line of a file that an excerpt shows, made safe to show.

use dormouse_bundle::Span;
use std::ops::Range;

use crate::visible::visible;

/// The first line that a span is on.
pub(crate) struct ShownLine {
    /// Its number, from 1.
    pub(crate) number: usize,
    /// Its text without a line end. Tabs stay, other control characters are replaced.
    pub(crate) text: String,
    /// Byte offsets of the span in `text`; at a character's boundaries.
    pub(crate) marked: Range<usize>,
}

/// Absent if the line is empty or too long to be shown.
pub(crate) fn shown_line(span: &Span) -> Option<ShownLine> {
    let text = &span.file.text;
    let before = text.get(..span.range.start)?;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let rest = text.get(start..)?;
    let line = rest.split(['\n', '\r']).next().unwrap_or_default();
    if line.trim().is_empty() || line.len() > LINE_MAX_BYTES {
        return None;
    }
    let from = (span.range.start - start).min(line.len());
    let to = span.range.end.saturating_sub(start).clamp(from, line.len());
    let (head, marked, tail) = (line.get(..from)?, line.get(from..to)?, line.get(to..)?);
    let (head, marked) = (shown(head), shown(marked));
    let marked = (head.len()..head.len() + marked.len(), marked);
    Some(ShownLine { number: span.start().line, text: head + &marked.1 + &shown(tail), marked: marked.0 })
}

/// Tabs are kept, since a renderer widens them; each other control character takes one place.
fn shown(text: &str) -> String {
    text.split('\t').map(visible).collect::<Vec<_>>().join("\t")
}

/// A longer line is no longer text for people.
const LINE_MAX_BYTES: usize = 4 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use dormouse_bundle::SourceFile;

    #[track_caller]
    fn check(text: &str, range: Range<usize>, expected: Option<(usize, &str, &str)>) {
        let line = shown_line(&Span::new(&SourceFile::new("a.xml", text), range));
        let line =
            line.as_ref().map(|line| (line.number, line.text.as_str(), &line.text[line.marked.clone()]));
        assert_eq!(line, expected);
    }

    #[test]
    fn the_first_line_of_a_span_is_shown() {
        check("a\n\tb c\r\nd", 5..8, Some((2, "\tb c", "c")));
        check("a\u{0}b\u{1b}", 1..2, Some((1, "a\u{fffd}b\u{fffd}", "\u{fffd}")));
    }

    #[test]
    fn what_cannot_be_shown() {
        check("a\n\nb", 2..3, None);
        check("é", 1..2, None);
        check("a", 7..9, None);
        check(&"y".repeat(LINE_MAX_BYTES + 1), 0..1, None);
    }
}
