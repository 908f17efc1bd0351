//! The types that extracted values may have (Apigee: "ExtractVariables policy", attribute `type`).

use dormouse_flow::Value;

/// The type that a variable gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cast {
    Boolean,
    Double,
    Float,
    Integer,
    Long,
    Nodeset,
    String,
}

impl Cast {
    /// The type of that name; a text when there is none.
    pub(crate) fn parse(name: Option<&str>) -> Option<Self> {
        Some(match name.map(|name| name.trim().to_ascii_lowercase()).as_deref() {
            Some("boolean") => Self::Boolean,
            Some("double") => Self::Double,
            Some("float") => Self::Float,
            Some("integer") => Self::Integer,
            Some("long") => Self::Long,
            Some("nodeset") => Self::Nodeset,
            None | Some("" | "string") => Self::String,
            Some(_) => return None,
        })
    }
}

/// The text as a value of the type; `None` when it is none.
pub(crate) fn cast(text: &str, to: Cast) -> Option<Value> {
    let trimmed = text.trim();
    Some(match to {
        Cast::Nodeset | Cast::String => text.into(),
        Cast::Boolean if trimmed.eq_ignore_ascii_case("true") => true.into(),
        Cast::Boolean if trimmed.eq_ignore_ascii_case("false") => false.into(),
        Cast::Boolean => return None,
        Cast::Double => trimmed.parse::<f64>().ok()?.into(),
        Cast::Float => Value::Float(trimmed.parse().ok()?),
        Cast::Integer => trimmed.parse::<i32>().ok()?.into(),
        Cast::Long => trimmed.parse::<i64>().ok()?.into(),
    })
}
