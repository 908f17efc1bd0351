//! Which flow variables a policy may write ("Policy reference", one page for each policy). What is not known here
//! counts as writing anything.

use super::state::{Target, Value, Write, normalised};
use super::unit::Unit;
use dormouse_bundle::{Element, Part, Policy, Template};
use std::sync::Arc;

/// The writes of a policy that has run in a request (or else response) phase.
pub(crate) fn writes(unit: &Unit<'_>, policy: &Policy, in_request: bool) -> Vec<Write> {
    let root = &policy.element;
    match policy.kind.as_str() {
        "AssignMessage" => assign_message(root, in_request),
        "BasicAuthentication" => {
            let references = ["User", "Password"].map(|name| root.element(name));
            let names = references.into_iter().flatten().filter_map(|it| it.attribute_value("ref"));
            names.map(str::to_owned).chain(text(root, "AssignTo")).map(|it| name(&it)).collect()
        }
        "ExtractVariables" => extract_variables(root, in_request),
        "Javascript" | "Script" => scripts(unit, policy),
        "KeyValueMapOperations" => {
            let targets = root.descendants().into_iter().filter_map(|it| it.attribute_value("assignTo"));
            targets.map(name).collect()
        }
        "HMAC" => text(root, "Output").map(|it| name(&it)).into_iter().collect(),
        "JSONToXML" | "XMLToJSON" | "XSL" => conversion(root, in_request),
        "LookupCache" | "ReadPropertySet" => text(root, "AssignTo").map(|it| name(&it)).into_iter().collect(),
        "ServiceCallout" => text(root, "Response").map(|it| name(&it)).into_iter().collect(),
        kind if KEEP_VARIABLES.contains(&kind) => Vec::new(),
        _ => vec![Write { target: Target::Anything, value: None, source: None }],
    }
}

/// The texts of the scripts that a policy runs; `None` if one of them is not in the bundle, or no text.
pub(crate) fn script_texts<'a>(unit: &Unit<'a>, policy: &'a Policy) -> Option<Vec<&'a str>> {
    let mut texts = Vec::new();
    for element in policy.element.elements() {
        match element.name.as_str() {
            "ResourceURL" | "IncludeURL" | "Script" => {
                let url = element.text().trimmed();
                let (kind, file) = url.as_str().split_once("://")?;
                let kinds: &[&str] = if kind == "js" || kind == "jsc" { &["jsc", "js"] } else { &[kind] };
                let found = kinds.iter().find_map(|kind| unit.bundle.resource(kind, file))?;
                texts.push(std::str::from_utf8(&found.bytes).ok()?);
            }
            "Source" if policy.kind == "Javascript" => texts.push(element.inner_source()),
            _ => {}
        }
    }
    (!texts.is_empty()).then_some(texts)
}

fn scripts(unit: &Unit<'_>, policy: &Policy) -> Vec<Write> {
    let target = match script_texts(unit, policy) {
        Some(texts) => Target::Mentioned(Arc::from(texts.join("\n"))),
        None => Target::Anything,
    };
    vec![Write { target, value: None, source: None }]
}

/// The variable that a conversion names, or the message that it changes in place.
fn conversion(root: &Element, in_request: bool) -> Vec<Write> {
    let ambient = if in_request { "request" } else { "response" };
    let output = text(root, "OutputVariable").or_else(|| text(root, "Source")).filter(|it| it != "message");
    let output = output.unwrap_or_else(|| ambient.to_owned());
    vec![name(&output), prefix(&output)]
}

fn assign_message(root: &Element, in_request: bool) -> Vec<Write> {
    let ambient = if in_request { "request" } else { "response" };
    let to = root.element("AssignTo");
    let typed =
        to.and_then(|to| to.attribute_value("type")).filter(|kind| ["request", "response"].contains(kind));
    let named = to.map(|to| to.text().trimmed().as_str().to_owned()).filter(|name| !name.is_empty());
    let message = match named.as_deref() {
        None | Some("message") => typed.unwrap_or(ambient).to_owned(),
        Some(named) => named.to_owned(),
    };
    let mut writes = Vec::new();
    if to.and_then(|to| to.attribute_value("createNew")) == Some("true") {
        writes.push(prefix(&message));
    }
    for action in root.elements() {
        match action.name.as_str() {
            "AssignVariable" => writes.extend(assign_variable(action)),
            "Add" | "Copy" | "Remove" | "Set" => change_message(action, &message, &mut writes),
            _ => {}
        }
    }
    writes
}

fn change_message(action: &Element, message: &str, writes: &mut Vec<Write>) {
    let sets = action.name == "Set";
    for part in action.elements() {
        let kind = match part.name.as_str() {
            "FormParams" => "formparam",
            "Headers" => "header",
            "QueryParams" => "queryparam",
            "Verb" => {
                writes.push(set(format!("{message}.verb"), part));
                continue;
            }
            "Path" | "ReasonPhrase" | "StatusCode" | "Version" => continue,
            _ => {
                writes.push(prefix(message));
                continue;
            }
        };
        let mut single = part.elements().peekable();
        if single.peek().is_none() {
            writes.push(prefix(&format!("{message}.{kind}")));
        }
        for parameter in single {
            let Some(key) = parameter.attribute_value("name") else { continue };
            let variable = normalised(&format!("{message}.{kind}.{key}"));
            writes.push(if sets { set(variable, parameter) } else { name(&variable) });
        }
    }
}

