//! The backtracking engine with a bound on its time. The engine counts steps, but one step may look at the whole text:
//! the longer the text, the fewer steps it gets.

use super::SIZE_MAX_BYTES;
use super::error::Error;
use super::syntax::{Group, Node};
use fancy_regex::{Regex, RegexBuilder};
use std::sync::OnceLock;

/// A pattern that needs backtracking.
pub(super) struct Backtracking {
    pattern: String,
    /// One engine for each class of text lengths, since the number of steps is part of an engine. All but the first
    /// are built when such a text comes.
    engines: [OnceLock<Option<Regex>>; CLASSES.len()],
    text_bytes_max: usize,
}

impl Backtracking {
    /// Builds the engine for short texts, which tells whether the pattern is valid.
    pub(super) fn build(node: &Node, pattern: &str) -> Result<Self, Error> {
        let engines = [const { OnceLock::new() }; CLASSES.len()];
        let text_bytes_max = if loops_over_a_search(node) { SEARCHED_TEXT_MAX_BYTES } else { TEXT_MAX_BYTES };
        let built = Self { pattern: pattern.to_owned(), engines, text_bytes_max };
        let [(_, steps), ..] = CLASSES;
        let first = built.engine(steps).map_err(|error| Error::from_fancy(&error))?;
        if let Some(slot) = built.engines.first() {
            // The slot was made above, so it is empty.
            let _ = slot.set(Some(first));
        }
        Ok(built)
    }

    /// The engine for texts of a length.
    pub(super) fn for_text(&self, text: &str) -> Result<&Regex, Error> {
        if text.len() > self.text_bytes_max {
            return Err(Error::TextTooLong { limit_bytes: self.text_bytes_max });
        }
        let fitting = CLASSES.iter().zip(&self.engines).find(|((bytes_max, _), _)| text.len() <= *bytes_max);
        let ((_, steps), slot) = fitting.ok_or(Error::TextTooLong { limit_bytes: self.text_bytes_max })?;
        slot.get_or_init(|| self.engine(*steps).ok()).as_ref().ok_or(Error::TooManySteps)
    }

    /// How many matches of one text may be replaced: each search may look at the whole text again.
    pub(super) fn matches_max(text: &str) -> usize {
        CLASSES.iter().find(|(bytes_max, _)| text.len() <= *bytes_max).map_or(0, |(_, steps)| *steps)
    }

    fn engine(&self, steps: usize) -> Result<Regex, fancy_regex::Error> {
        RegexBuilder::new(&self.pattern).backtrack_limit(steps).delegate_size_limit(SIZE_MAX_BYTES).build()
    }
}

/// Whether look-around that searches stands in a loop: then going forward alone takes quadratic time, which the engine
/// does not count as steps.
fn loops_over_a_search(node: &Node) -> bool {
    let children = node.children();
    let here = matches!(node, Node::Repeat { .. })
        && node.is_long_loop()
        && children.iter().any(|child| searches(child));
    here || children.into_iter().any(loops_over_a_search)
}

fn searches(node: &Node) -> bool {
    let looks = matches!(node, Node::Group(Group::LookAhead { .. } | Group::LookBehind { .. }, _));
    let children = node.children();
    if looks { children.into_iter().any(has_long_loop) } else { children.into_iter().any(searches) }
}

fn has_long_loop(node: &Node) -> bool {
    node.is_long_loop() || node.children().into_iter().any(has_long_loop)
}

/// Text lengths and the steps they get: steps times length stays about the same, a few tenths of a second at worst.
const CLASSES: [(usize, usize); 4] =
    [(1024, 300_000), (8 * 1024, 40_000), (64 * 1024, 5_000), (TEXT_MAX_BYTES, 600)];
const TEXT_MAX_BYTES: usize = 512 * 1024;
/// For patterns whose time grows with the square of the text's length whatever the number of steps.
const SEARCHED_TEXT_MAX_BYTES: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::java_regex::parser::parse;

    #[track_caller]
    fn check(pattern: &str, expected: bool) {
        let (node, _) = parse(pattern).expect("valid");
        assert_eq!(loops_over_a_search(&node), expected, "{pattern}");
    }

    #[test]
    fn searches_in_loops() {
        check("(?:(?=.*b).)*c", true);
        check("(?:a|(?:(?<!b{1,5000})x))+", true);
        check("((?!.{2000}).){3000}", true);
        check("(?:(?!script).)*", false);
        check("(?!.*script)[a-z]+", false);
        check("(?:a*b)*(?=c*)", false);
    }
}
