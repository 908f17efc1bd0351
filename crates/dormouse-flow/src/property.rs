//! The properties of a message that variables name by suffix: `request.header.accept.values`, `response.status.code`
//! (Apigee: "Flow variables reference", `message.*`). A suffix is parsed once, when a bundle is compiled.

use crate::headers::Headers;
use crate::message::Message;
use crate::parameters::Parameters;
use crate::value::{Value, count};
use crate::write_error::WriteError;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use http::HeaderName;

/// One property of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Property {
    Content,
    ContentBase64,
    ContentUrlSafeBase64,
    FormParam(Box<str>, Selection),
    FormParams(Summary),
    FormString,
    Header(Name, Selection),
    Headers(Summary),
    Path,
    QueryParam(Box<str>, Selection),
    QueryParams(Summary),
    QueryString,
    ReasonPhrase,
    StatusCode,
    TransportId,
    TransportMessage,
    Uri,
    Url,
    Verb,
    Version,
}

/// A header name as written. `parsed` is absent when no header can have that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    written: Box<str>,
    parsed: Option<HeaderName>,
}

/// Which of several values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    First,
    /// `.N`, from 1.
    Number(usize),
    /// `.values`
    Values,
    /// `.values.count`
    Count,
    /// `.values.string`
    Joined,
}

/// What is asked about all headers or parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Summary {
    Count,
    Names,
    NamesJoined,
}

impl Property {
    /// The property that a suffix names, or `None` when it names none.
    pub(crate) fn parse(suffix: &str) -> Option<Self> {
        Some(match suffix {
            "content" => Self::Content,
            "content.as.base64" => Self::ContentBase64,
            "content.as.url.safe.base64" => Self::ContentUrlSafeBase64,
            "formstring" => Self::FormString,
            "path" => Self::Path,
            "querystring" => Self::QueryString,
            "reason.phrase" => Self::ReasonPhrase,
            "status.code" => Self::StatusCode,
            "transport.message" => Self::TransportMessage,
            "transportid" => Self::TransportId,
            "uri" => Self::Uri,
            "url" => Self::Url,
            "verb" => Self::Verb,
            "version" => Self::Version,
            _ => return Self::parse_collection(suffix),
        })
    }

    fn parse_collection(suffix: &str) -> Option<Self> {
        let (collection, rest) = suffix.split_once('.')?;
        Some(match collection {
            "header" => {
                let (name, selection) = Selection::parse(rest)?;
                Self::Header(
                    Name { parsed: HeaderName::from_bytes(name.as_bytes()).ok(), written: name.into() },
                    selection,
                )
            }
            "queryparam" => {
                Selection::parse(rest).map(|(name, selection)| Self::QueryParam(name.into(), selection))?
            }
            "formparam" => {
                Selection::parse(rest).map(|(name, selection)| Self::FormParam(name.into(), selection))?
            }
            "headers" => Self::Headers(Summary::parse(rest)?),
            "queryparams" => Self::QueryParams(Summary::parse(rest)?),
            "formparams" => Self::FormParams(Summary::parse(rest)?),
            _ => return None,
        })
    }

    /// The property's value. `url` is not known to a message alone and reads as null here.
    pub(crate) fn read(&self, message: &Message) -> Value {
        match self {
            Self::Content => message.content().into(),
            Self::ContentBase64 => STANDARD.encode(message.body()).into(),
            Self::ContentUrlSafeBase64 => URL_SAFE.encode(message.body()).into(),
            Self::FormParam(name, selection) => read_parameter(message.form(), name, *selection),
            Self::FormParams(summary) => message.form().map(|form| summary.of_parameters(form)).into(),
            Self::FormString => message.form().map(Parameters::render).into(),
            Self::Header(Name { parsed: Some(name), .. }, selection) => {
                read_header(message.headers(), name, *selection)
            }
            Self::Header(..) | Self::TransportMessage | Self::Url => Value::Null,
            Self::Headers(summary) => summary.of_names(message.headers().names()),
            Self::Path => message.path().into(),
            Self::QueryParam(name, selection) => read_parameter(message.query_parameters(), name, *selection),
            Self::QueryParams(summary) => {
                message.query_parameters().map(|query| summary.of_parameters(query)).into()
            }
            Self::QueryString => message.query().into(),
            Self::ReasonPhrase => message.reason().into(),
            Self::StatusCode => message.status().map(i32::from).into(),
            Self::TransportId => "http".into(),
            Self::Uri => message.uri().into(),
            Self::Verb => message.verb().into(),
            Self::Version => message.version().into(),
        }
    }

