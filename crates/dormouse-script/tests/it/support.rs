//! Runs scripts against a map of variables.

use dormouse_script::{
    Datum, Event, Limits, Question, Run, Script, ScriptError, ScriptSource, Scripts, Stage,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const STAGE: Stage = Stage { flow: "PROXY_REQ_FLOW", response: "response", clock_offset_ms: 0 };

pub(crate) fn script(text: &str, time_limit: Duration) -> Arc<Script> {
    let source = ScriptSource { name: "test.js".into(), text: text.into() };
    Arc::new(Script::compile(&[source], Vec::new(), time_limit).unwrap_or_else(|errors| panic!("{errors:?}")))
}

/// Takes events until the end: the variables and the result.
pub(crate) fn finish(mut run: Run) -> (BTreeMap<String, Datum>, Result<(), ScriptError>) {
    let mut variables = BTreeMap::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        loop {
            match run.next().await {
                Event::End(result) => return (variables, result),
                Event::Question(Question::Read(name, answer)) => {
                    answer.give(variables.get(&name).cloned().unwrap_or_default());
                }
                Event::Question(Question::Write(name, value)) => drop(variables.insert(name, value)),
                Event::Question(Question::Remove(name)) => drop(variables.remove(&name)),
                Event::Question(Question::LoadSession(answer)) => answer.give(None),
                // Dropping a question ends the script.
                Event::Question(_) => {}
            }
        }
    })
}

/// What a script leaves in the variable `result`, as a text.
pub(crate) fn result_of(text: &str) -> Result<String, String> {
    let scripts = Scripts::new(Limits::default());
    let (variables, result) = finish(scripts.run(&script(text, Duration::from_secs(20)), STAGE));
    result.map_err(|error| error.to_string())?;
    Ok(match variables.get("result") {
        Some(Datum::Text(text)) => text.to_string(),
        Some(Datum::Number(number)) => number.to_string(),
        Some(Datum::Bool(truth)) => truth.to_string(),
        Some(Datum::List(items)) => format!("{} items", items.len()),
        Some(Datum::Null | Datum::Message(_)) | None => "null".into(),
    })
}
