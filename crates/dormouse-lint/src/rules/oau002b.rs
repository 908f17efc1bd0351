//! OAU002b: a refresh policy is attached where no refresh request can arrive ("Flow configuration reference": only
//! the first conditional flow whose condition is true runs).

use crate::analysis::occurrence::Occurrence;
use crate::analysis::program::Program;
use crate::analysis::state::{Fact, Origin};
use crate::rule::{Rule, Touch, cost, finding};
use dormouse_bundle::{Level, Span};
use dormouse_report::{Finding, RuleInfo};
use std::collections::BTreeMap;

/// The rule.
pub(crate) static RULE: Rule = Rule { info: INFO, check };

fn check(rule: &'static RuleInfo, program: &Program<'_>, unit: usize) -> Vec<Finding> {
    let matters = program.has_issuer() && !program.has_redeemer();
    // One finding for each step, however many flows lead to it; none if one of them reaches it.
    let mut steps: BTreeMap<(&str, usize), &Occurrence<'_>> = BTreeMap::new();
    for occurrence in program.blocked(unit) {
        if let Some(step) = occurrence.step {
            steps.entry((&step.span.file.path, step.span.range.start)).or_insert(occurrence);
        }
    }
    let reached = program.redeemers(unit).filter_map(|occurrence| occurrence.step);
    for step in reached {
        steps.remove(&(step.span.file.path.as_str(), step.span.range.start));
    }
    let found = |occurrence: &Occurrence<'_>| {
        let step = occurrence.step?;
        let name = &step.policy.value;
        let reason = reason(program, occurrence);
        let span = step.policy.span.clone();
        let mut found = if matters {
            let message = format!("no refresh request reaches `{name}`: {}; {}", reason.text, cost(program));
            finding(rule, span, message).help(reason.help)
        } else {
            let message = format!("no refresh request reaches `{name}`: {}", reason.text);
            finding(rule, span, message).level(Level::Info).help(reason.help)
        };
        for (span, text) in reason.related {
            found = found.related(span, text);
        }
        Some(found)
    };
    steps.into_values().filter_map(found).collect()
}

