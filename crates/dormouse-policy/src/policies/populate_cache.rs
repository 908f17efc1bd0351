//! PopulateCache: puts a variable, which may be a whole message, into a cache (Apigee: "PopulateCache policy"). Caches are
//! in memory, of one node.

use crate::cache_settings::{Expiry, KeySource};
use crate::compile_context::CompileContext;
use crate::configuration::{refused, variable_in, warn_unknown};
use crate::registry::{Compiled, PolicyKind};
use dormouse_bundle::{Level, Policy};
use dormouse_flow::{CachedValue, Executable, Fault, Host, ImmediatePolicy, Outcome, Transaction, Variable};

/// See [`crate::registry`].
pub(crate) const KIND: PolicyKind = PolicyKind {
    tag: "PopulateCache",
    summary: "Puts a variable into a cache.",
    failure_prefix: "populatecache",
    may_continue: true,
    compile,
};

struct PopulateCache {
    key: KeySource,
    source: Variable,
    expiry: Expiry,
}

fn compile(policy: &Policy, _: &CompileContext<'_>) -> Compiled {
    let mut problems = Vec::new();
    warn_unknown(&policy.element, ELEMENTS, &mut problems);
    let source = variable_in(&policy.element, "Source");
    if source.is_none() {
        let problem = refused("missing-source", policy, "SourceRequired", "Source names no variable");
        problems.push(problem.help("write <Source>VARIABLE</Source>"));
    }
    let (key, expiry) = (KeySource::compile(policy, &mut problems), Expiry::compile(policy, &mut problems));
    let is_broken = problems.iter().any(|problem| problem.level == Level::Error);
    let compiled = source.filter(|_| !is_broken).map(|source| PopulateCache { key, source, expiry });
    (compiled.map(|compiled| Executable::Immediate(Box::new(compiled))), problems)
}

impl ImmediatePolicy for PopulateCache {
    fn run(&self, transaction: &mut Transaction, host: &Host) -> Outcome {
        self.populate(transaction, host).into()
    }
}

impl PopulateCache {
    /// A variable that is unset puts nothing in.
    fn populate(&self, transaction: &Transaction, host: &Host) -> Result<(), Fault> {
        let value = transaction.read(&self.source);
        if value.is_null() {
            return Ok(());
        }
        let value = CachedValue::of(transaction, value).ok_or_else(|| self.fault("it cannot be copied"))?;
        let (key, caches) = (self.key.key(transaction), &host.node_state.caches);
        let Some(end) = self.expiry.ends_at(transaction, host.clock.now()) else {
            caches.remove(&key);
            return Ok(());
        };
        caches.put(key, value, end).map_err(|error| self.fault(&error.to_string()))
    }

    fn fault(&self, reason: &str) -> Fault {
        let text = format!("The variable {} cannot be cached: {reason}", self.source.name());
        Fault::step("policies.populatecache.EntryCannotBeCached", text)
    }
}

const ELEMENTS: &[&str] = &["CacheKey", "CacheResource", "ExpirySettings", "Scope", "Source"];
