//! Dormouse's own JSON, for scripts. `docs/lint-output.md` documents it. Members may be added; when one is removed or
//! changes its meaning, `version` grows.

use dormouse_bundle::{Level, Position, Span};
use serde::Serialize;

use crate::finding::{Edit, Finding, fingerprints};
use crate::path::repository_path;
use crate::report::Report;

pub(super) fn write(report: &Report<'_>, text: &mut String) {
    let findings = report.findings.iter().zip(fingerprints(report.findings));
    let document = Document {
        version: VERSION,
        tool: Tool { name: "dormouse", version: report.version },
        summary: Summary {
            bundles: report.bundles.len(),
            errors: report.count(Level::Error),
            warnings: report.count(Level::Warning),
            infos: report.count(Level::Info),
            suppressed: report.suppressed,
        },
        findings: findings.map(|(finding, fingerprint)| entry(finding, fingerprint)).collect(),
    };
    push_json(&document, text);
}

/// Appends a value, indented, with a line end.
pub(super) fn push_json(value: &impl Serialize, text: &mut String) {
    // Strings, numbers and lists always serialize; should that ever change, an empty report is better than a panic.
    text.push_str(&serde_json::to_string_pretty(value).unwrap_or_default());
    text.push('\n');
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    tool: Tool<'a>,
    summary: Summary,
    findings: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'static str,
    version: &'a str,
}

#[derive(Serialize)]
struct Summary {
    bundles: usize,
    errors: usize,
    warnings: usize,
    infos: usize,
    suppressed: usize,
}

/// The members that every finding has are always there, null if they say nothing.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    rule: &'static str,
    name: &'static str,
    level: &'static str,
    bundle: &'a str,
    file: Option<String>,
    line: Option<usize>,
    column: Option<usize>,
    end_line: Option<usize>,
    end_column: Option<usize>,
    message: &'a str,
    help: Option<&'a str>,
    fingerprint: String,
    fixes: Vec<FixEntry<'a>>,
    related: Vec<RelatedEntry<'a>>,
}

#[derive(Serialize)]
struct FixEntry<'a> {
    title: &'a str,
    safe: bool,
    edits: Vec<EditEntry<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EditEntry<'a> {
    #[serde(flatten)]
    place: Place,
    replacement: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RelatedEntry<'a> {
    #[serde(flatten)]
    place: Place,
    message: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    file: String,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

fn entry(finding: &Finding, fingerprint: String) -> Entry<'_> {
    let place = finding.span.as_ref().map(place_of);
    Entry {
        rule: finding.rule.code,
        name: finding.rule.name,
        level: finding.level.as_str(),
        bundle: &finding.bundle,
        line: place.as_ref().map(|place| place.line),
        column: place.as_ref().map(|place| place.column),
        end_line: place.as_ref().map(|place| place.end_line),
        end_column: place.as_ref().map(|place| place.end_column),
        file: place.map(|place| place.file),
        message: &finding.message,
        help: finding.help.as_deref(),
        fingerprint,
        fixes: finding
            .fixes
            .iter()
            .map(|fix| FixEntry {
                title: &fix.title,
                safe: fix.safe,
                edits: fix.edits.iter().map(edit).collect(),
            })
            .collect(),
        related: finding
            .related
            .iter()
            .map(|related| RelatedEntry { place: place_of(&related.span), message: &related.message })
            .collect(),
    }
}

fn edit(edit: &Edit) -> EditEntry<'_> {
    let span = Span::new(&edit.file, edit.range.clone());
    EditEntry { place: place_of(&span), replacement: &edit.replacement }
}

fn place_of(span: &Span) -> Place {
    let (Position { line, column }, end) = (span.start(), span.end());
    Place { file: repository_path(&span.file.path), line, column, end_line: end.line, end_column: end.column }
}

const VERSION: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::with_report;

    #[test]
    #[expect(clippy::too_many_lines, reason = "the snapshot shows the whole document")]
    fn the_document() {
        let mut text = String::new();
        with_report(|report| write(report, &mut text));
        insta::assert_snapshot!(text, @r#"
        {
          "version": 1,
          "tool": {
            "name": "dormouse",
            "version": "1.2.3"
          },
          "summary": {
            "bundles": 2,
            "errors": 1,
            "warnings": 1,
            "infos": 1,
            "suppressed": 2
          },
          "findings": [
            {
              "rule": "OAU001",
              "name": "refresh-never-redeemed",
              "level": "error",
              "bundle": "oauth",
              "file": "api/oauth/apiproxy/policies/Token.xml",
              "line": 1,
              "column": 1,
              "endLine": 2,
              "endColumn": 14,
              "message": "nobody redeems the refresh tokens that `Token` issues",
              "help": "attach a RefreshAccessToken policy",
              "fingerprint": "a253b519cd7e1d5c9e47dff3343a232c",
              "fixes": [],
              "related": [
                {
                  "file": "api/oauth/apiproxy/proxies/default.xml",
                  "line": 2,
                  "column": 3,
                  "endLine": 2,
                  "endColumn": 13,
                  "message": "it is attached here"
                }
              ]
            },
            {
              "rule": "OAU007",
              "name": "refresh-ttl-long",
              "level": "warning",
              "bundle": "oauth",
              "file": "api/oauth/apiproxy/policies/Token.xml",
              "line": 3,
              "column": 26,
              "endLine": 3,
              "endColumn": 28,
              "message": "refresh tokens never expire",
              "help": null,
              "fingerprint": "b969c78d6d19d31b08dcb72e32b17217",
              "fixes": [
                {
                  "title": "set it to 30 days",
                  "safe": false,
                  "edits": [
                    {
                      "file": "api/oauth/apiproxy/policies/Token.xml",
                      "line": 3,
                      "column": 26,
                      "endLine": 3,
                      "endColumn": 28,
                      "replacement": "2592000000"
                    }
                  ]
                },
                {
                  "title": "leave it",
                  "safe": true,
                  "edits": []
                }
              ],
              "related": []
            },
            {
              "rule": "OAU016",
              "name": "operation-missing-or-invalid",
              "level": "info",
              "bundle": "",
              "file": null,
              "line": null,
              "column": null,
              "endLine": null,
              "endColumn": null,
              "message": "cannot read b.zip: it is cut off",
              "help": null,
              "fingerprint": "2462d23713a2d70a11b76e7b500f296a",
              "fixes": [],
              "related": []
            }
          ]
        }
        "#);
    }
}
