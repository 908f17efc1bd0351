//! OAU015: the client of a request decides how long its tokens live.

use crate::analysis::occurrence::Occurrence;
use crate::analysis::program::Program;
use crate::analysis::state::Value;
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

/// The part of the request that a variable certainly holds, untouched, at an occurrence.
fn request_value(occurrence: &Occurrence<'_>, name: &str) -> Option<String> {
    let source = |way: &crate::analysis::state::State| match way.value(name) {
        // A `#` marks a value that some policy has written.
        Value::Variable(source) if !source.contains('#') => Some(source),
        _ => None,
    };
    let source = occurrence.ways.iter().filter(|way| way.is_possible()).find_map(source)?;
    REQUEST_PARTS.iter().any(|part| source.starts_with(part)).then_some(source)
}

const HELP: &str =
    "take the lifetime from configuration, or check the value against a limit and copy it first";
const REQUEST_PARTS: [&str; 5] = [
    "request.queryparam.",
    "request.formparam.",
    "request.header.",
    "message.queryparam.",
    "message.formparam.",
];

const INFO: RuleInfo = RuleInfo {
    code: "OAU015",
    name: "client-controlled-ttl",
    level: Level::Error,
    summary: "a token's lifetime comes from the request",
    what: "The ref of ExpiresIn or RefreshTokenExpiresIn names a parameter or header of the request, directly or through AssignMessage or ExtractVariables, and nothing has written it since. A script in between leaves a doubt, and the rule is silent.",
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
