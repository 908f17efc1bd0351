//! Bodies that OAuth policies generate: JSON with ordered fields (Apigee: OAuthV2 `GenerateResponse`; RFC 6749 §5). The
//! older grammar has a `Format`, which bundles write although they expect JSON; it has no effect.

use dormouse_flow::{Message, json_string};
use std::borrow::Cow;

/// A field of a body.
pub(crate) struct Field<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) value: FieldValue,
}

/// What a field holds. Apigee's older shape knows texts only, except for one list.
pub(crate) enum FieldValue {
    /// A text.
    Text(String),
    /// A number; as a variable its digits.
    Number(u64),
    /// A list of texts; as a variable Java's rendering of it.
    List(Vec<String>),
}

impl<'a> Field<'a> {
    /// A field that holds a text.
    pub(crate) fn text(name: impl Into<Cow<'a, str>>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: FieldValue::Text(value.into()) }
    }
}

impl FieldValue {
    /// The text of the value as a variable.
    pub(crate) fn plain(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::List(items) => Cow::Owned(java_list(items)),
        }
    }
}

/// `[a, b]`, as Java prints a list.
pub(crate) fn java_list<T: AsRef<str>>(items: &[T]) -> String {
    let texts: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    format!("[{}]", texts.join(", "))
}

/// `["a","b"]`.
pub(crate) fn json_list<T: AsRef<str>>(items: &[T]) -> String {
    let texts: Vec<String> = items.iter().map(|item| json_string(item.as_ref())).collect();
    format!("[{}]", texts.join(","))
}

/// A response with these fields.
pub(crate) fn response(status: u16, fields: &[Field<'_>]) -> Message {
    let mut message = Message::response(status);
    // The value is a constant, so that it cannot be refused.
    drop(message.set_content_type("application/json"));
    message.set_body(json(fields));
    message
}

fn json(fields: &[Field<'_>]) -> String {
    let pairs: Vec<String> = fields
        .iter()
        .map(|field| {
            let value = match &field.value {
                FieldValue::Text(text) => json_string(text),
                FieldValue::Number(number) => number.to_string(),
                FieldValue::List(items) => json_list(items),
            };
            format!("{}:{value}", json_string(&field.name))
        })
        .collect();
    format!("{{{}}}", pairs.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_in_order_with_their_types() {
        let fields = [
            Field::text("a\"", "x & <y>\n"),
            Field { name: "n".into(), value: FieldValue::Number(7) },
            Field { name: "l".into(), value: FieldValue::List(vec!["p".into(), "q".into()]) },
        ];
        let message = response(400, &fields);
        assert_eq!(message.content(), r#"{"a\"":"x & <y>\n","n":7,"l":["p","q"]}"#);
        assert_eq!(message.content_type().as_deref(), Some("application/json"));
        assert_eq!(message.status(), Some(400));
    }

    #[test]
    fn lists_as_java_and_json_print_them() {
        assert_eq!(java_list(&["a", "b"]), "[a, b]");
        assert_eq!(java_list::<&str>(&[]), "[]");
        assert_eq!(json_list(&["a\"", "b"]), r#"["a\"","b"]"#);
    }
}
