//! Administrative acts: atomic, in force before they are acknowledged, and remembered.

use crate::faulty::{Fault, Moment};
use crate::provision::{STANDARD, administer_shop, app_key, provision, provision_changed, shop, told};
use crate::support::{Node, World, wait};
use dormouse_engine::{Error, IssueRequest, MapName, Refusal, Unavailable, source_id};
use dormouse_entity::{
    AppStatus, Change, Credential, EntityKey, IncomingPassword, IncomingUser, MapScope, PlainName,
};
use dormouse_token::{Collection, DocumentKey, DocumentWrite, Expected, Reason, Secret};

fn standard() -> (World, Node) {
    let world = World::new();
    let node = world.node();
    provision(&node, &STANDARD);
    (world, node)
}

fn token_of_shop(node: &Node) -> String {
    let shop = node.engine.authenticate("shop-key", "shop-secret").expect("the client is in order");
    let issued = wait(node.engine.issue(IssueRequest { client: &shop, ..node.password() }));
    issued.expect("tokens are issued").access.text
}

fn credential(node: &Node) -> Credential {
    Credential::clone(node.engine.directory().credential("shop-key").expect("the key exists"))
}

fn put(node: &Node, change: &Change) {
    assert_eq!(wait(node.engine.write_entities::<Error>(|_| Ok(vec![change.clone()]))), Ok(()));
}

#[test]
fn tokens_of_a_deleted_key_stay_dead_when_the_key_is_put_again() {
    let (_world, node) = standard();
    let (key, token) = (credential(&node), token_of_shop(&node));
    assert_eq!(wait(node.engine.delete_entity(&EntityKey::Credential("shop-key".into()))), Ok(true));
    put(&node, &Change::Credential(key));
    node.is_dead(&token, Refusal::NotApproved(Reason::Administration));
    node.lives(&token_of_shop(&node));
}

#[test]
fn a_cut_off_that_a_crash_prevented_is_made_up_for() {
    let (world, node) = standard();
    let (key, token) = (credential(&node), token_of_shop(&node));
    // The deletion reaches the store, and the node dies before the cut-off.
    let row = |collection, name: String| DocumentKey { collection, name: name.into() };
    let ledger_row = row(Collection::Provisioning, EntityKey::Credential("shop-key".into()).to_text());
    let mut value = wait(world.store.document(ledger_row.clone()))
        .expect("the store answers")
        .expect("it is noted")
        .value;
    value[0] = 1;
    let write = |key, value| DocumentWrite { key, expected: Expected::Anything, value };
    let credential_row = row(Collection::Credentials, "shop-key".into());
    let writes = vec![write(credential_row, None), write(ledger_row, Some(value))];
    assert_eq!(wait(world.store.write_documents(writes)), Ok(true));
    let head = || wait(world.store.head()).expect("the store answers").cut_off;
    assert_eq!(head(), 0);
    let again = world.node();
    put(&again, &Change::Credential(key));
    again.is_dead(&token, Refusal::NotApproved(Reason::Administration));
    put(&again, &Change::Credential(credential(&again)));
    assert_eq!(head(), 1, "a change cuts nothing off");
}

#[test]
fn what_is_put_again_belongs_to_files_again() {
    let (world, node) = standard();
    let app = dormouse_entity::App::clone(&shop(&node.engine.directory()));
    assert_eq!(wait(node.engine.delete_entity(&app_key("shop"))), Ok(true));
    put(&node, &Change::App(app));
    let provisioned = provision_changed(&world.node(), ("developerapps.json", "\"red\"", "\"blue\""));
    let told = told(&provisioned);
    assert_eq!(told, ["key \"shop-key\": administration deleted it"]);
    node.follow();
    assert_eq!(shop(&node.engine.directory()).attributes().value("color"), Some("blue"));
}

#[test]
fn a_developer_goes_with_apps_and_keys() {
    let (world, node) = standard();
    let token = token_of_shop(&node);
    let developer = EntityKey::Developer("dev@example.com".into());
    assert_eq!(wait(node.engine.delete_entity(&developer)), Ok(true));
    for node in [&node, &world.node()] {
        let directory = node.engine.directory();
        assert!(directory.developer_by_email("dev@example.com").is_none());
        assert!(directory.credential("shop-key").is_none());
        assert!(directory.apps().all(|app| !["shop", "till"].contains(&app.name.as_str())));
        assert!(node.verify(&token).is_err());
    }
    let provisioned = provision(&world.node(), &STANDARD);
    assert_eq!(provisioned.written, 0);
    assert!(told(&provisioned).contains(&"developer dev@example.com: administration deleted it".to_owned()));
}

