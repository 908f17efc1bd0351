//! Foreign tokens: imported under a hash, redeemed and then gone (TOKENS §1 "Imported tokens").

use crate::support::{ACCESS_TTL, NATIVE, NOW, Node, REFRESH_TTL, World, assert_refused, attributes, wait};
use dormouse_engine::StatusChange::{Approve, Revoke};
use dormouse_engine::{CodeRequest, ImportRequest, RedeemRequest, Refusal, Supersession};
use dormouse_token::{FamilyId, Grant, Kind, Reach, Reason, Rotation, Target};
use std::time::Duration;

const A: &str = "their-access-token";
const R: &str = "their-refresh-token";

fn import(node: &Node, access: Option<&str>, refresh: Option<&str>) -> FamilyId {
    wait(node.engine.import(node.import_of(access, refresh))).unwrap().access.claims.family
}

fn rows(world: &World) -> u64 {
    wait(world.store.statistics()).unwrap().imports
}

#[test]
fn an_import_is_redeemed_and_nothing_is_left() {
    for redeemer in [dormouse_token::Redeemer::Bundle, NATIVE] {
        let world = World::new();
        let (node, other) = (world.node(), world.node());
        let issued = node.import(A, R).unwrap();
        assert_eq!((issued.access.text.as_str(), issued.refresh.unwrap().text.as_str()), (A, R));
        node.lives(A);
        other.follow();
        other.lives(A);
        assert_eq!(rows(&world), 2);
        let next = node.redeemed(RedeemRequest { redeemer, ..node.redemption(R) });
        assert!(next.access.starts_with("dmat_") && next.refresh.starts_with("dmrt_"));
        node.lives(&next.access);
        node.is_dead(A, Refusal::Unknown);
        node.is_not_redeemed(R, Refusal::Unknown);
        assert_eq!(rows(&world), 0);
        other.follow();
        other.is_dead(A, Refusal::Unknown);
        node.redeemed(node.redemption(&next.refresh));
    }
}

#[test]
fn an_own_token_stands_in_for_a_missing_string() {
    let world = World::new();
    let node = world.node();
    let issued = wait(node.engine.import(node.import_of(Some(A), None))).unwrap();
    let own = issued.refresh.unwrap().text;
    let next = node.redeemed(node.redemption(&own));
    node.is_dead(A, Refusal::Unknown);
    node.lives(&next.access);

    let issued = wait(node.engine.import(node.import_of(None, Some(R)))).unwrap();
    assert!(issued.access.text.starts_with("dmat_"));
    node.lives(&issued.access.text);
    node.redeemed(node.redemption(R));
    node.is_dead(&issued.access.text, Refusal::Unknown);

    let request = ImportRequest { grant: Grant::ClientCredentials, ..node.import_of(Some("cc"), None) };
    assert!(wait(node.engine.import(request)).unwrap().refresh.is_none());
}

#[test]
fn imports_show_no_twin() {
    let world = World::new();
    let node = world.node();
    node.import(A, R).unwrap();
    for (token, kind) in [(A, Kind::Access), (R, Kind::Refresh)] {
        assert_eq!(node.look_up(token, kind).unwrap().partner.unwrap().twin, None);
    }
    let issued = wait(node.engine.import(node.import_of(Some("other"), None))).unwrap();
    let own = issued.refresh.unwrap().text;
    assert_eq!(node.look_up(&own, Kind::Refresh).unwrap().partner.unwrap().twin, None);
}

#[test]
fn strings_that_may_not_be_imported() {
    let world = World::new();
    let node = world.node();
    let own = node.issue();
    let long = "x".repeat(2049);
    for text in ["", "dmat_x", "dmrt_", "dmac_", &own.access, &own.refresh, &long] {
        let access = wait(node.engine.import(node.import_of(Some(text), None)));
        assert_refused(access, Refusal::ImportRefused);
        let refresh = wait(node.engine.import(node.import_of(Some("fine"), Some(text))));
        assert_refused(refresh, Refusal::ImportRefused);
    }
    assert_eq!(rows(&world), 0, "all or nothing");
    let longest = "x".repeat(2048);
    import(&node, Some(&longest), None);
    node.lives(&longest);
}

