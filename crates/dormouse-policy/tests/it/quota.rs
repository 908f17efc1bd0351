//! Quota: what is counted and refused, by which settings, and what a policy that cannot be deployed says.

use crate::support::{End, Ran, VERIFY, World, bearer};
use dormouse_bundle::Level;
use dormouse_flow::{Message, Value};
use dormouse_policy::Platform;
use std::time::Duration;

fn get(query: &str) -> Message {
    Message::request("GET", &format!("/r?{query}"))
}

/// Runs `<Quota ATTRIBUTES name="Q">CHILDREN</Quota>`.
fn run(world: &World, query: &str, attributes: &str, children: &str) -> Ran {
    world.run(get(query), &quota(attributes, children))
}

fn quota(attributes: &str, children: &str) -> String {
    format!(r#"<Quota name="Q" {attributes}>{children}</Quota>"#)
}

/// How many of five requests are let through.
#[track_caller]
fn check_passes(query: &str, children: &str, expected: usize) {
    let world = World::new();
    let passes = (0..5).filter(|_| run(&world, query, "", children).end == End::Continue).count();
    assert_eq!(passes, expected, "{query} {children}");
}

const HOURLY: &str = "<Interval>1</Interval><TimeUnit>hour</TimeUnit>";

#[test]
fn how_much_is_allowed() {
    for (query, allow, expected) in [
        ("", r#"<Allow count="3"/>"#, 3),
        ("", r#"<Allow count="0"/>"#, 0),
        ("", "<Allow>2</Allow>", 2),
        ("", "", 5),
        ("n=4", r#"<Allow count="1" countRef="request.queryparam.n"/>"#, 4),
        ("n=4", r#"<Allow countRef=" request.queryparam.n ">1</Allow>"#, 4),
        ("", r#"<Allow count="1" countRef="request.queryparam.n"/>"#, 1),
        ("n=many", r#"<Allow count="1" countRef="request.queryparam.n"/>"#, 1),
        ("n=-1", r#"<Allow count="1" countRef="request.queryparam.n"/>"#, 1),
        ("", r#"<Allow countRef="request.queryparam.n"/>"#, 5),
        ("", r#"<Allow count="3"/><MessageWeight>2</MessageWeight>"#, 1),
        ("w=0", r#"<Allow count="0"/><MessageWeight ref="request.queryparam.w"/>"#, 5),
        ("w=3", r#"<Allow count="6"/><MessageWeight ref="request.queryparam.w"/>"#, 2),
        ("", r#"<Allow count="4"/><MessageWeight ref="request.queryparam.w"/>"#, 4),
        ("", r#"<Allow count="1"/><CountOnly>true</CountOnly>"#, 5),
        ("", r#"<Allow count="1"/><EnforceOnly>true</EnforceOnly>"#, 5),
        ("", r#"<Allow count="0"/><EnforceOnly>true</EnforceOnly>"#, 0),
        (
            "",
            r#"<Allow count="2"/><Distributed>true</Distributed><Synchronous>false</Synchronous>
            <AsynchronousConfiguration><SyncIntervalInSeconds>20</SyncIntervalInSeconds></AsynchronousConfiguration>
            <PreciseAtSecondsLevel>false</PreciseAtSecondsLevel>"#,
            2,
        ),
    ] {
        check_passes(query, &format!("{allow}{HOURLY}"), expected);
    }
}

#[test]
fn classes_have_counters_of_their_own() {
    let children = format!(
        r#"<Allow count="1"/><Allow><Class ref="request.queryparam.c"><Allow class="peak" count="2"/>
        <Allow class="off" countRef="request.queryparam.n" count="3"/></Class></Allow>{HOURLY}"#
    );
    for (query, expected) in [("c=peak", 2), ("c=off", 3), ("c=off&n=4", 4), ("c=other", 1), ("", 1)] {
        check_passes(query, &children, expected);
    }
    let world = World::new();
    let ends: Vec<_> = ["c=peak", "c=off", "c=peak", "c=peak", "c=off", ""]
        .into_iter()
        .map(|query| run(&world, query, "", &children).end == End::Continue)
        .collect();
    assert_eq!(ends, [true, true, true, false, true, true]);
}

#[test]
fn identifiers_count_apart() {
    let world = World::new();
    let children = format!(r#"<Allow count="1"/><Identifier ref="request.queryparam.id"/>{HOURLY}"#);
    for (query, expected) in [
        ("id=a", None),
        ("id=b", None),
        ("id=a", Some("a")),
        ("", None),
        ("id=", Some("_default")),
        ("x=1", Some("_default")),
    ] {
        let end = run(&world, query, "", &children).end;
        let expected = expected.map_or(End::Continue, |identifier| violation(429, identifier));
        assert_eq!(end, expected, "{query}");
    }
    let children = format!(r#"<Allow count="0"/><Identifier>everything</Identifier>{HOURLY}"#);
    assert_eq!(run(&world, "", "", &children).end, violation(429, "everything"));
}

fn violation(status: u16, identifier: &str) -> End {
    let text = format!("Rate limit quota violation. Quota limit  exceeded. Identifier : {identifier}");
    End::Fault { status, code: "policies.ratelimit.QuotaViolation".into(), text }
}

#[test]
fn edge_answers_with_its_own_status() {
    let children = format!(r#"<Allow count="0"/>{HOURLY}"#);
    assert_eq!(run(&World::on(Platform::Edge), "", "", &children).end, violation(500, "_default"));
}

/// Whether requests pass at these seconds after 2027-01-15T08:15:00Z.
#[track_caller]
fn check_times(attributes: &str, children: &str, expected: &[(u64, bool)]) {
    let (world, mut now) = (World::new(), 0);
    for (at, passes) in expected {
        world.pass(Duration::from_secs(at - now));
        now = *at;
        let end = run(&world, "", attributes, &format!("{children}<TimeUnit>minute</TimeUnit>")).end;
        assert_eq!(end == End::Continue, *passes, "{attributes} at {at}");
    }
}

#[test]
fn when_counting_starts_again() {
    let two = r#"<Allow count="2"/><Interval>1</Interval>"#;
    let aligned = [(0, true), (50, true), (59, false), (60, true), (61, true), (62, false), (120, true)];
    check_times("", two, &aligned);
    check_times(r#"type="default""#, two, &aligned);
    check_times(r#"type="calendar""#, two, &aligned);
    let flexi = [(50, true), (60, true), (109, false), (110, true), (160, true), (169, false), (170, true)];
    check_times(r#"type="flexi""#, two, &flexi);
    let rolling =
        [(50, true), (60, true), (109, false), (110, true), (119, false), (120, true), (121, false)];
    check_times(r#"type="rollingwindow""#, two, &rolling);
    let calendar = [(0, true), (29, true), (29, false), (30, true), (60, true), (89, false), (90, true)];
    check_times(r#"type="calendar""#, &format!("{two}<StartTime>2016-3-31 07:00:30</StartTime>"), &calendar);
}

#[test]
fn policies_with_one_shared_name_count_together() {
    let world = World::new();
    let policy = |name: &str, children: &str| {
        let children = format!(
            r#"{children}<Allow count="3"/>{HOURLY}<MessageWeight ref="request.queryparam.w"/><SharedName>s</SharedName>"#
        );
        let xml = format!(r#"<Quota name="{name}">{children}</Quota>"#);
        world.run(get("w=2"), &xml)
    };
    let enforce = || policy("Enforce", "<EnforceOnly>true</EnforceOnly>");
    let count = || policy("Count", "<CountOnly>true</CountOnly>");
    assert_eq!(enforce().end, End::Continue);
    assert_eq!(count().text("ratelimit.Count.used.count"), "2");
    assert_eq!(enforce().end, End::Continue);
    let over = count();
    assert_eq!((&over.end, over.text("ratelimit.Count.used.count").as_str()), (&End::Continue, "4"));
    assert_eq!(over.get("ratelimit.Count.failed"), Value::Bool(false));
    assert_eq!(over.get("ratelimit.Count.exceed.count"), Value::Long(1));
    assert_eq!(enforce().end, violation(429, "_default"));
}

#[test]
fn variables_say_how_the_counter_stands() {
    let world = World::new();
    let children = format!(
        r#"<Allow><Class ref="request.queryparam.c"><Allow class="gold" count="2"/></Class></Allow>
        {HOURLY}<Identifier ref="request.queryparam.id"/>"#
    );
    let request = |query: &str| run(&world, query, "", &children);
    request("id=a&c=gold");
    let second = request("id=a&c=gold");
    for (suffix, expected) in [
        ("allowed.count", Value::Long(2)),
        ("used.count", Value::Long(2)),
        ("available.count", Value::Long(0)),
        ("exceed.count", Value::Long(0)),
        ("total.exceed.count", Value::Long(0)),
        ("expiry.time", Value::Long(1_800_003_600_000)),
        ("identifier", "a".into()),
        ("class", "gold".into()),
        ("class.allowed.count", Value::Long(2)),
        ("class.used.count", Value::Long(2)),
        ("class.available.count", Value::Long(0)),
        ("class.exceed.count", Value::Long(0)),
        ("class.total.exceed.count", Value::Long(0)),
        ("failed", Value::Bool(false)),
        ("other.count", Value::Null),
    ] {
        // `Debug` of values shows no value.
        assert!(second.get(&format!("ratelimit.Q.{suffix}")) == expected, "{suffix}");
    }
    request("id=a&c=gold");
    let refused = request("id=a&c=gold");
    assert_eq!(refused.end, violation(429, "a"));
    for (suffix, expected) in [
        ("used.count", "2"),
        ("exceed.count", "1"),
        ("total.exceed.count", "1"),
        ("class.exceed.count", "2"),
        ("class.total.exceed.count", "2"),
        ("failed", "true"),
    ] {
        assert_eq!(refused.text(&format!("ratelimit.Q.{suffix}")), expected, "{suffix}");
    }
    world.pass(Duration::from_hours(1));
    let next = request("id=a&c=gold");
    assert_eq!(next.text("ratelimit.Q.class.exceed.count"), "0");
    assert_eq!(next.text("ratelimit.Q.class.total.exceed.count"), "2");
    let plain = request("id=a&c=other");
    assert_eq!(plain.text("ratelimit.Q.class"), "other");
    assert_eq!(plain.text("ratelimit.Q.allowed.count"), "2000");
    assert!(plain.get("ratelimit.Q.class.allowed.count").is_null());
}

#[track_caller]
fn check_fault(query: &str, children: &str, code: &str, text: &str) {
    let expected = End::Fault { status: 500, code: format!("policies.ratelimit.{code}"), text: text.into() };
    assert_eq!(run(&World::new(), query, "", children).end, expected, "{children}");
}

#[test]
fn what_cannot_be_counted_is_a_fault() {
    let interval = r#"<Interval ref="request.queryparam.i"/><TimeUnit ref="request.queryparam.u"/>"#;
    check_fault(
        "u=hour",
        interval,
        "FailedToResolveQuotaIntervalReference",
        "Failed to resolve quota interval reference request.queryparam.i in quota policy Q",
    );
    check_fault(
        "i=1",
        interval,
        "FailedToResolveQuotaIntervalTimeUnitReference",
        "Failed to resolve quota time unit reference request.queryparam.u in quota policy Q",
    );
    for wrong in ["0", "1.5", "-1", "x", "", "99999999999"] {
        let text = format!("Invalid quota interval {wrong} in quota policy Q");
        check_fault(&format!("i={wrong}&u=hour"), interval, "InvalidQuotaInterval", &text);
    }
    let text = "Invalid quota time unit years in quota policy Q";
    check_fault("i=1&u=years", interval, "InvalidQuotaTimeUnit", text);
    let weight = format!(r#"{HOURLY}<MessageWeight ref="request.queryparam.w"/>"#);
    for wrong in ["1.5", "-1", "x", ""] {
        let text = format!("Invalid message weight value {wrong}");
        check_fault(&format!("w={wrong}"), &weight, "InvalidMessageWeight", &text);
    }
    let text = "Neither the quota policy Q nor an API product gives the interval";
    check_fault("", "<TimeUnit>day</TimeUnit>", "FailedToResolveQuotaIntervalReference", text);
    let product = r#"<UseQuotaConfigInAPIProduct stepName="P"/>"#;
    check_fault("", product, "FailedToResolveQuotaIntervalReference", text);
}

/// Verifies a token of this key, runs the quota on the same transaction, and tells the allowed count and the end of the
/// interval in seconds from now, or the code of the fault.
fn after_verification(key: &str, children: &str) -> Result<(String, u64), String> {
    let world = World::new();
    let verified = world.run(bearer(&world.client_token(key)), VERIFY);
    assert_eq!(verified.end, End::Continue);
    let ran = world.run_on(verified.transaction, &quota("type=\"flexi\"", children));
    match &ran.end {
        End::Continue => {
            let end = ran.get("ratelimit.Q.expiry.time").as_i64().expect("a time");
            Ok((
                ran.text("ratelimit.Q.allowed.count"),
                (end.cast_unsigned() - crate::support::NOW.as_ms()) / 1_000,
            ))
        }
        End::Fault { code, .. } => Err(code.clone()),
        End::Respond => panic!("a quota never answers"),
    }
}

#[test]
fn limits_of_the_api_product() {
    let by_reference = r#"<Interval ref="apiproduct.developer.quota.interval"/>
        <TimeUnit ref="apiproduct.developer.quota.timeunit"/><Allow countRef="apiproduct.developer.quota.limit"/>
        <Identifier ref="client_id"/>"#;
    let by_step = |step: &str, inside: &str| {
        format!(
            r#"<UseQuotaConfigInAPIProduct stepName="{step}">{inside}</UseQuotaConfigInAPIProduct>
            <Interval>1</Interval><TimeUnit>hour</TimeUnit><Allow count="7"/>"#
        )
    };
    let defaults =
        "<DefaultConfig><Allow>2</Allow><Interval>1</Interval><TimeUnit>day</TimeUnit></DefaultConfig>";
    let unresolved = "policies.ratelimit.FailedToResolveQuotaIntervalReference";
    for (key, children, expected) in [
        ("web", by_reference.to_owned(), Ok(("10", 60))),
        ("web", by_step("P", defaults), Ok(("10", 60))),
        ("web", by_step("P", ""), Ok(("10", 60))),
        ("web", "<UseQuotaConfigInAPIProduct>P</UseQuotaConfigInAPIProduct>".to_owned(), Ok(("10", 60))),
        ("web", by_step("Other", defaults), Ok(("2", 86_400))),
        ("web", by_step("Other", ""), Ok(("7", 3_600))),
        ("narrow", by_reference.to_owned(), Err(unresolved)),
        ("narrow", by_step("P", defaults), Ok(("2", 86_400))),
        ("narrow", by_step("P", ""), Ok(("7", 3_600))),
    ] {
        let expected =
            expected.map(|(allowed, seconds)| (allowed.to_owned(), seconds)).map_err(str::to_owned);
        assert_eq!(after_verification(key, &children), expected, "{key} {children}");
    }
}

#[track_caller]
fn check_problem(attributes: &str, children: &str, expected: Option<(Level, &str, &str)>) {
    let (executable, problems) = World::new().compile(&quota(attributes, children));
    let found: Vec<_> = problems.iter().map(|it| (it.level, it.code, it.message.as_str())).collect();
    assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{attributes} {children}");
    assert!(problems.iter().all(|problem| problem.span.is_some() && problem.help.is_some()));
    assert_eq!(executable.is_none(), expected.is_some_and(|(level, _, _)| level == Level::Error));
}

const START: &str = "<StartTime>2016-03-31 00:00:00</StartTime>";

#[test]
fn what_apigee_deploys_without_a_word() {
    check_problem("", HOURLY, None);
    check_problem("type='Flexi'", HOURLY, None);
    check_problem("type='calendar'", &format!("{HOURLY}{START}"), None);
    check_problem("", "<Interval ref='a'/><TimeUnit ref='b'/>", None);
    check_problem("", "<UseQuotaConfigInAPIProduct stepName='P'/>", None);
}

#[test]
fn what_apigee_refuses_to_deploy() {
    let check = |attributes, children: &str, code, message: &str, name| {
        let message = format!("{message} in quota policy Q (Apigee: {name})");
        check_problem(attributes, children, Some((Level::Error, code, &message)));
    };
    let interval = "<Interval>0.1</Interval><TimeUnit>hour</TimeUnit>";
    check("", interval, "invalid-quota-interval", "invalid quota interval 0.1", "InvalidQuotaInterval");
    let unit = "<Interval>1</Interval><TimeUnit>years</TimeUnit>";
    check("", unit, "invalid-quota-time-unit", "invalid quota time unit years", "InvalidQuotaTimeUnit");
    let kind = "invalid quota type calender";
    check("type='calender'", HOURLY, "invalid-quota-type", kind, "InvalidQuotaType");
    let start = format!("{HOURLY}<StartTime>7-16-2017 12:00:00</StartTime>");
    let message = "invalid start time 7-16-2017 12:00:00";
    check("type='calendar'", &start, "invalid-start-time", message, "InvalidStartTime");
    let message = "StartTime is for the quota type calendar only,";
    let start = format!("{HOURLY}{START}");
    check("type='flexi'", &start, "start-time-not-supported", message, "StartTimeNotSupported");
}

#[test]
fn what_could_not_be_counted_is_refused() {
    let check = |children: &str, code, message| {
        check_problem("", &format!("{children}{HOURLY}"), Some((Level::Error, code, message)));
    };
    check("<Allow count='-5'/>", "invalid-quota-count", "-5 is no number of requests");
    let message = "invalid message weight 1.5 (Apigee: InvalidMessageWeight)";
    check("<MessageWeight>1.5</MessageWeight>", "invalid-message-weight", message);
    let class = "<Allow><Class><Allow class='a' count='1'/></Class></Allow>";
    check(class, "quota-class-without-reference", "Class names no variable");
    let both = "<CountOnly>true</CountOnly><EnforceOnly>true</EnforceOnly>";
    check(both, "count-and-enforce-only", "CountOnly and EnforceOnly exclude each other");
}

#[test]
fn what_is_deployed_with_a_warning() {
    let check = |attributes, children: &str, code, message| {
        check_problem(attributes, children, Some((Level::Warning, code, message)));
    };
    let message = "StartTime has no effect without type=\"calendar\"";
    check("", &format!("{HOURLY}{START}"), "start-time-not-supported", message);
    let message =
        "a calendar quota without StartTime begins with the clock's minute, hour, day, week or month";
    check("type='calendar'", HOURLY, "no-start-time", message);
    let message = "the quota policy Q has no Interval or no TimeUnit";
    check("", "<Allow count='5'/>", "incomplete-quota", message);
}
