//! Nodes that follow the store: residence, staleness, and stores that were rolled back (TOKENS §5).

use crate::faulty::{Fault, Moment};
use crate::support::{ACCESS_TTL, NOW, World, assert_refused, assert_unavailable, attributes, wait};
use dormouse_engine::{Freshness, Refusal, Settings, StatusChange, Unavailable};
use dormouse_entity::Unusable;
use dormouse_token::{Claims, Collection, Kind, Reach, Reason, Rotation, Target};
use std::sync::Arc;
use std::time::Duration;

const STALE: Unavailable = Unavailable::Stale { seconds: 0 };

#[test]
fn a_node_learns_what_others_did() {
    let world = World::new();
    let (node, other) = (world.node(), world.node());
    let pair = node.issue();
    other.lives(&pair.access);
    wait(node.engine.set_status(&pair.access, Kind::Access, true, StatusChange::Revoke)).unwrap();
    other.follow();
    other.is_dead(&pair.access, Refusal::NotApproved(Reason::Token));
    wait(node.engine.set_status(&pair.access, Kind::Access, true, StatusChange::Approve)).unwrap();
    let next = node.redeemed(node.redemption(&pair.refresh));
    other.lives(&next.access);
    other.follow();
    other.lives(&next.access);
    other.is_dead(&pair.access, Refusal::Unknown);
}

#[test]
fn a_sealed_generation_above_the_resident_one_is_accepted() {
    let world = World::new();
    let (node, behind) = (world.node(), world.node());
    let pair = node.issue();
    wait(node.engine.set_status(&pair.access, Kind::Access, true, StatusChange::Revoke)).unwrap();
    behind.follow();
    wait(node.engine.set_status(&pair.access, Kind::Access, true, StatusChange::Approve)).unwrap();
    let next = node.redeemed(node.redemption(&pair.refresh));
    behind.is_dead(&pair.access, Refusal::NotApproved(Reason::Token));
    behind.lives(&next.access);
}

#[test]
fn only_records_of_living_access_tokens_are_resident() {
    let world = World::new();
    let node = world.node();
    for _ in 0..20 {
        node.redeemed(node.redemption(&node.issue().refresh));
    }
    node.import("their-access", "their-refresh").unwrap();
    assert_eq!(node.engine.resident_count(), (20, 1));
    assert_eq!(world.node().engine.resident_count(), (20, 1));
    world.pass(ACCESS_TTL);
    wait(node.engine.maintain()).unwrap();
    assert_eq!(node.engine.resident_count(), (0, 0));
    assert_eq!(world.node().engine.resident_count(), (0, 0));
    assert_eq!(wait(world.store.statistics()).unwrap().families, 20);
}

#[test]
fn a_node_that_cannot_follow_issues_nothing_and_verifies_for_a_while() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    world.faults.set(Fault::Unreachable);
    assert!(wait(node.engine.follow()).is_err());
    assert!(wait(node.engine.issue(node.password())).is_ok(), "for a second it may be the network");
    world.pass(Duration::from_millis(1001));
    assert_unavailable(wait(node.engine.issue(node.password())), &STALE);
    assert_unavailable(wait(node.engine.issue_code(node.code_request())), &STALE);
    assert!(matches!(
        node.redeem(node.redemption(&pair.refresh)),
        Err(dormouse_engine::Error::Unavailable(_))
    ));
    assert_eq!(node.verify(&pair.access).unwrap().freshness, Freshness::Stale);
    assert_eq!(node.engine.stale_answers(), 1);
    world.pass(Duration::from_millis(58_999));
    assert_eq!(node.verify(&pair.access).unwrap().freshness, Freshness::Stale);
    world.pass(Duration::from_millis(1));
    assert_unavailable(node.verify(&pair.access), &STALE);
    assert_unavailable(node.verify("rubbish"), &STALE);
    world.faults.set(Fault::None);
    world.pass(Duration::from_millis(100));
    assert_eq!(node.verify(&pair.access).unwrap().freshness, Freshness::Fresh);
    node.issue();
}

