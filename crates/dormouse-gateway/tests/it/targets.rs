//! Targets and callouts over real sockets.

use crate::support::{arrival, body, header, networked, status};
use crate::upstream::{Answer, Upstream, response};
use bytes::Bytes;
use dormouse_bundle::Problem;
use dormouse_gateway::{Program, Reply};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::time::Instant;

/// Runs a test with a program that may use the network.
fn run<T>(test: impl AsyncFnOnce(&Program) -> T) -> T {
    let (program, _) = networked(&["targets"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(test(&program))
}

async fn send(program: &Program, line: &str, target: &str, content: &str) -> Reply {
    let (verb, uri) = line.split_once(' ').expect("verb and URI");
    let request = http::Request::builder().method(verb).uri(uri).header("x-target", target);
    let request = request.header("host", "gateway.example").header("x-apigee-secret", "1");
    let body = Bytes::copy_from_slice(content.as_bytes());
    program.handle(request.body(body).expect("a request"), arrival()).await
}

async fn get(program: &Program, path: &str, target: &str) -> Reply {
    send(program, &format!("GET /targets{path}"), target, "").await
}

fn ok(body: &str) -> Answer {
    Answer::Keep(response("200 OK", "", body))
}

#[track_caller]
fn check(reply: &Reply, expected: (u16, &str)) {
    assert!(body(reply).contains(expected.1), "{}", body(reply));
    assert_eq!(status(reply), expected.0, "{}", body(reply));
}

#[test]
fn a_request_reaches_its_target_with_suffix_query_and_body() {
    run(async |program| {
        let upstream =
            Upstream::start(&[Answer::Keep(response("201 Made", "X-One: 1\r\nX-One: 2\r\n", "done"))]).await;
        let target = upstream.url("/base?k=0");
        let reply = send(program, "POST /targets/a%20b/c?q=1&q=2", &target, "hello").await;
        check(&reply, (201, "done"));
        assert_eq!(reply.reason.as_deref(), Some("Made"));
        assert_eq!(header(&reply, "x-one").as_deref(), Some("1, 2"));
        let received = upstream.received().join("");
        let first = "POST /base/a%20b/c?k=0&q=1&q=2 HTTP/1.1\r\n";
        assert!(received.starts_with(first), "{received}");
        assert!(received.ends_with("\r\n\r\nhello"), "{received}");
        let host = format!("host: {}\r\n", upstream.address);
        assert!(received.to_lowercase().contains(&host), "{received}");
        assert!(!received.to_lowercase().contains("x-apigee"), "{received}");
    });
}

#[test]
fn a_status_that_is_no_success_is_a_fault_with_the_response_of_the_target() {
    run(async |program| {
        for (line, expected, fault) in [
            ("404 Not Found", 404, None),
            ("418 Teapot", 418, Some("ErrorResponseCode")),
            ("409 Conflict", 409, None),
            ("500 Oops", 500, None),
        ] {
            let upstream = Upstream::start(&[Answer::Keep(response(line, "X-Own: y\r\n", "own body"))]).await;
            let reply = get(program, "/x", &upstream.url("")).await;
            check(&reply, (expected, "own body"));
            assert_eq!(header(&reply, "x-own").as_deref(), Some("y"), "{line}");
            assert_eq!(header(&reply, "x-fault").as_deref(), fault, "{line}");
        }
    });
}

#[test]
fn what_goes_wrong_between_the_servers() {
    run(async |program| {
        let fault = async |answers: &[Answer], expected: (u16, &str)| {
            let upstream = Upstream::start(answers).await;
            let started = Instant::now();
            check(&get(program, "/x", &upstream.url("/")).await, expected);
            assert!(started.elapsed() < Duration::from_secs(5));
        };
        let close = |text: &str| [Answer::Close(text.to_owned())];
        fault(&[Answer::Silence], (504, "GatewayTimeout")).await;
        fault(&close(""), (502, "UnexpectedEOFAtTarget")).await;
        fault(&close("HTTP/1.1 200 OK\r\n"), (502, "UnexpectedEOFAtTarget")).await;
        fault(&close("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), (502, "UnexpectedEOFAtTarget"))
            .await;
        fault(&close("SSH-2.0-none\r\n\r\n"), (502, "protocol.http.BadResponse")).await;
        let chunk = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n";
        fault(&close(chunk), (502, "protocol.http.BadResponse")).await;
        let huge = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(70_000));
        fault(&close(&huge), (502, "protocol.http.TooBigHeaders")).await;
        let large = "HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\n";
        fault(&close(large), (502, "protocol.http.TooBigBody")).await;
        fault(&close("HTTP/1.0 200 OK\r\n\r\nuntil the end"), (200, "until the end")).await;
    });
}

#[test]
fn a_target_that_is_not_there() {
    run(async |program| {
        let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let dead = format!("http://{}/", free.local_addr().expect("an address"));
        drop(free);
        check(&get(program, "/x", &dead).await, (503, "ServiceUnavailable"));
        check(&get(program, "/x", "http://no-such-host.invalid/").await, (503, "ServiceUnavailable"));
        check(&get(program, "/x", "no url").await, (503, "ServiceUnavailable"));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let no_tls = format!("https://{}/", listener.local_addr().expect("an address"));
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a client");
            stream.write_all(b"SSH-2.0-none\r\n").await.expect("a client");
        });
        check(&get(program, "/x", &no_tls).await, (503, "SslHandshakeFailed"));
        check(&get(program, "/nobody", "").await, (503, "ServiceUnavailable"));
        check(&get(program, "/balanced", "").await, (503, "NoActiveTargets"));
    });
}

#[test]
fn a_connection_is_used_again() {
    run(async |program| {
        let upstream = Upstream::start(&[ok("a")]).await;
        for _ in 0..5 {
            check(&get(program, "/x", &upstream.url("/")).await, (200, "a"));
        }
        assert_eq!((upstream.connections(), upstream.received().len()), (1, 5));
    });
}

#[test]
fn only_what_may_be_repeated_is_sent_again() {
    run(async |program| {
        // The second request on a connection finds it closed, as when the server's idle time ends just then.
        let upstream = Upstream::start(&[ok("a"), Answer::Close(String::new())]).await;
        check(&get(program, "/x", &upstream.url("/")).await, (200, "a"));
        check(&get(program, "/x", &upstream.url("/")).await, (200, "a"));
        assert_eq!((upstream.connections(), upstream.received().len()), (2, 3));
        let posted = send(program, "POST /targets/x", &upstream.url("/"), "once").await;
        check(&posted, (502, "UnexpectedEOFAtTarget"));
        assert_eq!(upstream.received().iter().filter(|text| text.contains("once")).count(), 1);
        // A byte of a response has come: nothing is sent again.
        let upstream = Upstream::start(&[ok("a"), Answer::Close("H".into())]).await;
        check(&get(program, "/x", &upstream.url("/")).await, (200, "a"));
        check(&get(program, "/x", &upstream.url("/")).await, (502, "UnexpectedEOFAtTarget"));
        assert_eq!(upstream.received().len(), 2);
    });
}

#[test]
fn many_at_once() {
    run(async |program| {
        let upstream = Upstream::start(&[ok("a")]).await;
        let url = upstream.url("/");
        tokio::task::LocalSet::new()
            .run_until(async {
                let one = |_| {
                    let (program, url) = (program.clone(), url.clone());
                    tokio::task::spawn_local(async move { status(&get(&program, "/x", &url).await) })
                };
                let calls: Vec<_> = (0..100).map(one).collect();
                for call in calls {
                    assert_eq!(call.await.expect("a reply"), 200);
                }
            })
            .await;
        assert_eq!(upstream.received().len(), 100);
    });
}

#[test]
fn callouts() {
    run(async |program| {
        let upstream = Upstream::start(&[ok("pong")]).await;
        // The payload is cleared once it is sent.
        check(&get(program, "/callout", &upstream.url("/deep?a=b")).await, (200, "200 pong []"));
        let received = upstream.received().join("");
        assert!(received.starts_with("POST /deep/below?a=b HTTP/1.1\r\n"), "{received}");
        assert!(received.ends_with("\r\n\r\nping"), "{received}");
        let failing = Upstream::start(&[Answer::Keep(response("400 Bad", "", "no"))]).await;
        let reason = "Execution of ServiceCallout Call failed. Reason: ResponseCode 400 is treated as error";
        check(&get(program, "/callout", &failing.url("")).await, (500, reason));
        let silent = Upstream::start(&[Answer::Silence]).await;
        check(&get(program, "/callout", &silent.url("")).await, (500, "Reason: timeout occurred"));
    });
}

#[test]
fn a_callout_without_response_is_waited_for_by_nobody() {
    run(async |program| {
        let upstream = Upstream::start(&[Answer::Silence]).await;
        let started = Instant::now();
        check(&get(program, "/alone", &upstream.url("/alone")).await, (200, ""));
        assert!(started.elapsed() < Duration::from_secs(2));
        while upstream.received().is_empty() {
            assert!(started.elapsed() < Duration::from_secs(5), "it is sent all the same");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        check(&get(program, "/alone", "http://no-such-host.invalid/").await, (200, ""));
    });
}

#[test]
fn proxies_call_each_other_without_a_connection() {
    run(async |program| {
        check(&get(program, "/local/x?q=1", "").await, (200, "inner GET /inner/local/x /local/x"));
        check(&get(program, "/neighbour", "").await, (200, "200 inner GET /inner/by/path /by/path"));
        check(&get(program, "/endless", "").await, (500, "LocalCallsTooDeep"));
    });
}

#[test]
fn settings_without_effect_are_named() {
    let (_, problems) = networked(&["targets"]);
    let shown = |problem: &Problem| (problem.code, problem.level);
    let mut found: Vec<_> = problems.iter().map(shown).collect();
    found.sort_unstable();
    let warning = dormouse_bundle::Level::Warning;
    assert_eq!(found, [("tls-setting", warning), ("unknown-property", warning)], "{problems:?}");
}
