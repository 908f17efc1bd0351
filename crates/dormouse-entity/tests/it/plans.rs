//! Starting again with the same or other files never undoes what administration did.

use crate::support::{APPS, DEVELOPERS, PRODUCTS, STANDARD, Starts, names};
use dormouse_entity::{AppStatus, Change, DeveloperStatus, EntityKey, KeyStatus, Plan, Reason, Unapplied};
use dormouse_token::{Scope, Secret};
use std::sync::Arc;

#[track_caller]
fn unapplied(plan: &Plan, expected: &[(&str, &str, Reason)]) {
    let name = |entity: &EntityKey| match entity {
        EntityKey::Product(name) | EntityKey::Developer(name) | EntityKey::Credential(name) => name.clone(),
        EntityKey::App { app, .. } => app.clone(),
        other => other.to_text(),
    };
    let list = |it: &Unapplied| (name(&it.entity), it.part.clone().unwrap_or_default(), it.reason);
    let actual: Vec<_> = plan.unapplied.iter().map(list).collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|(name, part, reason)| ((*name).to_owned(), (*part).to_owned(), *reason))
        .collect();
    assert_eq!(actual, expected);
}

#[test]
fn the_first_start_makes_everything_and_the_second_nothing() {
    let mut starts = Starts::default();
    let plan = starts.start(&STANDARD);
    let all = ["product gold", "product silver", "developer ada@example.com", "app web", "credential key-1"];
    assert_eq!(names(&plan.changes), all);
    assert!(plan.generated.is_empty() && plan.unapplied.is_empty());
    let plan = starts.start(&STANDARD);
    assert!(plan.changes.is_empty() && plan.applied.is_empty() && plan.unapplied.is_empty(), "{plan:?}");
}

#[test]
fn states_secrets_and_narrowing_outlive_a_start() {
    let mut starts = Starts::standard();
    let directory = &mut starts.directory;
    let mut developer = Arc::unwrap_or_clone(Arc::clone(directory.developers().next().expect("one")));
    developer.status = DeveloperStatus::Inactive;
    directory.put_developer(developer);
    let mut app = Arc::unwrap_or_clone(Arc::clone(directory.apps().next().expect("one")));
    app.status = AppStatus::Revoked;
    directory.put_app(app);
    let mut credential = Arc::unwrap_or_clone(Arc::clone(directory.credential("key-1").expect("exists")));
    credential.status = KeyStatus::Revoked;
    credential.consumer_secret = Secret::new("rotated");
    credential.products[0].status = KeyStatus::Revoked;
    credential.products.remove(1);
    directory.put_credential(credential.clone());
    let mut product = Arc::unwrap_or_clone(Arc::clone(directory.product("gold").expect("exists")));
    product.scopes = Scope::parse("read");
    directory.put_product(product);
    let kept: &[_] = &[
        ("gold", "scopes", Reason::ChangedByAdministration),
        ("ada@example.com", "status", Reason::Protected),
        ("web", "status", Reason::Protected),
        ("key-1", "consumerSecret", Reason::Protected),
        ("key-1", "status", Reason::Protected),
        ("key-1", "apiProducts/gold", Reason::Protected),
        ("key-1", "apiProducts/silver", Reason::ChangedByAdministration),
    ];
    let plan = starts.start(&STANDARD);
    assert!(plan.changes.is_empty(), "{:?}", names(&plan.changes));
    unapplied(&plan, kept);
    // Changes elsewhere in the same entities are applied and bring nothing back.
    let products = PRODUCTS.replace("\"1\"", "\"2\"");
    let apps =
        APPS.replace("\"red\"", "\"blue\"").replace("\"apiProducts\": [", "\"apiProducts\": [\"bronze\", ");
    let plan = starts.start(&[STANDARD[1], ("products.json", &products), ("developerapps.json", &apps)]);
    assert_eq!(names(&plan.changes), ["product gold", "app web", "credential key-1"]);
    unapplied(&plan, kept);
    let gold = starts.directory.product("gold").expect("exists");
    assert_eq!((gold.attributes.value("tier"), gold.scopes.to_string()), (Some("2"), "read".to_owned()));
    let app = starts.directory.apps().next().expect("one");
    assert_eq!((app.attributes().value("color"), app.status), (Some("blue"), AppStatus::Revoked));
    let after = starts.directory.credential("key-1").expect("exists");
    assert_eq!((after.status, &after.consumer_secret), (KeyStatus::Revoked, &Secret::new("rotated")));
    let products: Vec<_> = after.products.iter().map(|it| (it.name.as_str(), it.status)).collect();
    assert_eq!(products, [("gold", KeyStatus::Revoked), ("bronze", KeyStatus::Approved)]);
}

