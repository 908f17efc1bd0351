//! Entity files against a store: applied once, changed ones again, and never over what administration decided.

use crate::faulty::{Fault, Moment};
use crate::support::{Node, ORGANIZATION, World, wait};
use dormouse_engine::{Engine, Error, ProvisionError, Provisioned, Refusal, Settings, StartError};
use dormouse_entity::{AppStatus, Change, Directory, EntityKey, MapScope, PasswordHash};
use dormouse_token::{
    Clock, Collection, Document, DocumentKey, DocumentWrite, Entropy, Expected, Root, Secret, SeededEntropy,
};
use std::sync::Arc;

pub(crate) const PRODUCTS: &str = r#"[
    {"name": "basic", "description": "first", "scopes": ["read"], "attributes": [{"name": "tier", "value": "1"}]},
    {"name": "extra", "scopes": ["write"]}]"#;
pub(crate) const DEVELOPERS: &str = r#"[{"email": "dev@example.com", "firstName": "Dev"}]"#;
pub(crate) const APPS: &str = r#"[
    {"name": "shop", "developerEmail": "dev@example.com", "attributes": [{"name": "color", "value": "red"}],
     "credentials": [{"consumerKey": "shop-key", "consumerSecret": "shop-secret",
                      "apiProducts": [{"apiproduct": "basic"}, {"apiproduct": "extra"}]}]},
    {"name": "till", "developerEmail": "dev@example.com",
     "credentials": [{"apiProducts": [{"apiproduct": "basic"}]}]}]"#;
pub(crate) const MAPS: &str = r#"[
    {"name": "settings", "entries": {"a/b": "clear-value-1", "c": "clear-value-2"}},
    {"name": "secrets", "scope": "apiproxy", "apiProxy": "oauth", "encrypted": true,
     "entry": [{"name": "key", "value": "sealed-value"}]}]"#;
pub(crate) const USERS: &str = r#"[{"username": "zoë", "password": "user-password"}]"#;
const SERVERS: &str = r#"[{"name": "backend", "host": "backend.example.com", "port": 8443}]"#;

pub(crate) const STANDARD: [(&str, &str); 6] = [
    ("products.json", PRODUCTS),
    ("developers.json", DEVELOPERS),
    ("developerapps.json", APPS),
    ("maps.json", MAPS),
    ("users.json", USERS),
    ("targetservers.json", SERVERS),
];

pub(crate) fn app_key(app: &str) -> EntityKey {
    EntityKey::App { developer: "dev@example.com".into(), app: app.into() }
}

#[track_caller]
pub(crate) fn provision(node: &Node, files: &[(&str, &str)]) -> Provisioned {
    wait(node.engine.provision(files)).expect("the files are applied")
}

/// The standard files with one text in one of them replaced.
#[track_caller]
pub(crate) fn changed(file: &str, from: &str, to: &str) -> Vec<(&'static str, String)> {
    let change = |(name, text): &(&'static str, &str)| {
        let text = if *name == file { text.replace(from, to) } else { (*text).to_owned() };
        (*name, text)
    };
    let files: Vec<_> = STANDARD.iter().map(change).collect();
    let texts = files.iter().zip(STANDARD).filter(|((_, text), (_, old))| text != old);
    assert_eq!(texts.count(), 1, "the text stands in the file");
    files
}

#[track_caller]
pub(crate) fn provision_changed(node: &Node, (file, from, to): (&str, &str, &str)) -> Provisioned {
    let files = changed(file, from, to);
    let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    provision(node, &files)
}

/// What was not applied, in words.
pub(crate) fn told(provisioned: &Provisioned) -> Vec<String> {
    provisioned.unapplied.iter().map(ToString::to_string).collect()
}

/// Every document of the store.
pub(crate) fn everything(world: &World) -> Vec<(DocumentKey, Document)> {
    let read = |collection: &Collection| wait(world.store.documents(*collection)).expect("the store answers");
    Collection::ALL.iter().flat_map(read).collect()
}

pub(crate) fn shop(directory: &Directory) -> Arc<dormouse_entity::App> {
    let owner = directory.developer_by_email("dev@example.com").expect("the developer exists");
    let app = directory.app_named(owner.developer_id.as_str(), "shop");
    Arc::clone(app.expect("the app exists"))
}

