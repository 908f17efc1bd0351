//! Burned hours and roots: what their keys sealed, what was born there, and what may descend from a forgery (TOKENS §1).

use crate::support::{NOW, Pair, World, assert_refused, assert_unavailable, wait};
use dormouse_engine::{IssueRequest, Refusal, Unavailable};
use dormouse_token::{Claims, KeyId, Kind, Rotation};
use std::time::Duration;

const HOUR: Duration = Duration::from_hours(1);

#[test]
fn a_burned_hour_takes_its_tokens_and_their_descendants() {
    let world = World::new();
    let node = world.node();
    let earlier = node.issue_of(IssueRequest { access_ttl: HOUR * 9, ..node.password() });
    world.pass(HOUR);
    node.follow();
    let burned = node.issue_of(IssueRequest { access_ttl: HOUR * 9, ..node.password() });
    let hour = node.engine.now().hour();
    world.pass(HOUR);
    node.follow();
    let later = node.issue();
    let child = node.redeemed(node.redemption(&burned.refresh));
    let innocent_child = node.redeemed(node.redemption(&earlier.refresh));
    wait(node.engine.burn_hour(world.root.id(), hour)).unwrap();
    let other = world.node();
    for node in [&node, &other] {
        node.is_dead(&burned.access, Refusal::Unknown);
        node.is_not_redeemed(&burned.refresh, Refusal::Unknown);
        node.is_dead(&child.access, Refusal::Unknown);
        node.is_not_redeemed(&child.refresh, Refusal::Unknown);
        node.is_dead(&innocent_child.access, Refusal::Unknown);
        node.lives(&later.access);
    }
    let grandchild = node.redeemed(node.redemption(&later.refresh));
    node.lives(&grandchild.access);
}

#[test]
fn descendants_that_were_issued_before_the_burned_hour_live() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    let next = node.redeemed(node.redemption(&pair.refresh));
    world.pass(HOUR);
    node.follow();
    wait(node.engine.burn_hour(world.root.id(), node.engine.now().hour())).unwrap();
    world.pass(HOUR);
    node.redeemed(node.redemption(&next.refresh));
}

#[test]
fn while_the_present_hour_is_burned_nothing_is_issued() {
    let world = World::new();
    let node = world.node();
    let code = node.code();
    let older = world.node();
    world.pass(HOUR);
    node.follow();
    let pair = node.issue();
    wait(node.engine.burn_hour(world.root.id(), node.engine.now().hour())).unwrap();
    let burned = Unavailable::KeyBurned;
    assert_unavailable(wait(node.engine.issue(node.password())), &burned);
    assert_unavailable(wait(node.engine.issue_code(node.code_request())), &burned);
    assert_unavailable(node.import("their-access", "their-refresh"), &burned);
    assert_refused(wait(node.engine.exchange_code(node.exchange(&code.text))), Refusal::Expired);
    node.is_not_redeemed(&pair.refresh, Refusal::Unknown);
    older.follow();
    assert_unavailable(wait(older.engine.issue(older.password())), &burned);
    world.pass(HOUR);
    node.issue();
}

#[test]
fn a_redemption_in_a_burned_hour_leaves_the_token_alive() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    world.pass(HOUR);
    node.follow();
    wait(node.engine.burn_hour(world.root.id(), node.engine.now().hour())).unwrap();
    assert_unavailable(node.redeem(node.redemption(&pair.refresh)), &Unavailable::KeyBurned);
    world.pass(HOUR);
    node.redeemed(node.redemption(&pair.refresh));
}

#[test]
fn what_a_stolen_key_forges_dies_with_it_and_its_children_too() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    let claims = pair.issued.refresh.clone().unwrap().claims;
    let ring = world.ring_sealing(world.retired.clone());
    let key = KeyId::new(world.retired.id(), claims.issued_at.hour());
    // The thief writes another family, born elsewhere, so that its children name no burned key.
    let forged = Claims {
        family: dormouse_token::FamilyId([9; 16]),
        born: KeyId::new(world.root.id(), claims.issued_at.hour()),
        attributes: dormouse_token::SealedAttributes::default(),
        ..claims
    };
    let forged = ring.seal(&forged, key, world.entropy()).unwrap();
    let child = node.redeemed(node.redemption(&forged));
    node.lives(&child.access);
    wait(node.engine.burn_root(world.retired.id())).unwrap();
    node.is_dead(&child.access, Refusal::Unknown);
    node.is_not_redeemed(&child.refresh, Refusal::Unknown);
    node.is_not_redeemed(&forged, Refusal::Unknown);
    node.lives(&pair.access);
    let native = node.issue_native(Rotation::Rotate);
    node.lives(&node.redeemed(node.native(&native.refresh)).access);
}

#[test]
fn a_burned_token_proves_nothing_about_the_store() {
    let world = World::new();
    let node = world.node();
    let claims = node.issue().issued.refresh.unwrap().claims;
    wait(node.engine.burn_root(world.retired.id())).unwrap();
    let ring = world.ring_sealing(world.retired.clone());
    let key = KeyId::new(world.retired.id(), claims.issued_at.hour());
    for (kind, generation, seen) in
        [(Kind::Refresh, 7, 0), (Kind::Refresh, 0, 1 << 40), (Kind::Access, 7, 0), (Kind::Access, 0, 1 << 40)]
    {
        let forged = Claims { kind, generation, seen, ..claims.clone() };
        let forged = ring.seal(&forged, key, world.entropy()).unwrap();
        assert_refused(node.look_up(&forged, kind), Refusal::Unknown);
        if kind == Kind::Refresh {
            node.is_not_redeemed(&forged, Refusal::Unknown);
        } else {
            assert_refused(wait(node.engine.delete(&forged, kind)), Refusal::Unknown);
            assert_refused(
                wait(node.engine.edit(&forged, &crate::support::attributes(&[("a", "1")]))),
                Refusal::Unknown,
            );
        }
        wait(node.engine.set_status(&forged, kind, true, dormouse_engine::StatusChange::Revoke)).unwrap();
    }
    assert!(!node.engine.is_rolled_back(), "whoever holds a burned key must not be able to stop the service");
    node.issue();
}

#[test]
fn a_burn_takes_imports_and_codes_of_its_hour() {
    let world = World::new();
    let node = world.node();
    node.import("their-access", "their-refresh").unwrap();
    let code = node.code();
    let pair = Pair::of(wait(node.engine.exchange_code(node.exchange(&code.text))).unwrap());
    wait(node.engine.burn_hour(world.root.id(), NOW.hour())).unwrap();
    node.is_dead("their-access", Refusal::Unknown);
    node.is_not_redeemed("their-refresh", Refusal::Unknown);
    node.is_dead(&pair.access, Refusal::Unknown);
    world.pass(HOUR);
    assert_refused(node.import("their-access", "their-refresh"), Refusal::ImportRefused);
}

#[test]
fn only_loaded_roots_burn_and_never_the_one_that_seals() {
    let world = World::new();
    let node = world.node();
    assert_refused(wait(node.engine.burn_root(world.root.id())), Refusal::Unknown);
    let unknown = dormouse_token::RootId([7; 8]);
    assert_refused(wait(node.engine.burn_root(unknown)), Refusal::Unknown);
    assert_refused(wait(node.engine.burn_hour(unknown, 1)), Refusal::Unknown);
}
