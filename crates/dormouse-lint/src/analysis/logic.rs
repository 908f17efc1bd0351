//! Whether conditions can be true together. The answer "no" is certain; everything that is not understood counts
//! as possible.

use super::java_regex::Trial;
use super::pattern::{
    glob_contains, glob_head, glob_matches, globs_are_disjoint, path_as_glob, path_contains, path_matches,
    paths_are_disjoint,
};
use std::collections::HashMap;

/// A formula in negation normal form. `And` of nothing is true, `Or` of nothing is false.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Formula {
    And(Vec<Formula>),
    Or(Vec<Formula>),
    Literal(Literal),
}

/// A test of a variable, or its opposite.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Literal {
    /// Its name, made unique for each value that it has had.
    pub(crate) variable: String,
    pub(crate) test: Test,
    /// Whether the test is passed or failed.
    pub(crate) holds: bool,
}

/// What is tested. Only `Null` is passed by a variable that is not there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Test {
    Equals(String),
    EqualsIgnoringCase(String),
    Glob(String),
    Null,
    /// A test that is only known to contradict its own opposite.
    Other(String),
    Path(String),
    Regex(Trial),
    StartsWith(String),
}

impl Formula {
    pub(crate) const TRUE: Self = Self::And(Vec::new());
    pub(crate) const FALSE: Self = Self::Or(Vec::new());

    /// A variable's test, passed.
    pub(crate) fn literal(variable: &str, test: Test) -> Self {
        Self::Literal(Literal { variable: variable.to_owned(), test, holds: true })
    }

    /// True or false.
    pub(crate) fn constant(value: bool) -> Self {
        if value { Self::TRUE } else { Self::FALSE }
    }

    /// The opposite.
    pub(crate) fn negated(&self) -> Self {
        match self {
            Self::And(parts) => Self::Or(parts.iter().map(Self::negated).collect()),
            Self::Or(parts) => Self::And(parts.iter().map(Self::negated).collect()),
            Self::Literal(literal) => Self::Literal(Literal { holds: !literal.holds, ..literal.clone() }),
        }
    }

    /// Whether a variable's value plays a part in this, and not only whether it is there.
    pub(crate) fn tests(&self, variable: &str) -> bool {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().any(|part| part.tests(variable)),
            Self::Literal(literal) => literal.variable == variable && literal.test != Test::Null,
        }
    }

    /// Whether this is true whatever happens, as far as its form tells.
    pub(crate) fn is_true(&self) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(Self::is_true),
            Self::Or(parts) => parts.iter().any(Self::is_true),
            Self::Literal(_) => false,
        }
    }
}

/// Whether all formulas can be true at once. True if unsure.
pub(crate) fn satisfiable<'a>(formulas: impl IntoIterator<Item = &'a Formula>) -> bool {
    let mut search =
        Search { assigned: HashMap::new(), trail: Vec::new(), comparisons_left: COMPARISONS_MAX };
    let mut choices = Vec::new();
    if !search.assume(formulas.into_iter().collect(), &mut choices) {
        return false;
    }
    let mark = search.trail.len();
    if choices.iter().all(|alternatives| search.takes_first_fit(alternatives)) {
        return true;
    }
    search.undo(mark);
    search.comparisons_left = COMPARISONS_MAX;
    search.possible(choices)
}

/// Whether a text passes a test; `None` if that cannot be told.
pub(crate) fn evaluate(test: &Test, value: &str) -> Option<bool> {
    match test {
        Test::Equals(other) => Some(same_value(other, value)),
        Test::EqualsIgnoringCase(other) => Some(other.to_lowercase() == value.to_lowercase()),
        Test::Glob(glob) => Some(glob_matches(glob, value)),
        Test::Null => Some(false),
        Test::Other(_) => None,
        Test::Path(path) => path_matches(path, value),
        Test::Regex(trial) => Some(trial.matches(value)),
        Test::StartsWith(prefix) => Some(value.starts_with(prefix.as_str())),
    }
}

