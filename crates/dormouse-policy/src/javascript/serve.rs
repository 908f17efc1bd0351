//! Answers a running script. Variables cross the threads one by one, when the script asks: what it does not read costs
//! nothing, and each read costs two wake-ups.

use crate::javascript::exchanges;
use dormouse_flow::{DateFormat, Host, Phase, Transaction, Value};
use dormouse_script::{Datum, Event, Question, Run, ScriptError, Stage};
use std::sync::Arc;

/// JSON that scripts of one transaction leave for each other.
#[derive(Default)]
struct Session(Option<Arc<str>>);

/// What a script is told about where it runs.
pub(crate) fn stage(transaction: &Transaction, host: &Host) -> Stage {
    let in_target = transaction.place.in_target;
    let (flow, response) = match (transaction.phase(), in_target) {
        (Phase::Request, false) => ("PROXY_REQ_FLOW", "response"),
        (Phase::Request, true) => ("TARGET_REQ_FLOW", "response"),
        (Phase::Response, true) => ("TARGET_RESP_FLOW", "response"),
        (Phase::Response | Phase::PostClient, _) => ("PROXY_RESP_FLOW", "response"),
        (Phase::Error, true) => ("TARGET_RESP_FLOW", "error"),
        (Phase::Error, false) => ("PROXY_RESP_FLOW", "error"),
    };
    Stage { flow, response, clock_offset_ms: clock_offset_ms(host) }
}

/// Serves a script until it ends.
pub(crate) async fn serve(
    mut run: Run,
    transaction: &mut Transaction,
    host: &Host,
    policy: &str,
) -> Result<(), ScriptError> {
    loop {
        match run.next().await {
            Event::End(result) => return result,
            Event::Question(Question::Wait(exchange, answer)) => {
                answer.give(exchanges::wait(transaction, exchange).await);
            }
            Event::Question(question) => answer(question, transaction, host, policy),
        }
    }
}

fn answer(question: Question, transaction: &mut Transaction, host: &Host, policy: &str) {
    match question {
        Question::Read(name, answer) => answer.give(datum(&transaction.get(&name))),
        Question::Write(name, value) => {
            let value = value_of(value, transaction);
            set(transaction, &name, value, policy);
        }
        Question::Remove(name) => set(transaction, &name, Value::Null, policy),
        Question::LoadSession(answer) => answer.give(transaction.extension::<Session>().0.clone()),
        Question::StoreSession(json) => transaction.extension::<Session>().0 = Some(json),
        Question::Send(request, answer) => answer.give(exchanges::send(transaction, host, request)),
        Question::IsComplete(exchange, answer) => answer.give(exchanges::is_complete(transaction, exchange)),
        // The caller waits for it.
        Question::Wait(_, answer) => drop(answer),
        Question::FormatDate(pattern, zone, at, answer) => {
            answer.give(format_date(&pattern, &zone, at, host));
        }
        Question::Print(text) => tracing::debug!(policy, text, "a script prints"),
    }
}

/// Scripts may not fail because a variable cannot be set.
fn set(transaction: &mut Transaction, name: &str, value: Value, policy: &str) {
    if let Err(error) = transaction.set(name, value) {
        tracing::debug!(policy, variable = name, %error, "a script could not set a variable");
    }
}

fn datum(value: &Value) -> Datum {
    match value {
        Value::Null => Datum::Null,
        Value::Bool(truth) => Datum::Bool(*truth),
        Value::Int(number) => Datum::Number(f64::from(*number)),
        #[expect(clippy::cast_precision_loss, reason = "JavaScript has no other numbers")]
        Value::Long(number) => Datum::Number(*number as f64),
        Value::Float(number) => Datum::Number(f64::from(*number)),
        Value::Double(number) => Datum::Number(*number),
        Value::String(text) => Datum::Text(Arc::clone(text)),
        Value::List(items) => Datum::List(items.iter().map(datum).collect()),
        Value::Message(_) => Datum::Message("".into()),
    }
}

/// A whole number that fits is an Integer; every other number is a Double.
fn value_of(datum: Datum, transaction: &Transaction) -> Value {
    match datum {
        Datum::Null => Value::Null,
        Datum::Bool(truth) => Value::Bool(truth),
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
        Datum::Number(number) if number.fract() == 0.0 && number.abs() <= f64::from(i32::MAX) => {
            Value::Int(number as i32)
        }
        Datum::Number(number) => Value::Double(number),
        Datum::Text(text) => Value::String(text),
        Datum::List(items) => {
            Value::List(items.into_iter().map(|item| value_of(item, transaction)).collect())
        }
        Datum::Message(name) => transaction.get(&name),
    }
}

fn format_date(pattern: &str, zone: &str, at: Option<f64>, host: &Host) -> Result<String, String> {
    let format = DateFormat::parse(pattern).map_err(|error| error.to_string())?;
    let zone = match zone {
        "UTC" | "GMT" => jiff::tz::TimeZone::UTC,
        // Java takes a zone that it does not know for GMT.
        name => jiff::tz::TimeZone::get(name).unwrap_or(jiff::tz::TimeZone::UTC),
    };
    let now = i64::try_from(host.clock.now().as_ms()).unwrap_or(i64::MAX);
    #[expect(clippy::cast_possible_truncation, reason = "what is out of range is no date, and told below")]
    let at = at.map_or(now, |at| at as i64);
    format.format(at, &zone).ok_or_else(|| "the time is out of range".into())
}

/// By how much the gateway's clock is ahead of the one that QuickJS reads.
#[expect(
    clippy::disallowed_methods,
    reason = "QuickJS reads the system's clock; scripts have to see the gateway's"
)]
fn clock_offset_ms(host: &Host) -> i64 {
    let system = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let milliseconds = |number: u128| i64::try_from(number).unwrap_or(i64::MAX);
    milliseconds(u128::from(host.clock.now().as_ms())).saturating_sub(milliseconds(system.as_millis()))
}
