//! The Javascript policy: Apigee's object model on a real transaction, httpClient, session, faults and limits.

use crate::support::{World, block_on, in_response_phase};
use dormouse_flow::{
    CallFuture, Executable, Host, HttpClient, Message, Outcome, OutgoingCall, Transaction, Value,
};
use std::sync::Arc;

/// Answers with what it was asked.
struct Mirror;

impl HttpClient for Mirror {
    fn send(&self, call: OutgoingCall) -> CallFuture {
        let mut response = Message::response(if call.request.path() == Some("/404") { 404 } else { 200 });
        let body = format!(
            "{{\"verb\":\"{}\",\"to\":\"{}{}\",\"body\":\"{}\"}}",
            call.request.verb().unwrap_or_default(),
            call.destination.authority(),
            call.request.uri().unwrap_or_default(),
            call.request.content(),
        );
        let name = http::HeaderName::from_static("x-id");
        let id = call.request.headers().first(&name).unwrap_or_default().into_owned();
        response.headers_mut().set("X-Echo", &id).expect("a header");
        response.set_body(body);
        Box::pin(std::future::ready(Ok(response)))
    }
}

fn policy(attributes: &str, script: &str) -> String {
    format!(
        "<Javascript name='P' {attributes}><Properties><Property name='color'>red</Property></Properties>\
         <Source><![CDATA[{script}]]></Source></Javascript>"
    )
}

fn request() -> Message {
    let mut message = Message::request("POST", "/a/b?q=1&q=2&r=x%20y");
    for (name, value) in [
        ("Host", "api.example.com"),
        ("Accept", "text/html, text/plain"),
        ("X-One", "1"),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ] {
        message.headers_mut().add(name, value).expect("a header");
    }
    message.set_body("grant_type=password&scope=a+b");
    message
}

/// Runs scripts one after the other on one transaction: the texts of the faults.
fn run_all(world: &World, transaction: &mut Transaction, policies: &[String]) -> Vec<String> {
    let host = Host { http_client: Arc::new(Mirror), ..(**transaction.host()).clone() };
    let compile = |xml: &String| {
        let (executable, problems) = world.compile(xml);
        executable.unwrap_or_else(|| panic!("{problems:?}"))
    };
    let executables: Vec<Executable> = policies.iter().map(compile).collect();
    block_on(async {
        let mut faults = Vec::new();
        for executable in &executables {
            if let Outcome::Fault(fault) = executable.run(transaction, &host).await {
                faults.push(format!("{} {} {}", fault.status, fault.code, fault.text));
            }
        }
        faults
    })
}

/// A script on the request: the variable `r` afterwards.
#[track_caller]
fn check(script: &str, expected: &str) {
    check_on(|transaction| transaction, script, &[("r", expected)]);
}

#[track_caller]
fn check_on(prepare: impl FnOnce(Transaction) -> Transaction, script: &str, expected: &[(&str, &str)]) {
    let world = World::new();
    let mut transaction = prepare(world.transaction(request()));
    let faults = run_all(&world, &mut transaction, &[policy("", script)]);
    assert_eq!(faults, Vec::<String>::new(), "{script}");
    for (name, expected) in expected {
        let text = transaction.text_of(transaction.get(name));
        assert_eq!(text.as_deref().unwrap_or("null"), *expected, "{name} after {script}");
    }
}

#[track_caller]
fn check_value(expression: &str, expected: &str) {
    check(&format!("context.setVariable('r', String({expression}));"), expected);
}

