//! What one entity owns: mostly a single other, which then costs no allocation of its own.

use crate::EntityId;
use crate::sharded::Sharded;
use std::collections::BTreeMap;
use std::sync::Arc;

/// At least one entity, by name.
#[derive(Clone)]
pub(crate) enum Owned<K, V> {
    One(K, V),
    Many(Arc<BTreeMap<K, V>>),
}

/// Owner to what it owns.
pub(crate) type Index<K, V> = Sharded<EntityId, Owned<K, V>>;

impl<K: Clone + Ord, V: Clone> Owned<K, V> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let (one, many) = match self {
            Self::One(key, value) => (Some((key, value)), None),
            Self::Many(all) => (None, Some(all.iter())),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }

    pub(crate) fn get(&self, key: &str) -> Option<&V>
    where
        K: std::borrow::Borrow<str>,
    {
        match self {
            Self::One(own, value) => (own.borrow() == key).then_some(value),
            Self::Many(all) => all.get(key),
        }
    }

    fn with(self, key: K, value: V) -> Self {
        match self {
            Self::One(own, _) if own == key => Self::One(key, value),
            Self::One(own, old) => Self::Many(Arc::new([(own, old), (key, value)].into())),
            Self::Many(mut all) => {
                Arc::make_mut(&mut all).insert(key, value);
                Self::Many(all)
            }
        }
    }

    fn without(self, key: &K) -> Option<Self> {
        match self {
            Self::One(own, value) => {
                Some(Self::One(own, value)).filter(|it| !matches!(it, Self::One(own, _) if own == key))
            }
            Self::Many(mut all) => {
                Arc::make_mut(&mut all).remove(key);
                Some(Self::Many(all)).filter(|it| it.iter().next().is_some())
            }
        }
    }
}

/// Adds to what an owner has. It is taken out meanwhile, so that it is copied only when an older snapshot shares it.
pub(crate) fn link<K: Clone + Ord, V: Clone>(index: &mut Index<K, V>, owner: &EntityId, key: K, value: V) {
    let all = match index.remove(owner.as_str()) {
        None => Owned::One(key, value),
        Some(all) => all.with(key, value),
    };
    index.insert(owner.clone(), all);
}

/// Takes away from what an owner has.
pub(crate) fn unlink<K: Clone + Ord, V: Clone>(index: &mut Index<K, V>, owner: &EntityId, key: &K) {
    let rest = index.remove(owner.as_str()).and_then(|all| all.without(key));
    if let Some(rest) = rest {
        index.insert(owner.clone(), rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_and_many_behave_alike() {
        let owner = EntityId::from_uuid(uuid::Uuid::nil());
        let mut index = Index::<&str, u8>::default();
        let keys = |index: &Index<&'static str, u8>| -> Vec<(&'static str, u8)> {
            index
                .get(owner.as_str())
                .into_iter()
                .flat_map(Owned::iter)
                .map(|(key, value)| (*key, *value))
                .collect()
        };
        link(&mut index, &owner, "b", 1);
        link(&mut index, &owner, "b", 2);
        assert_eq!(keys(&index), [("b", 2)]);
        unlink(&mut index, &owner, &"x");
        link(&mut index, &owner, "a", 3);
        let snapshot = index.clone();
        assert_eq!(keys(&index), [("a", 3), ("b", 2)]);
        unlink(&mut index, &owner, &"b");
        unlink(&mut index, &owner, &"a");
        assert_eq!((keys(&index), index.len()), (vec![], 0));
        assert_eq!(keys(&snapshot).len(), 2);
    }
}
