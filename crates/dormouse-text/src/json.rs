//! JSON documents (RFC 8259) that keep the order of their members, print numbers as Java does, and are read within
//! limits.

use crate::java_float::java_float;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use std::cell::Cell;
use std::fmt::{self, Write as _};

/// A JSON value. `Debug` shows the kind alone, for a value may be a token or a secret.
#[derive(Clone, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A whole number without fraction and exponent.
    Integer(i64),
    /// Every other number, and whole numbers beyond 64 bits.
    Double(f64),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Self>),
    /// The members in the order of the document; names are unique.
    Object(Vec<(String, Self)>),
}

/// Why a text is no JSON document. Says nothing of the document's content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at line {line} column {column}")]
pub struct JsonError {
    /// What is wrong.
    pub reason: String,
    /// From 1.
    pub line: usize,
    /// From 1, in bytes.
    pub column: usize,
}

impl Json {
    /// Reads a document. Of members with the same name the last one counts, in the place of the first.
    ///
    /// # Errors
    /// [`JsonError`] when the text is malformed, nested deeper than 128 levels, or has too many values.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let left = Cell::new(VALUES_MAX);
        let json = Seed(&left).deserialize(&mut reader).map_err(|error| JsonError::from_serde(&error))?;
        reader.end().map_err(|error| JsonError::from_serde(&error))?;
        Ok(json)
    }

    /// The member of an object.
    pub fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(own, _)| own == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text of a scalar without quotes, and the JSON text of everything else.
    pub fn text(&self) -> String {
        match self {
            Self::String(text) => text.clone(),
            other => other.to_string(),
        }
    }

    /// The value of a number.
    #[expect(clippy::cast_precision_loss, reason = "Java's doubleValue() rounds likewise")]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Integer(number) => Some(*number as f64),
            Self::Double(number) => Some(*number),
            _ => None,
        }
    }
}

/// The JSON text, without white space.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(truth) => write!(f, "{truth}"),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Double(number) => f.write_str(&java_float(*number, &format!("{number:e}"))),
            Self::String(text) => write_string(f, text),
            Self::Array(items) => {
                f.write_char('[')?;
                for (index, item) in items.iter().enumerate() {
                    f.write_str(if index > 0 { "," } else { "" })?;
                    item.fmt(f)?;
                }
                f.write_char(']')
            }
            Self::Object(members) => {
                f.write_char('{')?;
                for (index, (name, value)) in members.iter().enumerate() {
                    f.write_str(if index > 0 { "," } else { "" })?;
                    write_string(f, name)?;
                    f.write_char(':')?;
                    value.fmt(f)?;
                }
                f.write_char('}')
            }
        }
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::Bool(_) => "Bool(…)",
            Self::Integer(_) => "Integer(…)",
            Self::Double(_) => "Double(…)",
            Self::String(_) => "String(…)",
            Self::Array(_) => "Array(…)",
            Self::Object(_) => "Object(…)",
        })
    }
}

fn write_string(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\u{8}' => f.write_str("\\b")?,
            '\u{c}' => f.write_str("\\f")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            control if control < ' ' => write!(f, "\\u{:04x}", u32::from(control))?,
            other => f.write_char(other)?,
        }
    }
    f.write_char('"')
}

impl JsonError {
    pub(crate) fn from_serde(error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let text = error.to_string();
        let place = format!(" at line {line} column {column}");
        Self { reason: text.strip_suffix(&place).unwrap_or(&text).to_owned(), line, column }
    }
}

/// Reads one value, counting down how many may still come.
struct Seed<'a>(&'a Cell<usize>);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        let left = self.0.get().checked_sub(1).ok_or_else(|| D::Error::custom("too many values"))?;
        self.0.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Json, E> {
        Ok(Json::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(Json::Integer(number))
    }

    #[expect(clippy::cast_precision_loss, reason = "beyond 64 bits with sign only a double is left")]
    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(i64::try_from(number).map_or(Json::Double(number as f64), Json::Integer))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json, E> {
        Ok(Json::Double(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Json, E> {
        Ok(Json::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element_seed(Seed(self.0))? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut members: Vec<(String, Json)> = Vec::new();
        while let Some(name) = map.next_key()? {
            members.push((name, map.next_value_seed(Seed(self.0))?));
        }
        Ok(Json::Object(without_repetition(members)))
    }
}

/// The last of equal names counts, in the place of the first. By sorting, because chosen names must not be able to make
/// this slow.
fn without_repetition(members: Vec<(String, Json)>) -> Vec<(String, Json)> {
    let mut order: Vec<usize> = (0..members.len()).collect();
    let name = |index: &usize| members.get(*index).map(|(name, _)| name.as_str());
    order.sort_by(|left, right| name(left).cmp(&name(right)));
    if order.windows(2).all(|pair| pair.first().and_then(name) != pair.last().and_then(name)) {
        return members;
    }
    let mut moves = Vec::new();
    let mut first = None;
    for index in &order {
        match first {
            Some(earlier) if name(&earlier) == name(index) => moves.push((earlier, *index)),
            _ => first = Some(*index),
        }
    }
    let mut members: Vec<Option<(String, Json)>> = members.into_iter().map(Some).collect();
    for (earlier, later) in moves {
        let value = members.get_mut(later).and_then(Option::take);
        if let Some(place) = members.get_mut(earlier) {
            *place = value;
        }
    }
    members.into_iter().flatten().collect()
}

/// Bounds the memory that a document takes beside its text.
const VALUES_MAX: usize = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let json = Json::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(json.to_string(), expected, "{text}");
    }

    #[track_caller]
    fn check_refused(text: &str, expected: &str) {
        assert_eq!(Json::parse(text).map_err(|error| error.to_string()).err().as_deref(), Some(expected));
    }

    #[test]
    fn documents_are_printed_in_their_own_order() {
        check(r#" {"b": 1, "a": [true, null, "x"], "c": {}} "#, r#"{"b":1,"a":[true,null,"x"],"c":{}}"#);
        check(r#"{"a":1,"b":2,"a":3}"#, r#"{"a":3,"b":2}"#);
        check(r#"{"a":1,"a":2,"a":3,"b":0}"#, r#"{"a":3,"b":0}"#);
        check(r#""\u00e4\n\/\"\\\u0001""#, r#""ä\n/\"\\\u0001""#);
    }

    #[test]
    fn numbers() {
        check("[1, -7, 1.0, 0.5, 1e3, 1.5E10]", "[1,-7,1.0,0.5,1000.0,1.5E10]");
        check("9223372036854775807", "9223372036854775807");
        check("18446744073709551616", "1.8446744073709552E19");
    }

    #[test]
    fn what_is_no_json() {
        check_refused("", "EOF while parsing a value at line 1 column 0");
        check_refused("{\n\"a\":}", "expected value at line 2 column 5");
        check_refused("1 2", "trailing characters at line 1 column 3");
        check_refused(&"[".repeat(100_000), "recursion limit exceeded at line 1 column 128");
        let many = format!("[{}0]", "0,".repeat(1_000_001));
        assert!(Json::parse(&many).is_err_and(|error| error.reason == "too many values"));
    }

    #[test]
    fn texts_of_scalars_have_no_quotes() {
        for (text, expected) in
            [(r#""a\"b""#, "a\"b"), ("1.50", "1.5"), ("true", "true"), ("[\"a\"]", "[\"a\"]")]
        {
            assert_eq!(Json::parse(text).map(|json| json.text()).as_deref(), Ok(expected));
        }
        assert_eq!(format!("{:?}", Json::String("hunter2".into())), "String(…)");
    }
}