struct Reason {
    text: &'static str,
    help: &'static str,
    related: Vec<(Span, &'static str)>,
}

fn reason(program: &Program<'_>, occurrence: &Occurrence<'_>) -> Reason {
    if occurrence.ways.is_empty() {
        let related = program.typed(occurrence).map(|typed| (typed.policy.span(), "it is switched off here"));
        let (text, help) = ("the policy is disabled", "write enabled=\"true\" into the policy");
        return Reason { text, help, related: related.into_iter().collect() };
    }
    let facts = program.obstacles(occurrence);
    let related = facts.iter().filter_map(place).collect();
    let is = |test: fn(&Origin) -> bool| facts.iter().any(|fact| test(&fact.origin));
    if is(|origin| matches!(origin, Origin::EarlierFlow(_))) {
        let text = "an earlier flow takes them all";
        let help = "move the flow in front of that one, or let that one's condition exclude \
                    grant_type=refresh_token: only the first flow whose condition is true runs";
        Reason { text, help, related }
    } else if is(|origin| matches!(origin, Origin::Fault(_))) {
        let text = "a step before it ends the flow with a fault";
        Reason { text, help: "let that step's condition exclude grant_type=refresh_token", related }
    } else {
        let text = "the conditions around it contradict each other or grant_type=refresh_token";
        Reason { text, help: "compare the conditions of the flow and of the step", related }
    }
}

fn place(fact: &Fact) -> Option<(Span, &'static str)> {
    match &fact.origin {
        Origin::Condition(span) => Some((span.clone(), "this must be true")),
        Origin::EarlierFlow(span) => Some((span.clone()?, "this flow takes them")),
        Origin::Fault(span) => Some((span.clone(), "this step raises a fault")),
    }
}

const INFO: RuleInfo = RuleInfo {
    code: "OAU002b",
    name: "refresh-flow-shadowed",
    level: Level::Error,
    summary: "a refresh policy is attached where no refresh request can arrive",
    what: "The step that redeems refresh tokens cannot be reached with grant_type=refresh_token: an earlier flow takes \
           all its requests, a step before it raises a fault, conditions contradict each other, or the policy is \
           disabled. Conditions are compared by what they mean; where that is not certain the rule is silent. It is a \
           remark if refresh tokens can be redeemed elsewhere, or if none are issued.",
    why: "Refresh requests fail, so that clients ask for new tokens instead, and every refresh token stays in the \
          store until it expires. At 10 token requests a second these are 864,000 rows a day.",
    bad: "<Flow name=\"token\">\n  <Condition>proxy.pathsuffix MatchesPath \"/token\"</Condition>…\n</Flow>\n<Flow \
          name=\"refresh\">\n  <Condition>proxy.pathsuffix MatchesPath \"/token\" and request.formparam.grant_type = \
          \"refresh_token\"</Condition>…\n</Flow>",
    good: "<Flow name=\"refresh\">\n  <Condition>proxy.pathsuffix MatchesPath \"/token\" and \
           request.formparam.grant_type = \"refresh_token\"</Condition>…\n</Flow>\n<Flow name=\"token\">\n  \
           <Condition>proxy.pathsuffix MatchesPath \"/token\"</Condition>…\n</Flow>",
    when_to_suppress: "When something outside the bundle changes the request on its way, such as a flow hook.",
    link: "https://docs.cloud.google.com/apigee/docs/api-platform/fundamentals/what-are-flows",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{
        self, PASSWORD, REFRESH, endpoint, flow, flow_with, oauth, policy, shared_flow, within,
    };

    #[track_caller]
    fn check(fixture: &str, expected: &[&str]) {
        testing::check(&RULE, fixture, expected);
    }

    /// A proxy with these flows, policies Token and Refresh, and Wrong, which raises a fault.
    fn proxy(flows: &[String]) -> String {
        let wrong = policy("Wrong", "RaiseFault", "<FaultResponse/>");
        endpoint(&flows.concat()) + &oauth("Token", PASSWORD) + &oauth("Refresh", REFRESH) + &wrong
    }

    const GRANT: &str = "request.formparam.grant_type = \"refresh_token\"";

    #[track_caller]
    fn check_order(token: &str, refresh: &str, expected: &[&str]) {
        check(&proxy(&[flow(token, &["Token"]), flow(refresh, &["Refresh"])]), expected);
    }

    #[test]
    fn an_earlier_flow_takes_the_requests() {
        let shadowed = &["error default"];
        check_order("", GRANT, shadowed);
        check_order(
            "proxy.pathsuffix MatchesPath \"/token\"",
            &format!("(proxy.pathsuffix ~/ \"/token\") && ({GRANT})"),
            shadowed,
        );
        check_order("proxy.pathsuffix MatchesPath \"/**\"", "proxy.pathsuffix = \"/refresh\"", shadowed);
        check_order("request.verb = \"POST\" or request.verb = \"PUT\"", "request.verb = \"POST\"", shadowed);
        check_order("request.formparam.grant_type != \"implicit\"", GRANT, shadowed);
        check_order(
            "proxy.pathsuffix StartsWith \"/to\"",
            "proxy.pathsuffix MatchesPath \"/token\"",
            shadowed,
        );
        check_order(
            "not (request.verb = \"GET\")",
            &format!("request.verb = \"POST\" and {GRANT}"),
            shadowed,
        );
        check_order(
            "request.formparam.grant_type = null or request.verb = \"POST\"",
            "request.verb = \"POST\"",
            shadowed,
        );
    }

    #[test]
    fn an_earlier_pattern_takes_the_requests() {
        let shadowed = &["error default"];
        let takes = |earlier: &str, later: &str| {
            check_order(
                &format!("proxy.pathsuffix {earlier}"),
                &format!("proxy.pathsuffix {later}"),
                shadowed,
            );
        };
        takes("~~ \"/t.*\"", "MatchesPath \"/token\"");
        takes("~~ \"/(token|refresh)\"", "= \"/refresh\"");
        takes("Matches \"/token*\"", "Matches \"/token/refresh*\"");
        takes("Matches \"/tok*\"", "MatchesPath \"/token/**\"");
        takes("StartsWith \"/token\"", "MatchesPath \"/token/*\"");
        takes("MatchesPath \"/**\"", "StartsWith \"/refresh\"");
    }

    #[test]
    fn an_earlier_flow_leaves_some_requests() {
        check_order("request.formparam.grant_type = \"password\"", "", &[]);
        check_order(
            "proxy.pathsuffix MatchesPath \"/token\"",
            "proxy.pathsuffix MatchesPath \"/refresh\"",
            &[],
        );
        check_order(
            "proxy.pathsuffix MatchesPath \"/token\" and request.verb = \"GET\"",
            "proxy.pathsuffix MatchesPath \"/token\"",
            &[],
        );
        check_order("proxy.pathsuffix MatchesPath \"/*/token\"", "proxy.pathsuffix MatchesPath \"/**\"", &[]);
        check_order("request.header.x = \"1\"", "request.header.y = \"1\"", &[]);
        check_order("broken = = condition", GRANT, &[]);
        check_order("proxy.pathsuffix ~~ \"/(?!x).*\"", "proxy.pathsuffix MatchesPath \"/token\"", &[]);
        check_order("proxy.pathsuffix ~~ \"/(a|b)\"", "proxy.pathsuffix MatchesPath \"/token\"", &[]);
        check_order("proxy.pathsuffix Matches \"/token/*\"", "proxy.pathsuffix StartsWith \"/token\"", &[]);
        check_order("custom.number > 3", GRANT, &[]);
    }

    #[test]
    fn a_fault_before_it() {
        let refused = "Wrong ? request.formparam.grant_type != \"password\"";
        check(
            &proxy(&[flow("request.verb = \"POST\"", &[refused, "Refresh"]), flow("", &["Token"])]),
            &["error default"],
        );
        check(
            &proxy(&[flow("request.verb = \"POST\"", &["Wrong", "Refresh"]), flow("", &["Token"])]),
            &["error default"],
        );
        check(
            &proxy(&[flow_with("", &[refused, "Token ? request.verb = \"POST\""], &["Refresh"])]),
            &["error default"],
        );
        let other = "Wrong ? request.formparam.refresh_token = null";
        check(&proxy(&[flow("request.verb = \"POST\"", &[other, "Refresh"]), flow("", &["Token"])]), &[]);
        let both = "Wrong ? request.formparam.grant_type != \"password\" and request.formparam.grant_type != \"refresh_token\"";
        check(&proxy(&[flow("request.verb = \"POST\"", &[both, "Refresh"]), flow("", &["Token"])]), &[]);
    }

    #[test]
    fn a_token_policy_before_it_refuses_the_grant() {
        check(&proxy(&[flow("", &["Token", &format!("Refresh ? {GRANT}")])]), &["error default"]);
        let password = "Token ? request.formparam.grant_type = \"password\"";
        check(&proxy(&[flow("", &[password, &format!("Refresh ? {GRANT}")])]), &[]);
    }

    #[test]
    fn conditions_that_contradict_each_other() {
        let code = "request.formparam.grant_type = \"authorization_code\"";
        let token = flow("", &["Token"]);
        check(&proxy(&[flow(code, &[&format!("Refresh ? {GRANT}")]), token.clone()]), &["error default"]);
        check(&proxy(&[flow(code, &["Refresh"]), token.clone()]), &["error default"]);
        check(
            &proxy(&[
                flow(
                    "proxy.pathsuffix MatchesPath \"/a\"",
                    &["Refresh ? proxy.pathsuffix MatchesPath \"/b\""],
                ),
                token,
            ]),
            &["error default"],
        );
    }

    #[test]
    fn what_rewrites_the_request_leaves_a_doubt() {
        let code = "request.formparam.grant_type = \"authorization_code\"";
        let script = "//- apiproxy/policies/JS.xml\n<Javascript name=\"JS\"><ResourceURL>jsc://a.js</ResourceURL></Javascript>\n";
        check(&(proxy(&[flow(code, &["JS", "Refresh"]), flow("", &["Token"])]) + script), &[]);
        let known = "//- apiproxy/resources/jsc/a.js\ncontext.setVariable('x', 1)\n";
        check(
            &(proxy(&[flow(code, &["JS", "Refresh"]), flow("", &["Token"])]) + script + known),
            &["error default"],
        );
        let body =
            "<Set><FormParams><FormParam name=\"grant_type\">refresh_token</FormParam></FormParams></Set>";
        let rewrite = policy("Set", "AssignMessage", body);
        check(&(proxy(&[flow(code, &["Set", "Refresh"]), flow("", &["Token"])]) + &rewrite), &[]);
    }

    #[test]
    fn disabled_policies() {
        let fixture = proxy(&[flow(GRANT, &["Refresh"]), flow("", &["Token"])]);
        check(&fixture, &[]);
        check(
            &fixture.replace("<OAuthV2 name=\"Refresh\"", "<OAuthV2 enabled=\"false\" name=\"Refresh\""),
            &["error default"],
        );
    }

    #[test]
    fn behind_a_shared_flow() {
        let call = policy("Call", "FlowCallout", "<SharedFlowBundle>refresh</SharedFlowBundle>");
        let shared = shared_flow("refresh", &["Refresh"], &oauth("Refresh", REFRESH));
        let proxy =
            |flows: &[String]| within("p", &(endpoint(&flows.concat()) + &oauth("Token", PASSWORD) + &call));
        check(&(proxy(&[flow("", &["Token"]), flow(GRANT, &["Call"])]) + &shared), &["error default"]);
        check(&(proxy(&[flow(GRANT, &["Call"]), flow("", &["Token"])]) + &shared), &[]);
    }

    #[test]
    fn only_a_remark_where_it_does_not_matter() {
        let flows = [flow(GRANT, &["Refresh"]), flow("", &["Token"]), flow(GRANT, &["Refresh"])];
        check(&proxy(&flows), &["info default"]);
        let nothing_issued =
            endpoint(&(flow("", &[]) + &flow(GRANT, &["Refresh"]))) + &oauth("Refresh", REFRESH);
        check(&nothing_issued, &["info default"]);
    }
}
