//! Javascript: runs a script of the bundle with access to the flow's variables (Apigee: "JavaScript policy").

use crate::compile_context::CompileContext;
use crate::javascript::{Files, serve, stage};
use crate::registry::{Compiled, PolicyKind};
use dormouse_bundle::{Policy, Problem};
use dormouse_flow::{Executable, Fault, Host, OutcomeFuture, Text, Transaction, WaitingPolicy};
use dormouse_script::{Script, ScriptError, Scripts};
use std::sync::Arc;
use std::time::Duration;

/// See [`crate::registry`].
pub(crate) const KIND: PolicyKind = PolicyKind {
    tag: "Javascript",
    summary: "Runs a script that reads and changes variables and messages.",
    failure_prefix: "javascript",
    may_continue: true,
    compile,
};

struct Javascript {
    name: Text,
    script: Arc<Script>,
    scripts: Scripts,
}

fn compile(policy: &Policy, context: &CompileContext<'_>) -> Compiled {
    let mut problems = Vec::new();
    let time_limit = time_limit(policy, &mut problems);
    let Some(files) = Files::of(policy, context, &mut problems) else { return (None, problems) };
    match Script::compile(&files.sources(), properties(policy), time_limit) {
        Ok(script) => {
            let (name, scripts) = (policy.name.as_str().into(), context.scripts.clone());
            let compiled = Javascript { name, script: Arc::new(script), scripts };
            (Some(Executable::Waiting(Box::new(compiled))), problems)
        }
        Err(errors) => {
            problems.extend(errors.iter().map(|error| files.problem(error)));
            (None, problems)
        }
    }
}

fn time_limit(policy: &Policy, problems: &mut Vec<Problem>) -> Duration {
    let Some(attribute) = policy.element.attribute("timeLimit") else { return TIME_LIMIT };
    match attribute.value.as_str().trim().parse() {
        Ok(milliseconds) if milliseconds > 0 => Duration::from_millis(milliseconds).min(TIME_LIMIT_MAX),
        _ => {
            let message = format!("`{}` is no number of milliseconds", attribute.value.as_str());
            let help = format!("until then the limit is {} ms", TIME_LIMIT.as_millis());
            problems.push(Problem::warning("time-limit", message).at(attribute.value.span()).help(help));
            TIME_LIMIT
        }
    }
}

fn properties(policy: &Policy) -> Vec<(String, String)> {
    let properties = policy.element.element("Properties");
    let properties = properties.iter().flat_map(|properties| properties.elements_named("Property"));
    let property = |element: &dormouse_bundle::Element| {
        Some((element.attribute_value("name")?.to_owned(), element.text().trimmed().as_str().to_owned()))
    };
    properties.filter_map(property).collect()
}

impl WaitingPolicy for Javascript {
    fn run<'a>(&'a self, transaction: &'a mut Transaction, host: &'a Host) -> OutcomeFuture<'a> {
        Box::pin(async move {
            let run = self.scripts.run(&self.script, stage(transaction, host));
            let result = serve(run, transaction, host, &self.name).await;
            result.map_err(|error| self.fault(&error)).into()
        })
    }
}

impl Javascript {
    fn fault(&self, error: &ScriptError) -> Fault {
        let text = format!("Execution of {} failed with error: {error}", self.name);
        Fault::step("steps.javascript.ScriptExecutionFailed", text)
    }
}

/// Without a `timeLimit`: enough for a library that signs a token by itself.
const TIME_LIMIT: Duration = Duration::from_secs(5);
/// No request lives longer.
const TIME_LIMIT_MAX: Duration = Duration::from_mins(5);
