//! Replacement texts of `replaceAll` and `replaceFirst` (Java SE 17, `Matcher.appendReplacement`): `$1`, `${name}`,
//! and a backslash before what stands for itself.

use super::error::Error;
use super::{Captures, Pattern};

/// A parsed replacement text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Group(usize),
}

impl Replacement {
    /// Parses a replacement text for one pattern: a number takes as many digits as the pattern has groups for.
    ///
    /// # Errors
    /// [`Error::Replacement`] where Java throws.
    pub fn parse(text: &str, pattern: &Pattern) -> Result<Self, Error> {
        let mut parts = Vec::new();
        let mut rest = text.chars().peekable();
        while let Some(character) = rest.next() {
            match character {
                '\\' => match rest.next() {
                    Some(literal) => push(&mut parts, literal),
                    None => return Err(refused("a backslash at the end escapes nothing")),
                },
                '$' if rest.next_if_eq(&'{').is_some() => parts.push(Part::Group(named(&mut rest, pattern)?)),
                '$' => parts.push(Part::Group(numbered(&mut rest, pattern)?)),
                literal => push(&mut parts, literal),
            }
        }
        Ok(Self(parts))
    }

    /// Appends the replacement of one match.
    pub(super) fn expand(&self, text: &str, captures: &Captures, to: &mut String) {
        for part in &self.0 {
            to.push_str(match part {
                Part::Literal(literal) => literal,
                Part::Group(group) => captures.text(text, *group).unwrap_or_default(),
            });
        }
    }
}

type Characters<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn named(rest: &mut Characters, pattern: &Pattern) -> Result<usize, Error> {
    let mut name = String::new();
    loop {
        match rest.next() {
            Some('}') => break,
            Some(character) => name.push(character),
            None => return Err(refused("a group name is not closed")),
        }
    }
    let group = pattern.groups().names.iter().find(|(own, _)| *own == name);
    group.map(|(_, number)| *number).ok_or_else(|| refused("no group has that name"))
}

fn numbered(rest: &mut Characters, pattern: &Pattern) -> Result<usize, Error> {
    let digit = |character: char| character.to_digit(10).and_then(|digit| usize::try_from(digit).ok());
    let first = rest.next().and_then(digit).ok_or_else(|| refused("a dollar sign needs a group after it"))?;
    let mut number = first;
    while let Some(next) = rest.peek().copied().and_then(digit) {
        let longer = number * 10 + next;
        if longer > pattern.group_count() {
            break;
        }
        number = longer;
        rest.next();
    }
    if number > pattern.group_count() {
        return Err(refused("the pattern has fewer groups"));
    }
    Ok(number)
}

fn push(parts: &mut Vec<Part>, character: char) {
    match parts.last_mut() {
        Some(Part::Literal(literal)) => literal.push(character),
        _ => parts.push(Part::Literal(character.into())),
    }
}

fn refused(reason: &'static str) -> Error {
    Error::Replacement { reason }
}
