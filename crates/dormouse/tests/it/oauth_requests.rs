//! Requests to the native endpoints that are malformed, too large, or of another kind: refused early, and nothing else breaks.

use crate::oauth_support::{Native, SECRET, basic};
use crate::support::read_all;
use std::io::Write as _;
use std::net::TcpStream;

/// A raw request to the token endpoint; the status line and what follows.
fn raw(native: &Native, head: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(native.server.oauth.strip_prefix("http://").unwrap()).unwrap();
    let head = format!(
        "{head}\r\nHost: x\r\nConnection: close\r\nAuthorization: {}\r\n\r\n",
        basic(("machine", SECRET))
    );
    // The server may refuse before it has read all of it.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
    read_all(&mut stream)
}

fn post(native: &Native, content_type: &str, body: &[u8]) -> String {
    let head = format!("POST /oauth/token HTTP/1.1\r\n{content_type}Content-Length: {}", body.len());
    raw(native, &head, body)
}

#[track_caller]
fn check(answer: &str, status: &str) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "expected {status}: {answer}");
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
}

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
const GRANT: &[u8] = b"grant_type=client_credentials";

#[test]
fn only_posted_forms() {
    let native = Native::start();
    for content_type in [FORM, "Content-Type: application/x-www-form-urlencoded;charset=UTF-8\r\n"] {
        check(&post(&native, content_type, GRANT), "200");
    }
    for content_type in [
        "",
        "Content-Type: application/json\r\n",
        "Content-Type: multipart/form-data; boundary=x\r\n",
        "Content-Type: text/plain\r\n",
        "Content-Type: application/x-www-form-urlencoded; charset=utf-16\r\n",
        &FORM.repeat(2),
        &format!("{FORM}Content-Encoding: gzip\r\n"),
    ] {
        check(&post(&native, content_type, GRANT), "400");
    }
    for method in ["GET", "PUT", "DELETE", "HEAD", "OPTIONS"] {
        for path in ["/oauth/token", "/oauth/introspect", "/oauth/revoke"] {
            let answer = raw(&native, &format!("{method} {path} HTTP/1.1"), b"");
            check(&answer, "405");
            assert!(answer.contains("Allow: POST"), "{answer}");
        }
    }
    let answer =
        raw(&native, &format!("POST /oauth/token HTTP/1.0\r\n{FORM}Content-Length: {}", GRANT.len()), GRANT);
    assert!(answer.starts_with("HTTP/1.0 200") || answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn nothing_is_taken_from_the_uri() {
    let native = Native::start();
    for query in ["grant_type=client_credentials", "client_id=machine", "x=1"] {
        let head = format!("POST /oauth/token?{query} HTTP/1.1\r\n{FORM}Content-Length: {}", GRANT.len());
        check(&raw(&native, &head, GRANT), "400");
    }
}

#[test]
fn malformed_and_repeated_parameters_are_refused() {
    let native = Native::start();
    for body in [
        &b"grant_type=client_credentials&grant_type=client_credentials"[..],
        b"grant_type=client_credentials&scope=read&scope=write",
        b"grant_type=client_credentials&x=1&x=1",
        b"grant_type=client_credentials&scope=&scope=read",
        b"grant_type=client_credentials&gr%61nt_type=password",
        b"grant_type=client_credentials&scope=read%00",
        b"grant_type=client_credentials\0",
        b"grant_type=client_credentials&scope=%zz",
        b"grant_type=client_credentials&scope=\xff",
        b"grant_type=client_credentials&scope=%c0%af",
        b"grant_type=",
        b"",
        b"\xef\xbb\xbfgrant_type=client_credentials",
    ] {
        let answer = post(&native, FORM, body);
        check(&answer, "400");
        assert!(answer.contains(r#""error":"invalid_request""#), "{answer}");
    }
    let answer = post(&native, FORM, b"grant_type=client_credentials;scope=read");
    check(&answer, "400");
    assert!(answer.contains("unsupported_grant_type"), "a semicolon is data: {answer}");
    for body in [
        "grant_type=client_credentials&scope=",
        "grant_type=client_credentials&unknown=1&a[]=2&resource=a&resource=b",
    ] {
        check(&post(&native, FORM, body.as_bytes()), "200");
    }
}

#[test]
fn sizes_are_bounded() {
    let native = Native::start();
    let form = |more: String| [GRANT, more.as_bytes()].concat();
    check(&post(&native, FORM, &form(format!("&x={}", "a".repeat(65_536)))), "413");
    check(&post(&native, FORM, &form(format!("&x={}", "a".repeat(60_000)))), "200");
    let parameters = |count: usize| (1..count).fold(String::new(), |all, at| format!("{all}&p{at}=1"));
    check(&post(&native, FORM, &form(parameters(100))), "200");
    check(&post(&native, FORM, &form(parameters(101))), "400");
    check(&post(&native, FORM, &form(parameters(10_000))), "413");
    check(&post(&native, FORM, &form(format!("&scope={}", "a ".repeat(2049)))), "400");
    check(&post(&native, FORM, &form(format!("&token={}", "a".repeat(16_385)))), "400");
    check(&post(&native, FORM, &form(format!("&username={}", "a".repeat(257)))), "400");
    let long = "a".repeat(17_000);
    check(&raw(&native, &format!("POST /oauth/token HTTP/1.1\r\nX-Long: {long}"), b""), "431");
    check(&raw(&native, &format!("POST /{long} HTTP/1.1"), b""), "414");
    check(&post(&native, FORM, GRANT), "200");
}

#[test]
fn smuggling_shapes_leave_no_second_request() {
    let native = Native::start();
    let second =
        "GET /.well-known/oauth-authorization-server HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    for headers in [
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding : chunked",
        "Content-Length: +5",
        "Content-Length : 5",
    ] {
        let mut stream = TcpStream::connect(native.server.oauth.strip_prefix("http://").unwrap()).unwrap();
        let request =
            format!("POST /oauth/token HTTP/1.1\r\nHost: x\r\n{FORM}{headers}\r\n\r\n0\r\n\r\n{second}");
        let _ = stream.write_all(request.as_bytes());
        let answer = read_all(&mut stream);
        assert!(!answer.contains("token_endpoint"), "{headers}\n{answer}");
    }
}

/// RFC 9112 §3.2: of two hosts, somebody on the way may have believed the other.
#[test]
fn a_request_names_one_host() {
    let native = Native::start();
    let ask = |origin: &str, path: &str, hosts: &str| {
        let mut stream = TcpStream::connect(origin.strip_prefix("http://").unwrap()).unwrap();
        write!(stream, "GET {path} HTTP/1.{hosts}Connection: close\r\n\r\n").unwrap();
        read_all(&mut stream).split(' ').nth(1).unwrap().to_owned()
    };
    for (hosts, status) in [
        ("1\r\nHost: localhost\r\n", "200"),
        ("1\r\n", "400"),
        ("1\r\nHost: localhost\r\nHost: localhost\r\n", "400"),
        ("1\r\nHost: localhost\r\nHost: evil.example\r\n", "400"),
    ] {
        let metadata = "/.well-known/oauth-authorization-server";
        assert_eq!(ask(&native.server.oauth, metadata, hosts), status, "{hosts}");
        assert_eq!(ask(&native.server.admin, "/metrics", hosts), status, "{hosts}");
    }
    assert_eq!(ask(&native.server.oauth, "/.well-known/oauth-authorization-server", "0\r\n"), "200");
}

#[test]
fn other_spellings_of_a_path_are_other_paths() {
    let native = Native::start();
    for path in [
        "/oauth//token",
        "/oauth/token/",
        "/oauth/./token",
        "/oauth%2ftoken",
        "/OAuth/token",
        "/oauth/token;x",
        "/oauth/jwks",
        "/oauth/authorize",
        "/.well-known/openid-configuration",
        "/",
    ] {
        let answer =
            raw(&native, &format!("POST {path} HTTP/1.1\r\n{FORM}Content-Length: {}", GRANT.len()), GRANT);
        check(&answer, "404");
    }
}
