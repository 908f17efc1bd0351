//! The commands `app`, `key`, `token`, `user` and `store`: over a running server, and on a data directory that nothing serves.

use crate::management::Admin;
use crate::support::binary;
use serde_json::Value;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

/// Exit code, standard output and standard error of a command with some standard input.
fn run(arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
    let mut child = binary()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads nothing may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// A way to administer: the arguments that name it.
struct Way(Vec<String>);

impl Way {
    fn online(admin: &Admin) -> Self {
        let data = admin.directory.path().join("data").display().to_string();
        Self(vec!["--admin".to_owned(), admin.server.admin.clone(), "--data".to_owned(), data])
    }

    fn stopped(data: &Path) -> Self {
        Self(vec!["--data".to_owned(), data.display().to_string()])
    }

    #[track_caller]
    fn check(&self, arguments: &[&str], input: &str, code: i32) -> String {
        let all: Vec<&str> = arguments.iter().copied().chain(self.0.iter().map(String::as_str)).collect();
        let (actual, out, err) = run(&all, input);
        assert_eq!(actual, Some(code), "{all:?}\n{out}{err}");
        if code == 0 || code == 1 && err.is_empty() { out } else { err }
    }

    #[track_caller]
    fn json(&self, arguments: &[&str], input: &str) -> Value {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--format", "json"]).collect();
        serde_json::from_str(&self.check(&arguments, input, 0)).unwrap()
    }
}

fn key_and_secret(credential: &Value) -> (String, String) {
    let text =
        |member: &str| credential[member].as_str().unwrap_or_else(|| panic!("{credential}")).to_owned();
    (text("consumerKey"), text("consumerSecret"))
}

/// Everything about apps and keys, one way.
fn administer_apps(way: &Way) -> [(String, String); 2] {
    let owner = ["--developer", "new@shop.example"];
    let create = [
        "app",
        "create",
        "new",
        owner[0],
        owner[1],
        "--product",
        "all",
        "--attribute",
        "dormouse.grants=password refresh_token",
    ];
    let app = way.json(&create, "");
    let old = key_and_secret(&app["credentials"][0]);
    assert_eq!(app["attributes"][0]["value"], "password refresh_token");
    assert!(way.check(&create, "", 1).contains("exists already"));
    assert!(way.check(&["app", "list", owner[0], owner[1]], "", 0).contains(&old.0));
    assert!(way.check(&["app", "show", "new", owner[0], owner[1]], "", 0).contains(&old.1));
    assert!(
        way.check(&["app", "create", "x", owner[0], owner[1], "--attribute", "=x"], "", 2)
            .contains("NAME=VALUE")
    );
    assert!(way.check(&["app", "show", "none", owner[0], owner[1]], "", 1).contains("does not exist"));
    way.check(&["app", "revoke", "new", owner[0], owner[1]], "", 0);
    assert_eq!(way.json(&["key", "show", &old.0], "")["appStatus"], "revoked");
    way.check(&["app", "approve", "new", owner[0], owner[1]], "", 0);
    let new = key_and_secret(&way.json(&["key", "rotate", &old.0], ""));
    assert!(new.0 != old.0 && new.1 != old.1);
    for key in [&old.0, &new.0] {
        let shown = way.json(&["key", "show", key], "");
        assert_eq!(
            (&shown["credential"]["status"], &shown["credential"]["apiProducts"][0]["status"]),
            (&"approved".into(), &"approved".into())
        );
    }
    let own = way.json(
        &["key", "create", "--app", "new", owner[0], owner[1], "--key", "own key", "--secret-file", "-"],
        "own secret\n",
    );
    assert_eq!(key_and_secret(&own), ("own key".to_owned(), "own secret".to_owned()));
    way.check(&["key", "delete", "own key"], "", 0);
    assert!(way.check(&["key", "show", "own key"], "", 1).contains("no such consumer key"));
    [old, new]
}

#[test]
fn apps_and_keys_over_a_server() {
    let admin = Admin::start();
    let way = Way::online(&admin);
    let [old, new] = administer_apps(&way);
    let tokens = [&old, &new].map(|(key, secret)| admin.issue(key, secret, "u").text("access_token"));
    assert!(tokens.iter().all(|token| admin.accepts(token)), "two secrets live at once");
    way.check(&["key", "revoke", &old.0], "", 0);
    assert!(!admin.accepts(&tokens[0]) && admin.accepts(&tokens[1]));
    way.check(&["key", "revoke", &new.0, "--product", "all"], "", 0);
    assert!(!admin.accepts(&tokens[1]));
}

#[test]
fn apps_and_keys_of_a_directory_that_nothing_serves() {
    let mut admin = Admin::start();
    let data = admin.directory.path().join("data");
    let way = Way::stopped(&data);
    let refused = way.check(&["app", "list"], "", 1);
    assert!(refused.contains("--admin URL") && refused.contains("another process"), "{refused}");
    assert!(admin.server.terminate().success());
    let [(key, secret), _] = administer_apps(&way);
    way.check(&["user", "set", "dora", "--password-file", "-"], "secret-of-dora", 0);
    admin.restart();
    assert_eq!(admin.issue(&key, &secret, "u").status, 200);
    assert_eq!(Way::online(&admin).check(&["user", "list"], "", 0), "dora\n");
    assert_eq!(
        Way::stopped(Path::new("/no/such")).check(&["app", "list"], "", 2).trim(),
        "error: /no/such holds no store"
    );
}

#[test]
fn a_token_is_explained_and_revoked() {
    let mut admin = Admin::start();
    let (access, refresh) = admin.pair("ann");
    let way = Way::online(&admin);
    let shown = way.check(&["token", "inspect", "-"], &format!("{access}\n"), 0);
    for part in ["accepted now", "access token", "apigee", "ann", "never redeemed", "burns and cut-offs"] {
        assert!(shown.contains(part), "no {part}: {shown}");
    }
    assert!(!shown.contains(&access));
    way.check(&["token", "revoke", "-"], &refresh, 0);
    assert!(admin.accepts(&access));
    let shown = way.check(&["token", "inspect", &refresh], "", 1);
    assert!(shown.contains("refused: it was revoked by its own string"), "{shown}");
    way.check(&["token", "approve", "-"], &refresh, 0);
    way.check(&["token", "revoke", "-", "--cascade"], &refresh, 0);
    assert!(!admin.accepts(&access));
    assert!(way.check(&["token", "revoke", "-"], "nonsense", 1).contains("neither an access token nor"));
    assert!(way.check(&["token", "inspect", "nonsense"], "", 1).contains("no prefix"));
    assert!(admin.server.terminate().success());
    let stopped = Way::stopped(&admin.directory.path().join("data"));
    assert!(stopped.check(&["token", "inspect", "-"], &access, 1).contains("revoked"));
}

#[test]
fn without_the_token_a_server_refuses_and_says_what_to_do() {
    let admin = Admin::start();
    let way = Way(vec!["--admin".to_owned(), admin.server.admin.clone()]);
    assert!(way.check(&["app", "list"], "", 1).contains("--admin-token-file"));
    let way = Way(vec!["--admin".to_owned(), "http://127.0.0.1:1".to_owned()]);
    assert!(
        way.check(&["token", "inspect", "dmat_secret"], "", 1).contains("cannot reach http://127.0.0.1:1")
    );
    let way = Way(vec!["--admin".to_owned(), "localhost".to_owned()]);
    assert!(way.check(&["user", "list"], "", 2).contains("http://"));
}

#[test]
fn a_root_is_rotated_and_burned() {
    let mut admin = Admin::start();
    let data = admin.directory.path().join("data");
    let path = data.display().to_string();
    let (access, _) = admin.pair("ann");
    let listed = Way::online(&admin).check(&["store", "roots"], "", 0);
    let old = listed.split(' ').next().unwrap().to_owned();
    assert_eq!(listed, format!("{old} seals\n"));
    assert!(
        Way::online(&admin)
            .check(&["store", "burn-root", &old], "", 1)
            .contains("let another one seal first")
    );
    assert_eq!(
        run(&["store", "rotate-root", "--data", &path], "").0,
        Some(1),
        "a served directory is left alone"
    );
    assert!(admin.server.terminate().success());
    let (code, out, err) = run(&["store", "rotate-root", "--data", &path], "");
    assert!(code == Some(0) && out.contains("seals from the next start on"), "{out}{err}");
    admin.restart();
    let way = Way::online(&admin);
    assert!(way.check(&["store", "roots"], "", 0).starts_with(&format!("{old} opens\n")));
    let (newer, _) = admin.pair("ann");
    assert!(admin.accepts(&access) && admin.accepts(&newer));
    assert_eq!(
        way.json(&["key", "show", "apigee"], "")["credential"]["consumerSecret"],
        "shop-secret-0123456789"
    );
    assert!(way.check(&["store", "burn-root", &old], "", 0).contains("burned, as cut-off"));
    assert!(!admin.accepts(&access) && admin.accepts(&newer));
    let hour = way.json(&["token", "inspect", &newer], "")["claims"]["sealedUnder"]["hour"].as_i64().unwrap();
    let time = jiff_hour(hour);
    way.check(&["store", "burn-hour", &time], "", 0);
    assert!(!admin.accepts(&newer));
    assert!(way.check(&["store", "burn-hour", "yesterday"], "", 2).contains("hours since 1970"));
}

#[test]
fn the_root_that_seals_is_burned_in_a_stopped_directory() {
    let mut admin = Admin::start();
    let data = admin.directory.path().join("data");
    let (access, _) = admin.pair("ann");
    let listed = Way::online(&admin).check(&["store", "roots"], "", 0);
    let old = listed.split(' ').next().unwrap().to_owned();
    assert!(admin.server.terminate().success());
    assert!(Way::stopped(&data).check(&["store", "burn-root", &old], "", 0).contains("burned, as cut-off"));
    // Its line may leave the key file.
    let file = data.join("roots");
    let content = std::fs::read_to_string(&file).unwrap();
    let kept: String = content.split_inclusive('\n').filter(|line| !line.ends_with(" open\n")).collect();
    assert!(kept.len() < content.len());
    std::fs::write(&file, kept).unwrap();
    admin.restart();
    assert!(!admin.accepts(&access));
    let (newer, _) = admin.pair("ann");
    assert!(admin.accepts(&newer));
    let shown = Way::online(&admin).json(&["key", "show", "apigee"], "");
    assert_eq!(shown["credential"]["consumerSecret"], "shop-secret-0123456789");
}

#[test]
fn shared_roots_and_a_mark_elsewhere_are_configured_for_administration_too() {
    let mut admin = Admin::start();
    let (root, data) = (admin.directory.path(), admin.directory.path().join("data"));
    let (config, shared) = (root.join("node.toml"), root.join("shared-roots"));
    assert!(!Way::online(&admin).check(&["audit"], "", 0).is_empty());
    assert!(admin.server.terminate().success());
    std::fs::rename(data.join("roots"), &shared).unwrap();
    std::fs::rename(data.join("mark"), root.join("elsewhere")).unwrap();
    std::fs::write(&config, "data = \"data\"\n[store]\nroots = \"shared-roots\"\nmark = \"elsewhere\"\n")
        .unwrap();
    let config = config.display().to_string();
    let stopped = Way::stopped(&data);
    stopped.check(&["store", "roots"], "", 1);
    stopped.check(&["store", "roots", "--config", &config], "", 0);
    stopped.check(&["audit", "--config", &config], "", 0);
    assert!(run(&["store", "check", "--config", &config], "").1.contains("the store is whole"));
    let refused = run(&["store", "rotate-root", "--config", &config], "");
    assert!(refused.0 == Some(1) && refused.2.contains("store.roots"), "{refused:?}");
    std::fs::set_permissions(&shared, std::fs::Permissions::from_mode(0o644)).unwrap();
    stopped.check(&["store", "roots", "--config", &config], "", 1);
    assert!(!data.join("roots").exists());
}

/// `date` writes what the command reads.
fn jiff_hour(hour: i64) -> String {
    let output = std::process::Command::new("date")
        .args(["-u", "-d", &format!("@{}", hour * 3600 + 59), "+%Y-%m-%dT%H:%MZ"])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_store_is_checked_and_copied_and_a_copy_needs_a_restoration() {
    let mut admin = Admin::start();
    let (data, copy) = (admin.directory.path().join("data"), admin.directory.path().join("copy"));
    let [path, to] = [&data, &copy].map(|path| path.display().to_string());
    let (access, _) = admin.pair("ann");
    assert!(Way::online(&admin).check(&["store", "show"], "", 0).contains("fileBytes"));
    assert_eq!(run(&["store", "check", "--data", &path], "").0, Some(1), "a served directory is left alone");
    assert_eq!(run(&["store", "backup", "--data", &path, "--to", &to], "").0, Some(1));
    assert!(!copy.exists());
    assert!(admin.server.terminate().success());
    let (code, out, err) = run(&["store", "check", "--data", &path], "");
    assert!(code == Some(0) && out.contains("the store is whole"), "{out}{err}");
    let (code, out, err) = run(&["store", "backup", "--data", &path, "--to", &to], "");
    assert!(code == Some(0) && out.contains("dormouse store restore"), "{out}{err}");
    assert_eq!(
        run(&["store", "backup", "--data", &path, "--to", &to], "").0,
        Some(1),
        "a copy is never overwritten"
    );
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode(&copy), mode(&copy.join("roots")), mode(&copy.join("store.redb"))),
        (0o700, 0o600, 0o600)
    );
    // The original serves on as if nothing had happened.
    admin.restart();
    assert!(admin.accepts(&access));
    assert!(admin.server.terminate().success());
    let refused = run(&["store", "check", "--data", &to], "");
    assert!(refused.0 == Some(1) && refused.2.contains("dormouse store restore"), "{refused:?}");
    assert_eq!(run(&["store", "restore", "--data", &to], "").0, Some(0));
    assert!(Way::stopped(&copy).check(&["token", "inspect", "-"], &access, 1).contains("does not open"));
    assert_eq!(
        Way::stopped(&copy).json(&["key", "show", "apigee"], "")["credential"]["consumerSecret"],
        "shop-secret-0123456789"
    );
}
