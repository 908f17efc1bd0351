//! OAU003: a refresh token is looked up and access or tokens are handed out, but it is never redeemed (antipattern page:
//! reading attributes is no validation).

use crate::analysis::occurrence::{After, Occurrence};
use crate::analysis::program::Program;
use crate::analysis::unit::Typed;
use crate::rule::{Rule, Touch, finding};
use dormouse_bundle::{InfoSubject, Level, OAuthPolicy, Operation, RouteTarget};
use dormouse_report::{Finding, RuleInfo};

/// The rule.
pub(crate) static RULE: Rule = Rule { info: INFO, check };

fn check(rule: &'static RuleInfo, program: &Program<'_>, unit: usize) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (typed, occurrences) in program.reachable(unit) {
        let looks_up =
            matches!(&typed.oauth, Some(OAuthPolicy::Get(get)) if get.subject == InfoSubject::RefreshToken);
        let suspect =
            occurrences.iter().filter(|_| looks_up).find_map(|it| Some((it.step?, unredeemed(program, it)?)));
        if let Some((step, gives)) = suspect {
            let message = format!(
                "`{}` only looks the refresh token up, yet the flow {gives} and never redeems it",
                typed.policy.name
            );
            findings.push(finding(rule, step.policy.span.clone(), message).help(HELP));
        }
    }
    findings
}

/// What is given for a look-up, if nothing in the same flow redeems or revokes.
fn unredeemed(program: &Program<'_>, occurrence: &Occurrence<'_>) -> Option<&'static str> {
    let hands_out = occurrence.after.iter().any(|after| is(program, after, Use::HandsOut));
    let ends = occurrence.after.iter().any(|after| is(program, after, Use::Ends));
    let same_flow = |other: &&Occurrence<'_>| {
        other.flow.unit == occurrence.flow.unit && other.flow.number == occurrence.flow.number
    };
    let ends_before = program
        .occurrences
        .iter()
        .filter(same_flow)
        .any(|other| program.typed(other).is_some_and(Typed::redeems));
    if ends || ends_before {
        return None;
    }
    let grants_access =
        || grants_access(program, occurrence).then_some("lets the request through to a target");
    hands_out.then_some("hands out tokens").or_else(grants_access)
}

/// Whether each request behind a look-up reaches a target, with nothing else in the bundle that could have checked it.
/// Flows for introspection and revocation read on purpose.
fn grants_access(program: &Program<'_>, occurrence: &Occurrence<'_>) -> bool {
    let flow = &occurrence.flow;
    let Some(unit) = program.units.get(flow.unit).filter(|_| flow.in_request) else { return false };
    let proxies = &unit.bundle.proxies;
    let is_target =
        |target: &RouteTarget| matches!(target, RouteTarget::TargetEndpoint(_) | RouteTarget::Url(_));
    let all_go_out = proxies.iter().all(|proxy| {
        !proxy.route_rules.is_empty() && proxy.route_rules.iter().all(|rule| is_target(&rule.target))
    });
    let condition = flow.condition.map_or("", |condition| condition.text.as_str());
    let bases = proxies.iter().map(|proxy| proxy.base_path.value.as_str());
    let mut places = bases.chain([flow.name, condition]).map(str::to_ascii_lowercase);
    let reads_on_purpose = places.any(|place| PURPOSES.iter().any(|purpose| place.contains(purpose)));
    let mut attached = unit.policies.iter().zip(&unit.attached).filter(|(_, attached)| **attached);
    !proxies.is_empty() && all_go_out && !reads_on_purpose && !attached.any(|(typed, _)| may_check(typed))
}

/// Whether a policy checks a credential, or may: in a shared flow, in code, at another server.
fn may_check(typed: &Typed<'_>) -> bool {
    CHECKS.contains(&typed.policy.kind.as_str())
        || typed.oauth_v2().is_some_and(|policy| policy.operation.value == Operation::VerifyAccessToken)
}

#[derive(Clone, Copy)]
enum Use {
    HandsOut,
    Ends,
}

fn is(program: &Program<'_>, after: &After, wanted: Use) -> bool {
    let typed = program.units.get(after.unit).and_then(|unit| unit.policies.get(after.policy));
    let Some(typed) = typed else { return false };
    let operation = typed.oauth_v2().map(|policy| policy.operation.value);
    match wanted {
        Use::HandsOut => {
            matches!(typed.policy.kind.as_str(), "GenerateJWT" | "GenerateJWS")
                || operation.is_some_and(|it| it.generates_token() || it.is_implicit())
        }
        Use::Ends => {
            typed.policy.kind == "RevokeOAuthV2"
                || operation.is_some_and(|it| it.refreshes() || it.changes_status())
        }
    }
}

