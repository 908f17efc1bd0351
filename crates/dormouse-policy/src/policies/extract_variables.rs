//! ExtractVariables: takes parts of a message or variable into variables (Apigee: "ExtractVariables policy").
//!
//! Variables: those that the policy names, after `VariablePrefix` and a dot; `extractvariables.P.failed`. Faults, all
//! with status 500, under `steps.extractvariables.`: `SourceMessageNotAvailable`, `ExecutionFailed` (an empty or
//! malformed payload), `InvalidJSONPath` (of a path that variables complete), `ImmutableVariable`, `SetVariableFailed`,
//! `UnableToCast`.

use crate::compile_context::CompileContext;
use crate::extract::{
    CapturePattern, Cast, FromXml, NamedText, PatternKind, cast, is_json, is_xml, named_texts,
};
use crate::message_actions::compile_template;
use crate::registry::{Compiled, PolicyKind};
use dormouse_bundle::{Element, Policy, Problem};
use dormouse_flow::{
    Executable, Fault, Host, ImmediatePolicy, Outcome, Template, Text, Transaction, Unresolved, Value,
    Variable, WriteError,
};
use dormouse_text::json::Json;
use dormouse_text::json_path::JsonPath;
use dormouse_text::xml::XmlDocument;

/// See [`crate::registry`].
pub(crate) const KIND: PolicyKind = PolicyKind {
    tag: "ExtractVariables",
    summary: "Takes parts of a message or variable into variables.",
    failure_prefix: "extractvariables",
    may_continue: true,
    compile,
};

struct ExtractVariables {
    name: Text,
    source: Variable,
    clear_payload: bool,
    prefix: String,
    paths: Vec<CapturePattern>,
    texts: Vec<(Variable, Vec<CapturePattern>)>,
    json: Vec<FromJson>,
    xml: Vec<FromXml>,
}

/// `JSONPayload/Variable`
struct FromJson {
    target: Variable,
    cast: Cast,
    path: PathSource,
}

enum PathSource {
    Compiled(JsonPath),
    Template(Template),
}

fn compile(policy: &Policy, _: &CompileContext<'_>) -> Compiled {
    let mut problems = Vec::new();
    let root = &policy.element;
    let text = |name: &str| root.element_text(name).map(|text| text.as_str().to_owned()).unwrap_or_default();
    let source =
        Some(text("Source")).filter(|source| !source.is_empty()).unwrap_or_else(|| "message".to_owned());
    let clear = root.element("Source").and_then(|element| element.attribute_value("clearPayload"));
    let prefix = Some(text("VariablePrefix")).filter(|prefix| !prefix.is_empty());
    let prefix = prefix.map(|prefix| format!("{prefix}.")).unwrap_or_default();
    let paths = root.elements_named("URIPath");
    let paths = paths.flat_map(|element| patterns(element, PatternKind::Path, &mut problems)).collect();
    let extract = ExtractVariables {
        name: policy.name.as_str().into(),
        texts: texts(root, &source, &mut problems),
        source: Variable::parse(&source),
        clear_payload: clear.is_some_and(|text| text.trim().eq_ignore_ascii_case("true")),
        json: from_json(root, &prefix, &mut problems),
        xml: from_xml(root, &prefix, &mut problems),
        prefix,
        paths,
    };
    let is_empty = extract.paths.is_empty() && extract.texts.is_empty();
    if is_empty && extract.json.is_empty() && extract.xml.is_empty() && problems.is_empty() {
        let message = "the policy extracts nothing (Apigee: NothingToExtract)";
        problems.push(Problem::error("nothing-to-extract", message).at(policy.span()));
    }
    (Some(Executable::Immediate(Box::new(extract))), problems)
}

/// Parameters, headers and variables with their patterns.
fn texts(root: &Element, source: &str, problems: &mut Vec<Problem>) -> Vec<(Variable, Vec<CapturePattern>)> {
    let named = named_texts(root, source, "MissingName", problems);
    let mut with_patterns =
        |text: NamedText<'_>| (text.variable, patterns(text.element, PatternKind::Text, problems));
    named.into_iter().map(&mut with_patterns).collect()
}