    /// Changes the property to a text; `None`, a null, removes what can be removed and empties the rest.
    ///
    /// # Errors
    /// [`WriteError`] when the property is read-only, when this kind of message has none, or when the text cannot be
    /// its value; the message is then unchanged.
    pub(crate) fn write(&self, message: &mut Message, text: Option<&str>) -> Result<(), WriteError> {
        match self {
            Self::Content => message.set_body(text.unwrap_or_default().to_owned()),
            Self::Header(name, selection) => {
                return write_header(message.headers_mut(), name, *selection, text);
            }
            Self::FormParam(name, selection) => {
                let edit = parameter_edit(name, *selection, text)?;
                if !message.is_form() && !message.body().is_empty() {
                    return Err(WriteError::NotAForm);
                }
                message.edit_form(edit);
            }
            Self::QueryParam(name, selection) => {
                let edit = parameter_edit(name, *selection, text)?;
                requires(message.query().is_some())?;
                message.edit_query(edit);
            }
            Self::Path | Self::QueryString | Self::Uri | Self::Verb => {
                requires(message.verb().is_some())?;
                self.write_request_line(message, text.unwrap_or_default());
            }
            Self::ReasonPhrase => {
                requires(message.status().is_some())?;
                message.set_reason(text.unwrap_or_default());
            }
            Self::StatusCode => {
                requires(message.status().is_some())?;
                message.set_status(parse_status(text.unwrap_or_default()).ok_or(WriteError::InvalidStatus)?);
            }
            Self::Version => message.set_version(text.unwrap_or_default().to_owned()),
            _ => return Err(WriteError::ReadOnly),
        }
        Ok(())
    }

    fn write_request_line(&self, message: &mut Message, text: &str) {
        match self {
            Self::Path => message.set_path(text),
            Self::QueryString => message.set_query(text),
            Self::Uri => {
                let (path, query) = text.split_once('?').unwrap_or((text, ""));
                message.set_path(path);
                message.set_query(query);
            }
            _ => message.set_verb(text),
        }
    }
}

/// A status code that HTTP can carry (RFC 9110 §15), from its decimal text.
pub fn parse_status(text: &str) -> Option<u16> {
    text.trim().parse().ok().filter(|status| (100..=999).contains(status))
}

impl Selection {
    /// Splits `NAME[.N | .values[.count | .string]]`.
    fn parse(rest: &str) -> Option<(&str, Self)> {
        let suffixes =
            [(".values", Self::Values), (".values.count", Self::Count), (".values.string", Self::Joined)];
        let split =
            suffixes.iter().find_map(|(suffix, selection)| Some((rest.strip_suffix(suffix)?, *selection)));
        let numbered = || {
            let (name, number) = rest.rsplit_once('.')?;
            Some((name, Self::Number(number.parse().ok()?)))
        };
        let (name, selection) = split.or_else(numbered).unwrap_or((rest, Self::First));
        (!name.is_empty()).then_some((name, selection))
    }
}

impl Summary {
    fn parse(rest: &str) -> Option<Self> {
        Some(match rest {
            "count" => Self::Count,
            "names" => Self::Names,
            "names.string" => Self::NamesJoined,
            _ => return None,
        })
    }

    fn of_names<'a>(self, names: impl Iterator<Item = &'a str>) -> Value {
        match self {
            Self::Count => count(names.count()),
            Self::Names => Value::list(names),
            Self::NamesJoined => names.collect::<Vec<_>>().join(",").into(),
        }
    }

    fn of_parameters(self, parameters: &Parameters) -> Value {
        self.of_names(parameters.names())
    }
}

fn read_header(headers: &Headers, name: &HeaderName, selection: Selection) -> Value {
    match selection {
        Selection::First => headers.values(name).next().into(),
        Selection::Number(number) => {
            number.checked_sub(1).and_then(|index| headers.values(name).nth(index)).into()
        }
        Selection::Values if !headers.contains(name) => Value::Null,
        Selection::Values => Value::list(headers.values(name)),
        Selection::Count => count(headers.values(name).count()),
        Selection::Joined => headers.joined(name).into(),
    }
}