/// Puts the app `shop` after a change, as the management API does.
pub(crate) fn administer_shop(node: &Node, change: impl Fn(&mut dormouse_entity::App)) {
    let written = wait(node.engine.write_entities::<Error>(|directory| {
        let mut app = dormouse_entity::App::clone(&shop(directory));
        change(&mut app);
        Ok(vec![Change::App(app)])
    }));
    written.expect("administration succeeds");
}

fn password_of(node: &Node, name: &str) -> Option<PasswordHash> {
    wait(node.engine.user(name)).expect("the store answers").map(|user| user.password_hash)
}

fn value_of(node: &Node, scope: &MapScope, map: &str, key: &str) -> Option<String> {
    let map = dormouse_engine::MapName { scope, name: map };
    wait(node.engine.key_value(map, key)).expect("the store answers").map(|value| value.expose().to_owned())
}

fn proxy() -> MapScope {
    MapScope::Proxy(dormouse_entity::Name::parse("oauth").expect("the name is in order"))
}

#[track_caller]
fn check_standard(node: &Node) {
    assert!(node.engine.authenticate("shop-key", "shop-secret").is_ok());
    let directory = node.engine.directory();
    assert_eq!(directory.product("basic").expect("the product exists").description, "first");
    assert_eq!(shop(&directory).attributes().value("color"), Some("red"));
    assert_eq!(directory.target_server("backend").expect("the server exists").port, 8443);
    assert!(password_of(node, "zoë").is_some_and(|hash| hash.verify(&Secret::new("user-password"))));
    assert_eq!(value_of(node, &MapScope::Environment, "settings", "a/b").as_deref(), Some("clear-value-1"));
    assert_eq!(value_of(node, &proxy(), "secrets", "key").as_deref(), Some("sealed-value"));
    assert_eq!(value_of(node, &MapScope::Environment, "secrets", "key"), None);
}

#[test]
fn files_are_applied_and_outlive_the_node() {
    let world = World::new();
    let node = world.node();
    let other = world.node();
    let provisioned = provision(&node, &STANDARD);
    assert_eq!(told(&provisioned), [""; 0]);
    check_standard(&node);
    other.follow();
    check_standard(&other);
    check_standard(&world.node());
}

#[test]
fn unchanged_files_write_nothing() {
    let world = World::new();
    let first = provision(&world.node(), &STANDARD);
    let before = everything(&world);
    for node in [world.node(), world.node()] {
        let again = provision(&node, &STANDARD);
        assert_eq!((again.written, again.generated.len(), told(&again).len()), (0, 0, 0));
    }
    assert_eq!(everything(&world), before);
    assert_eq!(first.written, before.len() - everything(&World::new()).len());
}

#[test]
fn made_up_keys_are_told_once_and_work() {
    let world = World::new();
    let node = world.node();
    let first = provision(&node, &STANDARD);
    let [generated] = &first.generated[..] else { panic!("one key is made up") };
    assert_eq!((generated.app.as_str(), generated.developer.as_str()), ("till", "dev@example.com"));
    let (key, secret) = (generated.consumer_key.as_str(), generated.consumer_secret.expose());
    assert!(node.engine.authenticate(key, secret).is_ok());
    assert!(!format!("{first:?}").contains(secret));
    let changed = provision_changed(&world.node(), ("products.json", "first", "second"));
    assert_eq!(changed.generated.len(), 0);
    assert!(world.node().engine.authenticate(key, secret).is_ok());
}

#[test]
fn what_changed_in_a_file_is_applied_and_nothing_else_is_written() {
    let world = World::new();
    provision(&world.node(), &STANDARD);
    let before = everything(&world);
    let node = world.node();
    let provisioned = provision_changed(&node, ("products.json", "first", "second"));
    assert_eq!(provisioned.written, 2, "the product and the note about it");
    assert_eq!(node.engine.directory().product("basic").expect("it exists").description, "second");
    let after = everything(&world);
    assert_eq!(before.iter().zip(&after).filter(|(before, after)| before != after).count(), 2);
    provision_changed(&node, ("maps.json", "clear-value-2", "clear-value-3"));
    assert_eq!(value_of(&node, &MapScope::Environment, "settings", "c").as_deref(), Some("clear-value-3"));
}

