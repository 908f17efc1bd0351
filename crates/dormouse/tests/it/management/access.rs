//! Who may use it: the token, one organization, limits, and what is shown without a token.

use super::{Admin, google_error};
use serde_json::{Value, json};

#[test]
fn without_the_token_nothing_is_told() {
    let mut admin = Admin::start();
    admin.token = None;
    for (method, path) in
        [("GET", "/developers"), ("POST", "/developers"), ("DELETE", "/apiproducts/all"), ("GET", "")]
    {
        let (status, body) = admin.send(method, path, &json!({}));
        assert_eq!(status, 401, "{method} {path}");
        assert!(!body.to_string().contains("shop"), "{body}");
    }
    admin.token = Some("wrong".to_owned());
    assert_eq!(admin.send("GET", "/developers", &Value::Null).0, 401);
}

#[test]
fn another_organization_is_not_here() {
    let admin = Admin::start_in_memory();
    let (status, body) = admin.send_to("GET", "/v1/organizations/other/developers", &Value::Null);
    assert_eq!(status, 404);
    google_error(404, "NOT_FOUND", &body);
    let (status, body) = admin.send_to("GET", "/v1/o/other/developers", &Value::Null);
    assert_eq!((status, &body["contexts"]), (404, &json!([])), "{body}");
    assert!(body["code"].is_string() && body["message"].is_string(), "{body}");
    assert_eq!(admin.get("")["name"], "local");
    assert_eq!(admin.send_to("GET", "/v1/o/local", &Value::Null).0, 200);
}

#[test]
fn bodies_are_checked_and_bounded() {
    let admin = Admin::start_in_memory();
    let post = |body: &str| {
        admin.send_text("POST", "/v1/organizations/local/developers", ("application/json", body))
    };
    for body in
        ["{", "[]", "null", "{}", "{\"email\": \"a<b\"}", "\u{0}", "{\"email\":\"a@b\",\"email\":\"c@d\"}"]
    {
        let (status, answer) = post(body);
        assert_eq!(status, 400, "{body}: {answer}");
        google_error(400, "INVALID_ARGUMENT", &serde_json::from_str(&answer).unwrap());
    }
    let (status, answer) = post("{\"email\": \"a/b@c\"}");
    assert!(status == 400 && answer.contains("$.email") && answer.contains("contains '/'"), "{answer}");
    let (status, answer) = post(&" ".repeat(1024 * 1024 + 1));
    assert_eq!(status, 413, "{answer}");
    assert_eq!(post(&"[".repeat(500_000)).0, 400);
    let path = "/v1/organizations/local/developers/%ff";
    assert_eq!(admin.send_text("GET", path, ("application/json", "")).0, 400);
    assert_eq!(admin.send("PATCH", "/developers", &json!({})).0, 405);
}

#[test]
fn secrets_are_shown_with_a_token_only() {
    let admin = Admin::start();
    let key = "/developers/ann@shop.example/apps/apigee/keys/apigee";
    assert_eq!(admin.get(key)["consumerSecret"], "shop-secret-0123456789");
    let admin = Admin::start_in_memory();
    for path in [
        key,
        "/developers/ann@shop.example/apps/apigee",
        "/apps?expand=true",
        "/developers/ann@shop.example/apps?expand=true",
    ] {
        let body = admin.get(path).to_string();
        assert!(body.contains("consumerKey") && !body.contains("shop-secret"), "{body}");
    }
    // A generated secret is told to who makes the key, once, and the others of the app are not.
    let app = admin.check(
        ("POST", "/developers/ann@shop.example/apps/apigee"),
        &json!({"apiProducts": ["all"]}),
        200,
    );
    let shown: Vec<bool> =
        app["credentials"].as_array().unwrap().iter().map(|it| it["consumerSecret"].is_string()).collect();
    assert_eq!(shown, [false, true], "{app}");
}
