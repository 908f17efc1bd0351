//! Writes the tree of a Java pattern in the syntax of Rust's engines. Everything whose meaning differs between Java and
//! the engines is spelled out, so that no engine flag is ever needed.

use super::escape::{escaped, other_case};
use super::syntax::{Assertion, Fold, Greed, Group, Node};
use std::fmt::Write as _;

/// A pattern for an engine.
pub(super) struct Emitted {
    pub(super) pattern: String,
    /// Look-around, back references and possessive quantifiers need the backtracking engine.
    pub(super) needs_backtracking: bool,
}

/// What the pattern will be used for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchoring {
    /// Matches may begin and end anywhere.
    Anywhere,
    /// The whole text must match. Where nothing can follow, `$` is then simply the end.
    Full,
}

pub(super) fn emit(node: &Node, anchoring: Anchoring) -> Emitted {
    let mut emitted = Emitted { pattern: String::new(), needs_backtracking: false };
    match anchoring {
        Anchoring::Anywhere => emitted.node(node, false),
        Anchoring::Full => {
            emitted.pattern.push_str(r"\A(?:");
            emitted.node(node, true);
            emitted.pattern.push_str(r")\z");
        }
    }
    emitted
}

impl Emitted {
    /// `last`: nothing follows, and the match ends where the text ends.
    fn node(&mut self, node: &Node, last: bool) {
        match node {
            Node::Alternation(branches) => {
                for (index, branch) in branches.iter().enumerate() {
                    self.pattern.push_str(if index == 0 { "" } else { "|" });
                    self.node(branch, last);
                }
            }
            Node::Assertion(Assertion::End { .. } | Assertion::LineEnd { .. }) if last => {
                self.pattern.push_str(r"\z");
            }
            Node::Assertion(assertion) => self.assertion(*assertion),
            Node::Backreference { group, fold } => {
                self.needs_backtracking = true;
                self.pattern.push_str(if *fold == Fold::None { "(?:" } else { "(?i:" });
                let _ = write!(self.pattern, "\\{group})");
            }
            Node::Class(class) => self.pattern.push_str(class),
            Node::Group(group, content) => self.group(group, content, last),
            Node::Literal(character, fold) => self.literal(*character, *fold),
            Node::Repeat { node, min, max, greed } => self.repeat(node, (*min, *max), *greed),
            Node::Sequence(nodes) => {
                for (index, node) in nodes.iter().enumerate() {
                    self.node(node, last && index + 1 == nodes.len());
                }
            }
        }
    }

    fn literal(&mut self, character: char, fold: Fold) {
        let text = match (fold, other_case(character, fold)) {
            (Fold::Unicode, _) => format!("(?i:{})", escaped(character)),
            (_, Some(other)) => format!("[{character}{other}]"),
            (_, None) => escaped(character),
        };
        self.pattern.push_str(&text);
    }

    fn group(&mut self, group: &Group, content: &Node, last: bool) {
        let (opening, plain) = match group {
            Group::Plain => ("(?:".to_owned(), true),
            Group::Capturing(None) => ("(".to_owned(), true),
            Group::Capturing(Some(name)) => (format!("(?<{name}>"), true),
            Group::Atomic => ("(?>".to_owned(), false),
            Group::LookAhead { negated: false } => ("(?=".to_owned(), false),
            Group::LookAhead { negated: true } => ("(?!".to_owned(), false),
            Group::LookBehind { negated: false } => ("(?<=".to_owned(), false),
            Group::LookBehind { negated: true } => ("(?<!".to_owned(), false),
        };
        self.needs_backtracking |= !plain;
        self.pattern.push_str(&opening);
        self.node(content, last && plain);
        self.pattern.push(')');
    }

    fn repeat(&mut self, node: &Node, (min, max): (u32, Option<u32>), greed: Greed) {
        if node.is_zero_width() {
            return self.repeat_zero_width(node, min, greed);
        }
        if greed == Greed::Possessive {
            self.needs_backtracking = true;
            self.pattern.push_str("(?>");
        }
        self.pattern.push_str("(?:");
        self.node(node, false);
        self.pattern.push(')');
        match (min, max) {
            (0, Some(1)) => self.pattern.push('?'),
            (0, None) => self.pattern.push('*'),
            (1, None) => self.pattern.push('+'),
            // Writing to a string cannot fail.
            (min, None) => write!(self.pattern, "{{{min},}}").unwrap_or_default(),
            (min, Some(max)) => write!(self.pattern, "{{{min},{max}}}").unwrap_or_default(),
        }
        self.pattern.push_str(match greed {
            Greed::Greedy => "",
            Greed::Lazy => "?",
            Greed::Possessive => ")",
        });
    }

    /// The engines repeat no look-around. Holding once is holding any number of times.
    fn repeat_zero_width(&mut self, node: &Node, min: u32, greed: Greed) {
        let (before, after) = match (min, greed) {
            (0, Greed::Lazy) => ("(?:|", ")"),
            (0, _) => ("(?:", "|)"),
            (_, _) => ("(?:", ")"),
        };
        self.pattern.push_str(before);
        self.node(node, false);
        self.pattern.push_str(after);
    }

    fn assertion(&mut self, assertion: Assertion) {
        let (text, plain) = match assertion {
            Assertion::Start => (r"\A", true),
            Assertion::VeryEnd => (r"\z", true),
            Assertion::WordBoundary => (r"\b", true),
            Assertion::NotWordBoundary => (r"\B", true),
            Assertion::LastMatch => (r"\G", false),
            Assertion::End { unix: true } => (r"(?=\n?\z)", false),
            Assertion::End { unix: false } => {
                (r"(?:\z|(?=(?:\r\n|[\r\x{85}\x{2028}\x{2029}])\z)|(?<!\r)(?=\n\z))", false)
            }
            Assertion::LineStart { unix: true } => (r"(?:(?:\A|(?<=\n))(?!\z))", false),
            Assertion::LineStart { unix: false } => {
                (r"(?:(?:\A|(?<=[\n\x{85}\x{2028}\x{2029}])|(?<=\r)(?!\n))(?!\z))", false)
            }
            Assertion::LineEnd { unix: true } => (r"(?=\n|\z)", false),
            Assertion::LineEnd { unix: false } => {
                (r"(?:(?=[\r\x{85}\x{2028}\x{2029}]|\z)|(?<!\r)(?=\n))", false)
            }
        };
        self.needs_backtracking |= !plain;
        self.pattern.push_str(text);
    }
}
