//! Client credentials, introspection, revocation and metadata at the native endpoints.

use crate::oauth_support::{Native, Reply, SECRET, WEB_SECRET};

const WEB: (&str, &str) = ("web", WEB_SECRET);
const MACHINE: (&str, &str) = ("machine", SECRET);

fn credentials(native: &Native, client: (&str, &str), form: &[(&str, &str)]) -> Reply {
    native.token(client, &[&[("grant_type", "client_credentials")], form].concat())
}

#[test]
fn client_credentials_are_answered_as_rfc_6749_has_it() {
    let native = Native::start();
    let reply = credentials(&native, WEB, &[]);
    assert_eq!(reply.status, 200);
    assert_eq!(
        (&reply.headers["cache-control"], &reply.headers["pragma"]),
        (&"no-store".parse().unwrap(), &"no-cache".parse().unwrap())
    );
    let json = reply.json();
    assert_eq!(json["token_type"], "Bearer");
    assert_eq!(json["expires_in"], 1800);
    assert_eq!(json["scope"], "read write");
    assert_eq!(json.get("refresh_token"), None, "never with a refresh token, whatever the client may have");
    assert!(native.is_active(&reply.text("access_token")));
    let narrow = credentials(&native, MACHINE, &[("scope", "write")]);
    assert_eq!(narrow.text("scope"), "write");
}

#[test]
fn scopes_that_the_client_may_not_have_are_refused() {
    let native = Native::start();
    for scope in
        ["admin", "read admin", "READ", "read\twrite", "read\nwrite", "re\u{430}d", "\"read\"", " ", "read\\"]
    {
        credentials(&native, MACHINE, &[("scope", scope)]).is_refused(400, "invalid_scope");
    }
    assert_eq!(credentials(&native, MACHINE, &[("scope", "read read")]).text("scope"), "read");
}

#[test]
fn grants_are_what_the_client_is_switched_on_for() {
    let native = Native::start();
    let password = [("grant_type", "password"), ("username", "ann"), ("password", "correct horse")];
    native.token(MACHINE, &password).is_refused(400, "unauthorized_client");
    native.redeem(MACHINE, "dmrt_x").is_refused(400, "unauthorized_client");
    native
        .token(MACHINE, &[("grant_type", "authorization_code"), ("code", "x")])
        .is_refused(400, "unauthorized_client");
    credentials(&native, ("once", SECRET), &[]).is_refused(400, "unauthorized_client");
    for grant in [
        "implicit",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "CLIENT_CREDENTIALS",
        "client_credentials ",
    ] {
        native.token(WEB, &[("grant_type", grant)]).is_refused(400, "unsupported_grant_type");
    }
    let once = native.tokens(("once", SECRET));
    assert_eq!(
        once.json().get("refresh_token"),
        None,
        "only clients with refresh_token in dormouse.grants get one"
    );
}

#[test]
fn introspection_tells_confidential_clients_and_shows_refresh_tokens_to_their_own() {
    let native = Native::start();
    let tokens = native.tokens(WEB);
    let introspect = |client, token: &str| {
        native.post("/oauth/introspect", client, &[("token", token), ("token_type_hint", "nonsense")])
    };
    let access = introspect(MACHINE, &tokens.text("access_token")).json();
    assert_eq!(
        (&access["active"], &access["client_id"], &access["sub"], &access["username"]),
        (&true.into(), &"web".into(), &"ann".into(), &"ann".into())
    );
    assert_eq!(
        (&access["scope"], &access["token_type"], &access["iss"]),
        (&"read write".into(), &"Bearer".into(), &native.server.oauth.as_str().into())
    );
    assert_eq!(access["exp"].as_u64().unwrap() - access["iat"].as_u64().unwrap(), 1800);
    let refresh = introspect(WEB, &tokens.text("refresh_token")).json();
    assert_eq!(
        (&refresh["active"], &refresh["token_use"], refresh.get("token_type")),
        (&true.into(), &"refresh_token".into(), None)
    );
    let inactive = r#"{"active":false}"#;
    assert_eq!(introspect(MACHINE, &tokens.text("refresh_token")).body, inactive);
    for token in ["x", "dmat_", "dmrt_AAAA", "dmac_AAAA", &format!("{}x", tokens.text("access_token"))] {
        assert_eq!(introspect(WEB, token).body, inactive);
    }
    native.post("/oauth/introspect", WEB, &[]).is_refused(400, "invalid_request");
    native.post("/oauth/introspect", ("web", "wrong"), &[("token", "x")]).is_refused(401, "invalid_client");
    let public = native.post_as(
        "/oauth/introspect",
        &[],
        &[("client_id", "spa"), ("token", &tokens.text("access_token"))],
    );
    public.is_refused(401, "invalid_client");
}

#[test]
fn kinds_of_tokens_do_not_stand_in_for_each_other() {
    let native = Native::start();
    let tokens = native.tokens(WEB);
    let (access, refresh) = (tokens.text("access_token"), tokens.text("refresh_token"));
    native.redeem(WEB, &access).is_refused(400, "invalid_grant");
    for code in [&access, &refresh] {
        native
            .token(WEB, &[("grant_type", "authorization_code"), ("code", code)])
            .is_refused(400, "invalid_grant");
    }
    let renamed = refresh.replace("dmrt_", "dmat_");
    assert!(!native.is_active(&renamed));
    native.redeem(WEB, &access.replace("dmat_", "dmrt_")).is_refused(400, "invalid_grant");
    assert_eq!(native.redeem(WEB, &refresh).status, 200);
}

