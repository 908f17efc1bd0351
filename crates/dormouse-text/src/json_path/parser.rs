//! Parses paths and the filters in them.

use super::filter::{Filter, Operand, Operator, SYMBOLS, WORDS};
use super::function::{Function, Kind};
use super::token::Token;
use super::{JsonPath, JsonPathError};
use crate::java_regex::Pattern;

/// Parses a whole path.
pub(super) fn parse(text: &str) -> Result<JsonPath, JsonPathError> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    parser.skip_space();
    let path = if parser.eat('$') || parser.peek() == Some('[') {
        parser.path(Place::Top)?
    } else {
        let first = parser.segment(Place::Top)?;
        parser.rest_of_path(Place::Top, first)?
    };
    parser.skip_space();
    if parser.peek().is_some() { Err(parser.error("expected . or [")) } else { Ok(path) }
}

/// A place in the text of a path.
pub(super) struct Parser<'t> {
    text: &'t str,
    pub(super) at: usize,
    pub(super) depth: usize,
}

/// Where a path stands: in a filter, operators end it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Filter,
    Top,
}

/// A segment or what ends the path.
enum Segment {
    Function(Function),
    Token(Token),
}

impl<'t> Parser<'t> {
    /// The segments after `$` or `@`.
    fn path(&mut self, place: Place) -> Result<JsonPath, JsonPathError> {
        self.segments(place, Vec::new())
    }

    fn rest_of_path(&mut self, place: Place, first: Segment) -> Result<JsonPath, JsonPathError> {
        match first {
            Segment::Function(function) => Ok(JsonPath { tokens: Vec::new(), function: Some(function) }),
            Segment::Token(token) => self.segments(place, vec![token]),
        }
    }

    fn segments(&mut self, place: Place, mut tokens: Vec<Token>) -> Result<JsonPath, JsonPathError> {
        loop {
            if tokens.len() > SEGMENTS_MAX {
                return Err(JsonPathError::TooDeep);
            }
            let next = match self.peek() {
                Some('.') => {
                    self.at += 1;
                    if self.eat('.') {
                        tokens.push(Token::Scan);
                    }
                    self.segment(place)?
                }
                Some('[') => Segment::Token(self.bracket()?),
                _ => return Ok(JsonPath { tokens, function: None }),
            };
            match next {
                Segment::Token(token) => tokens.push(token),
                Segment::Function(function) if matches!(self.peek(), Some('.' | '[')) => {
                    drop(function);
                    return Err(self.error("a function ends a path"));
                }
                Segment::Function(function) => return Ok(JsonPath { tokens, function: Some(function) }),
            }
        }
    }

    /// What stands after a dot.
    fn segment(&mut self, place: Place) -> Result<Segment, JsonPathError> {
        match self.peek() {
            Some('[') => return self.bracket().map(Segment::Token),
            Some('*') => {
                self.at += 1;
                return Ok(Segment::Token(Token::Wildcard));
            }
            _ => {}
        }
        let ends = |next: char| match next {
            '.' | '[' | '(' => true,
            ' ' | '<' | '>' | '=' | '~' | '!' | ')' | '&' | '|' | ',' | ']' => place == Place::Filter,
            _ => false,
        };
        let rest = self.rest();
        let name = rest.get(..rest.find(ends).unwrap_or(rest.len())).unwrap_or_default();
        let name = if place == Place::Top { name.trim_end() } else { name };
        if name.is_empty() {
            return Err(self.error("expected a name"));
        }
        if name.contains(char::is_whitespace) {
            return Err(self.error("a name with blanks needs brackets: ['a name']"));
        }
        let start = self.at;
        self.at += name.len();
        if !self.eat('(') {
            return Ok(Segment::Token(Token::Name(name.to_owned())));
        }
        let kind =
            Kind::parse(name).ok_or(JsonPathError::Syntax { reason: "unknown function", at: start })?;
        Ok(Segment::Function(Function { kind, arguments: self.arguments()? }))
    }

