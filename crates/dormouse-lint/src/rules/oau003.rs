//! OAU003: a refresh token is looked up and tokens are handed out, but it is never redeemed (antipattern page: reading
//! attributes is no validation).

use crate::analysis::occurrence::{After, Occurrence};
use crate::analysis::program::Program;
use crate::analysis::unit::Typed;
use crate::rule::{Rule, Touch, finding};
use dormouse_bundle::{InfoSubject, Level, OAuthPolicy};
use dormouse_report::{Finding, RuleInfo};

/// The rule.
pub(crate) static RULE: Rule = Rule { info: INFO, check };

fn check(rule: &'static RuleInfo, program: &Program<'_>, unit: usize) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (typed, occurrences) in program.reachable(unit) {
        let looks_up =
            matches!(&typed.oauth, Some(OAuthPolicy::Get(get)) if get.subject == InfoSubject::RefreshToken);
        let suspect =
            occurrences.iter().find(|occurrence| looks_up && hands_out_unredeemed(program, occurrence));
        if let Some(step) = suspect.and_then(|occurrence| occurrence.step) {
            let message = format!(
                "`{}` only looks the refresh token up, yet the flow hands out tokens and never redeems it",
                typed.policy.name
            );
            findings.push(finding(rule, step.policy.span.clone(), message).help(HELP));
        }
    }
    findings
}

/// Whether tokens are handed out behind a look-up, and nothing in the same flow redeems or revokes.
fn hands_out_unredeemed(program: &Program<'_>, occurrence: &Occurrence<'_>) -> bool {
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
    hands_out && !ends && !ends_before
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

const HELP: &str =
    "run RefreshAccessToken in the flow: it checks the token, its client and its lifetime, and removes it";

const INFO: RuleInfo = RuleInfo {
    code: "OAU003",
    name: "getinfo-used-as-validation",
    level: Level::Warning,
    summary: "a refresh token is looked up where it should be redeemed",
    what: "GetOAuthV2Info with RefreshToken is followed by a policy that generates tokens, and no RefreshAccessToken, InvalidateToken or RevokeOAuthV2 stands in that flow. A look-up before a refresh, for introspection or for a revocation is fine.",
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

    #[test]
    fn reads_that_are_reads() {
        check(&["Get"], &[]);
        check(&["Get", "Refresh", "Jwt"], &[]);
        check(&["Get", "Revoke", "Token"], &[]);
        check(&["Access", "Token"], &[]);
        check(&["Token", "Get"], &[]);
    }
}
