//! Suppressions in XML comments: `dormouse-lint disable=OAU001,OAU005 reason="…"`, which hold for their file. The
//! reason is mandatory. `apigeelint disable=…`, which has none, is understood too.

use crate::registry::RULES;
use crate::rule::Touch;
use crate::rules::lnt002;
use dormouse_bundle::{Bundle, SourceFile, Span};
use dormouse_report::Finding;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

/// Removes what comments suppress, and adds what is wrong with the comments. Returns how many were removed.
pub(crate) fn suppress(findings: &mut Vec<Finding>, bundles: &[Bundle]) -> usize {
    let mut disabled: HashMap<&str, HashSet<&'static str>> = HashMap::new();
    let mut wrong = Vec::new();
    for file in bundles.iter().flat_map(|bundle| &bundle.files) {
        for comment in comments(&file.text) {
            let Some(directive) = directive(file, comment) else { continue };
            let codes = directive.names.iter().filter_map(|name| code(name));
            if directive.is_explained {
                disabled.entry(&file.path).or_default().extend(codes);
            } else {
                let problem = lnt002::finding(
                    directive.span.clone(),
                    "this suppression gives no reason and has no effect",
                );
                wrong.push(problem.help("add reason=\"…\" behind the rules"));
            }
            let unknown = directive.names.iter().filter(|name| directive.is_ours && code(name).is_none());
            wrong.extend(unknown.map(|name| {
                lnt002::finding(directive.span.clone(), format!("there is no rule `{name}` to suppress"))
                    .help("`dormouse lint --list` shows the rules")
            }));
        }
    }
    let before = findings.len();
    findings.retain(|finding| {
        let path = finding.span.as_ref().map_or("", |span| span.file.path.as_str());
        !disabled.get(path).is_some_and(|codes| codes.contains(finding.rule.code))
    });
    let removed = before - findings.len();
    findings.extend(wrong);
    removed
}

struct Directive {
    names: Vec<String>,
    is_ours: bool,
    is_explained: bool,
    span: Span,
}

fn directive(file: &Arc<SourceFile>, comment: Range<usize>) -> Option<Directive> {
    let text = file.text.get(comment.clone())?.trim_start_matches("<!--").trim_end_matches("-->");
    let (is_ours, rest) = match (text.split_once("dormouse-lint"), text.split_once("apigeelint")) {
        (Some((_, rest)), _) => (true, rest),
        (None, Some((_, rest))) => (false, rest),
        _ => return None,
    };
    let list = rest.trim_start().strip_prefix("disable=")?;
    let end = list.find(|next: char| next.is_whitespace()).unwrap_or(list.len());
    let (list, rest) = list.split_at(end);
    let names = list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let is_explained = !is_ours || gives_reason(rest);
    Some(Directive { names, is_ours, is_explained, span: Span::new(file, comment) })
}

/// Whether `reason="…"` follows, in quotes of either kind and not empty.
fn gives_reason(text: &str) -> bool {
    let Some((_, reason)) = text.split_once("reason=") else { return false };
    ['"', '\''].into_iter().any(|quote| {
        let quoted = reason.strip_prefix(quote).and_then(|rest| rest.split_once(quote));
        quoted.is_some_and(|(reason, _)| !reason.trim().is_empty())
    })
}

/// The code of a rule that is named by code or name.
fn code(name: &str) -> Option<&'static str> {
    let rule = RULES.iter().find(|rule| rule.info.code == name || rule.info.name == name);
    rule.map(|rule| rule.info.code)
}

/// Where the comments of an XML text stand, broken text included.
pub(crate) fn comments(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = text.get(at..).and_then(|rest| rest.find("<!")).map(|start| at + start) {
        let rest = text.get(start..).unwrap_or_default();
        let (close, is_comment) = if rest.starts_with("<!--") {
            ("-->", true)
        } else if rest.starts_with("<![CDATA[") {
            ("]]>", false)
        } else {
            at = start + "<!".len();
            continue;
        };
        let end = rest.find(close).map_or(text.len(), |end| start + end + close.len());
        if is_comment {
            found.push(start..end);
        }
        at = end;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::oau001;
    use crate::testing::{PASSWORD, check, endpoint, flow, oauth};

    #[track_caller]
    fn check_comment(comment: &str, expected: &[&str], wrong: &[&str]) {
        let fixture = endpoint(&flow("", &["Token"])) + &oauth("Token", &format!("{comment}\n  {PASSWORD}"));
        check(&oau001::RULE, &fixture, expected);
        check(&lnt002::RULE, &fixture, wrong);
    }

    #[test]
    fn a_comment_with_a_reason_suppresses() {
        check_comment(
            "<!-- dormouse-lint disable=OAU001 reason=\"the app refreshes elsewhere\" -->",
            &[],
            &[],
        );
        check_comment("<!-- dormouse-lint disable=OAU005,refresh-never-redeemed reason='x' -->", &[], &[]);
        check_comment("<!-- apigeelint disable=PO007,OAU001 -->", &[], &[]);
    }

    #[test]
    fn a_comment_without_a_reason_or_for_another_rule_does_not() {
        check_comment("<!-- dormouse-lint disable=OAU001 -->", &["error Token"], &["warning Token"]);
        check_comment(
            "<!-- dormouse-lint disable=OAU001 reason=\"\" -->",
            &["error Token"],
            &["warning Token"],
        );
        check_comment("<!-- dormouse-lint disable=OAU005 reason=\"x\" -->", &["error Token"], &[]);
        check_comment(
            "<!-- dormouse-lint disable=OAU0O1 reason=\"x\" -->",
            &["error Token"],
            &["warning Token"],
        );
    }

    #[test]
    fn comments_are_found_in_broken_text_and_not_in_cdata() {
        let found = |text: &'static str| {
            comments(text).into_iter().filter_map(|range| text.get(range)).collect::<Vec<_>>()
        };
        assert_eq!(found("<a><!--x--><b"), ["<!--x-->"]);
        assert_eq!(found("<![CDATA[<!--x-->]]><!--y"), ["<!--y"]);
        assert_eq!(found("<!DOCTYPE a>"), [""; 0]);
    }
}
