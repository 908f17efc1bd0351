//! One entity of a file against the one that exists: what is applied, what is left alone, and why.
//!
//! A part is applied only when the file's version of it changed since it was last applied, so an unchanged file undoes
//! nothing that administration did. States, secrets, expiry and ids of what exists are never applied.

use crate::form::{Form, Part};
use crate::{Applied, DigestKey};
use serde_json::Value;
use std::collections::BTreeSet;

/// Why something in a file was not applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Administration changed it, and the file's version is the one that was applied before.
    ChangedByAdministration,
    /// Administration deleted it.
    Deleted,
    /// Administration deleted what it belongs to.
    OwnerDeleted,
    /// It is a state, secret, expiry or id, which files set only when they create.
    Protected,
    /// The file no longer has it; files delete nothing.
    RemovedFromFile,
}

/// The outcome for one entity that exists.
#[derive(Debug)]
pub(crate) struct Reconciled {
    /// The form to store; none when nothing changes.
    pub(crate) form: Option<Form>,
    /// Labels of parts that differ and were not applied.
    pub(crate) unapplied: Vec<(String, Reason)>,
}

/// What the ledger keeps of a form that was applied.
pub(crate) fn applied(incoming: &Form, digests: &DigestKey) -> Applied {
    let parts = incoming.parts().filter(|(part, _)| !is_kept_out(part) && !is_protected(part));
    let parts = parts.map(|(part, value)| (part.label(), digest(part, value, digests)));
    Applied { parts: parts.collect(), consumer_key: None }
}

/// Compares `incoming` with what exists. `deleted` tells which products of a key administration took away.
pub(crate) fn reconcile(
    incoming: &Form,
    existing: &Form,
    before: Option<&Applied>,
    digests: &DigestKey,
    deleted: &dyn Fn(&str) -> bool,
) -> Reconciled {
    let known =
        before.into_iter().flat_map(|before| before.parts.keys()).map(|label| Part::from_label(label));
    let parts: BTreeSet<Part> =
        incoming.parts().chain(existing.parts()).map(|(part, _)| part.clone()).chain(known).collect();
    let mut merged = existing.clone();
    let mut unapplied = Vec::new();
    for part in parts.into_iter().filter(|part| !is_kept_out(part)) {
        let before = before.and_then(|before| before.parts.get(&part.label()));
        let values = (incoming.get(&part), existing.get(&part));
        match decide(&part, values, before, digests, deleted) {
            Decision::Same => {}
            Decision::Leave(reason) => unapplied.push((part.label(), reason)),
            Decision::Remove => merged.remove(&part),
            Decision::Set(value) => merged.insert(part, value.clone()),
        }
    }
    Reconciled { form: Some(merged).filter(|merged| merged != existing), unapplied }
}

enum Decision<'a> {
    Same,
    Leave(Reason),
    Remove,
    Set(&'a Value),
}

fn decide<'a>(
    part: &Part,
    (incoming, existing): (Option<&'a Value>, Option<&Value>),
    before: Option<&String>,
    digests: &DigestKey,
    deleted: &dyn Fn(&str) -> bool,
) -> Decision<'a> {
    if incoming == existing {
        return Decision::Same;
    }
    if is_protected(part) {
        return if incoming.is_some() { Decision::Leave(Reason::Protected) } else { Decision::Same };
    }
    let changed = before != incoming.map(|value| digest(part, value, digests)).as_ref();
    match (part, incoming) {
        (Part::Product(_), Some(_)) if existing.is_some() => Decision::Leave(Reason::Protected),
        (Part::Product(name), Some(_)) if deleted(name) => Decision::Leave(Reason::Deleted),
        (_, Some(value)) if changed => Decision::Set(value),
        (Part::Member(_), None) if changed => Decision::Remove,
        (Part::Attribute(_) | Part::Product(_), None) if before.is_some() => {
            Decision::Leave(Reason::RemovedFromFile)
        }
        // What administration added.
        (Part::Attribute(_) | Part::Product(_), None) => Decision::Same,
        _ => Decision::Leave(Reason::ChangedByAdministration),
    }
}

/// The digest of a product in a key leaves its state out, which is never applied again.
fn digest(part: &Part, value: &Value, digests: &DigestKey) -> String {
    match part {
        Part::Product(_) => digests.digest(&part.label(), &Value::Null),
        Part::Member(_) | Part::Attribute(_) => digests.digest(&part.label(), value),
    }
}

fn is_protected(part: &Part) -> bool {
    matches!(part, Part::Member(name) if PROTECTED.contains(&name.as_str()))
}

