//! LNT002: a suppression comment that gives no reason, or names no rule. Found by [`crate::suppress`].

use crate::rule::Rule;
use dormouse_bundle::{Level, Span};
use dormouse_report::{Finding, RuleInfo};

/// The rule. Its findings come from reading comments, not from a bundle's analysis.
pub(crate) static RULE: Rule = Rule { info: INFO, check: |_, _, _| Vec::new() };

/// A finding at a comment.
pub(crate) fn finding(span: Span, message: impl Into<String>) -> Finding {
    crate::rule::finding(&RULE.info, span, message)
}

const INFO: RuleInfo = RuleInfo {
    code: "LNT002",
    name: "unexplained-suppression",
    level: Level::Warning,
    summary: "a suppression comment gives no reason, or names no rule",
    what: "Comments of the form dormouse-lint disable=… without reason=\"…\", or with a rule that does not exist. \
           They have no effect.",
    why: "Whoever meets the comment later has to know whether it still holds.",
    bad: "<!-- dormouse-lint disable=OAU001 -->",
    good: "<!-- dormouse-lint disable=OAU001 reason=\"refreshed by the legacy proxy until it is retired\" -->",
    when_to_suppress: "Never: give the reason.",
    link: "https://docs.cloud.google.com/apigee/docs/api-platform/antipatterns/issuing-refresh-tokens",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, endpoint, flow, oauth};

    #[track_caller]
    fn check_comment(comment: &str, expected: &[&str]) {
        check(&RULE, &(endpoint(&flow("", &["A"])) + &oauth("A", comment)), expected);
    }

    #[test]
    fn reasons_are_missed() {
        check_comment("<!-- dormouse-lint disable=OAU001 -->", &["warning A"]);
        check_comment("<!-- dormouse-lint disable=OAU001 reason= -->", &["warning A"]);
        check_comment("<!-- dormouse-lint disable=OAU099 reason=\"x\" -->", &["warning A"]);
    }

    #[test]
    fn reasons_are_seen() {
        check_comment("<!-- dormouse-lint disable=OAU001 reason=\"x y\" -->", &[]);
        check_comment("<!-- apigeelint disable=PO007 -->", &[]);
        check_comment("<!-- see dormouse-lint -->", &[]);
    }
}
