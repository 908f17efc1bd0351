//! OAU012: a refresh leaves the old refresh token good (RFC 9700 §4.14.2 asks for rotation or sender constraint).

use crate::analysis::program::Program;
use crate::fix::replace;
use crate::rule::{Rule, Touch, finding};
use dormouse_bundle::Level;
use dormouse_report::{Finding, RuleInfo};

/// The rule.
pub(crate) static RULE: Rule = Rule { info: INFO, check };

fn check(rule: &'static RuleInfo, program: &Program<'_>, unit: usize) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (typed, _) in program.reachable(unit) {
        let policy = typed.oauth_v2().filter(|policy| policy.operation.value.refreshes());
        let reuse = policy.and_then(|policy| policy.reuse_refresh_token.as_ref()).filter(|reuse| reuse.value);
        let Some(reuse) = reuse else { continue };
        let message = format!("`{}` leaves each refresh token good for further use", typed.policy.name);
        let fix = replace("rotate refresh tokens", false, &reuse.span, "false");
        findings.push(finding(rule, reuse.span.clone(), message).help(HELP).fix(Some(fix)));
    }
    findings
}

const HELP: &str = "write false: each refresh then gives a new refresh token and ends the old one";

const INFO: RuleInfo = RuleInfo {
    code: "OAU012",
    name: "reuse-refresh-token",
    level: Level::Warning,
    summary: "a refresh token stays good after it was redeemed",
    what: "An attached policy with RefreshAccessToken has ReuseRefreshToken true.",
    why: "A stolen refresh token then works until it expires, and nobody notices that two parties use it. With rotation the second use fails.",
    bad: "<ReuseRefreshToken>true</ReuseRefreshToken>",
    good: "<ReuseRefreshToken>false</ReuseRefreshToken>",
    when_to_suppress: "When clients cannot store a new refresh token each time, or lose responses often.",
    link: "https://docs.cloud.google.com/apigee/docs/api-platform/reference/policies/oauthv2-policy",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, REFRESH, endpoint, flow, oauth};

    #[track_caller]
    fn check(body: &str, steps: &[&str], expected: &[&str]) {
        testing::check(&RULE, &(endpoint(&flow("", steps)) + &oauth("Refresh", body)), expected);
    }

    const REUSE: &str = "<ReuseRefreshToken>true</ReuseRefreshToken>";

    #[test]
    fn tokens_that_are_used_again() {
        check(&format!("{REFRESH}{REUSE}"), &["Refresh"], &["warning Refresh"]);
        check(
            &format!("<Operation>RefreshJWTAccessToken</Operation>{REUSE}"),
            &["Refresh"],
            &["warning Refresh"],
        );
        check(
            &format!("{REFRESH}<ReuseRefreshToken>TRUE</ReuseRefreshToken>"),
            &["Refresh"],
            &["warning Refresh"],
        );
    }

    #[test]
    fn tokens_that_are_not() {
        check(REFRESH, &["Refresh"], &[]);
        check(&format!("{REFRESH}<ReuseRefreshToken>false</ReuseRefreshToken>"), &["Refresh"], &[]);
        check(&format!("{REFRESH}{REUSE}"), &[], &[]);
        check(&format!("<Operation>GenerateAccessToken</Operation>{REUSE}"), &["Refresh"], &[]);
    }
}
