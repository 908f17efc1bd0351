//! Files of a bundle, and places in them. Everything that is read from a file keeps a [`Span`], so that every
//! later complaint, whoever makes it, can say file, line and column and show the text.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A text file of a bundle, as it was read.
#[derive(Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The path to show to people: the bundle's own path followed by the file's path inside it, with `/`.
    pub path: String,
    /// The whole text, without a byte order mark.
    pub text: String,
}

impl SourceFile {
    /// A file from its path and text.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { path: path.into(), text: text.into() })
    }

    /// Line and column of a byte offset. An offset beyond the end, or inside a character, counts as the next
    /// smaller one that exists.
    pub fn position(&self, offset: usize) -> Position {
        let before = self.text.get(..floor_char_boundary(&self.text, offset)).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        Position { line, column }
    }

    /// Byte offset of a line and column, both counted from 1; the end of the text if there is no such place.
    pub fn offset(&self, position: Position) -> usize {
        let mut line_start = 0;
        for _ in 1..position.line {
            let rest = self.text.get(line_start..).unwrap_or_default();
            let Some(newline) = rest.find('\n') else { return self.text.len() };
            line_start += newline + 1;
        }
        let rest = self.text.get(line_start..).unwrap_or_default();
        let column = position.column.saturating_sub(1);
        rest.char_indices().nth(column).map_or(self.text.len(), |(at, _)| line_start + at)
    }
}

/// A bundle's text may hold secrets, hence only the path.
impl fmt::Debug for SourceFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("SourceFile").field(&self.path).finish()
    }
}

/// A place in a text: line and column, both counted from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
}

/// A stretch of a file.
#[derive(Clone, PartialEq, Eq)]
pub struct Span {
    /// The file.
    pub file: Arc<SourceFile>,
    /// Byte offsets in the file's text.
    pub range: Range<usize>,
}

impl Span {
    /// A stretch of a file.
    pub fn new(file: &Arc<SourceFile>, range: Range<usize>) -> Self {
        Self { file: Arc::clone(file), range }
    }

    /// The whole file, shown as its first line: for complaints about a file as such.
    pub fn whole_file(file: &Arc<SourceFile>) -> Self {
        Self::new(file, 0..0)
    }

    /// Where the stretch begins.
    pub fn start(&self) -> Position {
        self.file.position(self.range.start)
    }

    /// Where the stretch ends (the first position behind it).
    pub fn end(&self) -> Position {
        self.file.position(self.range.end)
    }
}

/// `path:line:column`, which terminals and editors turn into a link.
impl fmt::Display for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column } = self.start();
        write!(formatter, "{}:{line}:{column}", self.file.path)
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}[{}..{}]", self.file.path, self.range.start, self.range.end)
    }
}

/// A value together with the place it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located<T> {
    /// What was read.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

impl<T> Located<T> {
    /// A value and its place.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

fn floor_char_boundary(text: &str, offset: usize) -> usize {
    let offset = offset.min(text.len());
    (0..=offset).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, offset: usize, line: usize, column: usize) {
        let file = SourceFile::new("a.xml", text);
        assert_eq!(file.position(offset), Position { line, column });
    }

    #[test]
    fn positions_count_characters_from_one() {
        check("", 0, 1, 1);
        check("ab\ncd", 0, 1, 1);
        check("ab\ncd", 2, 1, 3);
        check("ab\ncd", 3, 2, 1);
        check("äö\r\nü!", 2, 1, 2);
        check("äö\r\nü!", 8, 2, 2);
    }

    #[test]
    fn an_offset_outside_or_inside_a_character_is_moved_back() {
        check("ab", 99, 1, 3);
        check("ä", 1, 1, 1);
    }

    #[test]
    fn offset_is_the_inverse_of_position() {
        let file = SourceFile::new("a.xml", "a\nüb\n\nc");
        for (offset, _) in file.text.char_indices() {
            assert_eq!(file.offset(file.position(offset)), offset);
        }
        assert_eq!(file.offset(Position { line: 9, column: 1 }), file.text.len());
        assert_eq!(file.offset(Position { line: 1, column: 99 }), file.text.len());
    }

    #[test]
    fn debug_of_a_file_shows_no_text() {
        let file = SourceFile::new("a.xml", "hunter2");
        assert!(!format!("{file:?} {:?}", Span::whole_file(&file)).contains("hunter2"));
    }
}
