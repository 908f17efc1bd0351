//! OAU013: refresh tokens can be redeemed, but nothing among the bundles issues any.

use crate::analysis::program::Program;
use crate::rule::{Rule, Touch, finding, operation_span};
use dormouse_bundle::Level;
use dormouse_report::{Finding, RuleInfo};

/// The rule.
pub(crate) static RULE: Rule = Rule { info: INFO, check };

fn check(rule: &'static RuleInfo, program: &Program<'_>, unit: usize) -> Vec<Finding> {
    if program.has_issuer() {
        return Vec::new();
    }
    let mut findings: Vec<Finding> = Vec::new();
    for occurrence in program.redeemers(unit) {
        let Some(typed) = program.typed(occurrence) else { continue };
        let span = operation_span(typed);
        if findings.iter().all(|known| known.span.as_ref() != Some(&span)) {
            let message =
                format!("`{}` redeems refresh tokens, but nothing here issues any", typed.policy.name);
            findings.push(finding(rule, span, message).help(HELP));
        }
    }
    findings
}

const HELP: &str = "remove it, or lint the proxy that issues them together with this one";

const INFO: RuleInfo = RuleInfo {
    code: "OAU013",
    name: "dead-refresh-endpoint",
    level: Level::Info,
    summary: "refresh tokens can be redeemed, but nothing issues any",
    what: "A RefreshAccessToken is attached and can be reached, and no policy in any of the linted bundles issues refresh tokens: client_credentials and implicit never do.",
    why: "The endpoint can only fail. It has to be secured and tested all the same.",
    bad: "<SupportedGrantTypes>\n  <GrantType>client_credentials</GrantType>\n</SupportedGrantTypes>\n<!-- and a step that runs RefreshAccessToken -->",
    good: "<SupportedGrantTypes>\n  <GrantType>client_credentials</GrantType>\n</SupportedGrantTypes>",
    when_to_suppress: "When the issuer is a bundle that is not linted here.",
    link: "https://docs.cloud.google.com/apigee/docs/api-platform/antipatterns/issuing-refresh-tokens",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, PASSWORD, REFRESH, endpoint, flow, oauth, within};

    #[track_caller]
    fn check(token: &str, refresh: &str, expected: &[&str]) {
        let flows = flow("request.verb = \"PUT\"", &["Refresh"]) + &flow("", &["Token"]);
        testing::check(
            &RULE,
            &(endpoint(&flows) + &oauth("Token", token) + &oauth("Refresh", refresh)),
            expected,
        );
    }

    #[test]
    fn nothing_to_redeem() {
        check(&PASSWORD.replace("password", "client_credentials"), REFRESH, &["info Refresh"]);
        check("<Operation>VerifyAccessToken</Operation>", REFRESH, &["info Refresh"]);
        check(&format!("{PASSWORD}<StoreToken>false</StoreToken>"), REFRESH, &["info Refresh"]);
    }

    #[test]
    fn something_to_redeem() {
        check(PASSWORD, REFRESH, &[]);
        check(&PASSWORD.replace("password", "implicit"), "<Operation>VerifyAccessToken</Operation>", &[]);
        let issuer = within("a", &(endpoint(&flow("", &["Token"])) + &oauth("Token", PASSWORD)));
        let redeemer = within("b", &(endpoint(&flow("", &["Refresh"])) + &oauth("Refresh", REFRESH)));
        testing::check(&RULE, &(issuer + &redeemer), &[]);
    }
}
