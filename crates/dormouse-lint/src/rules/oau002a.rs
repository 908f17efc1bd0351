//! OAU002a: a policy that redeems refresh tokens is there, but no step runs it.

use crate::analysis::program::Program;
use crate::rule::{Rule, Touch, cost, finding, operation_span};
use dormouse_bundle::Level;
use dormouse_report::{Finding, RuleInfo};

/// The rule.
pub(crate) static RULE: Rule = Rule { info: INFO, check };

fn check(rule: &'static RuleInfo, program: &Program<'_>, unit: usize) -> Vec<Finding> {
    let Some(home) = program.units.get(unit).filter(|home| home.has_flows()) else { return Vec::new() };
    let unattached =
        home.policies.iter().zip(&home.attached).filter(|(typed, attached)| !**attached && typed.redeems());
    let matters = program.has_issuer() && !program.has_redeemer();
    let found = |(typed, _)| {
        let typed: &crate::analysis::unit::Typed<'_> = typed;
        let name = &typed.policy.name;
        let span = operation_span(typed);
        if matters {
            let message =
                format!("`{name}` would redeem refresh tokens, but no step runs it; {}", cost(program));
            finding(rule, span, message).help(HELP)
        } else {
            let message = format!("`{name}` redeems refresh tokens, but no step runs it");
            finding(rule, span, message).level(Level::Info).help("attach it, or remove it")
        }
    };
    unattached.map(found).collect()
}

const HELP: &str = "run it in a step of a flow with the condition request.formparam.grant_type = \"refresh_token\", \
                    before the flow that issues tokens";

const INFO: RuleInfo = RuleInfo {
    code: "OAU002a",
    name: "refresh-policy-unattached",
    level: Level::Error,
    summary: "a policy that redeems refresh tokens is attached to no flow",
    what: "A policy with RefreshAccessToken or RefreshJWTAccessToken that no step of the bundle names, while refresh \
           tokens are issued and nothing else redeems them. It is a remark if something else does, or if none are \
           issued.",
    why: "The refresh flow looks finished but does not exist: every refresh token that is issued stays in the store \
          until it expires. At 10 token requests a second these are 864,000 rows a day.",
    bad: "<Flow name=\"token\">\n  <Request><Step><Name>Token</Name></Step></Request>\n</Flow>\n<!-- and \
          policies/Refresh.xml, which nothing names -->",
    good: "<Flow name=\"refresh\">\n  <Condition>request.formparam.grant_type = \"refresh_token\"</Condition>\n  \
           <Request><Step><Name>Refresh</Name></Step></Request>\n</Flow>\n<Flow name=\"token\">\n  \
           <Request><Step><Name>Token</Name></Step></Request>\n</Flow>",
    when_to_suppress: "For a folder of policies that templates share among proxies.",
    link: "https://docs.cloud.google.com/apigee/docs/api-platform/antipatterns/issuing-refresh-tokens",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, PASSWORD, REFRESH, endpoint, flow, oauth, within};

    #[track_caller]
    fn check(fixture: &str, expected: &[&str]) {
        testing::check(&RULE, fixture, expected);
    }

    fn issuer() -> String {
        endpoint(&flow("", &["Token"])) + &oauth("Token", PASSWORD)
    }

    #[test]
    fn refresh_policies_that_nothing_runs() {
        check(&(issuer() + &oauth("Refresh", REFRESH)), &["error Refresh"]);
        check(
            &(issuer() + &oauth("Refresh", &REFRESH.replace("RefreshAccess", "RefreshJWTAccess"))),
            &["error Refresh"],
        );
        check(
            &(issuer() + &oauth("Refresh", "<RefreshToken>request.formparam.refresh_token</RefreshToken>")),
            &["error Refresh"],
        );
        check(&(issuer() + &oauth("A", REFRESH) + &oauth("B", REFRESH)), &["error A", "error B"]);
    }

    #[test]
    fn only_a_remark_where_it_does_not_matter() {
        let attached = endpoint(&flow("", &["A"])) + &oauth("A", REFRESH);
        check(&(attached.clone() + &oauth("B", REFRESH)), &["info B"]);
        check(&(endpoint("") + &oauth("Refresh", REFRESH)), &["info Refresh"]);
        let set = within("a", &(issuer() + &oauth("Refresh", REFRESH))) + &within("b", &attached);
        check(&set, &["info Refresh"]);
    }

    #[test]
    fn attached_ones_and_loose_ones_are_fine() {
        check(&(endpoint(&flow("", &["Refresh"])) + &oauth("Refresh", REFRESH)), &[]);
        check(&oauth("Refresh", REFRESH).replace("//- apiproxy/policies/", "//- "), &[]);
        check(&(issuer() + &oauth("Verify", "<Operation>VerifyAccessToken</Operation>")), &[]);
    }
}
