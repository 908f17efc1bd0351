//! What a backslash begins, outside and inside classes (Java SE 17, class `Pattern`).

use super::error::Error;
use super::parser::{Parser, VERTICAL_SPACE};
use super::property;
use super::syntax::{Assertion, Flags, Fold};

/// What an escape stands for.
pub(super) enum Escape {
    Assertion(Assertion),
    Backreference(usize),
    Character(char),
    /// A bracketed class in the engines' syntax.
    Class(String),
    /// `\R`
    LineBreak,
}

/// Parses what follows a backslash, outside classes.
pub(super) fn parse(parser: &mut Parser) -> Result<Escape, Error> {
    let Flags { unix_lines: unix, .. } = parser.flags;
    let Some(letter) = parser.tokens.next_raw() else {
        return Err(parser.tokens.error("unexpected end after a backslash"));
    };
    Ok(match letter {
        'A' => Escape::Assertion(Assertion::Start),
        'B' => Escape::Assertion(Assertion::NotWordBoundary),
        'b' if parser.tokens.peek_raw() == Some('{') => return Err(unsupported("\\b{g}")),
        'b' => Escape::Assertion(Assertion::WordBoundary),
        'G' => Escape::Assertion(Assertion::LastMatch),
        'Z' => Escape::Assertion(Assertion::End { unix }),
        'z' => Escape::Assertion(Assertion::VeryEnd),
        'R' => Escape::LineBreak,
        'X' => return Err(unsupported("\\X")),
        'k' => Escape::Backreference(named_reference(parser)?),
        '1'..='9' => {
            let group = numbered_reference(parser, letter);
            // A group that has not matched yet equals nothing, so such a reference never matches.
            if group > parser.groups.count {
                Escape::Class(NOTHING.into())
            } else {
                Escape::Backreference(group)
            }
        }
        other => return in_class(parser, other),
    })
}

/// Parses what may stand inside and outside classes.
pub(super) fn in_class(parser: &mut Parser, letter: char) -> Result<Escape, Error> {
    if let Some(class) = predefined(letter, parser.flags.unicode_class) {
        return Ok(Escape::Class(class));
    }
    Ok(Escape::Character(match letter {
        'p' | 'P' => return property::parse(parser, letter == 'P').map(Escape::Class),
        '0' => octal(parser)?,
        'x' => hexadecimal(parser)?,
        'u' => utf_16(parser)?,
        'c' => {
            let Some(letter) = parser.tokens.next_raw() else {
                return Err(parser.tokens.error("illegal control escape"));
            };
            char::from_u32(u32::from(letter) ^ 64)
                .ok_or_else(|| parser.tokens.error("illegal control escape"))?
        }
        't' => '\t',
        'n' => '\n',
        'r' => '\r',
        'f' => '\u{c}',
        'a' => '\u{7}',
        'e' => '\u{1b}',
        'N' => return Err(unsupported("\\N{…}")),
        letter if letter.is_ascii_alphabetic() => {
            return Err(parser.tokens.error("illegal or unsupported escape sequence"));
        }
        literal => literal,
    }))
}

/// `\d`, `\w` and their kind: ASCII, unless `(?U)` asks for Unicode.
fn predefined(letter: char, unicode: bool) -> Option<String> {
    let content = match (letter.to_ascii_lowercase(), unicode) {
        ('d', false) => "0-9",
        ('d', true) => r"\p{Nd}",
        ('h', _) => r" \t\x{a0}\x{1680}\x{180e}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}",
        ('s', false) => r" \t\n\x{b}\x{c}\r",
        ('s', true) => r"\p{White_Space}",
        ('v', _) => VERTICAL_SPACE,
        ('w', false) => "a-zA-Z_0-9",
        ('w', true) => r"\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}",
        _ => return None,
    };
    let negation = if letter.is_ascii_uppercase() { "^" } else { "" };
    Some(format!("[{negation}{content}]"))
}

fn named_reference(parser: &mut Parser) -> Result<usize, Error> {
    let opened = parser.tokens.next_raw() == Some('<');
    let name = parser.tokens.take_while(|character| character.is_ascii_alphanumeric());
    let closed = parser.tokens.next_raw() == Some('>');
    let group = parser.groups.names.iter().find(|(own, _)| *own == name);
    match group {
        Some((_, number)) if opened && closed => Ok(*number),
        _ => Err(parser.tokens.error("\\k<name> needs the name of a group before it")),
    }
}

