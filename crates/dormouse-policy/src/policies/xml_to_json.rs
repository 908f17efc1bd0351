//! XMLToJSON: converts XML to JSON (Apigee: "XMLToJSON policy").
//!
//! Variables: the output variable; `xmltojson.P.failed`. Faults, with status 500, under `steps.xml2json.`:
//! `SourceUnavailable`, `ExecutionFailed`, `InvalidSourceType`, `InCompatibleTypes`, `OutputVariableIsNotAvailable`.

use crate::compile_context::CompileContext;
use crate::configuration::{parse_truth, text_of, truth, variable_in};
use crate::extract::is_xml;
use crate::registry::{Compiled, PolicyKind};
use dormouse_bundle::{Element, Policy, Problem};
use dormouse_flow::{Executable, Fault, Host, ImmediatePolicy, Outcome, Text, Transaction, Value, Variable};
use dormouse_text::xml_to_json::XmlToJson;

/// See [`crate::registry`].
pub(crate) const KIND: PolicyKind = PolicyKind {
    tag: "XMLToJSON",
    summary: "Converts XML to JSON.",
    failure_prefix: "xmltojson",
    may_continue: true,
    compile,
};

struct ConvertToJson {
    name: Text,
    source: Variable,
    output: Option<Variable>,
    options: XmlToJson,
    before: String,
    after: String,
}

fn compile(policy: &Policy, _: &CompileContext<'_>) -> Compiled {
    let mut problems = Vec::new();
    let root = &policy.element;
    let options = match (root.element("Options"), text_of(root, "Format")) {
        (Some(_), Some(format)) => {
            let message = "Options and Format exclude each other (Apigee: EitherOptionOrFormat)";
            problems.push(Problem::error("options-and-format", message).at(format.span()));
            XmlToJson::default()
        }
        (Some(options), None) => read_options(options, &mut problems),
        (None, Some(format)) => preset(format.as_str()).unwrap_or_else(|| {
            let message = "the format is xml.com, yahoo, google or badgerFish (Apigee: UnknownFormat)";
            problems.push(Problem::error("unknown-format", message).at(format.span()));
            XmlToJson::default()
        }),
        (None, None) => {
            let message = "the policy has neither Options nor Format (Apigee: FormatUnavailable)";
            problems.push(Problem::error("no-format", message).at(policy.span()));
            XmlToJson::default()
        }
    };
    let edge = |name: &str| {
        let text = root.element("Options").and_then(|options| text_of(options, name));
        text.map(|text| text.as_str().to_owned()).unwrap_or_default()
    };
    let convert = ConvertToJson {
        name: policy.name.as_str().into(),
        source: variable_in(root, "Source").unwrap_or_else(|| Variable::parse("message")),
        output: variable_in(root, "OutputVariable"),
        options,
        before: edge("OutputPrefix"),
        after: edge("OutputSuffix"),
    };
    (Some(Executable::Immediate(Box::new(convert))), problems)
}

fn read_options(element: &Element, problems: &mut Vec<Problem>) -> XmlToJson {
    let text = |name: &str| text_of(element, name).map(|text| text.as_str().to_owned());
    let strip_levels = match text_of(element, "StripLevels").map(|text| (text.as_str().parse(), text)) {
        Some((Err(_), text)) => {
            let message = "StripLevels is a whole number that is not negative";
            problems.push(Problem::error("invalid-limit", message).at(text.span()));
            0
        }
        Some((Ok(levels), _)) => levels,
        None => 0,
    };
    let paths = element.elements_named("TreatAsArray").flat_map(|all| all.elements_named("Path"));
    let arrays = paths.map(|path| {
        let unwrap = path.attribute_value("unwrap").and_then(parse_truth).unwrap_or_default();
        let text = path.text().trimmed();
        let names = text.as_str().split('/').filter(|name| !name.is_empty()).map(str::to_owned);
        (names.collect(), unwrap)
    });
    XmlToJson {
        recognize_number: truth(element, "RecognizeNumber", true),
        recognize_boolean: truth(element, "RecognizeBoolean", true),
        recognize_null: truth(element, "RecognizeNull", false),
        null_value: text("NullValue"),
        namespace_separator: text("NamespaceSeparator"),
        namespace_block: text("NamespaceBlockName"),
        default_namespace: text("DefaultNamespaceNodeName").unwrap_or_else(|| "$default".to_owned()),
        text_name: text("TextNodeName").unwrap_or_else(|| "#text".to_owned()),
        text_always_as_property: truth(element, "TextAlwaysAsProperty", false),
        attribute_block: text("AttributeBlockName"),
        attribute_prefix: text("AttributePrefix").unwrap_or_default(),
        strip_levels,
        arrays: arrays.collect(),
    }
}