#[test]
fn a_product_taken_from_a_key_is_not_put_back() {
    let (world, node) = standard();
    let product = EntityKey::CredentialProduct { consumer_key: "shop-key".into(), product: "extra".into() };
    assert_eq!(wait(node.engine.delete_entity(&product)), Ok(true));
    assert_eq!(wait(node.engine.delete_entity(&product)), Ok(false));
    let names =
        |node: &Node| credential(node).products.iter().map(|it| it.name.to_string()).collect::<Vec<_>>();
    let again = world.node();
    let provisioned = provision(&again, &STANDARD);
    assert_eq!(told(&provisioned), ["key \"shop-key\", apiProducts/extra: administration deleted it"]);
    assert_eq!((names(&node), names(&again)), (vec!["basic".to_owned()], vec!["basic".to_owned()]));
}

#[test]
fn two_administrators_do_not_overwrite_each_other() {
    let (world, node) = standard();
    let other = world.node();
    world.faults.interrupt(Moment::Write, move || {
        administer_shop(&other, |app| app.display_name = "renamed".into());
    });
    administer_shop(&node, |app| app.status = AppStatus::Revoked);
    let app = shop(&node.engine.directory());
    assert_eq!((app.status, app.display_name.as_str()), (AppStatus::Revoked, "renamed"));
}

#[test]
fn an_act_whose_outcome_is_unknown_is_done_once() {
    for fault in [Fault::Applied(1), Fault::Lost(1)] {
        let (world, node) = standard();
        world.faults.set(fault);
        assert_eq!(wait(node.engine.delete_entity(&app_key("shop"))), Ok(true), "{fault:?}");
        world.faults.set(fault);
        let asked = std::sync::atomic::AtomicU32::new(0);
        let written = wait(node.engine.write_entities::<Error>(|directory| {
            asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let mut product =
                dormouse_entity::ApiProduct::clone(directory.product("basic").expect("it exists"));
            product.description.push('!');
            Ok(vec![Change::Product(product)])
        }));
        assert_eq!(written, Ok(()));
        let directory = node.engine.directory();
        assert_eq!(directory.product("basic").expect("it exists").description, "first!");
        assert!(directory.credential("shop-key").is_none());
        let expected = if fault == Fault::Applied(1) { 1 } else { 2 };
        assert_eq!(asked.into_inner(), expected, "{fault:?}");
    }
}

#[test]
fn a_refused_decision_writes_nothing() {
    let (world, node) = standard();
    let before = crate::provision::everything(&world);
    let refused = wait(node.engine.write_entities(|_| Err(Error::from(Refusal::UnknownApp))));
    assert_eq!(refused, Err(Refusal::UnknownApp.into()));
    assert_eq!(wait(node.engine.write_entities::<Error>(|_| Ok(Vec::new()))), Ok(()));
    assert_eq!(crate::provision::everything(&world), before);
}

#[test]
fn entities_that_never_were_are_not_deleted() {
    let (world, node) = standard();
    let before = crate::provision::everything(&world);
    let map = || EntityKey::Map { scope: "environment".into(), proxy: String::new(), map: "no".into() };
    for entity in [
        EntityKey::Product("no".into()),
        EntityKey::Developer("no@example.com".into()),
        app_key("no"),
        EntityKey::Credential("no".into()),
        EntityKey::GeneratedCredential { developer: "dev@example.com".into(), app: "till".into(), index: 0 },
        EntityKey::CredentialProduct { consumer_key: "shop-key".into(), product: "no".into() },
        EntityKey::TargetServer("no".into()),
        EntityKey::User("no".into()),
        map(),
        EntityKey::MapEntry { map: Box::new(map()), key: "no".into() },
        EntityKey::MapEntry { map: Box::new(EntityKey::User("no".into())), key: "no".into() },
    ] {
        assert_eq!(wait(node.engine.delete_entity(&entity)), Ok(false), "{entity}");
    }
    assert_eq!(crate::provision::everything(&world), before);
}

