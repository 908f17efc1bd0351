//! What is known at a point of a flow: the conditions that led there, and which variables have been written on the
//! way. A condition is bound to the values that its variables had when it was judged.

use super::logic::{Formula, Test, satisfiable};
use super::pattern::{is_literal, is_literal_regex};
use dormouse_bundle::{Condition, ConditionSource, Operand, Operator, Span};
use std::sync::Arc;

/// What is known at a point of a flow.
#[derive(Clone, Default)]
pub(crate) struct State {
    facts: Vec<Fact>,
    /// Each with its number; later ones have higher numbers.
    writes: Vec<(usize, Write)>,
    next_write: usize,
    /// The occurrences that lie behind, by number.
    pub(crate) passed: Vec<usize>,
}

/// Something that is true at a point of a flow.
#[derive(Clone)]
pub(crate) struct Fact {
    pub(crate) formula: Arc<Formula>,
    pub(crate) origin: Origin,
}

/// Why a fact is true.
#[derive(Clone)]
pub(crate) enum Origin {
    /// An earlier flow was not chosen.
    EarlierFlow(Option<Span>),
    /// The condition of the flow, step, fault rule or callout itself.
    Condition(Span),
    /// A step before would otherwise have raised a fault.
    Fault(Span),
}

/// A change of variables.
#[derive(Clone)]
pub(crate) struct Write {
    pub(crate) target: Target,
    pub(crate) value: Option<Value>,
}

/// Which variables are written.
#[derive(Clone)]
pub(crate) enum Target {
    /// Nobody can tell.
    Anything,
    /// Those whose last part occurs in this script.
    Mentioned(Arc<str>),
    /// One.
    Name(String),
    /// All that begin like this.
    Prefix(String),
}

/// What a variable holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// This text.
    Text(String),
    /// What this variable held.
    Variable(String),
}

impl State {
    /// A point of which nothing is known.
    pub(crate) fn unknown() -> Self {
        let mut state = Self::default();
        state.write(Write { target: Target::Anything, value: None });
        state
    }

    pub(crate) fn facts(&self) -> &[Fact] {
        &self.facts
    }

    pub(crate) fn assume(&mut self, formula: Formula, origin: Origin) {
        if !formula.is_true() {
            self.facts.push(Fact { formula: Arc::new(formula), origin });
        }
    }

    pub(crate) fn write(&mut self, write: Write) {
        if matches!(write.target, Target::Anything) {
            // Nothing that was written before can be seen any more.
            self.writes.clear();
        }
        self.writes.push((self.next_write, write));
        self.next_write += 1;
    }

    /// Takes over the writes of another state from a number on, which may or may not have happened.
    pub(crate) fn write_perhaps(&mut self, other: &Self, from: usize) {
        for (_, write) in other.writes.iter().filter(|(number, _)| *number >= from) {
            self.write(Write { target: write.target.clone(), value: None });
        }
    }

    /// The number of the write that comes next.
    pub(crate) fn next_write(&self) -> usize {
        self.next_write
    }

    /// Whether this point can be reached. True if unsure.
    pub(crate) fn is_possible(&self) -> bool {
        self.is_possible_with(&Formula::TRUE)
    }

    /// Whether this point can be reached while something else is true. True if unsure.
    pub(crate) fn is_possible_with(&self, formula: &Formula) -> bool {
        satisfiable(self.facts.iter().map(|fact| &*fact.formula).chain([formula]))
    }

    /// The value of a variable at this point; a variable's name in it tells apart what it held at other times.
    pub(crate) fn value(&self, name: &str) -> Value {
        let name = normalised(name);
        for (number, write) in self.writes.iter().rev() {
            if write.target.holds(&name) {
                return match &write.value {
                    Some(value) => value.clone(),
                    None => Value::Variable(format!("{name}#{number}")),
                };
            }
        }
        Value::Variable(name)
    }

    /// That a variable equals a text at this point.
    pub(crate) fn equals(&self, name: &str, text: &str) -> Formula {
        self.test(name, Test::Equals(text.to_owned()))
    }

    /// A condition at this point; an absent one is true, one that cannot be understood is possible.
    pub(crate) fn formula(&self, condition: Option<&ConditionSource>) -> Formula {
        match condition {
            None => Formula::TRUE,
            Some(source) => match &source.parsed {
                Ok(condition) => self.bound(condition),
                Err(_) => Formula::literal("?", Test::Other(source.text.span().to_string())),
            },
        }
    }

