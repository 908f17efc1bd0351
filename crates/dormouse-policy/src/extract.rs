//! What the ExtractVariables policy is made of. The policy itself is in `policies`.

mod from_xml;
mod pattern;
mod target;

pub(crate) use from_xml::{FromXml, namespaces};
pub(crate) use pattern::{CapturePattern, PatternKind};
pub(crate) use target::{Cast, cast};

use dormouse_bundle::{Element, Problem};
use dormouse_flow::{Message, Variable};

/// A text that a policy names: a part of a message, or any variable.
pub(crate) struct NamedText<'a> {
    pub(crate) element: &'a Element,
    pub(crate) variable: Variable,
    /// Whether it is a variable, and no part of a message.
    pub(crate) is_variable: bool,
}

/// The query parameters, headers and form parameters of `source`, and the variables, that a policy names. `missing_name` is
/// Apigee's error for one without a name.
pub(crate) fn named_texts<'a>(
    root: &'a Element,
    source: &str,
    missing_name: &str,
    problems: &mut Vec<Problem>,
) -> Vec<NamedText<'a>> {
    let mut found = Vec::new();
    for (tag, property) in
        [("QueryParam", "queryparam"), ("Header", "header"), ("FormParam", "formparam"), ("Variable", "")]
    {
        for element in root.elements_named(tag) {
            let name = element.attribute_value("name").map(str::trim).unwrap_or_default();
            if name.is_empty() {
                let message = format!("this {tag} has no name (Apigee: {missing_name})");
                problems.push(Problem::error("missing-name", message).at(element.name_span.clone()));
                continue;
            }
            let is_variable = property.is_empty();
            let variable = if is_variable {
                Variable::parse(name)
            } else {
                Variable::parse(&format!("{source}.{property}.{name}"))
            };
            found.push(NamedText { element, variable, is_variable });
        }
    }
    found
}

/// Whether the message says that its body is JSON.
pub(crate) fn is_json(message: &Message) -> bool {
    has_media_type(message, ["/json", "+json"])
}

/// Whether the message says that its body is XML.
pub(crate) fn is_xml(message: &Message) -> bool {
    has_media_type(message, ["/xml", "+xml"])
}

fn has_media_type(message: &Message, endings: [&str; 2]) -> bool {
    let content_type = message.content_type().unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    endings.iter().any(|ending| media_type.ends_with(ending))
}
