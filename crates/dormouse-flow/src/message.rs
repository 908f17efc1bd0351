//! An HTTP message as flows see it (Apigee: "Flow variables reference", `message.*`).

use crate::body_stream::{BodyStream, StreamedBody};
use crate::headers::{Headers, InvalidHeader};
use crate::parameters::Parameters;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use std::borrow::Cow;
use std::cell::OnceCell;

/// A request or a response. Its body is whole, or a stream that flows cannot read.
#[derive(Clone)]
pub struct Message {
    start: Start,
    version: Cow<'static, str>,
    headers: Headers,
    body: Bytes,
    /// What is still to arrive of a body that is passed on unread.
    stream: Option<BodyStream>,
    /// The form in the body, parsed when first asked for. `Some(None)`: there is no readable form.
    form: OnceCell<Option<Parameters>>,
}

/// What the first line of a message says.
#[derive(Clone)]
enum Start {
    Request(RequestLine),
    Response { status: u16, reason: Option<Box<str>> },
}

/// Verb, path and query of a request.
#[derive(Clone)]
struct RequestLine {
    verb: Cow<'static, str>,
    path: Box<str>,
    query: Box<str>,
    /// The query's pairs, parsed when first asked for.
    parameters: OnceCell<Parameters>,
}

/// The two kinds of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// Has a verb, a path and a query.
    Request,
    /// Has a status and a reason phrase.
    Response,
}

impl Message {
    /// An empty message as AssignMessage makes it: `GET` of an empty path, or status 200.
    pub fn new(kind: MessageKind) -> Self {
        match kind {
            MessageKind::Request => Self::request(Cow::Borrowed("GET"), ""),
            MessageKind::Response => Self::response(200),
        }
    }

    /// A request without headers and body. `uri` is the raw path, with the query if it has one.
    pub fn request(verb: impl Into<Cow<'static, str>>, uri: &str) -> Self {
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let parameters = OnceCell::new();
        Self::with_start(Start::Request(RequestLine {
            verb: verb.into(),
            path: path.into(),
            query: query.into(),
            parameters,
        }))
    }

    /// A response without headers and body.
    pub fn response(status: u16) -> Self {
        Self::with_start(Start::Response { status, reason: None })
    }

    fn with_start(start: Start) -> Self {
        let (headers, body, form) = (Headers::default(), Bytes::new(), OnceCell::new());
        Self { start, version: Cow::Borrowed("1.1"), headers, body, stream: None, form }
    }

    /// Request or response.
    pub fn kind(&self) -> MessageKind {
        match self.start {
            Start::Request(_) => MessageKind::Request,
            Start::Response { .. } => MessageKind::Response,
        }
    }

    /// The headers.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The headers, to change them.
    pub fn headers_mut(&mut self) -> &mut Headers {
        // A new Content-Type changes whether the body is a form.
        self.form.take();
        &mut self.headers
    }

    /// The body; empty when it is a stream.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Replaces the body; headers stay as they are.
    pub fn set_body(&mut self, body: impl Into<Bytes>) {
        self.form.take();
        self.stream = None;
        self.body = body.into();
    }

    /// Replaces the body by one that arrives later and is passed on unread. Headers stay as they are.
    pub fn set_stream(&mut self, stream: StreamedBody) {
        self.set_body(Bytes::new());
        self.stream = Some(BodyStream::new(stream));
    }

    /// Whether the body is a stream, taken or not.
    pub fn is_streamed(&self) -> bool {
        self.stream.is_some()
    }

    /// Takes the stream out of a message whose body is one; it can be taken once, from the message or one of its copies.
    pub fn take_stream(&self) -> Option<StreamedBody> {
        self.stream.as_ref().and_then(BodyStream::take)
    }

    /// The body as text; what is not UTF-8 becomes replacement characters.
    pub fn content(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The value of `Content-Type`.
    pub fn content_type(&self) -> Option<Cow<'_, str>> {
        self.headers.first(&CONTENT_TYPE)
    }

