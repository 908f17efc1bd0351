//! LookupCache: reads an entry of a cache into a variable (Apigee: "LookupCache policy").

use crate::cache_settings::KeySource;
use crate::compile_context::CompileContext;
use crate::configuration::{refused, variable_in, warn_unknown, warn_without_effect};
use crate::registry::{Compiled, PolicyKind};
use dormouse_bundle::{Level, Policy};
use dormouse_flow::{
    Executable, Fault, Found, Host, ImmediatePolicy, Outcome, Text, Transaction, Value, Variable,
};

/// See [`crate::registry`].
pub(crate) const KIND: PolicyKind = PolicyKind {
    tag: "LookupCache",
    summary: "Reads an entry of a cache.",
    failure_prefix: "lookupcache",
    may_continue: true,
    compile,
};

struct LookupCache {
    key: KeySource,
    target: Variable,
    /// `lookupcache.P.`
    prefix: Text,
}

fn compile(policy: &Policy, _: &CompileContext<'_>) -> Compiled {
    let mut problems = Vec::new();
    warn_unknown(&policy.element, ELEMENTS, &mut problems);
    let timeout = [("CacheLookupTimeoutInSeconds", "a look-up in memory does not wait")];
    warn_without_effect(&policy.element, &timeout, &mut problems);
    let target = variable_in(&policy.element, "AssignTo");
    if target.is_none() {
        let problem = refused("missing-assign-to", policy, "AssignToRequired", "AssignTo names no variable");
        problems.push(problem.help("write <AssignTo>VARIABLE</AssignTo>"));
    }
    let key = KeySource::compile(policy, &mut problems);
    let is_broken = problems.iter().any(|problem| problem.level == Level::Error);
    let prefix = format!("lookupcache.{}.", policy.name).into();
    let compiled = target.filter(|_| !is_broken).map(|target| LookupCache { key, target, prefix });
    (compiled.map(|compiled| Executable::Immediate(Box::new(compiled))), problems)
}

impl ImmediatePolicy for LookupCache {
    fn run(&self, transaction: &mut Transaction, host: &Host) -> Outcome {
        self.look_up(transaction, host).into()
    }
}

impl LookupCache {
    fn look_up(&self, transaction: &mut Transaction, host: &Host) -> Result<(), Fault> {
        let key = self.key.key(transaction);
        let found = host.node_state.caches.look_up(&key, host.clock.now());
        self.note(transaction, "cachename", key.cache.clone());
        self.note(transaction, "cachekey", key.joined());
        self.note(transaction, "assignto", self.target.name().clone());
        self.note(transaction, "cachehit", matches!(found, Found::Hit(_)));
        let Found::Hit(entry) = found else { return Ok(()) };
        let value = entry.restore(transaction);
        transaction.write(&self.target, value).map_err(|error| {
            let text = format!("failed to set variable {}: {error}", self.target.name());
            Fault::step("policies.lookupcache.SetVariableFailed", text)
        })
    }

    fn note(&self, transaction: &mut Transaction, name: &str, value: impl Into<Value>) {
        transaction.note(&format!("{}{name}", self.prefix).into(), value);
    }
}

const ELEMENTS: &[&str] = &["AssignTo", "CacheKey", "CacheLookupTimeoutInSeconds", "CacheResource", "Scope"];
