//! OAU011: settings of refresh tokens in a policy that issues none, or that only a refresh reads.

use crate::analysis::program::Program;
use crate::fix::remove;
use crate::rule::{Rule, Touch, finding};
use dormouse_bundle::{Grant, Level};
use dormouse_report::{Finding, RuleInfo};

/// The rule.
pub(crate) static RULE: Rule = Rule { info: INFO, check };

fn check(rule: &'static RuleInfo, program: &Program<'_>, unit: usize) -> Vec<Finding> {
    let Some(home) = program.units.get(unit) else { return Vec::new() };
    let mut findings = Vec::new();
    for typed in &home.policies {
        let Some(policy) = typed.oauth_v2() else { continue };
        let operation = policy.operation.value;
        if !(operation.generates_token() || operation.is_implicit()) {
            continue;
        }
        let yields = operation.generates_token()
            && (policy.grants().into_iter().any(Grant::yields_refresh_token)
                || policy.external_refresh_token.is_some());
        for (name, has_effect) in [("RefreshTokenExpiresIn", yields), ("ReuseRefreshToken", false)] {
            let Some(element) = typed.policy.element.element(name).filter(|_| !has_effect) else { continue };
            let message = if name == "ReuseRefreshToken" {
                format!("`{name}` is read by RefreshAccessToken, not by {}", operation.as_str())
            } else {
                format!("`{name}` has no effect: these grants come without a refresh token")
            };
            let fix = remove(format!("remove <{name}>"), true, element);
            findings.push(finding(rule, element.name_span.clone(), message).help("remove it").fix(Some(fix)));
        }
    }
    findings
}

const INFO: RuleInfo = RuleInfo {
    code: "OAU011",
    name: "refresh-ttl-no-effect",
    level: Level::Info,
    summary: "a setting of refresh tokens stands where it has no effect",
    what: "RefreshTokenExpiresIn in a policy whose grants (client_credentials, implicit) come without refresh tokens, or ReuseRefreshToken in a policy that does not redeem.",
    why: "It costs nothing, but readers believe that refresh tokens are issued, or that the reuse is settled.",
    bad: "<OAuthV2 name=\"Token\">\n  <Operation>GenerateAccessToken</Operation>\n  <RefreshTokenExpiresIn>86400000</RefreshTokenExpiresIn>\n  <SupportedGrantTypes>\n    <GrantType>client_credentials</GrantType>\n  </SupportedGrantTypes>\n</OAuthV2>",
    good: "<OAuthV2 name=\"Token\">\n  <Operation>GenerateAccessToken</Operation>\n  <SupportedGrantTypes>\n    <GrantType>client_credentials</GrantType>\n  </SupportedGrantTypes>\n</OAuthV2>",
    when_to_suppress: "When a template writes the element into every policy.",
    link: "https://docs.cloud.google.com/apigee/docs/api-platform/reference/policies/oauthv2-policy",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, PASSWORD, REFRESH, endpoint, oauth};

    #[track_caller]
    fn check(body: &str, expected: &[&str]) {
        testing::check(&RULE, &(endpoint("") + &oauth("Token", body)), expected);
    }

    #[test]
    fn settings_without_effect() {
        check(&PASSWORD.replace("password", "client_credentials"), &["info Token"]);
        check(
            "<Operation>GenerateAccessTokenImplicitGrant</Operation><RefreshTokenExpiresIn>600000</RefreshTokenExpiresIn>",
            &["info Token"],
        );
        check(&format!("{PASSWORD}<ReuseRefreshToken>false</ReuseRefreshToken>"), &["info Token"]);
    }

    #[test]
    fn settings_with_effect() {
        check(PASSWORD, &[]);
        check(&format!("{REFRESH}<ReuseRefreshToken>true</ReuseRefreshToken>"), &[]);
        check(
            "<Operation>GenerateAccessToken</Operation><RefreshTokenExpiresIn>600000</RefreshTokenExpiresIn>",
            &[],
        );
    }
}