#[test]
fn a_revoked_app_stays_revoked() {
    let world = World::new();
    let node = world.node();
    provision(&node, &STANDARD);
    administer_shop(&node, |app| app.status = AppStatus::Revoked);
    assert!(node.engine.authenticate("shop-key", "shop-secret").is_err());
    let again = world.node();
    let told_again = told(&provision(&again, &STANDARD));
    assert_eq!(told_again, ["app \"shop\" of dev@example.com, status: files set it only when they create"]);
    provision_changed(&again, ("developerapps.json", "\"red\"", "\"blue\""));
    let app = shop(&again.engine.directory());
    assert_eq!((app.status, app.attributes().value("color")), (AppStatus::Revoked, Some("blue")));
    assert!(again.engine.authenticate("shop-key", "shop-secret").is_err());
}

#[test]
fn what_administration_changed_is_kept_until_the_file_changes() {
    let world = World::new();
    let node = world.node();
    provision(&node, &STANDARD);
    let narrowed = wait(node.engine.write_entities::<Error>(|directory| {
        let mut product = dormouse_entity::ApiProduct::clone(directory.product("basic").expect("it exists"));
        product.description = "narrowed".into();
        Ok(vec![Change::Product(product)])
    }));
    assert_eq!(narrowed, Ok(()));
    let provisioned = provision(&world.node(), &STANDARD);
    let expected = "product \"basic\", description: administration changed it since it was last applied";
    assert_eq!((told(&provisioned), provisioned.written), (vec![expected.to_owned()], 0));
    let description = |node: &Node| node.engine.directory().product("basic").map(|it| it.description.clone());
    assert_eq!(description(&world.node()).as_deref(), Some("narrowed"));
    provision_changed(&node, ("products.json", "first", "second"));
    assert_eq!(description(&node).as_deref(), Some("second"));
}

#[test]
fn secrets_and_passwords_that_exist_are_never_replaced() {
    let world = World::new();
    let node = world.node();
    provision(&node, &STANDARD);
    let provisioned = provision_changed(&node, ("developerapps.json", "shop-secret", "other-secret"));
    assert_eq!(told(&provisioned), ["key \"shop-key\", consumerSecret: files set it only when they create"]);
    assert!(node.engine.authenticate("shop-key", "shop-secret").is_ok());
    assert!(node.engine.authenticate("shop-key", "other-secret").is_err());
    provision_changed(&node, ("users.json", "user-password", "other-password"));
    let hash = password_of(&node, "zoë").expect("the user exists");
    assert!(hash.verify(&Secret::new("user-password")) && !hash.verify(&Secret::new("other-password")));
}

#[test]
fn what_was_deleted_is_not_made_again() {
    let world = World::new();
    let node = world.node();
    let first = provision(&node, &STANDARD);
    let generated = first.generated[0].consumer_key.as_str();
    for entity in [
        app_key("shop"),
        EntityKey::Credential(generated.into()),
        EntityKey::Product("extra".into()),
        EntityKey::User("zoë".into()),
        EntityKey::TargetServer("backend".into()),
        EntityKey::Map { scope: "apiproxy".into(), proxy: "oauth".into(), map: "secrets".into() },
    ] {
        assert_eq!(wait(node.engine.delete_entity(&entity)), Ok(true), "{entity}");
        assert_eq!(wait(node.engine.delete_entity(&entity)), Ok(false), "{entity}");
    }
    let again = world.node();
    let provisioned = provision(&again, &STANDARD);
    assert_eq!((provisioned.written, provisioned.generated.len()), (0, 0));
    let deleted = told(&provisioned);
    for name in
        ["app \"shop\" of dev@example.com", generated, "\"extra\"", "\"zoë\"", "\"backend\"", "\"oauth\""]
    {
        let of_it = |line: &&String| line.contains(name) && line.ends_with(": administration deleted it");
        assert_eq!(deleted.iter().filter(of_it).count(), 1, "{name} in {deleted:?}");
    }
    provision_changed(&again, ("developerapps.json", "\"red\"", "\"blue\""));
    let directory = again.engine.directory();
    assert!(directory.product("extra").is_none() && directory.target_server("backend").is_none());
    assert!(directory.credential("shop-key").is_none() && directory.credential(generated).is_none());
    assert!(password_of(&again, "zoë").is_none());
    assert_eq!(value_of(&again, &proxy(), "secrets", "key"), None);
    assert!(value_of(&again, &MapScope::Environment, "settings", "c").is_some());
}

