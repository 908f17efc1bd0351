//! Cut-offs of every target and reach, by number and by time (TOKENS §4).

use crate::support::{NOW, Node, Pair, World, app, assert_refused, assert_unavailable, wait};
use dormouse_engine::{IssueRequest, Refusal, Unavailable};
use dormouse_entity::Call;
use dormouse_token::{Collection, Reach, Reason, Target, Timestamp};
use std::time::Duration;

const CUT: Refusal = Refusal::NotApproved(Reason::EndUser);

fn targets() -> Vec<(Target, [bool; 4])> {
    // Whether it hits: ann at web, bob at web, ann at mobile, ann at other.
    vec![
        (Target::Client("web".into()), [true, true, false, false]),
        (Target::App("web-app".into()), [true, true, false, false]),
        (Target::User("ann".into()), [true, false, true, true]),
        (Target::AppUser { app: "web-app".into(), user: "ann".into() }, [true, false, false, false]),
        (Target::Developer("ada".into()), [true, true, true, false]),
        (Target::Organization, [true, true, true, true]),
        (Target::Client("nobody".into()), [false; 4]),
        (Target::App("ada".into()), [false; 4]),
        (Target::AppUser { app: "mobile-app".into(), user: "bob".into() }, [false; 4]),
    ]
}

fn four(node: &Node) -> [(String, Pair); 4] {
    let issue = |client: &str, user| {
        let authenticated = node.client(client);
        let request = IssueRequest { client: &authenticated, user: Some(user), ..node.password() };
        (client.to_owned(), node.issue_of(request))
    };
    [issue("web", "ann"), issue("web", "bob"), issue("mobile", "ann"), issue("other", "ann")]
}

#[test]
fn every_target_and_reach_by_number_and_by_time() {
    for (target, hits) in targets() {
        for reach in [Reach::Access, Reach::Both] {
            for before in [None, Some(Timestamp::MAX)] {
                let world = World::new();
                let (node, other) = (world.node(), world.node());
                let tokens = four(&node);
                world.pass(Duration::from_millis(1));
                node.cut_off_before(target.clone(), reach, before);
                other.follow();
                let restarted = world.node();
                for ((client, pair), hit) in tokens.iter().zip(hits) {
                    for node in [&node, &other, &restarted] {
                        assert_eq!(node.verify(&pair.access).is_err(), hit, "{target:?} {reach:?} {client}");
                    }
                    let authenticated = node.client(client);
                    let request = dormouse_engine::RedeemRequest {
                        client: &authenticated,
                        ..node.redemption(&pair.refresh)
                    };
                    let redeemed = node.redeem(request);
                    if hit && reach == Reach::Both {
                        assert_refused(redeemed, CUT);
                    } else {
                        node.lives(&redeemed.unwrap().issued.access.text);
                    }
                }
                for (_, pair) in four(&node) {
                    node.lives(&pair.access);
                }
            }
        }
    }
}

#[test]
fn a_login_right_after_a_cut_off_survives_on_the_node_that_took_it() {
    let world = World::new();
    let (node, stale) = (world.node(), world.node());
    let concurrent = stale.issue();
    node.cut_off(Target::User("ann".into()), Reach::Both);
    let login = node.issue();
    node.lives(&login.access);
    let on_stale = stale.issue();
    stale.follow();
    for pair in [&concurrent, &on_stale] {
        stale.is_dead(&pair.access, CUT);
        node.is_dead(&pair.access, CUT);
    }
    stale.lives(&login.access);
    let after = stale.issue();
    node.lives(&after.access);
    stale.redeemed(stale.redemption(&login.refresh));
}

#[test]
fn a_timestamp_kills_what_was_issued_before_it() {
    let world = World::new();
    let node = world.node();
    let early = node.issue();
    world.pass(Duration::from_secs(10));
    node.follow();
    let middle = node.issue();
    world.pass(Duration::from_secs(10));
    node.follow();
    let before = NOW.saturating_add(Duration::from_secs(10));
    let cut = node.cut_off_before(Target::App("web-app".into()), Reach::Both, Some(before));
    assert_eq!(cut.before, Some(before));
    node.is_dead(&early.access, CUT);
    node.lives(&middle.access);
    node.redeemed(node.redemption(&middle.refresh));
}

#[test]
fn a_timestamp_in_the_future_is_taken_as_now() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    world.pass(Duration::from_secs(1));
    let cut = node.cut_off_before(Target::Organization, Reach::Both, Some(Timestamp::MAX));
    assert_eq!(cut.before, Some(NOW.saturating_add(Duration::from_secs(1))));
    node.is_dead(&pair.access, CUT);
    let login = node.issue();
    assert!(Some(login.issued.access.claims.issued_at) > cut.before);
    node.lives(&login.access);
}

