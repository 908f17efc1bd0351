//! KeyValueMapOperations: reads, writes and deletes entries of a key value map, in the order in which the policy lists
//! them (Apigee: "KeyValueMapOperations policy"). Maps are in the store, sealed.

use crate::compile_context::{CompileContext, Platform};
use crate::configuration::{TextOrVariable, parse_truth, refused, warn_unknown, warn_without_effect};
use crate::key_values::{EntryName, Map, Scope};
use crate::registry::{Compiled, PolicyKind};
use dormouse_bundle::{Element, Policy, Problem};
use dormouse_engine::Error;
use dormouse_flow::{
    Executable, Fault, Host, OutcomeFuture, Text, Transaction, Value, Variable, WaitingPolicy, WriteError,
};
use dormouse_token::Secret;
use std::time::Duration;

/// See [`crate::registry`].
pub(crate) const KIND: PolicyKind = PolicyKind {
    tag: "KeyValueMapOperations",
    summary: "Reads, writes and deletes entries of key value maps.",
    failure_prefix: "keyvaluemapoperations",
    may_continue: true,
    compile,
};

struct KeyValueMapOperations {
    map: Map,
    /// How long an entry that was read need not be read again.
    kept_for: Option<TextOrVariable>,
    operations: Vec<Operation>,
}

enum Operation {
    Get {
        key: Key,
        target: Variable,
        /// From 1: which part of a value with commas.
        index: Option<usize>,
    },
    Put {
        key: Key,
        values: Vec<TextOrVariable>,
        replaces: bool,
    },
    Delete {
        key: Key,
    },
}

/// Parts of a key; several are joined.
struct Key(Vec<TextOrVariable>);

/// Why the policy failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the name of the key value map is empty")]
    NoMap,
    #[error("an entry has at most 2048 bytes of key and 512 KiB of value")]
    TooLarge,
    #[error("failed to set variable {name}: {error}")]
    Write { name: Text, error: WriteError },
    #[error("the key value map cannot be reached")]
    Unavailable,
}

fn compile(policy: &Policy, context: &CompileContext<'_>) -> Compiled {
    let mut problems = Vec::new();
    let element = &policy.element;
    warn_unknown(element, ELEMENTS, &mut problems);
    warn_without_effect(element, &[("ExclusiveCache", "there is one cache for all")], &mut problems);
    let scope = Scope::compile(policy, &mut problems);
    let mut operations = Vec::new();
    for child in element.elements() {
        operations.extend(match child.name.as_str() {
            "Get" => get(child, policy, context.platform, &mut problems),
            "Put" => put(child, policy, &mut problems),
            "Delete" => key(child, policy, &mut problems).map(|key| Operation::Delete { key }),
            _ => None,
        });
    }
    crate::key_values::check_initial_entries(policy, &mut problems);
    if problems.iter().any(|problem| problem.level == dormouse_bundle::Level::Error) {
        return (None, problems);
    }
    let kept_for = TextOrVariable::of_child(element, "ExpiryTimeInSecs");
    let compiled = KeyValueMapOperations { map: Map::compile(policy, scope), kept_for, operations };
    (Some(Executable::Waiting(Box::new(compiled))), problems)
}

fn get(
    element: &Element,
    policy: &Policy,
    platform: Platform,
    problems: &mut Vec<Problem>,
) -> Option<Operation> {
    let key = key(element, policy, problems);
    let target = element.attribute_value("assignTo").map(str::trim).filter(|name| !name.is_empty());
    let Some(target) = target else {
        let problem =
            refused("missing-assign-to", policy, "InvalidAssignTo", "Get has no attribute assignTo");
        problems.push(problem.at(element.name_span.clone()).help("name the variable that takes the value"));
        return None;
    };
    let index = match element.attribute_value("index").map(|text| text.trim().parse::<usize>()) {
        None => None,
        Some(Ok(index)) if index > 0 => Some(index),
        Some(_) => {
            let problem =
                refused("invalid-index", policy, "InvalidIndex", "the index of Get is not a positive number");
            problems.push(problem.at(element.name_span.clone()).help("values count from 1"));
            return None;
        }
    };
    if platform == Platform::X && !target.starts_with(PRIVATE) {
        let message = format!("maps are encrypted on Apigee X, where {target} would be refused");
        let problem = Problem::warning("not-private", message).at(element.name_span.clone());
        problems.push(problem.help(format!("assign to a variable whose name begins with {PRIVATE}")));
    }
    Some(Operation::Get { key: key?, target: Variable::parse(target), index })
}

fn put(element: &Element, policy: &Policy, problems: &mut Vec<Problem>) -> Option<Operation> {
    let key = key(element, policy, problems);
    let values: Vec<_> = element.elements_named("Value").map(TextOrVariable::compile).collect();
    if values.is_empty() {
        let problem = refused("missing-value", policy, "ValueIsMissing", "Put has no Value");
        problems.push(problem.at(element.name_span.clone()).help("add <Value ref=\"…\"/>"));
    }
    let replaces = element.attribute_value("override").and_then(parse_truth).unwrap_or(false);
    Some(Operation::Put { key: key?, values, replaces })
}