/// A search for a way in which everything is true, which gives up after so many comparisons of literals.
struct Search<'a> {
    /// What has been taken as true so far, by variable.
    assigned: HashMap<&'a str, Vec<&'a Literal>>,
    /// The variables of what was taken, in order.
    trail: Vec<&'a str>,
    comparisons_left: usize,
}

impl<'a> Search<'a> {
    /// Takes formulas as true, and puts alternatives of which one must be chosen aside. False on a contradiction.
    fn assume(&mut self, mut pending: Vec<&'a Formula>, choices: &mut Vec<&'a [Formula]>) -> bool {
        while let Some(formula) = pending.pop() {
            match formula {
                Formula::And(parts) => pending.extend(parts),
                Formula::Or(parts) => choices.push(parts),
                Formula::Literal(literal) if self.is_excluded(literal) => return false,
                Formula::Literal(literal) if self.is_implied(literal) => {}
                Formula::Literal(literal) => {
                    self.assigned.entry(&literal.variable).or_default().push(literal);
                    self.trail.push(&literal.variable);
                }
            }
        }
        true
    }

    /// Takes the first alternative that contradicts nothing. Mostly this leads to the end, in one pass.
    fn takes_first_fit(&mut self, alternatives: &'a [Formula]) -> bool {
        alternatives.iter().any(|way| {
            let mark = self.trail.len();
            let mut inner = Vec::new();
            let fits = self.comparisons_left > 0
                && self.assume(vec![way], &mut inner)
                && inner.iter().all(|choice| self.takes_first_fit(choice));
            if !fits {
                self.undo(mark);
            }
            fits
        })
    }

    /// Takes alternatives of which one is left, then tries whichever leave the fewest ways.
    fn possible(&mut self, mut choices: Vec<&'a [Formula]>) -> bool {
        loop {
            let mut forced = Vec::new();
            let mut open: Vec<(&'a [Formula], Vec<&'a Formula>)> = Vec::new();
            for alternatives in std::mem::take(&mut choices) {
                if self.comparisons_left == 0 {
                    return true;
                }
                if alternatives.iter().any(|it| self.is_settled(it)) {
                    continue;
                }
                let ways: Vec<&Formula> = alternatives.iter().filter(|way| self.may_be(way)).collect();
                match ways.as_slice() {
                    [] => return false,
                    [only] => forced.push(*only),
                    _ => open.push((alternatives, ways)),
                }
            }
            let is_forced = !forced.is_empty();
            if is_forced && !self.assume(forced, &mut choices) {
                return false;
            }
            if is_forced {
                choices.extend(open.into_iter().map(|(alternatives, _)| alternatives));
                continue;
            }
            let fewest = open.iter().enumerate().min_by_key(|(_, (_, ways))| ways.len());
            let Some((place, (_, ways))) = fewest else { return true };
            let others = open.iter().enumerate().filter(|(other, _)| *other != place);
            let others: Vec<&[Formula]> = others.map(|(_, (alternatives, _))| *alternatives).collect();
            return ways.iter().any(|way| self.tries(way, &others));
        }
    }