#[test]
fn nothing_is_issued_far_ahead_of_the_clock() {
    let world = World::new();
    let node = world.node();
    world.clock.jump_to(NOW.saturating_add(Duration::from_mins(4)));
    node.cut_off_before(Target::User("ann".into()), Reach::Both, Some(Timestamp::MAX));
    world.clock.jump_to(NOW);
    let ahead = node.issue();
    assert_eq!(ahead.issued.access.claims.issued_at, NOW.saturating_add(Duration::from_millis(240_001)));
    node.lives(&ahead.access);
    world.clock.jump_to(NOW.saturating_add(Duration::from_mins(9)));
    node.cut_off_before(Target::User("ann".into()), Reach::Both, Some(Timestamp::MAX));
    world.clock.jump_to(NOW);
    assert_unavailable(wait(node.engine.issue(node.password())), &Unavailable::CutOffAhead);
    node.issue_of(IssueRequest { user: Some("bob"), ..node.password() });
}

#[test]
fn a_product_that_was_cut_off_covers_nothing_for_older_tokens() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    let call = Call { environment: "test", proxy: "orders", verb: "GET", path: "/" };
    let product = |token: &str| {
        let verified = wait(node.engine.verify(token, Some(&call)));
        verified.map(|verified| verified.product.unwrap().name.as_str().to_owned())
    };
    node.cut_off(Target::Product("gold".into()), Reach::Both);
    assert_eq!(product(&pair.access), Ok("silver".into()));
    node.lives(&pair.access);
    node.is_not_redeemed(&pair.refresh, Refusal::NotApproved(Reason::Administration));
    let later = node.issue();
    assert_eq!(product(&later.access), Ok("gold".into()));
    node.redeemed(node.redemption(&later.refresh));
    node.cut_off(Target::Product("silver".into()), Reach::Access);
    assert_refused(product(&pair.access), Refusal::NoProductMatch);
    let last = node.issue();
    assert_eq!(product(&last.access), Ok("gold".into()));
}

#[test]
fn cut_offs_of_one_target_replace_what_they_include() {
    let world = World::new();
    let node = world.node();
    let rows = || wait(world.store.statistics()).unwrap().cut_offs;
    let user = || Target::User("ann".into());
    node.cut_off(user(), Reach::Access);
    node.cut_off(user(), Reach::Access);
    assert_eq!(rows(), 1);
    node.cut_off(user(), Reach::Both);
    assert_eq!(rows(), 1);
    node.cut_off(user(), Reach::Access);
    assert_eq!(rows(), 2, "it kills later access tokens");
    node.cut_off_before(user(), Reach::Both, Some(NOW));
    assert_eq!(rows(), 3, "a time is of another kind");
    node.cut_off_before(user(), Reach::Both, Some(NOW.saturating_sub(Duration::from_secs(1))));
    assert_eq!(rows(), 4, "the later of times counts, so that the earlier one replaces nothing");
    node.cut_off(Target::User("bob".into()), Reach::Both);
    assert_eq!(rows(), 5);
}

#[test]
fn an_apps_cut_off_reaches_every_key_and_follows_the_app() {
    let world = World::new();
    let node = world.node();
    world.write(&[(Collection::Credentials, "web2", Some("web-app".into()))]);
    node.follow();
    let web2 = node.client("web2");
    let pair = node.issue_of(IssueRequest { client: &web2, ..node.password() });
    node.cut_off(Target::App("web-app".into()), Reach::Both);
    node.is_dead(&pair.access, CUT);
    world.write(&[(Collection::Apps, "mobile-app", Some(app("mobile-app", "bob", "")))]);
    node.follow();
    let mobile = node.client("mobile");
    let pair = node.issue_of(IssueRequest { client: &mobile, ..node.password() });
    node.cut_off(Target::Developer("bob".into()), Reach::Both);
    node.is_dead(&pair.access, CUT);
}

#[test]
fn a_cut_off_is_kept_as_long_as_anything_that_it_kills_can_live() {
    let node = World::new().node();
    let cut_off = node.cut_off(Target::Organization, Reach::Both);
    let longest = dormouse_token::LIFETIME_MAX + dormouse_token::RETENTION_MARGIN;
    assert_eq!(cut_off.kept_until, NOW.saturating_add(longest));
}
