//! OAU004b: an imported access token comes with a refresh token that Apigee makes itself and nobody asked for.

use crate::analysis::program::Program;
use crate::rule::{Rule, Touch, cost, finding};
use dormouse_bundle::Level;
use dormouse_report::{Finding, RuleInfo};

/// The rule.
pub(crate) static RULE: Rule = Rule { info: INFO, check };

fn check(rule: &'static RuleInfo, program: &Program<'_>, unit: usize) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for occurrence in program.issuers(unit) {
        let Some((typed, policy)) = program.typed(occurrence).and_then(|it| Some((it, it.oauth_v2()?)))
        else {
            continue;
        };
        let Some(external) = &policy.external_access_token else { continue };
        let known = findings.iter().any(|known| known.span.as_ref() == Some(&external.span));
        if known || policy.external_refresh_token.is_some() || program.refresh_grants(occurrence).is_empty() {
            continue;
        }
        let name = &typed.policy.name;
        let message = format!(
            "`{name}` imports access tokens and stores a refresh token of Apigee's own beside each; {}",
            cost(program)
        );
        let found = finding(rule, external.span.clone(), message).help(HELP);
        let is_redeemed = program.has_attached_redeemer();
        findings.push(if is_redeemed { found.level(Level::Info) } else { found });
    }
    findings
}

const HELP: &str = "support only client_credentials for the import, which makes no refresh token";

const INFO: RuleInfo = RuleInfo {
    code: "OAU004b",
    name: "external-access-with-refresh-grant",
    level: Level::Warning,
    summary: "an imported access token comes with a refresh token that nobody asked for",
    what: "An attached policy imports an ExternalAccessToken under the password or authorization_code grant without \
           an ExternalRefreshToken. It is a remark where refresh tokens are redeemed.",
    why: "These two grants make Apigee store a refresh token of its own for each import, usually for an invented user. \
          The provider's client never sees it. At 10 imports a second these are 864,000 rows a day.",
    bad: "<OAuthV2 name=\"Import\">\n  <Operation>GenerateAccessToken</Operation>\n  \
          <ExternalAccessToken>idp.access</ExternalAccessToken>\n  <SupportedGrantTypes>\n    \
          <GrantType>password</GrantType>\n  </SupportedGrantTypes>\n</OAuthV2>",
    good: "<OAuthV2 name=\"Import\">\n  <Operation>GenerateAccessToken</Operation>\n  \
           <ExternalAccessToken>idp.access</ExternalAccessToken>\n  <SupportedGrantTypes>\n    \
           <GrantType>client_credentials</GrantType>\n  </SupportedGrantTypes>\n</OAuthV2>",
    when_to_suppress: "When the clients really get and use Apigee's refresh token.",
    link: "https://docs.cloud.google.com/apigee/docs/api-platform/security/oauth/use-third-party-oauth-system",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, REFRESH, endpoint, flow, oauth};

    #[track_caller]
    fn check(grant: &str, more: &str, expected: &[&str]) {
        let body = format!(
            "<Operation>GenerateAccessToken</Operation><SupportedGrantTypes><GrantType>{grant}</GrantType>\
             </SupportedGrantTypes>{more}"
        );
        let fixture = endpoint(&(flow("request.verb = \"PUT\"", &["Refresh"]) + &flow("", &["Import"])));
        testing::check(&RULE, &(fixture + &oauth("Import", &body)), expected);
    }

    const ACCESS: &str = "<ExternalAccessToken>idp.access</ExternalAccessToken>";

    #[test]
    fn imports_under_a_grant_with_a_refresh_token() {
        check("password", ACCESS, &["warning Import"]);
        check("authorization_code", ACCESS, &["warning Import"]);
        let stored = "<ExternalAuthorization>true</ExternalAuthorization><StoreToken>true</StoreToken>";
        check("password", &format!("{ACCESS}{stored}"), &["warning Import"]);
    }

    #[test]
    fn other_imports() {
        check("client_credentials", ACCESS, &[]);
        check("password", "", &[]);
        check("password", &format!("{ACCESS}<StoreToken>false</StoreToken>"), &[]);
        check("password", &format!("{ACCESS}<ExternalRefreshToken>idp.refresh</ExternalRefreshToken>"), &[]);
    }

    #[test]
    fn a_remark_where_refresh_tokens_are_redeemed() {
        let body = format!("<Operation>GenerateAccessToken</Operation>{ACCESS}");
        let fixture = endpoint(&(flow("request.verb = \"PUT\"", &["Refresh"]) + &flow("", &["Import"])))
            + &oauth("Import", &body)
            + &oauth("Refresh", REFRESH);
        testing::check(&RULE, &fixture, &["info Import"]);
    }
}
