//! Remove: takes headers, parameters or the payload out of a message (Apigee: "AssignMessage policy", `Remove`).

use super::selection::Selection;
use super::text::boolean;
use dormouse_bundle::{Element, Problem};
use dormouse_flow::{Message, MessageId, Parameters, Transaction};
use http::HeaderName;

/// A compiled Remove.
pub(super) struct Remove {
    headers: Selection,
    query: Selection,
    form: Selection,
    payload: bool,
}

impl Remove {
    pub(super) fn compile(element: &Element, problems: &mut Vec<Problem>) -> Self {
        if element.elements().next().is_none() {
            // The form is in the payload.
            return Self {
                headers: Selection::All,
                query: Selection::All,
                form: Selection::None,
                payload: true,
            };
        }
        Self {
            headers: Selection::compile(element, "Headers", "Header", problems),
            query: Selection::compile(element, "QueryParams", "QueryParam", problems),
            form: Selection::compile(element, "FormParams", "FormParam", problems),
            payload: element.element("Payload").is_some_and(boolean),
        }
    }

    pub(super) fn run(&self, transaction: &mut Transaction, target: MessageId) {
        let target = transaction.message_mut(target);
        remove_headers(&self.headers, target);
        if self.query != Selection::None {
            target.edit_query(|query| remove_parameters(&self.query, query));
        }
        if self.form != Selection::None && target.form().is_some() {
            target.edit_form(|form| remove_parameters(&self.form, form));
        }
        if self.payload {
            target.set_body("");
        }
    }
}

fn remove_headers(selection: &Selection, target: &mut Message) {
    match selection {
        Selection::None => {}
        Selection::All => target.headers_mut().clear(),
        Selection::Listed(items) => {
            for item in items {
                let Ok(name) = HeaderName::from_bytes(item.name.as_bytes()) else { continue };
                match item.number {
                    Some(number) => target.headers_mut().remove_value(&name, number),
                    None => target.headers_mut().remove(&name),
                }
            }
        }
    }
}

fn remove_parameters(selection: &Selection, target: &mut Parameters) {
    match selection {
        Selection::None => {}
        Selection::All => *target = Parameters::default(),
        Selection::Listed(items) => {
            for item in items {
                match item.number {
                    Some(number) => target.remove_value(&item.name, number),
                    None => target.remove(&item.name),
                }
            }
        }
    }
}
