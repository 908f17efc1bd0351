//! The command line: help, exit codes, and errors that say what to do.

use crate::support::{binary, files, shop, shop_arguments};
use std::process::Output;

#[track_caller]
fn check(arguments: &[&str], code: i32, says: &[&str]) -> Output {
    let output = binary().args(arguments).output().unwrap();
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{text}");
    for say in says {
        assert!(text.contains(say), "{arguments:?}: no {say:?} in\n{text}");
    }
    output
}

#[test]
fn help_has_examples_and_exit_codes() {
    check(&["--help"], 0, &["Examples:", "dormouse run ./oauth", "Exit codes:"]);
    check(&["run", "--help"], 0, &["Examples:", "--entities", "--platform"]);
    check(&["store", "restore", "--help"], 0, &["--keep-tokens", "Examples:"]);
    check(&["--version"], 0, &[env!("CARGO_PKG_VERSION")]);
}

#[test]
fn completions_and_man_page_are_generated() {
    check(&["completions", "bash"], 0, &["_dormouse"]);
    check(&["man"], 0, &[".TH dormouse"]);
}

#[test]
fn wrong_usage_is_2() {
    check(&[], 2, &["Usage"]);
    check(&["run"], 2, &["BUNDLE"]);
    check(&["run", "/no/such/bundle"], 2, &["/no/such/bundle: no such file or directory"]);
    check(&["run", "--check", "/no/such/bundle"], 2, &["no such file or directory"]);
    let directory = shop();
    let bundle = directory.path().join("shop").display().to_string();
    check(&["run", &bundle, "--entities", "/no/such/directory"], 2, &["/no/such/directory: not a directory"]);
    check(&["run", &bundle, "--admin", "0.0.0.0:0"], 2, &["--data DIR"]);
    check(&["run", &bundle, "--org", "a/b"], 2, &["--org", "contains '/'"]);
    check(&["run", &bundle, "--env", ""], 2, &["--env"]);
    check(&["audit", "--admin", "localhost:8081"], 2, &["http://127.0.0.1:8081"]);
}

#[test]
fn check_tells_errors_with_their_place() {
    let directory = shop();
    let bundle = directory.path().join("shop").display().to_string();
    check(&["run", "--check", &bundle], 0, &[]);
    let broken = files(
        r#"//- apiproxy/broken.xml
<APIProxy name="broken"/>
//- apiproxy/proxies/default.xml
<ProxyEndpoint name="default">
  <PreFlow><Request><Step><Name>Missing</Name></Step></Request></PreFlow>
  <HTTPProxyConnection><BasePath>/broken</BasePath></HTTPProxyConnection>
  <RouteRule name="none"/>
</ProxyEndpoint>
"#,
    );
    let path = broken.path().display().to_string();
    check(&["run", "--check", &path], 1, &["proxies/default.xml:2:33", "Missing"]);
    check(&["run", &path], 1, &["nothing is served"]);
}

#[test]
fn strict_makes_an_unsupported_policy_an_error() {
    let directory = files(
        r#"//- apiproxy/x.xml
<APIProxy name="x"/>
//- apiproxy/policies/JC.xml
<JavaCallout name="JC"><ClassName>x.Y</ClassName></JavaCallout>
//- apiproxy/proxies/default.xml
<ProxyEndpoint name="default">
  <PreFlow><Request><Step><Name>JC</Name></Step></Request></PreFlow>
  <HTTPProxyConnection><BasePath>/x</BasePath></HTTPProxyConnection>
  <RouteRule name="none"/>
</ProxyEndpoint>
"#,
    );
    let path = directory.path().display().to_string();
    check(&["run", "--check", &path], 0, &["warning", "JavaCallout"]);
    check(&["run", "--check", "--strict", &path], 1, &["error", "JavaCallout"]);
}

#[test]
fn broken_entities_are_refused_with_their_place() {
    let directory = shop();
    std::fs::write(directory.path().join("entities/products.json"), "[{\"name\": \"all\", \"quota\": }]")
        .unwrap();
    let arguments = shop_arguments(directory.path());
    let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    arguments.insert(0, "run");
    check(&arguments, 1, &["products.json:1:27"]);
}

#[test]
fn a_store_that_was_put_back_is_refused_until_it_is_restored() {
    use crate::support::{Caller, Server};
    let directory = shop();
    let data = directory.path().join("data");
    let path = data.display().to_string();
    let arguments = shop_arguments(directory.path());
    let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    arguments.extend(["--data", &path]);
    let mut server = Server::start(&arguments);
    assert!(server.terminate().success());
    std::fs::copy(data.join("store.redb"), directory.path().join("backup.redb")).unwrap();
    let mut server = Server::start(&arguments);
    let token_url = format!("{}/shop/token", server.gateway);
    let tokens = crate::race::issue(&Caller::new(), &token_url, "apigee");
    let redeemed = crate::race::redeem(&Caller::new(), &token_url, "apigee", &tokens.text("refresh_token"));
    assert_eq!(redeemed.status, 200);
    assert!(server.terminate().success());
    std::fs::copy(directory.path().join("backup.redb"), data.join("store.redb")).unwrap();
    let mut refused = vec!["run"];
    refused.extend(&arguments);
    check(&refused, 1, &["dormouse store restore --data"]);
    check(&["store", "restore", "--data", &path], 0, &["no token from before is honoured"]);
    let server = Server::start(&arguments);
    let token_url = format!("{}/shop/token", server.gateway);
    let answer = crate::race::redeem(&Caller::new(), &token_url, "apigee", &tokens.text("refresh_token"));
    assert_eq!(answer.status, 400, "a redeemed token lives again: {answer:?}");
}

#[test]
fn two_processes_do_not_share_a_directory() {
    use crate::support::Server;
    let directory = shop();
    let data = directory.path().join("data").display().to_string();
    let arguments = shop_arguments(directory.path());
    let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    arguments.extend(["--data", &data]);
    let _server = Server::start(&arguments);
    let mut second = vec!["run"];
    second.extend(&arguments);
    second.extend(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    check(&second, 1, &["another process"]);
}

#[test]
fn an_entity_file_that_has_no_end_is_refused() {
    let directory = shop();
    let products = directory.path().join("entities/products.json");
    std::fs::remove_file(&products).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &products).unwrap();
    let arguments = shop_arguments(directory.path());
    let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    arguments.insert(0, "run");
    check(&arguments, 1, &["products.json: it is not a file"]);
}

#[test]
fn generated_keys_are_shown_even_if_the_port_is_taken() {
    let directory = files(
        r#"//- demo/apiproxy/demo.xml
<APIProxy name="demo"/>
//- demo/apiproxy/proxies/default.xml
<ProxyEndpoint name="default"><HTTPProxyConnection><BasePath>/demo</BasePath></HTTPProxyConnection>
<RouteRule name="none"/></ProxyEndpoint>
//- entities/developers.json
[{"email": "ada@example.com"}]
//- entities/developerapps.json
[{"name": "web", "developerEmail": "ada@example.com", "credentials": [{}]}]
"#,
    );
    let at = |name: &str| directory.path().join(name).display().to_string();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let arguments = ["run", &at("demo"), "--entities", &at("entities"), "--data", &at("data")];
    let listen = ["--listen", &address, "--admin", "127.0.0.1:0"];
    let output = check(&[&arguments[..], &listen[..]].concat(), 1, &["app web of", "key  ", "secret  "]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(text.matches("in use").count(), 1, "{text}");
}
