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
        "LookupCache" | "ReadPropertySet" => text(root, "AssignTo").map(|it| name(&it)).into_iter().collect(),
        "ServiceCallout" => text(root, "Response").map(|it| name(&it)).into_iter().collect(),
        kind if KEEP_VARIABLES.contains(&kind) => Vec::new(),
        _ => vec![Write { target: Target::Anything, value: None }],
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
    vec![Write { target, value: None }]
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
    let value = template_value(value.text().trimmed().as_str());
    Write { target: Target::Name(variable), value }
}

fn template_value(text: &str) -> Option<Value> {
    let template = Template::parse(text);
    match template.parts.as_slice() {
        [Part::Variable { name, default: None }] => Some(Value::Variable(name.clone())),
        _ => template.as_literal().map(|text| Value::Text(text.to_owned())),
    }
}

fn assign_variable(action: &Element) -> Option<Write> {
    let variable = text(action, "Name")?;
    let value = match (text(action, "Value"), text(action, "Ref"), text(action, "Template")) {
        (Some(value), None, None) => Some(Value::Text(value)),
        (None, Some(reference), None) => Some(Value::Variable(reference)),
        (None, None, Some(template)) => template_value(&template),
        _ => None,
    };
    Some(Write { target: Target::Name(normalised(&variable)), value })
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
    for element in root.descendants() {
        match element.name.as_str() {
            "Variable" => {
                let variable = element.attribute_value("name").map(|name| format!("{lead}{name}"));
                writes.extend(variable.map(|it| name(&it)));
            }
            "FormParam" | "QueryParam" => {
                let kind = if element.name == "FormParam" { "formparam" } else { "queryparam" };
                let key = element.attribute_value("name").unwrap_or_default();
                let from = format!("{message}.{kind}.{key}");
                let patterns: Vec<&Element> = element.elements_named("Pattern").collect();
                for pattern in &patterns {
                    let only = patterns.len() == 1;
                    writes.extend(pattern_writes(pattern, &lead, only.then_some(from.as_str())));
                }
            }
            "Pattern" => writes.extend(pattern_writes(element, &lead, None)),
            _ => {}
        }
    }
    // The patterns of parameters are met a second time, without their source, when the walk comes to them.
    let aliased: Vec<String> = writes.iter().filter_map(Write::aliased).collect();
    writes.retain(|write| {
        write.value.is_some() || !matches!(&write.target, Target::Name(it) if aliased.contains(it))
    });
    writes
}

/// A pattern that is one variable takes the whole value.
fn pattern_writes(pattern: &Element, lead: &str, from: Option<&str>) -> Vec<Write> {
    let template = Template::parse(pattern.text().trimmed().as_str());
    let whole = matches!(template.parts.as_slice(), [Part::Variable { .. }]);
    let value = from.filter(|_| whole).map(|from| Value::Variable(from.to_owned()));
    let variables = template.variables().into_iter().map(|variable| format!("{lead}{variable}"));
    variables.map(|variable| Write { target: Target::Name(variable), value: value.clone() }).collect()
}

impl Write {
    fn aliased(&self) -> Option<String> {
        match (&self.target, &self.value) {
            (Target::Name(name), Some(_)) => Some(name.clone()),
            _ => None,
        }
    }
}

fn name(variable: &str) -> Write {
    Write { target: Target::Name(normalised(variable)), value: None }
}

fn prefix(message: &str) -> Write {
    Write { target: Target::Prefix(format!("{message}.")), value: None }
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
    "DecodeJWS",
    "DecodeJWT",
    "DeleteOAuthV2Info",
    "GenerateJWS",
    "GenerateJWT",
    "GetOAuthV2Info",
    "InvalidateCache",
    "JSONThreatProtection",
    "MessageLogging",
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
