//! API products.

use super::{Admin, google_error};
use serde_json::{Value, json};

#[test]
fn a_product_is_made_read_changed_and_deleted() {
    let admin = Admin::start();
    let body = json!({"name": "gold plan", "displayName": "Gold", "approvalType": "manual", "scopes": ["read", "write"],
        "environments": ["test"], "quota": "10", "quotaInterval": "1", "quotaTimeUnit": "minute",
        "operationGroup": {"operationConfigType": "proxy", "operationConfigs": [
            {"apiSource": "shop", "operations": [{"resource": "/me", "methods": ["GET"]}], "quota": {}, "attributes": []}]}});
    let made = admin.check(("POST", "/apiproducts"), &body, 201);
    for member in [
        "name",
        "displayName",
        "approvalType",
        "scopes",
        "environments",
        "quota",
        "quotaTimeUnit",
        "operationGroup",
    ] {
        assert_eq!(made[member], body[member], "{member}");
    }
    assert_eq!(admin.get("/apiproducts/gold%20plan"), made);
    google_error(409, "ALREADY_EXISTS", &admin.check(("POST", "/apiproducts"), &body, 409));
    let changed = admin.check(("PUT", "/apiproducts/gold%20plan"), &json!({"displayName": "Gilt"}), 200);
    assert_eq!(
        (&changed["displayName"], &changed["scopes"], &changed["createdAt"]),
        (&json!("Gilt"), &json!([]), &made["createdAt"])
    );
    assert!(changed.get("operationGroup").is_none(), "{changed}");
    assert_eq!(
        admin.check(("POST", "/apiproducts/gold%20plan/attributes/a"), &json!({"value": "1"}), 200)["value"],
        "1"
    );
    assert_eq!(admin.get("/apiproducts"), json!({"apiProduct": [{"name": "all"}, {"name": "gold plan"}]}));
    assert_eq!(admin.send_to("GET", "/v1/o/local/apiproducts", &Value::Null).1, json!(["all", "gold plan"]));
    assert_eq!(admin.get("/apiproducts?expand=true&count=1")["apiProduct"][0]["name"], "all");
    assert_eq!(admin.check(("DELETE", "/apiproducts/gold%20plan"), &Value::Null, 200)["name"], "gold plan");
    for (method, body) in [("GET", Value::Null), ("PUT", json!({})), ("DELETE", Value::Null)] {
        google_error(404, "NOT_FOUND", &admin.check((method, "/apiproducts/gold%20plan"), &body, 404));
    }
}

#[test]
fn deleting_a_product_closes_it_for_good_and_narrowing_it_outlives_a_start() {
    let mut admin = Admin::start();
    let (access, _) = admin.pair("u");
    admin.check(("PUT", "/apiproducts/all"), &json!({"proxies": ["another"]}), 200);
    assert!(!admin.accepts(&access));
    admin.restart();
    assert!(!admin.accepts(&access));
    admin.check(("PUT", "/apiproducts/all"), &json!({}), 200);
    assert!(admin.accepts(&access));
    admin.check(("DELETE", "/apiproducts/all"), &Value::Null, 200);
    admin.restart();
    assert!(!admin.accepts(&access), "the entity files made a deleted product again");
}
