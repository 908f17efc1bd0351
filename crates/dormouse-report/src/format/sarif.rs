//! SARIF 2.1.0, for GitHub's code scanning, Azure DevOps and editors:
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html>. Numbers in comments are its sections.

mod log;

use dormouse_bundle::{Level, Span};
use std::collections::BTreeMap;

use crate::finding::{Edit, Finding, Fix, RuleInfo, fingerprints};
use crate::path::uri;
use crate::report::Report;
use crate::rule_markdown::rule_markdown;

use super::json::push_json;
use super::message_and_help;
use log::{
    ArtifactChange, ArtifactContent, ArtifactLocation, Configuration, Driver, Help, Invocation, Location,
    Log, LogicalLocation, Message, PhysicalLocation, Region, Replacement, ReportingDescriptor, Run, SarifFix,
    SarifResult, Tool,
};

pub(super) fn write(report: &Report<'_>, text: &mut String) {
    let rules = report.all_rules();
    let index: BTreeMap<&str, usize> = rules.iter().enumerate().map(|(at, rule)| (rule.code, at)).collect();
    let findings = report.findings.iter().zip(fingerprints(report.findings));
    let results = findings.map(|(finding, fingerprint)| SarifResult {
        rule_index: index.get(finding.rule.code).copied(),
        ..result(finding, fingerprint)
    });
    let run = Run {
        tool: Tool {
            driver: Driver {
                name: "dormouse",
                version: report.version,
                rules: rules.iter().map(|rule| descriptor(rule)).collect(),
            },
        },
        invocations: [Invocation { execution_successful: true }],
        results: results.collect(),
        column_kind: "unicodeCodePoints",
    };
    push_json(&Log { schema: SCHEMA, version: "2.1.0", runs: [run] }, text);
}

/// §3.49
fn descriptor(rule: &'static RuleInfo) -> ReportingDescriptor<'static> {
    ReportingDescriptor {
        id: rule.code,
        name: rule.name,
        short_description: Message { text: sentence(rule.summary) },
        full_description: Message {
            text: sentence(if rule.what.is_empty() { rule.summary } else { rule.what }),
        },
        help_uri: Some(rule.link).filter(|link| !link.is_empty()),
        help: Help { text: help_text(rule), markdown: rule_markdown(rule) },
        default_configuration: Configuration { level: level(rule.level) },
    }
}

/// §3.27
fn result(finding: &Finding, fingerprint: String) -> SarifResult<'_> {
    SarifResult {
        rule_id: finding.rule.code,
        rule_index: None,
        level: level(finding.level),
        message: Message { text: message_and_help(finding) },
        locations: location(finding).into_iter().collect(),
        related_locations: finding
            .related
            .iter()
            .map(|related| Location {
                physical_location: Some(physical(&related.span)),
                logical_locations: Vec::new(),
                message: Some(Message { text: related.message.clone() }),
            })
            .collect(),
        partial_fingerprints: BTreeMap::from([("dormouse/v1", fingerprint)]),
        fixes: finding.fixes.iter().filter(|fix| !fix.edits.is_empty()).map(sarif_fix).collect(),
    }
}

/// Absent if neither file nor bundle is known.
fn location(finding: &Finding) -> Option<Location<'_>> {
    let bundle = Some(finding.bundle.as_str()).filter(|bundle| !bundle.is_empty());
    if finding.span.is_none() && bundle.is_none() {
        return None;
    }
    Some(Location {
        physical_location: finding.span.as_ref().map(physical),
        logical_locations: bundle.map(|name| LogicalLocation { name, kind: "module" }).into_iter().collect(),
        message: None,
    })
}

fn physical(span: &Span) -> PhysicalLocation {
    PhysicalLocation {
        artifact_location: ArtifactLocation { uri: uri(&span.file.path) },
        region: region(span),
    }
}

/// §3.30: the end column is the first one behind, as ours.
fn region(span: &Span) -> Region {
    let (start, end) = (span.start(), span.end());
    Region { start_line: start.line, start_column: start.column, end_line: end.line, end_column: end.column }
}

/// §3.55: the changes to one file belong together.
fn sarif_fix(fix: &Fix) -> SarifFix<'_> {
    let mut files: BTreeMap<&str, Vec<&Edit>> = BTreeMap::new();
    for edit in &fix.edits {
        files.entry(edit.file.path.as_str()).or_default().push(edit);
    }
    let note = if fix.safe { "" } else { " (needs review)" };
    SarifFix {
        description: Message { text: format!("{}{note}", fix.title) },
        artifact_changes: files
            .into_iter()
            .map(|(path, edits)| ArtifactChange {
                artifact_location: ArtifactLocation { uri: uri(path) },
                replacements: edits.into_iter().map(replacement).collect(),
            })
            .collect(),
    }
}

