//! What a burned root leaves behind in the store: nothing that it opens, and everything that was there (TOKENS §1 "wrapping
//! key"), whatever comes in between.

use crate::faulty::{Fault, Moment};
use crate::support::{Node, World, assert_refused, assert_unavailable, wait};
use dormouse_engine::{MapName, Refusal, Settings, StartError, StatusChange, Unavailable};
use dormouse_entity::MapScope;
use dormouse_store::SyncFault;
use dormouse_token::{Collection, Kind, Root, Secret};
use std::sync::Arc;

const MAP: MapName<'static> = MapName { scope: &MapScope::Environment, name: "m" };

/// A node under the second root, as after `store rotate-root` and a start.
fn rotated(world: &World) -> Result<Node, StartError> {
    let roots: &[&Root] = &[&world.root, &world.retired];
    wait(world.start_under((roots, world.retired.id()), Settings::default())).map(Node::of)
}

/// A node whose key file names the second root alone.
fn without_burned(world: &World) -> Result<Node, StartError> {
    wait(world.start_under((&[&world.retired], world.retired.id()), Settings::default())).map(Node::of)
}

fn put(node: &Node, key: &str, value: &str) {
    assert_eq!(wait(node.engine.put_key_value(MAP, key, &Secret::new(value), true)), Ok(true));
}

#[track_caller]
fn holds(node: &Node, key: &str, value: &str) {
    let read = wait(node.engine.key_value(MAP, key)).expect("the store answers").expect("there is an entry");
    assert_eq!(read.expose(), value);
}

/// Every client still proves itself, and every value is still read.
#[track_caller]
fn is_whole(node: &Node) {
    for client in ["web", "other"] {
        node.client(client);
    }
    holds(node, "a", "value of a");
    holds(node, "b", "");
}

fn fill(node: &Node) {
    put(node, "a", "value of a");
    put(node, "b", "");
}

/// How many keys whoever holds the root and the bytes can open.
fn opened_by_thief(world: &World, root: &Root, bytes: &[u8]) -> usize {
    let ring = world.ring_sealing(root.clone());
    let is_key = |place: &[u8]| place.starts_with(&root.id().0) && ring.unwrap(place).is_ok();
    bytes.windows(8 + 12 + 32 + 16).filter(|place| is_key(place)).count()
}

fn key_names(world: &World) -> Vec<String> {
    let documents = wait(world.store.documents(Collection::Keys)).expect("the store answers");
    documents.into_iter().map(|(key, _)| key.name.into()).collect()
}

#[test]
fn after_a_burn_the_root_is_needed_no_more() {
    let world = World::new();
    fill(&world.node());
    let node = rotated(&world).expect("both roots open");
    let running = rotated(&world).expect("both roots open");
    assert!(without_burned(&world).is_err_and(|error| error == StartError::ForeignKeys));
    wait(node.engine.burn_root(world.root.id())).expect("it is burned");
    is_whole(&node);
    put(&node, "c", "new");
    for node in [&running, &without_burned(&world).expect("the store starts without the burned root")] {
        is_whole(node);
        holds(node, "c", "new");
        put(node, "c", "new");
        node.lives(&node.issue().access);
    }
    assert_eq!(key_names(&world), ["digest/1", "look-up/1", "wrapping/2"]);
    wait(node.engine.burn_root(world.root.id())).expect("burning it again does no harm");
    assert_eq!(key_names(&world), ["digest/1", "look-up/1", "wrapping/2"]);
}

#[test]
fn a_root_that_sealed_nothing_of_the_store_changes_nothing_in_it() {
    let world = World::new();
    let node = world.node();
    let before = crate::provision::everything(&world);
    wait(node.engine.burn_root(world.retired.id())).expect("it is burned");
    assert_eq!(crate::provision::everything(&world), before);
}

#[test]
fn imported_strings_are_found_and_refused_as_before() {
    let world = World::new();
    let old = world.node();
    old.import("revoked-access", "revoked-refresh").expect("it is imported");
    wait(old.engine.set_status("revoked-access", Kind::Access, true, StatusChange::Revoke)).expect("revoked");
    let node = rotated(&world).expect("both roots open");
    node.import("live-access", "live-refresh").expect("it is imported");
    wait(node.engine.burn_root(world.root.id())).expect("it is burned");
    let after = without_burned(&world).expect("the store starts");
    for node in [&node, &after] {
        node.lives("live-access");
        node.is_dead("revoked-access", Refusal::Unknown);
        assert_refused(node.import("revoked-access", "fresh-refresh"), Refusal::ImportRefused);
    }
    after.redeemed(after.redemption("live-refresh"));
}

