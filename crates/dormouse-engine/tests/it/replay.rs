//! The table of TOKENS §3: what a refresh token that was redeemed before gets, by policy and age.

use crate::support::{NATIVE, Node, Pair, World, assert_refused, attributes, scope, wait};
use dormouse_engine::{RedeemRequest, Refusal, StatusChange, Supersession};
use dormouse_token::Rotation::{self, Apigee, Reuse, Rotate, Strict};
use dormouse_token::{FrontEnd, Kind, Reason, Redeemer};
use std::time::Duration;

const REVOKED: Refusal = Refusal::NotApproved(Reason::Replay);

/// What the second redemption of a token gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Second {
    Again,
    Refused(Supersession),
}

fn issue(node: &Node, family: FrontEnd) -> Pair {
    node.issue_of(dormouse_engine::IssueRequest { front_end: family, ..node.password() })
}

/// Redeems a token of a family twice under a policy, `after` apart.
#[track_caller]
fn check(family: FrontEnd, (redeemer, rotation): (Redeemer, Rotation), after: Duration, expected: Second) {
    let world = World::new();
    let node = world.node();
    let pair = issue(&node, family);
    let request = || RedeemRequest { redeemer, rotation, ..node.redemption(&pair.refresh) };
    let first = node.redeemed(request());
    world.pass(after);
    let second = node.redeem(request());
    let first_lives = || {
        node.lives(&first.access);
        node.redeemed(RedeemRequest { redeemer, rotation, ..node.redemption(&first.refresh) });
    };
    match expected {
        Second::Again => {
            let second = second.unwrap();
            assert!(second.repeated);
            let again = Pair::of(second.issued);
            assert_eq!(again.issued.access.claims.generation, first.issued.access.claims.generation);
            node.lives(&again.access);
            first_lives();
        }
        Second::Refused(Supersession::FamilyRevoked) => {
            assert_refused(second, Refusal::Superseded(Supersession::FamilyRevoked));
            node.is_dead(&first.access, REVOKED);
            node.is_not_redeemed(&first.refresh, REVOKED);
            node.is_not_redeemed(&pair.refresh, REVOKED);
            for (token, kind) in [(&first.access, Kind::Access), (&first.refresh, Kind::Refresh)] {
                wait(node.engine.set_status(token, kind, true, StatusChange::Approve)).unwrap();
            }
            node.is_dead(&first.access, REVOKED);
        }
        Second::Refused(how) => {
            assert_refused(second, Refusal::Superseded(how));
            first_lives();
        }
    }
}

#[test]
fn the_table_by_family_front_end_and_age() {
    let (bundle, native) = (FrontEnd::Bundle, FrontEnd::Native);
    let (at_once, in_window, late) = (Duration::ZERO, Duration::from_mins(1), Duration::from_millis(60_001));
    let (racing, raced) = (Duration::from_secs(2), Duration::from_millis(2001));
    let refused = Second::Refused(Supersession::Refused);
    let (race, replay) = (Second::Refused(Supersession::Race), Second::Refused(Supersession::FamilyRevoked));
    for redeemer in [Redeemer::Bundle, NATIVE] {
        for after in [at_once, racing, raced, in_window, late] {
            check(bundle, (redeemer, Apigee), after, refused);
            check(native(Apigee), (redeemer, Reuse), after, refused);
        }
        for family in [bundle, native(Reuse), native(Apigee), native(Rotate)] {
            check(family, (redeemer, Rotate), at_once, Second::Again);
            check(family, (redeemer, Rotate), in_window, Second::Again);
            check(family, (redeemer, Rotate), late, replay);
        }
        for (family, policy) in [(bundle, Strict), (native(Strict), Reuse), (native(Rotate), Strict)] {
            check(family, (redeemer, policy), at_once, race);
            check(family, (redeemer, policy), racing, race);
            check(family, (redeemer, policy), raced, replay);
            check(family, (redeemer, policy), late, replay);
        }
        check(native(Rotate), (redeemer, Apigee), in_window, Second::Again);
        check(native(Rotate), (redeemer, Reuse), late, replay);
    }
}

#[test]
fn no_grace_where_the_redemption_was_under_another_policy() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    node.redeemed(node.redemption(&pair.refresh));
    world.pass(Duration::from_secs(10));
    let request = RedeemRequest { rotation: Rotate, ..node.redemption(&pair.refresh) };
    assert_refused(node.redeem(request), Refusal::Superseded(Supersession::FamilyRevoked));
}

#[test]
fn no_grace_for_a_grandparent() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue_native(Rotate);
    let first = node.redeemed(node.native(&pair.refresh));
    let second = node.redeemed(node.native(&first.refresh));
    assert_refused(node.redeem(node.native(&pair.refresh)), Refusal::Superseded(Supersession::Race));
    world.pass(Duration::from_secs(3));
    assert_refused(node.redeem(node.native(&pair.refresh)), Refusal::Superseded(Supersession::FamilyRevoked));
    node.is_dead(&second.access, REVOKED);
}

#[test]
fn a_repeated_answer_is_that_of_the_redemption() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue_native(Rotate);
    let read = scope("read");
    let first = node.redeemed(RedeemRequest { scope: Some(&read), ..node.native(&pair.refresh) });
    wait(node.engine.edit(&first.access, &attributes(&[("a", "1")]))).unwrap();
    let record = wait(world.store.family(pair.issued.access.claims.family)).unwrap();
    world.pass(Duration::from_secs(30));
    let again = node.redeemed(RedeemRequest {
        access_ttl: Duration::from_hours(9),
        refresh_ttl: Duration::from_hours(9),
        ..node.native(&pair.refresh)
    });
    let (own, other) = (&again.issued.access.claims, &first.issued.access.claims);
    assert_eq!((own.generation, own.expires_at, &own.scope), (1, other.expires_at, &read));
    let (own, other) =
        (&again.issued.refresh.as_ref().unwrap().claims, &first.issued.refresh.as_ref().unwrap().claims);
    assert_eq!((own.generation, own.expires_at, &own.scope), (1, other.expires_at, &other.scope));
    assert_eq!(node.verify(&again.access).unwrap().attributes, attributes(&[("a", "1")]));
    assert_eq!(wait(world.store.family(own.family)).unwrap(), record, "nothing is written");
    let next = node.redeemed(node.native(&again.refresh));
    assert_eq!(next.issued.attributes, attributes(&[("a", "1")]));
    assert!(node.redeem(node.native(&first.refresh)).unwrap().repeated, "both strings are of one generation");
}

#[test]
fn answers_are_repeated_a_hundred_times() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue_native(Rotate);
    let first = node.redeemed(node.native(&pair.refresh));
    for _ in 0..100 {
        assert!(node.redeem(node.native(&pair.refresh)).unwrap().repeated);
    }
    assert_refused(
        node.redeem(node.native(&pair.refresh)),
        Refusal::Superseded(Supersession::GraceExhausted),
    );
    node.lives(&first.access);
    node.redeemed(node.native(&first.refresh));
}

#[test]
fn a_clock_that_was_set_back_makes_no_replay() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue_native(Rotate);
    world.pass(Duration::from_secs(100));
    let first = node.redeemed(node.native(&pair.refresh));
    world.clock.jump_to(crate::support::NOW.saturating_add(Duration::from_secs(10)));
    assert!(node.redeem(node.native(&pair.refresh)).unwrap().repeated);
    node.lives(&first.access);
}