#[test]
fn variables_keep_their_types() {
    check_value("context.getVariable('none') === null", "true");
    check_value("typeof context.getVariable('is.error')", "boolean");
    check_value("typeof context.getVariable('client.port')", "number");
    check_value("typeof context.getVariable('request.verb')", "string");
    check_value("context.getVariable('request.headers.names')", "[Host, Accept, X-One, Content-Type]");
    check_value("context.getVariable('request.headers.names').toArray().length", "4");
    check_value("context.getVariable('request.queryparam.q.values').size()", "2");
    check_value("context.getVariable('request')", "grant_type=password&scope=a+b");
    let world = World::new();
    let mut transaction = world.transaction(request());
    let script = "context.setVariable('i', 7); context.setVariable('d', 0.5); context.setVariable('b', true); \
        context.setVariable('l', 5e9); context.setVariable('s', 'x'); context.setVariable('n', 'x'); \
        context.setVariable('n', undefined); context.setVariable('a', [1, 'b']); context.setVariable('o', {}); \
        context.setVariable('gone', 1); context.removeVariable('gone'); context.setVariable('system.uuid', 1); \
        context.setVariable('lone', '\\ud800');";
    assert_eq!(run_all(&world, &mut transaction, &[policy("", script)]), Vec::<String>::new());
    for (name, expected) in [
        ("i", Value::Int(7)),
        ("d", Value::Double(0.5)),
        ("b", Value::Bool(true)),
        ("l", Value::Double(5e9)),
        ("s", "x".into()),
        ("n", Value::Null),
        ("a", Value::list([Value::Int(1), "b".into()])),
        ("o", "[object Object]".into()),
        ("gone", Value::Null),
        ("lone", "\u{fffd}".into()),
    ] {
        assert!(transaction.get(name) == expected, "{name}");
    }
}

#[test]
fn messages_are_read() {
    check_value("context.flow", "PROXY_REQ_FLOW");
    check_value("request.headers['accept']", "text/html");
    check_value("request.headers.Accept[1] + request.headers.Accept.length()", "text/plain2");
    check_value("request.headers['x-one'] == '1' && request.headers.none === undefined", "true");
    check_value("Object.keys(request.headers)", "Host,Accept,X-One,Content-Type");
    check_value(
        "(function () { var n = []; for (var h in context.proxyRequest.headers) n.push(h); return n })()",
        "Host,Accept,X-One,Content-Type",
    );
    check_value("'X-One' in request.headers", "true");
    check_value("request.queryParams.q + request.queryParams['q'][1] + request.queryParams.r", "12x y");
    check_value("request.headers.Accept.split('/')", "text,html");
    check_value("request.method + ' ' + request.path + ' ' + request.uri", "POST /a/b /a/b?q=1&q=2&r=x%20y");
    check_value("request.url.protocol + request.url.host + request.url.path", "httpsapi.example.com/a/b");
    check_value("request.body.asForm.grant_type + request.content.asForm['scope'][0]", "passworda b");
    check_value("request.content.length + request.content.substring(0, 5)", "29grant");
    check_value("context.proxyResponse", "null");
    check_value("properties.color + typeof properties.none", "redundefined");
    check_value(
        "crypto.getSHA256().update('abc').digest64()",
        "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
    );
    check_value("crypto.getHash('SHA-1').update('abc').digest()", "a9993e364706816aba3e25717850c26c9cd0d89d");
    check_value("crypto.dateFormat('yyyy-MM-dd', 'UTC', 0)", "1970-01-01");
    // The clock is the gateway's.
    check_value(
        "Math.round(Date.now() / 10000) + ',' + (new Date() instanceof Date) + new Date(5).getTime()",
        "180000090,true5",
    );
}

#[test]
fn messages_are_changed() {
    check_on(
        |transaction| transaction,
        "request.headers['X-New'] = 'a'; request.headers.List = ['a', 'b']; delete request.headers['x-one']; \
         request.queryParams.q = 9; delete request.queryParams.r; request.method = 'PUT'; \
         request.content = {a: 1}; context.setVariable('request.header.Via', 'x');",
        &[
            ("request.header.x-new", "a"),
            ("request.header.list.values", "[a, b]"),
            ("request.header.x-one", "null"),
            ("request.querystring", "q=9"),
            ("request.verb", "PUT"),
            ("request.content", "{\"a\":1}"),
            ("request.header.via", "x"),
        ],
    );
    let with_response = |transaction: Transaction| {
        let mut transaction = in_response_phase(transaction);
        let mut response = Message::response(200);
        response.set_body("{\"city\":\"Ulm\"}");
        transaction.set_response(response);
        transaction
    };
    check_on(
        with_response,
        "if (response.status != 200 || response.status.code !== 200 || response.status + '' !== '200') throw 'status'; \
         if (JSON.parse(response.content).city !== 'Ulm') throw 'content'; \
         response.content.asJSON.city = 'Bonn'; response.status = 404; response.status.message = 'Nope'; \
         context.proxyResponse.headers['X-A'] = context.flow; context.setVariable('seen', request.headers['X-One']);",
        &[
            ("response.content", "{\"city\":\"Bonn\"}"),
            ("response.status.code", "404"),
            ("response.reason.phrase", "Nope"),
            ("response.header.x-a", "PROXY_RESP_FLOW"),
            ("seen", "1"),
        ],
    );
}