fn replacement(edit: &Edit) -> Replacement<'_> {
    Replacement {
        deleted_region: region(&Span::new(&edit.file, edit.range.clone())),
        inserted_content: ArtifactContent { text: &edit.replacement },
    }
}

fn help_text(rule: &RuleInfo) -> String {
    let parts = [
        ("", rule.what),
        ("Why: ", rule.why),
        ("Bad:\n", rule.bad),
        ("Good:\n", rule.good),
        ("When to suppress: ", rule.when_to_suppress),
        ("See ", rule.link),
    ];
    let parts = parts.into_iter().filter(|(_, text)| !text.is_empty());
    let text: Vec<String> = parts.map(|(heading, text)| format!("{heading}{}", text.trim_end())).collect();
    // A viewer that shows help shows something for every rule.
    if text.is_empty() { sentence(rule.summary) } else { text.join("\n\n") }
}

/// With a full stop, as SARIF asks of descriptions (§3.49.9).
fn sentence(text: &str) -> String {
    let text = text.trim_end();
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Info => "note",
    }
}

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{with_nasty_report, with_report};
    use serde_json::Value;

    #[test]
    #[expect(clippy::too_many_lines, reason = "the snapshot shows the whole document")]
    fn the_document() {
        let mut text = String::new();
        with_report(|report| write(report, &mut text));
        insta::assert_snapshot!(text, @r####"
        {
          "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
          "version": "2.1.0",
          "runs": [
            {
              "tool": {
                "driver": {
                  "name": "dormouse",
                  "version": "1.2.3",
                  "rules": [
                    {
                      "id": "OAU001",
                      "name": "refresh-never-redeemed",
                      "shortDescription": {
                        "text": "refresh tokens are issued that nobody redeems."
                      },
                      "fullDescription": {
                        "text": "A policy issues refresh tokens & no policy redeems them."
                      },
                      "helpUri": "https://example.com/antipattern",
                      "help": {
                        "text": "A policy issues refresh tokens & no policy redeems them.\n\nWhy: Each is kept until it expires.\n\nBad:\n<OAuthV2>\n  <Operation>GenerateAccessToken</Operation>\n</OAuthV2>\n\nGood:\n<OAuthV2>\n  <Operation>RefreshAccessToken</Operation>\n</OAuthV2>\n\nWhen to suppress: When another gateway redeems them.\n\nSee https://example.com/antipattern",
                        "markdown": "A policy issues refresh tokens \\& no policy redeems them.\n\n### Why\n\nEach is kept until it expires.\n\n### Bad\n\n```xml\n<OAuthV2>\n  <Operation>GenerateAccessToken</Operation>\n</OAuthV2>\n```\n\n### Good\n\n```xml\n<OAuthV2>\n  <Operation>RefreshAccessToken</Operation>\n</OAuthV2>\n```\n\n### When to suppress\n\nWhen another gateway redeems them.\n\n### See\n\n<https://example.com/antipattern>"
                      },
                      "defaultConfiguration": {
                        "level": "error"
                      }
                    },
                    {
                      "id": "OAU007",
                      "name": "refresh-ttl-long",
                      "shortDescription": {
                        "text": "refresh tokens live for long."
                      },
                      "fullDescription": {
                        "text": "refresh tokens live for long."
                      },
                      "helpUri": "https://example.com/lifetime",
                      "help": {
                        "text": "See https://example.com/lifetime",
                        "markdown": "### See\n\n<https://example.com/lifetime>"
                      },
                      "defaultConfiguration": {
                        "level": "warning"
                      }
                    },
                    {
                      "id": "OAU016",
                      "name": "operation-missing-or-invalid",
                      "shortDescription": {
                        "text": "the policy cannot be deployed."
                      },
                      "fullDescription": {
                        "text": "the policy cannot be deployed."
                      },
                      "help": {
                        "text": "the policy cannot be deployed.",
                        "markdown": "the policy cannot be deployed"
                      },
                      "defaultConfiguration": {
                        "level": "note"
                      }
                    }
                  ]
                }
              },
              "invocations": [
                {
                  "executionSuccessful": true
                }
              ],
              "results": [
                {
                  "ruleId": "OAU001",
                  "ruleIndex": 0,
                  "level": "error",
                  "message": {
                    "text": "nobody redeems the refresh tokens that `Token` issues (attach a RefreshAccessToken policy)"
                  },
                  "locations": [
                    {
                      "physicalLocation": {
                        "artifactLocation": {
                          "uri": "api/oauth/apiproxy/policies/Token.xml"
                        },
                        "region": {
                          "startLine": 1,
                          "startColumn": 1,
                          "endLine": 2,
                          "endColumn": 14
                        }
                      },
                      "logicalLocations": [
                        {
                          "name": "oauth",
                          "kind": "module"
                        }
                      ]
                    }
                  ],
                  "relatedLocations": [
                    {
                      "physicalLocation": {
                        "artifactLocation": {
                          "uri": "api/oauth/apiproxy/proxies/default.xml"
                        },
                        "region": {
                          "startLine": 2,
                          "startColumn": 3,
                          "endLine": 2,
                          "endColumn": 13
                        }
                      },
                      "message": {
                        "text": "it is attached here"
                      }
                    }
                  ],
                  "partialFingerprints": {
                    "dormouse/v1": "a253b519cd7e1d5c9e47dff3343a232c"
                  }
                },
                {
                  "ruleId": "OAU007",
                  "ruleIndex": 1,
                  "level": "warning",
                  "message": {
                    "text": "refresh tokens never expire"
                  },
                  "locations": [
                    {
                      "physicalLocation": {
                        "artifactLocation": {
                          "uri": "api/oauth/apiproxy/policies/Token.xml"
                        },
                        "region": {
                          "startLine": 3,
                          "startColumn": 26,
                          "endLine": 3,
                          "endColumn": 28
                        }
                      },
                      "logicalLocations": [
                        {
                          "name": "oauth",
                          "kind": "module"
                        }
                      ]
                    }
                  ],
                  "partialFingerprints": {
                    "dormouse/v1": "b969c78d6d19d31b08dcb72e32b17217"
                  },
                  "fixes": [
                    {
                      "description": {
                        "text": "set it to 30 days (needs review)"
                      },
                      "artifactChanges": [
                        {
                          "artifactLocation": {
                            "uri": "api/oauth/apiproxy/policies/Token.xml"
                          },
                          "replacements": [
                            {
                              "deletedRegion": {
                                "startLine": 3,
                                "startColumn": 26,
                                "endLine": 3,
                                "endColumn": 28
                              },
                              "insertedContent": {
                                "text": "2592000000"
                              }
                            }
                          ]
                        }
                      ]
                    }
                  ]
                },
                {
                  "ruleId": "OAU016",
                  "ruleIndex": 2,
                  "level": "note",
                  "message": {
                    "text": "cannot read b.zip: it is cut off"
                  },
                  "locations": [],
                  "partialFingerprints": {
                    "dormouse/v1": "2462d23713a2d70a11b76e7b500f296a"
                  }
                }
              ],
              "columnKind": "unicodeCodePoints"
            }
          ]
        }
        "####);
    }

    /// What the schema asks for, and what it cannot express: indices that fit, positions from 1, levels and
    /// column kinds from their lists, URIs without forbidden characters.
    #[test]
    fn the_rules_of_the_schema_hold() {
        for text in [text_of(with_report), text_of(with_nasty_report)] {
            let log: Value = serde_json::from_str(&text).expect("JSON");
            assert_eq!(log["version"], "2.1.0");
            let run = &log["runs"][0];
            assert_eq!(run["columnKind"], "unicodeCodePoints");
            let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
            for result in run["results"].as_array().expect("results") {
                let index = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small");
                assert_eq!(rules[index]["id"], result["ruleId"]);
                assert!(["error", "warning", "note"].contains(&result["level"].as_str().expect("a level")));
                assert!(!result["message"]["text"].as_str().expect("a message").is_empty());
            }
            walk(&log);
        }
    }

    fn text_of(with: fn(fn(&Report<'_>) -> String) -> String) -> String {
        with(|report| {
            let mut text = String::new();
            write(report, &mut text);
            text
        })
    }

    fn walk(value: &Value) {
        match value {
            Value::Array(values) => values.iter().for_each(walk),
            Value::Object(members) => {
                for (name, value) in members {
                    match name.as_str() {
                        "startLine" | "startColumn" | "endLine" | "endColumn" => {
                            assert!(value.as_u64() >= Some(1), "{name}");
                        }
                        "uri" => {
                            let allowed =
                                |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/%:".contains(&byte);
                            assert!(value.as_str().is_some_and(|uri| uri.bytes().all(allowed)), "{value}");
                        }
                        "fixes" | "artifactChanges" | "replacements" => {
                            assert!(value.as_array().is_some_and(|it| !it.is_empty()), "{name}");
                        }
                        _ => {}
                    }
                    walk(value);
                }
            }
            _ => {}
        }
    }
}
