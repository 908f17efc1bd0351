//! Limits of the listeners, and shapes that smuggle requests.

use crate::support::{Caller, Server, read_all, shop, shop_arguments};
use std::io::Write as _;
use std::net::TcpStream;

fn server() -> (tempfile::TempDir, Server) {
    let directory = shop();
    let arguments = shop_arguments(directory.path());
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let server = Server::start(&arguments);
    (directory, server)
}

/// What a raw request is answered with, up to the end of the connection.
fn raw(server: &Server, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.gateway.strip_prefix("http://").unwrap()).unwrap();
    // The server may refuse before it has read all of it.
    let _ = stream.write_all(request);
    read_all(&mut stream)
}

#[track_caller]
fn check(server: &Server, request: &str, status: &str) {
    let answer = raw(server, request.as_bytes());
    assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "expected {status}: {answer}");
}

#[test]
fn oversize_heads_and_bodies_are_refused_and_the_server_stays_up() {
    let (_directory, server) = server();
    let long = "a".repeat(70_000);
    check(&server, &format!("GET /shop/me HTTP/1.1\r\nHost: x\r\nX-Long: {long}\r\n\r\n"), "431");
    check(&server, &format!("GET /{long} HTTP/1.1\r\nHost: x\r\n\r\n"), "414");
    let large = "POST /shop/token HTTP/1.1\r\nHost: x\r\nContent-Length: 10485761\r\n\r\n".to_owned()
        + &"b".repeat(10_485_761);
    check(&server, &large, "413");
    assert_eq!(Caller::new().get(&format!("{}/shop/me", server.gateway), None).status, 401);
}

#[test]
fn an_announced_body_that_is_too_large_is_not_asked_for() {
    let (_directory, server) = server();
    let head =
        "POST /shop/token HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10485761\r\n\r\n";
    check(&server, head, "413");
}

#[test]
fn a_request_is_for_a_path_of_one_host() {
    let (_directory, server) = server();
    check(&server, "CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", "400");
    check(&server, "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "400");
    check(&server, "GET /shop/me HTTP/1.1\r\n\r\n", "400");
    check(&server, "GET /shop/me HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400");
    check(&server, "GET http://h/shop/me HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "401");
    assert!(raw(&server, b"GET /shop/me HTTP/1.0\r\n\r\n").starts_with("HTTP/1.0 401"));
}

#[test]
fn tokens_of_a_mebibyte_are_refused() {
    let (_directory, server) = server();
    let caller = Caller::new();
    let long = format!("dmrt_{}", "A".repeat(1 << 20));
    let mut form = vec![("grant_type", "refresh_token"), ("refresh_token", long.as_str())];
    form.extend(crate::support::client("apigee"));
    assert_eq!(caller.post(&format!("{}/shop/token", server.gateway), &form).status, 400);
}

#[test]
fn smuggling_shapes_do_not_leave_a_second_request() {
    let (_directory, server) = server();
    let second = "GET /shop/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let shapes = [
        format!(
            "POST /shop/token HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{second}"
        ),
        format!(
            "POST /shop/token HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{second}",
            second.len() + 5
        ),
        format!(
            "POST /shop/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{second}"
        ),
        format!("POST /shop/token HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nhello{second}"),
        format!("POST /shop/token HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\nhello{second}"),
    ];
    for shape in shapes {
        let answer = raw(&server, shape.as_bytes());
        assert!(answer.matches("HTTP/1.1 ").count() <= 1, "{shape}\n{answer}");
    }
}

#[test]
fn the_admin_listener_refuses_foreign_hosts_and_origins() {
    let (_directory, server) = server();
    let ask = |path: &str, host: &str, origin: &str| {
        let mut stream = TcpStream::connect(server.admin.strip_prefix("http://").unwrap()).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\n{origin}Connection: close\r\n\r\n").unwrap();
        let answer = read_all(&mut stream);
        answer.split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!(ask("/metrics", "localhost", ""), "200");
    assert_eq!(ask("/metrics", "evil.example", ""), "403");
    assert_eq!(ask("/audit", "localhost", "Origin: https://evil.example\r\n"), "403");
    assert_eq!(ask("/healthz", "evil.example", ""), "200");
    assert_eq!(ask("/readyz", "10.1.2.3", ""), "200");
    assert_eq!(ask("/nothing", "localhost", ""), "404");
}
