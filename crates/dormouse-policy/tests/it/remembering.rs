//! SpikeArrest, KeyValueMapOperations, caches and property sets: what is there later, and each fault.

use crate::support::{End, Ran, World};
use dormouse_bundle::Level;
use dormouse_flow::Message;
use dormouse_policy::Platform;
use std::time::Duration;

fn run(world: &World, uri: &str, xml: &str) -> Ran {
    world.run(Message::request("GET", uri), xml)
}

fn fault(status: u16, code: &str, text: &str) -> End {
    End::Fault { status, code: code.into(), text: text.into() }
}

fn spike(children: &str) -> String {
    format!("<SpikeArrest name='S'>{children}</SpikeArrest>")
}

#[test]
fn a_rate_smooths_requests() {
    let (world, policy) = (World::new(), spike("<Rate>30pm</Rate><Identifier ref='request.queryparam.c'/>"));
    assert_eq!(run(&world, "/?c=a", &policy).end, End::Continue);
    let text = "Spike arrest violation. Allowed rate : 30pm";
    let refused = run(&world, "/?c=a", &policy);
    assert_eq!(refused.end, fault(429, "policies.ratelimit.SpikeArrestViolation", text));
    assert_eq!(refused.text("ratelimit.S.failed"), "true");
    assert_eq!(run(&world, "/?c=b", &policy).end, End::Continue);
    world.pass(Duration::from_millis(1_999));
    assert_eq!(run(&world, "/?c=a", &policy).fault().0, 429);
    world.pass(Duration::from_millis(1));
    assert_eq!(run(&world, "/?c=a", &policy).end, End::Continue);
}

#[test]
fn rates_that_cannot_be_applied() {
    let edge = World::on(Platform::Edge);
    assert_eq!(run(&edge, "/", &spike("<Rate>1ps</Rate>")).end, End::Continue);
    assert_eq!(run(&edge, "/", &spike("<Rate>1ps</Rate>")).fault().0, 500);
    let world = World::new();
    let check = |uri: &str, children: &str, code: &str| {
        let code = format!("policies.ratelimit.{code}");
        assert_eq!(run(&world, uri, &spike(children)).fault(), (500, &*code), "{children}");
    };
    check("/", "<Rate ref='request.queryparam.r'/>", "FailedToResolveSpikeArrestRate");
    check("/?r=many", "<Rate ref='request.queryparam.r'/>", "InvalidAllowedRate");
    let weight = "<Rate>5ps</Rate><MessageWeight ref='request.queryparam.w'/>";
    check("/?w=-1", weight, "InvalidMessageWeight");
    let (executable, problems) = world.compile(&spike("<Rate>5</Rate>"));
    assert!(executable.is_none() && problems[0].message.contains("InvalidAllowedRate"), "{problems:?}");
}

fn map(children: &str) -> String {
    format!("<KeyValueMapOperations name='K' mapIdentifier='m'>{children}</KeyValueMapOperations>")
}

const GET: &str = "<Get assignTo='private.v'><Key><Parameter>a</Parameter></Key></Get>";

fn put(attributes: &str) -> String {
    let value = "<Value ref='request.queryparam.v'/>";
    map(&format!("<Put {attributes}><Key><Parameter>a</Parameter></Key>{value}</Put>"))
}

#[test]
fn entries_of_maps() {
    let world = World::new();
    let read = |children: &str| run(&world, "/", &map(children)).text("private.v");
    assert_eq!(read(GET), "");
    for (uri, attributes, expected) in [
        ("/?v=1,%202", "", "1, 2"),
        ("/?v=3", "", "1, 2"),
        ("/", "override='true'", "1, 2"),
        ("/?v=4,5", "override='true'", "4,5"),
    ] {
        assert_eq!(run(&world, uri, &put(attributes)).end, End::Continue);
        assert_eq!(read(GET), expected, "{uri} {attributes}");
    }
    assert_eq!(read(&GET.replace("<Get", "<Get index='2'")), "5");
    assert_eq!(read(&GET.replace("<Get", "<Get index='3'")), "");
    let elsewhere = GET.replace("<Get", "<Scope>apiproxy</Scope><Get");
    assert_eq!(read(&elsewhere), "");
    assert_eq!(read(&format!("<Delete><Key><Parameter>a</Parameter></Key></Delete>{GET}")), "");
}

#[test]
fn maps_that_cannot_be_used() {
    let world = World::new();
    let nameless = map(GET).replace("'m'", "''");
    let code = "steps.keyvaluemapoperations.UnsupportedOperationException";
    assert_eq!(run(&world, "/", &nameless).fault(), (500, code));
    let read_only = GET.replace("private.v", "client.ip");
    let code = "steps.keyvaluemapoperations.SetVariableFailed";
    assert_eq!(run(&world, "/", &map(&read_only)).fault(), (500, code));
    let mut large = Message::request("POST", "/");
    large.set_body("x".repeat(512 * 1024 + 1));
    let ran = world.run(large, &put("").replace("request.queryparam.v", "request.content"));
    assert_eq!(ran.fault(), (500, "steps.keyvaluemapoperations.EntryTooLarge"));
    for (children, name) in [
        ("<Get assignTo='private.v' index='0'><Key><Parameter>a</Parameter></Key></Get>", "InvalidIndex"),
        ("<Get assignTo='private.v'/>", "KeyIsMissing"),
        ("<InitialEntries><Entry><Value>v</Value></Entry></InitialEntries>", "KeyIsMissing"),
        (
            "<InitialEntries><Entry><Key><Parameter>a</Parameter></Key></Entry></InitialEntries>",
            "ValueIsMissing",
        ),
    ] {
        let (executable, problems) = world.compile(&map(children));
        let found = problems.iter().find(|problem| problem.level == Level::Error);
        assert!(found.is_some_and(|problem| problem.message.contains(name)), "{name}: {problems:?}");
        assert!(executable.is_none(), "{name}");
    }
}

