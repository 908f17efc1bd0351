//! OAU018: token responses have Apigee's older shape, not that of RFC 6749 §5.

use crate::analysis::program::Program;
use crate::fix::add_child;
use crate::rule::{Rule, Touch, finding, operation_span};
use crate::ttl::issues_access_token;
use dormouse_bundle::Level;
use dormouse_report::{Finding, RuleInfo};

/// The rule.
pub(crate) static RULE: Rule = Rule { info: INFO, check };

fn check(rule: &'static RuleInfo, program: &Program<'_>, unit: usize) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (typed, _) in program.reachable(unit) {
        let policy = typed.oauth_v2().filter(|policy| {
            let responds = issues_access_token(policy) && !policy.operation.value.is_implicit();
            responds && policy.generate_response.enabled && policy.rfc_compliant.is_none()
        });
        if policy.is_none() {
            continue;
        }
        let message =
            format!("responses of `{}` have Apigee's older shape, not RFC 6749's", typed.policy.name);
        let element = "<RFCCompliantRequestResponse>true</RFCCompliantRequestResponse>";
        let fix = add_child("follow RFC 6749", false, &typed.policy.element, element);
        findings.push(finding(rule, operation_span(typed), message).help(HELP).fix(fix));
    }
    findings
}

const HELP: &str = "add <RFCCompliantRequestResponse>true</RFCCompliantRequestResponse>; it changes what clients see, so \
                    try them first, or write false to settle it";

const INFO: RuleInfo = RuleInfo {
    code: "OAU018",
    name: "non-rfc-responses",
    level: Level::Info,
    summary: "token responses do not follow RFC 6749",
    what: "An attached policy that issues tokens and makes the response itself does not say RFCCompliantRequestResponse.",
    why: "token_type is BearerToken and numbers are texts, which most OAuth libraries refuse. Errors have other names than the RFC gives them, so that clients cannot tell an expired refresh token from a wrong request.",
    bad: "<OAuthV2 name=\"Token\">\n  <Operation>GenerateAccessToken</Operation>\n  <GenerateResponse/>\n</OAuthV2>",
    good: "<OAuthV2 name=\"Token\">\n  <Operation>GenerateAccessToken</Operation>\n  <GenerateResponse/>\n  <RFCCompliantRequestResponse>true</RFCCompliantRequestResponse>\n</OAuthV2>",
    when_to_suppress: "When existing clients rely on the older shape; writing false says so.",
    link: "https://docs.cloud.google.com/apigee/docs/api-platform/reference/policies/oauthv2-policy",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, PASSWORD, REFRESH, endpoint, flow, oauth};

    #[track_caller]
    fn check(body: &str, expected: &[&str]) {
        testing::check(&RULE, &(endpoint(&flow("", &["Token"])) + &oauth("Token", body)), expected);
    }

    #[test]
    fn older_shapes() {
        check(PASSWORD, &["info Token"]);
        check(REFRESH, &["info Token"]);
        check(&PASSWORD.replace("GenerateAccess", "GenerateJWTAccess"), &["info Token"]);
    }

    #[test]
    fn settled_or_not_seen() {
        check(&format!("{PASSWORD}<RFCCompliantRequestResponse>true</RFCCompliantRequestResponse>"), &[]);
        check(&format!("{PASSWORD}<RFCCompliantRequestResponse>false</RFCCompliantRequestResponse>"), &[]);
        check(&PASSWORD.replace("<GenerateResponse/>", ""), &[]);
        check("<Operation>VerifyAccessToken</Operation>", &[]);
    }
}
