//! OAU010: a refresh token that expires no later than its access token is of no use.

use crate::analysis::program::Program;
use crate::rule::{Rule, Touch, finding};
use dormouse_bundle::{Level, Lifetime, OAuthV2, Span};
use dormouse_report::{Finding, RuleInfo};

/// The rule.
pub(crate) static RULE: Rule = Rule { info: INFO, check };

fn check(rule: &'static RuleInfo, program: &Program<'_>, unit: usize) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (typed, occurrences) in program.reachable(unit) {
        let Some(policy) = typed.oauth_v2().filter(|_| program.yields_refresh_token(typed, &occurrences))
        else {
            continue;
        };
        if let Some(span) = dies_early(policy) {
            let message =
                format!("refresh tokens of `{}` expire no later than the access tokens", typed.policy.name);
            findings.push(finding(rule, span, message).help(HELP));
        }
    }
    findings
}

/// Where the refresh token's lifetime is written, if it is certainly no longer than the access token's.
fn dies_early(policy: &OAuthV2) -> Option<Span> {
    let (access, refresh) = (policy.expires_in.as_ref()?, policy.refresh_token_expires_in.as_ref()?);
    match (&access.reference, &refresh.reference) {
        (Some(access), Some(refresh)) => (access.value == refresh.value).then(|| refresh.span.clone()),
        (None, None) => {
            let (access, refresh) = (access.literal.as_ref()?, refresh.literal.as_ref()?);
            let is_short = match (access.value, refresh.value) {
                (Lifetime::Milliseconds(access), Lifetime::Milliseconds(refresh)) => refresh <= access,
                (Lifetime::Never, Lifetime::Milliseconds(_)) => true,
                (_, Lifetime::Never) => false,
            };
            is_short.then(|| refresh.span.clone())
        }
        _ => None,
    }
}

const HELP: &str =
    "let it live longer than ExpiresIn, or grant client_credentials if no refresh token is needed";

const INFO: RuleInfo = RuleInfo {
    code: "OAU010",
    name: "refresh-dies-with-access",
    level: Level::Warning,
    summary: "a refresh token expires no later than its access token",
    what: "RefreshTokenExpiresIn is at or below ExpiresIn, or both are read from one variable, in an attached policy that issues refresh tokens.",
    why: "When the access token is worn out, so is the refresh token: it was written for nothing. At 10 token requests a second these are 864,000 writes a day; and clients that try to refresh in time do so in a storm.",
    bad: "<ExpiresIn>1800000</ExpiresIn>\n<RefreshTokenExpiresIn>1800000</RefreshTokenExpiresIn>",
    good: "<ExpiresIn>1800000</ExpiresIn>\n<RefreshTokenExpiresIn>86400000</RefreshTokenExpiresIn>",
    when_to_suppress: "When clients are meant to refresh before the access token expires.",
    link: "https://docs.cloud.google.com/apigee/docs/api-platform/reference/policies/oauthv2-policy",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, PASSWORD, endpoint, flow, oauth};

    #[track_caller]
    fn check(access: &str, refresh: &str, expected: &[&str]) {
        let body = PASSWORD
            .replace("<ExpiresIn>3600000</ExpiresIn>", access)
            .replace("<RefreshTokenExpiresIn>86400000</RefreshTokenExpiresIn>", refresh);
        testing::check(&RULE, &(endpoint(&flow("", &["Token"])) + &oauth("Token", &body)), expected);
    }

    #[test]
    fn early_deaths() {
        check(
            "<ExpiresIn>600000</ExpiresIn>",
            "<RefreshTokenExpiresIn>600000</RefreshTokenExpiresIn>",
            &["warning Token"],
        );
        check(
            "<ExpiresIn>-1</ExpiresIn>",
            "<RefreshTokenExpiresIn>600000</RefreshTokenExpiresIn>",
            &["warning Token"],
        );
        check(
            "<ExpiresIn ref=\"a\">1</ExpiresIn>",
            "<RefreshTokenExpiresIn ref=\"a\">9</RefreshTokenExpiresIn>",
            &["warning Token"],
        );
    }

    #[test]
    fn longer_or_unknown_lives() {
        check("<ExpiresIn>600000</ExpiresIn>", "<RefreshTokenExpiresIn>600001</RefreshTokenExpiresIn>", &[]);
        check("<ExpiresIn>600000</ExpiresIn>", "<RefreshTokenExpiresIn>-1</RefreshTokenExpiresIn>", &[]);
        check(
            "<ExpiresIn ref=\"a\">600000</ExpiresIn>",
            "<RefreshTokenExpiresIn>600000</RefreshTokenExpiresIn>",
            &[],
        );
        check("<ExpiresIn>600000</ExpiresIn>", "", &[]);
    }
}
