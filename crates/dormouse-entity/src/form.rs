//! An entity's JSON form taken apart into what is applied and compared separately, and put together again.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A form in parts: each member is one, and so is each attribute and each product of a key. The order of attributes and
/// products is kept beside them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Form {
    parts: BTreeMap<Part, Value>,
    order: Vec<Part>,
}

/// What a part is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Member(String),
    Attribute(String),
    Product(String),
}

impl Form {
    pub(crate) fn new(form: Map<String, Value>) -> Self {
        let mut own = Self { parts: BTreeMap::new(), order: Vec::new() };
        for (member, value) in form {
            match member.as_str() {
                ATTRIBUTES => own.insert_all(&value, "name", Part::Attribute),
                PRODUCTS => own.insert_all(&value, "apiproduct", Part::Product),
                _ => own.insert(Part::Member(member), value),
            }
        }
        own
    }

    pub(crate) fn get(&self, part: &Part) -> Option<&Value> {
        self.parts.get(part)
    }

    pub(crate) fn insert(&mut self, part: Part, value: Value) {
        if self.parts.insert(part.clone(), value).is_none() {
            self.order.push(part);
        }
    }

    pub(crate) fn remove(&mut self, part: &Part) {
        self.parts.remove(part);
        self.order.retain(|own| own != part);
    }

    pub(crate) fn parts(&self) -> impl Iterator<Item = (&Part, &Value)> {
        self.parts.iter()
    }

    pub(crate) fn into_json(self) -> Map<String, Value> {
        let mut form = Map::new();
        let (mut attributes, mut products) = (Vec::new(), Vec::new());
        let mut parts = self.parts;
        for part in self.order {
            let value = parts.remove(&part).unwrap_or_default();
            match part {
                Part::Member(name) => {
                    form.insert(name, value);
                }
                Part::Attribute(_) => attributes.push(value),
                Part::Product(_) => products.push(value),
            }
        }
        form.insert(ATTRIBUTES.to_owned(), json!(attributes));
        form.insert(PRODUCTS.to_owned(), json!(products));
        form
    }

    fn insert_all(&mut self, list: &Value, name: &str, part: fn(String) -> Part) {
        for element in list.as_array().into_iter().flatten() {
            let name = element.get(name).and_then(Value::as_str).unwrap_or_default();
            self.insert(part(name.to_owned()), element.clone());
        }
    }
}

impl Part {
    /// How the ledger and reports call it.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Member(name) => name.clone(),
            Self::Attribute(name) => format!("{ATTRIBUTES}/{name}"),
            Self::Product(name) => format!("{PRODUCTS}/{name}"),
        }
    }

    /// The inverse of [`Part::label`].
    pub(crate) fn from_label(label: &str) -> Self {
        match label.split_once('/') {
            Some((ATTRIBUTES, name)) => Self::Attribute(name.to_owned()),
            Some((PRODUCTS, name)) => Self::Product(name.to_owned()),
            _ => Self::Member(label.to_owned()),
        }
    }
}

const ATTRIBUTES: &str = "attributes";
const PRODUCTS: &str = "apiProducts";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taking_apart_and_together_keeps_everything_and_its_order() {
        let form = json!({
            "name": "x",
            "attributes": [{"name": "b", "value": "1"}, {"name": "a/c", "value": "2"}],
            "apiProducts": [{"apiproduct": "z", "status": "approved"}, {"apiproduct": "y", "status": "revoked"}],
        });
        let form = form.as_object().cloned().unwrap_or_default();
        assert_eq!(Form::new(form.clone()).into_json(), form);
        for (part, _) in Form::new(form).parts() {
            assert_eq!(Part::from_label(&part.label()), *part);
        }
    }
}
