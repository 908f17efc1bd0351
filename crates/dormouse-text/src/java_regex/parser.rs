//! Parses Java patterns: alternations, groups, flags and quantifiers. Classes and escapes have files of their own.

use super::Groups;
use super::class;
use super::error::Error;
use super::escape::{self, Escape};
use super::syntax::{Assertion, Flags, Greed, Group, Node};
use super::tokens::{Token, Tokens};

/// Parses a pattern into its tree and its groups.
pub(super) fn parse(pattern: &str) -> Result<(Node, Groups), Error> {
    let mut parser =
        Parser { tokens: Tokens::new(pattern), flags: Flags::default(), groups: Groups::default(), depth: 0 };
    let node = parser.alternation()?;
    match parser.tokens.peek() {
        None => Ok((node, parser.groups)),
        Some(_) => Err(parser.tokens.error("unmatched closing ')'")),
    }
}

pub(super) struct Parser {
    pub(super) tokens: Tokens,
    pub(super) flags: Flags,
    pub(super) groups: Groups,
    depth: usize,
}

impl Parser {
    /// Up to the closing parenthesis or the end.
    fn alternation(&mut self) -> Result<Node, Error> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Error::TooDeep);
        }
        let mut branches = vec![self.sequence()?];
        while self.tokens.take('|') {
            branches.push(self.sequence()?);
        }
        self.depth -= 1;
        Ok(if branches.len() == 1 { branches.remove(0) } else { Node::Alternation(branches) })
    }

    fn sequence(&mut self) -> Result<Node, Error> {
        let mut nodes = Vec::new();
        loop {
            self.tokens.comments = self.flags.comments;
            let Some(token) = self.tokens.peek() else { break };
            if matches!(token, Token { character: '|' | ')', quoted: false }) {
                break;
            }
            if let Some(atom) = self.atom(token)? {
                nodes.push(self.repeated(atom)?);
            }
        }
        Ok(Node::Sequence(nodes))
    }

    /// One element; `None` for what only changes flags.
    fn atom(&mut self, token: Token) -> Result<Option<Node>, Error> {
        if token.quoted {
            self.tokens.next();
            return Ok(Some(Node::Literal(token.character, self.flags.fold())));
        }
        Ok(Some(match token.character {
            '(' => return self.group(),
            '[' => {
                self.tokens.next();
                Node::Class(class::parse(self)?)
            }
            '\\' => {
                self.tokens.next();
                self.escape()?
            }
            '*' | '+' | '?' => return Err(self.tokens.error("dangling quantifier")),
            '{' => return Err(self.tokens.error("illegal repetition")),
            character => {
                self.tokens.next();
                self.plain(character)
            }
        }))
    }

    fn plain(&self, character: char) -> Node {
        let Flags { multiline, unix_lines: unix, .. } = self.flags;
        match character {
            '^' if multiline => Node::Assertion(Assertion::LineStart { unix }),
            '^' => Node::Assertion(Assertion::Start),
            '$' if multiline => Node::Assertion(Assertion::LineEnd { unix }),
            '$' => Node::Assertion(Assertion::End { unix }),
            '.' if self.flags.dotall => Node::Class(r"[\x{0}-\x{10ffff}]".into()),
            '.' if unix => Node::Class(r"[^\n]".into()),
            '.' => Node::Class(format!("[^{LINE_TERMINATORS}]")),
            literal => Node::Literal(literal, self.flags.fold()),
        }
    }

    fn escape(&mut self) -> Result<Node, Error> {
        Ok(match escape::parse(self)? {
            Escape::Assertion(assertion) => Node::Assertion(assertion),
            Escape::Backreference(group) => Node::Backreference { group, fold: self.flags.fold() },
            Escape::Character(character) => Node::Literal(character, self.flags.fold()),
            Escape::Class(class) => Node::Class(class),
            Escape::LineBreak => Node::Group(
                Group::Plain,
                Box::new(Node::Alternation(vec![
                    Node::Sequence(vec![
                        Node::Literal('\r', super::syntax::Fold::None),
                        Node::Literal('\n', super::syntax::Fold::None),
                    ]),
                    Node::Class(format!("[{VERTICAL_SPACE}]")),
                ])),
            ),
        })
    }

    /// What stands in parentheses; `None` for `(?i)`.
    fn group(&mut self) -> Result<Option<Node>, Error> {
        self.tokens.next();
        let before = self.flags;
        let group = if self.tokens.take('?') {
            match self.special_group()? {
                Some(group) => group,
                None => return Ok(None),
            }
        } else {
            self.groups.count += 1;
            Group::Capturing(None)
        };
        self.tokens.comments = self.flags.comments;
        let content = self.alternation()?;
        if !self.tokens.take(')') {
            return Err(self.tokens.error("unclosed group"));
        }
        self.flags = before;
        self.tokens.comments = before.comments;
        Ok(Some(Node::Group(group, Box::new(content))))
    }

    /// What follows `(?`; `None` for flags that hold up to the end of the surrounding group.
    fn special_group(&mut self) -> Result<Option<Group>, Error> {
        Ok(Some(match self.tokens.next_raw() {
            Some(':') => Group::Plain,
            Some('=') => Group::LookAhead { negated: false },
            Some('!') => Group::LookAhead { negated: true },
            Some('>') => Group::Atomic,
            Some('<') => match self.tokens.peek_raw() {
                Some(kind @ ('=' | '!')) => {
                    self.tokens.next_raw();
                    Group::LookBehind { negated: kind == '!' }
                }
                _ => self.named_group()?,
            },
            Some(first) => return self.flag_group(first),
            None => return Err(self.tokens.error("unknown group type")),
        }))
    }

    fn named_group(&mut self) -> Result<Group, Error> {
        let name = self.tokens.take_while(|character| character.is_ascii_alphanumeric());
        if !name.starts_with(|first: char| first.is_ascii_alphabetic()) || self.tokens.next_raw() != Some('>')
        {
            return Err(self.tokens.error("a group name is a letter and then letters and digits"));
        }
        if self.groups.names.iter().any(|(own, _)| *own == name) {
            return Err(self.tokens.error("a group name is used twice"));
        }
        self.groups.count += 1;
        self.groups.names.push((name.clone(), self.groups.count));
        Ok(Group::Capturing(Some(name)))
    }

    fn flag_group(&mut self, first: char) -> Result<Option<Group>, Error> {
        let (mut next, mut on) = (Some(first), true);
        loop {
            match next {
                Some('-') if on => on = false,
                Some(':') => return Ok(Some(Group::Plain)),
                Some(')') => return Ok(None),
                Some(flag) => self.set_flag(flag, on)?,
                None => return Err(self.tokens.error("unknown inline modifier")),
            }
            next = self.tokens.next_raw();
        }
    }

    fn set_flag(&mut self, flag: char, on: bool) -> Result<(), Error> {
        match flag {
            'i' => self.flags.case_insensitive = on,
            'd' => self.flags.unix_lines = on,
            'm' => self.flags.multiline = on,
            's' => self.flags.dotall = on,
            'u' => self.flags.unicode_case = on,
            'x' => self.flags.comments = on,
            'U' => self.flags.unicode_class = on,
            _ => return Err(self.tokens.error("unknown inline modifier")),
        }
        Ok(())
    }

    /// The element with the quantifiers that follow it: any first one, and then only counts (`a{2}{3}`).
    fn repeated(&mut self, node: Node) -> Result<Node, Error> {
        let mut repeated = node;
        let mut levels = 0;
        while let Some(Token { character, quoted: false }) = self.tokens.peek() {
            let (min, max) = match character {
                '?' if levels == 0 => (0, Some(1)),
                '*' if levels == 0 => (0, None),
                '+' if levels == 0 => (1, None),
                '{' => {
                    self.tokens.next();
                    self.counts()?
                }
                _ => break,
            };
            if character != '{' {
                self.tokens.next();
            }
            let greed = match () {
                () if self.tokens.take('?') => Greed::Lazy,
                () if self.tokens.take('+') => Greed::Possessive,
                () => Greed::Greedy,
            };
            repeated = Node::Repeat { node: Box::new(repeated), min, max, greed };
            levels += 1;
            if levels > DEPTH_MAX {
                return Err(Error::TooDeep);
            }
        }
        Ok(repeated)
    }

    /// `n}`, `n,}` or `n,m}`.
    fn counts(&mut self) -> Result<(u32, Option<u32>), Error> {
        let min = self.count()?;
        let max = match self.tokens.next_raw() {
            Some('}') => return Ok((min, Some(min))),
            Some(',') if self.tokens.peek_raw() == Some('}') => None,
            Some(',') => Some(self.count()?),
            _ => return Err(self.tokens.error("illegal repetition")),
        };
        if self.tokens.next_raw() != Some('}') {
            return Err(self.tokens.error("unclosed counted closure"));
        }
        if max.is_some_and(|max| max < min) {
            return Err(self.tokens.error("illegal repetition range"));
        }
        Ok((min, max))
    }

    fn count(&mut self) -> Result<u32, Error> {
        let digits = self.tokens.take_while(|character| character.is_ascii_digit());
        match digits.parse::<u32>() {
            Ok(count) if count <= COUNT_MAX => Ok(count),
            Ok(_) => Err(Error::TooLarge { limit_bytes: super::SIZE_MAX_BYTES }),
            Err(_) => Err(self.tokens.error("illegal repetition")),
        }
    }
}

/// What ends a line, as the content of brackets.
pub(super) const LINE_TERMINATORS: &str = r"\n\r\x{85}\x{2028}\x{2029}";
/// `\v`, as the content of brackets.
pub(super) const VERTICAL_SPACE: &str = r"\n\x{b}\x{c}\r\x{85}\x{2028}\x{2029}";
/// Recursion is as deep as groups are nested.
pub(super) const DEPTH_MAX: usize = 100;
/// More repetitions could never be compiled.
const COUNT_MAX: u32 = 1_000_000;
