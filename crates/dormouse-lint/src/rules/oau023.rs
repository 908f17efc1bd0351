//! OAU023: a token is made and stored only to learn something on the way, and never handed out.

use crate::analysis::program::Program;
use crate::analysis::unit::is_stored;
use crate::fix::add_child;
use crate::rule::{Rule, Touch, cost, finding, operation_span};
use crate::uses::{Uses, is_replaced, uses_of};
use dormouse_bundle::Level;
use dormouse_report::{Finding, RuleInfo};

/// The rule.
pub(crate) static RULE: Rule = Rule { info: INFO, check };

fn check(rule: &'static RuleInfo, program: &Program<'_>, unit: usize) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (typed, occurrences) in program.reachable(unit) {
        let policy = typed.oauth_v2().filter(|policy| {
            let imports = policy.external_access_token.is_some() || policy.external_refresh_token.is_some();
            let is_unseen = !policy.generate_response.enabled
                || occurrences.iter().all(|occurrence| is_replaced(program, occurrence));
            policy.operation.value.generates_token() && is_stored(policy) && !imports && is_unseen
        });
        let is_attached = occurrences.iter().any(|occurrence| occurrence.step.is_some());
        let Some(policy) = policy.filter(|_| is_attached) else { continue };
        let name = &typed.policy.name;
        let uses = uses_of(program, unit, name, "access_token");
        let elsewhere = uses_of(program, unit, "apigee", "access_token");
        if matches!(uses, Uses::Some) || matches!(elsewhere, Uses::Some) {
            continue;
        }
        let message = format!(
            "`{name}` stores a token that nobody gets; {}",
            cost(program).replace("refresh tokens", "tokens")
        );
        let element = "<StoreToken>false</StoreToken>";
        let fix = add_child("do not store it", false, &typed.policy.element, element);
        let fix = fix.filter(|_| policy.store_token.is_none());
        let found = finding(rule, operation_span(typed), message).help(HELP).fix(fix);
        findings.push(match uses {
            Uses::Unknown(span) => {
                found.level(Level::Info).related(span, "unless this code does, which could not be read")
            }
            _ => found,
        });
    }
    findings
}

const HELP: &str =
    "add <StoreToken>false</StoreToken> if only the check of the client is wanted, or use VerifyAPIKey";

const INFO: RuleInfo = RuleInfo {
    code: "OAU023",
    name: "throwaway-token",
    level: Level::Warning,
    summary: "a token is stored that nobody gets",
    what: "An attached policy generates access tokens without GenerateResponse, or its response is replaced by a later AssignMessage that sets the payload, and no policy, condition, template or script reads its access_token: it only serves to check a client's secret or to read scopes. It is a remark if code is attached that cannot be read.",
    why: "Each request leaves a token in the store until it expires: at 10 requests a second, 864,000 rows a day.",
    bad: "<OAuthV2 name=\"CheckClient\">\n  <Operation>GenerateAccessToken</Operation>\n  <GenerateResponse enabled=\"false\"/>\n</OAuthV2>",
    good: "<OAuthV2 name=\"CheckClient\">\n  <Operation>GenerateAccessToken</Operation>\n  <StoreToken>false</StoreToken>\n  <GenerateResponse enabled=\"false\"/>\n</OAuthV2>",
    when_to_suppress: "When the token is read by code that is not in the bundle.",
    link: "https://docs.cloud.google.com/apigee/docs/api-platform/reference/policies/oauthv2-policy",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, PASSWORD, endpoint, flow, oauth, policy};

    #[track_caller]
    fn check(more: &str, policies: &str, expected: &[&str]) {
        let body = PASSWORD.replace("password", "client_credentials").replace("<GenerateResponse/>", more);
        let fixture = endpoint(&flow("", &["Token", "Next"])) + &oauth("Token", &body) + policies;
        testing::check(&RULE, &fixture, expected);
    }

    #[test]
    fn tokens_that_nobody_gets() {
        check("", "", &["warning Token"]);
        check("<GenerateResponse enabled=\"false\"/>", "", &["warning Token"]);
        let scope =
            policy("Next", "AssignMessage", "<Set><Payload>{oauthv2accesstoken.Token.scope}</Payload></Set>");
        check("", &scope, &["warning Token"]);
        let script = policy("Next", "Javascript", "<ResourceURL>jsc://unread.js</ResourceURL>");
        check("", &script, &["info Token"]);
    }

    #[test]
    fn a_response_that_is_replaced() {
        let body = |text: &str| {
            let body = format!("<Set><Payload>{text}</Payload></Set><AssignTo type=\"response\"/>");
            policy("Next", "AssignMessage", &body)
        };
        check("<GenerateResponse/>", &body("{oauthv2accesstoken.Token.scope}"), &["warning Token"]);
        check("<GenerateResponse/>", &body("{oauthv2accesstoken.Token.access_token}"), &[]);
        check("<GenerateResponse/>", &body("{response.content}"), &[]);
    }

    #[test]
    fn tokens_that_somebody_gets() {
        check("<GenerateResponse/>", "", &[]);
        check("<StoreToken>false</StoreToken>", "", &[]);
        let shown = policy(
            "Next",
            "AssignMessage",
            "<Set><Payload>{oauthv2accesstoken.Token.access_token}</Payload></Set>",
        );
        check("", &shown, &[]);
        let other = policy("Next", "AssignMessage", "<Set><Payload>{apigee.access_token}</Payload></Set>");
        check("", &other, &[]);
    }
}