#[test]
fn passwords_are_replaced_by_administration_alone() {
    let (world, node) = standard();
    let name = || PlainName::parse("zoë").expect("the name is in order");
    let password = |text: &str| IncomingPassword::Clear(Secret::new(text));
    let check = |node: &Node, text: &str| {
        let user = wait(node.engine.user("zoë")).expect("the store answers").expect("the user exists");
        assert!(user.password_hash.verify(&Secret::new(text)), "{text}");
    };
    put(&node, &Change::NewUser(IncomingUser { username: name(), password: password("ignored") }));
    check(&node, "user-password");
    let user = IncomingUser { username: name(), password: password("new-password") };
    assert_eq!(wait(node.engine.put_user(&user)), Ok(()));
    assert_eq!(wait(node.engine.delete_entity(&EntityKey::User("zoë".into()))), Ok(true));
    assert_eq!(wait(node.engine.user("zoë")), Ok(None));
    assert_eq!(wait(node.engine.put_user(&user)), Ok(()));
    assert_eq!(told(&provision(&world.node(), &STANDARD)), [""; 0], "the tombstone is lifted");
    check(&node, "new-password");
    let long = IncomingUser { username: name(), password: password(&"x".repeat(1025)) };
    assert!(matches!(wait(node.engine.put_user(&long)), Err(Error::Unavailable(Unavailable::Store(_)))));
    check(&node, "new-password");
}

#[test]
fn entries_of_maps_are_put_read_and_removed() {
    let (world, node) = standard();
    let scope = MapScope::Environment;
    let (settings, fresh) =
        (MapName { scope: &scope, name: "settings" }, MapName { scope: &scope, name: "x/y" });
    let engine = &node.engine;
    let value = |map: MapName<'_>, key: &str| {
        wait(engine.key_value(map, key)).expect("the store answers").map(|value| value.expose().to_owned())
    };
    let secret = |text: &str| Secret::new(text);
    assert_eq!(wait(engine.put_key_value(settings, "c", &secret("2"), false)), Ok(false));
    assert_eq!(value(settings, "c").as_deref(), Some("clear-value-2"));
    assert_eq!(wait(engine.put_key_value(settings, "c", &secret("2"), true)), Ok(true));
    assert_eq!(value(settings, "c").as_deref(), Some("2"));
    assert_eq!(wait(engine.key_value_map(fresh)).map(|map| map.is_none()), Ok(true));
    for key in ["%2F", "/", ""] {
        assert_eq!(
            wait(engine.put_key_value(fresh, key, &secret(&format!("value of {key}")), false)),
            Ok(true)
        );
    }
    let entries =
        |map| wait(engine.key_value_map(map)).expect("the store answers").expect("it exists").entries;
    let shown: Vec<_> =
        entries(fresh).iter().map(|(key, value)| format!("{key}: {}", value.expose())).collect();
    assert_eq!(shown, [": value of ", "%2F: value of %2F", "/: value of /"]);
    assert_eq!(wait(engine.delete_key_value(fresh, "/")), Ok(true));
    assert_eq!(wait(engine.delete_key_value(fresh, "/")), Ok(false));
    assert_eq!((entries(fresh).len(), entries(settings).len()), (2, 2));
    let map = EntityKey::Map { scope: "environment".into(), proxy: String::new(), map: "settings".into() };
    let entry = EntityKey::MapEntry { map: Box::new(map.clone()), key: "c".into() };
    assert_eq!(wait(engine.delete_entity(&entry)), Ok(true));
    assert_eq!(
        told(&provision(&world.node(), &STANDARD)),
        ["entry \"c\" of map \"settings\" of the environment: administration deleted it"]
    );
    assert_eq!(wait(engine.delete_entity(&map)), Ok(true));
    assert_eq!((value(settings, "a/b"), entries(fresh).len()), (None, 2));
}

#[test]
fn names_of_sources_are_kept_once() {
    let world = World::new();
    let node = world.node();
    let names = ["oauth/Generate".to_owned(), "oauth/Refresh".to_owned()];
    assert_eq!(wait(node.engine.register_sources(&names[..1])), Ok(()));
    assert_eq!(wait(world.node().engine.register_sources(&names)), Ok(()));
    let before = crate::provision::everything(&world);
    assert_eq!(wait(node.engine.register_sources(&names)), Ok(()));
    assert_eq!(crate::provision::everything(&world), before);
    let known = wait(world.node().engine.source_names()).expect("the store answers");
    assert_eq!(known.len(), 2);
    assert_eq!(known.get(&source_id("oauth/Refresh")).map(String::as_str), Some("oauth/Refresh"));
}