/// Words in paths and names of flows that look tokens up, or end them, on purpose.
const PURPOSES: [&str; 6] = ["introspect", "logout", "revo", "signout", "tokeninfo", "token-info"];
/// Policies that check a credential, or that may.
const CHECKS: [&str; 10] = [
    "ExternalCallout",
    "FlowCallout",
    "JavaCallout",
    "Javascript",
    "Script",
    "ServiceCallout",
    "ValidateSAMLAssertion",
    "VerifyAPIKey",
    "VerifyJWS",
    "VerifyJWT",
];
const HELP: &str =
    "run RefreshAccessToken in the flow: it checks the token, its client and its lifetime, and removes it";

const INFO: RuleInfo = RuleInfo {
    code: "OAU003",
    name: "getinfo-used-as-validation",
    level: Level::Warning,
    summary: "a refresh token is looked up where it should be redeemed",
    what: "GetOAuthV2Info with RefreshToken is followed by a policy that generates tokens, or all requests go on to a target and nothing in the bundle checks another credential; and no RefreshAccessToken, InvalidateToken or RevokeOAuthV2 stands in that flow. A look-up before a refresh, for introspection or for a revocation is fine.",
    why: "A look-up tells attributes. It does not check that the token belongs to the client, does not use it up, and Apigee never learns that it may go: the old token stays in the store, and a stolen one can be used again and again.",
    bad: "<Step><Name>GetRefreshTokenInfo</Name></Step>\n<Step><Name>GenerateToken</Name></Step>",
    good: "<Step><Name>GetRefreshTokenInfo</Name></Step>\n<Step><Name>RefreshToken</Name></Step>",
    when_to_suppress: "When the refresh token is redeemed by another system in the same flow.",
    link: "https://docs.cloud.google.com/apigee/docs/api-platform/reference/policies/get-oauth-v2-info-policy",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, PASSWORD, REFRESH, endpoint, flow, oauth, policy};

    #[track_caller]
    fn check(steps: &[&str], expected: &[&str]) {
        let fixture = endpoint(&flow("", steps))
            + &oauth("Token", PASSWORD)
            + &oauth("Refresh", REFRESH)
            + &oauth(
                "Revoke",
                "<Operation>InvalidateToken</Operation><Tokens><Token type=\"refreshtoken\">t</Token></Tokens>",
            )
            + &policy("Jwt", "GenerateJWT", "<Algorithm>HS256</Algorithm>")
            + &policy("Access", "GetOAuthV2Info", "<AccessToken>t</AccessToken>")
            + &policy("Get", "GetOAuthV2Info", "<RefreshToken ref=\"request.formparam.refresh_token\"/>");
        testing::check(&RULE, &fixture, expected);
    }

    #[test]
    fn tokens_for_a_look_up() {
        check(&["Get", "Token"], &["warning default"]);
        check(&["Get", "Jwt"], &["warning default"]);
        check(&["Get ? request.verb = \"POST\"", "Token"], &["warning default"]);
    }

    /// A look-up in front of a target, in a flow of this condition, with a step behind it.
    #[track_caller]
    fn check_target(condition: &str, more: &str, route: &str, expected: &[&str]) {
        let fixture = endpoint(&flow(condition, &["Get", more])).replace("<RouteRule name=\"none\"/>", route)
            + &policy("Get", "GetOAuthV2Info", "<RefreshToken ref=\"request.header.token\"/>")
            + &policy("Note", "AssignMessage", "<Set><StatusCode>200</StatusCode></Set>")
            + &policy("Key", "VerifyAPIKey", "<APIKey ref=\"request.header.key\"/>")
            + &oauth("Verify", "<Operation>VerifyAccessToken</Operation>")
            + &oauth("Refresh", REFRESH);
        testing::check(&RULE, &fixture, expected);
    }

    #[test]
    fn access_for_a_look_up() {
        let target = "<RouteRule name=\"t\"><URL>https://backend.example</URL></RouteRule>";
        let found = &["warning default"];
        check_target("", "Note", target, found);
        check_target("proxy.pathsuffix MatchesPath \"/orders\"", "Note", target, found);
        check_target(
            "",
            "Note",
            "<RouteRule name=\"t\"><TargetEndpoint>t</TargetEndpoint></RouteRule>",
            found,
        );
        check_target("proxy.pathsuffix MatchesPath \"/introspect\"", "Note", target, &[]);
        check_target("", "Verify", target, &[]);
        check_target("", "Key", target, &[]);
        check_target("", "Refresh", target, &[]);
        check_target("", "Note", "<RouteRule name=\"none\"/>", &[]);
    }

    #[test]
    fn reads_that_are_reads() {
        check(&["Get"], &[]);
        check(&["Get", "Refresh", "Jwt"], &[]);
        check(&["Get", "Revoke", "Token"], &[]);
        check(&["Access", "Token"], &[]);
        check(&["Token", "Get"], &[]);
    }
}
