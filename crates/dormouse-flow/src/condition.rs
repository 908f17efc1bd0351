//! Compiled conditions (Apigee: "Conditions reference"). Names and patterns are compiled when a bundle is deployed; at
//! run time a condition only reads variables and compares.

use crate::compare::compare;
use crate::transaction::Transaction;
use crate::value::Value;
use crate::variable::Variable;
use crate::wildcard::Wildcard;
use dormouse_bundle::{Condition as Tree, NumberValue, Operand as TreeOperand, Operator};
use dormouse_text::java_regex;
use std::borrow::Cow;
use std::ops::Range;

/// A condition that can be evaluated.
#[derive(Clone)]
pub struct Condition(Node);

#[derive(Clone)]
enum Node {
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Compare {
        left: Operand,
        operator: Operator,
        right: Operand,
    },
    Match {
        left: Operand,
        pattern: Pattern,
    },
    /// The right side of a pattern operator is a variable: compiled when it is evaluated.
    MatchVariable {
        left: Operand,
        operator: Operator,
        pattern: Variable,
    },
    True(Operand),
}

#[derive(Clone)]
enum Operand {
    Constant(Constant),
    Variable(Variable),
}

/// A literal.
#[derive(Clone)]
struct Constant {
    value: Value,
    /// Numbers keep the digits that were written, for comparisons with text.
    written: Option<Value>,
}

#[derive(Clone)]
enum Pattern {
    Regex(Box<java_regex::Pattern>),
    Wildcard(Wildcard),
}

/// A pattern in a condition that cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the regular expression {pattern:?} is not valid: {error}")]
pub struct InvalidPattern {
    /// The pattern.
    pub pattern: String,
    /// What is wrong with it.
    pub error: java_regex::Error,
    /// Byte offsets of the comparison in the condition's text.
    pub range: Range<usize>,
}

