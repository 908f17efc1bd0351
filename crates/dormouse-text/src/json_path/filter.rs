//! Filters `[?(…)]`: conditions on the values of an array, or on an object.

use super::evaluate::Search;
use super::{JsonPath, JsonPathError};
use crate::java_regex::Pattern;
use crate::json::Json;
use std::borrow::Cow;
use std::cmp::Ordering;

/// A condition.
#[derive(Clone)]
pub(super) enum Filter {
    All(Vec<Self>),
    Any(Vec<Self>),
    Compare(Operand, Operator, Operand),
    Exists(Operand),
    Not(Box<Self>),
}

/// One side of a comparison.
#[derive(Clone)]
pub(super) enum Operand {
    /// `@…`
    Current(JsonPath),
    Literal(Json),
    Pattern(Box<Pattern>),
    /// `$…`
    Root(JsonPath),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    All,
    AnyOf,
    Contains,
    Empty,
    Equal,
    Greater,
    GreaterOrEqual,
    In,
    Less,
    LessOrEqual,
    Matches,
    NoneOf,
    NotEqual,
    NotIn,
    Size,
    SubsetOf,
}

/// Operators in symbols, longer ones first.
pub(super) const SYMBOLS: &[(&str, Operator)] = &[
    ("===", Operator::Equal),
    ("!==", Operator::NotEqual),
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("=~", Operator::Matches),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

/// Operators in words, in any case.
pub(super) const WORDS: &[(&str, Operator)] = &[
    ("in", Operator::In),
    ("nin", Operator::NotIn),
    ("subsetof", Operator::SubsetOf),
    ("anyof", Operator::AnyOf),
    ("noneof", Operator::NoneOf),
    ("contains", Operator::Contains),
    ("all", Operator::All),
    ("size", Operator::Size),
    ("empty", Operator::Empty),
];

impl Filter {
    /// Whether the condition holds for a value.
    pub(super) fn holds(&self, current: &Json, search: &Search<'_>) -> Result<bool, JsonPathError> {
        search.step()?;
        match self {
            Self::All(parts) => {
                for part in parts {
                    if !part.holds(current, search)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Any(parts) => {
                for part in parts {
                    if part.holds(current, search)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Not(part) => part.holds(current, search).map(|holds| !holds),
            Self::Exists(operand) => operand.value(current, search).map(|value| value.is_some()),
            Self::Compare(left, Operator::Matches, right) => matches_pattern(left, right, current, search),
            Self::Compare(left, operator, right) => {
                let (left, right) = (left.value(current, search)?, right.value(current, search)?);
                compare(left.as_deref(), *operator, right.as_deref(), search)
            }
        }
    }
}

impl Operand {
    /// The value; `None` when there is none, which is not null.
    fn value<'a>(
        &'a self,
        current: &Json,
        search: &Search<'_>,
    ) -> Result<Option<Cow<'a, Json>>, JsonPathError> {
        let found = match self {
            Self::Literal(json) => return Ok(Some(Cow::Borrowed(json))),
            Self::Pattern(_) => return Ok(None),
            Self::Current(path) => search.value(path, current)?,
            Self::Root(path) => search.value(path, search.root())?,
        };
        Ok(found.map(Cow::Owned))
    }
}

fn matches_pattern(
    left: &Operand,
    right: &Operand,
    current: &Json,
    search: &Search<'_>,
) -> Result<bool, JsonPathError> {
    let ((Operand::Pattern(pattern), other) | (other, Operand::Pattern(pattern))) = (left, right) else {
        return Ok(false);
    };
    match other.value(current, search)?.as_deref() {
        None | Some(Json::Null | Json::Array(_) | Json::Object(_)) => Ok(false),
        Some(scalar) => Ok(pattern.is_full_match(&scalar.text())?),
    }
}

fn compare(
    left: Option<&Json>,
    operator: Operator,
    right: Option<&Json>,
    search: &Search<'_>,
) -> Result<bool, JsonPathError> {
    let equal = |left: &Json, right: &Json| search.step().map(|()| are_equal(left, right));
    let any = |items: &[Json], wanted: &Json| -> Result<bool, JsonPathError> {
        for item in items {
            if equal(item, wanted)? {
                return Ok(true);
            }
        }
        Ok(false)
    };
    let (Some(left), Some(right)) = (left, right) else {
        return Ok(
            matches!(operator, Operator::NotEqual | Operator::NotIn | Operator::NoneOf) && left.is_none()
        );
    };
    match (operator, left, right) {
        (Operator::Equal, ..) => equal(left, right),
        (Operator::NotEqual, ..) => equal(left, right).map(|equal| !equal),
        (Operator::Less, ..) => Ok(order(left, right) == Some(Ordering::Less)),
        (Operator::LessOrEqual, ..) => Ok(order(left, right).is_some_and(Ordering::is_le)),
        (Operator::Greater, ..) => Ok(order(left, right) == Some(Ordering::Greater)),
        (Operator::GreaterOrEqual, ..) => Ok(order(left, right).is_some_and(Ordering::is_ge)),
        (Operator::In, _, Json::Array(items)) => any(items, left),
        (Operator::NotIn, _, Json::Array(items)) => any(items, left).map(|found| !found),
        (Operator::Contains, Json::Array(items), _) => any(items, right),
        (Operator::Contains, Json::String(text), Json::String(part)) => Ok(text.contains(part.as_str())),
        (Operator::SubsetOf, Json::Array(own), Json::Array(items)) => all(own, |item| any(items, item)),
        (Operator::All, Json::Array(own), Json::Array(items)) => all(items, |item| any(own, item)),
        (Operator::AnyOf, Json::Array(own), Json::Array(items)) => {
            all(own, |item| any(items, item).map(|found| !found)).map(|none| !none)
        }
        (Operator::NoneOf, Json::Array(own), Json::Array(items)) => {
            all(own, |item| any(items, item).map(|found| !found))
        }
        (Operator::Size, _, Json::Integer(size)) => Ok(length(left) == Some(*size)),
        (Operator::Empty, _, Json::Bool(empty)) => Ok(length(left).is_some_and(|size| (size == 0) == *empty)),
        _ => Ok(false),
    }
}

fn all(items: &[Json], holds: impl Fn(&Json) -> Result<bool, JsonPathError>) -> Result<bool, JsonPathError> {
    for item in items {
        if !holds(item)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn length(json: &Json) -> Option<i64> {
    let length = match json {
        Json::Array(items) => items.len(),
        Json::String(text) => text.chars().count(),
        _ => return None,
    };
    i64::try_from(length).ok()
}

/// A number equals the text that prints it: `5` and `'5'`.
fn are_equal(left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::String(text), number) | (number, Json::String(text)) if number.as_f64().is_some() => {
            text.trim().parse::<f64>().ok() == number.as_f64()
        }
        _ => match (left.as_f64(), right.as_f64()) {
            (Some(left), Some(right)) => left.partial_cmp(&right) == Some(Ordering::Equal),
            _ => left == right,
        },
    }
}

/// Only numbers with numbers, and texts with texts, have an order.
fn order(left: &Json, right: &Json) -> Option<Ordering> {
    match (left, right) {
        (Json::String(left), Json::String(right)) => Some(left.cmp(right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}
