//! Fixtures of rules in one text, and what is expected of a rule on them.

use crate::rule::Rule;
use crate::{Input, Settings, gather, lint};
use dormouse_report::Finding;
use std::fs;

/// Checks what a rule finds in a fixture: `error Token` for each finding, the level and the file's name. A fixture
/// holds files that begin with a line `//- path`.
#[track_caller]
pub(crate) fn check(rule: &'static Rule, fixture: &str, expected: &[&str]) {
    let found = findings(rule, fixture, &Settings::default());
    let shown: Vec<String> = found.iter().map(shown).collect();
    assert_eq!(shown, expected, "{found:#?}\n{fixture}");
}

/// What a rule finds in a fixture.
pub(crate) fn findings(rule: &'static Rule, fixture: &str, settings: &Settings) -> Vec<Finding> {
    let mut found = lint(&input(fixture), settings).findings;
    found.retain(|finding| finding.rule == &rule.info);
    found
}

/// A fixture, read.
pub(crate) fn input(fixture: &str) -> Input {
    let directory = tempfile::tempdir().unwrap();
    // A bundle without a manifest is called after its directory.
    let root = directory.path().join("oauth");
    fs::create_dir(&root).unwrap();
    let mut files: Vec<(String, String)> = Vec::new();
    for line in fixture.lines() {
        match line.strip_prefix("//- ") {
            Some(path) => files.push((path.trim().to_owned(), String::new())),
            None => {
                if let Some((_, text)) = files.last_mut() {
                    text.push_str(line);
                    text.push('\n');
                }
            }
        }
    }
    for (path, text) in &files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    gather(&[root]).unwrap()
}

fn shown(finding: &Finding) -> String {
    let path = finding.path_in_bundle();
    let stem = path.rsplit('/').next().unwrap_or_default().trim_end_matches(".xml");
    format!("{} {stem}", finding.level.as_str())
}

/// The file of an OAuthV2 policy in a proxy.
pub(crate) fn oauth(name: &str, body: &str) -> String {
    policy(name, "OAuthV2", body)
}

/// The file of a policy in a proxy.
pub(crate) fn policy(name: &str, kind: &str, body: &str) -> String {
    format!("//- apiproxy/policies/{name}.xml\n<{kind} name=\"{name}\">\n  {body}\n</{kind}>\n")
}

/// The file of a proxy endpoint with these conditional flows.
pub(crate) fn endpoint(flows: &str) -> String {
    format!(
        "//- apiproxy/proxies/default.xml\n<ProxyEndpoint name=\"default\">\n<Flows>\n{flows}\n</Flows>\n\
         <HTTPProxyConnection><BasePath>/oauth</BasePath></HTTPProxyConnection><RouteRule name=\"none\"/>\n</ProxyEndpoint>\n"
    )
}

/// A conditional flow with these steps in the request, each a policy's name, or `name ? condition`.
pub(crate) fn flow(condition: &str, steps: &[&str]) -> String {
    flow_with(condition, steps, &[])
}

/// As [`flow`], with steps in the response too.
pub(crate) fn flow_with(condition: &str, request: &[&str], response: &[&str]) -> String {
    let condition = if condition.is_empty() {
        String::new()
    } else {
        format!("<Condition>{}</Condition>", escaped(condition))
    };
    let (request, response) = (steps(request), steps(response));
    format!("<Flow name=\"f\">{condition}<Request>{request}</Request><Response>{response}</Response></Flow>")
}

/// Steps, each a policy's name, or `name ? condition`.
pub(crate) fn steps(steps: &[&str]) -> String {
    let step = |step: &&str| match step.split_once(" ? ") {
        Some((name, condition)) => {
            format!("<Step><Name>{name}</Name><Condition>{}</Condition></Step>", escaped(condition))
        }
        None => format!("<Step><Name>{step}</Name></Step>"),
    };
    steps.iter().map(step).collect()
}

/// A shared flow bundle of this name: its steps and further files (paths below `sharedflowbundle/`).
pub(crate) fn shared_flow(name: &str, run: &[&str], policies: &str) -> String {
    let policies = policies.replace("//- apiproxy/", &format!("//- {name}/sharedflowbundle/"));
    format!(
        "//- {name}/sharedflowbundle/{name}.xml\n<SharedFlowBundle name=\"{name}\"/>\n\
         //- {name}/sharedflowbundle/sharedflows/default.xml\n<SharedFlow name=\"default\">{}</SharedFlow>\n{policies}",
        steps(run)
    )
}

/// Moves a fixture of a proxy into a folder of its own, so that several make a set.
pub(crate) fn within(folder: &str, fixture: &str) -> String {
    fixture.replace("//- apiproxy/", &format!("//- {folder}/apiproxy/"))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// The children of a policy that issues refresh tokens for passwords.
pub(crate) const PASSWORD: &str = "<Operation>GenerateAccessToken</Operation>\n  \
    <ExpiresIn>3600000</ExpiresIn>\n  <RefreshTokenExpiresIn>86400000</RefreshTokenExpiresIn>\n  \
    <SupportedGrantTypes><GrantType>password</GrantType></SupportedGrantTypes>\n  <GenerateResponse/>";
/// The children of a policy that redeems refresh tokens.
pub(crate) const REFRESH: &str = "<Operation>RefreshAccessToken</Operation>\n  <ExpiresIn>3600000</ExpiresIn>\n  \
    <RefreshTokenExpiresIn>86400000</RefreshTokenExpiresIn>\n  <GenerateResponse/>";
