//! A map whose copies share what has not changed: a new snapshot costs a small part of the entries, not all of them.

use foldhash::quality::RandomState;
use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

/// Hash map in independently shared parts. Cloning shares all parts; a change copies the one that it touches.
pub(crate) struct Sharded<K, V> {
    shards: Box<[Arc<HashMap<K, V, RandomState>>]>,
    hasher: RandomState,
    len: usize,
}

impl<K: Clone + Eq + Hash, V: Clone> Sharded<K, V> {
    pub(crate) fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.shards.get(self.shard(key))?.get(key)
    }

    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let index = self.shard(&key);
        let old = Arc::make_mut(self.shards.get_mut(index)?).insert(key, value);
        self.len += usize::from(old.is_none());
        old
    }

    pub(crate) fn remove<Q: Eq + Hash + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let index = self.shard(key);
        let shard = self.shards.get_mut(index)?;
        if !shard.contains_key(key) {
            return None;
        }
        let old = Arc::make_mut(shard).remove(key);
        self.len -= usize::from(old.is_some());
        old
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.shards.iter().flat_map(|shard| shard.values())
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    fn shard<Q: Hash + ?Sized>(&self, key: &Q) -> usize {
        let hash = self.hasher.hash_one(key) >> 32;
        usize::try_from(hash).unwrap_or_default() % SHARDS
    }
}

impl<K, V> Default for Sharded<K, V> {
    fn default() -> Self {
        let hasher = RandomState::default();
        let shards = (0..SHARDS).map(|_| Arc::new(HashMap::with_hasher(hasher.clone()))).collect();
        Self { shards, hasher, len: 0 }
    }
}

impl<K, V> Clone for Sharded<K, V> {
    fn clone(&self) -> Self {
        Self { shards: self.shards.clone(), hasher: self.hasher.clone(), len: self.len }
    }
}

impl<K, V> fmt::Debug for Sharded<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sharded({} entries)", self.len)
    }
}

/// At a hundred thousand entries a change copies four hundred.
const SHARDS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_does_not_see_later_changes() {
        let mut map = Sharded::default();
        for number in 0..1000_u32 {
            assert_eq!(map.insert(number, number), None);
        }
        let snapshot = map.clone();
        assert_eq!(map.insert(7, 70), Some(7));
        assert_eq!(map.remove(&8), Some(8));
        assert_eq!(map.remove(&8), None);
        assert_eq!((map.get(&7), map.get(&8), map.len()), (Some(&70), None, 999));
        assert_eq!((snapshot.get(&7), snapshot.get(&8), snapshot.len()), (Some(&7), Some(&8), 1000));
        assert_eq!(map.values().count(), 999);
    }
}
