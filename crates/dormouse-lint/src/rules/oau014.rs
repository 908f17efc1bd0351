//! OAU014: a revocation leaves the other token of the pair alone, or seems to ("Validating and invalidating access
//! tokens").

use crate::analysis::program::Program;
use crate::fix::replace;
use crate::rule::{Rule, Touch, finding};
use dormouse_bundle::{Element, Level, Operation, TokenKind};
use dormouse_report::{Finding, RuleInfo};

/// The rule.
pub(crate) static RULE: Rule = Rule { info: INFO, check };

fn check(rule: &'static RuleInfo, program: &Program<'_>, unit: usize) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (typed, _) in program.reachable(unit) {
        let policy = typed.oauth_v2().filter(|policy| policy.operation.value == Operation::InvalidateToken);
        for token in policy.iter().flat_map(|policy| &policy.tokens).filter(|token| !token.cascade) {
            let (level, message, help) = match token.kind {
                Some(TokenKind::Refresh) => (
                    Level::Warning,
                    "the access token of the revoked refresh token stays good",
                    "write cascade=\"true\"",
                ),
                Some(TokenKind::Access) => (
                    Level::Info,
                    "this reads as if the refresh token stayed good, but it cannot be used either",
                    "write cascade=\"true\", which is what happens",
                ),
                None => continue,
            };
            let span = token.variable.span.clone();
            let elements = typed.policy.element.descendants();
            let element = elements.into_iter().find(|element| holds(element, span.range.start));
            let attribute = element.and_then(|element| element.attribute("cascade"));
            let is_same = token.kind == Some(TokenKind::Access);
            let fix = attribute.map(|it| replace("revoke both tokens", is_same, &it.value.span(), "true"));
            let span = attribute.map_or(span, |attribute| attribute.value.span());
            findings.push(finding(rule, span, message).level(level).help(help).fix(fix));
        }
    }
    findings
}

fn holds(element: &Element, at: usize) -> bool {
    element.name == "Token" && element.span.range.contains(&at)
}

const INFO: RuleInfo = RuleInfo {
    code: "OAU014",
    name: "revoke-without-cascade",
    level: Level::Warning,
    summary: "a revocation ends only one token of a pair, or seems to",
    what: "An attached InvalidateToken has a Token with cascade false. For a refresh token its access token lives on; for an access token it is a remark, since the refresh token cannot be used afterwards either.",
    why: "Who signs out or reports a stolen phone expects both tokens to be dead. The access token keeps opening the API until it expires.",
    bad: "<Token type=\"refreshtoken\" cascade=\"false\">request.formparam.token</Token>",
    good: "<Token type=\"refreshtoken\" cascade=\"true\">request.formparam.token</Token>",
    when_to_suppress: "When a partial sign-out is what is wanted.",
    link: "https://docs.cloud.google.com/apigee/docs/api-platform/security/oauth/validating-and-invalidating-access-tokens",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, endpoint, flow, oauth};

    #[track_caller]
    fn check(operation: &str, token: &str, steps: &[&str], expected: &[&str]) {
        let body = format!("<Operation>{operation}</Operation><Tokens>{token}</Tokens>");
        testing::check(&RULE, &(endpoint(&flow("", steps)) + &oauth("Revoke", &body)), expected);
    }

    #[test]
    fn half_revocations() {
        let refresh = "<Token type=\"refreshtoken\" cascade=\"false\">t</Token>";
        let access = "<Token type=\"accesstoken\" cascade=\"false\">t</Token>";
        check("InvalidateToken", refresh, &["Revoke"], &["warning Revoke"]);
        check("InvalidateToken", access, &["Revoke"], &["info Revoke"]);
        check(
            "InvalidateToken",
            &format!("{access}{refresh}"),
            &["Revoke"],
            &["info Revoke", "warning Revoke"],
        );
    }

    #[test]
    fn whole_ones() {
        check("InvalidateToken", "<Token type=\"refreshtoken\" cascade=\"true\">t</Token>", &["Revoke"], &[]);
        check("InvalidateToken", "<Token type=\"refreshtoken\">t</Token>", &["Revoke"], &[]);
        check("ValidateToken", "<Token type=\"refreshtoken\" cascade=\"false\">t</Token>", &["Revoke"], &[]);
        check("InvalidateToken", "<Token type=\"refreshtoken\" cascade=\"false\">t</Token>", &[], &[]);
    }
}
