//! Apps, their keys, and the API products in a key.

use super::{Admin, google_error};
use serde_json::{Value, json};

const APPS: &str = "/developers/ann@shop.example/apps";
const NEW: &str = "/developers/ann@shop.example/apps/new";

fn key_and_secret(credential: &Value) -> (String, String) {
    let text = |member: &str| {
        credential[member].as_str().unwrap_or_else(|| panic!("no {member}: {credential}")).to_owned()
    };
    (text("consumerKey"), text("consumerSecret"))
}

#[test]
fn an_app_is_made_with_a_key_that_works() {
    let admin = Admin::start();
    let body = json!({"name": "new", "apiProducts": ["all"], "callbackUrl": "https://a.example/back", "keyExpiresIn": "3600000",
        "scopes": ["read"], "attributes": [{"name": "note", "value": "x"}], "credentials": [{"consumerKey": "mine"}], "status": "revoked"});
    let made = admin.check(("POST", APPS), &body, 201);
    assert_eq!(
        (&made["status"], &made["callbackUrl"], &made["attributes"]),
        (&json!("approved"), &body["callbackUrl"], &body["attributes"])
    );
    assert_eq!(made["appId"].as_str().map(str::len), Some(36), "{made}");
    let credential = &made["credentials"][0];
    let (key, secret) = key_and_secret(credential);
    assert_eq!((key.len(), secret.len()), (48, 64));
    assert_eq!(credential["apiProducts"], json!([{"apiproduct": "all", "status": "approved"}]));
    let time = |member: &str| credential[member].as_str().unwrap().parse::<u64>().unwrap();
    assert_eq!(time("expiresAt") - time("issuedAt"), 3_600_000);
    assert_eq!(admin.issue(&key, &secret, "u").status, 200);
    assert_eq!(admin.get(NEW), made);
    assert_eq!(admin.get(&format!("/apps/{}", made["appId"].as_str().unwrap())), made);
    google_error(409, "ALREADY_EXISTS", &admin.check(("POST", APPS), &body, 409));
    google_error(
        400,
        "INVALID_ARGUMENT",
        &admin.check(("POST", APPS), &json!({"name": "other", "apiProducts": ["none"]}), 400),
    );
    admin.check(("POST", "/developers/nobody/apps"), &body, 404);
    admin.check(
        ("POST", APPS),
        &json!({"name": "bad", "attributes": [{"name": "dormouse.pubic", "value": "true"}]}),
        400,
    );

    let changed = admin.check(("PUT", NEW), &json!({"name": "other", "displayName": "New"}), 200);
    assert_eq!(
        (&changed["name"], &changed["displayName"], &changed["attributes"], &changed["scopes"]),
        (&json!("new"), &json!("New"), &json!([]), &json!(["read"]))
    );
    assert_eq!(changed["credentials"].as_array().map(Vec::len), Some(1));
    let more = admin.check(("PUT", NEW), &json!({"apiProducts": ["all"]}), 200);
    assert_eq!(
        more["credentials"].as_array().map(Vec::len),
        Some(2),
        "API products in an update get a new key: {more}"
    );

    assert_eq!(admin.check(("DELETE", NEW), &Value::Null, 200)["name"], "new");
    assert_eq!(admin.issue(&key, &secret, "u").status, 401);
    admin.check(("GET", NEW), &Value::Null, 404);
}

#[test]
fn lists_of_apps() {
    let admin = Admin::start();
    assert_eq!(
        admin.get(APPS),
        json!({"app": [{"appId": "apigee"}, {"appId": "rotate"}, {"appId": "strict"}]})
    );
    assert_eq!(
        admin.send_to("GET", &format!("/v1/o/local{APPS}?count=2"), &Value::Null).1,
        json!(["apigee", "rotate"])
    );
    assert_eq!(
        admin.get(&format!("{APPS}?expand=true"))["app"][2]["credentials"][0]["consumerKey"],
        "strict"
    );
    let ids = admin.get("/apps")["app"].as_array().unwrap().len();
    assert_eq!(ids, 3);
    let count = |query: &str| admin.get(&format!("/apps?{query}"))["app"].as_array().unwrap().len();
    admin.act(&format!("{APPS}/rotate"), "revoke");
    assert_eq!(
        (
            count("apiProduct=all"),
            count("apiProduct=none"),
            count("status=approved"),
            count("keyStatus=revoked")
        ),
        (3, 0, 2, 0)
    );
}

#[test]
fn an_app_and_a_key_are_switches() {
    let admin = Admin::start();
    let (access, refresh) = admin.pair("u");
    let app = format!("{APPS}/apigee");
    for path in [app.clone(), format!("{app}/keys/apigee"), format!("{app}/keys/apigee/apiproducts/all")] {
        assert_eq!(admin.act(&path, "revoke"), 204, "{path}");
        assert!(!admin.accepts(&access), "{path}");
        assert_eq!(admin.act(&path, "revoke"), 204, "again");
        assert_eq!(admin.act(&path, "approve"), 204, "{path}");
        assert!(admin.accepts(&access), "{path}");
        assert_eq!(admin.act(&path, "delete"), 400, "{path}");
    }
    assert!(admin.redeems(&refresh));
    assert_eq!(admin.act(&format!("{app}/keys/rotate"), "revoke"), 404, "a key of another app");
    assert_eq!(admin.act(&format!("{app}/keys/apigee/apiproducts/none"), "revoke"), 404);
    admin.check(("POST", &format!("{app}/keys/apigee/apiproducts/all")), &json!({}), 400);
}

