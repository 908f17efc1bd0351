//! What the audit counts, and when (TOKENS §8).

use crate::support::{NATIVE, NOW, World, assert_refused, wait};
use dormouse_engine::{IssueRequest, RedeemRequest, Refusal, Supersession};
use dormouse_token::{Age, Clock as _, CountedEvent, CounterKey, Deadline, Grant, Kind, Rotation};
use std::time::Duration;

#[test]
fn every_event_is_counted_once() {
    let world = World::new();
    let node = world.node();
    let flush = || wait(node.engine.flush_counts()).unwrap();
    let pair = node.issue_native(Rotation::Rotate);
    node.issue_of(IssueRequest { grant: Grant::ClientCredentials, ..node.password() });
    node.issue_of(IssueRequest { refresh_ttl: None, ..node.password() });
    let code = node.code();
    wait(node.engine.exchange_code(node.exchange(&code.text))).unwrap();
    flush();
    flush();
    assert_eq!(world.counted(CountedEvent::Issued), 2);

    let first = node.redeemed(node.native(&pair.refresh));
    assert_eq!(world.counted(CountedEvent::FirstRedeemed(Age::Hour)), 1, "with the redemption's commit");
    node.redeemed(node.native(&pair.refresh));
    let second = node.redeemed(node.native(&first.refresh));
    assert_eq!(world.counted(CountedEvent::RedeemedAgain), 1);
    flush();
    assert_eq!(world.counted(CountedEvent::Grace), 1);
    world.pass(Duration::from_mins(2));
    node.look_up(&second.refresh, Kind::Refresh).unwrap();
    node.look_up(&second.access, Kind::Access).unwrap();
    let replayed = node.redeem(node.native(&first.refresh));
    assert_refused(replayed, Refusal::Superseded(Supersession::FamilyRevoked));
    flush();
    assert_eq!(world.counted(CountedEvent::LookedUp), 1);
    assert_eq!(world.counted(CountedEvent::Replayed), 1);

    node.import("their-access", "their-refresh").unwrap();
    node.import("their-access", "their-refresh").unwrap();
    flush();
    assert_eq!(world.counted(CountedEvent::Imported), 1);
    assert_eq!(world.counted(CountedEvent::Issued), 2);
    node.redeemed(node.redemption("their-refresh"));
    assert_eq!(world.counted(CountedEvent::FirstRedeemed(Age::Hour)), 2);
}

#[test]
fn the_first_redemption_credits_the_day_of_issue_with_its_age() {
    for (age, expected) in [
        (Duration::from_mins(10), Age::Hour),
        (Duration::from_hours(5), Age::Day),
        (Duration::from_hours(50), Age::Week),
        (Duration::from_hours(24 * 20), Age::Month),
        (Duration::from_hours(24 * 40), Age::Older),
    ] {
        let world = World::new();
        let node = world.node();
        let ttl = Duration::from_hours(24 * 50);
        let pair = node.issue_of(IssueRequest { refresh_ttl: Some(ttl), ..node.password() });
        world.pass(age);
        node.redeemed(RedeemRequest { rotation: Rotation::Reuse, ..node.redemption(&pair.refresh) });
        node.redeemed(node.redemption(&pair.refresh));
        assert_eq!(world.counted(CountedEvent::FirstRedeemed(expected)), 1);
        assert_eq!(world.counted(CountedEvent::RedeemedAgain), 1);
        let counters = wait(world.store.counters()).unwrap();
        assert!(counters.iter().all(|(key, _)| key.day == NOW.day() && &*key.client == "web"));
    }
}

/// Refresh tokens that could be redeemed now and never were.
#[track_caller]
fn check_dormant(world: &World, expected: u64) {
    let now = world.clock.now();
    let total = |wanted: fn(Deadline) -> CountedEvent| -> u64 {
        let counters = wait(world.store.counters()).unwrap();
        let of = |(key, count): (CounterKey, u64)| {
            let deadline = key.event.deadline().filter(|it| it.instant() > now && key.event == wanted(*it));
            deadline.map(|_| count)
        };
        counters.into_iter().filter_map(of).sum()
    };
    assert_eq!(total(CountedEvent::SleepsUntil) - total(CountedEvent::Woke), expected);
}

#[test]
fn dormant_tokens_are_counted_until_they_expire() {
    let world = World::new();
    let node = world.node();
    let issue = |ttl| node.issue_of(IssueRequest { refresh_ttl: Some(ttl), ..node.password() });
    let [_, redeemed, _] = [(); 3].map(|()| issue(Duration::from_hours(24 * 10)));
    issue(Duration::from_secs(2));
    wait(node.engine.flush_counts()).unwrap();
    check_dormant(&world, 4);
    node.redeemed(node.redemption(&redeemed.refresh));
    check_dormant(&world, 3);
    world.pass(Duration::from_secs(3));
    check_dormant(&world, 2);
    world.pass(Duration::from_hours(24 * 9));
    check_dormant(&world, 2);
    world.pass(Duration::from_hours(25));
    check_dormant(&world, 0);
    wait(node.engine.maintain()).unwrap();
    world.pass(Duration::from_mins(1));
    wait(node.engine.maintain()).unwrap();
    let counters = wait(world.store.counters()).unwrap();
    assert!(
        counters.iter().all(|(key, _)| key.event.deadline().is_none()),
        "nothing is kept of what has passed"
    );
    assert_eq!(world.counted(CountedEvent::Issued), 4);
}

#[test]
fn an_import_sleeps_as_long_as_it_was_imported_for_last() {
    let world = World::new();
    let node = world.node();
    node.import("their-access", "their-refresh").unwrap();
    wait(node.engine.flush_counts()).unwrap();
    check_dormant(&world, 1);
    world.pass(Duration::from_hours(24));
    node.import("their-access", "their-refresh").unwrap();
    wait(node.engine.flush_counts()).unwrap();
    check_dormant(&world, 1);
    assert_eq!(world.counted(CountedEvent::Imported), 1);
    node.redeemed(node.redemption("their-refresh"));
    check_dormant(&world, 0);
}

#[test]
fn look_ups_of_dormant_tokens_are_told_apart() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    node.look_up(&pair.refresh, Kind::Refresh).unwrap();
    let next = node.redeemed(node.redemption(&pair.refresh));
    node.look_up(&next.refresh, Kind::Refresh).unwrap();
    wait(node.engine.flush_counts()).unwrap();
    assert_eq!(world.counted(CountedEvent::LookedUp), 2);
    assert_eq!(world.counted(CountedEvent::LookedUpDormant), 1);
}

#[test]
fn native_reuse_counts_what_it_does_not_write() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue_native(Rotation::Reuse);
    for _ in 0..5 {
        world.pass(Duration::from_mins(1));
        node.redeemed(RedeemRequest { redeemer: NATIVE, ..node.reuse(&pair.refresh) });
    }
    wait(node.engine.flush_counts()).unwrap();
    assert_eq!(world.counted(CountedEvent::FirstRedeemed(Age::Hour)), 1);
    assert_eq!(world.counted(CountedEvent::RedeemedAgain), 4);
}

#[test]
fn counts_wait_for_a_store_that_does_not_answer() {
    let world = World::new();
    let node = world.node();
    node.issue();
    world.faults.set(crate::faulty::Fault::Unreachable);
    assert!(wait(node.engine.flush_counts()).is_err());
    world.faults.set(crate::faulty::Fault::None);
    node.issue();
    wait(node.engine.flush_counts()).unwrap();
    assert_eq!(world.counted(CountedEvent::Issued), 2);
}