    /// Replaces `Content-Type`.
    ///
    /// # Errors
    /// [`InvalidHeader`] when the value has control characters.
    pub fn set_content_type(&mut self, value: &str) -> Result<(), InvalidHeader> {
        self.headers_mut().set("Content-Type", value)
    }

    /// The verb of a request.
    pub fn verb(&self) -> Option<&str> {
        self.request_line().map(|line| &*line.verb)
    }

    /// Replaces the verb of a request; a response stays as it is.
    pub fn set_verb(&mut self, verb: &str) {
        if let Some(line) = self.request_line_mut() {
            line.verb = Cow::Owned(verb.to_owned());
        }
    }

    /// The raw path of a request, without query.
    pub fn path(&self) -> Option<&str> {
        self.request_line().map(|line| &*line.path)
    }

    /// Replaces the path of a request; a response stays as it is.
    pub fn set_path(&mut self, path: &str) {
        if let Some(line) = self.request_line_mut() {
            line.path = path.into();
        }
    }

    /// The raw query of a request, without `?`; empty when there is none.
    pub fn query(&self) -> Option<&str> {
        self.request_line().map(|line| &*line.query)
    }

    /// Replaces the raw query of a request; a response stays as it is.
    pub fn set_query(&mut self, query: &str) {
        if let Some(line) = self.request_line_mut() {
            line.query = query.strip_prefix('?').unwrap_or(query).into();
            line.parameters.take();
        }
    }

    /// Path and query of a request.
    pub fn uri(&self) -> Option<Cow<'_, str>> {
        let line = self.request_line()?;
        Some(match &*line.query {
            "" => Cow::Borrowed(&*line.path),
            query => Cow::Owned(format!("{}?{query}", line.path)),
        })
    }

    /// The query's pairs; `None` for a response.
    pub fn query_parameters(&self) -> Option<&Parameters> {
        self.request_line().map(|line| line.parameters.get_or_init(|| Parameters::from_query(&line.query)))
    }

    /// Changes the query's pairs; a response stays as it is.
    pub fn edit_query(&mut self, edit: impl FnOnce(&mut Parameters)) {
        let Some(line) = self.request_line_mut() else { return };
        let mut parameters = line.parameters.take().unwrap_or_else(|| Parameters::from_query(&line.query));
        edit(&mut parameters);
        line.query = parameters.render().into();
        line.parameters = OnceCell::from(parameters);
    }

    /// The form in the body; `None` when `Content-Type` names no form, or when Apigee cannot read it.
    pub fn form(&self) -> Option<&Parameters> {
        let parse = || if self.is_form() { Parameters::from_form(&self.body) } else { None };
        self.form.get_or_init(parse).as_ref()
    }

    /// Whether `Content-Type` is `application/x-www-form-urlencoded`, parameters such as charset aside.
    pub fn is_form(&self) -> bool {
        self.content_type().is_some_and(|value| {
            value.split(';').next().is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case(FORM))
        })
    }

    /// Changes the form in the body. A body that was no readable form is replaced by one with the result, and
    /// `Content-Type` then says so.
    pub fn edit_form(&mut self, edit: impl FnOnce(&mut Parameters)) {
        let mut form = self.form().cloned().unwrap_or_default();
        edit(&mut form);
        self.stream = None;
        self.body = form.render().into();
        if !self.is_form() {
            // The value is a constant, so it cannot be refused.
            drop(self.headers.set("Content-Type", FORM));
        }
        self.form = OnceCell::from(Some(form));
    }

    /// The protocol version without `HTTP/`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Replaces the protocol version.
    pub fn set_version(&mut self, version: impl Into<Cow<'static, str>>) {
        self.version = version.into();
    }

    /// The status of a response.
    pub fn status(&self) -> Option<u16> {
        match self.start {
            Start::Response { status, .. } => Some(status),
            Start::Request(_) => None,
        }
    }

    /// Replaces the status of a response, and forgets a reason phrase that belonged to the old one; a request stays
    /// as it is.
    pub fn set_status(&mut self, new: u16) {
        if let Start::Response { status, reason } = &mut self.start
            && *status != new
        {
            (*status, *reason) = (new, None);
        }
    }

    /// The reason phrase of a response: the one that was set, or the usual one of its status.
    pub fn reason(&self) -> Option<&str> {
        match &self.start {
            Start::Response { reason: Some(reason), .. } => Some(reason),
            Start::Response { status, reason: None } => {
                http::StatusCode::from_u16(*status).ok()?.canonical_reason()
            }
            Start::Request(_) => None,
        }
    }

    /// Replaces the reason phrase of a response; a request stays as it is.
    pub fn set_reason(&mut self, new: &str) {
        if let Start::Response { reason, .. } = &mut self.start {
            *reason = Some(new.into());
        }
    }

    fn request_line(&self) -> Option<&RequestLine> {
        match &self.start {
            Start::Request(line) => Some(line),
            Start::Response { .. } => None,
        }
    }

    fn request_line_mut(&mut self) -> Option<&mut RequestLine> {
        match &mut self.start {
            Start::Request(line) => Some(line),
            Start::Response { .. } => None,
        }
    }
}

