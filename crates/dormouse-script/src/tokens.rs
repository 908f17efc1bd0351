//! JavaScript's tokens, as far as rewriting needs them: words, punctuation and opaque literals with their places.

use std::ops::Range;

/// A token: what kind, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) range: Range<usize>,
}

/// Kinds of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name or keyword.
    Word,
    /// One character of punctuation.
    Mark,
    /// A string, template, number or regular expression.
    Literal,
}

/// The tokens of a text. What cannot be read is left to the engine, which says why.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut reader = Reader { bytes: text.as_bytes(), at: 0, tokens: Vec::new() };
    while reader.step(text) {}
    reader.tokens
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    tokens: Vec<Token>,
}

impl Reader<'_> {
    fn step(&mut self, text: &str) -> bool {
        let Some(byte) = self.peek(0) else { return false };
        let start = self.at;
        match byte {
            b'/' if self.peek(1) == Some(b'/') => self.skip_until(b"\n"),
            b'/' if self.peek(1) == Some(b'*') => {
                self.at += 2;
                self.skip_past(b"*/");
            }
            b'"' | b'\'' | b'`' => self.string(byte, start),
            b'/' if self.expects_expression(text) => self.regular_expression(start),
            b'0'..=b'9' => {
                self.skip_while(|byte| is_word(byte) || byte == b'.');
                self.push(Kind::Literal, start);
            }
            byte if is_word(byte) => {
                self.skip_while(is_word);
                self.push(Kind::Word, start);
            }
            byte if byte.is_ascii_whitespace() => self.at += 1,
            _ => {
                self.at += 1;
                self.push(Kind::Mark, start);
            }
        }
        true
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn push(&mut self, kind: Kind, start: usize) {
        self.tokens.push(Token { kind, range: start..self.at });
    }

    fn skip_while(&mut self, wanted: impl Fn(u8) -> bool) {
        while self.peek(0).is_some_and(&wanted) {
            self.at += 1;
        }
    }

    fn skip_until(&mut self, end: &[u8]) {
        while self.at < self.bytes.len() && !self.rest().starts_with(end) {
            self.at += 1;
        }
    }

    fn skip_past(&mut self, end: &[u8]) {
        self.skip_until(end);
        self.at = (self.at + end.len()).min(self.bytes.len());
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// A template's substitutions are part of the literal; braces in them are counted.
    fn string(&mut self, quote: u8, start: usize) {
        self.at += 1;
        let mut depth = 0_usize;
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'$' if quote == b'`' && depth == 0 && self.peek(0) == Some(b'{') => {
                    self.at += 1;
                    depth = 1;
                }
                b'{' if depth > 0 => depth += 1,
                b'}' if depth > 0 => depth -= 1,
                b'\n' if quote != b'`' => break,
                byte if byte == quote && depth == 0 => break,
                _ => {}
            }
        }
        self.at = self.at.min(self.bytes.len());
        self.push(Kind::Literal, start);
    }

    fn regular_expression(&mut self, start: usize) {
        self.at += 1;
        let mut in_class = false;
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'[' => in_class = true,
                b']' => in_class = false,
                b'/' if !in_class => break,
                b'\n' => break,
                _ => {}
            }
        }
        self.at = self.at.min(self.bytes.len());
        self.skip_while(is_word);
        self.push(Kind::Literal, start);
    }

    /// Whether a slash begins a regular expression here, and is no division.
    fn expects_expression(&self, text: &str) -> bool {
        let Some(last) = self.tokens.last() else { return true };
        let word = text.get(last.range.clone()).unwrap_or_default();
        match last.kind {
            Kind::Literal => false,
            Kind::Word => BEFORE_EXPRESSION.contains(&word),
            Kind::Mark => !matches!(word, ")" | "]" | "}"),
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
}

const BEFORE_EXPRESSION: [&str; 12] =
    ["return", "typeof", "case", "in", "of", "delete", "void", "throw", "new", "instanceof", "else", "do"];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let actual: Vec<_> = tokens(text).iter().map(|token| &text[token.range.clone()]).collect();
        assert_eq!(actual, expected, "{text}");
    }

    #[test]
    fn literals_are_whole() {
        check("a = /[/\"]+/g.test(b) / 2", &["a", "=", "/[/\"]+/g", ".", "test", "(", "b", ")", "/", "2"]);
        check("'it\\'s' // x\n+ `a${ {b:1}.b }c` /* y */", &["'it\\'s'", "+", "`a${ {b:1}.b }c`"]);
        check("return /x/", &["return", "/x/"]);
        check("ä1.5e3 'open", &["ä1", ".", "5e3", "'open"]);
        check("/*", &[]);
        check("\"\\", &["\"\\"]);
    }
}
