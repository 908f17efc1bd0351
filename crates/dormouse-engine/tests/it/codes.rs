//! Authorization codes: once, by the right client, at the right redirect URI (TOKENS §3 "Codes").

use crate::faulty::{Fault, Moment};
use crate::support::{CODE_TTL, Node, Pair, World, assert_refused, attributes, scope, wait};
use dormouse_engine::{CodeExchange, CodeRequest, CutOffOrder, Error, Issued, Refusal, Supersession};
use dormouse_token::{Collection, FrontEnd, Kind, Reach, Reason, Rotation, Target};
use std::sync::Arc;
use std::time::Duration;

const USED: Refusal = Refusal::Superseded(Supersession::Refused);

fn exchange(node: &Node, request: CodeExchange<'_>) -> Result<Issued, Error> {
    wait(node.engine.exchange_code(request))
}

fn native(node: &Node) -> CodeRequest<'_> {
    CodeRequest { front_end: FrontEnd::Native(Rotation::Rotate), ..node.code_request() }
}

#[test]
fn a_code_becomes_tokens_once() {
    let world = World::new();
    let node = world.node();
    let asked = scope("read");
    let request =
        CodeRequest { scope: Some(&asked), attributes: attributes(&[("a", "1")]), ..node.code_request() };
    let code = wait(node.engine.issue_code(request)).unwrap();
    let added = attributes(&[("a", "2"), ("b", "3")]);
    let pair = Pair::of(
        exchange(&node, CodeExchange { attributes: added.clone(), ..node.exchange(&code.text) }).unwrap(),
    );
    let verified = node.verify(&pair.access).unwrap();
    assert_eq!(verified.claims.family, code.claims.family);
    assert_eq!((verified.claims.user.as_deref(), verified.claims.scope), (Some("ann"), asked));
    assert_eq!(verified.attributes, added);
    assert_refused(exchange(&node, node.exchange(&code.text)), USED);
    node.lives(&pair.access);
    node.redeemed(node.redemption(&pair.refresh));
    assert_refused(node.look_up(&code.text, Kind::Code), Refusal::Unknown);
}

#[test]
fn a_second_use_at_a_native_front_end_revokes_the_family() {
    for redeemed in [false, true] {
        let world = World::new();
        let node = world.node();
        let code = wait(node.engine.issue_code(native(&node))).unwrap();
        let request =
            || CodeExchange { front_end: FrontEnd::Native(Rotation::Rotate), ..node.exchange(&code.text) };
        let mut pair = Pair::of(exchange(&node, request()).unwrap());
        if redeemed {
            pair = node.redeemed(node.native(&pair.refresh));
        }
        // A second use that is not valid in all else is nobody's who ever held the code rightfully.
        let wrong = CodeExchange { redirect_uri: Some("https://evil.example.com/"), ..request() };
        assert_refused(exchange(&node, wrong), Refusal::RedirectUriDiffers);
        let mobile = node.client("mobile");
        assert_refused(exchange(&node, CodeExchange { client: &mobile, ..request() }), Refusal::Unknown);
        node.lives(&pair.access);
        assert_refused(exchange(&node, request()), Refusal::Superseded(Supersession::FamilyRevoked));
        node.is_dead(&pair.access, Refusal::NotApproved(Reason::Replay));
        node.is_not_redeemed(&pair.refresh, Refusal::NotApproved(Reason::Replay));
        world.pass(Duration::from_mins(29));
        node.follow();
        node.is_dead(&pair.access, Refusal::NotApproved(Reason::Replay));
        world.node().is_dead(&pair.access, Refusal::NotApproved(Reason::Replay));
    }
}

#[test]
fn a_native_code_stays_native_wherever_it_is_exchanged() {
    let world = World::new();
    let node = world.node();
    let code = wait(node.engine.issue_code(native(&node))).unwrap();
    let pair = Pair::of(exchange(&node, node.exchange(&code.text)).unwrap());
    let claims = pair.issued.refresh.unwrap().claims;
    assert_eq!(claims.front_end, FrontEnd::Native(Rotation::Rotate));
    assert!(claims.absolute_expires_at.is_some());
}

