//! Typed values of flow variables, and how Java prints them (Apigee: "Flow variables reference", "Message templates").

use crate::message_store::MessageId;
use dormouse_text::java_float;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// Shared text: cloning is cheap, so that a value can be read without holding on to the transaction.
pub type Text = Arc<str>;

/// The value of a flow variable.
///
/// `Debug` shows the type alone, for a value may be a token or a secret.
#[derive(Clone, Default, PartialEq)]
pub enum Value {
    /// Absent: never set, set to null, or not available in this phase.
    #[default]
    Null,
    /// `java.lang.Boolean`
    Bool(bool),
    /// `java.lang.Integer`
    Int(i32),
    /// `java.lang.Long`
    Long(i64),
    /// `java.lang.Float`
    Float(f32),
    /// `java.lang.Double`
    Double(f64),
    /// `java.lang.String`
    String(Text),
    /// A collection, such as the names of headers.
    List(Arc<[Value]>),
    /// A whole message: `request`, `response`, `error`, or one that a policy made.
    Message(MessageId),
}

impl Value {
    /// A collection of texts.
    pub fn list<T: Into<Self>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }

    /// Whether the variable is absent. An empty text is present.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The textual form of everything but null and messages; a message's text is its content, which
    /// [`Transaction::text_of`](crate::Transaction::text_of) knows.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Null | Self::Message(_) => return None,
            Self::Bool(true) => Cow::Borrowed("true"),
            Self::Bool(false) => Cow::Borrowed("false"),
            Self::Int(number) => Cow::Owned(number.to_string()),
            Self::Long(number) => Cow::Owned(number.to_string()),
            Self::Float(number) => Cow::Owned(java_float(f64::from(*number), &format!("{number:e}"))),
            Self::Double(number) => Cow::Owned(java_float(*number, &format!("{number:e}"))),
            Self::String(text) => Cow::Borrowed(text),
            Self::List(items) => {
                let texts: Vec<_> = items.iter().map(|item| item.text().unwrap_or_default()).collect();
                Cow::Owned(format!("[{}]", texts.join(", ")))
            }
        })
    }

    /// The truth of a boolean or of the texts `true` and `false` in any case; `None` for everything else.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(truth) => Some(*truth),
            Self::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Self::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// A whole number, from a number type or from its decimal text.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(i64::from(*number)),
            Self::Long(number) => Some(*number),
            Self::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::Bool(_) => "Bool(…)",
            Self::Int(_) => "Int(…)",
            Self::Long(_) => "Long(…)",
            Self::Float(_) => "Float(…)",
            Self::Double(_) => "Double(…)",
            Self::String(_) => "String(…)",
            Self::List(_) => "List(…)",
            Self::Message(_) => "Message(…)",
        })
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Int(number)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Long(number)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Long(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Double(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl From<Cow<'_, str>> for Value {
    fn from(text: Cow<'_, str>) -> Self {
        Self::String(text.into())
    }
}

impl From<Text> for Value {
    fn from(text: Text) -> Self {
        Self::String(text)
    }
}

impl From<MessageId> for Value {
    fn from(message: MessageId) -> Self {
        Self::Message(message)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A count as Java's `Integer`.
pub(crate) fn count(number: usize) -> Value {
    Value::Int(i32::try_from(number).unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: impl Into<Value>, expected: &str) {
        assert_eq!(value.into().text().as_deref(), Some(expected));
    }

    #[test]
    fn texts_as_java_prints_them() {
        check(true, "true");
        check(7, "7");
        check(1_377_112_607_413_i64, "1377112607413");
        check(0.5, "0.5");
        check(1.0, "1.0");
        check(-12.25, "-12.25");
        check(0.001, "0.001");
        check(0.000_1, "1.0E-4");
        check(1_234_567.5, "1234567.5");
        check(1e7, "1.0E7");
        check(1.5e10, "1.5E10");
        check(0.0, "0.0");
        check(Value::Float(0.1), "0.1");
        check(f64::NAN, "NaN");
        check(f64::NEG_INFINITY, "-Infinity");
        check(Value::list(["a", "b"]), "[a, b]");
        check(Value::list([1, 2]), "[1, 2]");
    }

    #[test]
    fn null_has_no_text_and_empty_text_is_not_null() {
        assert_eq!(Value::Null.text(), None);
        assert!(!Value::from("").is_null());
        assert!(Value::from(None::<&str>).is_null());
    }

    #[test]
    fn truth_of_booleans_and_their_texts() {
        assert_eq!(Value::from(true).as_bool(), Some(true));
        assert_eq!(Value::from("TRUE").as_bool(), Some(true));
        assert_eq!(Value::from("false").as_bool(), Some(false));
        assert_eq!(Value::from("yes").as_bool(), None);
        assert_eq!(Value::from(1).as_bool(), None);
    }

    #[test]
    fn debug_output_hides_the_value() {
        assert_eq!(format!("{:?}", Value::from("hunter2")), "String(…)");
        assert_eq!(format!("{:?}", Value::list(["hunter2"])), "List(…)");
    }
}
