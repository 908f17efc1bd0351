//! Text decoded from XML (entities, CDATA, line ends) that still knows where each byte of it stands in the
//! file, so that a caret inside a condition written with `&amp;&amp;` points at the right column.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::source::{SourceFile, Span};

/// The decoded text of an attribute, or of an element's own text, with its place in the file.
#[derive(Clone, PartialEq, Eq)]
pub struct SourceText {
    value: String,
    file: Arc<SourceFile>,
    /// Where stretches of `value` come from, in ascending order of `decoded`.
    pieces: Vec<Piece>,
}

/// The value from `decoded` until the next piece begins stands at `source..source_end` in the file: byte by
/// byte if both are equally long, else as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    decoded: usize,
    source: usize,
    source_end: usize,
}

impl SourceText {
    /// Text that stands in the file exactly as it is.
    pub fn verbatim(span: &Span) -> Self {
        let value = span.file.text.get(span.range.clone()).unwrap_or_default().to_owned();
        let pieces = vec![Piece { decoded: 0, source: span.range.start, source_end: span.range.end }];
        Self { value, file: Arc::clone(&span.file), pieces }
    }

    /// Empty text at a place.
    pub fn empty(file: &Arc<SourceFile>, at: usize) -> Self {
        Self::verbatim(&Span::new(file, at..at))
    }

    /// The text, decoded.
    pub fn as_str(&self) -> &str {
        &self.value
    }

    /// Where the whole text stands.
    pub fn span(&self) -> Span {
        self.span_of(0..self.value.len())
    }

    /// Where a stretch of the decoded text stands; byte offsets of [`as_str`](Self::as_str).
    pub fn span_of(&self, range: Range<usize>) -> Span {
        let start = if range.start < self.value.len() {
            self.source(range.start)
        } else {
            self.source_end(range.start)
        };
        let end = if range.is_empty() { start } else { self.source_end(range.end) };
        Span::new(&self.file, start..end.max(start))
    }

    /// The text without white space at both ends.
    #[must_use]
    pub fn trimmed(&self) -> Self {
        let start = self.value.len() - self.value.trim_start().len();
        let value = self.value.trim().to_owned();
        let end = start + value.len();
        let Range { start: source, end: source_end } = self.span_of(start..end).range;
        let first_end = self.piece_at(start).map_or(source_end, |first| first.source_end.min(source_end));
        let mut pieces = vec![Piece { decoded: 0, source, source_end: first_end }];
        let inner = self.pieces.iter().filter(|piece| piece.decoded > start && piece.decoded < end);
        pieces.extend(inner.map(|piece| Piece {
            decoded: piece.decoded - start,
            source: piece.source,
            source_end: piece.source_end.min(source_end),
        }));
        Self { value, file: Arc::clone(&self.file), pieces }
    }

    /// Appends decoded text that stands at `source` in the file.
    pub(crate) fn push(&mut self, decoded: &str, source: Range<usize>) {
        if self.value.is_empty() {
            self.pieces.clear();
        }
        let (length, verbatim) = (self.value.len(), decoded.len() == source.len());
        match self.pieces.last_mut() {
            Some(last) if verbatim && last.continues_verbatim(length, source.start) => {
                last.source_end = source.end;
            }
            _ => self.pieces.push(Piece { decoded: length, source: source.start, source_end: source.end }),
        }
        self.value.push_str(decoded);
    }

    /// Appends another text of the same file.
    pub(crate) fn append(&mut self, other: &Self) {
        if self.value.is_empty() {
            self.pieces.clear();
        }
        let base = self.value.len();
        self.pieces
            .extend(other.pieces.iter().map(|piece| Piece { decoded: base + piece.decoded, ..*piece }));
        self.value.push_str(&other.value);
    }

    fn piece_at(&self, decoded: usize) -> Option<&Piece> {
        let after = self.pieces.partition_point(|piece| piece.decoded <= decoded);
        self.pieces.get(after.checked_sub(1)?)
    }

