//! `dormouse lint` and `dormouse explain`: exit codes, configuration, baseline, fixes.

use crate::support::binary;
use std::fs;
use std::path::{Path, PathBuf};

/// A proxy that issues refresh tokens which nothing redeems.
fn proxy(directory: &Path) -> PathBuf {
    let endpoint = "<ProxyEndpoint name=\"default\"><PreFlow><Request><Step><Name>Token</Name></Step></Request></PreFlow>\
                    <HTTPProxyConnection><BasePath>/a</BasePath></HTTPProxyConnection><RouteRule name=\"none\"/>\
                    </ProxyEndpoint>";
    let policy = "<OAuthV2 name=\"Token\">\r\n  <ExpiresIn>3600000</ExpiresIn>\r\n  <GenerateResponse/>\r\n</OAuthV2>\r\n";
    let folder = directory.join("oauth/apiproxy");
    for (path, text) in [("proxies/default.xml", endpoint), ("policies/Token.xml", policy)] {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    directory.join("oauth")
}

/// Runs the command with a directory's proxy, started in that directory. Returns what it printed.
#[track_caller]
fn check(directory: &Path, arguments: &[&str], code: i32, says: &[&str]) -> String {
    let output = binary().args(arguments).current_dir(directory).output().unwrap();
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{text}");
    for say in says {
        assert!(text.contains(say), "{arguments:?}: no {say:?} in\n{text}");
    }
    text
}

#[test]
fn findings_give_1_and_usage_2() {
    let directory = tempfile::tempdir().unwrap();
    proxy(directory.path());
    let at = directory.path();
    check(at, &["lint", "oauth"], 1, &["error[OAU001", "Token.xml"]);
    check(at, &["lint", "missing"], 2, &["missing"]);
    check(at, &["lint"], 2, &["PATH"]);
    check(at, &["lint", "oauth", "--format", "odd"], 2, &["sarif"]);
    check(at, &["lint", "oauth", "--config", "missing.toml"], 2, &["missing.toml"]);
    fs::create_dir(at.join("empty")).unwrap();
    check(at, &["lint", "empty"], 0, &["note: empty holds no bundle"]);
}

#[test]
fn the_configuration_is_found_from_anywhere() {
    let directory = tempfile::tempdir().unwrap();
    let bundle = proxy(directory.path()).display().to_string();
    let at = directory.path();
    fs::write(at.join("dormouse-lint.toml"), "redeemed-by = ['other']\nrules.OAU016 = 'warning'\n").unwrap();
    for start in [at, Path::new("/"), &at.join("oauth/apiproxy")] {
        let text = check(start, &["lint", &bundle], 0, &["OAU005"]);
        assert!(!text.contains("OAU001"), "{text}");
    }
    check(at, &["lint", "oauth", "--deny", "warning"], 1, &["OAU005"]);
    fs::write(at.join("dormouse-lint.toml"), "rules.OAU999 = 'off'\n").unwrap();
    check(at, &["lint", "oauth"], 2, &["OAU999"]);
}

#[test]
fn a_baseline_leaves_what_is_new() {
    let directory = tempfile::tempdir().unwrap();
    proxy(directory.path());
    let at = directory.path();
    check(at, &["lint", "oauth", "--baseline", "known.json", "--write-baseline"], 0, &["are known now"]);
    let text = check(at, &["lint", "oauth", "--baseline", "known.json", "--deny", "info"], 0, &[]);
    assert!(!text.contains("OAU001"), "{text}");
    check(at, &["lint", "oauth", "--baseline", "oauth"], 2, &["oauth"]);
}

#[test]
fn fixes_change_only_their_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let file = proxy(directory.path()).join("apiproxy/policies/Token.xml");
    let (at, before) = (directory.path(), fs::read_to_string(&file).unwrap());
    let diff = ["+  <Operation>GenerateAccessToken</Operation>"];
    check(at, &["lint", "oauth", "--fix", "--dry-run"], 1, &diff);
    assert_eq!(fs::read_to_string(&file).unwrap(), before);
    let left = check(at, &["lint", "oauth", "--fix"], 1, &diff);
    assert!(left.contains("error[OAU001") && !left.contains("OAU016"), "{left}");
    let after = before.replace(
        "<GenerateResponse/>",
        "<GenerateResponse/>\r\n  <Operation>GenerateAccessToken</Operation>",
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), after);
}

#[test]
fn json_has_what_programs_read() {
    let directory = tempfile::tempdir().unwrap();
    proxy(directory.path());
    let at = directory.path();
    check(at, &["lint", "oauth", "--format", "json", "--output", "lint.json"], 1, &[]);
    let report: serde_json::Value = serde_json::from_slice(&fs::read(at.join("lint.json")).unwrap()).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["rule"] == "OAU001").unwrap();
    assert_eq!(found["level"], "error");
    assert_eq!(found["bundle"], "oauth");
    assert_eq!(found["file"], "oauth/apiproxy/policies/Token.xml");
    assert_eq!((found["line"].as_u64(), found["column"].as_u64()), (Some(1), Some(2)));
}

#[test]
fn rules_are_listed_and_explained() {
    let at = Path::new("/");
    check(at, &["lint", "--list"], 0, &["OAU001", "refresh-never-redeemed"]);
    check(at, &["lint", "--rps", "10"], 0, &["864,000 rows"]);
    check(at, &["explain", "OAU001"], 0, &["172.8 million", "When to suppress"]);
    check(at, &["explain", "OAU999"], 2, &["OAU999"]);
}
