//! OAU009: a lifetime is shorter than the time for which Apigee caches tokens, or was written in seconds ("OAuthV2
//! policy": lifetimes are milliseconds).

use crate::analysis::program::Program;
use crate::fix::replace;
use crate::rule::{Rule, Touch, finding};
use crate::ttl::{issues_access_token, words};
use dormouse_bundle::{Level, Lifetime, Located};
use dormouse_report::{Finding, RuleInfo};

/// The rule.
pub(crate) static RULE: Rule = Rule { info: INFO, check };

fn check(rule: &'static RuleInfo, program: &Program<'_>, unit: usize) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (typed, occurrences) in program.reachable(unit) {
        let Some(policy) = typed.oauth_v2().filter(|policy| issues_access_token(policy)) else { continue };
        let access = policy.expires_in.as_ref().and_then(|value| value.literal.as_ref());
        let refresh = policy.refresh_token_expires_in.as_ref().and_then(|value| value.literal.as_ref());
        let refresh = refresh.filter(|_| program.yields_refresh_token(typed, &occurrences));
        // A JWT is checked by its own claims, not by a cached row.
        let is_cached = !policy.operation.value.is_jwt();
        findings.extend(access.and_then(|access| short(rule, access, is_cached)));
        findings.extend(refresh.and_then(|refresh| short(rule, refresh, true)));
    }
    findings
}

fn short(rule: &'static RuleInfo, lifetime: &Located<Lifetime>, is_cached: bool) -> Option<Finding> {
    let Lifetime::Milliseconds(ms) = lifetime.value else { return None };
    if ms >= CACHE_MS {
        return None;
    }
    let looks_like_seconds = ms >= 60 && ms.is_multiple_of(60);
    let message = format!("this lifetime is {}; Apigee caches tokens for 3 minutes", words(ms));
    let found = finding(rule, lifetime.span.clone(), message);
    let found = if is_cached { found } else { found.level(Level::Info) };
    Some(if looks_like_seconds {
        let title = format!("take {ms} as seconds");
        let fix = replace(title, false, &lifetime.span, &(ms * 1000).to_string());
        found.help(format!("lifetimes are milliseconds: {ms} seconds are {}", ms * 1000)).fix(Some(fix))
    } else {
        found.help("give it at least 180000 milliseconds")
    })
}

const CACHE_MS: u64 = 180_000;

const INFO: RuleInfo = RuleInfo {
    code: "OAU009",
    name: "ttl-below-cache-floor",
    level: Level::Warning,
    summary: "a lifetime is shorter than Apigee's cache of tokens, or was meant as seconds",
    what: "ExpiresIn, or RefreshTokenExpiresIn of a policy that issues refresh tokens, is below 180000 milliseconds. Numbers that look like seconds get a fix that multiplies them.",
    why: "A verified token is cached for up to 3 minutes, so that a shorter lifetime does not end when it says. Mostly the number was meant as seconds: clients then come back every few seconds, and each time leave a row for a refresh token that they never use.",
    bad: "<ExpiresIn>3600</ExpiresIn>",
    good: "<ExpiresIn>3600000</ExpiresIn>",
    when_to_suppress: "In tests that wait for a token to expire.",
    link: "https://docs.cloud.google.com/apigee/docs/api-platform/reference/policies/oauthv2-policy",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, PASSWORD, endpoint, flow, oauth};

    #[track_caller]
    fn check(access: &str, refresh: &str, expected: &[&str]) {
        let body = PASSWORD
            .replace(">3600000<", &format!(">{access}<"))
            .replace(">86400000<", &format!(">{refresh}<"));
        testing::check(&RULE, &(endpoint(&flow("", &["Token"])) + &oauth("Token", &body)), expected);
    }

    #[test]
    fn short_lives() {
        check("3600", "86400000", &["warning Token"]);
        check("179999", "86400000", &["warning Token"]);
        check("3600", "86400", &["warning Token", "warning Token"]);
        let jwt = oauth(
            "Token",
            &PASSWORD.replace("GenerateAccess", "GenerateJWTAccess").replace(">3600000<", ">3600<"),
        );
        testing::check(&RULE, &(endpoint(&flow("", &["Token"])) + &jwt), &["info Token"]);
    }

    #[test]
    fn longer_ones() {
        check("180000", "86400000", &[]);
        check("-1", "86400000", &[]);
        let client = PASSWORD.replace("password", "client_credentials").replace(">86400000<", ">86400<");
        testing::check(&RULE, &(endpoint(&flow("", &["Token"])) + &oauth("Token", &client)), &[]);
    }
}
