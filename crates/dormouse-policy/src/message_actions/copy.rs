//! Copy: takes parts of one message over into another. A source that is missing, no message, or the target itself has
//! no effect (Apigee: "AssignMessage policy", `Copy`).

use super::selection::{Item, Selection};
use super::text::boolean;
use dormouse_bundle::{Element, Problem};
use dormouse_flow::{Message, MessageId, Parameters, Transaction, Value, Variable};
use http::HeaderName;
use std::borrow::Cow;

/// A compiled Copy.
pub(super) struct Copy {
    source: Option<Variable>,
    headers: Selection,
    query: Selection,
    form: Selection,
    parts: Parts,
}

/// The parts that are there or not.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an element of its own in the policy")]
struct Parts {
    payload: bool,
    verb: bool,
    path: bool,
    version: bool,
    status: bool,
    reason: bool,
}

impl Copy {
    pub(super) fn compile(element: &Element, problems: &mut Vec<Problem>) -> Self {
        let source = element.attribute_value("source").map(str::trim).filter(|name| !name.is_empty());
        let source = source.map(Variable::parse);
        if element.elements().next().is_none() {
            return Self {
                source,
                headers: Selection::All,
                query: Selection::All,
                // A form is in the payload.
                form: Selection::None,
                parts: Parts {
                    payload: true,
                    verb: true,
                    path: true,
                    version: true,
                    status: true,
                    reason: true,
                },
            };
        }
        let part = |name: &str| element.element(name).is_some_and(boolean);
        Self {
            source,
            headers: Selection::compile(element, "Headers", "Header", problems),
            query: Selection::compile(element, "QueryParams", "QueryParam", problems),
            form: Selection::compile(element, "FormParams", "FormParam", problems),
            parts: Parts {
                payload: part("Payload"),
                verb: part("Verb"),
                path: part("Path"),
                version: part("Version"),
                status: part("StatusCode"),
                reason: part("ReasonPhrase"),
            },
        }
    }

    pub(super) fn run(&self, transaction: &mut Transaction, target: MessageId) {
        let source = match &self.source {
            None => transaction.ambient(),
            Some(variable) => match transaction.read(variable) {
                Value::Message(id) => id,
                _ => return,
            },
        };
        if source == target {
            return;
        }
        // Bodies are shared, so this copies the head only.
        let source = transaction.message(source).clone();
        let target = transaction.message_mut(target);
        copy_headers(&self.headers, &source, target);
        if let Some(query) = source.query_parameters() {
            target.edit_query(|to| copy_parameters(&self.query, query, to));
        }
        self.copy_parts(&source, target);
        if let Some(form) = source.form().filter(|_| self.form != Selection::None) {
            target.edit_form(|to| copy_parameters(&self.form, form, to));
        }
    }

    fn copy_parts(&self, source: &Message, target: &mut Message) {
        if self.parts.payload {
            target.set_body(source.body().clone());
            copy_headers(&content_type(), source, target);
        }
        if let Some(verb) = source.verb().filter(|_| self.parts.verb) {
            target.set_verb(verb);
        }
        if let Some(path) = source.path().filter(|_| self.parts.path) {
            target.set_path(path);
        }
        if self.parts.version {
            target.set_version(source.version().to_owned());
        }
        if let Some(status) = source.status().filter(|_| self.parts.status) {
            target.set_status(status);
        }
        if let Some(reason) = source.reason().filter(|_| self.parts.reason) {
            target.set_reason(reason);
        }
    }
}

fn content_type() -> Selection {
    Selection::Listed(vec![Item { name: "Content-Type".into(), number: None }])
}

fn copy_headers(selection: &Selection, source: &Message, target: &mut Message) {
    match selection {
        Selection::None => {}
        Selection::All => target.headers_mut().copy_from(source.headers(), |_| true),
        Selection::Listed(items) => {
            for item in items {
                let Ok(name) = HeaderName::from_bytes(item.name.as_bytes()) else { continue };
                let Some(number) = item.number else {
                    target.headers_mut().copy_from(source.headers(), |own| *own == name);
                    continue;
                };
                if let Some(value) = source.headers().values(&name).nth(number - 1).map(Cow::into_owned) {
                    // Name and value were those of a header already.
                    drop(target.headers_mut().set(&item.name, &value));
                }
            }
        }
    }
}

fn copy_parameters(selection: &Selection, source: &Parameters, target: &mut Parameters) {
    let mut replace = |name: &str, values: &[&str]| {
        if !values.is_empty() {
            target.remove(name);
        }
        for value in values {
            target.add(name, value);
        }
    };
    match selection {
        Selection::None => {}
        Selection::All => {
            source.names().for_each(|name| replace(name, &source.values(name).collect::<Vec<_>>()));
        }
        Selection::Listed(items) => {
            for item in items {
                let values: Vec<_> = source.values(&item.name).collect();
                let one =
                    item.number.map(|number| values.get(number - 1).copied().into_iter().collect::<Vec<_>>());
                replace(&item.name, &one.unwrap_or(values));
            }
        }
    }
}
