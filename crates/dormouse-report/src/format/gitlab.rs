//! GitLab's code quality report: <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>.

use dormouse_bundle::Level;
use serde::Serialize;

use crate::finding::{Finding, fingerprints};
use crate::report::Report;

use super::json::push_json;
use super::{file_or_bundle, message_and_help};

pub(super) fn write(report: &Report<'_>, text: &mut String) {
    let findings = report.findings.iter().zip(fingerprints(report.findings));
    let issues: Vec<Issue> = findings.map(|(finding, fingerprint)| issue(finding, fingerprint)).collect();
    push_json(&issues, text);
}

#[derive(Serialize)]
struct Issue {
    description: String,
    check_name: String,
    /// Tells GitLab which issues a merge request adds or removes, hence it must not change when lines move.
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
    end: usize,
}

fn issue(finding: &Finding, fingerprint: String) -> Issue {
    Issue {
        description: message_and_help(finding),
        check_name: format!("{} {}", finding.rule.code, finding.rule.name),
        fingerprint,
        severity: match finding.level {
            Level::Error => "major",
            Level::Warning => "minor",
            Level::Info => "info",
        },
        location: location(finding),
    }
}

/// GitLab wants a path and a line.
fn location(finding: &Finding) -> Location {
    let lines = match &finding.span {
        Some(span) => Lines { begin: span.start().line, end: span.end().line },
        None => Lines { begin: 1, end: 1 },
    };
    Location { path: file_or_bundle(finding), lines }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::with_report;

    #[test]
    fn the_document() {
        let mut text = String::new();
        with_report(|report| write(report, &mut text));
        insta::assert_snapshot!(text, @r#"
        [
          {
            "description": "nobody redeems the refresh tokens that `Token` issues (attach a RefreshAccessToken policy)",
            "check_name": "OAU001 refresh-never-redeemed",
            "fingerprint": "a253b519cd7e1d5c9e47dff3343a232c",
            "severity": "major",
            "location": {
              "path": "api/oauth/apiproxy/policies/Token.xml",
              "lines": {
                "begin": 1,
                "end": 2
              }
            }
          },
          {
            "description": "refresh tokens never expire",
            "check_name": "OAU007 refresh-ttl-long",
            "fingerprint": "b969c78d6d19d31b08dcb72e32b17217",
            "severity": "minor",
            "location": {
              "path": "api/oauth/apiproxy/policies/Token.xml",
              "lines": {
                "begin": 3,
                "end": 3
              }
            }
          },
          {
            "description": "cannot read b.zip: it is cut off",
            "check_name": "OAU016 operation-missing-or-invalid",
            "fingerprint": "2462d23713a2d70a11b76e7b500f296a",
            "severity": "info",
            "location": {
              "path": ".",
              "lines": {
                "begin": 1,
                "end": 1
              }
            }
          }
        ]
        "#);
    }
}
