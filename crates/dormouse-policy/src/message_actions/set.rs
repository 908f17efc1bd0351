//! Set and Add: write headers, parameters, payload and first line of a message (Apigee: "AssignMessage policy", `Set`
//! and `Add`). What the kind of message does not have is left alone.

use super::ActionError;
use super::text::{compile_template, compile_with};
use dormouse_bundle::{Delimiters, Element, Problem};
use dormouse_flow::{
    Message, MessageId, MessageKind, Parameters, Template, Text, Transaction, Unresolved, WriteError,
    parse_status,
};
use http::HeaderName;

/// A compiled Set.
pub(super) struct Set {
    values: Values,
    payload: Option<Payload>,
    verb: Option<Template>,
    path: Option<Template>,
    version: Option<Template>,
    status: Option<Template>,
    reason: Option<Template>,
}

/// A compiled Add.
pub(super) struct Add(Values);

/// Headers and parameters with their values.
struct Values {
    headers: Vec<Named>,
    query: Vec<Named>,
    form: Vec<Named>,
}

struct Named {
    name: Box<str>,
    value: Template,
}

struct Payload {
    content: Template,
    content_type: Option<Template>,
}

/// What happens to values that are there already.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Existing {
    Keep,
    Replace,
}

impl Set {
    pub(super) fn compile(element: &Element, problems: &mut Vec<Problem>) -> Self {
        if let Some(authentication) = element.element("Authentication") {
            let message = "Google authentication is not available here; requests go out without it";
            problems.push(
                Problem::warning("google-authentication", message).at(authentication.name_span.clone()),
            );
        }
        let mut line = |name: &str| {
            let text = element.element(name)?.text().trimmed();
            (!text.as_str().is_empty()).then(|| compile_template(&text, problems))
        };
        let (verb, path, version) = (line("Verb"), line("Path"), line("Version"));
        let (status, reason) = (line("StatusCode"), line("ReasonPhrase"));
        check_status(element, problems);
        Self {
            verb,
            path,
            version,
            status,
            reason,
            payload: element.element("Payload").map(|payload| Payload::compile(payload, problems)),
            values: Values::compile(element, problems),
        }
    }

    pub(super) fn run(
        &self,
        transaction: &mut Transaction,
        target: MessageId,
        unresolved: Unresolved,
    ) -> Result<(), ActionError> {
        self.set_first_line(transaction, target, unresolved)?;
        self.values.run(transaction, target, (Existing::Replace, unresolved))?;
        match &self.payload {
            Some(payload) => payload.run(transaction, target, unresolved),
            None => Ok(()),
        }
    }

    fn set_first_line(
        &self,
        transaction: &mut Transaction,
        target: MessageId,
        unresolved: Unresolved,
    ) -> Result<(), ActionError> {
        let render = |template: &Option<Template>, transaction: &Transaction| {
            template.as_ref().map(|template| template.render(transaction, unresolved)).transpose()
        };
        if let Some(verb) = render(&self.verb, transaction)? {
            transaction.message_mut(target).set_verb(verb.trim());
        }
        if let Some(path) = render(&self.path, transaction)? {
            transaction.message_mut(target).set_path(path.trim());
        }
        if let Some(version) = render(&self.version, transaction)? {
            transaction.message_mut(target).set_version(version.trim().to_owned());
        }
        if let Some(status) = render(&self.status, transaction)? {
            set_status(transaction.message_mut(target), &status)?;
        }
        if let Some(reason) = render(&self.reason, transaction)? {
            transaction.message_mut(target).set_reason(reason.trim());
        }
        Ok(())
    }
}

/// A status that is written out and is none would fail each time.
fn check_status(element: &Element, problems: &mut Vec<Problem>) {
    let Some(text) = element.element_text("StatusCode").filter(|text| !text.as_str().is_empty()) else {
        return;
    };
    let template = dormouse_bundle::Template::parse(text.as_str());
    if template.as_literal().is_some_and(|literal| parse_status(literal).is_none()) {
        let message = format!("{:?} is no status code", text.as_str());
        let problem = Problem::warning("invalid-status-code", message).at(text.span());
        problems
            .push(problem.help("a status code is a number from 100 to 999; the policy fails with this one"));
    }
}

/// A status on a request has no effect, whatever it is.
fn set_status(message: &mut Message, text: &str) -> Result<(), ActionError> {
    if message.kind() == MessageKind::Request {
        return Ok(());
    }
    let failed = || ActionError::Variable { name: "status.code".into(), error: WriteError::InvalidStatus };
    message.set_status(parse_status(text).ok_or_else(failed)?);
    Ok(())
}

impl Add {
    pub(super) fn compile(element: &Element, problems: &mut Vec<Problem>) -> Self {
        Self(Values::compile(element, problems))
    }

    pub(super) fn run(
        &self,
        transaction: &mut Transaction,
        target: MessageId,
        unresolved: Unresolved,
    ) -> Result<(), ActionError> {
        self.0.run(transaction, target, (Existing::Keep, unresolved))
    }
}

