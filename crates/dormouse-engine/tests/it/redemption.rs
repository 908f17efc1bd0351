//! Redeeming: the order of the checks, what the successors carry, and what stays what it was (TOKENS §3).

use crate::faulty::{Fault, Moment};
use crate::support::{
    ACCESS_TTL, NATIVE, NOW, Pair, REFRESH_TTL, World, app, assert_refused, attributes, scope, wait,
};
use dormouse_engine::{IssueRequest, Refusal, StatusChange};
use dormouse_engine::{RedeemRequest, Supersession};
use dormouse_token::{
    Collection, FrontEnd, Kind, Reach, Reason, Redeemer, Rotation, SealedAttributes, Target,
};
use std::time::Duration;

fn just_before(ttl: Duration) -> Duration {
    ttl.saturating_sub(Duration::from_secs(1))
}

const REPLAYED: Refusal = Refusal::Superseded(Supersession::Refused);

#[test]
fn a_refresh_token_outlives_its_access_token() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    world.pass(ACCESS_TTL * 2);
    node.is_dead(&pair.access, Refusal::Expired);
    let next = node.redeemed(node.redemption(&pair.refresh));
    node.lives(&next.access);
    assert_eq!(wait(world.store.statistics()).unwrap().families, 1);
}

#[test]
fn a_refresh_token_outlives_the_revocation_of_access_tokens() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    node.cut_off(Target::Client("web".into()), Reach::Access);
    node.is_dead(&pair.access, Refusal::NotApproved(Reason::EndUser));
    let next = node.redeemed(node.redemption(&pair.refresh));
    node.lives(&next.access);
    node.is_dead(&pair.access, Refusal::NotApproved(Reason::EndUser));
}

#[test]
fn a_bundle_ends_the_old_access_token_and_a_native_redemption_does_not() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    let next = node.redeemed(node.redemption(&pair.refresh));
    node.is_dead(&pair.access, Refusal::Unknown);
    node.lives(&next.access);
    assert_eq!(next.issued.access.claims.generation, 1);

    let native = node.issue_native(Rotation::Rotate);
    let next = node.redeemed(node.native(&native.refresh));
    node.lives(&native.access);
    node.lives(&next.access);
}

#[test]
fn the_refresh_count_travels_along_the_chain() {
    let world = World::new();
    let node = world.node();
    let mut refresh = node.issue().refresh;
    for count in 1..=5 {
        let redeemed = node.redeem(node.redemption(&refresh)).unwrap();
        assert_eq!((redeemed.refresh_count, redeemed.repeated), (count, false));
        refresh = redeemed.issued.refresh.unwrap().text;
        assert_eq!(node.look_up(&refresh, Kind::Refresh).unwrap().refresh_count, count);
    }
}

#[test]
fn lifetimes_slide_in_bundles() {
    let world = World::new();
    let node = world.node();
    let mut refresh = node.issue().refresh;
    for _ in 0..40 {
        world.pass(just_before(REFRESH_TTL));
        refresh = node.redeemed(node.redemption(&refresh)).refresh;
    }
    world.pass(REFRESH_TTL);
    node.is_not_redeemed(&refresh, Refusal::Expired);
}

#[test]
fn a_native_family_ends_when_it_was_to_end() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue_native(Rotation::Rotate);
    let end = pair.issued.access.claims.absolute_expires_at.unwrap();
    assert!(end <= NOW.saturating_add(node.engine.settings().family_ttl));
    let mut refresh = pair.refresh;
    for redeemer in [NATIVE, Redeemer::Bundle].into_iter().cycle().take(9) {
        world.pass(Duration::from_hours(24 * 20));
        let request = RedeemRequest { redeemer, ..node.redemption(&refresh) };
        match node.redeem(request) {
            Ok(redeemed) => {
                let token = redeemed.issued.refresh.unwrap();
                assert_eq!(token.claims.absolute_expires_at, Some(end));
                assert!(token.claims.expires_at <= end);
                refresh = token.text;
            }
            refused => return assert_refused(refused, Refusal::Expired),
        }
    }
    panic!("the family should have ended");
}

