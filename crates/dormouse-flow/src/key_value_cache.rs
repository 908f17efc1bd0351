//! Entries of key value maps that were read lately, for policies that say how long they may be kept (Apigee:
//! "KeyValueMapOperations policy", `ExpiryTimeInSecs`).

use crate::value::Text;
use dormouse_token::{Secret, Timestamp};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

/// Entries with the moment until which they need not be read again. Bounded.
pub struct KeyValueCache(Cache<KeyValueName, Kept, ByBytes>);

/// Names an entry of a map.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct KeyValueName {
    /// Organization, environment or proxy.
    pub scope: &'static str,
    /// The proxy that the map belongs to; empty in other scopes.
    pub proxy: Text,
    /// The map.
    pub map: Text,
    /// The key in the map.
    pub key: Text,
}

#[derive(Clone)]
struct Kept {
    value: Secret,
    until: Timestamp,
}

impl Default for KeyValueCache {
    fn default() -> Self {
        Self(Cache::with_weighter(ITEMS_ESTIMATED, BYTES_MAX, ByBytes))
    }
}

impl KeyValueCache {
    /// The value, if it need not be read again yet.
    pub fn value(&self, name: &KeyValueName, now: Timestamp) -> Option<Secret> {
        self.0.get(name).filter(|kept| now < kept.until).map(|kept| kept.value)
    }

    /// Keeps a value.
    pub fn keep(&self, name: KeyValueName, value: Secret, until: Timestamp) {
        self.0.insert(name, Kept { value, until });
    }

    /// Forgets an entry that this node has changed.
    pub fn forget(&self, name: &KeyValueName) {
        self.0.remove(name);
    }
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<KeyValueName, Kept> for ByBytes {
    fn weight(&self, name: &KeyValueName, kept: &Kept) -> u64 {
        let texts = name.proxy.len() + name.map.len() + name.key.len() + kept.value.expose().len();
        u64::try_from(ENTRY_OVERHEAD + texts).unwrap_or(u64::MAX)
    }
}

/// Memory of the cache.
const BYTES_MAX: u64 = 16 << 20;
const ITEMS_ESTIMATED: usize = 1_000;
const ENTRY_OVERHEAD: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn name(proxy: &str, key: &str) -> KeyValueName {
        KeyValueName { scope: "apiproxy", proxy: proxy.into(), map: "m".into(), key: key.into() }
    }

    #[track_caller]
    fn check(cache: &KeyValueCache, name: &KeyValueName, now: u64, expected: Option<&str>) {
        let value = cache.value(name, Timestamp::from_ms(now));
        assert_eq!(value.as_ref().map(Secret::expose), expected);
    }

    #[test]
    fn values_are_kept_until_their_time_is_over() {
        let cache = KeyValueCache::default();
        cache.keep(name("p", "k"), Secret::new("v"), Timestamp::from_ms(10));
        check(&cache, &name("p", "k"), 9, Some("v"));
        check(&cache, &name("p", "k"), 10, None);
        check(&cache, &name("q", "k"), 9, None);
        check(&cache, &name("p", "l"), 9, None);
        cache.forget(&name("p", "k"));
        check(&cache, &name("p", "k"), 9, None);
    }
}