#[test]
fn an_attribute_changes_where_the_file_changes_and_stays_where_administration_set_it() {
    let file = |color: &str, rotation: &str| {
        APPS.replace(
            "\"red\"",
            &format!("\"{color}\"}}, {{\"name\": \"dormouse.refresh.rotation\", \"value\": \"{rotation}\""),
        )
    };
    let mut starts = Starts::default();
    let start = |starts: &mut Starts, text: &str| {
        starts.start(&[("developers.json", DEVELOPERS), ("developerapps.json", text)]);
        starts.directory.apps().next().expect("one").attributes().clone()
    };
    start(&mut starts, &file("red", "rotate"));
    let mut app = Arc::unwrap_or_clone(Arc::clone(starts.directory.apps().next().expect("one")));
    let mut attributes = app.attributes().clone();
    attributes.set("dormouse.refresh.rotation", "strict");
    attributes.set("mine", "kept");
    app.set_attributes(attributes).expect("a known setting");
    starts.directory.put_app(app);
    let after = start(&mut starts, &file("blue", "rotate"));
    let values = ["color", "dormouse.refresh.rotation", "mine"]
        .map(|name| after.value(name).unwrap_or_default().to_owned());
    assert_eq!(values, ["blue", "strict", "kept"]);
    assert_eq!(start(&mut starts, &file("blue", "reuse")).value("dormouse.refresh.rotation"), Some("reuse"));
}

#[test]
fn what_administration_deleted_is_not_made_again() {
    let mut starts = Starts::standard();
    starts.directory.remove_credential("key-1");
    starts.ledger.tombstones.insert(EntityKey::Credential("key-1".to_owned()));
    starts.directory.remove_product("silver");
    starts.ledger.tombstones.insert(EntityKey::Product("silver".to_owned()));
    let plan = starts.start(&STANDARD);
    assert!(plan.changes.is_empty());
    unapplied(&plan, &[("silver", "", Reason::Deleted), ("key-1", "", Reason::Deleted)]);
    let changed = APPS.replace("secret-1", "secret-2");
    let plan = starts.start(&[STANDARD[0], STANDARD[1], ("developerapps.json", &changed)]);
    assert!(plan.changes.is_empty(), "not even when the file changes");
}

#[test]
fn a_deleted_developer_takes_the_apps_along() {
    let mut starts = Starts::default();
    starts.ledger.tombstones.insert(EntityKey::Developer("ada@example.com".to_owned()));
    let plan = starts.start(&STANDARD);
    assert_eq!(names(&plan.changes), ["product gold", "product silver"]);
    unapplied(&plan, &[("ada@example.com", "", Reason::Deleted), ("web", "", Reason::OwnerDeleted)]);
}

#[test]
fn nothing_is_deleted() {
    let mut starts = Starts::standard();
    let plan = starts.start(&[("products.json", "[{\"name\": \"silver\", \"scopes\": [\"read\"]}]")]);
    assert!(plan.changes.is_empty());
    let gone: &[_] = &[
        ("gold", "", Reason::RemovedFromFile),
        ("ada@example.com", "", Reason::RemovedFromFile),
        ("web", "", Reason::RemovedFromFile),
        ("key-1", "", Reason::RemovedFromFile),
    ];
    unapplied(&plan, gone);
}

