//! OAU007: refresh tokens live for ever or very long (antipattern "long expiration time for OAuth tokens").

use crate::analysis::program::Program;
use crate::rule::{Rule, Touch, finding};
use crate::ttl::words;
use dormouse_bundle::{Level, Lifetime};
use dormouse_report::{Finding, RuleInfo};

/// The rule.
pub(crate) static RULE: Rule = Rule { info: INFO, check };

fn check(rule: &'static RuleInfo, program: &Program<'_>, unit: usize) -> Vec<Finding> {
    let max = program.settings.refresh_ttl_max_ms;
    let mut findings = Vec::new();
    for (typed, occurrences) in program.reachable(unit) {
        let lifetime =
            typed.oauth_v2().and_then(|policy| policy.refresh_token_expires_in.as_ref()?.literal.as_ref());
        let Some(lifetime) = lifetime.filter(|_| program.yields_refresh_token(typed, &occurrences)) else {
            continue;
        };
        let how_long = match lifetime.value {
            Lifetime::Never => "as long as the platform allows".to_owned(),
            Lifetime::Milliseconds(ms) if ms > max => words(ms),
            Lifetime::Milliseconds(_) => continue,
        };
        let message = format!(
            "refresh tokens of `{}` live {how_long}; more than {} is long",
            typed.policy.name,
            words(max)
        );
        findings.push(finding(rule, lifetime.span.clone(), message).help(HELP));
    }
    findings
}

const HELP: &str =
    "shorten it, or set limits.refresh-ttl-max-days in dormouse-lint.toml to what the product needs";

const INFO: RuleInfo = RuleInfo {
    code: "OAU007",
    name: "refresh-ttl-long",
    level: Level::Warning,
    summary: "refresh tokens live very long, or as long as the platform allows",
    what: "An attached policy that issues refresh tokens has a RefreshTokenExpiresIn of -1 or above the limit, which is 30 days unless dormouse-lint.toml says otherwise. Of an element with a ref attribute, its text is judged.",
    why: "What clients throw away stays until it expires. At 10 token requests a second, 200 days are 172.8 million rows; 30 days are 25.9 million. A stolen token is useful as long.",
    bad: "<RefreshTokenExpiresIn>17280000000</RefreshTokenExpiresIn>",
    good: "<RefreshTokenExpiresIn>2592000000</RefreshTokenExpiresIn>",
    when_to_suppress: "When users must stay signed in for that long; better set the limit.",
    link: "https://docs.cloud.google.com/apigee/docs/api-platform/antipatterns/oauth-long-expiration",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;
    use crate::testing::{self, PASSWORD, endpoint, flow, oauth};

    fn fixture(ttl: &str, grant: &str) -> String {
        let body = PASSWORD.replace("<RefreshTokenExpiresIn>86400000</RefreshTokenExpiresIn>", ttl);
        endpoint(&flow("", &["Token"])) + &oauth("Token", &body.replace("password", grant))
    }

    #[track_caller]
    fn check(ttl: &str, expected: &[&str]) {
        testing::check(&RULE, &fixture(ttl, "password"), expected);
    }

    #[test]
    fn long_lives() {
        check("<RefreshTokenExpiresIn>-1</RefreshTokenExpiresIn>", &["warning Token"]);
        check("<RefreshTokenExpiresIn>2592000001</RefreshTokenExpiresIn>", &["warning Token"]);
        check("<RefreshTokenExpiresIn ref=\"a\">17280000000</RefreshTokenExpiresIn>", &["warning Token"]);
    }

    #[test]
    fn short_or_unknown_lives() {
        check("<RefreshTokenExpiresIn>2592000000</RefreshTokenExpiresIn>", &[]);
        check("<RefreshTokenExpiresIn ref=\"a\"/>", &[]);
        check("", &[]);
        let other = fixture("<RefreshTokenExpiresIn>-1</RefreshTokenExpiresIn>", "client_credentials");
        testing::check(&RULE, &other, &[]);
    }

    #[test]
    fn the_limit_can_be_set() {
        let settings = Settings::parse("limits.refresh-ttl-max-days = 365").unwrap();
        let long = fixture("<RefreshTokenExpiresIn>17280000000</RefreshTokenExpiresIn>", "password");
        assert!(testing::findings(&RULE, &long, &settings).is_empty());
    }
}