/// The options that a name stands for.
fn preset(format: &str) -> Option<XmlToJson> {
    let named = |text: &str| XmlToJson { text_name: text.to_owned(), ..XmlToJson::default() };
    Some(match format {
        "xml.com" => XmlToJson { recognize_null: true, attribute_prefix: "@".to_owned(), ..named("#text") },
        "yahoo" => XmlToJson { recognize_number: true, ..named("content") },
        "google" => XmlToJson {
            text_always_as_property: true,
            namespace_separator: Some("$".to_owned()),
            ..named("$t")
        },
        "badgerFish" => XmlToJson {
            text_always_as_property: true,
            attribute_prefix: "@".to_owned(),
            namespace_separator: Some(":".to_owned()),
            namespace_block: Some("@xmlns".to_owned()),
            default_namespace: "$".to_owned(),
            ..named("$")
        },
        _ => return None,
    })
}

impl ImmediatePolicy for ConvertToJson {
    fn run(&self, transaction: &mut Transaction, _: &Host) -> Outcome {
        self.convert(transaction).into()
    }
}

impl ConvertToJson {
    fn convert(&self, transaction: &mut Transaction) -> Result<(), Fault> {
        let source = transaction.read(&self.source);
        let (text, message) = match &source {
            Value::Null => {
                let text = format!("Source {} is not available", self.source.name());
                return Err(self.fault("SourceUnavailable", &text));
            }
            Value::Message(id) if !is_xml(transaction.message(*id)) => return Ok(()),
            Value::Message(id) => (transaction.message(*id).content().into_owned(), Some(*id)),
            Value::String(text) => (text.to_string(), None),
            _ => {
                let text = "Invalid source type, use Message or String type variable for source";
                return Err(self.fault("InvalidSourceType", text));
            }
        };
        let output = match (&self.output, message) {
            (Some(output), _) => output,
            (None, Some(_)) => &self.source,
            (None, None) => {
                return Err(self.fault("OutputVariableIsNotAvailable", "Output variable is not available."));
            }
        };
        let json = self.options.convert(&text).map_err(|error| {
            self.fault("ExecutionFailed", &format!("Execution failed due to reason: {error}"))
        })?;
        let json = format!("{}{json}{}", self.before, self.after);
        let incompatible = || {
            let text = format!(
                "Incompatible types of source {} and output variable {}",
                self.source.name(),
                output.name()
            );
            self.fault("InCompatibleTypes", &text)
        };
        let target = match (transaction.read(output), message) {
            (Value::Message(id), Some(_)) => id,
            (Value::Null, Some(from)) => {
                let copy = transaction.message(from).clone();
                let id = transaction.add_message(copy);
                transaction.write(output, Value::Message(id)).map_err(|_| incompatible())?;
                id
            }
            (Value::Message(_), None) | (_, Some(_)) => return Err(incompatible()),
            (_, None) => return transaction.write(output, json).map_err(|_| incompatible()),
        };
        let target = transaction.message_mut(target);
        target.set_body(json);
        // The value is a constant, so it cannot be refused.
        drop(target.set_content_type("application/json"));
        Ok(())
    }

    fn fault(&self, name: &str, text: &str) -> Fault {
        Fault::step(format!("steps.xml2json.{name}"), format!("XMLToJSON[{}]: {text}", self.name))
    }
}