#[test]
fn missing_keys_and_secrets_are_made_once() {
    let text = r#"[{"name": "implied", "developerEmail": "ada@example.com", "apiProducts": ["gold"]},
        {"name": "given", "developerEmail": "ada@example.com",
         "credentials": [{"apiProducts": ["gold"]}, {"consumerKey": "k"}]}]"#;
    let files = |text| [("developers.json", DEVELOPERS), ("developerapps.json", text)];
    let mut starts = Starts::default();
    let plan = starts.start(&files(text));
    assert_eq!(
        plan.generated.iter().map(|it| it.app.as_str()).collect::<Vec<_>>(),
        ["implied", "given", "given"]
    );
    for made in &plan.generated {
        let credential = starts.directory.credential(made.consumer_key.as_str()).expect("stored");
        assert_eq!(
            (&credential.consumer_secret, made.consumer_secret.expose().len()),
            (&made.consumer_secret, 64)
        );
    }
    let (first, count) = (plan.generated[0].consumer_key.clone(), starts.directory.credential_count());
    let plan = starts.start(&files(text));
    assert!(plan.generated.is_empty() && plan.changes.is_empty() && plan.unapplied.is_empty(), "{plan:?}");
    // A change reaches the key that was made.
    let wider = text.replace("[\"gold\"]}, {\"consumerKey", "[\"gold\", \"silver\"]}, {\"consumerKey");
    let plan = starts.start(&[files(text)[0], ("developerapps.json", &wider)]);
    assert_eq!(
        (plan.generated.len(), names(&plan.changes).len(), starts.directory.credential_count()),
        (0, 1, count)
    );
    // A key that was made and then deleted is not made again.
    starts.directory.remove_credential(first.as_str());
    starts.ledger.tombstones.insert(EntityKey::Credential(first.to_string()));
    let plan = starts.start(&files(text));
    assert_eq!((plan.generated.len(), starts.directory.credential_count()), (0, count - 1));
}

#[test]
fn an_app_that_exists_gets_no_second_key() {
    let mut starts = Starts::standard();
    starts.ledger.applied.clear();
    let text = r#"[{"name": "web", "developerEmail": "ada@example.com"}]"#;
    let plan = starts.start(&[("developerapps.json", text)]);
    assert!(plan.generated.is_empty() && starts.directory.credential_count() == 1);
}

#[test]
fn apps_belong_to_developers_that_exist() {
    let starts = Starts::standard();
    let id = starts.directory.developers().next().expect("one").developer_id.clone();
    let text = format!("[{{\"name\": \"new\", \"developerId\": \"{id}\"}}]");
    let plan = starts.plan(&[("developerapps.json", &text)]).expect("the store knows the id");
    let owners = plan.changes.iter().filter_map(|change| match change {
        Change::App(app) => Some(app.developer_id.clone()),
        _ => None,
    });
    assert_eq!(owners.collect::<Vec<_>>(), [id]);
    let errors = starts
        .plan(&[("developerapps.json", "[\n{\"name\": \"x\", \"developerEmail\": \"bob@example.com\"}]")]);
    let errors: Vec<_> = errors.err().unwrap_or_default().iter().map(ToString::to_string).collect();
    let expected = "developerapps.json:2:1: $[0]: no developer is called \"bob@example.com\"; add one to developers.json, or \
                    correct developerEmail or developerId";
    assert_eq!(errors, [expected]);
}

#[test]
fn an_address_that_administration_changed_stays_changed() {
    let mut starts = Starts::standard();
    let mut developer = Arc::unwrap_or_clone(Arc::clone(starts.directory.developers().next().expect("one")));
    developer.email = dormouse_entity::Email::parse("lovelace@example.com").expect("an address");
    starts.directory.put_developer(developer);
    let plan = starts.start(&STANDARD);
    assert!(plan.changes.is_empty(), "{:?}", names(&plan.changes));
    unapplied(&plan, &[("ada@example.com", "email", Reason::Protected)]);
}

