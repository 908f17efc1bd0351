//! The same files give the same findings, wherever they lie and in whatever order they are named.

use crate::support::{write, write_proxy};
use dormouse_lint::{Baseline, Settings, apply, gather, lint};
use dormouse_report::Finding;
use std::path::PathBuf;

fn found(paths: &[PathBuf]) -> Vec<Finding> {
    lint(&gather(paths).unwrap(), &Settings::default()).findings
}

fn shown(findings: &[Finding]) -> Vec<String> {
    let shown = |finding: &Finding| {
        let path = finding.path_in_bundle();
        let at = finding.span.as_ref().map(dormouse_bundle::Span::start);
        format!("{} {} {path} {at:?} {}", finding.rule.code, finding.bundle, finding.message)
    };
    findings.iter().map(shown).collect()
}

#[test]
fn the_place_of_a_bundle_plays_no_part() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let one = found(&[write_proxy(one.path())]);
    let other = found(&[write_proxy(&other.path().join("deep/down")).join("apiproxy")]);
    assert!(one.iter().any(|finding| finding.rule.code == "OAU002b"));
    assert_eq!(shown(&one), shown(&other));
    let mut again = other;
    Baseline::of(&one).remove_known(&mut again);
    assert_eq!(shown(&again), [""; 0]);
}

#[test]
fn the_order_of_arguments_plays_no_part() {
    let directory = tempfile::tempdir().unwrap();
    let (a, b) = (write_proxy(&directory.path().join("a")), write_proxy(&directory.path().join("b")));
    let forth = found(&[a.clone(), b.clone()]);
    assert_eq!(shown(&forth), shown(&found(&[b, a])));
    assert_eq!(shown(&forth), shown(&found(&[directory.path().to_owned()])));
}

#[test]
fn safe_fixes_leave_nothing_to_fix_and_every_other_byte_alone() {
    let directory = tempfile::tempdir().unwrap();
    let text = "<OAuthV2 name=\"T\">\r\n\t<!-- kept -->\r\n\t<ExpiresIn>3600000</ExpiresIn>\r\n\t<ReuseRefreshToken>false</ReuseRefreshToken>\r\n\
                \t<SupportedGrantTypes><GrantType>client_credentials</GrantType></SupportedGrantTypes>\r\n</OAuthV2>\r\n";
    let path = write(directory.path(), &[("T.xml", text.as_bytes())]);
    let fixes: Vec<_> = found(&[path])
        .into_iter()
        .flat_map(|it| it.fixes)
        .filter(|fix| fix.safe)
        .flat_map(|fix| fix.edits)
        .collect();
    let (repaired, _) = apply(text, &fixes);
    let expected = text.replace("\t<ReuseRefreshToken>false</ReuseRefreshToken>\r\n", "").replace(
        "</SupportedGrantTypes>",
        "</SupportedGrantTypes>\r\n\t<Operation>GenerateAccessToken</Operation>",
    );
    assert_eq!(repaired, expected);
    let path = write(directory.path(), &[("T.xml", repaired.as_bytes())]);
    assert!(found(&[path]).iter().all(|finding| finding.fixes.iter().all(|fix| !fix.safe)));
}