fn key(element: &Element, policy: &Policy, problems: &mut Vec<Problem>) -> Option<Key> {
    let parts =
        element.element("Key").map(|key| key.elements_named("Parameter").map(TextOrVariable::compile));
    let parts: Vec<_> = parts.into_iter().flatten().filter(TextOrVariable::is_given).collect();
    if parts.is_empty() {
        let message = format!("{} has no Key with a Parameter", element.name);
        let problem = refused("missing-key", policy, "KeyIsMissing", message);
        problems.push(problem.at(element.name_span.clone()).help("add <Key><Parameter>…</Parameter></Key>"));
        return None;
    }
    Some(Key(parts))
}

impl WaitingPolicy for KeyValueMapOperations {
    fn run<'a>(&'a self, transaction: &'a mut Transaction, host: &'a Host) -> OutcomeFuture<'a> {
        Box::pin(
            async move { self.operate(transaction, host).await.map_err(|failure| failure.fault()).into() },
        )
    }
}

impl KeyValueMapOperations {
    async fn operate(&self, transaction: &mut Transaction, host: &Host) -> Result<(), Failure> {
        let map = self.map.name(transaction).ok_or(Failure::NoMap)?;
        for operation in &self.operations {
            match operation {
                Operation::Get { key, target, index } => {
                    let value = match key.read(transaction) {
                        Some(key) => self.value(&map, key, transaction, host).await?,
                        None => None,
                    };
                    let value = value.and_then(|value| part(&value, *index));
                    let failed = |error| Failure::Write { name: target.name().clone(), error };
                    transaction.write(target, Value::from(value)).map_err(failed)?;
                }
                Operation::Put { key, values, replaces } => {
                    let entry = key.read(transaction).zip(joined(values, transaction));
                    // What does not resolve has no entry to be put.
                    let Some((key, value)) = entry else { continue };
                    if key.len() > KEY_MAX || value.len() > VALUE_MAX {
                        return Err(Failure::TooLarge);
                    }
                    map.put(&key, &Secret::new(value), *replaces, host).await?;
                }
                Operation::Delete { key } => {
                    if let Some(key) = key.read(transaction) {
                        map.delete(&key, host).await?;
                    }
                }
            }
        }
        Ok(())
    }

    async fn value(
        &self,
        map: &EntryName,
        key: String,
        transaction: &Transaction,
        host: &Host,
    ) -> Result<Option<Secret>, Failure> {
        let seconds = self.kept_for.as_ref().and_then(|source| source.read(transaction));
        let seconds = seconds.and_then(|text| text.trim().parse::<u64>().ok()).unwrap_or(0);
        Ok(map.value(&key, Duration::from_secs(seconds), host).await?)
    }
}

impl Key {
    /// Nothing when a part does not resolve.
    fn read(&self, transaction: &Transaction) -> Option<String> {
        joined_with(&self.0, transaction, "__")
    }
}

/// The value of a Put: several are one entry, its parts separated by commas.
fn joined(values: &[TextOrVariable], transaction: &Transaction) -> Option<String> {
    joined_with(values, transaction, ",")
}

fn joined_with(sources: &[TextOrVariable], transaction: &Transaction, separator: &str) -> Option<String> {
    let texts: Option<Vec<_>> = sources.iter().map(|source| source.read(transaction)).collect();
    Some(texts?.join(separator))
}

/// The whole value, or one of its parts.
fn part(value: &Secret, index: Option<usize>) -> Option<Text> {
    let value = value.expose();
    match index {
        None => Some(value.into()),
        Some(index) => value.split(',').nth(index.checked_sub(1)?).map(|part| part.trim().into()),
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        tracing::warn!(%error, "a key value map could not be reached");
        Self::Unavailable
    }
}

impl Failure {
    fn fault(&self) -> Fault {
        let (status, code) = match self {
            Self::NoMap => (500, "steps.keyvaluemapoperations.UnsupportedOperationException"),
            Self::TooLarge => (500, "steps.keyvaluemapoperations.EntryTooLarge"),
            Self::Write { .. } => (500, "steps.keyvaluemapoperations.SetVariableFailed"),
            Self::Unavailable => (503, "steps.keyvaluemapoperations.StoreUnavailable"),
        };
        Fault::step(code, self.to_string()).with_status(status)
    }
}

const ELEMENTS: &[&str] =
    &["Delete", "ExclusiveCache", "ExpiryTimeInSecs", "Get", "InitialEntries", "MapName", "Put", "Scope"];

/// Variables that Apigee masks in its debugger.
const PRIVATE: &str = "private.";

/// As in entity files.
const KEY_MAX: usize = 2048;
const VALUE_MAX: usize = 512 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, index: Option<usize>, expected: Option<&str>) {
        assert_eq!(part(&Secret::new(value), index).as_deref(), expected, "{value} {index:?}");
    }

    #[test]
    fn parts_of_values() {
        check("a, b,c", None, Some("a, b,c"));
        check("a, b,c", Some(1), Some("a"));
        check("a, b,c", Some(2), Some("b"));
        check("a, b,c", Some(4), None);
        check("a", Some(1), Some("a"));
        check("", Some(1), Some(""));
        check("a", Some(0), None);
    }
}
