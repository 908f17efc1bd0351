//! Revocation by token string at the native endpoint (RFC 7009, TOKENS §3 "Invalidate/Validate").

use crate::support::{ACCESS_TTL, Node, World, wait};
use dormouse_engine::{NativeRevocation, Refusal};
use dormouse_token::{Kind, Reason, Rotation};

const A: &str = "their-access-token";
const R: &str = "their-refresh-token";

fn revoke(node: &Node, token: &str, hint: Option<Kind>) {
    let revoked = wait(node.engine.revoke_native(&node.web, token, hint));
    assert_eq!(revoked, Ok(NativeRevocation::Dead), "{hint:?}");
}

#[test]
fn an_access_token_ends_itself_and_its_generation() {
    let world = World::new();
    let (node, other) = (world.node(), world.node());
    let first = node.issue_native(Rotation::Rotate);
    let second = node.redeemed(node.native(&first.refresh));
    revoke(&node, &first.access, None);
    node.is_dead(&first.access, Refusal::Unknown);
    node.lives(&second.access);
    revoke(&node, &second.access, None);
    node.is_dead(&second.access, Refusal::NotApproved(Reason::Token));
    other.follow();
    other.is_dead(&first.access, Refusal::Unknown);
    other.is_dead(&second.access, Refusal::NotApproved(Reason::Token));
    let third = node.redeemed(node.native(&second.refresh));
    node.lives(&third.access);
    node.is_dead(&second.access, Refusal::Unknown);
}

#[test]
fn a_refresh_token_of_any_generation_ends_the_family() {
    for superseded in [false, true] {
        let world = World::new();
        let node = world.node();
        let first = node.issue_native(Rotation::Rotate);
        let second = node.redeemed(node.native(&first.refresh));
        revoke(&node, if superseded { &first.refresh } else { &second.refresh }, Some(Kind::Access));
        for access in [&first.access, &second.access] {
            node.is_dead(access, Refusal::NotApproved(Reason::Token));
        }
        node.is_not_redeemed(&second.refresh, Refusal::NotApproved(Reason::Token));
    }
}

#[test]
fn what_is_anothers_unknown_or_expired_stays_as_it_is() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue_native(Rotation::Rotate);
    let mobile = node.client("mobile");
    for token in [&pair.access, &pair.refresh] {
        let revoked = wait(node.engine.revoke_native(&mobile, token, None));
        assert_eq!(revoked, Ok(NativeRevocation::Foreign));
    }
    for token in ["", "unknown", "dmat_", "dmrt_AAAA", "dmac_AAAA"] {
        revoke(&node, token, None);
    }
    node.lives(&pair.access);
    world.pass(ACCESS_TTL);
    node.follow();
    revoke(&node, &pair.access, None);
    let stored = wait(world.store.statistics()).map(|statistics| statistics.families);
    assert_eq!(stored, Ok(0), "nothing was written");
    node.redeemed(node.native(&pair.refresh));
}

#[test]
fn imported_strings_are_found_whatever_the_hint_says() {
    for hint in [None, Some(Kind::Access), Some(Kind::Refresh), Some(Kind::Code)] {
        let world = World::new();
        let node = world.node();
        node.import(A, R).unwrap();
        revoke(&node, A, hint);
        node.is_dead(A, Refusal::NotApproved(Reason::Token));
        revoke(&node, R, hint);
        node.is_not_redeemed(R, Refusal::NotApproved(Reason::Token));
    }
}
