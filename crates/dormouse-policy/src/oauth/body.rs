//! Bodies that OAuth policies generate: ordered fields as JSON, as a form, or as XML (Apigee: OAuthV2 `GenerateResponse`,
//! `Format`; RFC 6749 §5).

use dormouse_bundle::ResponseFormat;
use dormouse_flow::{FORM, Message, json_string};
use std::borrow::Cow;
use std::fmt::Write as _;

/// A field of a body.
pub(crate) struct Field<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) value: FieldValue,
}

/// What a field holds. Apigee's older shape knows texts only, except for one list.
pub(crate) enum FieldValue {
    /// A text.
    Text(String),
    /// A number in JSON; elsewhere its digits.
    Number(u64),
    /// A list of texts in JSON; elsewhere Java's rendering of it.
    List(Vec<String>),
}

impl<'a> Field<'a> {
    /// A field that holds a text.
    pub(crate) fn text(name: impl Into<Cow<'a, str>>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: FieldValue::Text(value.into()) }
    }
}

impl FieldValue {
    /// The text of the value outside JSON.
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
pub(crate) fn response(status: u16, fields: &[Field<'_>], format: ResponseFormat) -> Message {
    let mut message = Message::response(status);
    let (media_type, body) = match format {
        ResponseFormat::Json => ("application/json", json(fields)),
        ResponseFormat::FormParam => (FORM, form(fields)),
        ResponseFormat::Xml => ("application/xml", xml(fields)),
    };
    // The values are constants, so that none can be refused.
    drop(message.set_content_type(media_type));
    message.set_body(body);
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

fn form(fields: &[Field<'_>]) -> String {
    let mut serializer = form_urlencoded::Serializer::new(String::new());
    for field in fields {
        serializer.append_pair(&field.name, &field.value.plain());
    }
    serializer.finish()
}

/// Names of custom attributes need not be names of elements, so that every field is an element of one name.
fn xml(fields: &[Field<'_>]) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<OAuth>");
    for field in fields {
        let (name, value) = (escape(&field.name), field.value.plain());
        // Writing to a string cannot fail.
        let _ = write!(xml, "<Field name=\"{name}\">{}</Field>", escape(&value));
    }
    xml.push_str("</OAuth>");
    xml
}

/// Text for XML; characters that XML cannot hold at all are left out.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' | '\r' => {
                // Writing to a string cannot fail.
                let _ = write!(escaped, "&#{};", u32::from(character));
            }
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(format: ResponseFormat, expected: &str) {
        let fields = [
            Field::text("a\"", "x & <y>\n"),
            Field { name: "n".into(), value: FieldValue::Number(7) },
            Field { name: "l".into(), value: FieldValue::List(vec!["p".into(), "q".into()]) },
        ];
        assert_eq!(response(200, &fields, format).content(), expected);
    }

    #[test]
    fn the_same_fields_in_each_format() {
        check(ResponseFormat::Json, r#"{"a\"":"x & <y>\n","n":7,"l":["p","q"]}"#);
        check(ResponseFormat::FormParam, "a%22=x+%26+%3Cy%3E%0A&n=7&l=%5Bp%2C+q%5D");
        check(
            ResponseFormat::Xml,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<OAuth><Field name=\"a&quot;\">x &amp; &lt;y&gt;&#10;</Field>\
             <Field name=\"n\">7</Field><Field name=\"l\">[p, q]</Field></OAuth>",
        );
    }
}
