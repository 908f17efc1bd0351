//! Look-ups: they change nothing, and show a partner only as a twin that is equal in force (TOKENS §1 "partner").

use crate::support::{ACCESS_TTL, NATIVE, Node, REFRESH_TTL, World, app, assert_refused, attributes, wait};
use dormouse_engine::{IssueRequest, RedeemRequest, Refusal, StatusChange};
use dormouse_entity::Call;
use dormouse_token::{Collection, Kind, Reach, Reason, Rotation, Target, Timestamp};
use std::time::Duration;

fn twin(node: &Node, token: &str, kind: Kind) -> Option<String> {
    node.look_up(token, kind).expect("the token is known").partner.expect("it has a partner").twin
}

#[test]
fn a_look_up_changes_nothing() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    let before = wait(world.store.statistics()).unwrap();
    for _ in 0..10 {
        node.look_up(&pair.refresh, Kind::Refresh).unwrap();
        node.look_up(&pair.access, Kind::Access).unwrap();
    }
    assert_eq!(wait(world.store.statistics()).unwrap(), before);
    world.pass(REFRESH_TTL);
    let known = node.look_up(&pair.refresh, Kind::Refresh).unwrap();
    assert!(known.expired, "a look-up extends nothing");
    node.is_not_redeemed(&pair.refresh, Refusal::Expired);
}

#[test]
fn a_twin_is_equal_in_force() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue_of(IssueRequest { attributes: attributes(&[("a", "1")]), ..node.password() });
    world.pass(Duration::from_mins(1));
    let refresh = twin(&node, &pair.access, Kind::Access).unwrap();
    let access = twin(&node, &pair.refresh, Kind::Refresh).unwrap();
    assert_eq!(
        node.look_up(&refresh, Kind::Refresh).unwrap().claims,
        pair.issued.refresh.clone().unwrap().claims
    );
    assert_eq!(node.verify(&access).unwrap().claims, pair.issued.access.claims);
    assert_eq!(node.verify(&access).unwrap().attributes, attributes(&[("a", "1")]));
    let next = node.redeemed(node.redemption(&refresh));
    assert_eq!(next.issued.attributes, attributes(&[("a", "1")]));
    node.is_dead(&access, Refusal::Unknown);
    node.is_not_redeemed(&pair.refresh, Refusal::Superseded(dormouse_engine::Supersession::Refused));
    node.is_not_redeemed(&refresh, Refusal::Superseded(dormouse_engine::Supersession::Refused));
}

#[test]
fn a_twin_of_a_narrowed_pair_keeps_its_own_scope() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue_native(Rotation::Rotate);
    let read = crate::support::scope("read");
    let next = node.redeemed(RedeemRequest { scope: Some(&read), ..node.native(&pair.refresh) });
    let refresh = twin(&node, &next.access, Kind::Access).unwrap();
    let claims = node.look_up(&refresh, Kind::Refresh).unwrap().claims;
    assert_eq!(claims, next.issued.refresh.as_ref().unwrap().claims);
    let access = twin(&node, &next.refresh, Kind::Refresh).unwrap();
    assert_eq!(node.verify(&access).unwrap().claims, next.issued.access.claims);
}

#[test]
fn an_edited_pair_has_a_twin_even_where_the_edit_does_not_fit() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue_of(IssueRequest { attributes: attributes(&[("a", "1")]), ..node.password() });
    let large = "x".repeat(3000);
    wait(node.engine.edit(&pair.access, &attributes(&[("b", &large)]))).unwrap();
    let both = attributes(&[("a", "1"), ("b", &large)]);
    let access = twin(&node, &pair.refresh, Kind::Refresh).unwrap();
    assert_eq!(node.verify(&access).unwrap().attributes, both);
    let refresh = twin(&node, &pair.access, Kind::Access).unwrap();
    assert_eq!(node.look_up(&refresh, Kind::Refresh).unwrap().attributes, both);
    assert_eq!(node.redeemed(node.redemption(&refresh)).issued.attributes, both);
}

#[test]
fn an_expired_token_shows_a_living_twin_and_a_living_token_no_expired_one() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    world.pass(ACCESS_TTL);
    let known = node.look_up(&pair.access, Kind::Access).unwrap();
    assert!(known.expired && known.partner.unwrap().twin.is_some());
    assert_eq!(twin(&node, &pair.refresh, Kind::Refresh), None, "the access token has expired");
}

#[test]
fn no_twin_of_what_would_be_refused() {
    type Deed = fn(&World, &Node, &crate::support::Pair);
    let deeds: [(&str, Deed); 7] = [
        ("cut off by number", |_, node, _| drop(node.cut_off(Target::User("ann".into()), Reach::Both))),
        ("cut off by time", |world, node, _| {
            world.pass(Duration::from_millis(5));
            node.cut_off_before(Target::Organization, Reach::Both, Some(Timestamp::MAX));
        }),
        ("product cut off", |_, node, _| drop(node.cut_off(Target::Product("gold".into()), Reach::Both))),
        ("revoked", |_, node, pair| {
            assert!(
                wait(node.engine.set_status(&pair.access, Kind::Access, true, StatusChange::Revoke)).unwrap()
            );
        }),
        ("key revoked", |world, node, _| {
            world.write(&[(Collection::Credentials, "web", Some("web-app!revoked".into()))]);
            node.follow();
        }),
        ("app revoked", |world, node, _| {
            let revoked = app("web-app", "ada", "").replace("approved", "revoked");
            world.write(&[(Collection::Apps, "web-app", Some(revoked))]);
            node.follow();
        }),
        ("key deleted", |world, node, _| {
            world.write(&[(Collection::Credentials, "web", None)]);
            node.follow();
        }),
    ];
    for (name, deed) in deeds {
        let world = World::new();
        let node = world.node();
        let pair = node.issue();
        deed(&world, &node, &pair);
        for (token, kind) in [(&pair.access, Kind::Access), (&pair.refresh, Kind::Refresh)] {
            assert_eq!(twin(&node, token, kind), None, "{name}");
        }
    }
}

