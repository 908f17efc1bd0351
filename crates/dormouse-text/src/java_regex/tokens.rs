//! The characters of a pattern, with those between `\Q` and `\E` marked as literal, and a cursor over them.

use super::error::Error;

/// A character of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) character: char,
    /// Stands between `\Q` and `\E`: never an operator.
    pub(super) quoted: bool,
}

/// A cursor over the characters of a pattern.
pub(super) struct Tokens {
    characters: Vec<Token>,
    at: usize,
    /// `(?x)`: blanks and comments are skipped.
    pub(super) comments: bool,
}

impl Tokens {
    pub(super) fn new(pattern: &str) -> Self {
        let mut tokens = Vec::with_capacity(pattern.len());
        let mut rest = pattern;
        let mut quoted = false;
        while let Some(character) = rest.chars().next() {
            let mark = if quoted { "\\E" } else { "\\Q" };
            if let Some(after) = rest.strip_prefix(mark) {
                (quoted, rest) = (!quoted, after);
                continue;
            }
            tokens.push(Token { character, quoted });
            let mut length = character.len_utf8();
            // An escaped backslash does not begin a quotation.
            if let Some(escaped) = rest.get(length..).and_then(|after| after.chars().next())
                && character == '\\'
                && !quoted
            {
                tokens.push(Token { character: escaped, quoted });
                length += escaped.len_utf8();
            }
            rest = rest.get(length..).unwrap_or_default();
        }
        Self { characters: tokens, at: 0, comments: false }
    }

    /// The next operator or character, after what `(?x)` skips.
    pub(super) fn peek(&mut self) -> Option<Token> {
        if self.comments {
            self.skip_comments();
        }
        self.raw()
    }

    /// Whether the next character is this operator.
    pub(super) fn peeks(&mut self, operator: char) -> bool {
        self.peek() == Some(Token { character: operator, quoted: false })
    }

    /// Takes the next character.
    pub(super) fn next(&mut self) -> Option<Token> {
        let token = self.peek();
        self.at += usize::from(token.is_some());
        token
    }

    /// Takes the next character without skipping anything: inside escapes.
    pub(super) fn next_raw(&mut self) -> Option<char> {
        let token = self.raw()?;
        self.at += 1;
        Some(token.character)
    }

    /// The next character without skipping anything.
    pub(super) fn peek_raw(&self) -> Option<char> {
        self.raw().map(|token| token.character)
    }

    /// Takes the next character if it is this operator.
    pub(super) fn take(&mut self, operator: char) -> bool {
        let found = self.peeks(operator);
        self.at += usize::from(found);
        found
    }

    /// Takes these operators if they all stand next, without blanks between them.
    pub(super) fn take_all(&mut self, operators: &str) -> bool {
        self.peek();
        let next = self.characters.get(self.at..).unwrap_or_default().iter();
        let same = next.take(operators.len()).map(|token| (token.character, token.quoted));
        let found = same.eq(operators.chars().map(|operator| (operator, false)));
        self.at += if found { operators.len() } else { 0 };
        found
    }

    /// The character after the next one.
    pub(super) fn second(&self) -> Option<Token> {
        self.characters.get(self.at + 1).copied()
    }

    /// A position to return to with [`Tokens::reset`].
    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn reset(&mut self, position: usize) {
        self.at = position;
    }

    pub(super) fn error(&self, reason: &'static str) -> Error {
        Error::Syntax { reason, at: self.at }
    }

    /// Takes characters while they satisfy a test.
    pub(super) fn take_while(&mut self, mut test: impl FnMut(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(character) = self.peek_raw().filter(|character| test(*character)) {
            taken.push(character);
            self.at += 1;
        }
        taken
    }

    fn raw(&self) -> Option<Token> {
        self.characters.get(self.at).copied()
    }

    fn skip_comments(&mut self) {
        while let Some(Token { character, quoted: false }) = self.raw() {
            match character {
                ' ' | '\t' | '\n' | '\u{b}' | '\u{c}' | '\r' => self.at += 1,
                '#' => drop(self.take_while(|character| !matches!(character, '\n' | '\r'))),
                _ => return,
            }
        }
    }
}
