//! OAU008: access tokens live for ever, very long, or for a time that nobody wrote down (antipattern "long expiration
//! time for OAuth tokens").

use crate::analysis::program::Program;
use crate::analysis::unit::is_stored;
use crate::fix::add_child;
use crate::rule::{Rule, Touch, finding, operation_span};
use crate::ttl::{is_written, issues_access_token, words};
use dormouse_bundle::{Level, Lifetime};
use dormouse_report::{Finding, RuleInfo};

/// The rule.
pub(crate) static RULE: Rule = Rule { info: INFO, check };

fn check(rule: &'static RuleInfo, program: &Program<'_>, unit: usize) -> Vec<Finding> {
    let max = program.settings.access_ttl_max_ms;
    let mut findings = Vec::new();
    for (typed, _) in program.reachable(unit) {
        let issues = |policy: &&dormouse_bundle::OAuthV2| issues_access_token(policy) && is_stored(policy);
        let Some(policy) = typed.oauth_v2().filter(issues) else { continue };
        let name = &typed.policy.name;
        if !is_written(&typed.policy.element, "ExpiresIn") {
            let has_room = typed.policy.element.element("ExpiresIn").is_none();
            let add = || add_child("let access tokens live for an hour", false, &typed.policy.element, HOUR);
            let fix = has_room.then(add).flatten();
            let message = format!("`{name}` does not say how long its access tokens live");
            findings.push(finding(rule, operation_span(typed), message).help(HELP_MISSING).fix(fix));
            continue;
        }
        let Some(lifetime) = policy.expires_in.as_ref().and_then(|value| value.literal.as_ref()) else {
            continue;
        };
        let how_long = match lifetime.value {
            Lifetime::Never => "as long as the platform allows".to_owned(),
            Lifetime::Milliseconds(ms) if ms > max => words(ms),
            Lifetime::Milliseconds(_) => continue,
        };
        let message = format!("access tokens of `{name}` live {how_long}; more than {} is long", words(max));
        findings.push(finding(rule, lifetime.span.clone(), message).help(HELP_LONG));
    }
    findings
}

const HELP_LONG: &str =
    "shorten it and let clients refresh, or set limits.access-ttl-max-hours in dormouse-lint.toml";
const HELP_MISSING: &str = "add <ExpiresIn> with milliseconds";
const HOUR: &str = "<ExpiresIn>3600000</ExpiresIn>";

const INFO: RuleInfo = RuleInfo {
    code: "OAU008",
    name: "access-ttl-long",
    level: Level::Warning,
    summary: "access tokens live very long, or for a time that is not written down",
    what: "An attached policy that issues access tokens has an ExpiresIn of -1 or above the limit, which is 24 hours unless dormouse-lint.toml says otherwise, or none at all. Of an element with a ref attribute, its text is judged.",
    why: "Tokens that clients no longer use lie in the store until they expire, and Apigee removes a pair only when both have. At 10 token requests a second and 200 days these are 172.8 million rows; with an hour, 36,000.",
    bad: "<OAuthV2 name=\"Token\">\n  <Operation>GenerateAccessToken</Operation>\n  <ExpiresIn>-1</ExpiresIn>\n</OAuthV2>",
    good: "<OAuthV2 name=\"Token\">\n  <Operation>GenerateAccessToken</Operation>\n  <ExpiresIn>3600000</ExpiresIn>\n</OAuthV2>",
    when_to_suppress: "When clients cannot ask for new tokens; better set the limit.",
    link: "https://docs.cloud.google.com/apigee/docs/api-platform/antipatterns/oauth-long-expiration",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, PASSWORD, endpoint, flow, oauth};

    #[track_caller]
    fn check(ttl: &str, more: &str, expected: &[&str]) {
        let body = PASSWORD.replace("<ExpiresIn>3600000</ExpiresIn>", ttl) + more;
        testing::check(&RULE, &(endpoint(&flow("", &["Token"])) + &oauth("Token", &body)), expected);
    }

    #[test]
    fn long_lives() {
        check("<ExpiresIn>-1</ExpiresIn>", "", &["warning Token"]);
        check("<ExpiresIn ref=\"a\">86400001</ExpiresIn>", "", &["warning Token"]);
        check("", "", &["warning Token"]);
    }

    #[test]
    fn short_or_unknown_lives() {
        check("<ExpiresIn>86400000</ExpiresIn>", "", &[]);
        check("<ExpiresIn ref=\"a\"/>", "", &[]);
        check("", "<StoreToken>false</StoreToken>", &[]);
        let verify = oauth("Token", "<Operation>VerifyAccessToken</Operation>");
        testing::check(&RULE, &(endpoint(&flow("", &["Token"])) + &verify), &[]);
    }
}
