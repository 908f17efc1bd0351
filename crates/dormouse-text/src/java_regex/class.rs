//! Character classes of Java patterns: unions by nesting, intersections by `&&`, ranges, negation. The result is the
//! same class in the engines' syntax, which knows the same operations.

use super::error::Error;
use super::escape::{self, Escape, escaped, other_case};
use super::parser::{DEPTH_MAX, Parser};
use super::syntax::Fold;
use super::tokens::Token;

/// Parses a class after its opening bracket, up to and including its closing one.
pub(super) fn parse(parser: &mut Parser) -> Result<String, Error> {
    parse_nested(parser, 0)
}

fn parse_nested(parser: &mut Parser, depth: usize) -> Result<String, Error> {
    if depth > DEPTH_MAX {
        return Err(Error::TooDeep);
    }
    let negation = if parser.tokens.take('^') { "^" } else { "" };
    let (mut operands, mut current) = (Vec::new(), String::new());
    loop {
        let empty = operands.is_empty() && current.is_empty();
        if parser.tokens.take_all("&&") {
            operands.extend((!current.is_empty()).then(|| std::mem::take(&mut current)));
            continue;
        }
        let Some(token) = parser.tokens.next() else {
            return Err(parser.tokens.error("unclosed character class"));
        };
        match token {
            Token { character: ']', quoted: false } if !empty => break,
            Token { character: '[', quoted: false } => current.push_str(&parse_nested(parser, depth + 1)?),
            token => current.push_str(&item(parser, token)?),
        }
    }
    operands.extend((!current.is_empty()).then_some(current));
    let content = match operands.as_slice() {
        [only] => only.clone(),
        several => several.iter().map(|operand| format!("[{operand}]")).collect::<Vec<_>>().join("&&"),
    };
    Ok(folded(format!("[{negation}{content}]"), parser.flags.fold()))
}

/// A predefined class, a character, or a range.
fn item(parser: &mut Parser, token: Token) -> Result<String, Error> {
    let low = match single(parser, token)? {
        Ok(character) => character,
        Err(class) => return Ok(class),
    };
    let ends_here =
        matches!(parser.tokens.second(), Some(Token { character: ']' | '[', quoted: false }) | None);
    if !parser.tokens.peeks('-') || ends_here {
        return Ok(range(low, low, parser.flags.fold()));
    }
    parser.tokens.next();
    let Some(token) = parser.tokens.next() else {
        return Err(parser.tokens.error("unclosed character class"));
    };
    match single(parser, token)? {
        Ok(high) if high < low => Err(parser.tokens.error("illegal character range")),
        Ok(high) => Ok(range(low, high, parser.flags.fold())),
        Err(_) => Err(parser.tokens.error("illegal character range")),
    }
}

/// A character, or (as the inner error) a class that an escape stands for.
fn single(parser: &mut Parser, token: Token) -> Result<Result<char, String>, Error> {
    if token.quoted || token.character != '\\' {
        return Ok(Ok(token.character));
    }
    let Some(letter) = parser.tokens.next_raw() else {
        return Err(parser.tokens.error("unexpected end after a backslash"));
    };
    match escape::in_class(parser, letter)? {
        Escape::Character(character) => Ok(Ok(character)),
        Escape::Class(class) => Ok(Err(class)),
        _ => Err(parser.tokens.error("illegal escape in a character class")),
    }
}

/// A range, with the other case of its ASCII letters when case is folded.
fn range(low: char, high: char, fold: Fold) -> String {
    // The backtracking engine unescapes a colon, and `[:` would begin a POSIX class there.
    let mut text =
        if low == high && low != ':' { escaped(low) } else { format!("{}-{}", escaped(low), escaped(high)) };
    for (first, last) in [('a', 'z'), ('A', 'Z')] {
        let (from, to) = (low.max(first), high.min(last));
        if let (true, Some(from), Some(to)) = (from <= to, other_case(from, fold), other_case(to, fold)) {
            text.extend([from, '-', to]);
        }
    }
    text
}

/// Under `(?iu)` the engine folds the whole class.
fn folded(class: String, fold: Fold) -> String {
    if fold == Fold::Unicode { format!("(?i:{class})") } else { class }
}
