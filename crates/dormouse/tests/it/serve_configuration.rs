//! `dormouse.toml`, its variables and flags, as a user meets them.

use crate::support::{Caller, Server, binary, files};

fn directory(toml: &str) -> tempfile::TempDir {
    let directory = files(include_str!("oauth.txt"));
    std::fs::write(directory.path().join("dormouse.toml"), toml).unwrap();
    directory
}

#[track_caller]
fn refused(toml: &str, arguments: &[&str], says: &str) {
    let directory = directory(toml);
    let output = binary().arg("serve").args(arguments).current_dir(directory.path()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains(says), "no {says:?} in\n{text}");
}

#[test]
fn the_file_is_found_and_its_paths_are_relative_to_it() {
    let directory = directory(
        "entities = \"entities\"\n[oauth]\nissuer = \"https://auth.example.com/tenant\"\naccess_ttl = \"5m\"\n\
         authorization_endpoint = \"https://auth.example.com/login\"\n[gateway]\nlisten = \"127.0.0.1:0\"\nbundles = [\"login\"]\n",
    );
    let config = directory.path().join("dormouse.toml").display().to_string();
    let server = Server::serve(&["--config", &config]);
    let caller = Caller::new();
    let metadata =
        caller.get(&format!("{}/.well-known/oauth-authorization-server/tenant", server.oauth), None);
    assert_eq!(metadata.text("issuer"), "https://auth.example.com/tenant");
    assert_eq!(metadata.text("token_endpoint"), "https://auth.example.com/tenant/oauth/token");
    assert!(metadata.body.contains(r#""response_types_supported":["code"]"#), "{metadata:?}");
    assert!(metadata.body.contains(r#""authorization_code""#), "{metadata:?}");
    assert_eq!(
        caller.get(&format!("{}/.well-known/oauth-authorization-server", server.oauth), None).status,
        404
    );
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "machine"),
        ("client_secret", "plain-secret-0123456789"),
    ];
    let answer = caller.post(&format!("{}/tenant/oauth/token", server.oauth), &form);
    assert!(answer.body.contains(r#""expires_in":300"#), "{answer:?}");
    assert_eq!(caller.post(&format!("{}/oauth/token", server.oauth), &form).status, 404);
}

#[test]
fn variables_win_over_the_file() {
    let directory = directory("entities = \"entities\"\n[oauth]\naccess_ttl = \"5m\"\n");
    let server = Server::spawn(
        binary().arg("serve").current_dir(directory.path()).env("DORMOUSE__OAUTH__ACCESS_TTL", "7m"),
    );
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "machine"),
        ("client_secret", "plain-secret-0123456789"),
    ];
    let answer = Caller::new().post(&format!("{}/oauth/token", server.oauth), &form);
    assert!(answer.body.contains(r#""expires_in":420"#), "{answer:?}");
}

#[test]
fn mistakes_are_shown_where_they_are() {
    refused("[oauth]\nrefresh_tll = \"1d\"\n", &[], "dormouse.toml:2:1: unknown field `refresh_tll`");
    refused(
        "[oauth]\nrefresh_ttl = \"1 day\"\n",
        &[],
        "2 | refresh_ttl = \"1 day\"\n  |               ^^^^^^^",
    );
    refused("[oauth]\nissuer = \"http://auth.example.com\"\n", &[], "dormouse.toml:2:10:");
    refused("", &["--config", "missing.toml"], "cannot read missing.toml");
    refused("[gateway]\nbundles = [\"login\"]\n", &[], "give --gateway ADDR");
    refused("", &["--gateway", "127.0.0.1:0"], "give --bundle BUNDLE");
    refused("[admin]\nlisten = \"0.0.0.0:0\"\n", &[], "--data DIR");
}

#[test]
fn the_admin_token_may_be_in_a_file_of_its_own() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = directory("[admin]\ntoken_file = \"token\"\n");
    let path = directory.path().join("token");
    std::fs::write(&path, "an-admin-token-of-some-length\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let server = Server::spawn(binary().arg("serve").current_dir(directory.path()));
    let caller = Caller::new();
    let metrics = format!("{}/metrics", server.admin);
    assert_eq!(caller.get(&metrics, None).status, 401);
    assert_eq!(caller.get(&metrics, Some("an-admin-token-of-some-length")).status, 200);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let output = binary().arg("serve").current_dir(directory.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

#[test]
fn sigterm_ends_it_with_0() {
    let directory = files(include_str!("oauth.txt"));
    let mut server = Server::serve(&["--entities", &directory.path().join("entities").display().to_string()]);
    assert!(server.terminate().success());
}