const KEY: &str = "<CacheKey><Prefix>p</Prefix><KeyFragment ref='request.queryparam.k'/></CacheKey>";

fn populate(expiry: &str) -> String {
    let settings = format!("<ExpirySettings>{expiry}</ExpirySettings><Source>request.queryparam.v</Source>");
    format!("<PopulateCache name='C'>{KEY}{settings}</PopulateCache>")
}

fn look_up(world: &World, uri: &str) -> Ran {
    run(world, uri, &format!("<LookupCache name='L'>{KEY}<AssignTo>own.v</AssignTo></LookupCache>"))
}

#[test]
fn entries_of_caches() {
    let world = World::new();
    let policy = populate("<TimeoutInSeconds>10</TimeoutInSeconds>");
    for uri in ["/?k=a&v=1", "/?k=b&v=2"] {
        assert_eq!(run(&world, uri, &policy).end, End::Continue);
    }
    let hit = look_up(&world, "/?k=a");
    assert_eq!((&*hit.text("own.v"), &*hit.text("lookupcache.L.cachehit")), ("1", "true"));
    assert_eq!(
        (&*hit.text("lookupcache.L.cachekey"), &*hit.text("lookupcache.L.assignto")),
        ("p__a", "own.v")
    );
    let invalidate = |children: &str| format!("<InvalidateCache name='I'>{children}</InvalidateCache>");
    run(&world, "/?k=a", &invalidate(KEY));
    let miss = look_up(&world, "/?k=a");
    assert_eq!((&*miss.text("own.v"), &*miss.text("lookupcache.L.cachehit")), ("", "false"));
    assert_eq!(look_up(&world, "/?k=b").text("own.v"), "2");
    let whole = "<CacheKey><Prefix>p</Prefix></CacheKey>";
    run(&world, "/", &invalidate(whole));
    assert_eq!(look_up(&world, "/?k=b").text("own.v"), "2");
    run(&world, "/", &invalidate(&format!("{whole}<PurgeChildEntries>true</PurgeChildEntries>")));
    assert_eq!(look_up(&world, "/?k=b").text("own.v"), "");
}

#[test]
fn entries_of_caches_end() {
    let world = World::new();
    run(&world, "/?k=a&v=1", &populate("<TimeoutInSeconds>10</TimeoutInSeconds>"));
    world.pass(Duration::from_millis(9_999));
    assert_eq!(look_up(&world, "/?k=a").text("own.v"), "1");
    world.pass(Duration::from_millis(1));
    assert_eq!(look_up(&world, "/?k=a").text("own.v"), "");
    run(&world, "/?k=a&v=1", &populate("<TimeoutInSec>0</TimeoutInSec>"));
    assert_eq!(look_up(&world, "/?k=a").text("own.v"), "");
}

#[test]
fn what_cannot_be_cached() {
    let world = World::new();
    let mut large = Message::request("POST", "/?k=a");
    large.set_body("x".repeat(1 << 20));
    let ran = world.run(large, &populate("").replace("request.queryparam.v", "request.content"));
    assert_eq!(ran.fault(), (500, "policies.populatecache.EntryCannotBeCached"));
    let (executable, problems) = world.compile(&populate("<TimeoutInSeconds>soon</TimeoutInSeconds>"));
    assert!(executable.is_none() && problems[0].message.contains("InvalidTimeout"), "{problems:?}");
    let (executable, _) = world.compile(&format!("<LookupCache name='L'>{KEY}</LookupCache>"));
    assert!(executable.is_none());
}

#[test]
fn property_sets_have_defaults() {
    let read = |children: &str| {
        format!(
            "<ReadPropertySet name='R'><Read><Name>s</Name><Key>k</Key>{children}</Read></ReadPropertySet>"
        )
    };
    let world = World::new();
    let with_default = read("<AssignTo>own.v</AssignTo><DefaultValue>d</DefaultValue>");
    assert_eq!(run(&world, "/", &with_default).text("own.v"), "d");
    assert_eq!(run(&world, "/", &read("<AssignTo>own.v</AssignTo>")).text("own.v"), "");
    let read_only = with_default.replace("own.v", "client.ip");
    assert_eq!(run(&world, "/", &read_only).fault(), (500, "steps.readpropertyset.SetVariableFailed"));
    assert!(world.compile(&read("")).0.is_none());
}

#[test]
fn sinks_say_once_that_they_do_nothing() {
    for tag in ["MessageLogging", "StatisticsCollector", "DataCapture"] {
        let world = World::new();
        let xml = format!("<{tag} name='M'><Anything/></{tag}>");
        let codes: Vec<_> = world.compile(&xml).1.iter().map(|it| (it.level, it.code)).collect();
        assert_eq!(codes, [(Level::Info, "no-effect")], "{tag}");
        assert_eq!(run(&world, "/", &xml).end, End::Continue);
    }
}
