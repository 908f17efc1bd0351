//! AccessEntity: profiles of entities as XML.

use crate::support::{End, World};
use dormouse_flow::Message;

#[track_caller]
fn check(kind: &str, identifiers: &str, uri: &str, expected: Option<&str>) {
    let xml = format!("<AccessEntity name='P'><EntityType value='{kind}'/>{identifiers}</AccessEntity>");
    let ran = World::new().run(Message::request("GET", uri), &xml);
    assert_eq!(ran.end, End::Continue);
    let found = ran.text("AccessEntity.P");
    match expected {
        Some(part) => assert!(found.contains(part), "{part}: {found}"),
        None => assert_eq!(found, "", "{kind} {uri}"),
    }
}

#[test]
fn profiles() {
    let key = "<EntityIdentifier ref='request.queryparam.i' type='consumerkey'/>";
    check("app", key, "/?i=web", Some("<App name=\"Web\">"));
    check("app", key, "/?i=web", Some("<Name>color</Name><Value>red</Value>"));
    check("app", key, "/?i=nobody", None);
    check("app", key, "/", None);
    check("developer", key, "/?i=web", Some("<Email>ada@example.com</Email>"));
    check("apiproduct", key, "/?i=narrow", Some("<ApiProduct name=\"operations\">"));
    check("consumerkey", key, "/?i=free", Some("<ConsumerKey>free</ConsumerKey>"));
    let listed = format!("<Identifiers><Identifier>{key}</Identifier></Identifiers>");
    check("developer", &listed, "/?i=web", Some("<FirstName>Ada</FirstName>"));
    let name = "<EntityIdentifier ref='request.queryparam.i' type='appname'/>";
    check("app", name, "/?i=Web", None);
    let owner = "<SecondaryIdentifier ref='request.queryparam.o' type='developeremail'/>";
    check("app", &format!("{name}{owner}"), "/?i=Web&o=ada@example.com", Some("<AppId>web-app</AppId>"));
    check("app", &format!("{name}{owner}"), "/?i=Web&o=idle@example.com", None);
}

#[test]
fn what_cannot_be_looked_up() {
    for xml in [
        "<AccessEntity name='P'><EntityType value='planet'/></AccessEntity>",
        "<AccessEntity name='P'><EntityType value='app'/></AccessEntity>",
        "<AccessEntity name='P'><EntityType value='app'/><EntityIdentifier ref='a'/></AccessEntity>",
    ] {
        assert!(World::new().compile(xml).0.is_none(), "{xml}");
    }
}
