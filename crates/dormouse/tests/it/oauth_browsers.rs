//! What pages of other origins may do at the native endpoints: nothing, until an operator lists their origin.

use crate::support::{Server, binary, files, read_all};
use std::io::Write as _;
use std::net::TcpStream;

/// A server for pages of one origin.
fn serve(origins: &str) -> (tempfile::TempDir, Server) {
    let directory = files(include_str!("oauth.txt"));
    let entities = directory.path().join("entities").display().to_string();
    let mut command = binary();
    command.args(["serve", "--entities", &entities]).env("DORMOUSE__OAUTH__CORS_ORIGINS", origins);
    (directory, Server::spawn(&mut command))
}

/// The head and body of an answer, header names in lower case.
fn ask(server: &Server, line: &str, headers: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(server.oauth.strip_prefix("http://").unwrap()).unwrap();
    let length = body.len();
    write!(
        stream,
        "{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let answer = read_all(&mut stream);
    let lower = |line: &str| {
        line.split_once(": ")
            .map_or_else(|| line.to_owned(), |(name, value)| format!("{}: {value}", name.to_lowercase()))
    };
    answer.split("\r\n").map(lower).collect::<Vec<_>>().join("\n")
}

fn preflight(server: &Server, path: &str, origin: &str) -> String {
    let headers = format!(
        "Origin: {origin}\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization\r\n"
    );
    ask(server, &format!("OPTIONS {path}"), &headers, "")
}

fn post(server: &Server, path: &str, origin: &str, body: &str) -> String {
    let headers = format!("Origin: {origin}\r\nContent-Type: application/x-www-form-urlencoded\r\n");
    ask(server, &format!("POST {path}"), &headers, body)
}

#[track_caller]
fn check(answer: &str, status: u16, allowed: bool) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "expected {status}: {answer}");
    let header = format!("\naccess-control-allow-origin: {APP}\n");
    assert_eq!(answer.contains(&header), allowed, "{answer}");
    assert_eq!(answer.contains("access-control-allow-origin"), allowed, "{answer}");
    assert!(!answer.contains("access-control-allow-credentials"), "{answer}");
    assert!(answer.contains("\nvary: Origin\n"), "{answer}");
}

#[test]
fn pages_of_a_listed_origin_may_ask_for_tokens_and_read_errors() {
    let (_directory, server) = serve(&format!("[\"{APP}\", \"http://localhost:3000\"]"));
    for path in ["/oauth/token", "/oauth/revoke", METADATA] {
        let answer = preflight(&server, path, APP);
        check(&answer, 204, true);
        assert!(answer.contains("\naccess-control-allow-headers: Authorization, Content-Type\n"), "{answer}");
        assert!(answer.contains("\naccess-control-allow-methods: "), "{answer}");
    }
    check(&post(&server, "/oauth/token", APP, SIGN_IN), 200, true);
    check(
        &post(&server, "/oauth/token", APP, "grant_type=refresh_token&client_id=spa&refresh_token=x"),
        400,
        true,
    );
    check(&post(&server, "/oauth/token", APP, "grant_type=password&client_id=nobody"), 401, true);
    check(&post(&server, "/oauth/revoke", APP, "client_id=spa&token=x"), 200, true);
    check(&ask(&server, &format!("GET {METADATA}"), &format!("Origin: {APP}\r\n"), ""), 200, true);
    check(&ask(&server, "GET /oauth/token", &format!("Origin: {APP}\r\n"), ""), 405, true);
}

#[test]
fn other_origins_may_not() {
    let (_directory, server) = serve(&format!("[\"{APP}\"]"));
    for origin in [
        "https://evil.example",
        "null",
        "http://app.example.com",
        "https://app.example.com.evil.example",
        "https://app.example.com:8443",
        "https://APP.example.com",
        "*",
        "https://app.example.com https://evil.example",
    ] {
        check(&preflight(&server, "/oauth/token", origin), 405, false);
        // A browser keeps the answer from the page.
        check(&post(&server, "/oauth/token", origin, SIGN_IN), 200, false);
    }
    let twice = format!("Origin: {APP}\r\nOrigin: {APP}\r\n");
    check(&ask(&server, &format!("GET {METADATA}"), &twice, ""), 200, false);
    check(&ask(&server, &format!("GET {METADATA}"), "", ""), 200, false);
}

#[test]
fn introspection_is_not_for_browsers_and_nothing_is_until_it_is_switched_on() {
    let (_directory, server) = serve(&format!("[\"{APP}\"]"));
    for answer in
        [preflight(&server, "/oauth/introspect", APP), post(&server, "/oauth/introspect", APP, "token=x")]
    {
        assert!(!answer.contains("access-control-"), "{answer}");
    }
    let (_directory, server) = serve("[]");
    for answer in [preflight(&server, "/oauth/token", APP), post(&server, "/oauth/token", APP, SIGN_IN)] {
        assert!(!answer.contains("access-control-") && !answer.contains("\nvary: "), "{answer}");
    }
}

#[test]
fn what_no_browser_sends_is_a_mistake_of_the_configuration() {
    for origins in [r#"["*"]"#, r#"["https://app.example.com/"]"#, r#"["https://App.example.com"]"#] {
        let output = binary().arg("serve").env("DORMOUSE__OAUTH__CORS_ORIGINS", origins).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains("must be an origin as browsers send it"), "{text}");
    }
}

const APP: &str = "https://app.example.com";
const METADATA: &str = "/.well-known/oauth-authorization-server";
const SIGN_IN: &str = "grant_type=password&client_id=spa&username=ann&password=correct+horse";