#[test]
fn revoking_an_access_token_spares_its_refresh_token_and_a_refresh_token_ends_everything() {
    let native = Native::start();
    let revoke = |client, token: &str| native.post("/oauth/revoke", client, &[("token", token)]);
    let done = |reply: Reply| {
        assert_eq!(
            (reply.status, &*reply.body, &reply.headers["content-type"]),
            (200, "{}", &"application/json".parse().unwrap())
        );
    };
    let first = native.tokens(WEB);
    done(revoke(WEB, &first.text("access_token")));
    done(revoke(WEB, &first.text("access_token")));
    assert!(!native.is_active(&first.text("access_token")));
    let second = native.redeem(WEB, &first.text("refresh_token"));
    assert_eq!(second.status, 200, "{second:?}");
    assert!(native.is_active(&second.text("access_token")));
    done(revoke(WEB, &first.text("access_token")));
    assert!(native.is_active(&second.text("access_token")), "a superseded access token ends nothing");
    // A superseded refresh token speaks for the family all the same.
    done(revoke(WEB, &first.text("refresh_token")));
    assert!(!native.is_active(&second.text("access_token")));
    assert!(!native.is_active(&second.text("refresh_token")));
    native.redeem(WEB, &second.text("refresh_token")).is_refused(400, "invalid_grant");
}

#[test]
fn an_older_access_token_is_revoked_alone() {
    let native = Native::start();
    let first = native.tokens(WEB);
    let second = native.redeem(WEB, &first.text("refresh_token"));
    assert!(native.is_active(&first.text("access_token")), "natively old access tokens live on");
    native.post("/oauth/revoke", WEB, &[("token", &first.text("access_token"))]);
    assert!(!native.is_active(&first.text("access_token")));
    assert!(
        native.is_active(&second.text("access_token")) && native.is_active(&second.text("refresh_token"))
    );
}

#[test]
fn others_revoke_nothing() {
    let native = Native::start();
    let tokens = native.tokens(WEB);
    for kind in ["access_token", "refresh_token"] {
        let token = tokens.text(kind);
        native.post("/oauth/revoke", MACHINE, &[("token", &token)]).is_refused(400, "invalid_request");
        let public = native.post_as("/oauth/revoke", &[], &[("client_id", "spa"), ("token", &token)]);
        assert_eq!((public.status, &*public.body), (200, "{}"));
        native.post_as("/oauth/revoke", &[], &[("token", &token)]).is_refused(401, "invalid_client");
        assert!(native.is_active(&token));
    }
    for token in ["unknown", "dmrt_AAAA", "dmac_AAAA"] {
        let reply =
            native.post("/oauth/revoke", WEB, &[("token", token), ("token_type_hint", "access_token")]);
        assert_eq!((reply.status, &*reply.body), (200, "{}"));
    }
    native.post("/oauth/revoke", WEB, &[]).is_refused(400, "invalid_request");
}

#[test]
fn metadata_names_what_works_and_the_issuer_comes_from_nowhere_else_than_configuration() {
    let native = Native::start();
    let url = format!("{}/.well-known/oauth-authorization-server", native.server.oauth);
    let reply = native.get(&url);
    let json = reply.json();
    assert_eq!((reply.status, &json["issuer"]), (200, &native.server.oauth.as_str().into()));
    assert_eq!(
        json["grant_types_supported"],
        serde_json::json!(["password", "client_credentials", "refresh_token"])
    );
    assert_eq!(json["response_types_supported"], serde_json::json!([]));
    assert_eq!(json["code_challenge_methods_supported"], serde_json::json!(["S256"]));
    assert_eq!((json.get("jwks_uri"), json.get("authorization_endpoint")), (None, None));
    for endpoint in ["token_endpoint", "introspection_endpoint", "revocation_endpoint"] {
        let url = json[endpoint].as_str().unwrap();
        assert_eq!(native.get(url).status, 405, "{url} is there");
    }
    for methods in ["token", "introspection", "revocation"] {
        let methods = json[format!("{methods}_endpoint_auth_methods_supported")].as_array().unwrap();
        assert!(
            methods.contains(&"client_secret_basic".into()) && methods.contains(&"client_secret_post".into())
        );
    }
}

#[test]
fn requests_are_counted_under_bounded_labels() {
    let native = Native::start();
    credentials(&native, MACHINE, &[]);
    for name in ["a", "b", "c"] {
        native.token(MACHINE, &[("grant_type", name)]);
    }
    let metrics = native.get(&format!("{}/metrics", native.server.admin)).body;
    for line in [
        r#"dormouse_oauth_requests_total{endpoint="token",grant_type="client_credentials",outcome="success"} 1"#,
        r#"dormouse_oauth_requests_total{endpoint="token",grant_type="other",outcome="unsupported_grant_type"} 3"#,
    ] {
        assert!(metrics.contains(line), "no {line} in\n{metrics}");
    }
}

#[test]
fn nothing_secret_is_ever_logged() {
    let native = Native::start();
    let tokens = native.tokens(WEB);
    let next = native.redeem(WEB, &tokens.text("refresh_token"));
    native.redeem(("web", "a-wrong-secret"), &next.text("refresh_token"));
    native.post("/oauth/introspect", WEB, &[("token", &next.text("access_token"))]);
    native.post("/oauth/revoke", WEB, &[("token", &next.text("refresh_token"))]);
    native.get(&format!("{}/oauth/token?token=a-token-in-a-uri", native.server.oauth));
    let secrets = [
        tokens.text("access_token"),
        tokens.text("refresh_token"),
        next.text("access_token"),
        next.text("refresh_token"),
        WEB_SECRET.to_owned(),
        "a-wrong-secret".to_owned(),
        "correct horse".to_owned(),
        "a-token-in-a-uri".to_owned(),
    ];
    let output = native.server.output();
    assert!(output.contains("serves"), "{output}");
    for secret in secrets {
        assert!(!output.contains(&secret), "{secret} in\n{output}");
    }
}
