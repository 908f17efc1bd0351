//! What is known at a point of a flow: the conditions that led there, and which variables have been written on the
//! way. A condition is bound to the values that its variables had when it was judged.

use super::java_regex::{Meaning, meaning};
use super::logic::{Formula, Test, evaluate, satisfiable};
use super::pattern::is_literal;
use dormouse_bundle::{Condition, ConditionSource, Operand, Operator, Span};
use std::sync::Arc;

/// What is known at a point of a flow.
#[derive(Clone, Default)]
pub(crate) struct State {
    facts: Vec<Fact>,
    /// Each with its number; later ones have higher numbers.
    writes: Vec<(usize, Write)>,
    next_write: usize,
    /// Whether `message` means the response here.
    pub(crate) in_response: bool,
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
    /// What is written, if that can be told.
    pub(crate) value: Option<Value>,
    /// The variable that it was made from, whole or in part.
    pub(crate) source: Option<String>,
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
    /// What this variable held, or this text if there was no such variable.
    VariableOr(String, String),
}

impl State {
    /// A point of which nothing is known.
    pub(crate) fn unknown() -> Self {
        let mut state = Self::default();
        state.write(Write { target: Target::Anything, value: None, source: None });
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

    /// Notes a write. What its value and source name are variables at this point.
    pub(crate) fn write(&mut self, mut write: Write) {
        if matches!(write.target, Target::Anything) {
            // Nothing that was written before can be seen any more.
            self.writes.clear();
        }
        if let Target::Name(name) = &mut write.target {
            *name = self.named(name);
        }
        write.source = write.source.and_then(|source| self.source(&source));
        write.value = write.value.map(|value| self.resolved(value));
        self.push(write);
    }

    fn push(&mut self, write: Write) {
        self.writes.push((self.next_write, write));
        self.next_write += 1;
    }

    fn resolved(&self, value: Value) -> Value {
        match value {
            Value::Text(_) => value,
            Value::Variable(name) => self.value(&name),
            Value::VariableOr(name, text) => match self.value(&name) {
                Value::Variable(name) => Value::VariableOr(name, text),
                other => other,
            },
        }
    }

    /// Takes over the writes of another state from a number on, which may or may not have happened.
    pub(crate) fn write_perhaps(&mut self, other: &Self, from: usize) {
        for (_, write) in other.writes.iter().filter(|(number, _)| *number >= from) {
            if matches!(write.target, Target::Anything) {
                self.writes.clear();
            }
            self.push(Write { target: write.target.clone(), value: None, source: None });
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
        let name = self.named(name);
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

    /// The variable that a variable's value was made from, before any policy ran; `None` if it comes from elsewhere.
    pub(crate) fn source(&self, name: &str) -> Option<String> {
        let name = self.named(name);
        let written = self.writes.iter().rev().find(|(_, write)| write.target.holds(&name));
        written.map_or(Some(name), |(_, write)| write.source.clone())
    }

    /// Whether something is known about a variable's value other than that it is there.
    pub(crate) fn tests(&self, variable: &str) -> bool {
        self.facts.iter().any(|fact| fact.formula.tests(variable))
    }

    fn named(&self, name: &str) -> String {
        let message = if self.in_response { "response" } else { "request" };
        match name.strip_prefix("message.") {
            Some(rest) => normalised(&format!("{message}.{rest}")),
            None => normalised(name),
        }
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
                Value::Variable(_) | Value::VariableOr(..) => None,
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
            (Operator::JavaRegex, Some(value)) => match meaning(&value) {
                Meaning::Texts { texts, ignores_case } => return self.one_of(name, texts, ignores_case),
                Meaning::Glob(glob) => Test::Glob(glob),
                Meaning::Trial(trial) => Test::Regex(trial),
                Meaning::Unknown => other(),
            },
            (Operator::NotEquals, None) => {
                let Test::Other(value) = other() else { return Formula::TRUE };
                return self.test(name, Test::Other(value.replacen("!=", "=", 1))).negated();
            }
            _ => other(),
        };
        let formula = self.test(name, test);
        if operator == Operator::NotEquals { formula.negated() } else { formula }
    }

    fn one_of(&self, name: &str, texts: Vec<String>, ignores_case: bool) -> Formula {
        let test = if ignores_case { Test::EqualsIgnoringCase } else { Test::Equals };
        Formula::Or(texts.into_iter().map(|text| self.test(name, test(text))).collect())
    }

    fn test(&self, name: &str, test: Test) -> Formula {
        match self.value(name) {
            Value::Text(value) => of_text(&value, test),
            Value::Variable(variable) => Formula::literal(&variable, test),
            Value::VariableOr(variable, otherwise) => {
                let is_absent = Formula::literal(&variable, Test::Null);
                let there =
                    Formula::And(vec![is_absent.negated(), Formula::literal(&variable, test.clone())]);
                Formula::Or(vec![there, Formula::And(vec![is_absent, of_text(&otherwise, test)])])
            }
        }
    }
}

fn of_text(value: &str, test: Test) -> Formula {
    match evaluate(&test, value) {
        Some(passed) => Formula::constant(passed),
        None => Formula::literal(&format!("\"{value}\""), test),
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
