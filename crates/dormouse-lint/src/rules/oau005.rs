//! OAU005: a policy issues refresh tokens without saying how long they live (antipattern "no expiration of OAuth
//! tokens").

use crate::analysis::program::Program;
use crate::fix::add_child;
use crate::rule::{Rule, Touch, finding, operation_span};
use crate::ttl::is_written;
use dormouse_bundle::Level;
use dormouse_report::{Finding, RuleInfo};

/// The rule.
pub(crate) static RULE: Rule = Rule { info: INFO, check };

fn check(rule: &'static RuleInfo, program: &Program<'_>, unit: usize) -> Vec<Finding> {
    let is_redeemed = program.has_attached_redeemer() || program.doubt().is_some();
    let mut findings = Vec::new();
    for (typed, occurrences) in program.reachable(unit) {
        let Some(policy) = typed.oauth_v2() else { continue };
        let keeps_old_one = policy.operation.value.refreshes() && policy.reuses_refresh_token();
        let says = is_written(&typed.policy.element, "RefreshTokenExpiresIn");
        if says || keeps_old_one || !program.yields_refresh_token(typed, &occurrences) {
            continue;
        }
        let message = format!("`{}` does not say how long its refresh tokens live", typed.policy.name);
        let element = "<RefreshTokenExpiresIn>2592000000</RefreshTokenExpiresIn>";
        let has_room = typed.policy.element.element("RefreshTokenExpiresIn").is_none();
        let add = || add_child("let refresh tokens live for 30 days", false, &typed.policy.element, element);
        let fix = has_room.then(add).flatten();
        let found = finding(rule, operation_span(typed), message).help(HELP).fix(fix);
        findings.push(if is_redeemed { found } else { found.level(Level::Error) });
    }
    findings
}

const HELP: &str = "add <RefreshTokenExpiresIn> with milliseconds; Edge keeps refresh tokens without it for good, X for \
                    a time that has changed more than once";

const INFO: RuleInfo = RuleInfo {
    code: "OAU005",
    name: "refresh-ttl-missing",
    level: Level::Warning,
    summary: "a policy issues refresh tokens without saying how long they live",
    what: "An attached policy that issues refresh tokens, first or by a refresh, has no RefreshTokenExpiresIn. It is an error where nothing redeems them.",
    why: "On Edge such tokens never expire: 10 token requests a second leave 864,000 rows a day, 315 million a year, and none of them ever goes. On X the platform's default applies, which was 2 years before it became 30 days.",
    bad: "<OAuthV2 name=\"Token\">\n  <Operation>GenerateAccessToken</Operation>\n  <SupportedGrantTypes>\n    <GrantType>password</GrantType>\n  </SupportedGrantTypes>\n</OAuthV2>",
    good: "<OAuthV2 name=\"Token\">\n  <Operation>GenerateAccessToken</Operation>\n  <RefreshTokenExpiresIn>2592000000</RefreshTokenExpiresIn>\n  <SupportedGrantTypes>\n    <GrantType>password</GrantType>\n  </SupportedGrantTypes>\n</OAuthV2>",
    when_to_suppress: "When the platform's default is what is wanted, and known.",
    link: "https://docs.cloud.google.com/apigee/docs/api-platform/antipatterns/oauth-no-expiration",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, PASSWORD, REFRESH, endpoint, flow, oauth};

    const TTL: &str = "<RefreshTokenExpiresIn>86400000</RefreshTokenExpiresIn>";

    #[track_caller]
    fn check(token: &str, refresh: &str, expected: &[&str]) {
        let fixture = endpoint(&(flow("request.verb = \"PUT\"", &["Refresh"]) + &flow("", &["Token"])))
            + &oauth("Token", token)
            + &oauth("Refresh", refresh);
        testing::check(&RULE, &fixture, expected);
    }

    #[test]
    fn refresh_tokens_without_an_end() {
        check(&PASSWORD.replace(TTL, "<RefreshTokenExpiresIn/>"), REFRESH, &["warning Token"]);
        check(&PASSWORD.replace(TTL, ""), REFRESH, &["warning Token"]);
        check(PASSWORD, &REFRESH.replace(TTL, ""), &["warning Refresh"]);
        check(&PASSWORD.replace(TTL, ""), "<Operation>VerifyAccessToken</Operation>", &["error Token"]);
    }

    #[test]
    fn other_policies() {
        check(PASSWORD, REFRESH, &[]);
        check(&PASSWORD.replace(TTL, "<RefreshTokenExpiresIn ref=\"a\"/>"), REFRESH, &[]);
        check(&PASSWORD.replace(TTL, "").replace("password", "client_credentials"), REFRESH, &[]);
        check(PASSWORD, &(REFRESH.replace(TTL, "") + "<ReuseRefreshToken>true</ReuseRefreshToken>"), &[]);
    }

    #[test]
    fn the_fix_adds_one_line() {
        let fixture = endpoint(&flow("", &["Token"])) + &oauth("Token", &PASSWORD.replace(TTL, ""));
        let found = testing::findings(&RULE, &fixture, &crate::Settings::default());
        let fix = found.first().and_then(|finding| finding.fixes.first()).expect("a fix");
        let edit = fix.edits.first().expect("an edit");
        let (text, _) = crate::apply(&edit.file.text, &fix.edits);
        assert!(
            text.contains("\n  <RefreshTokenExpiresIn>2592000000</RefreshTokenExpiresIn>\n") && !fix.safe
        );
    }
}
