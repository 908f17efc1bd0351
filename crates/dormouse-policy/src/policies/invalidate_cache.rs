//! InvalidateCache: removes an entry of a cache, or all entries whose keys begin with its key (Apigee: "InvalidateCache
//! policy").

use crate::cache_settings::KeySource;
use crate::compile_context::CompileContext;
use crate::configuration::{truth, warn_unknown};
use crate::registry::{Compiled, PolicyKind};
use dormouse_bundle::{Level, Policy};
use dormouse_flow::{Executable, Host, ImmediatePolicy, Outcome, Transaction};

/// See [`crate::registry`].
pub(crate) const KIND: PolicyKind = PolicyKind {
    tag: "InvalidateCache",
    summary: "Removes entries of a cache.",
    failure_prefix: "invalidatecache",
    may_continue: true,
    compile,
};

struct InvalidateCache {
    key: KeySource,
    purges_children: bool,
}

fn compile(policy: &Policy, _: &CompileContext<'_>) -> Compiled {
    let mut problems = Vec::new();
    warn_unknown(&policy.element, ELEMENTS, &mut problems);
    let key = KeySource::compile(policy, &mut problems);
    let purges_children = truth(&policy.element, "PurgeChildEntries", false);
    let is_broken = problems.iter().any(|problem| problem.level == Level::Error);
    let compiled = Executable::Immediate(Box::new(InvalidateCache { key, purges_children }));
    ((!is_broken).then_some(compiled), problems)
}

impl ImmediatePolicy for InvalidateCache {
    fn run(&self, transaction: &mut Transaction, host: &Host) -> Outcome {
        let key = self.key.key(transaction);
        if self.purges_children {
            host.node_state.caches.remove_below(&key);
        } else {
            host.node_state.caches.remove(&key);
        }
        Outcome::Continue
    }
}

const ELEMENTS: &[&str] = &["CacheContext", "CacheKey", "CacheResource", "PurgeChildEntries", "Scope"];
