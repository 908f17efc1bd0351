//! Invalidate, validate, delete and edit (TOKENS §3 "Invalidate/Validate", `apigee-oauth` §1.8, §5.2, §5.3).

use crate::faulty::Fault;
use crate::support::{ACCESS_TTL, Node, REFRESH_TTL, World, assert_refused, attributes, wait};
use dormouse_engine::StatusChange::{Approve, Revoke};
use dormouse_engine::{IssueRequest, RedeemRequest, Refusal, StatusChange};
use dormouse_token::{Kind, Reach, Reason, Rotation, Target};
use std::time::Duration;

const REVOKED: Refusal = Refusal::NotApproved(Reason::Token);

fn set(node: &Node, token: &str, kind: Kind, cascade: bool, change: StatusChange) -> bool {
    wait(node.engine.set_status(token, kind, cascade, change)).unwrap()
}

/// Which tokens live after one was revoked, and that approval brings them back.
#[track_caller]
fn check((kind, cascade): (Kind, bool), (access_lives, refresh_lives): (bool, bool)) {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    let token = if kind == Kind::Access { &pair.access } else { &pair.refresh };
    assert!(set(&node, token, kind, cascade, Revoke));
    assert!(set(&node, token, kind, cascade, Revoke), "again is no error");
    assert_eq!(node.verify(&pair.access).is_ok(), access_lives);
    assert_eq!(world.node().verify(&pair.access).is_ok(), access_lives, "after a start");
    if !refresh_lives {
        node.is_not_redeemed(&pair.refresh, REVOKED);
    }
    assert!(set(&node, token, kind, cascade, Approve));
    node.lives(&pair.access);
    node.redeemed(node.redemption(&pair.refresh));
}

#[test]
fn the_matrix_of_invalidation() {
    check((Kind::Access, true), (false, false));
    check((Kind::Access, false), (false, false));
    check((Kind::Refresh, true), (false, false));
    check((Kind::Refresh, false), (true, false));
}

#[test]
fn redeeming_leaves_an_access_token_that_was_revoked_alone_behind() {
    for redeemer in [crate::support::NATIVE, dormouse_token::Redeemer::Bundle] {
        let world = World::new();
        let node = world.node();
        let pair = node.issue();
        set(&node, &pair.access, Kind::Access, true, Revoke);
        set(&node, &pair.refresh, Kind::Refresh, false, Approve);
        node.is_dead(&pair.access, REVOKED);
        let next = node.redeemed(RedeemRequest { redeemer, ..node.redemption(&pair.refresh) });
        node.lives(&next.access);
        node.is_dead(&pair.access, Refusal::Unknown);
        set(&node, &pair.access, Kind::Access, true, Approve);
        node.is_dead(&pair.access, Refusal::Unknown);
    }
}

#[test]
fn a_refresh_token_that_is_none_is_tried_as_an_access_token() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    assert!(!set(&node, &pair.refresh, Kind::Access, true, Revoke), "not the other way round");
    node.lives(&pair.access);
    assert!(set(&node, &pair.access, Kind::Refresh, false, Revoke));
    node.is_dead(&pair.access, REVOKED);
    assert!(!set(&node, "no token", Kind::Refresh, true, Revoke));
    assert!(!set(&node, "dmrt_x", Kind::Refresh, true, Revoke));
}

#[test]
fn revoking_with_a_superseded_token_does_nothing() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    let next = node.redeemed(node.redemption(&pair.refresh));
    set(&node, &pair.refresh, Kind::Refresh, true, Revoke);
    set(&node, &pair.access, Kind::Access, true, Revoke);
    node.lives(&next.access);
    node.redeemed(node.redemption(&next.refresh));
}

#[test]
fn approval_undoes_nothing_but_invalidation() {
    let world = World::new();
    let node = world.node();
    let cut = node.issue();
    node.cut_off(Target::Client("web".into()), Reach::Both);
    set(&node, &cut.access, Kind::Access, true, Approve);
    node.is_dead(&cut.access, Refusal::NotApproved(Reason::EndUser));

    let deleted = node.issue();
    wait(node.engine.delete(&deleted.access, Kind::Access)).unwrap();
    set(&node, &deleted.access, Kind::Access, true, Approve);
    set(&node, &deleted.refresh, Kind::Refresh, true, Approve);
    node.is_dead(&deleted.access, Refusal::Unknown);
    node.is_not_redeemed(&deleted.refresh, Refusal::Unknown);

    let superseded = node.issue();
    let next = node.redeemed(node.redemption(&superseded.refresh));
    set(&node, &next.access, Kind::Access, true, Revoke);
    set(&node, &superseded.access, Kind::Access, true, Approve);
    set(&node, &superseded.refresh, Kind::Refresh, true, Approve);
    node.is_dead(&next.access, REVOKED);
    set(&node, &next.access, Kind::Access, true, Approve);
    node.lives(&next.access);

    let expired = node.issue();
    set(&node, &expired.access, Kind::Access, true, Revoke);
    world.pass(ACCESS_TTL);
    set(&node, &expired.access, Kind::Access, true, Approve);
    node.is_not_redeemed(&expired.refresh, REVOKED);
    set(&node, &expired.refresh, Kind::Refresh, true, Approve);
    node.redeemed(node.redemption(&expired.refresh));
}

