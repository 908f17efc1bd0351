//! FlowCallout: runs a shared flow (Apigee: "FlowCallout policy"). The gateway knows the shared flows; this policy only
//! says which one, with which parameters.

use crate::compile_context::CompileContext;
use crate::message_actions::compile_template;
use crate::registry::{Compiled, PolicyKind};
use dormouse_bundle::{Element, Policy, Problem};
use dormouse_flow::{
    Executable, FlowCall, Host, ImmediatePolicy, Outcome, Template, Text, Transaction, Unresolved, Value,
    Variable,
};

/// See [`crate::registry`].
pub(crate) const KIND: PolicyKind = PolicyKind {
    tag: "FlowCallout",
    summary: "Runs a shared flow.",
    failure_prefix: "flow",
    may_continue: true,
    compile,
};

struct FlowCallout {
    shared_flow: Text,
    parameters: Vec<(Text, Source)>,
}

/// Where a parameter comes from.
enum Source {
    Reference(Variable),
    Template(Template),
}

fn compile(policy: &Policy, _: &CompileContext<'_>) -> Compiled {
    let mut problems = Vec::new();
    let name = policy.element.element_text("SharedFlowBundle").filter(|name| !name.as_str().is_empty());
    let Some(name) = name else {
        let message = "FlowCallout names no shared flow (Apigee: SharedFlowBundleRequired)";
        let problem = Problem::error("shared-flow-required", message).at(policy.span());
        return (None, vec![problem.help("add <SharedFlowBundle>name</SharedFlowBundle>")]);
    };
    let lists = policy.element.elements_named("Parameters");
    let parameters: Vec<_> = lists.flat_map(|list| list.elements_named("Parameter")).collect();
    let parameters = parameters.into_iter().filter_map(|element| parameter(element, &mut problems)).collect();
    let callout = FlowCallout { shared_flow: name.as_str().into(), parameters };
    (Some(Executable::Immediate(Box::new(callout))), problems)
}

fn parameter(element: &Element, problems: &mut Vec<Problem>) -> Option<(Text, Source)> {
    let name = element.attribute_value("name").map(str::trim).filter(|name| !name.is_empty())?;
    let source = match (element.attribute_value("ref"), element.attribute("value")) {
        (Some(reference), _) => Source::Reference(Variable::parse(reference.trim())),
        (None, Some(value)) => Source::Template(compile_template(&value.value, problems)),
        (None, None) => Source::Template(compile_template(&element.text(), problems)),
    };
    Some((name.into(), source))
}

impl ImmediatePolicy for FlowCallout {
    fn run(&self, transaction: &mut Transaction, _: &Host) -> Outcome {
        let mut parameters = Vec::with_capacity(self.parameters.len());
        for (name, source) in &self.parameters {
            let value = match source {
                Source::Reference(variable) => transaction.read(variable),
                // Only a function can fail here; its parameter is then absent, as an unresolved one is.
                Source::Template(template) => {
                    template.render(transaction, Unresolved::Empty).map_or(Value::Null, Value::from)
                }
            };
            parameters.push((name.clone(), value));
        }
        Outcome::CallFlow(FlowCall { shared_flow: self.shared_flow.clone(), parameters })
    }
}