    fn tries(&mut self, way: &'a Formula, others: &[&'a [Formula]]) -> bool {
        let mark = self.trail.len();
        let mut choices = others.to_vec();
        let fits = self.assume(vec![way], &mut choices) && self.possible(choices);
        self.undo(mark);
        fits
    }

    /// Forgets what was taken since a mark.
    fn undo(&mut self, mark: usize) {
        for variable in self.trail.drain(mark.min(self.trail.len())..) {
            if let Some(literals) = self.assigned.get_mut(variable) {
                literals.pop();
            }
        }
    }

    fn is_settled(&mut self, formula: &Formula) -> bool {
        match formula {
            Formula::And(parts) => parts.iter().all(|part| self.is_settled(part)),
            Formula::Or(parts) => parts.iter().any(|part| self.is_settled(part)),
            Formula::Literal(literal) => self.is_implied(literal),
        }
    }

    fn may_be(&mut self, formula: &Formula) -> bool {
        match formula {
            Formula::And(parts) => parts.iter().all(|part| self.may_be(part)),
            Formula::Or(parts) => parts.iter().any(|part| self.may_be(part)),
            Formula::Literal(literal) => !self.is_excluded(literal),
        }
    }

    fn is_excluded(&mut self, literal: &Literal) -> bool {
        self.contradicts(literal, literal.holds)
    }

    /// The opposite is excluded.
    fn is_implied(&mut self, literal: &Literal) -> bool {
        self.contradicts(literal, !literal.holds)
    }

    fn contradicts(&mut self, literal: &Literal, holds: bool) -> bool {
        let same_variable = self.assigned.get(literal.variable.as_str()).map_or(&[][..], Vec::as_slice);
        self.comparisons_left = self.comparisons_left.saturating_sub(same_variable.len() + 1);
        same_variable.iter().any(|other| match (holds, other.holds) {
            (true, true) => exclude(&literal.test, &other.test) || exclude(&other.test, &literal.test),
            (true, false) => implies(&literal.test, &other.test),
            (false, true) => implies(&other.test, &literal.test),
            (false, false) => false,
        })
    }
}

/// Whether nothing passes both tests.
fn exclude(one: &Test, other: &Test) -> bool {
    match (one, other) {
        (Test::Null, Test::Null | Test::Other(_)) | (Test::Other(_), _) => false,
        (Test::Null, _) => true,
        (Test::Equals(value), other) => evaluate(other, value) == Some(false),
        (Test::EqualsIgnoringCase(one), Test::EqualsIgnoringCase(other)) => {
            one.to_lowercase() != other.to_lowercase()
        }
        (Test::Path(one), Test::Path(other)) => paths_are_disjoint(one, other),
        (
            Test::Path(_) | Test::Glob(_) | Test::StartsWith(_),
            Test::Path(_) | Test::Glob(_) | Test::StartsWith(_),
        ) => match (glob_around(one), glob_around(other)) {
            (Some(one), Some(other)) => globs_are_disjoint(&one, &other),
            _ => false,
        },
        _ => false,
    }
}

/// Whether what passes the one passes the other too.
fn implies(one: &Test, other: &Test) -> bool {
    match (one, other) {
        _ if one == other => true,
        (Test::Equals(value), other) => evaluate(other, value) == Some(true),
        (Test::Path(narrow), Test::Path(wide)) => path_contains(wide, narrow),
        (Test::EqualsIgnoringCase(one), Test::EqualsIgnoringCase(other)) => {
            one.to_lowercase() == other.to_lowercase()
        }
        (Test::EqualsIgnoringCase(_), Test::Glob(glob)) => glob == "*",
        (Test::Glob(glob) | Test::StartsWith(glob), Test::Path(path)) => {
            path == "/**" && glob.starts_with('/')
        }
        (narrow, Test::Glob(wide)) => glob_around(narrow).is_some_and(|narrow| glob_contains(wide, &narrow)),
        (narrow, Test::StartsWith(wide)) => {
            glob_around(narrow).is_some_and(|narrow| glob_head(&narrow).starts_with(wide.as_str()))
        }
        _ => false,
    }
}

/// A glob that matches all that passes a test, and perhaps more.
fn glob_around(test: &Test) -> Option<String> {
    match test {
        Test::Glob(glob) => Some(glob.clone()),
        Test::Path(path) => path_as_glob(path),
        Test::StartsWith(prefix) if !prefix.contains('*') => Some(format!("{prefix}*")),
        _ => None,
    }
}