/// As many digits as still name a group.
fn numbered_reference(parser: &mut Parser, first: char) -> usize {
    let mut number = digit(first, 10).unwrap_or_default();
    while let Some(next) = parser.tokens.peek_raw().and_then(|character| digit(character, 10)) {
        let longer = number * 10 + next;
        if longer > parser.groups.count {
            break;
        }
        number = longer;
        parser.tokens.next_raw();
    }
    number
}

/// `\0n`, `\0nn` or `\0mnn` with `m` up to 3.
fn octal(parser: &mut Parser) -> Result<char, Error> {
    let (mut code, mut length) = (0, 0);
    while let Some(next) = parser.tokens.peek_raw().and_then(|character| digit(character, 8)) {
        if length == 3 || code * 8 + next > 0o377 {
            break;
        }
        (code, length) = (code * 8 + next, length + 1);
        parser.tokens.next_raw();
    }
    if length == 0 {
        return Err(parser.tokens.error("illegal octal escape sequence"));
    }
    character(parser, u32::try_from(code).unwrap_or(u32::MAX))
}

/// `\xhh` or `\x{h…h}`.
fn hexadecimal(parser: &mut Parser) -> Result<char, Error> {
    let digits = if parser.tokens.peek_raw() == Some('{') {
        parser.tokens.next_raw();
        let digits = parser.tokens.take_while(|character| character.is_ascii_hexdigit());
        if parser.tokens.next_raw() != Some('}') {
            return Err(parser.tokens.error("unclosed hexadecimal escape sequence"));
        }
        digits
    } else {
        exactly(parser, 2)?
    };
    let code =
        u32::from_str_radix(&digits, 16).map_err(|_| parser.tokens.error("illegal hexadecimal escape"))?;
    character(parser, code)
}

/// `\uhhhh`, or two of them that make a surrogate pair.
fn utf_16(parser: &mut Parser) -> Result<char, Error> {
    let high = u16::from_str_radix(&exactly(parser, 4)?, 16).unwrap_or_default();
    let position = parser.tokens.position();
    if (0xd800..0xdc00).contains(&high) && parser.tokens.take_all("\\u") {
        let low = u16::from_str_radix(&exactly(parser, 4)?, 16).unwrap_or_default();
        if let Some(Ok(pair)) = char::decode_utf16([high, low]).next() {
            return Ok(pair);
        }
        parser.tokens.reset(position);
    }
    character(parser, u32::from(high))
}

fn exactly(parser: &mut Parser, count: usize) -> Result<String, Error> {
    let mut left = count;
    let digits = parser.tokens.take_while(|character| {
        let wanted = left > 0 && character.is_ascii_hexdigit();
        left = left.saturating_sub(1);
        wanted
    });
    if digits.len() == count {
        Ok(digits)
    } else {
        Err(parser.tokens.error("illegal hexadecimal escape sequence"))
    }
}

fn character(parser: &Parser, code: u32) -> Result<char, Error> {
    match char::from_u32(code) {
        Some(character) => Ok(character),
        None if (0xd800..0xe000).contains(&code) => Err(unsupported("a lone surrogate")),
        None => Err(parser.tokens.error("hexadecimal code point is too big")),
    }
}

fn digit(character: char, radix: u32) -> Option<usize> {
    usize::try_from(character.to_digit(radix)?).ok()
}

pub(super) fn unsupported(construct: &str) -> Error {
    Error::Unsupported { construct: construct.to_owned() }
}

/// A character as the engines read it, in and outside brackets.
pub(super) fn escaped(character: char) -> String {
    match character {
        plain if plain.is_ascii_alphanumeric() => plain.into(),
        other => format!("\\x{{{:x}}}", u32::from(other)),
    }
}

/// The other case of an ASCII letter, when case is folded.
pub(super) fn other_case(character: char, fold: Fold) -> Option<char> {
    let other = if character.is_ascii_lowercase() {
        character.to_ascii_uppercase()
    } else {
        character.to_ascii_lowercase()
    };
    (fold == Fold::Ascii && other != character).then_some(other)
}

/// The class of no character.
const NOTHING: &str = r"[^\x{0}-\x{10ffff}]";
