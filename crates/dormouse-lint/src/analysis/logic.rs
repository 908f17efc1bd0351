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
    let mut budget = NODES_MAX;
    search(Vec::new(), formulas.into_iter().collect(), Vec::new(), &mut budget)
}

/// Whether a text passes a test; `None` if that cannot be told.
pub(crate) fn evaluate(test: &Test, text: &str) -> Option<bool> {
    match test {
        Test::Equals(other) => Some(same_value(other, text)),
        Test::EqualsIgnoringCase(other) => Some(other.to_lowercase() == text.to_lowercase()),
        Test::Glob(glob) => Some(glob_matches(glob, text)),
        Test::Null => Some(false),
        Test::Other(_) => None,
        Test::Path(path) => path_matches(path, text),
        Test::StartsWith(prefix) => Some(text.starts_with(prefix.as_str())),
    }
}

/// Takes literals first, then whichever alternative leaves the fewest ways.
fn search<'a>(
    mut assigned: Vec<&'a Literal>,
    mut pending: Vec<&'a Formula>,
    mut choices: Vec<&'a [Formula]>,
    budget: &mut usize,
) -> bool {
    loop {
        while let Some(formula) = pending.pop() {
            let Some(left) = budget.checked_sub(1) else { return true };
            *budget = left;
            match formula {
                Formula::And(parts) => pending.extend(parts),
                Formula::Or(parts) => choices.push(parts),
                Formula::Literal(literal) => {
                    if assigned.iter().any(|other| contradict(literal, other)) {
                        return false;
                    }
                    if !assigned.contains(&literal) {
                        assigned.push(literal);
                    }
                }
            }
        }
        choices.retain(|alternatives| !alternatives.iter().any(|it| is_settled(it, &assigned)));
        let Some((place, ways)) = fewest_ways(&choices, &assigned, budget) else { return true };
        choices.swap_remove(place);
        match ways.as_slice() {
            [] => return false,
            [only] => pending.push(only),
            _ => {
                return ways.iter().any(|way| search(assigned.clone(), vec![way], choices.clone(), budget));
            }
        }
    }
}

/// The choice with the fewest alternatives that are still possible.
fn fewest_ways<'a>(
    choices: &[&'a [Formula]],
    assigned: &[&Literal],
    budget: &mut usize,
) -> Option<(usize, Vec<&'a Formula>)> {
    let mut best: Option<(usize, Vec<&'a Formula>)> = None;
    for (place, alternatives) in choices.iter().enumerate() {
        *budget = budget.saturating_sub(alternatives.len());
        let ways: Vec<&Formula> = alternatives.iter().filter(|way| is_possible(way, assigned)).collect();
        if best.as_ref().is_none_or(|(_, fewest)| ways.len() < fewest.len()) {
            best = Some((place, ways));
        }
    }
    best
}

fn is_settled(formula: &Formula, assigned: &[&Literal]) -> bool {
    match formula {
        Formula::And(parts) => parts.is_empty(),
        Formula::Or(_) => false,
        Formula::Literal(literal) => assigned.contains(&literal),
    }
}

fn is_possible(formula: &Formula, assigned: &[&Literal]) -> bool {
    match formula {
        Formula::Literal(literal) => !assigned.iter().any(|other| contradict(literal, other)),
        Formula::And(_) => true,
        Formula::Or(parts) => !parts.is_empty(),
    }
}

fn contradict(one: &Literal, other: &Literal) -> bool {
    if one.variable != other.variable {
        return false;
    }
    match (one.holds, other.holds) {
        (true, true) => exclude(&one.test, &other.test) || exclude(&other.test, &one.test),
        (true, false) => implies(&one.test, &other.test),
        (false, true) => implies(&other.test, &one.test),
        (false, false) => false,
    }
}

/// Whether nothing passes both tests.
fn exclude(one: &Test, other: &Test) -> bool {
    match (one, other) {
        (Test::Null, Test::Null | Test::Other(_)) | (Test::Other(_), _) => false,
        (Test::Null, _) => true,
        (Test::Equals(text), test) => evaluate(test, text) == Some(false),
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
        (Test::Equals(text), test) => evaluate(test, text) == Some(true),
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
const NODES_MAX: usize = 20_000;

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