    fn bound(&self, condition: &Condition) -> Formula {
        match condition {
            Condition::And(parts) => Formula::And(parts.iter().map(|part| self.bound(part)).collect()),
            Condition::Or(parts) => Formula::Or(parts.iter().map(|part| self.bound(part)).collect()),
            Condition::Not(inner) => self.bound(inner).negated(),
            Condition::Truthy(Operand::Variable(name)) => self.equals(name, "true"),
            Condition::Truthy(Operand::Boolean(value)) => Formula::constant(*value),
            Condition::Truthy(operand) => Formula::literal("?", Test::Other(operand.to_string())),
            Condition::Compare { left, operator, right, .. } => self.comparison(left, *operator, right),
        }
    }

    fn comparison(&self, left: &Operand, operator: Operator, right: &Operand) -> Formula {
        let Operand::Variable(name) = left else { return constant_comparison(left, operator, right) };
        let other = || {
            let right = match right {
                Operand::Variable(name) => format!("{:?}", self.value(name)),
                literal => literal.to_string(),
            };
            Test::Other(format!("{operator} {right}"))
        };
        let value = match right {
            Operand::Variable(name) => match self.value(name) {
                Value::Text(value) => Some(value),
                Value::Variable(_) => None,
            },
            Operand::Null => None,
            literal => text_of(literal),
        };
        let test = match (operator, value) {
            (Operator::Equals | Operator::NotEquals, _) if *right == Operand::Null => Test::Null,
            (Operator::Equals | Operator::NotEquals, Some(value)) => Test::Equals(value),
            (Operator::EqualsCaseInsensitive, Some(value)) => Test::EqualsIgnoringCase(value),
            (Operator::StartsWith, Some(value)) => Test::StartsWith(value),
            (Operator::MatchesPath, Some(value)) if is_literal(&value) && value != "/" => Test::Equals(value),
            (Operator::MatchesPath, Some(value)) => Test::Path(value),
            (Operator::Matches, Some(value)) if is_literal(&value) => Test::Equals(value),
            (Operator::Matches, Some(value)) if !value.contains(['%', '\\']) => Test::Glob(value),
            (Operator::JavaRegex, Some(value)) if is_literal_regex(&value) => Test::Equals(value),
            (Operator::NotEquals, None) => {
                let Test::Other(value) = other() else { return Formula::TRUE };
                return self.test(name, Test::Other(value.replacen("!=", "=", 1))).negated();
            }
            _ => other(),
        };
        let formula = self.test(name, test);
        if operator == Operator::NotEquals { formula.negated() } else { formula }
    }

    fn test(&self, name: &str, test: Test) -> Formula {
        match self.value(name) {
            Value::Text(value) => match super::logic::evaluate(&test, &value) {
                Some(passed) => Formula::constant(passed),
                None => Formula::literal(&format!("\"{value}\""), test),
            },
            Value::Variable(variable) => Formula::literal(&variable, test),
        }
    }
}

impl Target {
    fn holds(&self, name: &str) -> bool {
        match self {
            Self::Anything => true,
            Self::Mentioned(script) => script.contains(name.rsplit('.').next().unwrap_or(name)),
            Self::Name(written) => name == written || is_part(name, written),
            Self::Prefix(prefix) => name.starts_with(prefix.as_str()),
        }
    }
}

/// A message or other variable was replaced as a whole.
fn is_part(name: &str, of: &str) -> bool {
    name.strip_prefix(of).is_some_and(|rest| rest.starts_with('.'))
}

/// `1=1` and the like, which bundles in production have.
fn constant_comparison(left: &Operand, operator: Operator, right: &Operand) -> Formula {
    match (text_of(left), operator, text_of(right)) {
        (Some(left), Operator::Equals, Some(right)) => Formula::constant(left == right),
        (Some(left), Operator::NotEquals, Some(right)) => Formula::constant(left != right),
        _ => Formula::literal("?", Test::Other(format!("{left} {operator} {right}"))),
    }
}

fn text_of(operand: &Operand) -> Option<String> {
    match operand {
        Operand::Text(text) => Some(text.clone()),
        Operand::Number(number) => Some(number.text.clone()),
        Operand::Boolean(value) => Some(value.to_string()),
        Operand::Null | Operand::Variable(_) => None,
    }
}

/// Header names have no case.
pub(crate) fn normalised(name: &str) -> String {
    if name.contains(".header.") { name.to_lowercase() } else { name.to_owned() }
}