fn patterns(element: &Element, kind: PatternKind, problems: &mut Vec<Problem>) -> Vec<CapturePattern> {
    let mut patterns = Vec::new();
    for pattern in element.elements_named("Pattern") {
        let text = pattern.text().trimmed();
        let ignore = pattern.attribute_value("ignoreCase");
        let ignore = ignore.is_some_and(|text| text.trim().eq_ignore_ascii_case("true"));
        match CapturePattern::compile(text.as_str(), kind, ignore) {
            Ok(compiled) if compiled.has_names() => patterns.push(compiled),
            Ok(_) => {
                let message = "this pattern captures nothing (Apigee: PatternWithoutVariable)";
                let help = "write the part to extract as {name}";
                problems.push(Problem::error("pattern-without-variable", message).at(text.span()).help(help));
            }
            Err(error) => {
                let message = format!("{error} (Apigee: InvalidPattern)");
                problems.push(Problem::error("invalid-pattern", message).at(text.span()));
            }
        }
    }
    patterns
}

fn from_json(root: &Element, prefix: &str, problems: &mut Vec<Problem>) -> Vec<FromJson> {
    let variables = root.elements_named("JSONPayload").flat_map(|payload| payload.elements_named("Variable"));
    variables.filter_map(|variable| FromJson::compile(variable, prefix, problems)).collect()
}

fn from_xml(root: &Element, prefix: &str, problems: &mut Vec<Problem>) -> Vec<FromXml> {
    let payloads = root.elements_named("XMLPayload");
    payloads.flat_map(|payload| FromXml::compile_all(payload, prefix, problems)).collect()
}

impl FromJson {
    fn compile(element: &Element, prefix: &str, problems: &mut Vec<Problem>) -> Option<Self> {
        let problem = |code, message: &str| Problem::error(code, message).at(element.span.clone());
        let name = element.attribute_value("name").map(str::trim).unwrap_or_default();
        if name.is_empty() {
            problems.push(problem("missing-name", "this Variable has no name (Apigee: MissingName)"));
            return None;
        }
        let Some(cast) = Cast::parse(element.attribute_value("type")) else {
            problems
                .push(problem("unknown-type", "the type is boolean, double, float, integer, long or string"));
            return None;
        };
        let path = element.element_text("JSONPath").filter(|path| !path.as_str().is_empty());
        let Some(path) = path else {
            let message = "this Variable has no JSONPath (Apigee: EmptyJSONPathExpression)";
            problems.push(problem("empty-json-path", message));
            return None;
        };
        let path = if dormouse_bundle::Template::parse(path.as_str()).as_literal().is_none() {
            PathSource::Template(compile_template(&path, problems))
        } else {
            match JsonPath::compile(path.as_str()) {
                Ok(compiled) => PathSource::Compiled(compiled),
                Err(error) => {
                    let message = format!("invalid JSONPath: {error} (Apigee: InvalidJSONPath)");
                    problems.push(problem("invalid-json-path", &message));
                    return None;
                }
            }
        };
        Some(Self { target: Variable::parse(&format!("{prefix}{name}")), cast, path })
    }

    /// The value; null when the path leads nowhere.
    fn value(&self, document: &Json, transaction: &Transaction, policy: &str) -> Result<Value, Fault> {
        let invalid =
            |path: &str| fault("InvalidJSONPath", format!("Invalid JSON path {path} in policy {policy}."));
        let compiled;
        let path = match &self.path {
            PathSource::Compiled(path) => path,
            PathSource::Template(template) => {
                let text = template.render(transaction, Unresolved::Empty).map_err(|_| invalid(""))?;
                compiled = JsonPath::compile(&text).map_err(|_| invalid(&text))?;
                &compiled
            }
        };
        match path.find(document).map_err(|_| failed(policy))? {
            None | Some(Json::Null) => Ok(Value::Null),
            Some(found) => cast(&found.text(), self.cast).ok_or_else(|| unable_to_cast(&self.target, policy)),
        }
    }
}

impl ImmediatePolicy for ExtractVariables {
    fn run(&self, transaction: &mut Transaction, _: &Host) -> Outcome {
        self.extract(transaction).into()
    }
}

