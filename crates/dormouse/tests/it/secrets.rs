//! No token, code, secret or password reaches the logs, at any level; unknown client and wrong secret look alike.

use crate::race::{issue, redeem};
use crate::support::{Answer, Caller, Server, client, shop, shop_arguments};
use std::io::Write as _;
use std::net::TcpStream;

#[test]
fn nothing_secret_is_ever_logged() {
    let directory = shop();
    let arguments = shop_arguments(directory.path());
    let data = directory.path().join("data").display().to_string();
    let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    arguments.extend(["--data", &data]);
    let server = Server::start(&arguments);
    let caller = Caller::new();
    let mut secrets = exercise(&caller, &server);
    secrets.push("shop-secret-0123456789".to_owned());
    secrets.push("secret-of-ann".to_owned());
    secrets.push("wrong-secret-of-somebody".to_owned());
    secrets
        .push(std::fs::read_to_string(directory.path().join("data/admin-token")).unwrap().trim().to_owned());
    let roots = std::fs::read_to_string(directory.path().join("data/roots")).unwrap();
    secrets.extend(roots.split_whitespace().filter(|word| word.len() >= 32).map(str::to_owned));
    let output = server.output();
    assert!(
        output.contains("a superseded refresh token was presented again"),
        "nothing was logged at all:\n{output}"
    );
    for secret in &secrets {
        assert!(!output.contains(secret.as_str()), "{secret} was logged");
    }
}

/// Uses every kind of secret in every way, right and wrong. Returns those that were used.
fn exercise(caller: &Caller, server: &Server) -> Vec<String> {
    let at = |path: &str| format!("{}/shop/{path}", server.gateway);
    let mut secrets = Vec::new();
    let mut note = |answer: &Answer| {
        let json: serde_json::Value = serde_json::from_str(&answer.body).unwrap_or_default();
        let members = ["access_token", "refresh_token"];
        secrets.extend(members.iter().filter_map(|member| json[member].as_str().map(str::to_owned)));
    };
    for policy in ["apigee", "rotate", "strict"] {
        let first = issue(caller, &at("token"), policy);
        note(&first);
        let second = redeem(caller, &at("token"), policy, &first.text("refresh_token"));
        note(&second);
        note(&redeem(caller, &at("token"), policy, &second.text("refresh_token")));
        caller.get(&at("me"), Some(&first.text("access_token")));
        caller.post(&at("edit"), &[("token", &second.text("access_token")), ("note", "x")]);
        caller.post(&at("info"), &[("token", &second.text("refresh_token"))]);
        // Outside the race window, so that it counts as a replay and is logged.
        std::thread::park_timeout(std::time::Duration::from_millis(2_050));
        redeem(caller, &at("token"), policy, &first.text("refresh_token"));
        caller.post(&at("revoke"), &[("token", &second.text("refresh_token"))]);
    }
    let code_url = format!(
        "{}?response_type=code&client_id=apigee&redirect_uri=https://client.example/back",
        at("code")
    );
    let (status, location) = location(server, &code_url);
    assert_eq!(status, 302, "{location}");
    let code = location.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let mut form = vec![("grant_type", "authorization_code"), ("code", code.as_str())];
    form.push(("redirect_uri", "https://client.example/back"));
    form.extend(client("apigee"));
    let answer = caller.post(&at("token"), &form);
    assert_eq!(answer.status, 200, "{answer:?}");
    secrets.push(code);
    let wrong =
        [("grant_type", "password"), ("client_id", "apigee"), ("client_secret", "wrong-secret-of-somebody")];
    caller.post(&at("token"), &wrong);
    caller.get(&at("me"), Some("dmat_garbage-that-is-no-token"));
    secrets.push("dmat_garbage-that-is-no-token".to_owned());
    secrets
}

/// Status and `Location` of a raw GET.
fn location(server: &Server, url: &str) -> (u16, String) {
    let authority = server.gateway.strip_prefix("http://").unwrap();
    let path = url.strip_prefix(&server.gateway).unwrap();
    let mut stream = TcpStream::connect(authority).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n").unwrap();
    let answer = crate::support::read_all(&mut stream);
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let location = answer
        .lines()
        .find_map(|line| line.split_once(": ").filter(|(name, _)| name.eq_ignore_ascii_case("location")));
    (status, location.map(|(_, value)| value.trim().to_owned()).unwrap_or(answer.clone()))
}

#[test]
fn unknown_client_and_wrong_secret_give_the_same_bytes() {
    let directory = shop();
    let arguments = shop_arguments(directory.path());
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let server = Server::start(&arguments);
    let authority = server.gateway.strip_prefix("http://").unwrap();
    let answer = |id: &str, secret: &str, grant: &str| {
        let body = format!(
            "grant_type={grant}&username=u&password=p&refresh_token=r&client_id={id}&client_secret={secret}"
        );
        let mut stream = TcpStream::connect(authority).unwrap();
        write!(
            stream,
            "POST /shop/token HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let answer = crate::support::read_all(&mut stream);
        let lines: Vec<&str> =
            answer.lines().filter(|line| !line.to_ascii_lowercase().starts_with("date:")).collect();
        lines.join("\n")
    };
    for grant in ["password", "client_credentials", "refresh_token"] {
        let unknown = answer("nobody", "shop-secret-0123456789", grant);
        let wrong = answer("apigee", "wrong-secret-0123456789", grant);
        assert_eq!(unknown, wrong, "{grant}");
        assert!(unknown.starts_with("HTTP/1.1 401"), "{unknown}");
    }
}
