//! Syntax trees of Apigee's condition language ("Conditions reference"), as used in `Condition` of steps,
//! flows, route rules and fault rules. This file has the tree and its canonical text; parsing is in
//! [`condition_parser`](crate::condition_parser), evaluation elsewhere.

use std::fmt;
use std::ops::Range;

/// A condition. Lists are flat and nesting is limited where trees are built, so that walking one by recursion
/// is safe.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// All of these. An empty list is what an empty condition gives: always true.
    And(Vec<Condition>),
    /// Any of these.
    Or(Vec<Condition>),
    /// Not this.
    Not(Box<Condition>),
    /// `left operator right`.
    Compare {
        /// The left side; a variable in everything that Apigee documents.
        left: Operand,
        /// How to compare.
        operator: Operator,
        /// The right side.
        right: Operand,
        /// Byte offsets of the whole comparison in the condition's text.
        range: Range<usize>,
    },
    /// A value that stands alone and is true if it is the Boolean true or the text `true`.
    Truthy(Operand),
}

impl Condition {
    /// Whether this is the condition that is always true because nothing was written.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::And(parts) if parts.is_empty())
    }

    /// The names of all variables that the condition reads, in the order of the text.
    pub fn variables(&self) -> Vec<&str> {
        let mut names = Vec::new();
        let mut pending = vec![self];
        while let Some(condition) = pending.pop() {
            match condition {
                Self::And(parts) | Self::Or(parts) => pending.extend(parts.iter().rev()),
                Self::Not(inner) => pending.push(inner),
                Self::Compare { left, right, .. } => names.extend([left, right].map(Operand::variable)),
                Self::Truthy(operand) => names.push(operand.variable()),
            }
        }
        names.into_iter().flatten().collect()
    }
}

/// How two values are compared. In the order of Apigee's reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `=`, `==`, `Equals`, `Is`
    Equals,
    /// `!=`, `NotEquals`, `IsNot`
    NotEquals,
    /// `:=`, `EqualsCaseInsensitive`
    EqualsCaseInsensitive,
    /// `>`, `GreaterThan`
    GreaterThan,
    /// `>=`, `GreaterThanOrEquals`
    GreaterThanOrEquals,
    /// `<`, `LesserThan`
    LesserThan,
    /// `<=`, `LesserThanOrEquals`
    LesserThanOrEquals,
    /// `~~`, `JavaRegex`: the whole text matches a Java regular expression.
    JavaRegex,
    /// `~`, `Matches`, `Like`: the whole text matches a glob.
    Matches,
    /// `~/`, `MatchesPath`, `LikePath` (and `/~`, met in public bundles): a path matches a glob by segments.
    MatchesPath,
    /// `=|`, `StartsWith`
    StartsWith,
}

impl Operator {
    /// The spelling that canonical text uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equals => "=",
            Self::NotEquals => "!=",
            Self::EqualsCaseInsensitive => ":=",
            Self::GreaterThan => ">",
            Self::GreaterThanOrEquals => ">=",
            Self::LesserThan => "<",
            Self::LesserThanOrEquals => "<=",
            Self::JavaRegex => "JavaRegex",
            Self::Matches => "Matches",
            Self::MatchesPath => "MatchesPath",
            Self::StartsWith => "StartsWith",
        }
    }

    /// Whether the right side is a pattern rather than a value.
    pub fn takes_pattern(self) -> bool {
        matches!(self, Self::JavaRegex | Self::Matches | Self::MatchesPath)
    }
}

/// A value in a condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A flow variable.
    Variable(String),
    /// Text in double quotes.
    Text(String),
    /// A number.
    Number(Number),
    /// `true` or `false`.
    Boolean(bool),
    /// `null`.
    Null,
}

impl Operand {
    /// The variable's name, if it is one.
    pub fn variable(&self) -> Option<&str> {
        match self {
            Self::Variable(name) => Some(name),
            _ => None,
        }
    }
}

/// A number as written and as read. Comparisons with text need the first, all others the second.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    /// The digits as written, without a type suffix (`10L` gives `10`).
    pub text: String,
    /// The value.
    pub value: NumberValue,
}

/// The value of a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NumberValue {
    /// Written without a decimal point, and within 64 bits.
    Integer(i64),
    /// Anything else.
    Decimal(f64),
}

/// Canonical text: symbols for comparisons, lower-case words for `and`, `or`, `not`, and no more parentheses
/// than needed. Parsing it gives the same condition.
impl fmt::Display for Condition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_condition(self, formatter, Binding::Or)
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) if is_plain_variable(name) => formatter.write_str(name),
            Self::Variable(name) => write!(formatter, "'{name}'"),
            Self::Text(text) => write!(formatter, "\"{text}\""),
            Self::Number(number) => formatter.write_str(&number.text),
            Self::Boolean(value) => write!(formatter, "{value}"),
            Self::Null => formatter.write_str("null"),
        }
    }
}

/// How tightly the surrounding expression binds; what binds less is put in parentheses.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Binding {
    Or,
    And,
    Not,
}

fn write_condition(condition: &Condition, to: &mut fmt::Formatter<'_>, around: Binding) -> fmt::Result {
    match condition {
        Condition::And(parts) => write_list(parts, to, (around, Binding::And, " and ")),
        Condition::Or(parts) => write_list(parts, to, (around, Binding::Or, " or ")),
        Condition::Not(inner) => {
            to.write_str("not ")?;
            write_condition(inner, to, Binding::Not)
        }
        Condition::Compare { left, operator, right, .. } => write!(to, "{left} {operator} {right}"),
        Condition::Truthy(operand) => write!(to, "{operand}"),
    }
}

fn write_list(
    parts: &[Condition],
    to: &mut fmt::Formatter<'_>,
    (around, own, word): (Binding, Binding, &str),
) -> fmt::Result {
    let parenthesised = around > own;
    if parenthesised {
        to.write_str("(")?;
    }
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            to.write_str(word)?;
        }
        write_condition(part, to, if own == Binding::Or { Binding::And } else { Binding::Not })?;
    }
    if parenthesised {
        to.write_str(")")?;
    }
    Ok(())
}

fn is_plain_variable(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
        && crate::condition_parser::is_variable_word(name)
}
