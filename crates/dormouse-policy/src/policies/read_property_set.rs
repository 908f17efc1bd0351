//! ReadPropertySet: reads entries of property sets into variables (Apigee: "ReadPropertySet policy").
//!
//! Faults: `steps.readpropertyset.SetVariableFailed`, status 500. A key that is missing leaves its variable alone unless
//! there is a `DefaultValue`.

use crate::compile_context::CompileContext;
use crate::configuration::{TextOrVariable, refused, variable_in, warn_unknown};
use crate::registry::{Compiled, PolicyKind};
use dormouse_bundle::{Element, Level, Policy, Problem};
use dormouse_flow::{Executable, Fault, Host, ImmediatePolicy, Outcome, Transaction, Value, Variable};

/// See [`crate::registry`].
pub(crate) const KIND: PolicyKind = PolicyKind {
    tag: "ReadPropertySet",
    summary: "Reads entries of property sets into variables.",
    failure_prefix: "readpropertyset",
    may_continue: true,
    compile,
};

struct ReadPropertySet(Vec<Read>);

struct Read {
    set: TextOrVariable,
    key: TextOrVariable,
    target: Variable,
    default: Option<TextOrVariable>,
}

fn compile(policy: &Policy, _: &CompileContext<'_>) -> Compiled {
    let mut problems = Vec::new();
    warn_unknown(&policy.element, &["Read"], &mut problems);
    let reads = policy.element.elements_named("Read");
    let reads: Vec<_> = reads.filter_map(|read| compile_read(read, policy, &mut problems)).collect();
    if policy.element.element("Read").is_none() {
        let problem = refused("missing-element", policy, "ReadRequired", "there is no Read");
        problems.push(problem.help("add <Read> with Name, Key and AssignTo"));
    }
    let is_broken = problems.iter().any(|problem| problem.level == Level::Error);
    ((!is_broken).then(|| Executable::Immediate(Box::new(ReadPropertySet(reads)))), problems)
}

fn compile_read(read: &Element, policy: &Policy, problems: &mut Vec<Problem>) -> Option<Read> {
    warn_unknown(read, &["AssignTo", "DefaultValue", "Key", "Name"], problems);
    let (set, key) = (TextOrVariable::of_child(read, "Name"), TextOrVariable::of_child(read, "Key"));
    let target = variable_in(read, "AssignTo");
    for (is_missing, name) in
        [(set.is_none(), "Name"), (key.is_none(), "Key"), (target.is_none(), "AssignTo")]
    {
        if is_missing {
            let message = format!("Read has no {name}");
            let problem = refused("missing-element", policy, &format!("{name}Required"), message);
            problems.push(problem.at(read.name_span.clone()).help(format!("add {name}")));
        }
    }
    let default = TextOrVariable::of_child(read, "DefaultValue");
    Some(Read { set: set?, key: key?, target: target?, default })
}

impl ImmediatePolicy for ReadPropertySet {
    fn run(&self, transaction: &mut Transaction, _: &Host) -> Outcome {
        self.0.iter().try_for_each(|read| read.run(transaction)).into()
    }
}

impl Read {
    fn run(&self, transaction: &mut Transaction) -> Result<(), Fault> {
        let name = self.set.read(transaction).zip(self.key.read(transaction));
        let found = name.map(|(set, key)| transaction.get(&format!("propertyset.{set}.{key}")));
        let found = found.filter(|value| !value.is_null());
        let default = || self.default.as_ref().and_then(|default| default.read(transaction)).map(Value::from);
        let Some(value) = found.or_else(default) else { return Ok(()) };
        transaction.write(&self.target, value).map_err(|error| {
            let text = format!("failed to set variable {}: {error}", self.target.name());
            Fault::step("steps.readpropertyset.SetVariableFailed", text)
        })
    }
}