#[test]
fn a_string_belongs_to_the_client_that_imported_it() {
    let world = World::new();
    let node = world.node();
    node.import(A, R).unwrap();
    let other = node.client("other");
    let request = ImportRequest { client: &other, ..node.import_of(Some(A), None) };
    assert_refused(wait(node.engine.import(request)), Refusal::ImportRefused);
    let stolen = RedeemRequest { client: &other, ..node.redemption(R) };
    assert_refused(node.redeem(stolen), Refusal::Unknown);
    node.lives(A);
}

#[test]
fn the_same_strings_again_keep_their_family_and_age() {
    let world = World::new();
    let node = world.node();
    let first = node.import(A, R).unwrap();
    world.pass(Duration::from_mins(20));
    let again = node.import(A, R).unwrap();
    let (old, new) = (&first.access.claims, &again.access.claims);
    assert_eq!((new.family, new.issued_at, new.seen, new.born), (old.family, NOW, old.seen, old.born));
    assert_eq!(new.expires_at, NOW.saturating_add(Duration::from_mins(20) + ACCESS_TTL));
    assert_eq!(rows(&world), 2);
    world.pass(Duration::from_mins(20));
    node.lives(A);
    node.cut_off_before(
        Target::User("ann".into()),
        Reach::Both,
        Some(NOW.saturating_add(Duration::from_mins(1))),
    );
    node.is_dead(A, Refusal::NotApproved(Reason::EndUser));
    assert_refused(node.import(A, R), Refusal::ImportRefused);
}

#[test]
fn strings_that_only_partly_match_get_a_new_family_and_keep_their_age() {
    let world = World::new();
    let node = world.node();
    let first = import(&node, Some(A), Some(R));
    world.pass(Duration::from_mins(1));
    let second = node.import("new-access", R).unwrap();
    assert_ne!(second.access.claims.family, first);
    let known = node.look_up(R, Kind::Refresh).unwrap().claims;
    assert_eq!((known.family, known.issued_at), (second.access.claims.family, NOW));
    assert_eq!(node.look_up(A, Kind::Access).unwrap().claims.family, first);
    let fresh = node.look_up("new-access", Kind::Access).unwrap().claims;
    assert_eq!(fresh.issued_at, NOW.saturating_add(Duration::from_mins(1)));
    node.redeemed(node.redemption(R));
    node.is_dead("new-access", Refusal::Unknown);
    node.lives(A);
    import(&node, Some("two"), None);
    let mixed = import(&node, Some("two"), Some("three"));
    assert_eq!(node.look_up("two", Kind::Access).unwrap().claims.family, mixed);
}

#[test]
fn a_provider_may_hand_a_redeemed_string_out_again() {
    let world = World::new();
    let node = world.node();
    let first = import(&node, Some(A), Some(R));
    let next = node.redeemed(node.redemption(R));
    let second = import(&node, Some(A), Some(R));
    assert_ne!(first, second);
    node.lives(A);
    node.lives(&next.access);
    node.redeemed(node.redemption(R));
    node.lives(&next.access);
}

#[test]
fn what_was_ended_here_stays_refused() {
    type Deed = fn(&Node);
    let deeds: [Deed; 5] = [
        |node| assert!(wait(node.engine.set_status(A, Kind::Access, true, Revoke)).unwrap()),
        |node| assert!(wait(node.engine.set_status(R, Kind::Refresh, false, Revoke)).unwrap()),
        |node| wait(node.engine.delete(A, Kind::Access)).unwrap(),
        |node| drop(node.cut_off(Target::App("web-app".into()), Reach::Both)),
        |node| drop(node.cut_off(Target::Client("web".into()), Reach::Both)),
    ];
    for deed in deeds {
        let world = World::new();
        let node = world.node();
        node.import(A, R).unwrap();
        deed(&node);
        for _ in 0..31 {
            assert_refused(node.import(A, R), Refusal::ImportRefused);
            let alone = wait(node.engine.import(node.import_of(None, Some(R))));
            assert_refused(alone, Refusal::ImportRefused);
            world.pass(Duration::from_hours(24));
            wait(node.engine.maintain()).unwrap();
        }
        for _ in 0..(24 * 3) {
            world.pass(Duration::from_hours(1));
            wait(node.engine.maintain()).unwrap();
        }
        node.import(A, R).expect("forgotten 48 hours after the later expiry");
    }
}