/// An assignment of a message template.
fn set(variable: String, value: &Element) -> Write {
    templated(variable, value.text().trimmed().as_str())
}

/// What a template gives. A variable that is not there gives nothing, but not no value.
fn templated(variable: String, text: &str) -> Write {
    let template = Template::parse(text);
    let value = match template.parts.as_slice() {
        [Part::Variable { name, default }] => {
            Some(Value::VariableOr(name.clone(), default.clone().unwrap_or_default()))
        }
        _ => template.as_literal().map(|text| Value::Text(text.to_owned())),
    };
    let source = template.variables().into_iter().next().map(str::to_owned);
    Write { target: Target::Name(variable), value, source }
}

fn assign_variable(action: &Element) -> Option<Write> {
    let variable = normalised(&text(action, "Name")?);
    let reference = text(action, "Ref");
    let value = match (text(action, "Value"), reference.clone(), text(action, "Template")) {
        (Some(value), None, None) => Some(Value::Text(value)),
        (None, Some(reference), None) => Some(Value::Variable(reference)),
        (Some(value), Some(reference), None) => Some(Value::VariableOr(reference, value)),
        (None, None, Some(template)) => return Some(templated(variable, &template)),
        _ => None,
    };
    Some(Write { target: Target::Name(variable), value, source: reference })
}

fn extract_variables(root: &Element, in_request: bool) -> Vec<Write> {
    let lead = text(root, "VariablePrefix").map_or_else(String::new, |prefix| format!("{prefix}."));
    let source = text(root, "Source");
    let message = match source.as_deref() {
        None | Some("message") => {
            if in_request {
                "request"
            } else {
                "response"
            }
        }
        Some(named) => named,
    };
    let mut writes = Vec::new();
    for child in root.elements() {
        let kind = match child.name.as_str() {
            "FormParam" => "formparam",
            "Header" => "header",
            "QueryParam" => "queryparam",
            // The path, a variable, a body.
            _ => {
                writes.extend(extracted(child, &lead, message));
                continue;
            }
        };
        let key = child.attribute_value("name").unwrap_or_default();
        let from = format!("{message}.{kind}.{key}");
        let patterns: Vec<&Element> = child.elements_named("Pattern").collect();
        for pattern in &patterns {
            writes.extend(pattern_writes(pattern, &lead, (&from, patterns.len() == 1)));
        }
    }
    writes
}

/// The variables of patterns and paths below an element.
fn extracted(element: &Element, lead: &str, message: &str) -> Vec<Write> {
    let from = match element.name.as_str() {
        "Variable" => element.attribute_value("name").unwrap_or_default().to_owned(),
        "URIPath" => format!("{message}.path"),
        _ => format!("{message}.content"),
    };
    let mut writes = Vec::new();
    for part in element.descendants() {
        match part.name.as_str() {
            "Pattern" => writes.extend(pattern_writes(part, lead, (&from, false))),
            "Variable" if !std::ptr::eq(part, element) => {
                let variable = part.attribute_value("name").map(|name| normalised(&format!("{lead}{name}")));
                writes.extend(variable.map(|variable| Write {
                    target: Target::Name(variable),
                    value: None,
                    source: Some(from.clone()),
                }));
            }
            _ => {}
        }
    }
    writes
}

/// A pattern that is one variable, and the only pattern, takes the whole value.
fn pattern_writes(pattern: &Element, lead: &str, (from, is_only): (&str, bool)) -> Vec<Write> {
    let template = Template::parse(pattern.text().trimmed().as_str());
    let whole = is_only && matches!(template.parts.as_slice(), [Part::Variable { .. }]);
    let value = whole.then(|| Value::Variable(from.to_owned()));
    let variables = template.variables().into_iter().map(|variable| format!("{lead}{variable}"));
    let write = |variable| Write {
        target: Target::Name(variable),
        value: value.clone(),
        source: Some(from.to_owned()),
    };
    variables.map(write).collect()
}

fn name(variable: &str) -> Write {
    Write { target: Target::Name(normalised(variable)), value: None, source: None }
}

fn prefix(message: &str) -> Write {
    Write { target: Target::Prefix(format!("{message}.")), value: None, source: None }
}

fn text(parent: &Element, name: &str) -> Option<String> {
    let text = parent.element_text(name)?;
    (!text.as_str().is_empty()).then(|| text.as_str().to_owned())
}

/// They write at most variables under their own names, which no flow is chosen by.
const KEEP_VARIABLES: &[&str] = &[
    "AccessControl",
    "AccessEntity",
    "AssertCondition",
    "CORS",
    "ConcurrentRatelimit",
    "DataCapture",
    "DecodeJWS",
    "DecodeJWT",
    "DeleteOAuthV2Info",
    "GenerateJWS",
    "GenerateJWT",
    "GetOAuthV2Info",
    "GraphQL",
    "InvalidateCache",
    "JSONThreatProtection",
    "MessageLogging",
    "MonetizationLimitsCheck",
    "OASValidation",
    "OAuthV2",
    "PopulateCache",
    "Quota",
    "RaiseFault",
    "RegularExpressionProtection",
    "ResetQuota",
    "ResponseCache",
    "RevokeOAuthV2",
    "SetOAuthV2Info",
    "SpikeArrest",
    "StatisticsCollector",
    "VerifyAPIKey",
    "VerifyJWS",
    "VerifyJWT",
    "XMLThreatProtection",
];
