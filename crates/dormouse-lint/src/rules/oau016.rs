//! OAU016: an OAuth policy that Apigee refuses, or reads otherwise than it was meant (deployment errors of the
//! policies' reference pages). The problems are those that typing the policy tells.

use crate::analysis::program::Program;
use crate::analysis::unit::Typed;
use crate::fix::{add_child, remove};
use crate::rule::{Rule, Touch, finding};
use crate::rules::oau017;
use dormouse_bundle::{Level, Problem};
use dormouse_report::{Finding, Fix, RuleInfo};

/// The rule.
pub(crate) static RULE: Rule = Rule { info: INFO, check };

fn check(rule: &'static RuleInfo, program: &Program<'_>, unit: usize) -> Vec<Finding> {
    let Some(home) = program.units.get(unit) else { return Vec::new() };
    let mut findings = Vec::new();
    for (typed, attached) in home.policies.iter().zip(&home.attached) {
        let runs = typed.policy.enabled && (*attached || !home.has_flows());
        for problem in typed.problems.iter().filter(|problem| !is_told_elsewhere(typed, problem)) {
            let Some(span) = problem.span.clone() else { continue };
            // What no flow runs does no harm yet.
            let level = if runs { level(problem) } else { problem.level.min(Level::Warning) };
            let found = finding(rule, span, problem.message.clone()).level(level).fix(fix(typed, problem));
            findings.push(match &problem.help {
                Some(help) => found.help(help.clone()),
                None => found,
            });
        }
    }
    findings
}

/// Some Apigees run a policy without Operation, as the gateway does, and others refuse to deploy it.
fn level(problem: &Problem) -> Level {
    if problem.code == "operation-required" { Level::Error } else { problem.level }
}

/// OAU011 and OAU017 tell these, with more to say.
fn is_told_elsewhere(typed: &Typed<'_>, problem: &Problem) -> bool {
    let marked =
        problem.span.as_ref().and_then(|span| span.file.text.get(span.range.clone())).unwrap_or_default();
    let issues = typed.oauth_v2().is_some_and(|policy| {
        policy.operation.value.generates_token() || policy.operation.value.is_implicit()
    });
    let is_setting = issues && ["RefreshTokenExpiresIn", "ReuseRefreshToken"].contains(&marked);
    is_setting && problem.level < Level::Error && problem.code.ends_with("effect")
        || is_setting && problem.code == "refresh-token-expires-in-not-applicable"
        || oau017::tells(problem)
}

fn fix(typed: &Typed<'_>, problem: &Problem) -> Option<Fix> {
    let root = &typed.policy.element;
    match problem.code {
        "operation-required" => {
            let operation = typed.oauth_v2()?.operation.value.as_str();
            let element = format!("<Operation>{operation}</Operation>");
            add_child(format!("add {element}"), true, root, &element)
        }
        "element-without-effect" | "grant-types-not-applicable" => {
            let span = problem.span.as_ref()?;
            let element = root.elements().find(|element| element.name_span == *span)?;
            Some(remove(format!("remove <{}>", element.name), true, element))
        }
        _ => None,
    }
}

const INFO: RuleInfo = RuleInfo {
    code: "OAU016",
    name: "operation-missing-or-invalid",
    level: Level::Error,
    summary: "an OAuth policy that Apigee refuses, or reads otherwise than it was meant",
    what: "Everything that can be told from an OAuthV2, GetOAuthV2Info, SetOAuthV2Info, DeleteOAuthV2Info or RevokeOAuthV2 policy by itself: a missing or unknown Operation, grants or lifetimes that do not apply to it, numbers that are none, missing tokens, keys or algorithms, elements and attributes that do not exist. The level is an error where Apigee would not deploy it, a missing Operation included, although some versions infer it; of policies that no flow runs, a warning at most.",
    why: "A deployment that fails is the good case. An element that is misspelled or does not apply is silently not read: the lifetime that was set is not the one that tokens have.",
    bad: "<OAuthV2 name=\"Token\">\n  <Operation>GenerateAcessToken</Operation>\n</OAuthV2>",
    good: "<OAuthV2 name=\"Token\">\n  <Operation>GenerateAccessToken</Operation>\n</OAuthV2>",
    when_to_suppress: "When a newer Apigee knows an element that this program does not know yet.",
    link: "https://docs.cloud.google.com/apigee/docs/api-platform/reference/policies/oauthv2-policy",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, PASSWORD, endpoint, flow, oauth, policy};

    #[track_caller]
    fn check(body: &str, expected: &[&str]) {
        testing::check(&RULE, &(endpoint(&flow("", &["Token"])) + &oauth("Token", body)), expected);
    }

    #[test]
    fn what_apigee_refuses() {
        check("<Operation>GenerateAcessToken</Operation>", &["error Token"]);
        check("<ExpiresIn>600000</ExpiresIn>", &["error Token"]);
        check(&PASSWORD.replace(">3600000<", ">soon<"), &["error Token"]);
        check("<Operation>InvalidateToken</Operation>", &["error Token"]);
        check("<Operation>VerifyAccessToken</Operation><ExpiresIn>600000</ExpiresIn>", &["error Token"]);
    }

    #[test]
    fn what_is_not_as_it_was_meant() {
        check(&format!("{PASSWORD}<RefreshTokenExpiry>1</RefreshTokenExpiry>"), &["warning Token"]);
        check("<Operation>VerifyAccessToken</Operation><Code>a</Code>", &["info Token"]);
        let unattached = endpoint("") + &oauth("Token", "<Operation>X</Operation>");
        testing::check(&RULE, &unattached, &["warning Token"]);
    }

    #[test]
    fn what_is_right_or_told_elsewhere() {
        check(PASSWORD, &[]);
        check(&format!("{PASSWORD}<ReuseRefreshToken>false</ReuseRefreshToken>"), &[]);
        check(&format!("{PASSWORD}<GrantType>my grant</GrantType>"), &[]);
        let get = policy("Token", "GetOAuthV2Info", "<AccessToken>t</AccessToken>");
        testing::check(&RULE, &(endpoint(&flow("", &["Token"])) + &get), &[]);
    }

    #[test]
    fn an_operation_is_added() {
        let fixture = endpoint(&flow("", &["Token"])) + &oauth("Token", "<ExpiresIn>600000</ExpiresIn>");
        let found = testing::findings(&RULE, &fixture, &crate::Settings::default());
        let fix = found.first().and_then(|finding| finding.fixes.first()).expect("a fix");
        let edit = fix.edits.first().expect("an edit");
        assert!(fix.safe && edit.replacement.contains("<Operation>GenerateAccessToken</Operation>"));
    }
}