/// The media type of HTML forms.
pub const FORM: &str = "application/x-www-form-urlencoded";

#[cfg(test)]
mod tests {
    use super::*;

    fn form(content_type: &str, body: &'static str) -> Message {
        let mut message = Message::request("POST", "/token");
        message.set_content_type(content_type).expect("valid");
        message.set_body(body);
        message
    }

    #[test]
    fn a_form_needs_its_content_type() {
        for (content_type, readable) in [
            (FORM, true),
            ("Application/X-WWW-Form-Urlencoded ; charset=utf-8", true),
            ("application/json", false),
            ("application/x-www-form-urlencodedx", false),
        ] {
            assert_eq!(form(content_type, "a=1").form().is_some(), readable, "{content_type}");
        }
    }

    #[test]
    fn changing_type_or_body_reads_the_form_again() {
        let mut message = form("text/plain", "a=1");
        assert!(message.form().is_none());
        message.set_content_type(FORM).expect("valid");
        assert_eq!(message.form().and_then(|form| form.first("a")), Some("1"));
        message.set_body("a=2");
        assert_eq!(message.form().and_then(|form| form.first("a")), Some("2"));
    }

    #[test]
    fn editing_a_form_writes_body_and_type() {
        let mut message = Message::request("POST", "/");
        message.edit_form(|form| form.add("a", "x y"));
        assert_eq!((message.content().as_ref(), message.is_form()), ("a=x+y", true));
        assert_eq!(message.form().and_then(|form| form.first("a")), Some("x y"));
    }

    #[test]
    fn uri_joins_path_and_query() {
        let mut message = Message::request("GET", "/a?b=1");
        message.edit_query(|query| query.set("c", "2"));
        assert_eq!(message.uri().as_deref(), Some("/a?b=1&c=2"));
        message.set_query("?x");
        assert_eq!(message.query_parameters().map(Parameters::len), Some(1));
        message.set_query("");
        assert_eq!(message.uri().as_deref(), Some("/a"));
    }

    #[test]
    fn parts_of_the_other_kind_are_absent_and_stay_so() {
        let mut response = Message::new(MessageKind::Response);
        response.set_verb("POST");
        response.set_path("/x");
        response.edit_query(|query| query.add("a", "b"));
        assert_eq!((response.verb(), response.path(), response.uri()), (None, None, None));
        let mut request = Message::new(MessageKind::Request);
        request.set_status(404);
        assert_eq!((request.status(), request.reason()), (None, None));
    }

    #[test]
    fn a_reason_belongs_to_its_status() {
        let mut response = Message::response(404);
        assert_eq!(response.reason(), Some("Not Found"));
        response.set_reason("Gone fishing");
        response.set_status(404);
        assert_eq!(response.reason(), Some("Gone fishing"));
        response.set_status(500);
        assert_eq!(response.reason(), Some("Internal Server Error"));
    }
}