#[test]
fn a_revocation_lasts_as_long_as_any_token_that_it_ended() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue_of(IssueRequest { access_ttl: Duration::from_hours(48), ..node.password() });
    set(&node, &pair.refresh, Kind::Refresh, true, Revoke);
    for _ in 0..47 {
        world.pass(Duration::from_hours(1));
        wait(node.engine.maintain()).unwrap();
        node.is_dead(&pair.access, REVOKED);
    }
    world.node().is_dead(&pair.access, REVOKED);
    for _ in 0..(24 * 32) {
        world.pass(Duration::from_hours(1));
        wait(node.engine.maintain()).unwrap();
    }
    assert_eq!(node.engine.resident_count(), (0, 0));
    assert_eq!(wait(world.store.statistics()).unwrap().families, 0);
    node.is_not_redeemed(&pair.refresh, Refusal::Expired);
}

#[test]
fn a_clock_that_jumps_ahead_and_back_revives_nothing() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    set(&node, &pair.access, Kind::Access, true, Revoke);
    world.clock.jump_to(crate::support::NOW.saturating_add(Duration::from_hours(9)));
    wait(node.engine.maintain()).unwrap();
    world.clock.jump_to(crate::support::NOW.saturating_add(Duration::from_secs(1)));
    node.is_dead(&pair.access, REVOKED);
    node.is_not_redeemed(&pair.refresh, REVOKED);
    node.cut_off(Target::Client("web".into()), Reach::Both);
    world.clock.jump_to(crate::support::NOW.saturating_add(Duration::from_hours(24 * 800)));
    wait(node.engine.maintain()).unwrap();
    world.clock.jump_to(crate::support::NOW.saturating_add(Duration::from_secs(2)));
    let other = node.issue();
    node.lives(&other.access);
    node.is_dead(&pair.access, Refusal::NotApproved(Reason::EndUser));
}

#[test]
fn a_late_change_of_a_family_does_not_drop_a_later_one() {
    let world = World::new();
    let (node, other) = (world.node(), world.node());
    let pair = node.issue();
    world.pass(ACCESS_TTL);
    node.follow();
    // The first change affects no living access token any more; the second one makes some.
    set(&other, &pair.refresh, Kind::Refresh, false, Revoke);
    let (engine, refresh) = (std::sync::Arc::clone(&node.engine), pair.refresh.clone());
    let access = std::sync::Arc::new(parking_lot::Mutex::new(String::new()));
    let slot = std::sync::Arc::clone(&access);
    let redeemer = world.node();
    world.faults.interrupt(crate::faulty::Moment::Polled, move || {
        wait(engine.set_status(&refresh, Kind::Refresh, false, Approve)).unwrap();
        let next = redeemer.redeemed(redeemer.redemption(&refresh));
        // This node itself revokes, and acknowledges, before it applies what it has polled.
        wait(engine.set_status(&next.access, Kind::Access, true, Revoke)).unwrap();
        *slot.lock() = next.access;
    });
    node.follow();
    node.is_dead(&access.lock(), REVOKED);
}

#[test]
fn deletion_makes_both_tokens_unknown() {
    let world = World::new();
    let node = world.node();
    for revoked in [false, true] {
        let pair = node.issue();
        if revoked {
            set(&node, &pair.access, Kind::Access, true, Revoke);
        }
        wait(node.engine.delete(&pair.access, Kind::Access)).unwrap();
        node.is_dead(&pair.access, Refusal::Unknown);
        node.is_not_redeemed(&pair.refresh, Refusal::Unknown);
        assert_refused(wait(node.engine.delete(&pair.access, Kind::Access)), Refusal::Unknown);
        assert_refused(wait(node.engine.edit(&pair.access, &attributes(&[("a", "1")]))), Refusal::Unknown);
    }
    let pair = node.issue();
    node.redeemed(node.redemption(&pair.refresh));
    assert_refused(wait(node.engine.delete(&pair.access, Kind::Access)), Refusal::Unknown);
}