#[test]
fn a_stale_node_catches_up_before_it_answers() {
    let world = World::new();
    let (node, other) = (world.node(), world.node());
    let pair = node.issue();
    wait(other.engine.set_status(&pair.access, Kind::Access, true, StatusChange::Revoke)).unwrap();
    node.lives(&pair.access);
    world.pass(Duration::from_millis(1001));
    node.is_dead(&pair.access, Refusal::NotApproved(Reason::Token));
}

#[test]
fn a_strict_node_never_answers_from_memory() {
    let world = World::new();
    let node = world.node_with(Settings { stale_max: Duration::ZERO, ..Settings::default() });
    let pair = node.issue();
    world.faults.set(Fault::Unreachable);
    world.pass(Duration::from_secs(1));
    node.lives(&pair.access);
    world.pass(Duration::from_millis(1));
    assert_unavailable(node.verify(&pair.access), &STALE);
}

#[test]
fn two_readers_of_the_feed_do_not_undo_each_other() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    world.write(&[(Collection::Credentials, "web", Some("web-app".into()))]);
    let engine = Arc::clone(&node.engine);
    let writer = Arc::new(World::clone_of(&world));
    world.faults.interrupt(Moment::Polled, move || {
        // Between the poll and its application the key is revoked, and another reader has taken that in.
        writer.write(&[(Collection::Credentials, "web", Some("web-app!revoked".into()))]);
        wait(engine.follow()).unwrap();
    });
    node.follow();
    let revoked = Refusal::Client(Unusable::KeyNotApproved(dormouse_entity::KeyStatus::Revoked));
    node.is_dead(&pair.access, revoked);
}

#[test]
fn an_import_that_was_removed_meanwhile_stays_away() {
    let world = World::new();
    let (node, other) = (world.node(), world.node());
    other.import("their-access", "their-refresh").unwrap();
    let engine = Arc::clone(&node.engine);
    let redeemer = world.node();
    world.faults.interrupt(Moment::Polled, move || {
        redeemer.redeemed(redeemer.native("their-refresh"));
        wait(engine.follow()).unwrap();
    });
    node.follow();
    node.is_dead("their-access", Refusal::Unknown);
}

#[test]
fn what_a_node_committed_itself_is_not_undone_by_what_it_had_polled_before() {
    let world = World::new();
    let (node, other) = (world.node(), world.node());
    other.import("their-access", "their-refresh").unwrap();
    let (redeemer, engine) = (world.node(), Arc::clone(&node.engine));
    world.faults.interrupt(Moment::Polled, move || {
        // No follower comes in between: the node's own redemption removes the row, at the native endpoint alone.
        wait(engine.redeem(redeemer.native("their-refresh"))).unwrap();
    });
    node.follow();
    node.is_dead("their-access", Refusal::Unknown);
}

#[test]
fn a_node_that_must_load_again_forgets_what_was_removed() {
    let world = World::new();
    let node = world.node();
    let other = world.node();
    let pair = node.issue();
    other.import("their-access", "their-refresh").unwrap();
    node.follow();
    node.lives("their-access");
    world.write(&[(Collection::Products, "silver", None)]);
    other.redeemed(other.native("their-refresh"));
    // More changes than the feed keeps.
    let touched = other.issue();
    for _ in 0..17_000 {
        for change in [StatusChange::Revoke, StatusChange::Approve] {
            wait(other.engine.set_status(&touched.access, Kind::Access, true, change)).unwrap();
        }
    }
    node.follow();
    assert!(node.engine.directory().product("silver").is_none());
    assert!(node.engine.directory().product("gold").is_some());
    node.is_dead("their-access", Refusal::Unknown);
    node.lives(&pair.access);
    assert!(!node.engine.is_rolled_back());
}

#[test]
fn a_token_of_a_later_generation_proves_a_lost_store() {
    for kind in [Kind::Refresh, Kind::Access] {
        let world = World::new();
        let node = world.node();
        let pair = node.issue();
        let next = node.redeemed(node.redemption(&pair.refresh));
        world.lose_the_store();
        let fresh = world.node();
        let token = if kind == Kind::Refresh { &next.refresh } else { &next.access };
        assert_unavailable(fresh.look_up(token, kind), &Unavailable::RolledBack);
        assert!(fresh.engine.is_rolled_back());
        assert_unavailable(wait(fresh.engine.issue(fresh.password())), &Unavailable::RolledBack);
        assert_unavailable(fresh.redeem(fresh.redemption(&next.refresh)), &Unavailable::RolledBack);
    }
}

