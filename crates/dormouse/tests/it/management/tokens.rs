//! Edge's token calls.

use super::Admin;
use serde_json::{Value, json};

fn access_path(token: &str, query: &str) -> String {
    format!("/oauth2/accesstokens/{token}{query}")
}

#[test]
fn an_access_token_is_shown() {
    let admin = Admin::start();
    let (access, refresh) = admin.pair("ann");
    let shown = admin.get(&access_path(&access, ""));
    for (member, value) in [
        ("token", json!(access)),
        ("tokenType", json!("BearerToken")),
        ("status", json!("approved")),
        ("clientId", json!("apigee")),
        ("app", json!("apigee")),
        ("apiProducts", json!(["all"])),
        ("scope", json!("")),
        ("grantType", json!("password")),
        ("attributes", json!([])),
        ("refreshCount", json!(0)),
        ("appEnduser", json!("ann")),
    ] {
        assert_eq!(shown[member], value, "{member}: {shown}");
    }
    assert_eq!(shown["expiresAt"].as_u64().unwrap() - shown["issuedAt"].as_u64().unwrap(), 1_800_000);
    assert!(
        admin.redeems(shown["refreshToken"].as_str().unwrap()),
        "the refresh token shown is as good as the original"
    );
    assert!(!admin.redeems(&refresh), "and one with it");
    for token in ["dmat_nonsense", "x", &access] {
        let (status, body) =
            admin.send_to("GET", &format!("/v1/o/local/oauth2/accesstokens/{token}"), &Value::Null);
        assert_eq!(
            (status, &body["code"]),
            (404, &json!("keymanagement.service.invalid_access_token")),
            "{body}"
        );
    }
    let memory = Admin::start_in_memory();
    let (access, _) = memory.pair("ann");
    assert!(
        memory.get(&access_path(&access, "")).get("refreshToken").is_none(),
        "without an admin token no secret is shown"
    );
}

#[test]
fn tokens_are_revoked_and_approved() {
    let admin = Admin::start();
    let (access, refresh) = admin.pair("ann");
    assert_eq!(admin.act(&access_path(&access, ""), "revoke"), 204);
    assert!(!admin.accepts(&access));
    assert_eq!(admin.get(&access_path(&access, ""))["status"], "revoked");
    assert_eq!(admin.act(&access_path(&access, ""), "approve"), 204);
    assert!(admin.accepts(&access));
    let path = format!("/oauth2/refreshtokens/{refresh}");
    assert_eq!(admin.act(&path, "revoke"), 204);
    assert!(admin.accepts(&access), "without cascade the access token lives on");
    assert!(!admin.redeems(&refresh));
    let cascade = format!("/v1/organizations/local{path}?action=revoke&cascade=true");
    assert_eq!(admin.send_to("POST", &cascade, &Value::Null).0, 204);
    assert!(!admin.accepts(&access));
    assert_eq!(admin.get(&path)["status"], "revoked");
    assert_eq!(admin.act(&access_path("dmat_nonsense", ""), "revoke"), 404);
    assert_eq!(admin.act(&access_path(&access, ""), "delete"), 400);
    admin.check(("POST", &path), &json!({}), 400);
}

#[test]
fn an_access_token_is_edited_and_deleted() {
    let admin = Admin::start();
    let (access, refresh) = admin.pair("ann");
    let path = access_path(&access, "");
    let edited = admin.check(("POST", &path), &json!({"attributes": [{"name": "note", "value": "x"}]}), 200);
    assert_eq!(edited["attributes"], json!([{"name": "note", "value": "x"}]));
    admin.check(("POST", &path), &json!({"scope": "more", "attributes": []}), 400);
    admin.check(("POST", &path), &json!({}), 400);
    let big = json!({"attributes": [{"name": "a", "value": "v".repeat(8000)}, {"name": "b", "value": "v".repeat(8000)}]});
    admin.check(("POST", &path), &big, 400);
    assert_eq!(admin.check(("DELETE", &path), &Value::Null, 200)["clientId"], "apigee");
    assert!(!admin.accepts(&access) && !admin.redeems(&refresh));
    for method in ["GET", "DELETE", "POST"] {
        admin.check((method, &path), &json!({"attributes": []}), 404);
    }
}

#[test]
fn all_tokens_of_an_app_or_user_are_revoked() {
    let admin = Admin::start();
    let (ann, bob) = (admin.pair("ann"), admin.pair("bob"));
    let revoke =
        |query: &str| admin.send_to("POST", &format!("/v1/o/local/oauth2/revoke{query}"), &Value::Null);
    assert_eq!(revoke("?enduser=ann&cascade=false").0, 204);
    assert!(!admin.accepts(&ann.0) && admin.accepts(&bob.0) && admin.redeems(&ann.1));
    let app = admin.get("/developers/ann@shop.example/apps/apigee")["appId"].as_str().unwrap().to_owned();
    assert_eq!(revoke(&format!("?app={app}&enduser=carl")).0, 204);
    assert!(admin.accepts(&bob.0));
    assert_eq!(revoke(&format!("?app={app}")).0, 204);
    assert!(!admin.accepts(&bob.0) && !admin.redeems(&bob.1));
    assert!(admin.accepts(&admin.pair("bob").0), "what is issued afterwards lives");
    assert_eq!(revoke("").0, 400);
    let (status, body) = revoke("?app=unknown");
    assert_eq!((status, &body["code"]), (404, &json!("keymanagement.service.app_id_not_found")));
    let (status, body) = admin.send_to("GET", "/v1/o/local/oauth2/search?enduser=ann", &Value::Null);
    assert!(
        status == 501 && body["message"].as_str().is_some_and(|text| text.contains("cannot be listed")),
        "{body}"
    );
}

#[test]
fn no_token_of_a_path_is_logged() {
    let admin = Admin::start();
    let (access, refresh) = admin.pair("ann");
    admin.get(&access_path(&access, ""));
    admin.act(&format!("/oauth2/refreshtokens/{refresh}"), "revoke");
    admin.act(&access_path("dmat_nonsense-of-somebody", ""), "revoke");
    let Admin { server, .. } = admin;
    let output = server.output();
    assert!(output.contains("an administrator's request"), "nothing was logged: {output}");
    for secret in [&*access, &refresh, "dmat_nonsense-of-somebody"] {
        assert!(!output.contains(secret));
    }
}
