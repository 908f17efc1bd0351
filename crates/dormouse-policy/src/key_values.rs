//! Key value maps as policies name them, and the entries that a bundle brings along (Apigee: "KeyValueMapOperations
//! policy", `mapIdentifier`, `Scope`, `InitialEntries`).

use crate::configuration::{TextOrVariable, refused, text_of};
use dormouse_bundle::{Bundle, BundleKind, Element, Policy, Problem};
use dormouse_engine::{Engine, Error, MapName};
use dormouse_entity::{MapScope, Name};
use dormouse_flow::{Host, KeyValueName, Text, Transaction};
use dormouse_token::Secret;
use std::time::Duration;

/// Which map a policy works on.
pub(crate) struct Map {
    scope: Scope,
    name: TextOrVariable,
    policy: Text,
}

/// Where a map is visible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Organization,
    Environment,
    Proxy,
    /// One policy of a proxy; on Edge only.
    Policy,
}

/// A map that was found by its name, as long as one policy runs.
pub(crate) struct EntryName {
    scope: MapScope,
    map: Text,
}

impl Scope {
    /// `Scope`; the environment without it.
    pub(crate) fn compile(policy: &Policy, problems: &mut Vec<Problem>) -> Self {
        let Some(text) = text_of(&policy.element, "Scope") else { return Self::Environment };
        match text.as_str().to_ascii_lowercase().as_str() {
            "organization" => Self::Organization,
            "environment" => Self::Environment,
            "apiproxy" => Self::Proxy,
            "policy" => Self::Policy,
            _ => {
                let message = format!("{} is no scope", text.as_str());
                let problem = refused("invalid-scope", policy, "InvalidScope", message).at(text.span());
                problems.push(problem.help("use environment, organization or apiproxy"));
                Self::Environment
            }
        }
    }
}

impl Map {
    /// `mapIdentifier`, or `MapName`.
    pub(crate) fn compile(policy: &Policy, scope: Scope) -> Self {
        let identifier = policy.element.attribute("mapIdentifier");
        let name = match (identifier, policy.element.element("MapName")) {
            (Some(identifier), _) => TextOrVariable::literally(identifier.value.as_str().trim()),
            (None, Some(name)) => TextOrVariable::compile(name),
            (None, None) => TextOrVariable::literally(NAME_DEFAULT),
        };
        Self { scope, name, policy: policy.name.as_str().into() }
    }

    /// The map now; nothing when its name is empty or does not resolve.
    pub(crate) fn name(&self, transaction: &Transaction) -> Option<EntryName> {
        let name = self.name.read(transaction).filter(|name| !name.is_empty())?;
        self.in_proxy(name, &transaction.deployment().name)
    }

    fn in_proxy(&self, name: Text, proxy: &str) -> Option<EntryName> {
        let proxy = || Name::parse(proxy).ok().map(MapScope::Proxy);
        Some(match self.scope {
            Scope::Organization => EntryName { scope: MapScope::Organization, map: name },
            Scope::Environment => EntryName { scope: MapScope::Environment, map: name },
            Scope::Proxy => EntryName { scope: proxy()?, map: name },
            // No name of a map that administration makes has this character.
            Scope::Policy => EntryName { scope: proxy()?, map: format!("{}#{name}", self.policy).into() },
        })
    }
}

impl EntryName {
    /// The value of an entry. One that was read less than `kept_for` ago may be answered from memory.
    pub(crate) async fn value(
        &self,
        key: &str,
        kept_for: Duration,
        host: &Host,
    ) -> Result<Option<Secret>, Error> {
        let now = host.clock.now();
        if kept_for.is_zero() {
            return host.engine.key_value(self.as_map(), key).await;
        }
        let (cache, name) = (&host.node_state.key_values, self.kept_as(key));
        if let Some(value) = cache.value(&name, now) {
            return Ok(Some(value));
        }
        let value = host.engine.key_value(self.as_map(), key).await?;
        if let Some(value) = &value {
            cache.keep(name, value.clone(), now.saturating_add(kept_for));
        }
        Ok(value)
    }

