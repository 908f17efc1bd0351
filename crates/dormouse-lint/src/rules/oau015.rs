//! OAU015: the client of a request decides how long its tokens live.

use crate::analysis::occurrence::Occurrence;
use crate::analysis::program::Program;
use crate::analysis::state::State;
use crate::rule::{Rule, Touch, finding};
use crate::ttl::issues_access_token;
use dormouse_bundle::Level;
use dormouse_report::{Finding, RuleInfo};

/// The rule.
pub(crate) static RULE: Rule = Rule { info: INFO, check };

fn check(rule: &'static RuleInfo, program: &Program<'_>, unit: usize) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (typed, occurrences) in program.reachable(unit) {
        let Some(policy) = typed.oauth_v2().filter(|policy| issues_access_token(policy)) else { continue };
        let lifetimes =
            [("ExpiresIn", &policy.expires_in), ("RefreshTokenExpiresIn", &policy.refresh_token_expires_in)];
        for (name, lifetime) in lifetimes {
            let Some(reference) = lifetime.as_ref().and_then(|lifetime| lifetime.reference.as_ref()) else {
                continue;
            };
            let Some(source) = occurrences.iter().find_map(|it| request_value(it, &reference.value)) else {
                continue;
            };
            let message = format!("the client decides about {name}: it comes from {source}");
            findings.push(finding(rule, reference.span.clone(), message).help(HELP));
        }
    }
    findings
}

/// The part of the request from which a variable's value was made, unless something looked at it before.
fn request_value(occurrence: &Occurrence<'_>, name: &str) -> Option<String> {
    let source = |way: &State| way.source(name).filter(|source| !way.tests(source) && !way.tests(name));
    let source = occurrence.ways.iter().filter(|way| way.is_possible()).find_map(source)?;
    let is_request = REQUEST_PARTS
        .iter()
        .any(|part| source.strip_prefix("request.").is_some_and(|it| it.starts_with(part)));
    is_request.then_some(source)
}

const HELP: &str =
    "take the lifetime from configuration, or check the value against a limit and copy it first";
const REQUEST_PARTS: [&str; 8] =
    ["content", "formparam.", "formstring", "header.", "path", "queryparam.", "querystring", "uri"];

const INFO: RuleInfo = RuleInfo {
    code: "OAU015",
    name: "client-controlled-ttl",
    level: Level::Error,
    summary: "a token's lifetime comes from the request",
    what: "The ref of ExpiresIn or RefreshTokenExpiresIn names a parameter, header, path or body of the request, directly or through AssignMessage or ExtractVariables, and nothing has written it since. The rule is silent where a script comes in between, or where a condition on the way looks at the value.",
    why: "Anybody can ask for tokens that live as long as the platform allows. They are as good as stolen for years, and fill the store: 864,000 rows a day at 10 requests a second that never go.",
    bad: "<ExpiresIn ref=\"request.queryparam.ttl\">3600000</ExpiresIn>",
    good: "<ExpiresIn ref=\"propertyset.tokens.ttl\">3600000</ExpiresIn>",
    when_to_suppress: "When something before the proxy checks the parameter.",
    link: "https://docs.cloud.google.com/apigee/docs/api-platform/reference/policies/oauthv2-policy",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, PASSWORD, endpoint, flow, oauth, policy};

    #[track_caller]
    fn check_made(kind: &str, body: &str, steps: &[&str], expected: &[&str]) {
        let ttl = "<ExpiresIn ref=\"flow.ttl\">3600000</ExpiresIn>";
        let fixture = endpoint(&flow("", steps))
            + &oauth("Token", &PASSWORD.replace("<ExpiresIn>3600000</ExpiresIn>", ttl))
            + &policy("Make", kind, body)
            + &policy("Wrong", "RaiseFault", "<FaultResponse/>");
        testing::check(&RULE, &fixture, expected);
    }

    #[test]
    fn values_made_from_the_request() {
        let made = &["Make", "Token"];
        let assign = |how: &str| format!("<AssignVariable><Name>flow.ttl</Name>{how}</AssignVariable>");
        let seconds = assign("<Template>{request.queryparam.ttl}000</Template>");
        check_made("AssignMessage", &seconds, made, &["error Token"]);
        let or_default = assign("<Value>3600000</Value><Ref>request.queryparam.ttl</Ref>");
        check_made("AssignMessage", &or_default, made, &["error Token"]);
        let guarded = ["Make", "Wrong ? request.queryparam.ttl > \"3600000\"", "Token"];
        check_made("AssignMessage", &or_default, &guarded, &[]);
        check_made("AssignMessage", &assign("<Ref>calloutResponse.content</Ref>"), made, &[]);
        let extract = |from: &str| format!("<VariablePrefix>flow</VariablePrefix>{from}");
        let header = extract("<Header name=\"ttl\"><Pattern>{ttl}</Pattern></Header>");
        check_made("ExtractVariables", &header, made, &["error Token"]);
        let body = "<JSONPayload><Variable name=\"ttl\"><JSONPath>$.ttl</JSONPath></Variable></JSONPayload>";
        check_made("ExtractVariables", &extract(body), made, &["error Token"]);
        let callout = extract(&format!("<Source>calloutResponse</Source>{body}"));
        check_made("ExtractVariables", &callout, made, &[]);
    }

    #[track_caller]
    fn check(reference: &str, steps: &[&str], expected: &[&str]) {
        let ttl = format!("<ExpiresIn ref=\"{reference}\">3600000</ExpiresIn>");
        let assign =
            "<AssignVariable><Name>flow.ttl</Name><Ref>request.queryparam.ttl</Ref></AssignVariable>";
        let clamp =
            "<AssignVariable><Name>request.queryparam.ttl</Name><Value>3600000</Value></AssignVariable>";
        let fixture = endpoint(&flow("", steps))
            + &oauth("Token", &PASSWORD.replace("<ExpiresIn>3600000</ExpiresIn>", &ttl))
            + &policy("Copy", "AssignMessage", assign)
            + &policy("Clamp", "AssignMessage", clamp)
            + &policy("Script", "Javascript", "<ResourceURL>jsc://unread.js</ResourceURL>");
        testing::check(&RULE, &fixture, expected);
    }

    #[test]
    fn clients_decide() {
        check("request.queryparam.ttl", &["Token"], &["error Token"]);
        check("request.header.X-Ttl", &["Token"], &["error Token"]);
        check("flow.ttl", &["Copy", "Token"], &["error Token"]);
    }

    #[test]
    fn clients_do_not() {
        check("flow.ttl", &["Token"], &[]);
        check("request.queryparam.ttl", &["Clamp", "Token"], &[]);
        check("request.queryparam.ttl", &["Script", "Token"], &[]);
        check("propertyset.tokens.ttl", &["Token"], &[]);
    }
}