#[test]
fn a_revoked_import_stays_dead_however_often_it_was_extended() {
    let world = World::new();
    let node = world.node();
    let own = wait(node.engine.import(node.import_of(Some(A), None))).unwrap().refresh.unwrap().text;
    world.pass(Duration::from_mins(20));
    import(&node, Some(A), None);
    // The first refresh token knows only the first expiry of the access token.
    wait(node.engine.set_status(&own, Kind::Refresh, true, Revoke)).unwrap();
    let revoked = Refusal::NotApproved(Reason::Token);
    node.is_dead(A, revoked.clone());
    world.pass(Duration::from_mins(20));
    wait(node.engine.maintain()).unwrap();
    node.is_dead(A, revoked.clone());
    world.node().is_dead(A, revoked);
}

#[test]
fn invalidation_of_an_import_can_be_undone() {
    let world = World::new();
    let node = world.node();
    node.import(A, R).unwrap();
    wait(node.engine.set_status(R, Kind::Refresh, true, Revoke)).unwrap();
    node.is_dead(A, Refusal::NotApproved(Reason::Token));
    node.is_not_redeemed(R, Refusal::NotApproved(Reason::Token));
    wait(node.engine.set_status(A, Kind::Access, true, Approve)).unwrap();
    node.lives(A);
    node.redeemed(node.redemption(R));
}

#[test]
fn reuse_keeps_row_and_string() {
    let world = World::new();
    let node = world.node();
    node.import(A, R).unwrap();
    for _ in 0..3 {
        let next = node.redeemed(node.reuse(R));
        assert_eq!(next.refresh, R);
        node.lives(&next.access);
        node.is_dead(A, Refusal::Unknown);
    }
    assert_eq!(rows(&world), 1);
}

#[test]
fn strict_and_rotate_act_as_apigee_on_an_imported_string() {
    for rotation in [Rotation::Rotate, Rotation::Strict] {
        let world = World::new();
        let node = world.node();
        node.import(A, R).unwrap();
        let request = || RedeemRequest { rotation, ..node.redemption(R) };
        let next = node.redeemed(request());
        world.pass(Duration::from_mins(5));
        assert_refused(node.redeem(request()), Refusal::Unknown);
        node.lives(&next.access);
        node.redeemed(RedeemRequest { rotation, ..node.redemption(&next.refresh) });
    }
}

#[test]
fn a_row_that_outlived_its_redemption_is_refused_by_its_generation() {
    let world = World::new();
    let node = world.node();
    node.import(A, R).unwrap();
    let store = std::sync::Arc::clone(&world.faults);
    world.faults.interrupt(crate::faulty::Moment::Write, move || {
        // The commit is the first write; what comes after it fails.
        store.interrupt(crate::faulty::Moment::Write, {
            let store = std::sync::Arc::clone(&store);
            move || store.set(crate::faulty::Fault::Lost(9))
        });
    });
    let request = |rotation| RedeemRequest { rotation, ..node.redemption(R) };
    let next = node.redeemed(request(Rotation::Strict));
    world.faults.set(crate::faulty::Fault::None);
    assert_eq!(rows(&world), 2);
    world.pass(Duration::from_mins(5));
    node.is_dead(A, Refusal::Unknown);
    assert_refused(node.redeem(request(Rotation::Strict)), Refusal::Superseded(Supersession::Refused));
    node.lives(&next.access);
}

