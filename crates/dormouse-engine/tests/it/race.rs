//! Threads on one node and on two nodes of one store: one new generation for each token, and nothing alive after an
//! acknowledged end (DESIGN §2, promises 3 and 4).

use crate::support::{NATIVE, Node, Pair, World, wait};
use dormouse_engine::StatusChange::Revoke;
use dormouse_engine::{Error, RedeemRequest, Redeemed, Refusal, Supersession};
use dormouse_token::{CountedEvent, FrontEnd, Kind, Reach, Redeemer, Rotation, Target, Timestamp};
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

/// Runs `deed` on so many threads at once, dealt to the nodes in turn.
fn at_once<T: Send>(nodes: &[Node], threads: usize, deed: impl Fn(&Node, usize) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(threads);
    let (barrier, deed) = (&barrier, &deed);
    thread::scope(|scope| {
        let run = |number: usize| {
            let node = &nodes[number % nodes.len()];
            scope.spawn(move || {
                barrier.wait();
                deed(node, number)
            })
        };
        let running: Vec<_> = (0..threads).map(run).collect();
        running.into_iter().map(|thread| thread.join().expect("no thread panics")).collect()
    })
}

/// Fifty redemptions of each of several tokens; how each answer must look besides those that are repeated.
fn check(nodes: &[Node], (redeemer, rotation): (Redeemer, Rotation), loser: Option<&Refusal>) {
    let mut refresh = nodes[0].issue().refresh;
    for round in 1..=ROUNDS {
        let token = refresh.clone();
        let redeem =
            |node: &Node, _| node.redeem(RedeemRequest { redeemer, rotation, ..node.redemption(&token) });
        let answers = at_once(nodes, 50, redeem);
        let won: Vec<&Redeemed> = answers.iter().flatten().filter(|redeemed| !redeemed.repeated).collect();
        assert_eq!(won.len(), 1, "{rotation:?}: one new generation");
        for answer in &answers {
            match answer {
                Ok(won) => assert_eq!(won.refresh_count, round),
                Err(Error::Refused(refusal)) => assert_eq!(Some(refusal), loser),
                Err(error) => panic!("{error}"),
            }
        }
        nodes.iter().for_each(Node::follow);
        for (node, redeemed) in
            nodes.iter().flat_map(|node| answers.iter().flatten().map(move |it| (node, it)))
        {
            node.lives(&redeemed.issued.access.text);
        }
        refresh = Pair::of(won[0].issued.clone()).refresh;
    }
}

#[test]
fn one_token_redeemed_by_many_makes_one_generation() {
    for (world, nodes_count) in [(World::new(), 1), (World::new(), 2), (World::on_disk(1), 2)] {
        let nodes: Vec<_> = (0..nodes_count).map(|_| world.node()).collect();
        for redeemer in [Redeemer::Bundle, NATIVE] {
            let refused = Refusal::Superseded(Supersession::Refused);
            check(&nodes, (redeemer, Rotation::Apigee), Some(&refused));
            let race = Refusal::Superseded(Supersession::Race);
            check(&nodes, (redeemer, Rotation::Strict), Some(&race));
            check(&nodes, (redeemer, Rotation::Rotate), None);
        }
        let first = world.counted(CountedEvent::FirstRedeemed(dormouse_token::Age::Hour));
        let again = world.counted(CountedEvent::RedeemedAgain);
        assert_eq!((first, first + again), (6, 6 * u64::from(ROUNDS)), "losers are not counted");
    }
}

#[test]
fn an_answer_is_repeated_a_hundred_times_however_many_ask_at_once() {
    let world = World::new();
    let nodes = [world.node()];
    let pair = nodes[0].issue();
    let request = |node: &Node| {
        node.redeem(RedeemRequest { rotation: Rotation::Rotate, ..node.redemption(&pair.refresh) })
    };
    request(&nodes[0]).expect("the first redemption succeeds");
    let answers = at_once(&nodes, 24, |node, _| (0..10).filter(|_| request(node).is_ok()).count());
    assert_eq!(answers.iter().sum::<usize>(), 100);
}

#[test]
fn reuse_gives_every_caller_an_access_token_and_the_last_one_lives() {
    let world = World::new();
    let nodes = [world.node(), world.node()];
    let pair = nodes[0].issue();
    let answers = at_once(&nodes, 20, |node, _| node.redeemed(node.reuse(&pair.refresh)));
    let mut generations: Vec<_> = answers.iter().map(|it| it.issued.access.claims.generation).collect();
    generations.sort_unstable();
    assert_eq!(generations, (1..=20).collect::<Vec<_>>());
    nodes.iter().for_each(Node::follow);
    for node in &nodes {
        let living = answers.iter().filter(|it| node.verify(&it.access).is_ok()).count();
        assert_eq!(living, 1);
    }
}

/// Redeems while `end` ends the family; afterwards nothing of it may live or be redeemed.
fn nothing_survives(end: impl Fn(&Node, &Pair) + Sync) {
    let world = World::new();
    let nodes = [world.node(), world.node()];
    for round in 0..60 {
        let front_end = if round % 2 == 0 { FrontEnd::Bundle } else { FrontEnd::Native(Rotation::Rotate) };
        let pair = nodes[0].issue_of(dormouse_engine::IssueRequest { front_end, ..nodes[0].password() });
        world.pass(Duration::from_millis(1));
        let redeemed = at_once(&nodes, 4, |node, number| {
            if number == round % 4 {
                end(node, &pair);
                return None;
            }
            node.redeem(node.redemption(&pair.refresh)).ok().map(|redeemed| Pair::of(redeemed.issued))
        });
        nodes.iter().for_each(Node::follow);
        for node in &nodes {
            for next in redeemed.iter().flatten().chain([&pair]) {
                assert!(node.verify(&next.access).is_err(), "round {round}: an access token lives");
                assert!(node.redeem(node.redemption(&next.refresh)).is_err(), "round {round}: redeemed");
            }
        }
    }
}