#[test]
fn problems_are_told_with_their_place_and_change_nothing() {
    let world = World::new();
    let node = world.node();
    let before = everything(&world);
    let apps = r#"[{"name": "a", "developerEmail": "nobody@example.com"}]"#;
    for (files, expected) in [
        (
            [("in/products.json", "[{\"name\": \"a/b\"}]"), ("in/developers.json", DEVELOPERS)],
            "in/products.json:1:11",
        ),
        ([("in/developerapps.json", apps), ("in/developers.json", DEVELOPERS)], "in/developerapps.json:1:2"),
    ] {
        let Err(ProvisionError::Files(errors)) = wait(node.engine.provision(&files)) else {
            panic!("the files are refused")
        };
        assert!(errors[0].to_string().starts_with(expected), "{}", errors[0]);
    }
    assert_eq!(everything(&world), before);
}

#[test]
fn no_stored_byte_tells_a_secret() {
    let world = World::new();
    let node = world.node();
    let provisioned = provision(&node, &STANDARD);
    let generated = provisioned.generated[0].consumer_secret.expose();
    let secrets =
        ["shop-secret", "user-password", "clear-value-1", "clear-value-2", "sealed-value", generated];
    for (key, document) in everything(&world) {
        for secret in secrets {
            let shows = document.value.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!shows && !key.name.contains(secret), "{key:?} tells {secret}");
        }
    }
}

#[test]
fn a_concurrent_administrator_is_not_overwritten() {
    let world = World::new();
    let (node, administrator) = (world.node(), world.node());
    provision(&node, &STANDARD);
    world.faults.interrupt(Moment::Write, move || {
        administrator.follow();
        administer_shop(&administrator, |app| app.status = AppStatus::Revoked);
    });
    provision_changed(&node, ("developerapps.json", "\"red\"", "\"blue\""));
    let app = shop(&node.engine.directory());
    assert_eq!((app.status, app.attributes().value("color")), (AppStatus::Revoked, Some("blue")));
}

#[test]
fn a_concurrent_deletion_wins() {
    let world = World::new();
    let (node, administrator) = (world.node(), world.node());
    provision(&node, &STANDARD);
    world.faults.interrupt(Moment::Write, move || {
        assert_eq!(wait(administrator.engine.delete_entity(&app_key("shop"))), Ok(true));
    });
    let provisioned = provision_changed(&node, ("developerapps.json", "\"red\"", "\"blue\""));
    assert!(
        told(&provisioned).contains(&"app \"shop\" of dev@example.com: administration deleted it".to_owned())
    );
    assert!(node.engine.directory().credential("shop-key").is_none());
}

#[test]
fn two_nodes_that_start_together_make_one_set_of_keys() {
    let world = World::new();
    let (node, other) = (world.node(), world.node());
    let (sender, receiver) = std::sync::mpsc::channel();
    world.faults.interrupt(Moment::Write, move || {
        sender.send(provision(&other, &STANDARD).generated.len()).expect("the test listens");
    });
    let second = provision(&node, &STANDARD);
    assert_eq!((receiver.recv(), second.generated.len(), second.written), (Ok(1), 0, 0));
    let owner = shop(&node.engine.directory()).developer_id.clone();
    let directory = node.engine.directory();
    let till = directory.app_named(owner.as_str(), "till").expect("the app exists");
    assert_eq!(directory.credentials_of(till.app_id.as_str()).len(), 1);
}

#[test]
fn unknown_outcomes_lose_no_made_up_key() {
    for fault in [Fault::Applied(1), Fault::Lost(1), Fault::Lost(3)] {
        let world = World::new();
        let node = world.node();
        world.faults.set(fault);
        let provisioned = provision(&node, &STANDARD);
        let [generated] = &provisioned.generated[..] else { panic!("one key is told after {fault:?}") };
        let (key, secret) = (generated.consumer_key.as_str(), generated.consumer_secret.expose());
        assert!(node.engine.authenticate(key, secret).is_ok(), "{fault:?}");
        check_standard(&node);
    }
}

