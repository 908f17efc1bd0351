//! Developers.

use super::{Admin, google_error};
use serde_json::{Value, json};

const BOB: &str = "/developers/bob@shop.example";

fn bob() -> Value {
    json!({"email": "bob@shop.example", "firstName": "Bob", "lastName": "Ray", "userName": "bob",
           "attributes": [{"name": "tier", "value": "gold"}]})
}

#[test]
fn a_developer_is_made_read_changed_and_deleted() {
    let admin = Admin::start();
    let made = admin.check(("POST", "/developers"), &bob(), 201);
    assert_eq!(
        (&made["status"], &made["organizationName"], &made["apps"]),
        (&json!("active"), &json!("local"), &json!([]))
    );
    assert!(
        made["createdAt"].is_string() && made["developerId"].as_str().is_some_and(|id| id.len() == 36),
        "{made}"
    );
    assert_eq!(admin.get(BOB), made);
    assert_eq!(admin.get(&format!("/developers/{}", made["developerId"].as_str().unwrap())), made);
    assert_eq!(admin.get("/developers/bob%40shop.example"), made);

    let again = admin.check(("POST", "/developers"), &bob(), 409);
    google_error(409, "ALREADY_EXISTS", &again);

    let changed = admin.check(("PUT", BOB), &json!({"email": "bob@shop.example", "firstName": "Rob", "lastName": "Ray", "status": "inactive", "developerId": "x"}), 200);
    assert_eq!((&changed["firstName"], &changed["attributes"]), (&json!("Rob"), &json!([])));
    for member in ["developerId", "createdAt", "status"] {
        assert_eq!(changed[member], made[member], "{member}");
    }
    assert_eq!(admin.check(("POST", BOB), &json!({"firstName": "Bo"}), 200)["firstName"], "Bo");
    admin.check(("PUT", BOB), &json!({"email": "else@shop.example"}), 400);

    let deleted = admin.check(("DELETE", BOB), &Value::Null, 200);
    assert_eq!(deleted["email"], "bob@shop.example");
    for method in ["GET", "DELETE", "PUT"] {
        google_error(404, "NOT_FOUND", &admin.check((method, BOB), &bob(), 404));
    }
    let remade = admin.check(("POST", "/developers"), &bob(), 201);
    assert_ne!(remade["developerId"], made["developerId"], "what is made again is another developer");
}

#[test]
fn an_inactive_developer_stops_the_tokens_of_the_apps() {
    let admin = Admin::start();
    let (access, refresh) = admin.pair("u");
    assert_eq!(admin.act("/developers/ann@shop.example", "inactive"), 204);
    assert_eq!(admin.get("/developers/ann@shop.example")["status"], "inactive");
    assert!(!admin.accepts(&access));
    assert_eq!(admin.act("/developers/ann@shop.example", "active"), 204);
    assert!(admin.accepts(&access) && admin.redeems(&refresh));
    assert_eq!(admin.act("/developers/ann@shop.example", "approve"), 400);
    assert_eq!(admin.act("/developers/nobody@shop.example", "active"), 404);
}

#[test]
fn lists_are_brief_or_expanded_and_have_pages() {
    let admin = Admin::start_in_memory();
    for name in ["d", "b", "c"] {
        admin.check(("POST", "/developers"), &json!({"email": format!("{name}@x")}), 201);
    }
    let emails = json!([{"email": "ann@shop.example"}, {"email": "b@x"}, {"email": "c@x"}, {"email": "d@x"}]);
    assert_eq!(admin.get("/developers"), json!({ "developer": emails }));
    assert_eq!(
        admin.get("/developers?startKey=b@x&count=2"),
        json!({"developer": [{"email": "b@x"}, {"email": "c@x"}]})
    );
    let edge = |query: &str| admin.send_to("GET", &format!("/v1/o/local/developers{query}"), &Value::Null).1;
    assert_eq!(edge(""), json!(["ann@shop.example", "b@x", "c@x", "d@x"]));
    assert_eq!(edge("?count=1&startKey=c@x"), json!(["c@x"]));
    for expanded in [edge("?expand=true"), admin.get("/developers?expand=true")] {
        assert_eq!(expanded["developer"][0]["apps"], json!(["apigee", "rotate", "strict"]));
    }
}

#[test]
fn attributes_are_a_resource_of_their_own() {
    let admin = Admin::start();
    admin.check(("POST", "/developers"), &bob(), 201);
    let at = |rest: &str| format!("{BOB}/attributes{rest}");
    let tier = json!({"name": "tier", "value": "gold"});
    assert_eq!(admin.get(&at("")), json!({"attribute": [tier]}));
    assert_eq!(admin.get(&at("/tier")), tier);
    let set = admin.check(("POST", &at("/region")), &json!({"value": "eu"}), 200);
    assert_eq!(set, json!({"name": "region", "value": "eu"}));
    admin.check(("POST", &at("/region")), &json!({"name": "tier", "value": "eu"}), 400);
    assert_eq!(admin.check(("DELETE", &at("/tier")), &Value::Null, 200), tier);
    admin.check(("DELETE", &at("/tier")), &Value::Null, 404);
    admin.check(("GET", &at("/tier")), &Value::Null, 404);
    let all = json!({"attribute": [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]});
    assert_eq!(admin.check(("POST", &at("")), &all, 200), all);
    admin.check(("POST", &at("")), &json!({}), 400);
    assert_eq!(admin.get(BOB)["attributes"], all["attribute"]);
}