#[test]
fn requests_are_sent_and_their_responses_read() {
    check(
        "var e = httpClient.get('http://a.example/x?y=1'); e.waitForComplete(); \
         var r = JSON.parse(e.getResponse().content); \
         context.setVariable('r', e.isSuccess() + r.verb + r.to + e.getResponse().status + e.getError());",
        "trueGETa.example/x?y=1200null",
    );
    check(
        "var request = new Request('https://b.example/404', 'POST', {'X-Id': '7'}, 'hello'); \
         httpClient.send(request, function (response, error) { \
           context.setVariable('r', response.status.code + response.headers['X-Echo'] + response.body.asJSON.body + error) });",
        // Number, then text.
        "4047helloundefined",
    );
    check(
        "var e = httpClient.get('not a url'); e.waitForComplete(); context.setVariable('r', e.isError() + ' ' + e.isSuccess())",
        "true false",
    );
    check(
        "var n = 0; for (var i = 0; i < 150; i++) { var e = httpClient.get('http://a/'); e.waitForComplete(); if (e.isSuccess()) n++ } context.setVariable('r', n)",
        "100",
    );
}

#[test]
fn the_session_lives_as_long_as_the_transaction() {
    let world = World::new();
    let mut transaction = world.transaction(request());
    let scripts = [
        "context.session['call'] = httpClient.get('http://a/1'); context.session.count = {n: [1]}; context.session.at = new Date(5);",
        "context.session.count.n.push(2);",
        "var call = context.session['call']; call.waitForComplete(); \
         context.setVariable('r', JSON.parse(call.getResponse().content).to + context.session.count.n + context.session.at.getTime());",
    ];
    let policies: Vec<_> = scripts.iter().map(|script| policy("", script)).collect();
    assert_eq!(run_all(&world, &mut transaction, &policies), Vec::<String>::new());
    assert_eq!(transaction.text_of(transaction.get("r")).as_deref(), Some("a/11,25"));
}

#[track_caller]
fn check_fault(attributes: &str, script: &str, expected: &str) {
    let world = World::new();
    let mut transaction = world.transaction(request());
    let expected =
        format!("500 steps.javascript.ScriptExecutionFailed Execution of P failed with error: {expected}");
    assert_eq!(run_all(&world, &mut transaction, &[policy(attributes, script)]), [expected], "{script}");
}

#[test]
fn failures_are_faults() {
    check_fault(
        "",
        "\nstatus.x",
        "Javascript runtime error: \"ReferenceError: \"status\" is not defined. (P:2)\"",
    );
    check_fault("", "throw 'no way'", "Javascript runtime error: \"no way\"");
    check_fault("timeLimit='40'", "while (true) {}", "Javascript runtime exceeded limit of 40ms");
    check_fault("timeLimit='40'", "new Array(1e9) + ''", "Javascript runtime exceeded limit of 40ms");
}

#[test]
fn problems_are_found_when_a_bundle_is_compiled() {
    let world = World::new();
    let (executable, problems) = world.compile(&policy("", "var a = 1;\nvar b = ;"));
    assert!(executable.is_none());
    let problem = problems.first().expect("a problem");
    assert_eq!(
        (problem.code, problem.span.as_ref().map(|span| span.start().line)),
        ("script-syntax", Some(2))
    );
    let (executable, problems) = world.compile("<Javascript name='P'/>");
    assert_eq!((executable.is_none(), problems[0].code), (true, "script-missing"));
    let (executable, problems) = world.compile(&policy("timeLimit='soon'", "importPackage(java.util)"));
    let codes: Vec<_> = problems.iter().map(|problem| problem.code).collect();
    assert_eq!((executable.is_some(), codes), (true, vec!["time-limit", "script-unsupported"]));
}
