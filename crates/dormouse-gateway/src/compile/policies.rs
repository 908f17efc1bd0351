//! Compiles the policies of one bundle, each once. What no flow uses is at most a warning.

use crate::program::{StepPolicy, Work};
use dormouse_bundle::{Level, Policy, Problem};
use dormouse_flow::Text;
use dormouse_policy::{CompileContext, registry};
use std::collections::HashMap;
use std::sync::Arc;

/// The policies of a bundle, compiled when a step first names them.
pub(super) struct Policies<'a> {
    context: &'a CompileContext<'a>,
    attached: HashMap<&'a str, Arc<StepPolicy>>,
    problems: Vec<Problem>,
}

impl<'a> Policies<'a> {
    pub(super) fn new(context: &'a CompileContext<'a>) -> Self {
        Self { context, attached: HashMap::new(), problems: Vec::new() }
    }

    /// The policy that a step names. One that does not exist was diagnosed; its step is a fault.
    pub(super) fn attached(&mut self, name: &str) -> Arc<StepPolicy> {
        if let Some(compiled) = self.attached.get(name) {
            return Arc::clone(compiled);
        }
        let Some(policy) = self.context.bundle.policy(name) else {
            return Arc::new(step_policy(name, "", Work::Fault(format!("The policy {name} does not exist"))));
        };
        let (compiled, mut problems) = compile(policy, self.context, Level::Warning);
        self.problems.append(&mut problems);
        let compiled = Arc::new(compiled);
        self.attached.insert(&policy.name, Arc::clone(&compiled));
        compiled
    }

    /// All problems, those of policies that no step names included.
    pub(super) fn finish(mut self) -> Vec<Problem> {
        for policy in &self.context.bundle.policies {
            if !self.attached.contains_key(policy.name.as_str()) {
                let (_, problems) = compile(policy, self.context, Level::Info);
                self.problems.extend(problems.into_iter().map(tolerated));
            }
        }
        self.problems
    }
}

fn tolerated(problem: Problem) -> Problem {
    Problem { level: problem.level.min(Level::Warning), ..problem }
}

fn compile(policy: &Policy, context: &CompileContext<'_>, unsupported: Level) -> (StepPolicy, Vec<Problem>) {
    let name = policy.name.as_str();
    let Some(kind) = registry::find(&policy.kind) else {
        let message = format!("{} policies cannot be run yet", policy.kind);
        let problem = Problem::new(unsupported, "unsupported-policy", message).at(policy.span());
        let help =
            "a request that reaches it is answered with a fault; take it out of the flow to run without it";
        let text = format!("The policy {name} of type {} is not supported", policy.kind);
        let work = if policy.enabled { Work::Fault(text) } else { Work::Disabled };
        let compiled =
            StepPolicy { continue_on_error: policy.continue_on_error, ..step_policy(name, "", work) };
        return (compiled, vec![problem.help(help)]);
    };
    let (executable, problems) = (kind.compile)(policy, context);
    let work = match executable {
        _ if !policy.enabled => Work::Disabled,
        Some(executable) => Work::Run(executable),
        None => Work::Fault(format!("The policy {name} is not configured correctly")),
    };
    let compiled = StepPolicy {
        continue_on_error: policy.continue_on_error && kind.may_continue,
        ..step_policy(name, kind.failure_prefix, work)
    };
    let problems = if policy.enabled { problems } else { problems.into_iter().map(tolerated).collect() };
    (compiled, problems)
}

fn step_policy(name: &str, prefix: &str, work: Work) -> StepPolicy {
    let prefix = if prefix.is_empty() { "steps" } else { prefix };
    StepPolicy {
        name: name.into(),
        failed: Text::from(format!("{prefix}.{name}.failed")),
        continue_on_error: false,
        work,
    }
}