impl ExtractVariables {
    fn extract(&self, transaction: &mut Transaction) -> Result<(), Fault> {
        let source = transaction.read(&self.source);
        if source.is_null() {
            let (variable, policy) = (self.source.name(), &self.name);
            let text = format!("{variable} message is not available for ExtractVariable: {policy}");
            return Err(fault("SourceMessageNotAvailable", text));
        }
        self.extract_path(transaction)?;
        for (variable, patterns) in &self.texts {
            let Some(text) = transaction.text(variable) else { continue };
            for pattern in patterns {
                self.capture(pattern, &text, transaction)?;
            }
        }
        self.extract_json(&source, transaction)?;
        self.extract_xml(&source, transaction)?;
        if let (true, Value::Message(id)) = (self.clear_payload, source) {
            transaction.message_mut(id).set_body("");
        }
        Ok(())
    }

    /// Of the patterns that match the path, the one with the most segments counts, and the first of those.
    fn extract_path(&self, transaction: &mut Transaction) -> Result<(), Fault> {
        let suffix = transaction.place.path_suffix.clone();
        let mut best: Option<&CapturePattern> = None;
        for pattern in &self.paths {
            let matches = pattern.captures(&suffix).map_err(|_| failed(&self.name))?.is_some();
            if matches && best.is_none_or(|best| pattern.segments() > best.segments()) {
                best = Some(pattern);
            }
        }
        best.map_or(Ok(()), |best| self.capture(best, &suffix, transaction).map(drop))
    }

    fn capture(
        &self,
        pattern: &CapturePattern,
        text: &str,
        transaction: &mut Transaction,
    ) -> Result<(), Fault> {
        for (name, value) in pattern.captures(text).map_err(|_| failed(&self.name))?.unwrap_or_default() {
            let target = Variable::parse(&format!("{}{name}", self.prefix));
            self.set(transaction, &target, value.into())?;
        }
        Ok(())
    }

    fn extract_json(&self, source: &Value, transaction: &mut Transaction) -> Result<(), Fault> {
        if self.json.is_empty() {
            return Ok(());
        }
        if let Value::Message(id) = source
            && !is_json(transaction.message(*id))
        {
            return Ok(());
        }
        let text = transaction.text_of(source.clone()).unwrap_or_default();
        let document = Json::parse(&text).map_err(|_| failed(&self.name))?;
        for variable in &self.json {
            let value = variable.value(&document, transaction, &self.name)?;
            self.set_found(transaction, &variable.target, value)?;
        }
        Ok(())
    }

    fn extract_xml(&self, source: &Value, transaction: &mut Transaction) -> Result<(), Fault> {
        if self.xml.is_empty() {
            return Ok(());
        }
        if let Value::Message(id) = source
            && !is_xml(transaction.message(*id))
        {
            return Ok(());
        }
        let text = transaction.text_of(source.clone()).unwrap_or_default();
        let document = XmlDocument::parse(&text).map_err(|_| failed(&self.name))?;
        for variable in &self.xml {
            let value = variable.value(&document).map_err(|_| failed(&self.name))?;
            let value = value.ok_or_else(|| unable_to_cast(&variable.target, &self.name))?;
            self.set_found(transaction, &variable.target, value)?;
        }
        Ok(())
    }

    /// A path that leads nowhere sets nothing and is no fault, whatever `IgnoreUnresolvedVariables` says: deployed
    /// proxies rely on that. This is the place to change it.
    fn set_found(&self, transaction: &mut Transaction, target: &Variable, value: Value) -> Result<(), Fault> {
        if value.is_null() { Ok(()) } else { self.set(transaction, target, value) }
    }

    fn set(&self, transaction: &mut Transaction, target: &Variable, value: Value) -> Result<(), Fault> {
        let (name, policy) = (target.name(), &self.name);
        transaction.write(target, value).map_err(|error| match error {
            WriteError::ReadOnly => fault(
                "ImmutableVariable",
                format!("Variable {name} is immutable in ExtractVariables: {policy}"),
            ),
            // Apigee prints the value as well, which may be a secret.
            _ => fault(
                "SetVariableFailed",
                format!("Failed to set variable {name} from ExtractVariables: {policy}"),
            ),
        })
    }
}

fn unable_to_cast(target: &Variable, policy: &str) -> Fault {
    let name = target.name();
    fault("UnableToCast", format!("Unable to cast value of {name} in ExtractVariables: {policy}"))
}

fn failed(policy: &str) -> Fault {
    fault("ExecutionFailed", format!("Failed to execute the ExtractVariables: {policy}"))
}

fn fault(name: &str, text: String) -> Fault {
    Fault::step(format!("steps.extractvariables.{name}"), text)
}
