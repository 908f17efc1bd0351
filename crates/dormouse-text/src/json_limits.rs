//! Limits on the shape of a JSON document, checked while it is read (Apigee: "JSONThreatProtection policy").

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// What a document may have; `None` is no limit. Lengths are in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JsonLimits {
    /// Items of one array.
    pub array_element_count: Option<usize>,
    /// Arrays and objects inside each other.
    pub container_depth: Option<usize>,
    /// Members of one object.
    pub object_entry_count: Option<usize>,
    /// The name of a member.
    pub object_entry_name_length: Option<usize>,
    /// A string.
    pub string_value_length: Option<usize>,
}

/// What a document exceeds, or that it is no JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at line {line}")]
pub struct JsonThreat {
    /// What is wrong.
    pub reason: String,
    /// From 1.
    pub line: usize,
}

/// Reads a document without keeping it.
///
/// # Errors
/// [`JsonThreat`] at the first place that is malformed or beyond a limit.
pub fn check(text: &str, limits: &JsonLimits) -> Result<(), JsonThreat> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let result = Seed { limits, depth: 0 }.deserialize(&mut reader).and_then(|()| reader.end());
    result.map_err(|error| {
        let error = crate::json::JsonError::from_serde(&error);
        JsonThreat { reason: error.reason, line: error.line }
    })
}

#[derive(Clone, Copy)]
struct Seed<'a> {
    limits: &'a JsonLimits,
    depth: usize,
}

/// The name of a member.
struct Name<'a>(&'a JsonLimits);

fn within<E: serde::de::Error>(number: usize, limit: Option<usize>, what: &str) -> Result<(), E> {
    if limit.is_some_and(|limit| number > limit) {
        Err(E::custom(format!("Exceeded {what}")))
    } else {
        Ok(())
    }
}

impl Seed<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        within(self.depth + 1, self.limits.container_depth, "container depth")?;
        Ok(Self { limits: self.limits, depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        within(text.chars().count(), self.limits.string_value_length, "string value length")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        let (inner, mut count) = (self.deeper()?, 0);
        while sequence.next_element_seed(inner)?.is_some() {
            count += 1;
            within(count, self.limits.array_element_count, "array element count")?;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (inner, mut count) = (self.deeper()?, 0);
        while map.next_key_seed(Name(self.limits))?.is_some() {
            count += 1;
            within(count, self.limits.object_entry_count, "object entry count")?;
            map.next_value_seed(inner)?;
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<(), E> {
        within(name.chars().count(), self.0.object_entry_name_length, "object entry name length")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: JsonLimits = JsonLimits {
        array_element_count: Some(3),
        container_depth: Some(2),
        object_entry_count: Some(2),
        object_entry_name_length: Some(4),
        string_value_length: Some(5),
    };

    #[track_caller]
    fn expect(text: &str, expected: Option<&str>) {
        let found = check(text, &LIMITS).err().map(|threat| threat.to_string());
        assert_eq!(found.as_deref(), expected, "{text}");
    }

    #[test]
    fn each_limit_has_its_text_and_line() {
        expect(r#"{"a":[1,2,3],"äöüß":"äöüßx"}"#, None);
        expect("[1,2,3,4]", Some("Exceeded array element count at line 1"));
        expect("[\n[\n[]]]", Some("Exceeded container depth at line 3"));
        expect("{\"a\":1,\"b\":2,\n\"c\":3}", Some("Exceeded object entry count at line 2"));
        expect("{\"\\u0061bcde\":1}", Some("Exceeded object entry name length at line 1"));
        expect("[\"abcdef\"]", Some("Exceeded string value length at line 1"));
        expect("[1,", Some("EOF while parsing a value at line 1"));
    }

    #[test]
    fn without_limits_only_the_syntax_counts() {
        assert_eq!(
            check(&format!("{}1{}", "[".repeat(100), "]".repeat(100)), &JsonLimits::default()),
            Ok(())
        );
        assert!(check(&"[".repeat(100_000), &JsonLimits::default()).is_err());
        assert!(check("", &JsonLimits::default()).is_err());
    }
}