#[test]
fn an_edit_is_seen_at_once_and_inherited() {
    let world = World::new();
    let (node, other) = (world.node(), world.node());
    let pair =
        node.issue_of(IssueRequest { attributes: attributes(&[("a", "1"), ("b", "1")]), ..node.password() });
    let (_, all) = wait(node.engine.edit(&pair.access, &attributes(&[("b", "2"), ("c", "3")]))).unwrap();
    let expected = attributes(&[("a", "1"), ("b", "2"), ("c", "3")]);
    assert_eq!(all, expected);
    assert_eq!(node.verify(&pair.access).unwrap().attributes, expected);
    other.follow();
    assert_eq!(other.verify(&pair.access).unwrap().attributes, expected);
    for (token, kind) in [(&pair.access, Kind::Access), (&pair.refresh, Kind::Refresh)] {
        assert_eq!(node.look_up(token, kind).unwrap().attributes, expected);
    }
    wait(node.engine.edit(&pair.access, &attributes(&[("b", "4")]))).unwrap();
    let next = node.redeemed(node.redemption(&pair.refresh));
    let expected = attributes(&[("a", "1"), ("b", "4"), ("c", "3")]);
    assert_eq!(node.verify(&next.access).unwrap().attributes, expected);
    let last = node.redeemed(node.redemption(&next.refresh));
    assert_eq!(last.issued.attributes, expected);
    assert_eq!(world.node().verify(&last.access).unwrap().attributes, expected);
}

#[test]
fn edits_survive_a_chain_of_reuse() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    let mut access = pair.access.clone();
    for step in 1..=4 {
        let name = format!("step{step}");
        wait(node.engine.edit(&access, &attributes(&[(&name, "x"), ("last", &name)]))).unwrap();
        access = node.redeemed(node.reuse(&pair.refresh)).access;
        let seen = node.verify(&access).unwrap().attributes;
        assert_eq!((seen.len(), seen.value("last")), (step + 1, Some(name.as_str())));
    }
    let rotated = node.redeemed(node.redemption(&pair.refresh));
    assert_eq!(rotated.issued.attributes.len(), 5);
    assert_eq!(node.redeemed(node.redemption(&rotated.refresh)).issued.attributes.len(), 5);
}

#[test]
fn answers_within_the_grace_window_carry_the_edits() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue_native(Rotation::Rotate);
    wait(node.engine.edit(&pair.access, &attributes(&[("a", "1")]))).unwrap();
    node.redeemed(node.native(&pair.refresh));
    let again = node.redeemed(node.native(&pair.refresh));
    assert_eq!(node.verify(&again.access).unwrap().attributes, attributes(&[("a", "1")]));
    assert_eq!(node.redeemed(node.native(&again.refresh)).issued.attributes, attributes(&[("a", "1")]));
}

#[test]
fn what_cannot_be_edited() {
    let world = World::new();
    let node = world.node();
    let one = attributes(&[("a", "1")]);
    let edit = |token: &str| wait(node.engine.edit(token, &one));
    let pair = node.issue();
    assert_refused(edit(&pair.refresh), Refusal::Unknown);
    let next = node.redeemed(node.redemption(&pair.refresh));
    assert_refused(edit(&pair.access), Refusal::Unknown);
    let large = attributes(&[("a", &"x".repeat(8 * 1024))]);
    assert_refused(wait(node.engine.edit(&next.access, &large)), Refusal::AttributesTooLarge);
    let half = attributes(&[("x", &"x".repeat(5 * 1024))]);
    wait(node.engine.edit(&next.access, &half)).unwrap();
    let other_half = attributes(&[("y", &"x".repeat(5 * 1024))]);
    assert_refused(wait(node.engine.edit(&next.access, &other_half)), Refusal::AttributesTooLarge);
    assert_eq!(node.verify(&next.access).unwrap().attributes, half);
    set(&node, &next.access, Kind::Access, true, Revoke);
    assert_refused(edit(&next.access), REVOKED);
    let expired = node.issue();
    world.pass(ACCESS_TTL);
    assert_refused(edit(&expired.access), Refusal::Expired);
    let cut = node.issue();
    node.cut_off(Target::Organization, Reach::Access);
    assert_refused(edit(&cut.access), Refusal::NotApproved(Reason::EndUser));
}

#[test]
fn changes_of_unknown_outcome_are_made_once() {
    for fault in [Fault::Applied(2), Fault::Lost(2), Fault::Late] {
        let world = World::new();
        let node = world.node();
        let pair = node.issue();
        world.faults.set(fault);
        assert!(set(&node, &pair.access, Kind::Access, true, Revoke), "{fault:?}");
        node.is_dead(&pair.access, REVOKED);
        let record = wait(world.store.family(pair.issued.access.claims.family)).unwrap().unwrap();
        assert_eq!(record.version, 1);
    }
}

#[test]
fn a_family_that_was_revoked_long_ago_stays_revoked_for_its_refresh_token() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    let request = || RedeemRequest { rotation: Rotation::Strict, ..node.redemption(&pair.refresh) };
    set(&node, &pair.refresh, Kind::Refresh, true, Revoke);
    for _ in 0..29 {
        world.pass(Duration::from_hours(24));
        wait(node.engine.maintain()).unwrap();
        assert_refused(node.redeem(request()), REVOKED);
    }
    world.pass(REFRESH_TTL);
    assert_refused(node.redeem(request()), Refusal::Expired);
}