#[test]
fn a_revocation_outlives_a_start_with_old_entity_files() {
    let mut admin = Admin::start();
    let (access, _) = admin.pair("u");
    assert_eq!(admin.act(&format!("{APPS}/apigee/keys/apigee"), "revoke"), 204);
    admin.restart();
    assert!(!admin.accepts(&access));
    admin.check(("DELETE", &format!("{APPS}/apigee")), &Value::Null, 200);
    admin.restart();
    admin.check(("GET", &format!("{APPS}/apigee")), &Value::Null, 404);
}

#[test]
fn keys_of_ones_own_choice() {
    let admin = Admin::start();
    for (path, key) in [("keys/create", "own-1"), ("keys", "own-2")] {
        let path = format!("{APPS}/apigee/{path}");
        let body = json!({"consumerKey": key, "consumerSecret": "own-secret", "expiresInSeconds": "60"});
        let made = admin.check(("POST", &path), &body, 201);
        assert_eq!(
            (&made["consumerKey"], &made["consumerSecret"], &made["apiProducts"]),
            (&json!(key), &json!("own-secret"), &json!([]))
        );
        let at = format!("{APPS}/apigee/keys/{key}");
        let with = admin.check(("POST", &at), &json!({"apiProducts": ["all"]}), 200);
        assert_eq!(with["apiProducts"], json!([{"apiproduct": "all", "status": "approved"}]));
        assert_eq!(admin.issue(key, "own-secret", "u").status, 200);
        google_error(409, "ALREADY_EXISTS", &admin.check(("POST", &path), &body, 409));
        let replaced = admin.check(
            ("PUT", &at),
            &json!({"attributes": [{"name": "a", "value": "1"}], "scopes": ["s"]}),
            200,
        );
        assert_eq!((&replaced["attributes"][0]["value"], &replaced["scopes"]), (&json!("1"), &json!(["s"])));
        let without = admin.check(("DELETE", &format!("{at}/apiproducts/all")), &Value::Null, 200);
        assert_eq!(without["apiProducts"], json!([]));
        admin.check(("DELETE", &format!("{at}/apiproducts/all")), &Value::Null, 404);
    }
    google_error(
        409,
        "ALREADY_EXISTS",
        &admin.check(("POST", &format!("{APPS}/strict/keys")), &json!({"consumerKey": "apigee"}), 409),
    );
    admin.check(("POST", &format!("{APPS}/apigee/keys")), &json!({"consumerKey": "schlüssel"}), 400);
    admin.check(("POST", &format!("{APPS}/apigee/keys/own-1")), &json!({"apiProducts": ["none"]}), 400);
    let odd = admin.check(("POST", &format!("{APPS}/apigee/keys")), &json!({"consumerKey": "a/b ?#%"}), 201);
    assert_eq!(admin.get(&format!("{APPS}/apigee/keys/a%2Fb%20%3F%23%25")), odd);
}

#[test]
fn a_deleted_key_takes_its_tokens_along_even_when_it_is_made_again() {
    let admin = Admin::start();
    let (access, refresh) = admin.pair("u");
    admin.check(("DELETE", &format!("{APPS}/apigee/keys/apigee")), &Value::Null, 200);
    assert!(!admin.accepts(&access));
    let body =
        json!({"consumerKey": "apigee", "consumerSecret": "shop-secret-0123456789", "apiProducts": ["all"]});
    admin.check(("POST", &format!("{APPS}/apigee/keys")), &body, 201);
    assert!(!admin.accepts(&access) && !admin.redeems(&refresh));
    let (access, _) = admin.pair("u");
    assert!(admin.accepts(&access));
}

#[test]
fn a_product_with_manual_approval_waits_in_a_new_key() {
    let admin = Admin::start();
    admin.check(("POST", "/apiproducts"), &json!({"name": "slow", "approvalType": "manual"}), 201);
    let app = admin.check(("POST", APPS), &json!({"name": "new", "apiProducts": ["slow"]}), 201);
    let credential = &app["credentials"][0];
    assert_eq!(credential["apiProducts"], json!([{"apiproduct": "slow", "status": "pending"}]));
    let (key, secret) = key_and_secret(credential);
    let before = admin.issue(&key, &secret, "u");
    assert!(before.status != 200 || !admin.accepts(&before.text("access_token")));
    assert_eq!(admin.act(&format!("{NEW}/keys/{key}/apiproducts/slow"), "approve"), 204);
    assert!(admin.accepts(&admin.issue(&key, &secret, "u").text("access_token")));
}

#[test]
fn two_keys_are_in_force_while_one_replaces_the_other() {
    let admin = Admin::start();
    let old = admin.pair("u");
    let rotated = admin.check(("POST", &format!("{APPS}/apigee")), &json!({"apiProducts": ["all"]}), 200);
    let (key, secret) = key_and_secret(&rotated["credentials"][1]);
    let new = admin.issue(&key, &secret, "u").text("access_token");
    assert!(admin.accepts(&new) && admin.accepts(&old.0));
    assert_eq!(admin.act(&format!("{APPS}/apigee/keys/apigee"), "revoke"), 204);
    assert!(admin.accepts(&new) && !admin.accepts(&old.0));
}
