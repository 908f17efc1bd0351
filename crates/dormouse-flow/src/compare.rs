//! How conditions compare two values: the table for nulls, and Java's coercions (Apigee: "Conditions reference",
//! "Operands").

use crate::value::Value;
use dormouse_bundle::Operator;
use std::borrow::Cow;
use std::cmp::Ordering;

/// Whether `left operator right` holds, for the operators that compare values. Pattern operators have a pattern instead
/// of a right side and are not asked here. Messages and lists only ever equal null, and only when they are absent.
pub(crate) fn compare(left: &Value, operator: Operator, right: &Value) -> bool {
    if left.is_null() || right.is_null() {
        return with_null(operator, left.is_null(), right.is_null());
    }
    match operator {
        Operator::Equals => equal(left, right),
        Operator::NotEquals => !equal(left, right),
        Operator::EqualsCaseInsensitive => {
            texts(left, right).is_some_and(|(l, r)| same_ignoring_case(&l, &r))
        }
        Operator::StartsWith => texts(left, right).is_some_and(|(l, r)| l.starts_with(&*r)),
        Operator::GreaterThan => order(left, right) == Some(Ordering::Greater),
        Operator::GreaterThanOrEquals => order(left, right).is_some_and(Ordering::is_ge),
        Operator::LesserThan => order(left, right) == Some(Ordering::Less),
        Operator::LesserThanOrEquals => order(left, right).is_some_and(Ordering::is_le),
        Operator::JavaRegex | Operator::Matches | Operator::MatchesPath => false,
    }
}

/// The published table. That `>` and `<` both hold for a null on the left is what it says.
fn with_null(operator: Operator, left: bool, right: bool) -> bool {
    match operator {
        Operator::Equals | Operator::EqualsCaseInsensitive => left && right,
        Operator::NotEquals => !(left && right),
        Operator::GreaterThan | Operator::LesserThan => left && !right,
        Operator::GreaterThanOrEquals => right,
        Operator::LesserThanOrEquals => left,
        Operator::StartsWith | Operator::JavaRegex | Operator::Matches | Operator::MatchesPath => false,
    }
}

fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::String(_), _) | (_, Value::String(_)) => texts(left, right).is_some_and(|(l, r)| l == r),
        (Value::List(l), Value::List(r)) => l == r,
        (Value::Message(l), Value::Message(r)) => l == r,
        _ => order(left, right) == Some(Ordering::Equal),
    }
}

/// Numbers by value, with booleans as 0 and 1; a text beside a number by value when it is one; texts by character.
fn order(left: &Value, right: &Value) -> Option<Ordering> {
    let numeric = is_number(left) || is_number(right) || !(is_text(left) || is_text(right));
    if numeric && let (Some(left), Some(right)) = (Number::of(left), Number::of(right)) {
        return left.compare(right);
    }
    texts(left, right).map(|(left, right)| java_order(&left, &right))
}

/// `String.compareTo` goes by UTF-16 units.
fn java_order(left: &str, right: &str) -> Ordering {
    left.encode_utf16().cmp(right.encode_utf16())
}

/// `String.equalsIgnoreCase`: character by character, without those that have no single counterpart (`ß`).
fn same_ignoring_case(left: &str, right: &str) -> bool {
    fn single(character: char, mut mapped: impl Iterator<Item = char>) -> char {
        match (mapped.next(), mapped.next()) {
            (Some(only), None) => only,
            _ => character,
        }
    }
    let folded = |character: char| {
        let upper = single(character, character.to_uppercase());
        single(upper, upper.to_lowercase())
    };
    left.chars().map(folded).eq(right.chars().map(folded))
}

fn texts<'a>(left: &'a Value, right: &'a Value) -> Option<(Cow<'a, str>, Cow<'a, str>)> {
    Some((left.text()?, right.text()?))
}

fn is_text(value: &Value) -> bool {
    matches!(value, Value::String(_) | Value::List(_) | Value::Message(_))
}

fn is_number(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Long(_) | Value::Float(_) | Value::Double(_))
}

/// A number of the wider of two types.
#[derive(Clone, Copy)]
enum Number {
    Whole(i64),
    Decimal(f64),
}