#[test]
fn a_key_stays_with_its_app() {
    let starts = Starts::standard();
    let text = APPS.replace("\"web\"", "\"thief\"");
    let errors = starts.plan(&[("developerapps.json", &text)]).err().unwrap_or_default();
    let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
    let expected = "developerapps.json:4:20: $[0].credentials[0]: consumerKey \"key-1\" belongs to another app already; \
                    choose another, or remove it here";
    assert_eq!(errors, [expected]);
}

#[test]
fn maps_and_people_follow_the_ledger() {
    let maps = r#"[{"name": "m", "entries": {"a": "1", "b": "2"}}]"#;
    let users = r#"[{"username": "u", "password": "x"}]"#;
    let mut starts = Starts::default();
    let files = [("maps.json", maps), ("users.json", users)];
    assert_eq!(names(&starts.start(&files).changes), ["map m [a b]", "user u"]);
    assert!(starts.start(&files).changes.is_empty());
    let changed = maps.replace('2', "3");
    let other = users.replace("\"x\"", "\"y\"");
    let plan = starts.start(&[("maps.json", &changed), ("users.json", &other)]);
    assert_eq!(names(&plan.changes), ["map m [b]"], "a password that exists is not replaced");
    let map = plan.changes.iter().find_map(|change| match change {
        Change::MapEntries(map) => Some(EntityKey::Map {
            scope: map.scope.as_str().to_owned(),
            proxy: String::new(),
            map: map.name.to_string(),
        }),
        _ => None,
    });
    let entry = EntityKey::MapEntry { map: Box::new(map.expect("a map")), key: "a".to_owned() };
    starts.ledger.tombstones.insert(entry.clone());
    let plan = starts.start(&[("maps.json", &maps.replace('1', "9"))]);
    assert_eq!(names(&plan.changes), ["map m [b]"]);
    assert_eq!(plan.unapplied, [Unapplied { entity: entry, part: None, reason: Reason::Deleted }]);
}

#[test]
fn the_ledger_reads_back_and_shows_no_secret() {
    let mut starts = Starts::default();
    let plan = starts.start(&[
        STANDARD[0],
        STANDARD[1],
        STANDARD[2],
        ("maps.json", r#"[{"name": "m/n", "entries": {"k": "vvv"}}]"#),
    ]);
    for (key, applied) in &plan.applied {
        assert_eq!(EntityKey::from_text(&key.to_text()).as_ref(), Some(key));
        let bytes = applied.to_bytes();
        assert_eq!(dormouse_entity::Applied::from_bytes(&bytes).as_ref(), Some(applied));
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        assert!(!shown.contains("secret-1") && !shown.contains("vvv"), "{shown}");
    }
}

#[test]
fn what_belongs_together_is_one_entry() {
    let users = ("users.json", r#"[{"username": "u", "password": "x"}]"#);
    let maps = ("maps.json", r#"[{"name": "m", "entries": {"a": "1", "b": "2"}}]"#);
    let files = [STANDARD.as_slice(), &[maps, users]].concat();
    let plan = Starts::default().plan(&files).expect("files are in order");
    let sizes: Vec<_> = plan.entries().map(|(changes, applied)| (changes.len(), applied.len())).collect();
    // Two products, a developer, an app with its key, a map with two entries, a person.
    assert_eq!(sizes, [(1, 1), (1, 1), (1, 1), (2, 2), (1, 3), (1, 1)]);
    let mut starts = Starts::standard();
    assert_eq!(starts.start(&STANDARD).entries().count(), 0);
    let gold = STANDARD.map(|(name, text)| (name, text.replace("\"1\"", "\"2\"")));
    let changed = gold.each_ref().map(|(name, text)| (*name, text.as_str()));
    let plan = starts.plan(&changed).expect("files are in order");
    let entries: Vec<_> = plan.entries().map(|(changes, _)| names(changes)).collect();
    assert_eq!(entries, [["product gold"]]);
}