#[test]
fn what_is_deleted_burned_or_superseded_is_unknown() {
    let world = World::new();
    let node = world.node();
    let deleted = node.issue();
    wait(node.engine.delete(&deleted.access, Kind::Access)).unwrap();
    let superseded = node.issue();
    node.redeemed(node.redemption(&superseded.refresh));
    for pair in [&deleted, &superseded] {
        assert_refused(node.look_up(&pair.access, Kind::Access), Refusal::Unknown);
        assert_refused(node.look_up(&pair.refresh, Kind::Refresh), Refusal::Unknown);
    }
    let burned = node.issue();
    wait(node.engine.burn_hour(world.root.id(), crate::support::NOW.hour())).unwrap();
    assert_refused(node.look_up(&burned.access, Kind::Access), Refusal::Unknown);
    assert_refused(node.look_up(&burned.refresh, Kind::Refresh), Refusal::Unknown);
}

#[test]
fn an_access_cut_off_hides_the_access_twin_alone() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    node.cut_off(Target::App("web-app".into()), Reach::Access);
    let known = node.look_up(&pair.refresh, Kind::Refresh).unwrap();
    let partner = known.partner.unwrap();
    assert_eq!((known.status, partner.twin), (Ok(()), None));
    assert_eq!(partner.status, Err(Reason::EndUser), "the access token was cut off");
    let known = node.look_up(&pair.access, Kind::Access).unwrap();
    assert_eq!(known.status, Err(Reason::EndUser));
    assert_eq!(known.partner.as_ref().unwrap().status, Ok(()));
    assert_eq!(known.partner.unwrap().twin, None, "a dead token shows no living one");
}

#[test]
fn a_token_that_lives_on_after_a_native_redemption_shows_no_twin() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue_native(Rotation::Rotate);
    node.redeemed(node.native(&pair.refresh));
    assert_eq!(twin(&node, &pair.access, Kind::Access), None, "its refresh token is superseded");
    assert_eq!(node.look_up(&pair.access, Kind::Access).unwrap().status, Ok(()));
}

#[test]
fn reuse_hides_the_twins_of_tokens_of_different_age() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    world.pass(Duration::from_mins(1));
    let next = node.redeemed(node.reuse(&pair.refresh));
    assert_eq!(twin(&node, &next.access, Kind::Access), None);
    assert_eq!(twin(&node, &pair.refresh, Kind::Refresh), None);
    let native = node.issue_native(Rotation::Reuse);
    world.pass(Duration::from_mins(1));
    let next = node.redeemed(RedeemRequest { redeemer: NATIVE, ..node.reuse(&native.refresh) });
    assert_eq!(twin(&node, &next.access, Kind::Access), None);
}

#[test]
fn a_twin_outlives_nothing_that_its_original_does_not() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    let (access, refresh) = (
        twin(&node, &pair.refresh, Kind::Refresh).unwrap(),
        twin(&node, &pair.access, Kind::Access).unwrap(),
    );
    // The twins were made after the cut-off's time, and are as old as their originals all the same.
    world.pass(Duration::from_mins(1));
    node.follow();
    let late = twin(&node, &pair.access, Kind::Access).unwrap();
    let before = crate::support::NOW.saturating_add(Duration::from_secs(30));
    node.cut_off_before(Target::Client("web".into()), Reach::Both, Some(before));
    let cut = Refusal::NotApproved(Reason::EndUser);
    node.is_dead(&access, cut.clone());
    node.is_not_redeemed(&refresh, cut.clone());
    node.is_not_redeemed(&late, cut);
}

#[test]
fn the_reader_needs_a_product_of_the_client() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    let call = |proxy| Call { environment: "test", proxy, verb: "POST", path: "/info" };
    assert!(wait(node.engine.look_up(&pair.refresh, Kind::Refresh, Some(&call("orders")))).is_ok());
    let other = wait(node.engine.look_up(&pair.refresh, Kind::Refresh, Some(&call("billing"))));
    assert_refused(other, Refusal::NoProductMatch);
}

#[test]
fn a_revoked_token_is_still_read() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    wait(node.engine.set_status(&pair.refresh, Kind::Refresh, false, StatusChange::Revoke)).unwrap();
    let access = node.look_up(&pair.access, Kind::Access).unwrap();
    assert_eq!(access.status, Ok(()));
    let partner = access.partner.unwrap();
    assert_eq!((partner.status, partner.twin), (Err(Reason::Token), None));
    let refresh = node.look_up(&pair.refresh, Kind::Refresh).unwrap();
    assert_eq!(refresh.status, Err(Reason::Token));
    assert_eq!(refresh.partner.unwrap().twin, None, "a revoked token shows nothing");
}
