//! XMLThreatProtection: refuses XML that is larger or deeper than the bundle allows (Apigee: "XMLThreatProtection
//! policy").
//!
//! Variables: `xmlattack.P.failed`. Faults, with status 500, under `steps.xmlthreatprotection.`: `ExecutionFailed`,
//! `InvalidXMLPayload`, `SourceUnavailable`, `NonMessageVariable`.

use crate::compile_context::CompileContext;
use crate::configuration::{limit, parse_truth};
use crate::extract::is_xml;
use crate::registry::{Compiled, PolicyKind};
use dormouse_bundle::{Element, Policy};
use dormouse_flow::{Executable, Fault, Host, ImmediatePolicy, Outcome, Text, Transaction, Value, Variable};
use dormouse_text::xml_limits::{CountedChildren, XmlLimits, XmlThreat, check};

/// See [`crate::registry`].
pub(crate) const KIND: PolicyKind = PolicyKind {
    tag: "XMLThreatProtection",
    summary: "Refuses XML that is larger or deeper than the bundle allows.",
    failure_prefix: "xmlattack",
    may_continue: true,
    compile,
};

struct XmlThreatProtection {
    name: Text,
    source: Variable,
    limits: XmlLimits,
}

fn compile(policy: &Policy, _: &CompileContext<'_>) -> Compiled {
    let mut problems = Vec::new();
    let root = &policy.element;
    let mut limit = |group: &str, name: &str| limit(root.element(group)?, name, &mut problems);
    let limits = XmlLimits {
        element_name: limit("NameLimits", "Element"),
        attribute_name: limit("NameLimits", "Attribute"),
        namespace_prefix: limit("NameLimits", "NamespacePrefix"),
        instruction_target: limit("NameLimits", "ProcessingInstructionTarget"),
        node_depth: limit("StructureLimits", "NodeDepth"),
        attribute_count: limit("StructureLimits", "AttributeCountPerElement"),
        namespace_count: limit("StructureLimits", "NamespaceCountPerElement"),
        child_count: limit("StructureLimits", "ChildCount"),
        counted: counted(root),
        text: limit("ValueLimits", "Text"),
        attribute_value: limit("ValueLimits", "Attribute"),
        namespace_uri: limit("ValueLimits", "NamespaceURI"),
        comment: limit("ValueLimits", "Comment"),
        instruction_data: limit("ValueLimits", "ProcessingInstructionData"),
    };
    let source = root.element_text("Source").filter(|source| !source.as_str().is_empty());
    let source = source.map_or_else(|| "message".to_owned(), |source| source.as_str().to_owned());
    let protection =
        XmlThreatProtection { name: policy.name.as_str().into(), source: Variable::parse(&source), limits };
    (Some(Executable::Immediate(Box::new(protection))), problems)
}

fn counted(root: &Element) -> CountedChildren {
    let element = root.element("StructureLimits").and_then(|limits| limits.element("ChildCount"));
    let counts = |name: &str| {
        element.and_then(|element| element.attribute_value(name)).and_then(parse_truth).unwrap_or(true)
    };
    CountedChildren {
        comments: counts("includeComment"),
        elements: counts("includeElement"),
        instructions: counts("includeProcessingInstruction"),
        texts: counts("includeText"),
    }
}

impl ImmediatePolicy for XmlThreatProtection {
    fn run(&self, transaction: &mut Transaction, _: &Host) -> Outcome {
        let source = self.source.name();
        let message = match transaction.read(&self.source) {
            Value::Message(id) => transaction.message(id),
            Value::Null => {
                return self.fault("SourceUnavailable", &format!("Source {source} is not available"));
            }
            _ => {
                let text = format!("Variable {source} does not resolve to a Message");
                return self.fault("NonMessageVariable", &text);
            }
        };
        if !is_xml(message) {
            return Outcome::Continue;
        }
        let name = &self.name;
        match check(&message.content(), &self.limits) {
            Ok(()) => Outcome::Continue,
            Err(XmlThreat::Malformed(error)) => {
                self.fault("InvalidXMLPayload", &format!("Invalid XML Payload. reason: {error}"))
            }
            Err(error) => {
                let reason = format!("Execution failed. reason: XMLThreatProtection[{name}]: {error}");
                self.fault("ExecutionFailed", &reason)
            }
        }
    }
}

impl XmlThreatProtection {
    fn fault(&self, name: &str, text: &str) -> Outcome {
        let text = format!("XMLThreatProtection[{}]: {text}", self.name);
        Fault::step(format!("steps.xmlthreatprotection.{name}"), text).into()
    }
}