#[test]
fn imports_carry_attributes_and_are_edited() {
    let world = World::new();
    let node = world.node();
    let large = "x".repeat(3000);
    let request =
        ImportRequest { attributes: attributes(&[("a", &large)]), ..node.import_of(Some(A), Some(R)) };
    wait(node.engine.import(request)).unwrap();
    assert_eq!(wait(world.store.statistics()).unwrap().overflows, 0, "a row carries its attributes itself");
    assert_eq!(node.verify(A).unwrap().attributes, attributes(&[("a", &large)]));
    wait(node.engine.edit(A, &attributes(&[("b", "1")]))).unwrap();
    let both = attributes(&[("a", &large), ("b", "1")]);
    assert_eq!(node.verify(A).unwrap().attributes, both);
    assert_eq!(node.redeemed(node.redemption(R)).issued.attributes, both);
}

#[test]
fn an_own_token_of_an_import_shows_the_attributes_of_the_last_one() {
    let world = World::new();
    let node = world.node();
    for letter in ["x", "y"] {
        let text = letter.repeat(3000);
        let request =
            ImportRequest { attributes: attributes(&[("a", &text)]), ..node.import_of(None, Some(R)) };
        let issued = wait(node.engine.import(request)).unwrap();
        assert_eq!(node.verify(&issued.access.text).unwrap().attributes, attributes(&[("a", &text)]));
    }
}

#[test]
fn an_import_ends_with_its_time() {
    let world = World::new();
    let node = world.node();
    node.import(A, R).unwrap();
    world.pass(ACCESS_TTL);
    node.is_dead(A, Refusal::Expired);
    assert!(node.look_up(A, Kind::Access).unwrap().expired);
    node.redeemed(node.redemption(R));
    node.import("a2", "r2").unwrap();
    world.pass(REFRESH_TTL);
    node.is_not_redeemed("r2", Refusal::Expired);
}

#[test]
fn a_shorter_life_reaches_every_node() {
    let world = World::new();
    let (node, other) = (world.node(), world.node());
    node.import(A, R).unwrap();
    other.follow();
    let request = ImportRequest { access_ttl: Duration::from_secs(1), ..node.import_of(Some(A), Some(R)) };
    wait(node.engine.import(request)).unwrap();
    world.pass(Duration::from_secs(2));
    other.follow();
    assert!(other.verify(A).is_err());
    assert!(node.verify(A).is_err());
}

#[test]
fn a_foreign_code_is_exchanged_once() {
    let world = World::new();
    let node = world.node();
    let request = || CodeRequest { redirect_uri: None, ..node.code_request() };
    wait(node.engine.import_code(request(), "their-code")).unwrap();
    let exchange = || dormouse_engine::CodeExchange { redirect_uri: None, ..node.exchange("their-code") };
    let issued = wait(node.engine.exchange_code(exchange())).unwrap();
    node.lives(&issued.access.text);
    assert!(wait(node.engine.exchange_code(exchange())).is_err());
    assert_eq!(rows(&world), 0);
    assert_refused(wait(node.engine.import_code(request(), "dmac_x")), Refusal::ImportRefused);
}

#[test]
fn unknown_strings_are_unknown() {
    let world = World::new();
    let node = world.node();
    node.import(A, R).unwrap();
    for text in ["", "their", R, &"x".repeat(3000)] {
        node.is_dead(text, Refusal::Unknown);
    }
    node.is_not_redeemed(A, Refusal::Unknown);
}

#[test]
fn the_longest_foreign_string_is_served_and_a_longer_one_unknown() {
    let node = World::new().node();
    let (access, refresh) = ("a".repeat(2048), "r".repeat(2048));
    node.import(&access, &refresh).unwrap();
    node.lives(&access);
    assert_refused(node.look_up(&"r".repeat(2049), Kind::Refresh), Refusal::Unknown);
    assert_refused(node.look_up("", Kind::Refresh), Refusal::Unknown);
    node.redeemed(node.redemption(&refresh));
}