/// `400` and `400.0` are the same number.
fn same_value(one: &str, other: &str) -> bool {
    one == other
        || matches!((one.parse::<f64>(), other.parse::<f64>()), (Ok(one), Ok(other)) if one.to_bits() == other.to_bits())
}

/// How much is tried before the answer is "possible".
const COMPARISONS_MAX: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn equals(variable: &str, text: &str) -> Formula {
        Formula::literal(variable, Test::Equals(text.to_owned()))
    }

    fn path(text: &str) -> Formula {
        Formula::literal("path", Test::Path(text.to_owned()))
    }

    #[track_caller]
    fn check(formulas: &[Formula], expected: bool) {
        assert_eq!(satisfiable(formulas), expected, "{formulas:?}");
    }

    #[test]
    fn equal_texts_and_their_opposites() {
        check(&[equals("a", "x"), equals("b", "y")], true);
        check(&[equals("a", "x"), equals("a", "y")], false);
        check(&[equals("a", "x"), equals("a", "x").negated()], false);
        check(&[equals("a", "x").negated(), equals("a", "y").negated()], true);
        check(&[equals("a", "x"), Formula::literal("a", Test::Null)], false);
        check(&[equals("a", "x").negated(), Formula::literal("a", Test::Null)], true);
        check(&[Formula::FALSE], false);
        check(&[], true);
    }

    #[test]
    fn patterns() {
        check(&[path("/token"), path("/**").negated()], false);
        check(&[path("/**"), path("/token").negated()], true);
        check(&[equals("path", "/token"), path("/*").negated()], false);
        check(&[path("/a"), path("/b")], false);
        let prefix = |text: &str| Formula::literal("a", Test::StartsWith(text.to_owned()));
        check(&[prefix("/ab"), prefix("/a").negated()], false);
        check(&[prefix("/a"), prefix("/ab").negated()], true);
        let starts = |text: &str| Formula::literal("path", Test::StartsWith(text.to_owned()));
        let glob = |text: &str| Formula::literal("path", Test::Glob(text.to_owned()));
        check(&[starts("/a"), path("/**").negated()], false);
        check(&[path("/token/*"), starts("/token").negated()], false);
        check(&[path("/token/*"), starts("/token/x").negated()], true);
        check(&[glob("/token/refresh*"), glob("/token*").negated()], false);
        check(&[glob("/token*"), glob("/token/refresh*").negated()], true);
        check(&[path("/token/**"), glob("/tok*").negated()], false);
        check(&[glob("/a*"), starts("/b")], false);
        check(&[glob("/a*"), starts("/ab")], true);
        let other = Formula::literal("a", Test::Other("> 3".to_owned()));
        check(&[other.clone(), other.negated()], false);
        check(&[other, equals("a", "1")], true);
    }

    #[test]
    fn alternatives_are_tried() {
        let either = Formula::Or(vec![equals("a", "x"), equals("a", "y")]);
        check(&[either.clone(), equals("a", "x").negated()], true);
        check(&[either.clone(), equals("a", "x").negated(), equals("a", "y").negated()], false);
        let both = Formula::And(vec![equals("a", "x"), equals("b", "y")]);
        check(&[both.negated(), equals("a", "x"), equals("b", "y")], false);
        check(&[both.negated(), equals("a", "x")], true);
        let nested = Formula::Or(vec![both, Formula::And(vec![equals("a", "z"), equals("b", "z")])]);
        check(&[nested, equals("a", "x"), equals("b", "z")], false);
    }

    #[test]
    fn what_takes_too_long_counts_as_possible() {
        let hard: Vec<Formula> = (0..40)
            .map(|n| Formula::Or(vec![equals(&format!("a{n}"), "x"), equals(&format!("b{n}"), "y")]))
            .chain((0..40).map(|n| {
                Formula::Or(vec![equals(&format!("a{n}"), "z"), equals(&format!("b{}", (n + 1) % 40), "z")])
            }))
            .collect();
        let _ = satisfiable(&hard);
    }
}