impl Number {
    fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Bool(truth) => Self::Whole(i64::from(*truth)),
            Value::Int(number) => Self::Whole(i64::from(*number)),
            Value::Long(number) => Self::Whole(*number),
            Value::Float(number) => Self::Decimal(f64::from(*number)),
            Value::Double(number) => Self::Decimal(*number),
            Value::String(text) => {
                let text = text.trim();
                text.parse().map(Self::Whole).or_else(|_| text.parse().map(Self::Decimal)).ok()?
            }
            _ => return None,
        })
    }

    fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Whole(left), Self::Whole(right)) => Some(left.cmp(&right)),
            (left, right) => left.decimal().partial_cmp(&right.decimal()),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "Java widens long to double in the same way")]
    fn decimal(self) -> f64 {
        match self {
            Self::Whole(number) => number as f64,
            Self::Decimal(number) => number,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Operator::{
        Equals, EqualsCaseInsensitive, GreaterThan, GreaterThanOrEquals, JavaRegex, LesserThan,
        LesserThanOrEquals, Matches, MatchesPath, NotEquals, StartsWith,
    };

    #[track_caller]
    fn check(left: impl Into<Value>, operator: Operator, right: impl Into<Value>, expected: bool) {
        let (left, right) = (left.into(), right.into());
        assert_eq!(
            compare(&left, operator, &right),
            expected,
            "{:?} {operator} {:?}",
            left.text(),
            right.text()
        );
    }

    #[test]
    fn the_null_table() {
        for (operator, left_null, right_null, both) in [
            (Equals, false, false, true),
            (EqualsCaseInsensitive, false, false, true),
            (StartsWith, false, false, false),
            (NotEquals, true, true, false),
            (GreaterThan, true, false, false),
            (GreaterThanOrEquals, false, true, true),
            (LesserThan, true, false, false),
            (LesserThanOrEquals, true, false, true),
            (Matches, false, false, false),
            (JavaRegex, false, false, false),
            (MatchesPath, false, false, false),
        ] {
            for present in [Value::from("x"), Value::from(""), Value::from(1), Value::from(false)] {
                check(Value::Null, operator, present.clone(), left_null);
                check(present, operator, Value::Null, right_null);
            }
            check(Value::Null, operator, Value::Null, both);
        }
    }

    #[test]
    fn texts_decide_when_one_side_is_text() {
        check(400, Equals, "400", true);
        check(400, Equals, 400, true);
        check("400", Equals, 400, true);
        check("0400", Equals, 400, false);
        check(true, Equals, "true", true);
        check("true", Equals, true, true);
        check("TRUE", Equals, true, false);
        check("0.5", Equals, 0.5, true);
        check("a", Equals, "A", false);
        check("a", EqualsCaseInsensitive, "A", true);
        check("straße", EqualsCaseInsensitive, "STRASSE", false);
        check("é", EqualsCaseInsensitive, "É", true);
        check("", Equals, "", true);
        check("ab", StartsWith, "a", true);
        check("ab", StartsWith, "A", false);
        check(404, StartsWith, "4", true);
        check("b", GreaterThan, "a", true);
        check("10", GreaterThan, "9", false);
    }

    #[test]
    fn numbers_are_compared_by_value() {
        check(1, Equals, 1.0, true);
        check(1, Equals, 1_i64, true);
        check(true, Equals, 1, true);
        check(false, LesserThan, 1, true);
        check(2, GreaterThan, 1.5, true);
        check(3, GreaterThan, "0", true);
        check("10", GreaterThan, 9, true);
        check("0.5", LesserThan, 0.6, true);
        check(10, GreaterThan, "x", false);
        check(i64::MAX, GreaterThan, i64::MAX - 1, true);
        check(f64::NAN, Equals, f64::NAN, false);
        check(f64::NAN, NotEquals, 1, true);
        check(5, GreaterThanOrEquals, 5, true);
        check(5, LesserThanOrEquals, "5", true);
    }

    #[test]
    fn collections_compare_by_their_text() {
        check(Value::list(["a", "b"]), Equals, "[a, b]", true);
        check(Value::list(["a"]), Equals, Value::list(["a"]), true);
        check(Value::list(["a"]), Equals, 1, false);
    }
}
