//! RegularExpressionProtection: refuses messages in which a pattern is found (Apigee: "RegularExpressionProtection
//! policy").
//!
//! Variables: `regularexpressionprotection.P.failed`. Faults, with status 500, under `steps.regexprotection.`:
//! `ThreatDetected`, `ExecutionFailed` (a malformed payload, a pattern or path that is given up),
//! `SourceMessageNotAvailable`, `NonMessageVariable`, `VariableResolutionFailed`.

use crate::compile_context::CompileContext;
use crate::configuration::truth;
use crate::extract::{NamedText, is_json, is_xml, named_texts, namespaces};
use crate::registry::{Compiled, PolicyKind};
use dormouse_bundle::{Element, Policy, Problem};
use dormouse_flow::{
    Executable, Fault, Host, ImmediatePolicy, MessageId, Outcome, Text, Transaction, Value, Variable,
};
use dormouse_text::java_regex::Pattern;
use dormouse_text::json::Json;
use dormouse_text::json_path::JsonPath;
use dormouse_text::xml::XmlDocument;
use dormouse_text::xpath::{Found, XPath};

/// See [`crate::registry`].
pub(crate) const KIND: PolicyKind = PolicyKind {
    tag: "RegularExpressionProtection",
    summary: "Refuses messages in which a pattern is found.",
    failure_prefix: "regularexpressionprotection",
    may_continue: true,
    compile,
};

struct RegularExpressionProtection {
    name: Text,
    source: Variable,
    ignores_unresolved: bool,
    path: Vec<Guard>,
    texts: Vec<(Input, Vec<Guard>)>,
    json: Vec<(JsonPath, Vec<Guard>)>,
    xml: Vec<(XPath, Vec<Guard>)>,
}

/// What is searched.
struct Input {
    variable: Variable,
    /// A variable that the policy names must resolve; a parameter or header may be absent.
    must_resolve: bool,
}

/// A pattern with its source, which the fault names.
struct Guard {
    source: String,
    pattern: Pattern,
}

fn compile(policy: &Policy, _: &CompileContext<'_>) -> Compiled {
    let mut problems = Vec::new();
    let root = &policy.element;
    let source = root.element_text("Source").filter(|source| !source.as_str().is_empty());
    let source = source.map_or_else(|| "message".to_owned(), |source| source.as_str().to_owned());
    let paths = root.elements_named("URIPath").collect::<Vec<_>>();
    let protection = RegularExpressionProtection {
        name: policy.name.as_str().into(),
        ignores_unresolved: truth(root, "IgnoreUnresolvedVariables", false),
        path: paths.into_iter().flat_map(|element| guards(element, &mut problems)).collect(),
        texts: texts(root, &source, &mut problems),
        json: json(root, &mut problems),
        xml: xml(root, &mut problems),
        source: Variable::parse(&source),
    };
    let is_empty = protection.path.is_empty() && protection.texts.is_empty();
    if is_empty && protection.json.is_empty() && protection.xml.is_empty() && problems.is_empty() {
        let message = "the policy protects nothing (Apigee: NothingToEnforce)";
        problems.push(Problem::error("nothing-to-enforce", message).at(policy.span()));
    }
    (Some(Executable::Immediate(Box::new(protection))), problems)
}

/// The patterns of an element, of which there must be one.
fn guards(element: &Element, problems: &mut Vec<Problem>) -> Vec<Guard> {
    let mut guards = Vec::new();
    if element.elements_named("Pattern").next().is_none() {
        let message = format!("{} has no Pattern (Apigee: NoPatternsToEnforce)", element.name);
        problems.push(Problem::error("no-pattern", message).at(element.name_span.clone()));
    }
    for pattern in element.elements_named("Pattern") {
        let text = pattern.text().trimmed();
        match Pattern::compile(text.as_str()) {
            Ok(pattern) => guards.push(Guard { source: text.as_str().to_owned(), pattern }),
            Err(error) => {
                let message = format!("{error} (Apigee: InvalidRegularExpression)");
                problems.push(Problem::error("invalid-pattern", message).at(text.span()));
            }
        }
    }
    guards
}

fn texts(root: &Element, source: &str, problems: &mut Vec<Problem>) -> Vec<(Input, Vec<Guard>)> {
    let named = named_texts(root, source, "NameCannotBeEmpty", problems);
    let mut guarded = |text: NamedText<'_>| {
        let input = Input { variable: text.variable, must_resolve: text.is_variable };
        (input, guards(text.element, problems))
    };
    named.into_iter().map(&mut guarded).collect()
}

