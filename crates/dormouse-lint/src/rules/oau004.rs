//! OAU004: refresh tokens of an external identity provider are imported and never redeemed at Apigee (antipattern
//! page, "external refresh tokens").

use crate::analysis::program::Program;
use crate::rule::{Rule, Touch, cost, finding};
use dormouse_bundle::Level;
use dormouse_report::{Finding, RuleInfo};

/// The rule.
pub(crate) static RULE: Rule = Rule { info: INFO, check };

fn check(rule: &'static RuleInfo, program: &Program<'_>, unit: usize) -> Vec<Finding> {
    if program.has_attached_redeemer() {
        return Vec::new();
    }
    let mut findings: Vec<Finding> = Vec::new();
    for occurrence in program.issuers(unit) {
        let Some(typed) = program.typed(occurrence) else { continue };
        let external = typed.oauth_v2().and_then(|policy| policy.external_refresh_token.as_ref());
        let Some(external) = external else { continue };
        if findings.iter().any(|known| known.span.as_ref() == Some(&external.span)) {
            continue;
        }
        let name = &typed.policy.name;
        let message = format!("`{name}` imports refresh tokens that nothing redeems; {}", cost(program));
        let found = finding(rule, external.span.clone(), message).help(HELP);
        findings.push(match program.doubt() {
            Some(doubt) => found.level(Level::Info).related(doubt.span, doubt.message),
            None => found,
        });
    }
    findings
}

const HELP: &str = "run an OAuthV2 policy with RefreshAccessToken after the provider has refreshed, so that the old \
                    token is removed; or leave ExternalRefreshToken out and keep the provider's token elsewhere";

const INFO: RuleInfo = RuleInfo {
    code: "OAU004",
    name: "external-refresh-never-redeemed",
    level: Level::Error,
    summary: "imported refresh tokens are never redeemed",
    what: "An attached policy stores an ExternalRefreshToken, and no RefreshAccessToken is attached in any of the \
           linted bundles.",
    why: "The provider knows when its tokens die; Apigee does not. Without RefreshAccessToken each imported token \
          stays until its lifetime ends, long after the provider has replaced it. At 10 imports a second these are \
          864,000 rows a day.",
    bad: "<OAuthV2 name=\"Import\">\n  <Operation>GenerateAccessToken</Operation>\n  \
          <ExternalAuthorization>true</ExternalAuthorization>\n  <ExternalAccessToken>idp.access</ExternalAccessToken>\n  \
          <ExternalRefreshToken>idp.refresh</ExternalRefreshToken>\n  <StoreToken>true</StoreToken>\n</OAuthV2>",
    good: "<OAuthV2 name=\"RemoveOld\">\n  <Operation>RefreshAccessToken</Operation>\n  \
           <RefreshToken>request.formparam.refresh_token</RefreshToken>\n</OAuthV2>",
    when_to_suppress: "Hardly ever: also where the provider alone refreshes, Apigee asks for the operation to be run.",
    link: "https://docs.cloud.google.com/apigee/docs/api-platform/antipatterns/issuing-refresh-tokens",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, REFRESH, endpoint, flow, oauth};

    #[track_caller]
    fn check(body: &str, more: &str, expected: &[&str]) {
        let fixture = endpoint(&(flow("request.verb = \"PUT\"", &["Refresh"]) + &flow("", &["Import"])));
        testing::check(&RULE, &(fixture + &oauth("Import", body) + more), expected);
    }

    fn import(grant: &str, more: &str) -> String {
        format!(
            "<Operation>GenerateAccessToken</Operation><ExternalRefreshToken>idp.refresh</ExternalRefreshToken>\
             <SupportedGrantTypes><GrantType>{grant}</GrantType></SupportedGrantTypes>{more}"
        )
    }

    const STORED: &str = "<ExternalAuthorization>true</ExternalAuthorization><StoreToken>true</StoreToken>";

    #[test]
    fn stored_imports() {
        check(&import("password", STORED), "", &["error Import"]);
        check(&import("client_credentials", STORED), "", &["error Import"]);
        check(&import("authorization_code", ""), "", &["error Import"]);
    }

    #[test]
    fn redeemed_or_not_stored() {
        check(&import("password", STORED), &oauth("Refresh", REFRESH), &[]);
        check(&import("password", "<StoreToken>false</StoreToken>"), "", &[]);
        check(&import("password", "<ExternalAuthorization>true</ExternalAuthorization>"), "", &[]);
        check("<Operation>GenerateAccessToken</Operation>", "", &[]);
    }
}