#[test]
fn a_token_that_has_seen_more_than_there_is_proves_a_lost_store() {
    let world = World::new();
    let node = world.node();
    node.cut_off(Target::User("bob".into()), Reach::Both);
    let pair = node.issue();
    world.lose_the_store();
    let fresh = world.node();
    assert_unavailable(fresh.redeem(fresh.redemption(&pair.refresh)), &Unavailable::RolledBack);
    assert!(fresh.engine.is_rolled_back());
}

#[test]
fn a_running_node_notices_that_the_store_forgot_a_cut_off() {
    let world = World::new();
    let node = world.node();
    node.cut_off(Target::User("bob".into()), Reach::Both);
    let pair = node.issue();
    world.lose_the_store();
    assert_unavailable(node.redeem(node.redemption(&pair.refresh)), &Unavailable::RolledBack);
    assert!(node.engine.is_rolled_back());

    let world = World::new();
    let node = world.node();
    node.cut_off(Target::User("bob".into()), Reach::Both);
    world.lose_the_store();
    assert_unavailable(wait(node.engine.follow()), &Unavailable::RolledBack);
    assert!(node.engine.is_rolled_back());
}

#[test]
fn after_the_end_of_the_family_an_absent_record_proves_nothing() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    let next = node.redeemed(node.redemption(&pair.refresh));
    for _ in 0..(24 * 33) {
        world.pass(Duration::from_hours(1));
        wait(node.engine.maintain()).unwrap();
    }
    assert_eq!(wait(world.store.statistics()).unwrap().families, 0);
    let known = node.look_up(&next.refresh, Kind::Refresh).unwrap();
    assert!(known.expired && known.status == Ok(()));
    node.is_not_redeemed(&next.refresh, Refusal::Expired);
    assert!(!node.engine.is_rolled_back());
}

#[test]
fn tokens_from_before_a_restoration_that_kept_them_raise_no_alarm() {
    let world = World::new();
    let node = world.node();
    let claims = node.issue().issued.refresh.unwrap().claims;
    // The counter stands where only a restoration puts it.
    world.faults.raise_cut_offs(1 << 32);
    let node = world.node();
    let since = node.issue().issued.refresh.unwrap().claims;
    assert_eq!(since.seen, 1 << 32);
    let seal = |claims: Claims, generation| {
        let ahead = Claims { generation, ..claims };
        world.stolen_ring().seal(&ahead, world.stolen_ring().key_id(NOW), world.entropy()).unwrap()
    };
    node.is_not_redeemed(&seal(claims, 3), Refusal::Unknown);
    assert!(!node.engine.is_rolled_back());
    let since = seal(since, 3);
    assert_unavailable(node.redeem(node.redemption(&since)), &Unavailable::RolledBack);
}

#[test]
fn edited_attributes_are_read_again_after_each_edit() {
    let world = World::new();
    let (node, other) = (world.node(), world.node());
    let pair = node.issue_native(Rotation::Rotate);
    for step in ["1", "2", "3"] {
        wait(node.engine.edit(&pair.access, &attributes(&[("step", step)]))).unwrap();
        other.follow();
        for node in [&node, &other] {
            assert_eq!(node.verify(&pair.access).unwrap().attributes.value("step"), Some(step));
        }
    }
    world.faults.set(Fault::Unreachable);
    assert_eq!(node.verify(&pair.access).unwrap().attributes.value("step"), Some("3"), "from the cache");
    world.faults.set(Fault::None);
    let missing = other.issue();
    assert_refused(node.look_up(&missing.refresh[..40], Kind::Refresh), Refusal::Unknown);
}

#[test]
fn an_entity_that_cannot_be_read_costs_itself_alone() {
    let world = World::new();
    let node = world.node();
    world.write(&[(Collection::Apps, "damaged", Some("no app".to_owned()))]);
    node.follow();
    node.lives(&node.issue().access);
    world.node().lives(&node.issue().access);
}
