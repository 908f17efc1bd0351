//! What is issued, to whom, and within which limits (TOKENS §1, issue "seed behaviours").

use crate::support::{ACCESS_TTL, NOW, Pair, REFRESH_TTL, World, assert_refused, attributes, scope, wait};
use dormouse_engine::IssueRequest;
use dormouse_engine::{CodeRequest, ImplicitRequest, Refusal};
use dormouse_entity::{Call, Unusable};
use dormouse_token::{
    Attributes, Collection, FrontEnd, Grant, Kind, LIFETIME_MAX, Rotation, SealedAttributes,
};
use std::time::Duration;

#[test]
fn issuing_writes_nothing() {
    let world = World::new();
    let node = world.node();
    let before = wait(world.store.statistics()).unwrap();
    for _ in 0..100 {
        node.issue();
        node.issue_native(Rotation::Rotate);
    }
    node.code();
    assert_eq!(wait(world.store.statistics()).unwrap(), before);
}

#[test]
fn grants_without_refresh_tokens_never_yield_one() {
    let world = World::new();
    let node = world.node();
    for front_end in [FrontEnd::Bundle, FrontEnd::Native(Rotation::Rotate)] {
        for grant in [Grant::ClientCredentials, Grant::Implicit] {
            let issued =
                wait(node.engine.issue(IssueRequest { grant, front_end, ..node.password() })).unwrap();
            assert!(issued.refresh.is_none() && issued.access.claims.partner.is_none(), "{grant:?}");
        }
        for grant in [Grant::Password, Grant::AuthorizationCode] {
            let issued =
                wait(node.engine.issue(IssueRequest { grant, front_end, ..node.password() })).unwrap();
            assert!(issued.refresh.is_some(), "{grant:?}");
        }
    }
    let client = node.engine.identify("web").unwrap();
    let implicit = ImplicitRequest {
        client: &client,
        user: Some("ann"),
        scope: None,
        attributes: Attributes::default(),
        access_ttl: ACCESS_TTL,
        source: crate::support::SOURCE,
    };
    let issued = wait(node.engine.issue_implicit(implicit)).unwrap();
    assert!(issued.refresh.is_none());
    node.lives(&issued.access.text);
}

#[test]
fn a_refresh_token_is_issued_only_where_it_was_asked_for() {
    let world = World::new();
    let node = world.node();
    let issued = wait(node.engine.issue(IssueRequest { refresh_ttl: None, ..node.password() })).unwrap();
    assert!(issued.refresh.is_none() && issued.access.claims.partner.is_none());
    let issued = wait(node.engine.issue(IssueRequest {
        refresh_ttl: None,
        front_end: FrontEnd::Native(Rotation::Rotate),
        ..node.password()
    }));
    assert_eq!(issued.unwrap().access.claims.absolute_expires_at, None);
}

#[test]
fn a_token_says_what_was_granted() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue_of(IssueRequest {
        scope: Some(&scope("read delete")),
        attributes: attributes(&[("a", "1")]),
        ..node.password()
    });
    let verified = node.verify(&pair.access).unwrap();
    let claims = &verified.claims;
    assert_eq!((claims.scope.to_string(), claims.user.as_deref()), ("read".into(), Some("ann")));
    assert_eq!((claims.issued_at, claims.expires_at), (NOW, NOW.saturating_add(ACCESS_TTL)));
    assert_eq!(claims.family_expires_at, NOW.saturating_add(REFRESH_TTL));
    assert_eq!(verified.attributes, attributes(&[("a", "1")]));
    assert_eq!(*claims, pair.issued.access.claims);
    let all = node.issue();
    assert_eq!(all.issued.access.claims.scope, scope("read write list"), "nothing asked for is everything");
}

#[test]
fn an_access_token_ends_with_its_time() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    world.pass(ACCESS_TTL.checked_sub(Duration::from_millis(1)).unwrap());
    node.follow();
    node.lives(&pair.access);
    world.pass(Duration::from_millis(1));
    node.is_dead(&pair.access, Refusal::Expired);
}

#[test]
fn lifetimes_are_capped() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue_of(IssueRequest {
        access_ttl: Duration::MAX,
        refresh_ttl: Some(Duration::MAX),
        ..node.password()
    });
    let cap = NOW.saturating_add(LIFETIME_MAX);
    assert_eq!(pair.issued.access.claims.expires_at, cap);
    assert_eq!(pair.issued.refresh.as_ref().unwrap().claims.expires_at, cap);
    let native = node.issue_of(IssueRequest {
        front_end: FrontEnd::Native(Rotation::Rotate),
        refresh_ttl: Some(Duration::MAX),
        ..node.password()
    });
    let claims = native.issued.refresh.unwrap().claims;
    assert_eq!(Some(claims.expires_at), claims.absolute_expires_at);
    assert!(claims.expires_at <= NOW.saturating_add(node.engine.settings().family_ttl));
}

#[test]
fn what_is_too_large_is_refused() {
    let world = World::new();
    let node = world.node();
    let user = "u".repeat(256);
    assert!(wait(node.engine.issue(IssueRequest { user: Some(&user), ..node.password() })).is_ok());
    let longer = "u".repeat(257);
    let refused = wait(node.engine.issue(IssueRequest { user: Some(&longer), ..node.password() }));
    assert_refused(refused, Refusal::UserTooLong);
    let fits = "v".repeat(8 * 1024 - 1);
    let request = |value: &str| IssueRequest { attributes: attributes(&[("a", value)]), ..node.password() };
    let pair = node.issue_of(request(&fits));
    assert_eq!(node.verify(&pair.access).unwrap().attributes, attributes(&[("a", &fits)]));
    let refused = wait(node.engine.issue(request(&"v".repeat(8 * 1024))));
    assert_refused(refused, Refusal::AttributesTooLarge);
    let code = CodeRequest { attributes: attributes(&[("a", &"v".repeat(8 * 1024))]), ..node.code_request() };
    assert_refused(wait(node.engine.issue_code(code)), Refusal::AttributesTooLarge);
}

