//! Findings as the protocol shows them: diagnostics, hover texts, code actions.

use super::place::{Range, uri};
use dormouse_bundle::{Level, Span};
use dormouse_report::{Finding, Fix, RuleInfo, rule_markdown};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A diagnostic; the finding must have a place.
pub(super) fn diagnostic(finding: &Finding, span: &Span) -> Value {
    let rule = finding.rule;
    let mut message = finding.message.clone();
    if let Some(help) = &finding.help {
        message.extend(["\nhelp: ", help]);
    }
    let related: Vec<Value> = finding.related.iter().map(|it| related(&it.span, &it.message)).collect();
    let mut diagnostic = json!({
        "range": Range::of(span),
        "severity": severity(finding.level),
        "code": rule.code,
        "source": "dormouse",
        "message": message,
        "relatedInformation": related,
    });
    if let Some(members) = diagnostic.as_object_mut().filter(|_| !rule.link.is_empty()) {
        members.insert("codeDescription".to_owned(), json!({ "href": rule.link }));
    }
    diagnostic
}

/// The pages of rules, one after the other.
pub(super) fn hover(rules: &[&'static RuleInfo]) -> Value {
    let pages: Vec<String> = rules
        .iter()
        .map(|rule| format!("## {} {}\n\n{}", rule.code, rule.name, rule_markdown(rule)))
        .collect();
    json!({ "contents": { "kind": "markdown", "value": pages.join("\n\n---\n\n") } })
}

/// A quick fix. Editors apply a preferred one on a single key, which only a safe one deserves.
pub(super) fn code_action(finding: &Finding, span: &Span, fix: &Fix, preferred: bool) -> Value {
    let mut changes: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for edit in &fix.edits {
        let range = Range::of(&Span::new(&edit.file, edit.range.clone()));
        let change = json!({ "range": range, "newText": edit.replacement });
        changes.entry(uri(&edit.file.path)).or_default().push(change);
    }
    let note = if fix.safe { "" } else { " (needs review)" };
    json!({
        "title": format!("{}: {}{note}", finding.rule.code, fix.title),
        "kind": "quickfix",
        "isPreferred": preferred && fix.safe,
        "diagnostics": [diagnostic(finding, span)],
        "edit": { "changes": changes },
    })
}

fn related(span: &Span, message: &str) -> Value {
    json!({ "location": { "uri": uri(&span.file.path), "range": Range::of(span) }, "message": message })
}

fn severity(level: Level) -> u8 {
    match level {
        Level::Error => 1,
        Level::Warning => 2,
        Level::Info => 3,
    }
}
