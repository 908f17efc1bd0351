//! OAU006: the refresh token never reaches the client: no response shows it, and nothing reads it.

use crate::analysis::occurrence::Occurrence;
use crate::analysis::program::Program;
use crate::analysis::unit::Typed;
use crate::fix::add_child;
use crate::rule::{Rule, Touch, cost, finding, operation_span};
use crate::uses::{Uses, is_replaced, uses_of};
use dormouse_bundle::Level;
use dormouse_report::{Finding, RuleInfo};

/// The rule.
pub(crate) static RULE: Rule = Rule { info: INFO, check };

fn check(rule: &'static RuleInfo, program: &Program<'_>, unit: usize) -> Vec<Finding> {
    let mut policies: Vec<(usize, Vec<&Occurrence<'_>>)> = Vec::new();
    for occurrence in program.issuers(unit) {
        match policies.iter_mut().find(|(policy, _)| *policy == occurrence.policy) {
            Some((_, occurrences)) => occurrences.push(occurrence),
            None => policies.push((occurrence.policy, vec![occurrence])),
        }
    }
    policies.iter().filter_map(|(_, occurrences)| discarded(rule, program, occurrences)).collect()
}

/// A finding if none of a policy's occurrences lets its refresh token out.
fn discarded(rule: &'static RuleInfo, program: &Program<'_>, all: &[&Occurrence<'_>]) -> Option<Finding> {
    let first = all.first()?;
    let typed = program.typed(first)?;
    let policy = typed.oauth_v2()?;
    if policy.external_refresh_token.is_some() || first.step.is_none() {
        return None;
    }
    let responds = policy.generate_response.enabled;
    if responds && !all.iter().all(|occurrence| is_replaced(program, occurrence)) {
        return None;
    }
    let uses = uses_of(program, first.unit, &typed.policy.name, "refresh_token");
    if matches!(uses, Uses::Some) {
        return None;
    }
    let name = &typed.policy.name;
    let how = if responds { "another response replaces its own" } else { "it makes no response" };
    let message = format!(
        "the refresh token of `{name}` reaches nobody: {how}, and nothing reads it; {}",
        cost(program)
    );
    let found = finding(rule, operation_span(typed), message).help(HELP).fix(fix(typed));
    Some(match uses {
        Uses::Unknown(span) => {
            found.level(Level::Info).related(span, "unless this code does, which could not be read")
        }
        _ => found,
    })
}

fn fix(typed: &Typed<'_>) -> Option<dormouse_report::Fix> {
    let policy = typed.oauth_v2()?;
    let is_free = policy.store_token.is_none() && policy.external_access_token.is_none();
    let title = "do not store the tokens, if the access token is not needed later either";
    is_free.then(|| add_child(title, false, &typed.policy.element, "<StoreToken>false</StoreToken>"))?
}

const HELP: &str = "grant client_credentials if no refresh token is needed, or put it into the response";

const INFO: RuleInfo = RuleInfo {
    code: "OAU006",
    name: "refresh-token-discarded",
    level: Level::Error,
    summary: "a refresh token is stored that the client never gets",
    what: "An attached policy issues refresh tokens without GenerateResponse, or its response is replaced by a later \
           AssignMessage that sets the payload, and no policy, condition, template or script reads its variable \
           oauthv2accesstoken.NAME.refresh_token. It is a remark if code is attached that cannot be read.",
    why: "Nobody can ever redeem what nobody has. Each token stays in the store until it expires: at 10 token \
          requests a second, 864,000 rows a day.",
    bad: "<OAuthV2 name=\"Token\">\n  <Operation>GenerateAccessToken</Operation>\n  <SupportedGrantTypes>\n    \
          <GrantType>password</GrantType>\n  </SupportedGrantTypes>\n</OAuthV2>\n<!-- then -->\n<Payload>{\"token\": \
          \"{oauthv2accesstoken.Token.access_token}\"}</Payload>",
    good: "<OAuthV2 name=\"Token\">\n  <Operation>GenerateAccessToken</Operation>\n  <SupportedGrantTypes>\n    \
           <GrantType>client_credentials</GrantType>\n  </SupportedGrantTypes>\n</OAuthV2>",
    when_to_suppress: "When the token is read by code that is not in the bundle, such as a resource of the environment.",
    link: "https://docs.cloud.google.com/apigee/docs/api-platform/antipatterns/issuing-refresh-tokens",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, PASSWORD, endpoint, flow_with, oauth, policy};

    #[track_caller]
    fn check(policies: &str, response: &[&str], expected: &[&str]) {
        testing::check(&RULE, &(endpoint(&flow_with("", &["Token"], response)) + policies), expected);
    }

    fn silent() -> String {
        oauth("Token", &PASSWORD.replace("<GenerateResponse/>", "<GenerateResponse enabled=\"false\"/>"))
    }

    fn payload(text: &str) -> String {
        policy(
            "Body",
            "AssignMessage",
            &format!("<Set><Payload>{text}</Payload></Set><AssignTo type=\"response\"/>"),
        )
    }

    const ACCESS: &str = "{\"access_token\":\"{oauthv2accesstoken.Token.access_token}\"}";

    #[test]
    fn tokens_that_reach_nobody() {
        check(&silent(), &[], &["error Token"]);
        check(&(silent() + &payload(ACCESS)), &["Body"], &["error Token"]);
        check(&(oauth("Token", PASSWORD) + &payload(ACCESS)), &["Body"], &["error Token"]);
        let other =
            "{oauthv2accesstoken.Other-Token.refresh_token}{oauthv2accesstoken.Token.refresh_token_status}";
        check(&(silent() + &payload(other)), &["Body"], &["error Token"]);
        let script = policy("JS", "Javascript", "<Source>context.setVariable('a', 1)</Source>");
        check(&(silent() + &script), &["JS"], &["error Token"]);
    }

    #[test]
    fn tokens_that_somebody_reads() {
        check(&oauth("Token", PASSWORD), &[], &[]);
        check(&(silent() + &payload("{oauthv2accesstoken.Token.refresh_token}")), &["Body"], &[]);
        let variable = policy(
            "Keep",
            "AssignMessage",
            "<AssignVariable><Name>r</Name><Ref>oauthv2accesstoken.Token.refresh_token</Ref></AssignVariable>",
        );
        check(&(silent() + &variable), &["Keep"], &[]);
        let script = policy("JS", "Javascript", "<ResourceURL>jsc://a.js</ResourceURL>");
        let code = "//- apiproxy/resources/jsc/a.js\nvar r = get('refresh_' + 'x') || v.refresh_token;\n";
        check(&(silent() + &script + code), &["JS"], &[]);
    }

    #[test]
    fn responses_that_may_still_show_it() {
        let token = oauth("Token", PASSWORD);
        check(&(token.clone() + &payload(ACCESS)), &["Body ? request.verb = \"PUT\""], &[]);
        let extract = policy(
            "Read",
            "ExtractVariables",
            "<JSONPayload><Variable name=\"r\"><JSONPath>$.refresh_token</JSONPath></Variable></JSONPayload>",
        );
        check(&(token.clone() + &extract + &payload("{r}")), &["Read", "Body"], &[]);
        check(&(token.clone() + &payload("{response.content}")), &["Body"], &[]);
        let other = policy(
            "Body",
            "AssignMessage",
            "<Set><Payload>x</Payload></Set><AssignTo createNew=\"true\" type=\"request\">callout</AssignTo>",
        );
        check(&(token + &other), &["Body"], &[]);
    }

    #[test]
    fn code_that_cannot_be_read_leaves_a_doubt() {
        let script = policy("JS", "Javascript", "<ResourceURL>jsc://missing.js</ResourceURL>");
        check(&(silent() + &script), &["JS"], &["info Token"]);
        check(&(silent() + &policy("J", "JavaCallout", "<ClassName>a</ClassName>")), &["J"], &["info Token"]);
    }
}