#[test]
fn attributes_that_do_not_fit_into_a_token_are_kept_beside_it() {
    let world = World::new();
    let node = world.node();
    let large = attributes(&[("idp", &"x".repeat(3000))]);
    let pair = node.issue_of(IssueRequest { attributes: large.clone(), ..node.password() });
    assert!(pair.access.len() <= 1024 && pair.refresh.len() > 3000);
    assert_eq!(pair.issued.access.claims.attributes, SealedAttributes::Overflow);
    assert_eq!(wait(world.store.statistics()).unwrap().overflows, 1);
    assert_eq!(node.verify(&pair.access).unwrap().attributes, large);
    assert_eq!(world.node().verify(&pair.access).unwrap().attributes, large, "on another node");
    let code = wait(node.engine.issue_code(CodeRequest {
        attributes: attributes(&[("idp", &"x".repeat(500))]),
        ..node.code_request()
    }));
    let code = code.unwrap();
    assert!(code.text.len() <= 512);
    let exchanged = Pair::of(wait(node.engine.exchange_code(node.exchange(&code.text))).unwrap());
    assert_eq!(exchanged.issued.attributes, attributes(&[("idp", &"x".repeat(500))]));
    let redeemed = node.redeemed(node.redemption(&pair.refresh));
    assert_eq!(node.verify(&redeemed.access).unwrap().attributes, large);
}

#[test]
fn an_expired_token_is_looked_up_even_when_its_overflow_is_gone() {
    let world = World::new();
    let node = world.node();
    let large = attributes(&[("idp", &"x".repeat(3000))]);
    let pair = node.issue_of(IssueRequest { attributes: large, ..node.password() });
    for _ in 0..200 {
        world.pass(Duration::from_mins(30));
        wait(node.engine.maintain()).unwrap();
    }
    assert_eq!(wait(world.store.statistics()).unwrap().overflows, 0);
    let restarted = world.node();
    let known = restarted.look_up(&pair.access, Kind::Access).unwrap();
    assert!(known.expired && known.attributes.is_empty());
    assert_eq!(restarted.look_up(&pair.refresh, Kind::Refresh).unwrap().attributes.len(), 1);
}

#[test]
fn clients_prove_who_they_are() {
    let world = World::new();
    let node = world.node();
    for (id, secret) in [("web", "wrong"), ("web", ""), ("nobody", "web-secret"), ("", "")] {
        assert_refused(node.engine.authenticate(id, secret), Refusal::InvalidClient);
    }
    assert!(node.engine.public("spa").unwrap().is_public());
    assert_refused(node.engine.public("web"), Refusal::InvalidClient);
    assert_refused(node.engine.identify("nobody"), Refusal::Client(Unusable::Unknown));
}

#[test]
fn a_revoked_key_issues_verifies_and_redeems_nothing() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    world.write(&[(Collection::Credentials, "web", Some("web-app!revoked".into()))]);
    node.follow();
    let revoked = Refusal::Client(Unusable::KeyNotApproved(dormouse_entity::KeyStatus::Revoked));
    assert_refused(node.engine.authenticate("web", "web-secret"), revoked.clone());
    assert_refused(node.engine.authenticate("web", "wrong"), Refusal::InvalidClient);
    node.is_dead(&pair.access, revoked.clone());
    node.is_not_redeemed(&pair.refresh, revoked);
    world.write(&[(Collection::Credentials, "web", Some("web-app".into()))]);
    node.follow();
    node.lives(&pair.access);
    node.redeemed(node.redemption(&pair.refresh));
}

#[test]
fn a_product_of_the_client_must_cover_the_call() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    let call = |environment, proxy| Call { environment, proxy, verb: "GET", path: "/1" };
    let product = wait(node.engine.verify(&pair.access, Some(&call("test", "orders")))).unwrap().product;
    assert_eq!(product.unwrap().name.as_str(), "gold");
    for other in [call("prod", "orders"), call("test", "billing")] {
        assert_refused(wait(node.engine.verify(&pair.access, Some(&other))), Refusal::NoProductMatch);
    }
}

#[test]
fn what_is_not_a_token_of_this_organization_is_unknown() {
    let world = World::new();
    let node = world.node();
    let pair = node.issue();
    let foreign = World::seeded(2);
    let long = "x".repeat(1 << 20);
    let long_of_ours = format!("dmat_{long}");
    let cut = &pair.access[..pair.access.len() - 1];
    let flipped = format!("{}{}", cut, if pair.access.ends_with('A') { 'B' } else { 'A' });
    let foreign_token = foreign.node().issue().access;
    for text in ["", "dmat_", cut, &flipped, &long, &long_of_ours, &foreign_token, &pair.refresh] {
        node.is_dead(text, Refusal::Unknown);
        assert_refused(node.look_up(text, Kind::Access), Refusal::Unknown);
    }
    node.is_not_redeemed(&pair.access, Refusal::Unknown);
    assert!(!node.engine.is_rolled_back());
}