impl Values {
    fn compile(element: &Element, problems: &mut Vec<Problem>) -> Self {
        let mut named = |list: &str, item: &str| {
            let lists = element.elements_named(list);
            let items: Vec<_> = lists.flat_map(|list| list.elements_named(item)).collect();
            items.into_iter().filter_map(|item| Named::compile(item, problems)).collect()
        };
        let (headers, query, form) = (
            named("Headers", "Header"),
            named("QueryParams", "QueryParam"),
            named("FormParams", "FormParam"),
        );
        for header in element.elements_named("Headers").flat_map(|list| list.elements_named("Header")) {
            check_header_name(header, problems);
        }
        Self { headers, query, form }
    }

    fn run(
        &self,
        transaction: &mut Transaction,
        target: MessageId,
        (existing, unresolved): (Existing, Unresolved),
    ) -> Result<(), ActionError> {
        for header in &self.headers {
            let value = header.value.render(transaction, unresolved)?;
            let headers = transaction.message_mut(target).headers_mut();
            match existing {
                Existing::Keep => headers.add(&header.name, &value)?,
                Existing::Replace => headers.set(&header.name, &value)?,
            }
        }
        if transaction.message(target).kind() == MessageKind::Response {
            return Ok(());
        }
        let query = rendered(&self.query, transaction, unresolved)?;
        if !query.is_empty() {
            transaction.message_mut(target).edit_query(|to| write(to, &query, existing));
        }
        let form = rendered(&self.form, transaction, unresolved)?;
        if !form.is_empty() {
            transaction.message_mut(target).edit_form(|to| write(to, &form, existing));
        }
        Ok(())
    }
}

/// A name that no header can have would fail each time.
fn check_header_name(header: &Element, problems: &mut Vec<Problem>) {
    let Some(name) = header.attribute("name").filter(|name| !name.value.as_str().trim().is_empty()) else {
        return;
    };
    if HeaderName::from_bytes(name.value.as_str().trim().as_bytes()).is_err() {
        let message = format!("{:?} is no header name", name.value.as_str());
        let problem = Problem::warning("invalid-header-name", message).at(name.value.span());
        problems
            .push(problem.help("names of headers have no blanks or colons; the policy fails with this one"));
    }
}

fn rendered<'a>(
    named: &'a [Named],
    transaction: &Transaction,
    unresolved: Unresolved,
) -> Result<Vec<(&'a str, Text)>, ActionError> {
    let render = |named: &'a Named| Ok((&*named.name, named.value.render(transaction, unresolved)?));
    named.iter().map(render).collect()
}

fn write(parameters: &mut Parameters, values: &[(&str, Text)], existing: Existing) {
    for (name, value) in values {
        match existing {
            Existing::Keep => parameters.add(name, value),
            Existing::Replace => parameters.set(name, value),
        }
    }
}

impl Named {
    fn compile(element: &Element, problems: &mut Vec<Problem>) -> Option<Self> {
        let name = element.attribute_value("name").map(str::trim).filter(|name| !name.is_empty());
        let Some(name) = name else {
            let message = format!("this {} has no name and is left out", element.name);
            problems.push(Problem::warning("missing-name", message).at(element.name_span.clone()));
            return None;
        };
        Some(Self { name: name.into(), value: compile_template(&element.text(), problems) })
    }
}

impl Payload {
    fn compile(element: &Element, problems: &mut Vec<Problem>) -> Self {
        let attribute = |name: &str| element.attribute_value(name).filter(|text| !text.is_empty());
        let delimiters = match (attribute("variablePrefix"), attribute("variableSuffix")) {
            (Some(prefix), Some(suffix)) => Delimiters { prefix, suffix },
            (None, None) => Delimiters::default(),
            _ => {
                let message = "variablePrefix and variableSuffix are given together or not at all \
                               (Apigee: InvalidPayload)";
                problems.push(Problem::error("invalid-payload", message).at(element.name_span.clone()));
                Delimiters::default()
            }
        };
        let place = element.text();
        // Markup that is written without CDATA is the payload as it stands.
        let content = if element.elements().next().is_some() {
            compile_with(&place, element.inner_source(), delimiters, problems)
        } else {
            compile_with(&place, place.as_str(), delimiters, problems)
        };
        let content_type =
            element.attribute("contentType").filter(|attribute| !attribute.value.as_str().is_empty());
        let content_type = content_type.map(|attribute| compile_template(&attribute.value, problems));
        Self { content, content_type }
    }

    fn run(
        &self,
        transaction: &mut Transaction,
        target: MessageId,
        unresolved: Unresolved,
    ) -> Result<(), ActionError> {
        let content = self.content.render(transaction, unresolved)?;
        let content_type =
            self.content_type.as_ref().map(|template| template.render(transaction, unresolved));
        let content_type = content_type.transpose()?;
        let target = transaction.message_mut(target);
        target.set_body(content.as_bytes().to_vec());
        if let Some(content_type) = content_type {
            target.set_content_type(&content_type)?;
        }
        Ok(())
    }
}