#[test]
fn the_first_native_redemption_of_a_bundles_family_gives_it_an_end() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    let next = node.redeemed(node.native(&pair.refresh));
    let born = dormouse_token::Timestamp::from_hour(NOW.hour());
    let end = born.saturating_add(Duration::from_hours(24 * 180));
    let claims = &next.issued.refresh.as_ref().unwrap().claims;
    assert_eq!((claims.absolute_expires_at, claims.front_end), (Some(end), FrontEnd::Bundle));
    let request =
        RedeemRequest { refresh_ttl: Duration::from_hours(24 * 700), ..node.redemption(&next.refresh) };
    let later = node.redeemed(request);
    assert_eq!(later.issued.refresh.unwrap().claims.expires_at, end, "in a bundle as well");
}

#[test]
fn a_stranger_changes_nothing() {
    let world = World::new();
    let node = world.node();
    let other = node.client("other");
    for rotation in Rotation::ALL {
        let pair = node.issue_native(rotation);
        let first = node.redeemed(node.native(&pair.refresh));
        world.pass(Duration::from_mins(5));
        let strange = RedeemRequest { client: &other, ..node.native(&pair.refresh) };
        let before = wait(world.store.family(pair.issued.access.claims.family)).unwrap();
        assert_refused(node.redeem(strange), Refusal::Unknown);
        assert_eq!(wait(world.store.family(pair.issued.access.claims.family)).unwrap(), before);
        node.lives(&first.access);
        node.redeemed(node.native(&first.refresh));
    }
}

#[test]
fn expired_beats_replayed() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue_native(Rotation::Strict);
    world.pass(Duration::from_hours(24 * 29));
    let next = node.redeemed(node.native(&pair.refresh));
    world.pass(Duration::from_hours(24));
    assert_refused(node.redeem(node.native(&pair.refresh)), Refusal::Expired);
    node.redeemed(node.native(&next.refresh));
}

#[test]
fn a_token_that_expires_while_it_waits_is_not_redeemed() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    world.pass(just_before(REFRESH_TTL));
    node.follow();
    let clock = std::sync::Arc::clone(&world.clock);
    let (other, refresh) = (world.node(), pair.refresh.clone());
    world.faults.interrupt(Moment::Write, move || {
        clock.advance(Duration::from_secs(2));
        // Somebody else changes the family, so that the checks are made again.
        wait(other.engine.set_status(&refresh, Kind::Refresh, false, StatusChange::Revoke)).unwrap();
        wait(other.engine.set_status(&refresh, Kind::Refresh, false, StatusChange::Approve)).unwrap();
    });
    let refused = node.redeem(node.redemption(&pair.refresh)).unwrap_err();
    assert!(
        [Refusal::Expired.into(), Refusal::NotApproved(Reason::Token).into()].contains(&refused),
        "{refused}"
    );
}

#[test]
fn reuse_is_refused_to_public_clients() {
    let world = World::new();
    let node = world.node();
    let spa = node.engine.public("spa").unwrap();
    let issue = |rotation| {
        node.issue_of(IssueRequest { client: &spa, front_end: FrontEnd::Native(rotation), ..node.password() })
    };
    let pair = issue(Rotation::Reuse);
    let request = RedeemRequest { client: &spa, ..node.reuse(&pair.refresh) };
    assert_refused(node.redeem(request), Refusal::PublicReuse);
    let pair = issue(Rotation::Rotate);
    let request = RedeemRequest { client: &spa, ..node.reuse(&pair.refresh) };
    let next = node.redeemed(request);
    assert_ne!(next.refresh, pair.refresh, "the stricter policy of the family holds");
}

#[test]
fn an_apps_own_policy_wins_over_the_front_ends() {
    let world = World::new();
    let attribute = r#"{"name":"dormouse.refresh.rotation","value":"strict"}"#;
    world.write(&[(Collection::Apps, "web-app", Some(app("web-app", "ada", attribute)))]);
    let node = world.node();
    let pair = node.issue();
    let next = node.redeemed(node.reuse(&pair.refresh));
    assert_ne!(next.refresh, pair.refresh);
    world.pass(Duration::from_mins(1));
    let replayed = node.redeem(node.reuse(&pair.refresh));
    assert_refused(replayed, Refusal::Superseded(Supersession::FamilyRevoked));
}