    fn arguments(&mut self) -> Result<Vec<Operand>, JsonPathError> {
        let mut arguments = Vec::new();
        self.skip_space();
        if self.eat(')') {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.operand()?);
            self.skip_space();
            if self.eat(')') {
                return Ok(arguments);
            }
            self.expect(',', "expected , or )")?;
        }
    }

    /// `[…]`
    fn bracket(&mut self) -> Result<Token, JsonPathError> {
        self.expect('[', "expected [")?;
        self.skip_space();
        let token = match self.peek() {
            Some('*') => {
                self.at += 1;
                Token::Wildcard
            }
            Some('\'' | '"') => self.names()?,
            Some('?') => self.filter()?,
            Some('-' | ':' | '0'..='9') => self.numbers()?,
            _ => return Err(self.error("expected a name in quotes, a number, * or ?( after [")),
        };
        self.skip_space();
        self.expect(']', "expected ]")?;
        Ok(token)
    }

    fn names(&mut self) -> Result<Token, JsonPathError> {
        let mut names = vec![self.string()?];
        self.skip_space();
        while self.eat(',') {
            self.skip_space();
            names.push(self.string()?);
            self.skip_space();
        }
        Ok(if names.len() == 1 { Token::Name(names.swap_remove(0)) } else { Token::Names(names) })
    }

    fn numbers(&mut self) -> Result<Token, JsonPathError> {
        let first = self.integer()?;
        self.skip_space();
        if self.eat(':') {
            self.skip_space();
            return Ok(Token::Slice(first, self.integer()?));
        }
        let mut numbers = vec![first.ok_or_else(|| self.error("expected a number"))?];
        while self.eat(',') {
            self.skip_space();
            numbers.push(self.integer()?.ok_or_else(|| self.error("expected a number"))?);
            self.skip_space();
        }
        Ok(if let [only] = numbers.as_slice() { Token::Index(*only) } else { Token::Indices(numbers) })
    }

    /// A whole number, or none.
    fn integer(&mut self) -> Result<Option<i64>, JsonPathError> {
        let rest = self.rest();
        let end = rest.find(|next: char| next != '-' && !next.is_ascii_digit()).unwrap_or(rest.len());
        let digits = rest.get(..end).unwrap_or_default();
        if digits.is_empty() {
            return Ok(None);
        }
        let number = digits.parse().map_err(|_| self.error("expected a number"))?;
        self.at += end;
        Ok(Some(number))
    }

    fn filter(&mut self) -> Result<Token, JsonPathError> {
        self.at += 1;
        self.skip_space();
        self.expect('(', "expected ( after ?")?;
        let filter = self.any()?;
        self.skip_space();
        self.expect(')', "expected ) at the end of the filter")?;
        Ok(Token::Filter(Box::new(filter)))
    }

    fn any(&mut self) -> Result<Filter, JsonPathError> {
        self.depth += 1;
        if self.depth > NESTING_MAX {
            return Err(JsonPathError::TooDeep);
        }
        let mut parts = vec![self.every()?];
        while self.eat_text("||") {
            parts.push(self.every()?);
        }
        self.depth -= 1;
        Ok(if parts.len() == 1 { parts.swap_remove(0) } else { Filter::Any(parts) })
    }

    fn every(&mut self) -> Result<Filter, JsonPathError> {
        let mut parts = vec![self.condition()?];
        while self.eat_text("&&") {
            parts.push(self.condition()?);
        }
        Ok(if parts.len() == 1 { parts.swap_remove(0) } else { Filter::All(parts) })
    }

    fn condition(&mut self) -> Result<Filter, JsonPathError> {
        let mut negated = false;
        self.skip_space();
        while self.eat('!') {
            negated = !negated;
            self.skip_space();
        }
        let condition = if self.eat('(') {
            let inner = self.any()?;
            self.skip_space();
            self.expect(')', "expected )")?;
            inner
        } else {
            self.comparison()?
        };
        self.skip_space();
        Ok(if negated { Filter::Not(Box::new(condition)) } else { condition })
    }

    fn comparison(&mut self) -> Result<Filter, JsonPathError> {
        let left = self.operand()?;
        self.skip_space();
        let Some(operator) = self.operator() else {
            return match left {
                Operand::Current(_) | Operand::Root(_) => Ok(Filter::Exists(left)),
                _ => Err(self.error("expected an operator")),
            };
        };
        self.skip_space();
        let right = self.operand()?;
        let patterns = [&left, &right].iter().filter(|side| matches!(side, Operand::Pattern(_))).count();
        if (operator == Operator::Matches) != (patterns == 1) {
            return Err(self.error("=~ stands between a value and /a regular expression/"));
        }
        Ok(Filter::Compare(left, operator, right))
    }

    fn operator(&mut self) -> Option<Operator> {
        if let Some((symbol, operator)) = SYMBOLS.iter().find(|(symbol, _)| self.rest().starts_with(symbol)) {
            self.at += symbol.len();
            return Some(*operator);
        }
        let rest = self.rest();
        let end = rest.find(|next: char| !next.is_ascii_alphabetic()).unwrap_or(rest.len());
        let word = rest.get(..end)?;
        let (_, operator) = WORDS.iter().find(|(own, _)| own.eq_ignore_ascii_case(word))?;
        self.at += end;
        Some(*operator)
    }

    fn operand(&mut self) -> Result<Operand, JsonPathError> {
        self.skip_space();
        match self.peek() {
            Some('@') => {
                self.at += 1;
                self.path(Place::Filter).map(Operand::Current)
            }
            Some('$') => {
                self.at += 1;
                self.path(Place::Filter).map(Operand::Root)
            }
            Some('/') => self.pattern(),
            _ => self.literal().map(Operand::Literal),
        }
    }

    /// `/expression/flags`
    fn pattern(&mut self) -> Result<Operand, JsonPathError> {
        let start = self.at;
        self.at += 1;
        let mut escaped = false;
        let end = self.rest().find(|next: char| {
            let ends = next == '/' && !escaped;
            escaped = next == '\\' && !escaped;
            ends
        });
        let end = end
            .ok_or(JsonPathError::Syntax { reason: "expected / at the end of the expression", at: start })?;
        let expression = self.rest().get(..end).unwrap_or_default().to_owned();
        self.at += end + 1;
        let rest = self.rest();
        let flags = rest.get(..rest.find(|next| !"dimsuxU".contains(next)).unwrap_or(rest.len()));
        let flags = flags.unwrap_or_default();
        self.at += flags.len();
        let expression = if flags.is_empty() { expression } else { format!("(?{flags}){expression}") };
        Ok(Operand::Pattern(Box::new(Pattern::compile(&expression)?)))
    }

    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += if found { wanted.len_utf8() } else { 0 };
        found
    }

    fn eat_text(&mut self, wanted: &str) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(wanted);
        self.at += if found { wanted.len() } else { 0 };
        found
    }

    pub(super) fn expect(&mut self, wanted: char, reason: &'static str) -> Result<(), JsonPathError> {
        if self.eat(wanted) { Ok(()) } else { Err(self.error(reason)) }
    }

    pub(super) fn skip_space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    pub(super) fn error(&self, reason: &'static str) -> JsonPathError {
        JsonPathError::Syntax { reason, at: self.at }
    }
}

/// Of parentheses, filters in filters, and literals in literals.
pub(super) const NESTING_MAX: usize = 32;
/// Paths are walked by recursion.
const SEGMENTS_MAX: usize = 100;