/// A condition that could not be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the condition could not be evaluated: {0}")]
pub struct EvaluationError(#[from] java_regex::Error);

impl Condition {
    /// Compiles a parsed condition.
    ///
    /// # Errors
    /// [`InvalidPattern`] when the text after `JavaRegex` is no usable pattern.
    pub fn compile(tree: &Tree) -> Result<Self, InvalidPattern> {
        node(tree).map(Self)
    }

    /// The condition that is never true.
    pub fn never() -> Self {
        Self(Node::Or(Vec::new()))
    }

    /// Whether the condition is true now.
    ///
    /// # Errors
    /// [`EvaluationError`] when a regular expression takes too many steps, or when one that is held by a variable is
    /// not valid.
    pub fn holds(&self, transaction: &Transaction) -> Result<bool, EvaluationError> {
        self.0.holds(transaction)
    }
}

fn node(tree: &Tree) -> Result<Node, InvalidPattern> {
    Ok(match tree {
        Tree::And(parts) => Node::And(parts.iter().map(node).collect::<Result<_, _>>()?),
        Tree::Or(parts) => Node::Or(parts.iter().map(node).collect::<Result<_, _>>()?),
        Tree::Not(inner) => Node::Not(Box::new(node(inner)?)),
        Tree::Truthy(operand) => Node::True(Operand::compile(operand)),
        Tree::Compare { left, operator, right, range } => {
            let left = Operand::compile(left);
            match (operator.takes_pattern(), right) {
                (true, TreeOperand::Variable(name)) => {
                    Node::MatchVariable { left, operator: *operator, pattern: Variable::parse(name) }
                }
                (true, literal) => {
                    match literal_text(literal) {
                        Some(text) => {
                            let pattern = Pattern::compile(*operator, &text).map_err(|error| {
                                InvalidPattern { pattern: text.into_owned(), error, range: range.clone() }
                            })?;
                            Node::Match { left, pattern }
                        }
                        // Nothing matches null.
                        None => Node::Or(Vec::new()),
                    }
                }
                (false, right) => Node::Compare { left, operator: *operator, right: Operand::compile(right) },
            }
        }
    })
}

impl Node {
    fn holds(&self, transaction: &Transaction) -> Result<bool, EvaluationError> {
        Ok(match self {
            Self::And(parts) => {
                for part in parts {
                    if !part.holds(transaction)? {
                        return Ok(false);
                    }
                }
                true
            }
            Self::Or(parts) => {
                for part in parts {
                    if part.holds(transaction)? {
                        return Ok(true);
                    }
                }
                false
            }
            Self::Not(inner) => !inner.holds(transaction)?,
            Self::Compare { left, operator, right } => {
                let (left_value, right_value) = (left.read(transaction), right.read(transaction));
                let left_value = left.beside(left_value, &right_value);
                let right_value = right.beside(right_value, &left_value);
                compare(&left_value, *operator, &right_value)
            }
            Self::Match { left, pattern } => match transaction.text_of(left.read(transaction)) {
                Some(text) => pattern.matches(&text)?,
                None => false,
            },
            Self::MatchVariable { left, operator, pattern } => {
                let (text, pattern) =
                    (transaction.text_of(left.read(transaction)), transaction.text(pattern));
                match (text, pattern) {
                    (Some(text), Some(pattern)) => Pattern::compile(*operator, &pattern)?.matches(&text)?,
                    _ => false,
                }
            }
            Self::True(operand) => operand.read(transaction).as_bool() == Some(true),
        })
    }
}

impl Operand {
    fn compile(operand: &TreeOperand) -> Self {
        let constant = |value| Self::Constant(Constant { value, written: None });
        match operand {
            TreeOperand::Variable(name) => Self::Variable(Variable::parse(name)),
            TreeOperand::Text(text) => constant(text.as_str().into()),
            TreeOperand::Boolean(truth) => constant((*truth).into()),
            TreeOperand::Null => constant(Value::Null),
            TreeOperand::Number(number) => Self::Constant(Constant {
                value: match number.value {
                    NumberValue::Integer(whole) => {
                        i32::try_from(whole).map_or(Value::Long(whole), Value::Int)
                    }
                    NumberValue::Decimal(decimal) => decimal.into(),
                },
                written: Some(number.text.as_str().into()),
            }),
        }
    }

    fn read(&self, transaction: &Transaction) -> Value {
        match self {
            Self::Constant(constant) => constant.value.clone(),
            // A message compares by its content, as it prints.
            Self::Variable(variable) => match transaction.read(variable) {
                message @ Value::Message(_) => transaction.text_of(message).into(),
                value => value,
            },
        }
    }

    /// The value to compare with another one: `1.50` beside a text that is no number is the text `1.50`.
    fn beside(&self, value: Value, other: &Value) -> Value {
        match (self, other) {
            (Self::Constant(Constant { written: Some(written), .. }), Value::String(text))
                if is_same_text(written, text) =>
            {
                written.clone()
            }
            _ => value,
        }
    }
}

fn is_same_text(written: &Value, text: &str) -> bool {
    written.text().is_some_and(|written| written == text)
}

impl Pattern {
    fn compile(operator: Operator, text: &str) -> Result<Self, java_regex::Error> {
        Ok(match operator {
            Operator::JavaRegex => Self::Regex(Box::new(java_regex::Pattern::compile(text)?)),
            Operator::MatchesPath => Self::Wildcard(Wildcard::path(text)),
            _ => Self::Wildcard(Wildcard::glob(text)),
        })
    }

    fn matches(&self, text: &str) -> Result<bool, java_regex::Error> {
        match self {
            Self::Regex(pattern) => pattern.is_full_match(text),
            Self::Wildcard(wildcard) => Ok(wildcard.matches(text)),
        }
    }
}

fn literal_text(operand: &TreeOperand) -> Option<Cow<'_, str>> {
    match operand {
        TreeOperand::Text(text) => Some(Cow::Borrowed(text)),
        TreeOperand::Number(number) => Some(Cow::Borrowed(&number.text)),
        TreeOperand::Boolean(truth) => Some(Cow::Borrowed(if *truth { "true" } else { "false" })),
        TreeOperand::Null | TreeOperand::Variable(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::transaction;
    use dormouse_bundle::parse_condition;
    use proptest::prelude::*;

    fn compile(text: &str) -> Condition {
        let parsed = parse_condition(text).condition.unwrap_or_else(|error| panic!("{text}: {error}"));
        Condition::compile(&parsed).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[track_caller]
    fn check(text: &str, expected: bool) {
        let mut transaction = transaction("POST", "/base/animals/cats/wild?limit=10");
        transaction.place.path_suffix = "/animals/cats/wild".into();
        for (name, value) in [
            ("count", Value::from(3)),
            ("flag", true.into()),
            ("text", "true".into()),
            ("empty", "".into()),
            ("ratio", "0.5".into()),
            ("whole", "1.50".into()),
            ("path", "/cat".into()),
            ("pattern", "/c.*t".into()),
            ("oauthV2.P.failed", true.into()),
        ] {
            transaction.set(name, value).expect("writable");
        }
        assert_eq!(compile(text).holds(&transaction), Ok(expected), "{text}");
    }

    #[test]
    fn comparisons() {
        check("request.verb = \"POST\"", true);
        check("request.verb=\"post\"", false);
        check("request.verb := \"post\"", true);
        check("count = 3 and count = \"3\" and count == 3.0", true);
        check("count GreaterThan \"0\"", true);
        check("request.queryparam.limit > 9", true);
        check("flag and text and not empty", true);
        check("flag = true and text = true and flag = \"true\" and oauthV2.P.failed = \"true\"", true);
        check("ratio < 0.6 and ratio = 0.5", true);
        check("whole = 1.50 and whole != 1.5", true);
        check("empty = \"\" and empty != null", true);
        check("nothing = null and nothing != \"\"", true);
        check("null = nothing", true);
        check("request.verb = nothing", false);
        check("request =| \"x\"", false);
    }

    #[test]
    fn missing_variables_follow_the_null_table() {
        check("nothing > 1", true);
        check("nothing >= 1", false);
        check("nothing < 1", true);
        check("nothing <= 1", true);
        check("nothing ~ \"*\"", false);
        check("nothing ~~ \".*\"", false);
        check("nothing ~/ \"/**\"", false);
        check("nothing =| \"\"", false);
        check("!(nothing ~ \"*\")", true);
        check("nothing", false);
        check("!nothing", true);
    }

    #[test]
    fn patterns() {
        check("path ~ \"/c*t\"", true);
        check("path ~~ \"/c*t\"", false);
        check("path ~~ \"/c.*t\"", true);
        check("path ~~ pattern", true);
        check("path ~~ nothing", false);
        check("path =| \"/c\"", true);
        check("proxy.pathsuffix MatchesPath \"/animals/**\"", true);
        check("proxy.pathsuffix MatchesPath \"/animals/*\"", false);
        check("!proxy.pathsuffix MatchesPath \"/animals/*\"", true);
        check("count ~~ \"[0-9]\"", true);
    }

    #[test]
    fn an_empty_condition_is_true() {
        check("", true);
    }

    #[test]
    fn and_and_or_stop_early() {
        check("nothing and path ~~ \"(a+)+\\1b\"", false);
        check("flag or nothing", true);
    }

    #[test]
    fn broken_patterns_are_found_when_compiled() {
        let parsed = parse_condition("a = \"b\" and c ~~ \"(\"").condition.expect("parses");
        let error = Condition::compile(&parsed).err().expect("refused");
        assert_eq!((error.pattern.as_str(), error.range), ("(", 12..20));
    }

    #[test]
    fn broken_patterns_in_variables_fail_when_evaluated() {
        let mut transaction = transaction("GET", "/");
        transaction.set("pattern", "(").expect("writable");
        assert!(compile("request.verb ~~ pattern").holds(&transaction).is_err());
    }

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i32>().prop_map(Value::Int),
            any::<i64>().prop_map(Value::Long),
            any::<f32>().prop_map(Value::Float),
            any::<f64>().prop_map(Value::Double),
            ".{0,8}".prop_map(Value::from),
            "-?[0-9]{1,20}(\\.[0-9])?".prop_map(Value::from),
            proptest::collection::vec(".{0,3}".prop_map(Value::from), 0..3).prop_map(Value::list),
        ]
    }

    proptest! {
        #[test]
        fn any_values_compare_and_negation_is_exact(left in value(), right in value()) {
            let mut transaction = transaction("GET", "/");
            transaction.set("a", left).expect("writable");
            transaction.set("b", right).expect("writable");
            for operator in ["=", "!=", ":=", ">", ">=", "<", "<=", "=|"] {
                let plain = compile(&format!("a {operator} b")).holds(&transaction);
                let negated = compile(&format!("!(a {operator} b)")).holds(&transaction);
                prop_assert_eq!(plain.map(|holds| !holds), negated);
            }
            let (equal, unequal) = (compile("a = b").holds(&transaction), compile("a != b").holds(&transaction));
            prop_assert_eq!(equal.map(|holds| !holds), unequal);
        }

        #[test]
        fn any_text_that_parses_evaluates(text in "[a-c =!<>~/|&()\"*0-9.]{0,24}") {
            if let Ok(parsed) = parse_condition(&text).condition
                && let Ok(condition) = Condition::compile(&parsed)
            {
                drop(condition.holds(&transaction("GET", "/")));
            }
        }
    }
}