#[test]
fn scope_is_kept_narrowed_and_never_widened() {
    let world = World::new();
    let node = world.node();
    let asked = scope("read write");
    let pair = node.issue_of(IssueRequest { scope: Some(&asked), ..node.password() });
    let wider = scope("read list");
    let request = RedeemRequest { scope: Some(&wider), ..node.redemption(&pair.refresh) };
    assert_refused(node.redeem(request), Refusal::InvalidScope);
    let read = scope("read");
    let narrowed = node.redeemed(RedeemRequest { scope: Some(&read), ..node.redemption(&pair.refresh) });
    assert_eq!(narrowed.issued.access.claims.scope, read);
    assert_eq!(narrowed.issued.refresh.as_ref().unwrap().claims.scope, read, "in a bundle for good");

    let native = node.issue_of(IssueRequest {
        scope: Some(&asked),
        front_end: FrontEnd::Native(Rotation::Rotate),
        ..node.password()
    });
    let narrowed = node.redeemed(RedeemRequest { scope: Some(&read), ..node.native(&native.refresh) });
    assert_eq!(narrowed.issued.access.claims.scope, read);
    assert_eq!(narrowed.issued.refresh.as_ref().unwrap().claims.scope, asked);
    let full = node.redeemed(node.native(&narrowed.refresh));
    assert_eq!(full.issued.access.claims.scope, asked);
}

#[test]
fn scope_is_clipped_to_what_the_client_may_have_now() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    world.write(&[(Collection::Credentials, "web", Some("web-app gold".into()))]);
    node.follow();
    let web = node.client("web");
    let next = node.redeemed(RedeemRequest { client: &web, ..node.redemption(&pair.refresh) });
    assert_eq!(next.issued.access.claims.scope, scope("read list"));
    world.write(&[(Collection::Credentials, "web", Some("web-app".into()))]);
    node.follow();
    let web = node.client("web");
    let last = node.redeemed(RedeemRequest { client: &web, ..node.redemption(&next.refresh) });
    assert_eq!(last.issued.access.claims.scope, scope("read list"), "nothing ever grows");
}

#[test]
fn scope_is_clipped_by_what_is_known_at_the_redemption_not_at_the_authentication() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    world.write(&[(Collection::Credentials, "web", Some("web-app gold".into()))]);
    node.follow();
    let next = node.redeemed(node.redemption(&pair.refresh));
    assert_eq!(next.issued.access.claims.scope, scope("read list"));
}

#[test]
fn attributes_are_inherited_and_added_but_never_replaced() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue_of(IssueRequest { attributes: attributes(&[("a", "1")]), ..node.password() });
    let added = attributes(&[("a", "9"), ("b", "2"), ("huge", &"x".repeat(9000))]);
    let next = node.redeemed(RedeemRequest { attributes: added, ..node.redemption(&pair.refresh) });
    assert_eq!(next.issued.attributes, attributes(&[("a", "1"), ("b", "2")]));
    let last = node.redeemed(node.redemption(&next.refresh));
    assert_eq!(node.verify(&last.access).unwrap().attributes, attributes(&[("a", "1"), ("b", "2")]));
}

#[test]
fn reuse_keeps_the_refresh_token_and_replaces_the_access_token() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    world.pass(Duration::from_hours(1));
    let first = node.redeemed(node.reuse(&pair.refresh));
    let second = node.redeemed(node.reuse(&pair.refresh));
    assert_eq!((&first.refresh, &second.refresh), (&pair.refresh, &pair.refresh));
    node.is_dead(&first.access, Refusal::Unknown);
    node.lives(&second.access);
    assert_eq!(second.issued.access.claims.generation, 2);
    world.pass(REFRESH_TTL);
    assert_refused(node.redeem(node.reuse(&pair.refresh)), Refusal::Expired);
}

#[test]
fn native_reuse_writes_seldom_and_every_token_stays_revocable() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue_native(Rotation::Reuse);
    let request = || RedeemRequest { redeemer: NATIVE, ..node.reuse(&pair.refresh) };
    let family = pair.issued.access.claims.family;
    let mut tokens = vec![pair.access.clone()];
    let mut versions = Vec::new();
    for _ in 0..60 {
        world.pass(Duration::from_mins(2));
        tokens.push(node.redeemed(request()).access);
        versions.push(wait(world.store.family(family)).unwrap().map_or(0, |record| record.version));
    }
    assert!(versions.last().is_some_and(|version| *version <= 3), "{versions:?}");
    let living: Vec<_> = tokens.iter().filter(|token| node.verify(token).is_ok()).collect();
    assert_eq!(living.len(), 15, "those of the last half hour");
    wait(node.engine.set_status(&pair.refresh, Kind::Refresh, true, StatusChange::Revoke)).unwrap();
    for token in living {
        node.is_dead(token, Refusal::NotApproved(Reason::Token));
    }
}

