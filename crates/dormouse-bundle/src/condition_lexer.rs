//! Tokens of Apigee's condition language: every spelling of every operator in the "Conditions reference", words
//! in any case, symbols with or without white space around them.

use std::ops::Range;

use crate::condition::{Number, NumberValue, Operand, Operator};
use crate::condition_parser::{ConditionError, ConditionErrorKind};

/// A token and its byte offsets in the condition's text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) range: Range<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TokenKind {
    And,
    Close,
    Not,
    Open,
    Operand(Operand),
    Operator(Operator),
    Or,
}

/// Splits a condition into tokens.
pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, ConditionError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let space = rest.len() - rest.trim_start().len();
        if space > 0 {
            at += space;
            continue;
        }
        let (kind, length) = token(rest, at)?;
        tokens.push(Token { kind, range: at..at + length });
        at += length;
    }
    Ok(tokens)
}

/// The token that a text begins with, and its length in bytes (at least 1).
fn token(rest: &str, at: usize) -> Result<(TokenKind, usize), ConditionError> {
    if let Some((symbol, kind)) = SYMBOLS.iter().find(|(symbol, _)| rest.starts_with(symbol)) {
        return Ok((kind.clone(), symbol.len()));
    }
    match rest.chars().next() {
        Some('"') => quoted(rest, at, '"').map(|(text, length)| (Operand::Text(text), length)),
        Some('\'') => quoted(rest, at, '\'').map(|(name, length)| (Operand::Variable(name), length)),
        Some(symbol @ ('&' | '|')) => {
            let range = at..at + 1;
            return Err(ConditionError { kind: ConditionErrorKind::SingleSymbol(symbol), range });
        }
        _ => {
            let length = word_length(rest);
            return Ok((word(rest.get(..length).unwrap_or_default()), length));
        }
    }
    .map(|(operand, length)| (TokenKind::Operand(operand), length))
}

/// A quoted text has no escapes: it ends at the next quote.
fn quoted(rest: &str, at: usize, quote: char) -> Result<(String, usize), ConditionError> {
    let inner = rest.get(1..).unwrap_or_default();
    match inner.find(quote) {
        Some(end) => Ok((inner.get(..end).unwrap_or_default().to_owned(), end + 2)),
        None => Err(ConditionError {
            kind: ConditionErrorKind::UnclosedQuote(quote),
            range: at..at + rest.trim_end().len(),
        }),
    }
}

/// A bare word ends at white space, a parenthesis, a quote or the first symbol. `&`, `|`, `:` and `/` are part
/// of it unless they begin an operator.
fn word_length(rest: &str) -> usize {
    let ends = |(at, character): (usize, char)| {
        let tail = rest.get(at..).unwrap_or_default();
        let symbol = matches!(character, '(' | ')' | '"' | '\'' | '!' | '=' | '<' | '>' | '~');
        let longer = ["&&", "||", ":=", "/~"].iter().any(|symbol| tail.starts_with(symbol));
        (at > 0 && (symbol || longer || character.is_whitespace())).then_some(at)
    };
    rest.char_indices().find_map(ends).unwrap_or(rest.len())
}

fn word(word: &str) -> TokenKind {
    if let Some((_, kind)) = WORDS.iter().find(|(known, _)| word.eq_ignore_ascii_case(known)) {
        return kind.clone();
    }
    let operand = if word.eq_ignore_ascii_case("null") {
        Operand::Null
    } else if word.eq_ignore_ascii_case("true") || word.eq_ignore_ascii_case("false") {
        Operand::Boolean(word.eq_ignore_ascii_case("true"))
    } else {
        number(word).map_or_else(|| Operand::Variable(word.to_owned()), Operand::Number)
    };
    TokenKind::Operand(operand)
}

/// `-?digits[.digits][fFdDlL]`
fn number(word: &str) -> Option<Number> {
    let text = word.trim_end_matches(['f', 'F', 'd', 'D', 'l', 'L']);
    if word.len() - text.len() > 1 {
        return None;
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let value = match text.parse() {
        Ok(integer) => NumberValue::Integer(integer),
        Err(_) => NumberValue::Decimal(text.parse().ok()?),
    };
    Some(Number { text: text.to_owned(), value })
}

/// Longer symbols stand before those that they begin with.
const SYMBOLS: &[(&str, TokenKind)] = &[
    ("&&", TokenKind::And),
    ("||", TokenKind::Or),
    ("==", TokenKind::Operator(Operator::Equals)),
    ("=|", TokenKind::Operator(Operator::StartsWith)),
    ("=", TokenKind::Operator(Operator::Equals)),
    ("!=", TokenKind::Operator(Operator::NotEquals)),
    ("!", TokenKind::Not),
    (":=", TokenKind::Operator(Operator::EqualsCaseInsensitive)),
    (">=", TokenKind::Operator(Operator::GreaterThanOrEquals)),
    (">", TokenKind::Operator(Operator::GreaterThan)),
    ("<=", TokenKind::Operator(Operator::LesserThanOrEquals)),
    ("<", TokenKind::Operator(Operator::LesserThan)),
    ("~~", TokenKind::Operator(Operator::JavaRegex)),
    ("~/", TokenKind::Operator(Operator::MatchesPath)),
    ("/~", TokenKind::Operator(Operator::MatchesPath)),
    ("~", TokenKind::Operator(Operator::Matches)),
    ("(", TokenKind::Open),
    (")", TokenKind::Close),
];

const WORDS: &[(&str, TokenKind)] = &[
    ("and", TokenKind::And),
    ("or", TokenKind::Or),
    ("not", TokenKind::Not),
    ("equals", TokenKind::Operator(Operator::Equals)),
    ("is", TokenKind::Operator(Operator::Equals)),
    ("notequals", TokenKind::Operator(Operator::NotEquals)),
    ("isnot", TokenKind::Operator(Operator::NotEquals)),
    ("equalscaseinsensitive", TokenKind::Operator(Operator::EqualsCaseInsensitive)),
    ("greaterthan", TokenKind::Operator(Operator::GreaterThan)),
    ("greaterthanorequals", TokenKind::Operator(Operator::GreaterThanOrEquals)),
    ("lesserthan", TokenKind::Operator(Operator::LesserThan)),
    ("lesserthanorequals", TokenKind::Operator(Operator::LesserThanOrEquals)),
    ("javaregex", TokenKind::Operator(Operator::JavaRegex)),
    ("matches", TokenKind::Operator(Operator::Matches)),
    ("like", TokenKind::Operator(Operator::Matches)),
    ("matchespath", TokenKind::Operator(Operator::MatchesPath)),
    ("likepath", TokenKind::Operator(Operator::MatchesPath)),
    ("startswith", TokenKind::Operator(Operator::StartsWith)),
];