#[test]
fn the_redirect_uri_is_checked() {
    let world = World::new();
    let node = world.node();
    let code = node.code();
    let with = |redirect_uri| CodeExchange { redirect_uri, ..node.exchange(&code.text) };
    assert_refused(exchange(&node, with(None)), Refusal::RedirectUriMissing);
    assert_refused(exchange(&node, with(Some("https://web.example.com/cb/"))), Refusal::RedirectUriDiffers);
    exchange(&node, with(Some("https://web.example.com/cb"))).unwrap();

    let request = || CodeRequest { redirect_uri: None, ..node.code_request() };
    let code = wait(node.engine.issue_code(request())).unwrap();
    let with = |redirect_uri| CodeExchange { redirect_uri, ..node.exchange(&code.text) };
    assert_refused(exchange(&node, with(Some("https://evil.example.com/"))), Refusal::RedirectUriDiffers);
    exchange(&node, with(None)).unwrap();
    let code = wait(node.engine.issue_code(request())).unwrap();
    exchange(
        &node,
        CodeExchange { redirect_uri: Some("https://web.example.com/cb"), ..node.exchange(&code.text) },
    )
    .unwrap();
}

#[test]
fn a_code_is_refused_to_others_and_when_it_is_over() {
    let world = World::new();
    let node = world.node();
    let code = node.code();
    let mobile = node.client("mobile");
    let stolen = CodeExchange { client: &mobile, ..node.exchange(&code.text) };
    assert_refused(exchange(&node, stolen), Refusal::Unknown);
    assert_refused(exchange(&node, node.exchange(&node.issue().refresh)), Refusal::Unknown);
    world.pass(CODE_TTL);
    assert_refused(exchange(&node, node.exchange(&code.text)), Refusal::Expired);
}

#[test]
fn scope_is_clipped_at_the_exchange() {
    let world = World::new();
    let node = world.node();
    let code = node.code();
    world.write(&[(Collection::Credentials, "web", Some("web-app gold".into()))]);
    node.follow();
    let web = node.client("web");
    let issued = exchange(&node, CodeExchange { client: &web, ..node.exchange(&code.text) }).unwrap();
    assert_eq!(issued.access.claims.scope, scope("read list"));
}

#[test]
fn a_code_dies_of_cut_offs_and_burns() {
    type Deed = fn(&World, &Node);
    let deeds: [(Deed, Refusal); 4] = [
        (
            |_, node| drop(node.cut_off(Target::User("ann".into()), Reach::Both)),
            Refusal::NotApproved(Reason::EndUser),
        ),
        (
            |_, node| drop(node.cut_off(Target::Product("silver".into()), Reach::Both)),
            Refusal::NotApproved(Reason::Administration),
        ),
        (
            |world, node| {
                let hour = crate::support::NOW.hour();
                wait(node.engine.burn_hour(world.root.id(), hour)).unwrap();
            },
            Refusal::Unknown,
        ),
        (
            |world, node| {
                world.write(&[(Collection::Credentials, "web", Some("web-app!revoked".into()))]);
                node.follow();
            },
            Refusal::Client(dormouse_entity::Unusable::KeyNotApproved(dormouse_entity::KeyStatus::Revoked)),
        ),
    ];
    for (deed, expected) in deeds {
        let world = World::new();
        let node = world.node();
        let code = node.code();
        deed(&world, &node);
        assert_refused(exchange(&node, node.exchange(&code.text)), expected);
    }
    let world = World::new();
    let node = world.node();
    let code = node.code();
    node.cut_off(Target::User("ann".into()), Reach::Access);
    exchange(&node, node.exchange(&code.text)).expect("a code is no access token");
}

#[test]
fn a_cut_off_that_commits_in_between_kills_the_tokens_of_a_code() {
    for before in [None, Some(dormouse_token::Timestamp::MAX)] {
        let world = World::new();
        let node = world.node();
        let code = node.code();
        world.pass(Duration::from_millis(500));
        let (engine, clock) = (Arc::clone(&node.engine), Arc::clone(&world.clock));
        world.faults.interrupt(Moment::Write, move || {
            clock.advance(Duration::from_millis(1));
            let order = CutOffOrder {
                target: Target::User("ann".into()),
                reach: Reach::Both,
                reason: Reason::EndUser,
                before,
            };
            wait(engine.cut_off(order)).unwrap();
        });
        let pair = Pair::of(exchange(&node, node.exchange(&code.text)).unwrap());
        node.is_dead(&pair.access, Refusal::NotApproved(Reason::EndUser));
        node.is_not_redeemed(&pair.refresh, Refusal::NotApproved(Reason::EndUser));
    }
}