fn write_header(
    headers: &mut Headers,
    name: &Name,
    selection: Selection,
    text: Option<&str>,
) -> Result<(), WriteError> {
    match (selection, text, &name.parsed) {
        (Selection::First, Some(text), _) => headers.set(&name.written, text)?,
        (Selection::Number(number), Some(text), _) => headers.set_value(&name.written, number, text)?,
        (Selection::First, None, Some(parsed)) => headers.remove(parsed),
        (Selection::Number(number), None, Some(parsed)) => headers.remove_value(parsed, number),
        (Selection::First | Selection::Number(_), None, None) => {}
        _ => return Err(WriteError::ReadOnly),
    }
    Ok(())
}

fn read_parameter(parameters: Option<&Parameters>, name: &str, selection: Selection) -> Value {
    let Some(parameters) = parameters else { return Value::Null };
    let mut values = parameters.values(name);
    match selection {
        Selection::First => values.next().into(),
        Selection::Number(number) => number.checked_sub(1).and_then(|index| values.nth(index)).into(),
        Selection::Count => count(values.count()),
        Selection::Values | Selection::Joined => {
            let values: Vec<_> = values.collect();
            match selection {
                _ if values.is_empty() => Value::Null,
                Selection::Joined => values.join(",").into(),
                _ => Value::list(values),
            }
        }
    }
}

/// The change that writing a parameter means.
fn parameter_edit<'a>(
    name: &'a str,
    selection: Selection,
    text: Option<&'a str>,
) -> Result<impl FnOnce(&mut Parameters) + use<'a>, WriteError> {
    let number = match selection {
        Selection::First => None,
        Selection::Number(number) => Some(number),
        _ => return Err(WriteError::ReadOnly),
    };
    Ok(move |parameters: &mut Parameters| match (number, text) {
        (None, Some(text)) => parameters.set(name, text),
        (None, None) => parameters.remove(name),
        (Some(number), Some(text)) => parameters.set_value(name, number, text),
        (Some(number), None) => parameters.remove_value(name, number),
    })
}

