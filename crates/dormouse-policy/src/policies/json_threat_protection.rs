//! JSONThreatProtection: refuses JSON that is larger or deeper than the bundle allows (Apigee: "JSONThreatProtection
//! policy").
//!
//! Variables: `jsonattack.P.failed`. Faults, with status 500, under `steps.jsonthreatprotection.`: `ExecutionFailed`,
//! `SourceUnavailable`, `NonMessageVariable`.

use crate::compile_context::CompileContext;
use crate::configuration::limit;
use crate::registry::{Compiled, PolicyKind};
use dormouse_bundle::Policy;
use dormouse_flow::{Executable, Fault, Host, ImmediatePolicy, Outcome, Text, Transaction, Value, Variable};
use dormouse_text::json_limits::{JsonLimits, check};

/// See [`crate::registry`].
pub(crate) const KIND: PolicyKind = PolicyKind {
    tag: "JSONThreatProtection",
    summary: "Refuses JSON that is larger or deeper than the bundle allows.",
    failure_prefix: "jsonattack",
    may_continue: true,
    compile,
};

struct JsonThreatProtection {
    name: Text,
    source: Variable,
    limits: JsonLimits,
}

fn compile(policy: &Policy, _: &CompileContext<'_>) -> Compiled {
    let mut problems = Vec::new();
    let mut limit = |name: &str| limit(&policy.element, name, &mut problems);
    let limits = JsonLimits {
        array_element_count: limit("ArrayElementCount"),
        container_depth: limit("ContainerDepth"),
        object_entry_count: limit("ObjectEntryCount"),
        object_entry_name_length: limit("ObjectEntryNameLength"),
        string_value_length: limit("StringValueLength"),
    };
    let source = policy.element.element_text("Source").filter(|source| !source.as_str().is_empty());
    let source = source.map_or_else(|| "message".to_owned(), |source| source.as_str().to_owned());
    let protection =
        JsonThreatProtection { name: policy.name.as_str().into(), source: Variable::parse(&source), limits };
    (Some(Executable::Immediate(Box::new(protection))), problems)
}

impl ImmediatePolicy for JsonThreatProtection {
    fn run(&self, transaction: &mut Transaction, _: &Host) -> Outcome {
        let source = self.source.name();
        let message = match transaction.read(&self.source) {
            Value::Message(id) => transaction.message(id),
            Value::Null => {
                return self.fault("SourceUnavailable", &format!("Source {source} is not available"));
            }
            _ => {
                return self.fault(
                    "NonMessageVariable",
                    &format!("Variable {source} does not resolve to a Message"),
                );
            }
        };
        if !crate::extract::is_json(message) {
            return Outcome::Continue;
        }
        match check(&message.content(), &self.limits) {
            Ok(()) => Outcome::Continue,
            Err(error) => {
                let reason = format!("JSONThreatProtection[{}]: {error}", self.name);
                self.fault("ExecutionFailed", &format!("Execution failed. reason: {reason}"))
            }
        }
    }
}

impl JsonThreatProtection {
    fn fault(&self, name: &str, text: &str) -> Outcome {
        let text = format!("JSONThreatProtection[{}]: {text}", self.name);
        Fault::step(format!("steps.jsonthreatprotection.{name}"), text).into()
    }
}