#[test]
fn the_loser_of_two_exchanges_leaves_no_attributes() {
    let world = World::new();
    let node = world.node();
    let code = node.code();
    let other = world.node();
    let text = code.text.clone();
    let loser = Arc::new(parking_lot::Mutex::new(None));
    let seen = Arc::clone(&loser);
    // The second exchange seals its tokens, and is overtaken by the first just before it marks the code.
    let store = Arc::clone(&world.faults);
    world.faults.interrupt(Moment::Write, move || {
        store.interrupt(Moment::Write, move || {
            let winning = attributes(&[("whose", &"w".repeat(2000))]);
            let request = CodeExchange { attributes: winning, ..other.exchange(&text) };
            *seen.lock() = Some(wait(other.engine.exchange_code(request)));
        });
    });
    let losing = attributes(&[("whose", &"l".repeat(2000))]);
    let refused = exchange(&node, CodeExchange { attributes: losing, ..node.exchange(&code.text) });
    assert_refused(refused, USED);
    let winner = Pair::of(loser.lock().take().unwrap().unwrap());
    for node in [&node, &world.node()] {
        let value = node.verify(&winner.access).unwrap().attributes;
        assert_eq!(value, attributes(&[("whose", &"w".repeat(2000))]));
    }
}

#[test]
fn a_code_whose_use_is_unknown_is_used_once_all_the_same() {
    for fault in [Fault::Applied(1), Fault::Lost(2)] {
        let world = World::new();
        let node = world.node();
        let code = node.code();
        world.faults.set(fault);
        let pair = Pair::of(exchange(&node, node.exchange(&code.text)).unwrap());
        node.lives(&pair.access);
        assert_refused(exchange(&node, node.exchange(&code.text)), USED);
    }
}

#[test]
fn a_deleted_code_is_unknown() {
    let world = World::new();
    let node = world.node();
    let code = node.code();
    assert_eq!(node.look_up(&code.text, Kind::Code).unwrap().claims, code.claims);
    wait(node.engine.delete(&code.text, Kind::Code)).unwrap();
    assert_refused(node.look_up(&code.text, Kind::Code), Refusal::Unknown);
    assert!(exchange(&node, node.exchange(&code.text)).is_err());
    assert_refused(wait(node.engine.delete(&code.text, Kind::Code)), Refusal::Unknown);
}

#[test]
fn the_challenge_of_a_code_stays_behind_at_a_native_front_end_and_is_a_bundles_own_elsewhere() {
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let challenge = [
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
        ("tier", "gold"),
    ];
    let world = World::new();
    let node = world.node();
    let code = |front_end| {
        let request = CodeRequest { attributes: attributes(&challenge), front_end, ..node.code_request() };
        wait(node.engine.issue_code(request)).unwrap().text
    };
    let natively = FrontEnd::Native(Rotation::Rotate);
    for (minted_by, exchanged_by) in
        [(FrontEnd::Bundle, natively), (natively, natively), (natively, FrontEnd::Bundle)]
    {
        let text = code(minted_by);
        let with =
            |code_verifier| CodeExchange { code_verifier, front_end: exchanged_by, ..node.exchange(&text) };
        assert_refused(exchange(&node, with(None)), Refusal::VerifierDiffers);
        assert_refused(exchange(&node, with(Some("wrong"))), Refusal::VerifierDiffers);
        let pair = Pair::of(exchange(&node, with(Some(verifier))).unwrap());
        assert_eq!(node.verify(&pair.access).unwrap().attributes, attributes(&[("tier", "gold")]));
        // A second use is valid in all else only with the verifier.
        assert_refused(exchange(&node, with(None)), Refusal::VerifierDiffers);
        node.lives(&pair.access);
    }
    let text = code(FrontEnd::Bundle);
    let pair = Pair::of(exchange(&node, node.exchange(&text)).unwrap());
    assert_eq!(node.verify(&pair.access).unwrap().attributes, attributes(&challenge));
}
