//! Quota: limits how many requests an app, developer or anybody may send in an interval (Apigee: "Quota policy").
//! Distributed, Synchronous and AsynchronousConfiguration have no effect: a node counts exactly, and for itself.

use crate::compile_context::{CompileContext, Platform};
use crate::quota::{Limits, ProductQuota, QuotaFault, QuotaVariables, Weight, kind, mode};
use crate::registry::{Compiled, PolicyKind};
use dormouse_bundle::{Level, Policy, Problem, SourceText};
use dormouse_flow::{
    Executable, Fault, Host, ImmediatePolicy, Outcome, QuotaDemand, QuotaKey, QuotaKind, QuotaMode,
    QuotaPeriod, Text, Transaction, Variable,
};

/// See [`crate::registry`].
pub(crate) const KIND: PolicyKind = PolicyKind {
    tag: "Quota",
    summary: "Limits how many requests may be sent in an interval.",
    failure_prefix: "ratelimit",
    may_continue: true,
    compile,
};

struct Quota {
    name: Text,
    /// Policies of a proxy that name the same one count together.
    counter: Text,
    kind: QuotaKind,
    mode: QuotaMode,
    product: Option<ProductQuota>,
    limits: Limits,
    identifier: Identifier,
    weight: Weight,
    /// `ratelimit.P.`
    prefix: Text,
    violation_status: u16,
}

struct Identifier {
    reference: Option<Variable>,
    literal: Text,
}

fn compile(policy: &Policy, context: &CompileContext<'_>) -> Compiled {
    let mut problems = Vec::new();
    let name = policy.name.as_str();
    let shared = policy.element.element_text("SharedName").filter(|name| !name.as_str().is_empty());
    let product = ProductQuota::compile(policy);
    let source = ProductQuota::defaults(policy).unwrap_or(&policy.element);
    let limits = Limits::compile(source, name, &mut problems);
    if product.is_none() && problems.is_empty() && !limits.is_complete() {
        problems.push(incomplete(policy));
    }
    let quota = Quota {
        name: name.into(),
        counter: shared.map_or_else(|| name.into(), |shared| shared.as_str().into()),
        kind: kind(policy, &mut problems),
        mode: mode(policy, &mut problems),
        product,
        limits,
        identifier: Identifier::compile(policy),
        weight: Weight::compile(policy, &mut problems),
        prefix: format!("ratelimit.{name}.").into(),
        violation_status: if context.platform == Platform::Edge { 500 } else { 429 },
    };
    let is_broken = problems.iter().any(|problem| problem.level == Level::Error);
    ((!is_broken).then(|| Executable::Immediate(Box::new(quota))), problems)
}

/// Apigee deploys such a policy as well, and then has nothing to count by.
fn incomplete(policy: &Policy) -> Problem {
    let message = format!("the quota policy {} has no Interval or no TimeUnit", policy.name);
    let problem = Problem::warning("incomplete-quota", message).at(policy.span());
    problem.help("add both; until then each request that reaches the policy is answered with a fault")
}

impl ImmediatePolicy for Quota {
    fn run(&self, transaction: &mut Transaction, host: &Host) -> Outcome {
        self.count(transaction, host).into()
    }
}

impl Quota {
    fn count(&self, transaction: &mut Transaction, host: &Host) -> Result<(), Fault> {
        let failed = |fault: &QuotaFault| Fault::step(fault.code(), fault.text(&self.name));
        let product = self.product.as_ref().and_then(|product| product.limits(transaction));
        let limits = product.unwrap_or(&self.limits).resolve(transaction).map_err(|fault| failed(&fault))?;
        let weight = self.weight.resolve(transaction).map_err(|fault| failed(&fault))?;
        let identifier = self.identifier.resolve(transaction);
        let key = QuotaKey {
            proxy: &transaction.deployment().name,
            counter: &self.counter,
            identifier: &identifier,
            class: limits.class.as_ref().filter(|(_, counts)| *counts).map(|(class, _)| &**class),
            period: QuotaPeriod { kind: self.kind, unit: limits.unit, interval: limits.interval },
        };
        let demand = QuotaDemand { allowed: limits.allowed, weight, mode: self.mode };
        let reading = host.quota_counters.take(&key, &demand, host.clock.now());
        let is_refused = reading.exceeds && self.mode != QuotaMode::CountOnly;
        transaction.publish(Box::new(QuotaVariables {
            prefix: self.prefix.clone(),
            allowed: limits.allowed,
            reading,
            identifier: identifier.clone(),
            class: limits.class,
            failed: is_refused,
        }));
        if is_refused { Err(self.violation(&identifier)) } else { Ok(()) }
    }

    /// The two spaces are Apigee's.
    fn violation(&self, identifier: &str) -> Fault {
        let text = format!("Rate limit quota violation. Quota limit  exceeded. Identifier : {identifier}");
        Fault::step("policies.ratelimit.QuotaViolation", text).with_status(self.violation_status)
    }
}

impl Identifier {
    fn compile(policy: &Policy) -> Self {
        let element = policy.element.element("Identifier");
        let reference = element.and_then(|element| element.attribute_value("ref")).map(str::trim);
        let literal = element.map(|element| element.text().trimmed());
        let literal = literal.as_ref().map(SourceText::as_str).filter(|text| !text.is_empty());
        Self {
            reference: reference.filter(|name| !name.is_empty()).map(Variable::parse),
            literal: literal.unwrap_or(EVERYBODY).into(),
        }
    }

    fn resolve(&self, transaction: &Transaction) -> Text {
        let referred = self.reference.as_ref().and_then(|variable| transaction.text(variable));
        referred.filter(|text| !text.is_empty()).unwrap_or_else(|| self.literal.clone())
    }
}

/// Apigee's identifier of those who have none.
const EVERYBODY: &str = "_default";