#[test]
fn an_unreachable_store_is_said_to_be_so() {
    let world = World::new();
    let node = world.node();
    world.faults.set(Fault::Unreachable);
    let refused = wait(node.engine.provision(&STANDARD));
    assert!(matches!(refused, Err(ProvisionError::Engine(Error::Unavailable(_)))));
    world.faults.set(Fault::None);
    assert_eq!(provision(&node, &STANDARD).generated.len(), 1);
}

#[test]
fn large_sets_come_in_groups_and_give_way_between_them() {
    let world = World::new();
    let (node, administrator) = (world.node(), world.node());
    let product = |number: usize| format!(r#"{{"name": "p{number}", "description": "first"}}"#);
    let products = |change: &dyn Fn(String) -> String| {
        format!("[{}]", (0..5_000).map(|number| change(product(number))).collect::<Vec<_>>().join(","))
    };
    let first = products(&|it| it);
    assert_eq!(provision(&node, &[("products.json", &first)]).written, 10_000);
    administrator.follow();
    let faults = Arc::clone(&world.faults);
    world.faults.interrupt(Moment::Write, move || {
        // At the second group.
        faults.interrupt(Moment::Write, move || {
            let name = EntityKey::Product("p4999".into());
            assert_eq!(wait(administrator.engine.delete_entity(&name)), Ok(true));
        });
    });
    let second = products(&|it| it.replace("first", "second"));
    let provisioned = provision(&node, &[("products.json", &second)]);
    assert_eq!(told(&provisioned), ["product \"p4999\": administration deleted it"]);
    let directory = node.engine.directory();
    assert!(directory.product("p4999").is_none());
    let applied = directory.products().filter(|product| product.description == "second");
    assert_eq!((applied.count(), provisioned.written), (4_999, 9_998));
}

#[test]
fn a_store_from_before_there_were_digests_gets_its_key() {
    let world = World::new();
    let key = DocumentKey { collection: Collection::Keys, name: "digest/1".into() };
    let remove = DocumentWrite { key: key.clone(), expected: Expected::Version(1), value: None };
    assert_eq!(wait(world.store.write_documents(vec![remove])), Ok(true));
    provision(&world.node(), &STANDARD);
    let made = wait(world.store.document(key.clone())).expect("the store answers");
    assert!(made.is_some());
    assert_eq!(provision(&world.node(), &STANDARD).written, 0);
    assert_eq!(wait(world.store.document(key)), Ok(made), "it is never replaced");
}

#[test]
fn a_foreign_root_adds_no_key_to_a_store() {
    let world = World::new();
    let key = DocumentKey { collection: Collection::Keys, name: "digest/1".into() };
    let remove = DocumentWrite { key: key.clone(), expected: Expected::Version(1), value: None };
    assert_eq!(wait(world.store.write_documents(vec![remove])), Ok(true));
    let foreign = Root::generate(&SeededEntropy::new(99));
    let roots = (vec![foreign.clone()], foreign.id());
    let ambient: (Arc<dyn Clock>, Arc<dyn Entropy>) =
        (Arc::clone(&world.clock) as _, Arc::new(SeededEntropy::new(9)));
    let store = Arc::clone(&world.store);
    let started = wait(Engine::start(store, roots, ORGANIZATION, ambient, Settings::default()));
    assert_eq!(started.map(drop), Err(StartError::ForeignKeys));
    assert_eq!(wait(world.store.document(key)), Ok(None));
}

#[test]
fn clients_of_files_are_clients() {
    let world = World::new();
    let node = world.node();
    provision(&node, &STANDARD);
    let shop = node.engine.authenticate("shop-key", "shop-secret").expect("the client is in order");
    let issued = wait(node.engine.issue(dormouse_engine::IssueRequest { client: &shop, ..node.password() }));
    let token = issued.expect("tokens are issued").access.text;
    node.lives(&token);
    assert_eq!(wait(node.engine.delete_entity(&EntityKey::Credential("shop-key".into()))), Ok(true));
    assert!(matches!(node.verify(&token), Err(Error::Refused(Refusal::NotApproved(_) | Refusal::Client(_)))));
}
