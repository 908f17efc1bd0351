//! Whether a client may be used, and which product covers its call.

use crate::support::{NOW, Starts, parse};
use dormouse_entity::{
    ApiProduct, AppStatus, Call, Credential, DeveloperStatus, Directory, KeyStatus, Mismatch, PathPattern,
    Unusable, grant_scope, match_product, why_not,
};
use dormouse_token::{Scope, Timestamp};
use std::sync::Arc;

fn credential(directory: &mut Directory, change: impl FnOnce(&mut Credential)) {
    let mut credential = Credential::clone(directory.credential("key-1").expect("exists"));
    change(&mut credential);
    directory.put_credential(credential);
}

#[test]
fn the_first_reason_in_the_fixed_order_counts() {
    let mut directory = Starts::standard().directory;
    let check = |directory: &Directory, expected: Result<(), Unusable>| {
        assert_eq!(directory.usable("key-1", NOW).map(|_| ()), expected);
    };
    check(&directory, Ok(()));
    assert_eq!(directory.usable("key-2", NOW).err(), Some(Unusable::Unknown));
    let app = Arc::clone(directory.apps().next().expect("one app"));
    let mut developer =
        Arc::unwrap_or_clone(Arc::clone(directory.developers().next().expect("one developer")));
    developer.status = DeveloperStatus::Inactive;
    directory.put_developer(developer);
    check(&directory, Err(Unusable::DeveloperNotActive));
    let mut revoked = Arc::unwrap_or_clone(app);
    revoked.status = AppStatus::Revoked;
    directory.put_app(revoked);
    check(&directory, Err(Unusable::AppNotApproved));
    credential(&mut directory, |it| it.expires_at = Some(NOW));
    check(&directory, Err(Unusable::KeyExpired { expired_at: NOW }));
    credential(&mut directory, |it| it.status = KeyStatus::Pending);
    check(&directory, Err(Unusable::KeyNotApproved(KeyStatus::Pending)));
    let app_id = directory.apps().next().expect("one app").app_id.clone();
    directory.remove_app(app_id.as_str());
    check(&directory, Err(Unusable::Unknown));
}

#[test]
fn a_key_is_good_until_the_millisecond_of_its_expiry() {
    let mut directory = Starts::standard().directory;
    credential(&mut directory, |it| it.expires_at = Some(Timestamp::from_ms(NOW.as_ms() + 1)));
    assert!(directory.usable("key-1", NOW).is_ok());
}

#[test]
fn only_approved_products_that_exist_count_in_the_order_of_the_key() {
    let mut directory = Starts::standard().directory;
    let names = |directory: &Directory| {
        let view = directory.usable("key-1", NOW).expect("usable");
        (
            view.products().map(|product| product.name.to_string()).collect::<Vec<_>>(),
            view.grantable_scope().to_string(),
        )
    };
    assert_eq!(names(&directory), (vec!["gold".to_owned(), "silver".to_owned()], "read write".to_owned()));
    credential(&mut directory, |it| it.products[0].status = KeyStatus::Revoked);
    assert_eq!(names(&directory), (vec!["silver".to_owned()], "read".to_owned()));
    directory.remove_product("silver");
    assert_eq!(names(&directory), (vec![], String::new()));
}

#[test]
fn look_ups_follow_changes() {
    let mut directory = Starts::standard().directory;
    let snapshot = directory.clone();
    let developer = Arc::clone(directory.developer_by_email("ada@example.com").expect("exists"));
    let app = Arc::clone(directory.app_named(developer.developer_id.as_str(), "web").expect("exists"));
    assert_eq!(directory.credentials_of(app.app_id.as_str()).len(), 1);
    let mut renamed = (*developer).clone();
    renamed.email = dormouse_entity::Email::parse("lovelace@example.com").expect("an address");
    directory.put_developer(renamed);
    assert!(directory.developer_by_email("ada@example.com").is_none());
    assert!(directory.developer_by_email("lovelace@example.com").is_some());
    assert!(directory.remove_credential("key-1").is_some() && directory.credential("key-1").is_none());
    assert!(directory.credentials_of(app.app_id.as_str()).is_empty());
    directory.remove_app(app.app_id.as_str());
    assert_eq!(directory.apps_of(developer.developer_id.as_str()).count(), 0);
    assert!(snapshot.usable("key-1", NOW).is_ok(), "an older snapshot stays as it was");
}

fn products(text: &str) -> Vec<ApiProduct> {
    let set = parse(&[("products.json", text)]).expect("reads");
    set.products.into_iter().map(|product| product.value).collect()
}