#[test]
fn whoever_has_the_root_and_the_stolen_disk_opens_nothing() {
    let world = World::on_disk(1);
    fill(&world.node());
    let node = rotated(&world).expect("both roots open");
    assert!(
        opened_by_thief(&world, &world.root, &world.disk().content()) >= 3,
        "the thief knows where to look"
    );
    wait(node.engine.burn_root(world.root.id())).expect("it is burned");
    let content = world.disk().content();
    assert_eq!(opened_by_thief(&world, &world.root, &content), 0);
    assert!(opened_by_thief(&world, &world.retired, &content) >= 3);
    is_whole(&without_burned(&world).expect("the store starts"));
}

#[test]
fn a_crash_at_any_sync_leaves_everything_openable() {
    let mut interrupted = 0;
    for (crash, fault) in (0..14).flat_map(|crash| [(crash, SyncFault::Lost), (crash, SyncFault::Applied)]) {
        let world = World::on_disk(crash);
        fill(&world.node());
        let node = rotated(&world).expect("both roots open");
        world.disk().fail_sync_after(crash, fault);
        interrupted += u32::from(wait(node.engine.burn_root(world.root.id())).is_err());
        world.lose_power();
        let again = rotated(&world).expect("both roots open whatever the crash has left");
        is_whole(&again);
        wait(again.engine.burn_root(world.root.id())).expect("it is burned");
        is_whole(&again);
        let last = without_burned(&world).expect("the store starts without the burned root");
        is_whole(&last);
        assert_eq!(opened_by_thief(&world, &world.root, &world.disk().content()), 0, "{crash} {fault:?}");
    }
    assert!(interrupted >= 10, "crashes came in between: {interrupted}");
}

#[test]
fn a_start_finishes_what_a_crash_interrupted() {
    for writes in 1..4 {
        let world = World::new();
        fill(&world.node());
        let node = rotated(&world).expect("both roots open");
        // The writes before are done, and then nothing is reached any more.
        fail_after(&world, writes);
        assert!(wait(node.engine.burn_root(world.root.id())).is_err(), "{writes}");
        world.faults.set(Fault::None);
        is_whole(&node);
        let _ = rotated(&world).expect("both roots open");
        is_whole(&without_burned(&world).expect("the start before has done the rest"));
    }
}

/// Cuts the store off before the write of that number.
fn fail_after(world: &World, writes: u32) {
    let faults = Arc::clone(&world.faults);
    let again = World::clone_of(world);
    world.faults.interrupt(Moment::Write, move || {
        if writes <= 1 { faults.set(Fault::Unreachable) } else { fail_after(&again, writes - 1) }
    });
}

#[test]
fn an_unknown_outcome_of_any_write_is_no_loss() {
    for fault in [Fault::Applied(1), Fault::Lost(1), Fault::Applied(4), Fault::Lost(4)] {
        let world = World::new();
        fill(&world.node());
        let node = rotated(&world).expect("both roots open");
        world.faults.set(fault);
        wait(node.engine.burn_root(world.root.id())).expect("it is burned");
        is_whole(&node);
        is_whole(&without_burned(&world).expect("the store starts"));
    }
}

#[test]
fn a_node_that_has_not_heard_of_it_writes_nothing_under_the_old_key() {
    let world = World::new();
    fill(&world.node());
    let node = rotated(&world).expect("both roots open");
    let late = rotated(&world).expect("both roots open");
    let burned = world.root.id();
    // The keys are renewed between the sealing of the value and its write.
    world.faults.interrupt(Moment::Write, move || {
        wait(node.engine.burn_root(burned)).expect("it is burned");
    });
    put(&late, "a", "value of a");
    is_whole(&late);
    is_whole(&without_burned(&world).expect("the store starts without the burned root"));
}

#[test]
fn a_node_without_the_root_that_seals_now_writes_nothing_that_it_could_lose() {
    let world = World::new();
    fill(&world.node());
    let third = Root::new([3; 32]);
    let roots: &[&Root] = &[&world.root, &third];
    let newest = wait(world.start_under((roots, third.id()), Settings::default())).expect("both roots open");
    let lost = rotated(&world).expect("both roots open");
    wait(newest.burn_root(world.root.id())).expect("it is burned");
    let put = wait(lost.engine.put_key_value(MAP, "a", &Secret::new("lost"), true));
    assert_unavailable(put, &Unavailable::Contended);
    let alone = wait(world.start_under((&[&third], third.id()), Settings::default())).map(Node::of);
    is_whole(&alone.expect("the last root alone opens everything"));
}

#[test]
fn a_burned_root_does_not_seal() {
    let world = World::new();
    let old = world.node();
    let node = rotated(&world).expect("both roots open");
    wait(node.engine.burn_root(world.root.id())).expect("it is burned");
    old.follow();
    assert_unavailable(wait(old.engine.issue(old.password())), &Unavailable::KeyBurned);
    let roots: &[&Root] = &[&world.root, &world.retired];
    let start = wait(world.start_under((roots, world.root.id()), Settings::default()));
    assert_eq!(start.err(), Some(StartError::SealingRootBurned(world.root.id())));
}