#[test]
fn nothing_survives_an_acknowledged_cut_off() {
    nothing_survives(|node, _| drop(node.cut_off(Target::User("ann".into()), Reach::Both)));
    nothing_survives(|node, _| drop(node.cut_off(Target::App("web-app".into()), Reach::Both)));
}

#[test]
fn nothing_of_what_it_is_newer_than_survives_a_cut_off_by_time() {
    let world = World::new();
    let nodes = [world.node(), world.node()];
    for _ in 0..60 {
        let pair = nodes[0].issue();
        world.pass(Duration::from_millis(1));
        let redeemed = at_once(&nodes, 4, |node, number| {
            if number == 0 {
                // The cut-off is later than every read that was made before it.
                world.pass(Duration::from_millis(1));
                node.cut_off_before(Target::Client("web".into()), Reach::Both, Some(Timestamp::MAX));
                return None;
            }
            node.redeem(node.redemption(&pair.refresh)).ok().map(|redeemed| Pair::of(redeemed.issued))
        });
        nodes.iter().for_each(Node::follow);
        let cut = wait(nodes[0].engine.store().head()).expect("the store answers").cut_off;
        for next in redeemed.iter().flatten() {
            // One that read in the very millisecond of the cut-off was not issued before it.
            let claims = &next.issued.access.claims;
            let before = claims.issued_at < nodes[0].engine.now();
            assert_eq!(nodes[1].verify(&next.access).is_err(), before, "of {cut}: {claims:?}");
        }
        for node in &nodes {
            assert!(
                node.verify(&pair.access).is_err() && node.redeem(node.redemption(&pair.refresh)).is_err()
            );
        }
    }
}

#[test]
fn nothing_survives_an_acknowledged_deletion_or_revocation_of_the_living_pair() {
    // Whoever revokes retries with the newest token, as the refresh token may have been superseded meanwhile.
    let world = World::new();
    let nodes = [world.node(), world.node()];
    for round in 0..60 {
        let pair = nodes[0].issue();
        let redeemed = at_once(&nodes, 4, |node, number| {
            if number == round % 4 {
                if round % 2 == 0 {
                    wait(node.engine.set_status(&pair.refresh, Kind::Refresh, true, Revoke))
                        .expect("it is revoked");
                } else {
                    let _unknown_when_superseded = wait(node.engine.delete(&pair.access, Kind::Access));
                }
                return None;
            }
            node.redeem(node.redemption(&pair.refresh)).ok().map(|redeemed| Pair::of(redeemed.issued))
        });
        nodes.iter().for_each(Node::follow);
        let won: Vec<_> = redeemed.into_iter().flatten().collect();
        assert!(won.len() <= 1);
        let record = wait(nodes[0].engine.store().family(pair.issued.access.claims.family));
        let ended = record.expect("the store answers").expect("it was touched").refresh_gen == 0;
        assert_eq!(ended, won.is_empty(), "either the redemption came first, or the end did");
        for node in &nodes {
            assert!(node.verify(&pair.access).is_err());
            for next in &won {
                node.lives(&next.access);
            }
        }
    }
}

#[test]
fn a_code_that_many_exchange_gives_tokens_once() {
    let world = World::new();
    let nodes = [world.node(), world.node()];
    for _ in 0..40 {
        let code = nodes[0].code();
        let answers =
            at_once(&nodes, 8, |node, _| wait(node.engine.exchange_code(node.exchange(&code.text))));
        let won: Vec<_> = answers.iter().flatten().collect();
        assert_eq!(won.len(), 1);
        for node in &nodes {
            node.lives(&won[0].access.text);
        }
        let used = Error::Refused(Refusal::Superseded(Supersession::Refused));
        assert!(answers.iter().filter_map(|answer| answer.as_ref().err()).all(|error| *error == used));
    }
}

#[test]
fn imports_of_one_string_agree_and_one_redemption_wins() {
    let world = World::new();
    let nodes = [world.node(), world.node()];
    for round in 0..30 {
        let (access, refresh) = (format!("access-{round}"), format!("refresh-{round}"));
        let imports = at_once(&nodes, 6, |node, _| node.import(&access, &refresh));
        let families: Vec<_> = imports.iter().flatten().map(|it| it.access.claims.family).collect();
        assert_eq!(families.len(), 6, "{imports:?}");
        assert!(families.iter().all(|family| *family == families[0]), "{families:?}");
        let answers = at_once(&nodes, 6, |node, _| node.redeem(node.redemption(&refresh)));
        assert_eq!(answers.iter().flatten().count(), 1);
        nodes.iter().for_each(Node::follow);
        assert!(nodes.iter().all(|node| node.verify(&access).is_err()));
    }
    assert_eq!(wait(world.store.statistics()).expect("the store answers").imports, 0);
}

const ROUNDS: u32 = 20;