#[track_caller]
fn check(product: &str, call: [&str; 4], expected: Result<Option<&str>, Mismatch>) {
    let products = products(&format!("[{{\"name\": \"p\", {product}}}]"));
    let [environment, proxy, verb, path] = call;
    let call = Call { environment, proxy, verb, path };
    let matched = match_product(&products, &call).map(|matched| matched.resource.map(PathPattern::as_str));
    let missed: Vec<_> = why_not(&products, &call).into_iter().map(|(_, mismatch)| mismatch).collect();
    assert_eq!((matched, missed), (expected.ok(), expected.err().into_iter().collect()));
}

#[test]
fn lists_of_a_product_restrict_when_they_are_not_empty() {
    let call = ["test", "orders", "GET", "/a/b"];
    check("\"proxies\": []", call, Ok(None));
    check("\"environments\": [\"test\"], \"proxies\": [\"orders\"]", call, Ok(None));
    check("\"environments\": [\"prod\"]", call, Err(Mismatch::Environment));
    check("\"proxies\": [\"Orders\"]", call, Err(Mismatch::Proxy));
    check("\"apiResources\": [\"/a\", \"/a/**\"]", call, Ok(Some("/a/**")));
    check("\"apiResources\": [\"/a\"]", call, Err(Mismatch::Path));
    check("\"apiResources\": [\"/\"]", ["test", "orders", "GET", ""], Ok(Some("/")));
}

#[test]
fn an_operation_group_replaces_the_lists() {
    let group = "\"proxies\": [\"elsewhere\"], \"apiResources\": [\"/none\"], \"operationGroup\": {\"operationConfigs\": [\
        {\"apiSource\": \"orders\", \"operations\": [{\"resource\": \"/*/users\", \"methods\": [\"GET\"]}, {\"resource\": \"/any\"}]},\
        {\"apiSource\": \"open\"}]}";
    check(group, ["test", "orders", "GET", "/token/users"], Ok(Some("/*/users")));
    check(group, ["test", "orders", "POST", "/token/users"], Err(Mismatch::Verb));
    check(group, ["test", "orders", "get", "/token/users"], Err(Mismatch::Verb));
    check(group, ["test", "orders", "DELETE", "/any"], Ok(Some("/any")));
    check(group, ["test", "orders", "GET", "/none"], Err(Mismatch::Path));
    check(group, ["test", "elsewhere", "GET", "/none"], Err(Mismatch::Proxy));
    check(group, ["test", "open", "PATCH", "/x/y"], Ok(None));
    check("\"operationGroup\": {}", ["test", "x", "GET", "/"], Ok(None));
}

#[test]
fn the_first_product_that_matches_serves_and_its_operation_decides_the_quota() {
    let products = products(
        r#"[{"name": "other", "proxies": ["x"]},
            {"name": "ops", "quota": "9", "operationGroup": {"operationConfigs": [
                {"apiSource": "p", "quota": {"limit": "1"}, "attributes": [{"name": "a", "value": "b"}],
                 "operations": [{"resource": "/one", "methods": ["GET", "PUT"]}]},
                {"apiSource": "p", "quota": {}, "operations": [{"resource": "/two"}]}]}},
            {"name": "all"}]"#,
    );
    let matched = |path: &'static str| {
        let call = Call { environment: "test", proxy: "p", verb: "GET", path };
        match_product(&products, &call).expect("matches")
    };
    let one = matched("/one");
    assert_eq!((one.product.name.as_str(), one.quota().limit.as_str()), ("ops", "1"));
    assert_eq!(one.methods(), ["GET", "PUT"]);
    assert_eq!(one.operation_attributes().and_then(|attributes| attributes.value("a")), Some("b"));
    assert_eq!(matched("/two").quota().limit, "9");
    assert_eq!(matched("/three").product.name.as_str(), "all");
    let call = Call { environment: "test", proxy: "p", verb: "GET", path: "/one" };
    let allowed = products.iter().filter(|product| product.name.as_str() == "other");
    assert!(match_product(allowed, &call).is_none(), "the caller decides which products count");
}

#[test]
fn requested_scope_is_cut_to_what_the_products_have() {
    let grantable = Scope::parse("read write");
    let granted =
        |requested: Option<&str>| grant_scope(requested.map(Scope::parse).as_ref(), &grantable).to_string();
    assert_eq!(granted(None), "read write");
    assert_eq!(granted(Some("")), "read write");
    assert_eq!(granted(Some("write admin")), "write");
    assert_eq!(granted(Some("Admin")), "");
}