    /// Where the next piece begins in the value.
    fn next_piece(&self, decoded: usize) -> usize {
        let after = self.pieces.partition_point(|piece| piece.decoded <= decoded);
        self.pieces.get(after).map_or(self.value.len(), |next| next.decoded)
    }

    /// The place of the byte at `decoded`: within a piece that is no copy, the place of the whole.
    fn source(&self, decoded: usize) -> usize {
        let Some(piece) = self.piece_at(decoded) else { return 0 };
        if piece.is_verbatim(self.next_piece(decoded)) {
            piece.source + (decoded - piece.decoded)
        } else {
            piece.source
        }
    }

    /// The place behind the byte before `decoded`: behind a whole entity, not inside it.
    fn source_end(&self, decoded: usize) -> usize {
        let decoded = decoded.min(self.value.len());
        let Some(before) = decoded.checked_sub(1) else { return self.source(0) };
        let Some(piece) = self.piece_at(before) else { return 0 };
        if piece.is_verbatim(self.next_piece(before)) {
            piece.source + (decoded - piece.decoded)
        } else {
            piece.source_end
        }
    }
}

impl Piece {
    /// Whether text that stands at `source`, and comes at `decoded`, continues this piece byte by byte.
    fn continues_verbatim(&self, decoded: usize, source: usize) -> bool {
        self.source_end == source && self.is_verbatim(decoded)
    }

    /// Whether the value up to `end` is the source byte by byte.
    fn is_verbatim(&self, end: usize) -> bool {
        self.source_end - self.source == end - self.decoded
    }
}

/// A bundle's text may hold secrets, hence only the place.
impl fmt::Debug for SourceText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("SourceText").field(&self.span()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> SourceText {
        //                                   0         1
        //                                   0123456789012345
        let file = SourceFile::new("a.xml", "  a &amp;&amp; b ");
        let mut text = SourceText::empty(&file, 0);
        text.push("  a ", 0..4);
        text.push("&", 4..9);
        text.push("&", 9..14);
        text.push(" b ", 14..17);
        text
    }

    #[track_caller]
    fn check(text: &SourceText, decoded: Range<usize>, source: Range<usize>) {
        assert_eq!(text.span_of(decoded).range, source);
    }

    #[test]
    fn decoded_offsets_lead_to_the_file() {
        let text = sample();
        assert_eq!(text.as_str(), "  a && b ");
        check(&text, 2..3, 2..3);
        check(&text, 4..6, 4..14);
        check(&text, 4..5, 4..9);
        check(&text, 7..8, 15..16);
        check(&text, 9..9, 17..17);
        check(&text, 99..120, 17..17);
    }

    #[test]
    fn trimming_keeps_the_places() {
        let text = sample().trimmed();
        assert_eq!(text.as_str(), "a && b");
        assert_eq!(text.span().range, 2..16);
        check(&text, 0..1, 2..3);
        check(&text, 2..4, 4..14);
        check(&text, 5..6, 15..16);
    }

    #[test]
    fn appended_texts_keep_their_places() {
        let file = SourceFile::new("a.xml", "ab<i/>cd");
        let mut text = SourceText::verbatim(&Span::new(&file, 0..2));
        text.append(&SourceText::verbatim(&Span::new(&file, 6..8)));
        assert_eq!(text.as_str(), "abcd");
        check(&text, 1..2, 1..2);
        check(&text, 2..4, 6..8);
        assert_eq!(text.span().range, 0..8);
    }

    #[test]
    fn what_is_no_copy_is_known_as_a_whole() {
        let file = SourceFile::new("a.xml", "abcdef");
        let mut text = SourceText::empty(&file, 0);
        text.push("xyz", 1..6);
        check(&text, 0..1, 1..6);
        check(&text, 1..2, 1..6);
        check(&text, 0..3, 1..6);
    }

    #[test]
    fn debug_shows_no_text() {
        let file = SourceFile::new("a.xml", "hunter2");
        assert!(!format!("{:?}", SourceText::verbatim(&Span::new(&file, 0..7))).contains("hunter2"));
    }
}
