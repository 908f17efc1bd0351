//! Whether conditions can be true together. The answer "no" is certain; everything that is not understood counts
//! as possible.

use super::pattern::{glob_matches, path_contains, path_matches, paths_are_disjoint};

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
    let mut search = Search { comparisons_left: COMPARISONS_MAX };
    search.possible(Vec::new(), formulas.into_iter().collect(), Vec::new())
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
        Test::StartsWith(prefix) => Some(value.starts_with(prefix.as_str())),
    }
}

/// A search for a way in which everything is true, which gives up after so many comparisons of literals.
struct Search {
    comparisons_left: usize,
}

impl Search {
    /// Takes literals first, then alternatives of which one is left, then whichever leave the fewest ways.
    fn possible<'a>(
        &mut self,
        mut assigned: Vec<&'a Literal>,
        mut pending: Vec<&'a Formula>,
        mut choices: Vec<&'a [Formula]>,
    ) -> bool {
        loop {
            while let Some(formula) = pending.pop() {
                match formula {
                    Formula::And(parts) => pending.extend(parts),
                    Formula::Or(parts) => choices.push(parts),
                    Formula::Literal(literal) if self.is_excluded(literal, &assigned) => return false,
                    Formula::Literal(literal) if self.is_implied(literal, &assigned) => {}
                    Formula::Literal(literal) => assigned.push(literal),
                }
            }
            let mut open: Vec<(&'a [Formula], Vec<&'a Formula>)> = Vec::new();
            for alternatives in std::mem::take(&mut choices) {
                if self.comparisons_left == 0 {
                    return true;
                }
                if alternatives.iter().any(|it| self.is_settled(it, &assigned)) {
                    continue;
                }
                let ways: Vec<&Formula> =
                    alternatives.iter().filter(|way| self.may_be(way, &assigned)).collect();
                match ways.as_slice() {
                    [] => return false,
                    [only] => pending.push(only),
                    _ => open.push((alternatives, ways)),
                }
            }
            if !pending.is_empty() {
                choices.extend(open.into_iter().map(|(alternatives, _)| alternatives));
                continue;
            }
            let fewest = open.iter().enumerate().min_by_key(|(_, (_, ways))| ways.len());
            let Some((place, (_, ways))) = fewest else { return true };
            let others = open.iter().enumerate().filter(|(other, _)| *other != place);
            let others: Vec<&[Formula]> = others.map(|(_, (alternatives, _))| *alternatives).collect();
            return ways.iter().any(|way| self.possible(assigned.clone(), vec![way], others.clone()));
        }
    }

    fn is_settled(&mut self, formula: &Formula, assigned: &[&Literal]) -> bool {
        match formula {
            Formula::And(parts) => parts.iter().all(|part| self.is_settled(part, assigned)),
            Formula::Or(parts) => parts.iter().any(|part| self.is_settled(part, assigned)),
            Formula::Literal(literal) => self.is_implied(literal, assigned),
        }
    }

    fn may_be(&mut self, formula: &Formula, assigned: &[&Literal]) -> bool {
        match formula {
            Formula::And(parts) => parts.iter().all(|part| self.may_be(part, assigned)),
            Formula::Or(parts) => parts.iter().any(|part| self.may_be(part, assigned)),
            Formula::Literal(literal) => !self.is_excluded(literal, assigned),
        }
    }

    fn is_excluded(&mut self, literal: &Literal, assigned: &[&Literal]) -> bool {
        self.contradicts(literal, literal.holds, assigned)
    }

    /// The opposite is excluded.
    fn is_implied(&mut self, literal: &Literal, assigned: &[&Literal]) -> bool {
        self.contradicts(literal, !literal.holds, assigned)
    }

    fn contradicts(&mut self, literal: &Literal, holds: bool, assigned: &[&Literal]) -> bool {
        self.comparisons_left = self.comparisons_left.saturating_sub(assigned.len() + 1);
        let same_variable = assigned.iter().filter(|other| other.variable == literal.variable);
        same_variable.into_iter().any(|other| match (holds, other.holds) {
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
        (Test::StartsWith(one), Test::StartsWith(other)) => {
            !one.starts_with(other.as_str()) && !other.starts_with(one.as_str())
        }
        _ => false,
    }
}

/// Whether what passes the one passes the other too.
fn implies(one: &Test, other: &Test) -> bool {
    match (one, other) {
        _ if one == other => true,
        (Test::Equals(value), other) => evaluate(other, value) == Some(true),
        (Test::Path(narrow), Test::Path(wide)) => path_contains(wide, narrow),
        (Test::StartsWith(long), Test::StartsWith(short)) => long.starts_with(short.as_str()),
        (Test::EqualsIgnoringCase(one), Test::EqualsIgnoringCase(other)) => {
            one.to_lowercase() == other.to_lowercase()
        }
        (Test::Path(_) | Test::StartsWith(_) | Test::EqualsIgnoringCase(_), Test::Glob(glob)) => glob == "*",
        _ => false,
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
