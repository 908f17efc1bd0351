//! The variables that policies set, and groups of variables that are computed only when somebody reads them.

use crate::value::{Text, Value};
use std::collections::HashMap;

/// A group of variables whose values exist once somebody reads them. A policy that offers forty variables publishes
/// one source instead of building forty values that nobody asks for.
pub trait VariableSource: Send {
    /// The value of a variable by its whole name; `None` when the group has no such variable.
    fn variable(&self, name: &str) -> Option<Value>;
}

/// Single variables and published groups. What came last wins.
#[derive(Default)]
pub(crate) struct Variables {
    single: HashMap<Text, Entry>,
    groups: Vec<Box<dyn VariableSource>>,
}

struct Entry {
    value: Value,
    /// How many groups had been published when it was set: later ones go before it.
    groups_before: usize,
}

impl Variables {
    pub(crate) fn read(&self, name: &str) -> Value {
        let entry = self.single.get(name);
        let newer = entry.map_or(0, |entry| entry.groups_before);
        let from_group = || self.groups.iter().skip(newer).rev().find_map(|group| group.variable(name));
        from_group().or_else(|| entry.map(|entry| entry.value.clone())).unwrap_or_default()
    }

    pub(crate) fn write(&mut self, name: &Text, value: Value) {
        // A null stays as an entry: it hides what earlier groups say.
        self.single.insert(name.clone(), Entry { value, groups_before: self.groups.len() });
    }

    pub(crate) fn publish(&mut self, group: Box<dyn VariableSource>) {
        self.groups.push(group);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Group(&'static str, i32);

    impl VariableSource for Group {
        fn variable(&self, name: &str) -> Option<Value> {
            (name == self.0).then(|| self.1.into())
        }
    }

    #[track_caller]
    fn check(variables: &Variables, name: &str, expected: impl Into<Value>) {
        assert_eq!(variables.read(name), expected.into(), "{name}");
    }

    #[test]
    fn what_came_last_wins() {
        let mut variables = Variables::default();
        variables.write(&"a".into(), 1.into());
        variables.publish(Box::new(Group("a", 2)));
        variables.publish(Box::new(Group("b", 3)));
        check(&variables, "a", 2);
        variables.write(&"a".into(), 4.into());
        check(&variables, "a", 4);
        variables.publish(Box::new(Group("a", 5)));
        check(&variables, "a", 5);
        variables.write(&"b".into(), Value::Null);
        check(&variables, "b", Value::Null);
        check(&variables, "c", Value::Null);
    }
}