#[test]
fn a_cut_off_that_commits_in_between_kills_the_successors() {
    for before in [None, Some(NOW.saturating_add(Duration::from_hours(1)))] {
        for moment in [Moment::Read, Moment::Write] {
            let world = World::new();
            let (node, other) = (world.node(), world.node());
            let pair = node.issue();
            world.pass(Duration::from_secs(5));
            node.follow();
            let clock = std::sync::Arc::clone(&world.clock);
            let cutting = std::sync::Arc::clone(&node.engine);
            world.faults.interrupt(moment, move || {
                clock.advance(Duration::from_millis(1));
                let order = dormouse_engine::CutOffOrder {
                    target: Target::User("ann".into()),
                    reach: Reach::Both,
                    reason: Reason::EndUser,
                    before,
                };
                wait(cutting.cut_off(order)).unwrap();
            });
            if let Ok(redeemed) = node.redeem(node.redemption(&pair.refresh)) {
                let next = Pair::of(redeemed.issued);
                node.is_dead(&next.access, Refusal::NotApproved(Reason::EndUser));
                node.is_not_redeemed(&next.refresh, Refusal::NotApproved(Reason::EndUser));
                other.follow();
                other.is_dead(&next.access, Refusal::NotApproved(Reason::EndUser));
            }
        }
    }
}

#[test]
fn an_edit_that_commits_in_between_reaches_the_successor_even_beside_the_token() {
    for size in [1, 3000] {
        let world = World::new();
        let (node, other) = (world.node(), world.node());
        let large = attributes(&[("idp", &"x".repeat(size)), ("step", "1")]);
        let pair = node.issue_of(IssueRequest { attributes: large, ..node.password() });
        let access = pair.access.clone();
        world.faults.interrupt(Moment::Write, move || {
            // The first write may be the overflow row; the change of the family comes after it.
            wait(other.engine.edit(&access, &attributes(&[("step", "2")]))).unwrap();
        });
        if size > 1 {
            let (engine, access) = (std::sync::Arc::clone(&node.engine), pair.access.clone());
            let store = std::sync::Arc::clone(&world.faults);
            world.faults.interrupt(Moment::Write, move || {
                store.interrupt(Moment::Write, move || {
                    wait(engine.edit(&access, &attributes(&[("step", "2")]))).unwrap();
                });
            });
        }
        let next = node.redeemed(node.redemption(&pair.refresh));
        let seen = node.verify(&next.access).unwrap();
        assert_eq!(seen.attributes.value("step"), Some("2"), "{size}");
        let overflowed = next.issued.access.claims.attributes == SealedAttributes::Overflow;
        assert_eq!(overflowed, size > 1);
        assert_eq!(world.node().verify(&next.access).unwrap().attributes.value("step"), Some("2"));
    }
}

#[test]
fn unknown_outcomes_are_resolved_by_reading() {
    for fault in [Fault::Applied(1), Fault::Lost(1), Fault::Lost(3), Fault::Late] {
        for rotation in [Rotation::Apigee, Rotation::Strict, Rotation::Rotate] {
            let world = World::new();
            let node = world.node();
            let pair = node.issue();
            world.faults.set(fault);
            let redeemed = node.redeem(RedeemRequest { rotation, ..node.redemption(&pair.refresh) }).unwrap();
            assert!(!redeemed.repeated, "{fault:?}");
            let next = Pair::of(redeemed.issued);
            node.lives(&next.access);
            assert_eq!(next.issued.access.claims.generation, 1);
            node.redeemed(node.redemption(&next.refresh));
        }
    }
}

#[test]
fn an_outcome_that_stays_unknown_revokes_nothing() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue_native(Rotation::Strict);
    world.faults.set(Fault::Lost(100));
    assert!(matches!(node.redeem(node.native(&pair.refresh)), Err(dormouse_engine::Error::Unavailable(_))));
    world.faults.set(Fault::None);
    node.redeemed(node.native(&pair.refresh));
}

#[test]
fn a_superseded_token_of_a_bundle_is_refused_only() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    let next = node.redeemed(node.redemption(&pair.refresh));
    for wait_for in [0, 1, 60, 3600] {
        world.pass(Duration::from_secs(wait_for));
        node.is_not_redeemed(&pair.refresh, REPLAYED);
    }
    node.redeemed(node.redemption(&next.refresh));
}