fn is_kept_out(part: &Part) -> bool {
    matches!(part, Part::Member(name) if KEPT_OUT.contains(&name.as_str()))
}

/// States, times of validity, and what others know the entity by.
const PROTECTED: [&str; 7] =
    ["status", "email", "developerId", "appId", "consumerKey", "consumerSecret", "expiresAt"];
/// Times of creation and change belong to the store.
const KEPT_OUT: [&str; 3] = ["createdAt", "lastModifiedAt", "issuedAt"];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn form(value: &Value) -> Form {
        Form::new(value.as_object().cloned().unwrap_or_default())
    }

    #[track_caller]
    fn check(
        last: Option<Value>,
        sides: [Value; 2],
        (stored, unapplied): (Option<Value>, &[(&str, Reason)]),
    ) {
        let key = DigestKey::new(&[7; 32]);
        let before = last.map(|last| applied(&form(&last), &key));
        let [incoming, existing] = sides.map(|side| form(&side));
        let result = reconcile(&incoming, &existing, before.as_ref(), &key, &|name| name == "gone");
        let actual: Vec<_> =
            result.unapplied.iter().map(|(label, reason)| (label.as_str(), *reason)).collect();
        assert_eq!((result.form, &*actual), (stored.map(|stored| form(&stored)), unapplied));
    }

    fn attributes(pairs: &[(&str, &str)]) -> Value {
        json!({ "attributes": pairs.iter().map(|(name, value)| json!({"name": name, "value": value})).collect::<Value>() })
    }

    #[test]
    fn a_changed_part_is_applied_and_an_unchanged_one_undoes_nothing() {
        let (old, new, admin) = (json!({"a": 1, "b": 1}), json!({"a": 2, "b": 1}), json!({"a": 1, "b": 9}));
        check(
            Some(old),
            [new, admin],
            (Some(json!({"a": 2, "b": 9})), &[("b", Reason::ChangedByAdministration)]),
        );
    }

    #[test]
    fn at_first_everything_is_new() {
        check(None, [json!({"a": 2}), json!({"a": 1})], (Some(json!({"a": 2})), &[]));
        check(None, [json!({"a": 2}), json!({"a": 2})], (None, &[]));
    }

    #[test]
    fn protected_parts_are_named_and_left() {
        let (file, exists) = (json!({"status": "approved"}), json!({"status": "revoked"}));
        check(None, [file.clone(), exists.clone()], (None, &[("status", Reason::Protected)]));
        check(Some(file.clone()), [file, exists], (None, &[("status", Reason::Protected)]));
    }

    #[test]
    fn attributes_are_added_and_changed_but_not_deleted() {
        let added = attributes(&[("mine", "1"), ("file", "2")]);
        check(None, [attributes(&[("file", "2")]), attributes(&[("mine", "1")])], (Some(added.clone()), &[]));
        let expected: &[_] = &[("attributes/file", Reason::RemovedFromFile)];
        check(Some(attributes(&[("file", "2")])), [attributes(&[]), added], (None, expected));
        // Deleted by administration, unchanged in the file.
        let file = attributes(&[("file", "2")]);
        let expected: &[_] = &[("attributes/file", Reason::ChangedByAdministration)];
        check(Some(file.clone()), [file, attributes(&[])], (None, expected));
    }

    #[test]
    fn products_of_a_key_are_added_and_never_switched() {
        let key = |list: &[(&str, &str)]| json!({ "apiProducts": list.iter().map(|(name, status)| json!({"apiproduct": name, "status": status})).collect::<Value>() });
        let file = key(&[("p", "approved"), ("q", "approved"), ("gone", "approved")]);
        let expected: &[_] = &[("apiProducts/gone", Reason::Deleted), ("apiProducts/p", Reason::Protected)];
        let merged = key(&[("p", "revoked"), ("q", "approved")]);
        check(None, [file, key(&[("p", "revoked")])], (Some(merged), expected));
        // Taken away by administration: a new state in the file does not bring it back.
        let expected: &[_] = &[("apiProducts/q", Reason::ChangedByAdministration)];
        let last = key(&[("q", "approved")]);
        check(Some(last), [key(&[("q", "pending")]), key(&[])], (None, expected));
    }

    #[test]
    fn a_member_that_the_file_dropped_is_dropped() {
        check(Some(json!({"quota": "1"})), [json!({}), json!({"quota": "1"})], (Some(json!({})), &[]));
        let expected: &[_] = &[("quota", Reason::ChangedByAdministration)];
        check(Some(json!({})), [json!({}), json!({"quota": "1"})], (None, expected));
    }
}
