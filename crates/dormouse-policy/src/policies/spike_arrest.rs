//! SpikeArrest: smooths the requests of a client, or of all, to a rate (Apigee: "SpikeArrest policy"). Each node keeps the
//! rate for itself.

use crate::compile_context::{CompileContext, Platform};
use crate::configuration::{TextOrVariable, refused, truth, variable_of, warn_unknown};
use crate::quota::Weight;
use crate::registry::{Compiled, PolicyKind};
use dormouse_bundle::{Level, Policy, Problem};
use dormouse_flow::{
    Executable, Fault, Host, ImmediatePolicy, Outcome, SpikeArrestKey, SpikeArrestRate, Text, Transaction,
    Variable,
};
use std::time::Duration;

/// See [`crate::registry`].
pub(crate) const KIND: PolicyKind = PolicyKind {
    tag: "SpikeArrest",
    summary: "Smooths requests to a rate.",
    failure_prefix: "ratelimit",
    may_continue: true,
    compile,
};

struct SpikeArrest {
    name: Text,
    rate: TextOrVariable,
    /// The literal rate, parsed.
    literal: Option<Rate>,
    bursts: bool,
    identifier: Option<Variable>,
    weight: Weight,
    /// `ratelimit.P.failed`
    failed: Text,
    violation_status: u16,
}

/// `Nps` or `Npm`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rate {
    requests: u64,
    period: Duration,
}

fn compile(policy: &Policy, context: &CompileContext<'_>) -> Compiled {
    let mut problems = Vec::new();
    let element = &policy.element;
    warn_unknown(element, ELEMENTS, &mut problems);
    let rate = TextOrVariable::of_child(element, "Rate");
    let literal = rate.as_ref().and_then(TextOrVariable::literal).map(|text| Rate::parse(text));
    if rate.is_none() || literal == Some(None) {
        problems.push(invalid_rate(policy));
    }
    let weight = Weight::compile(policy, &mut problems);
    let is_broken = problems.iter().any(|problem| problem.level == Level::Error);
    let Some(rate) = rate.filter(|_| !is_broken) else { return (None, problems) };
    let compiled = SpikeArrest {
        name: policy.name.as_str().into(),
        rate,
        literal: literal.flatten(),
        bursts: truth(element, "UseEffectiveCount", false),
        identifier: element.element("Identifier").and_then(|identifier| variable_of(identifier, "ref")),
        weight,
        failed: format!("ratelimit.{}.failed", policy.name).into(),
        violation_status: if context.platform == Platform::Edge { 500 } else { 429 },
    };
    (Some(Executable::Immediate(Box::new(compiled))), problems)
}

fn invalid_rate(policy: &Policy) -> Problem {
    let problem = refused("invalid-rate", policy, "InvalidAllowedRate", "the rate is missing or invalid");
    let place = policy.element.element("Rate").map_or_else(|| policy.span(), |rate| rate.span.clone());
    problem.at(place).help("write a whole number with ps or pm, such as <Rate>30ps</Rate>")
}

impl ImmediatePolicy for SpikeArrest {
    fn run(&self, transaction: &mut Transaction, host: &Host) -> Outcome {
        let result = self.arrest(transaction, host);
        transaction.note(&self.failed, result.is_err());
        result.into()
    }
}

impl SpikeArrest {
    fn arrest(&self, transaction: &Transaction, host: &Host) -> Result<(), Fault> {
        let (rate, written) = self.rate(transaction)?;
        let weight = self.weight.resolve(transaction);
        let weight = weight.map_err(|fault| Fault::step(fault.code(), fault.text(&self.name)))?;
        let identifier = self.identifier.as_ref().and_then(|variable| transaction.text(variable));
        let key = SpikeArrestKey {
            proxy: &transaction.deployment().name,
            policy: &self.name,
            identifier: identifier.as_deref().unwrap_or_default(),
        };
        let rate = SpikeArrestRate { requests: rate.requests, period: rate.period, bursts: self.bursts };
        if host.node_state.spike_arrests.passes(&key, rate, weight, host.clock.monotonic()) {
            return Ok(());
        }
        let text = format!("Spike arrest violation. Allowed rate : {written}");
        Err(Fault::step("policies.ratelimit.SpikeArrestViolation", text).with_status(self.violation_status))
    }

    /// The rate, and how it is written. A variable goes before the literal.
    fn rate(&self, transaction: &Transaction) -> Result<(Rate, Text), Fault> {
        let policy = &self.name;
        let Some(written) = self.rate.read(transaction) else {
            let reference = self.rate.variable_name();
            let text = format!(
                "Failed to resolve Spike Arrest Rate reference {reference} in SpikeArrest policy {policy}"
            );
            return Err(Fault::step("policies.ratelimit.FailedToResolveSpikeArrestRate", text));
        };
        if let Some(literal) = self.literal.filter(|_| self.rate.literal() == Some(&written)) {
            return Ok((literal, written));
        }
        // What a variable holds may come from a client, and is not repeated.
        let invalid = || {
            let text = format!(
                "Invalid spike arrest rate in SpikeArrest policy {policy}: a number with ps or pm is needed"
            );
            Fault::step("policies.ratelimit.InvalidAllowedRate", text)
        };
        Rate::parse(&written).map(|rate| (rate, written)).ok_or_else(invalid)
    }
}

impl Rate {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let (number, period) = match (text.strip_suffix("ps"), text.strip_suffix("pm")) {
            (Some(number), _) => (number, Duration::from_secs(1)),
            (_, Some(number)) => (number, Duration::from_mins(1)),
            _ => return None,
        };
        let number = number.trim_end();
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let requests = number.parse().ok().filter(|requests| is_number && *requests > 0)?;
        Some(Self { requests, period })
    }
}

const ELEMENTS: &[&str] = &["Identifier", "MessageWeight", "Rate", "UseEffectiveCount"];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(u64, u64)>) {
        let rate = Rate::parse(text).map(|rate| (rate.requests, rate.period.as_secs()));
        assert_eq!(rate, expected, "{text}");
    }

    #[test]
    fn rates() {
        check("30ps", Some((30, 1)));
        check("12pm", Some((12, 60)));
        check(" 5PM ", Some((5, 60)));
        check("5 pm", Some((5, 60)));
        for wrong in
            ["", "ps", "0ps", "-1ps", "+1ps", "1.5ps", "30", "30ph", "ps30", "99999999999999999999ps"]
        {
            check(wrong, None);
        }
    }
}