fn requires(right_kind: bool) -> Result<(), WriteError> {
    if right_kind { Ok(()) } else { Err(WriteError::WrongKind) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::MessageKind;

    fn request() -> Message {
        let mut message = Message::request("POST", "/a/b?q=1&r=x%20y&q=2");
        for (name, value) in [
            ("Accept", "text/html, text/plain;q=0.5"),
            ("accept", "*/*"),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ] {
            message.headers_mut().add(name, value).expect("valid");
        }
        message.set_body("grant_type=password&scope=a+b&scope=c");
        message
    }

    #[track_caller]
    fn check(message: &Message, suffix: &str, expected: Option<&str>) {
        let value =
            Property::parse(suffix).unwrap_or_else(|| panic!("{suffix} names a property")).read(message);
        assert_eq!(value.text().as_deref(), expected, "{suffix}");
    }

    #[test]
    fn properties_of_a_request() {
        let message = request();
        for (suffix, expected) in [
            ("content", "grant_type=password&scope=a+b&scope=c"),
            ("content.as.base64", "Z3JhbnRfdHlwZT1wYXNzd29yZCZzY29wZT1hK2Imc2NvcGU9Yw=="),
            ("header.Accept", "text/html"),
            ("header.ACCEPT.2", "text/plain;q=0.5"),
            ("header.accept.3", "*/*"),
            ("header.accept.values", "[text/html, text/plain;q=0.5, */*]"),
            ("header.accept.values.count", "3"),
            ("header.accept.values.string", "text/html, text/plain;q=0.5,*/*"),
            ("header.none.values.count", "0"),
            ("headers.count", "2"),
            ("headers.names", "[Accept, Content-Type]"),
            ("headers.names.string", "Accept,Content-Type"),
            ("queryparam.q", "1"),
            ("queryparam.q.2", "2"),
            ("queryparam.r", "x y"),
            ("queryparam.q.values", "[1, 2]"),
            ("queryparam.q.values.count", "2"),
            ("queryparam.q.values.string", "1,2"),
            ("queryparams.count", "2"),
            ("queryparams.names", "[q, r]"),
            ("querystring", "q=1&r=x%20y&q=2"),
            ("formparam.grant_type", "password"),
            ("formparam.scope.2", "c"),
            ("formparam.scope.values", "[a b, c]"),
            ("formparams.count", "2"),
            ("formparams.names.string", "grant_type,scope"),
            ("formstring", "grant_type=password&scope=a+b&scope=c"),
            ("path", "/a/b"),
            ("uri", "/a/b?q=1&r=x%20y&q=2"),
            ("verb", "POST"),
            ("version", "1.1"),
            ("transportid", "http"),
        ] {
            check(&message, suffix, Some(expected));
        }
        for absent in [
            "header.none",
            "header.accept.4",
            "header.accept.0",
            "header.none.values",
            "header.none.values.string",
            "header.a b",
            "queryparam.Q",
            "queryparam.q.3",
            "queryparam.none.values",
            "formparam.none",
            "status.code",
            "reason.phrase",
        ] {
            check(&message, absent, None);
        }
    }

    #[test]
    fn properties_of_a_response() {
        let message = Message::response(404);
        check(&message, "status.code", Some("404"));
        check(&message, "reason.phrase", Some("Not Found"));
        check(&message, "content", Some(""));
        for absent in
            ["verb", "path", "uri", "queryparam.a", "queryparams.count", "querystring", "formparam.a"]
        {
            check(&message, absent, None);
        }
    }

    #[test]
    fn a_malformed_form_reads_as_null_throughout() {
        let mut message = request();
        message.set_body("a=1&b&c=2");
        for suffix in
            ["formparam.a", "formparam.a.values.count", "formparams.count", "formparams.names", "formstring"]
        {
            check(&message, suffix, None);
        }
    }

    #[test]
    fn what_names_no_property() {
        for suffix in
            ["", "header", "header.", "headers", "headers.x", "Content", "status", "queryparam.", "foo.bar"]
        {
            assert_eq!(Property::parse(suffix), None, "{suffix}");
        }
    }

    #[test]
    fn writing_and_reading_back() {
        let mut message = request();
        for (suffix, text) in [
            ("content", "hello"),
            ("header.X-New", "1"),
            ("header.Accept", "a/b"),
            ("queryparam.q", "3"),
            ("queryparam.new", "ä&"),
            ("path", "/c"),
            ("verb", "PUT"),
            ("version", "1.0"),
        ] {
            let property = Property::parse(suffix).expect("a property");
            assert_eq!(property.write(&mut message, Some(text)), Ok(()), "{suffix}");
            check(&message, suffix, Some(text));
        }
        check(&message, "uri", Some("/c?q=3&r=x%20y&new=%C3%A4%26"));
        check(&message, "header.accept.values.count", Some("1"));
    }

    #[track_caller]
    fn check_write(
        message: &mut Message,
        suffix: &str,
        text: Option<&str>,
        expected: &Result<(), WriteError>,
    ) {
        let property = Property::parse(suffix).unwrap_or_else(|| panic!("{suffix} names a property"));
        assert_eq!(&property.write(message, text), expected, "{suffix}");
    }

    #[test]
    fn null_removes() {
        let mut message = request();
        check_write(&mut message, "header.accept", None, &Ok(()));
        check(&message, "header.accept", None);
        check_write(&mut message, "queryparam.q.1", None, &Ok(()));
        check(&message, "querystring", Some("r=x%20y&q=2"));
        check_write(&mut message, "formparam.scope", None, &Ok(()));
        check(&message, "content", Some("grant_type=password"));
        check_write(&mut message, "content", None, &Ok(()));
        check(&message, "content", Some(""));
    }

    #[test]
    fn refused_writes_change_nothing() {
        let mut message = request();
        check_write(&mut message, "header.accept.values", Some("x"), &Err(WriteError::ReadOnly));
        check_write(&mut message, "headers.count", Some("1"), &Err(WriteError::ReadOnly));
        check_write(&mut message, "url", Some("x"), &Err(WriteError::ReadOnly));
        check_write(&mut message, "status.code", Some("200"), &Err(WriteError::WrongKind));
        assert!(matches!(
            Property::parse("header.a b").map(|property| property.write(&mut message, Some("x"))),
            Some(Err(WriteError::InvalidHeader(_)))
        ));
        message.headers_mut().set("Content-Type", "application/json").expect("valid");
        check_write(&mut message, "formparam.a", Some("x"), &Err(WriteError::NotAForm));
        check(&message, "content", Some("grant_type=password&scope=a+b&scope=c"));
        let mut response = Message::new(MessageKind::Response);
        check_write(&mut response, "verb", Some("GET"), &Err(WriteError::WrongKind));
        for status in ["", "abc", "99", "1000", "-1"] {
            check_write(&mut response, "status.code", Some(status), &Err(WriteError::InvalidStatus));
        }
        check_write(&mut response, "status.code", Some(" 302 "), &Ok(()));
        check(&response, "status.code", Some("302"));
    }
}
