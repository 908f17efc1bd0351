//! Lists: in the order of their keys, from `startKey` on, at most `count` of them; expanded or brief.

use super::Reply;
use super::call::{Call, Dialect};
use serde_json::{Map, Value, json};

/// What a list is made of.
pub(super) struct Listing<T> {
    /// The member that holds it.
    pub(super) member: &'static str,
    /// The member of a brief element in Apigee X; Edge lists the keys alone.
    pub(super) brief: &'static str,
    /// What elements are named and sorted by.
    pub(super) key: fn(&T) -> &str,
}

impl<T> Listing<T> {
    /// The page that the query asks for.
    pub(super) fn reply(
        &self,
        call: &Call,
        mut elements: Vec<T>,
        full: impl Fn(&T) -> Map<String, Value>,
    ) -> Reply {
        elements.sort_by(|a, b| (self.key)(a).cmp((self.key)(b)));
        let start = call.query("startKey").unwrap_or_default();
        let count = ["count", "rows", "pageSize"].into_iter().find_map(|name| call.query(name)?.parse().ok());
        let page = elements.iter().filter(|element| (self.key)(element) >= start);
        let page = page.take(count.unwrap_or(usize::MAX));
        let list: Value = match (call.is_true("expand"), call.dialect) {
            (true, _) => page.map(|element| Value::Object(full(element))).collect(),
            (false, Dialect::X) => page.map(|element| json!({ self.brief: (self.key)(element) })).collect(),
            (false, Dialect::Edge) => {
                return Reply::Ok(page.map(|element| (self.key)(element)).collect());
            }
        };
        Reply::Ok(json!({ self.member: list }))
    }
}