    /// Puts an entry; without `replaces`, one that exists is left alone.
    pub(crate) async fn put(
        &self,
        key: &str,
        value: &Secret,
        replaces: bool,
        host: &Host,
    ) -> Result<(), Error> {
        host.engine.put_key_value(self.as_map(), key, value, replaces).await?;
        host.node_state.key_values.forget(&self.kept_as(key));
        Ok(())
    }

    /// Deletes an entry.
    pub(crate) async fn delete(&self, key: &str, host: &Host) -> Result<(), Error> {
        host.engine.delete_key_value(self.as_map(), key).await?;
        host.node_state.key_values.forget(&self.kept_as(key));
        Ok(())
    }

    fn as_map(&self) -> MapName<'_> {
        MapName { scope: &self.scope, name: &self.map }
    }

    fn kept_as(&self, key: &str) -> KeyValueName {
        let proxy = match &self.scope {
            MapScope::Proxy(proxy) => proxy.as_str().into(),
            MapScope::Environment | MapScope::Organization => Text::default(),
        };
        KeyValueName { scope: self.scope.as_str(), proxy, map: self.map.clone(), key: key.into() }
    }
}

/// Puts the initial entries of a bundle's policies into their maps. Entries that exist stay as they are: a start does not
/// undo what a policy or an administrator has put.
///
/// # Errors
/// [`Error::Unavailable`]; putting them again does no harm.
pub async fn put_initial_entries(bundle: &Bundle, engine: &Engine) -> Result<(), Error> {
    for policy in bundle.policies.iter().filter(|policy| policy.enabled && policy.kind == TAG) {
        let scope = Scope::compile(policy, &mut Vec::new());
        if bundle.kind == BundleKind::SharedFlow && matches!(scope, Scope::Proxy | Scope::Policy) {
            continue;
        }
        let map = Map::compile(policy, scope);
        let name = map.name.literal().filter(|name| !name.is_empty()).cloned();
        let Some(map) = name.and_then(|name| map.in_proxy(name, &bundle.name)) else { continue };
        for (key, value) in initial_entries(policy).flatten() {
            engine.put_key_value(map.as_map(), &key, &value, false).await?;
        }
    }
    Ok(())
}

/// Reports initial entries that lack their key or value.
pub(crate) fn check_initial_entries(policy: &Policy, problems: &mut Vec<Problem>) {
    let Some(entries) = policy.element.element("InitialEntries") else { return };
    for entry in entries.elements_named("Entry") {
        let (key, value) = (key_of(entry), entry.element("Value"));
        for (is_missing, apigee) in [(key.is_none(), "KeyIsMissing"), (value.is_none(), "ValueIsMissing")] {
            if is_missing {
                let message = "an initial entry needs a Key with a Parameter, and a Value";
                let problem = refused("incomplete-entry", policy, apigee, message);
                problems.push(problem.at(entry.name_span.clone()).help("complete the entry, or take it out"));
            }
        }
    }
}

/// The entries of `InitialEntries`; `None` for one that is incomplete.
fn initial_entries(policy: &Policy) -> impl Iterator<Item = Option<(String, Secret)>> {
    let entries = policy.element.element("InitialEntries").into_iter();
    let entries = entries.flat_map(|entries| entries.elements_named("Entry"));
    entries.map(|entry| {
        let values: Vec<_> = entry.elements_named("Value").map(|value| value.text().trimmed()).collect();
        let values: Vec<_> = values.iter().map(dormouse_bundle::SourceText::as_str).collect();
        let key = key_of(entry)?;
        (!values.is_empty()).then(|| (key, Secret::new(values.join(","))))
    })
}

fn key_of(entry: &Element) -> Option<String> {
    let parameters = entry.element("Key")?.elements_named("Parameter");
    let parts: Vec<_> = parameters.map(|parameter| parameter.text().trimmed().as_str().to_owned()).collect();
    let key = parts.join("__");
    (!key.is_empty()).then_some(key)
}

/// Apigee's name for a map that a policy does not name.
const NAME_DEFAULT: &str = "kvmap";
const TAG: &str = "KeyValueMapOperations";
