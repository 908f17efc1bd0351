//! Codes that a bundle mints, exchanged at the native token endpoint, with PKCE (RFC 7636).

use crate::oauth_support::{Native, Reply, SECRET, WEB_SECRET};

const WEB: (&str, &str) = ("web", WEB_SECRET);
const BACK: &str = "https://client.example/back";

/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const S256: &str = "&code_challenge_method=S256";

/// A code from the bundle's own sign-in page.
fn code(native: &Native, client: &str, more: &str) -> String {
    let url = format!("{}/login?response_type=code&client_id={client}&user=ann{more}", native.server.gateway);
    let reply = native.get(&url);
    let location = reply.headers.get("location").unwrap_or_else(|| panic!("{reply:?}")).to_str().unwrap();
    let (_, rest) = location.split_once("code=").unwrap_or_else(|| panic!("{location}"));
    rest.split('&').next().unwrap().to_owned()
}

fn exchange(native: &Native, code: &str, more: &[(&str, &str)]) -> Reply {
    native.token(WEB, &[&[("grant_type", "authorization_code"), ("code", code)], more].concat())
}

fn exchange_publicly(native: &Native, code: &str, more: &[(&str, &str)]) -> Reply {
    let form = [("grant_type", "authorization_code"), ("code", code), ("client_id", "spa")];
    native.post_as("/oauth/token", &[], &[&form, more].concat())
}

fn challenged(native: &Native, client: &str) -> String {
    code(native, client, &format!("&code_challenge={CHALLENGE}{S256}"))
}

#[test]
fn a_code_becomes_tokens_once_and_a_second_use_ends_them() {
    let native = Native::start();
    let code = code(&native, "web", &format!("&redirect_uri={BACK}&scope=read"));
    let redirect = [("redirect_uri", BACK)];
    exchange(&native, &code, &[("redirect_uri", "https://evil.example/")]).is_refused(400, "invalid_grant");
    exchange(&native, &code, &[]).is_refused(400, "invalid_grant");
    let strict = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", BACK),
        ("client_id", "spa"),
    ];
    native.post_as("/oauth/token", &[], &strict).is_refused(400, "invalid_grant");
    let tokens = exchange(&native, &code, &redirect);
    assert_eq!((tokens.status, &*tokens.text("scope")), (200, "read"), "{tokens:?}");
    // An invalid second use is nobody's who ever held the code rightfully: it ends nothing.
    exchange(&native, &code, &[("redirect_uri", "https://evil.example/")]).is_refused(400, "invalid_grant");
    let next = native.redeem(WEB, &tokens.text("refresh_token"));
    assert_eq!(next.status, 200);
    // RT-32.
    exchange(&native, &code, &redirect).is_refused(400, "invalid_grant");
    assert!(!native.is_active(&tokens.text("access_token")) && !native.is_active(&next.text("access_token")));
    native.redeem(WEB, &next.text("refresh_token")).is_refused(400, "invalid_grant");
    exchange(&native, &code, &redirect).is_refused(400, "invalid_grant");
}

#[test]
fn a_challenge_wants_its_verifier() {
    let native = Native::start();
    let code = challenged(&native, "web");
    let other = VERIFIER.replace('d', "e");
    for verifier in
        [&[][..], &[("code_verifier", "")], &[("code_verifier", CHALLENGE)], &[("code_verifier", &other)]]
    {
        exchange(&native, &code, verifier).is_refused(400, "invalid_grant");
    }
    let tokens = exchange(&native, &code, &[("code_verifier", VERIFIER)]);
    assert_eq!(tokens.status, 200, "nothing was consumed by what failed: {tokens:?}");
    // A second use without the verifier ends nothing.
    exchange(&native, &code, &[]).is_refused(400, "invalid_grant");
    assert!(native.is_active(&tokens.text("access_token")));
}

#[test]
fn only_s256_counts() {
    let native = Native::start();
    for more in [
        format!("&code_challenge={VERIFIER}&code_challenge_method=plain"),
        format!("&code_challenge={VERIFIER}"),
        format!("&code_challenge={CHALLENGE}&code_challenge_method=s256"),
        format!("&code_challenge={CHALLENGE}"),
    ] {
        let code = code(&native, "web", &more);
        exchange(&native, &code, &[("code_verifier", VERIFIER)]).is_refused(400, "invalid_grant");
        exchange(&native, &code, &[]).is_refused(400, "invalid_grant");
    }
}

#[test]
fn a_verifier_without_a_challenge_is_refused() {
    let native = Native::start();
    let code = code(&native, "web", "");
    exchange(&native, &code, &[("code_verifier", VERIFIER)]).is_refused(400, "invalid_grant");
    assert_eq!(exchange(&native, &code, &[]).status, 200);
}

#[test]
fn public_clients_must_use_it() {
    let native = Native::start();
    exchange_publicly(&native, &code(&native, "spa", ""), &[]).is_refused(400, "invalid_grant");
    let code = challenged(&native, "spa");
    exchange_publicly(&native, &code, &[]).is_refused(400, "invalid_grant");
    let tokens = exchange_publicly(&native, &code, &[("code_verifier", VERIFIER)]);
    assert_eq!(tokens.status, 200, "{tokens:?}");
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &*tokens.text("refresh_token")),
        ("client_id", "spa"),
    ];
    assert_eq!(native.post_as("/oauth/token", &[], &form).status, 200);
}

#[test]
fn of_many_exchanges_at_once_one_gets_tokens() {
    let native = Native::start();
    let code = challenged(&native, "web");
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let exchange = || exchange(&native, &code, &[("code_verifier", VERIFIER)]).status;
        let threads: Vec<_> = (0..20).map(|_| scope.spawn(exchange)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
}

#[test]
fn codes_are_no_tokens() {
    let native = Native::start();
    let code = code(&native, "web", "");
    assert!(!native.is_active(&code));
    native.redeem(WEB, &code).is_refused(400, "invalid_grant");
    let revoked = native.post("/oauth/revoke", WEB, &[("token", &code)]);
    assert_eq!(revoked.status, 200);
    native
        .token(("strict", SECRET), &[("grant_type", "authorization_code"), ("code", &code)])
        .is_refused(400, "unauthorized_client");
    assert_eq!(exchange(&native, &code, &[]).status, 200);
}