fn json(root: &Element, problems: &mut Vec<Problem>) -> Vec<(JsonPath, Vec<Guard>)> {
    let mut found = Vec::new();
    for element in root.elements_named("JSONPayload").flat_map(|payload| payload.elements_named("JSONPath")) {
        let text = element.element_text("Expression").unwrap_or_else(|| element.text().trimmed());
        match JsonPath::compile(text.as_str()) {
            Ok(path) => found.push((path, guards(element, problems))),
            Err(error) => {
                let message = format!("invalid JSONPath: {error} (Apigee: JSONPathCompilationFailed)");
                problems.push(Problem::error("invalid-json-path", message).at(text.span()));
            }
        }
    }
    found
}

fn xml(root: &Element, problems: &mut Vec<Problem>) -> Vec<(XPath, Vec<Guard>)> {
    let mut found = Vec::new();
    for payload in root.elements_named("XMLPayload") {
        let namespaces = namespaces(payload, problems);
        for element in payload.elements_named("XPath") {
            let text = element.element_text("Expression").unwrap_or_else(|| element.text().trimmed());
            match XPath::compile(text.as_str(), namespaces.clone()) {
                Ok(path) => found.push((path, guards(element, problems))),
                Err(error) => {
                    let message = format!("invalid XPath: {error} (Apigee: XPathCompilationFailed)");
                    problems.push(Problem::error("invalid-xpath", message).at(text.span()));
                }
            }
        }
    }
    found
}

impl ImmediatePolicy for RegularExpressionProtection {
    fn run(&self, transaction: &mut Transaction, _: &Host) -> Outcome {
        self.check(transaction).into()
    }
}

impl RegularExpressionProtection {
    fn check(&self, transaction: &Transaction) -> Result<(), Fault> {
        let (source, policy) = (self.source.name(), &self.name);
        let message = match transaction.read(&self.source) {
            Value::Message(id) => id,
            Value::Null => {
                let text =
                    format!("{source} message is not available for RegularExpressionProtection {policy}");
                return Err(fault("SourceMessageNotAvailable", text));
            }
            _ => {
                let text = format!("Variable {source} does not resolve to a Message");
                return Err(fault("NonMessageVariable", text));
            }
        };
        self.search(&self.path, &transaction.place.path_suffix)?;
        for (input, guards) in &self.texts {
            match transaction.text(&input.variable) {
                Some(text) => self.search(guards, &text)?,
                None if input.must_resolve && !self.ignores_unresolved => {
                    let name = input.variable.name();
                    let text =
                        format!("RegularExpressionProtection {policy} failed to resolve variable {name}");
                    return Err(fault("VariableResolutionFailed", text));
                }
                None => {}
            }
        }
        self.check_json(transaction, message)?;
        self.check_xml(transaction, message)
    }

    fn check_json(&self, transaction: &Transaction, id: MessageId) -> Result<(), Fault> {
        let message = transaction.message(id);
        if self.json.is_empty() || !is_json(message) {
            return Ok(());
        }
        let document = Json::parse(&message.content()).map_err(|error| self.failed(&error))?;
        for (path, guards) in &self.json {
            let found = path.find(&document).map_err(|error| self.failed(&error))?;
            match found {
                None => {}
                Some(Json::Array(items)) => {
                    items.iter().try_for_each(|item| self.search(guards, &item.text()))?;
                }
                Some(value) => self.search(guards, &value.text())?,
            }
        }
        Ok(())
    }

    fn check_xml(&self, transaction: &Transaction, id: MessageId) -> Result<(), Fault> {
        let message = transaction.message(id);
        if self.xml.is_empty() || !is_xml(message) {
            return Ok(());
        }
        let content = message.content();
        let document = XmlDocument::parse(&content).map_err(|error| self.failed(&error))?;
        for (path, guards) in &self.xml {
            match path.find(&document).map_err(|error| self.failed(&error))? {
                Found::Nodes(nodes) => nodes.iter().try_for_each(|node| self.search(guards, &node.text))?,
                other => self.search(guards, &other.text())?,
            }
        }
        Ok(())
    }

    fn search(&self, guards: &[Guard], text: &str) -> Result<(), Fault> {
        for guard in guards {
            if guard.pattern.is_found(text).map_err(|error| self.failed(&error))? {
                let (policy, pattern) = (&self.name, &guard.source);
                let input: String = text.chars().take(SHOWN_MAX).collect();
                let text = format!(
                    "Regular Expression Threat Detected in {policy}: regex: {pattern} input: {input}"
                );
                return Err(fault("ThreatDetected", text));
            }
        }
        Ok(())
    }

    fn failed(&self, reason: &dyn std::error::Error) -> Fault {
        let policy = &self.name;
        let text = format!(
            "Failed to execute the RegularExpressionProtection StepDefinition {policy}. Reason: {reason}"
        );
        fault("ExecutionFailed", text)
    }
}

fn fault(name: &str, text: String) -> Fault {
    Fault::step(format!("steps.regexprotection.{name}"), text)
}

/// Characters of the input that a fault repeats.
const SHOWN_MAX: usize = 256;
