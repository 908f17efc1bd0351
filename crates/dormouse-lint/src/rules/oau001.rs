//! OAU001: refresh tokens are issued and nothing among the bundles redeems them (Apigee's antipattern "Issuing
//! refresh tokens without invoking the refresh flow").

use crate::analysis::program::Program;
use crate::rule::{Rule, Touch, cost, finding, operation_span};
use dormouse_bundle::Level;
use dormouse_report::{Finding, RuleInfo};

/// The rule.
pub(crate) static RULE: Rule = Rule { info: INFO, check };

fn check(rule: &'static RuleInfo, program: &Program<'_>, unit: usize) -> Vec<Finding> {
    if program.has_attached_redeemer() {
        return Vec::new();
    }
    let mut findings: Vec<Finding> = Vec::new();
    for occurrence in program.issuers(unit) {
        let Some(typed) = program.typed(occurrence) else { continue };
        let imports = typed.oauth_v2().is_some_and(|policy| policy.external_refresh_token.is_some());
        let span = operation_span(typed);
        if imports || findings.iter().any(|known| known.span.as_ref() == Some(&span)) {
            continue;
        }
        let grants = program.refresh_grants(occurrence);
        let grants: Vec<&str> = grants.into_iter().map(dormouse_bundle::Grant::as_str).collect();
        let message = format!(
            "`{}` issues refresh tokens ({}) that nothing redeems; {}",
            typed.policy.name,
            grants.join(", "),
            cost(program)
        );
        let mut found = finding(rule, span, message).help(HELP);
        if let Some(step) = occurrence.step {
            found = found.related(step.span.clone(), "it is attached here");
        }
        findings.push(match program.doubt() {
            Some(doubt) => found.level(Level::Info).related(doubt.span, doubt.message),
            None => found,
        });
    }
    findings
}

const HELP: &str = "attach an OAuthV2 policy with RefreshAccessToken to a flow for grant_type=refresh_token, or grant \
                    client_credentials if no refresh token is needed; if another proxy redeems them, lint it together \
                    with this one or name it as redeemed-by in dormouse-lint.toml";

const INFO: RuleInfo = RuleInfo {
    code: "OAU001",
    name: "refresh-never-redeemed",
    level: Level::Error,
    summary: "refresh tokens are issued that nothing redeems",
    what: "An attached policy with GenerateAccessToken or GenerateJWTAccessToken accepts the password or \
           authorization_code grant (the latter also without SupportedGrantTypes), and no RefreshAccessToken or \
           RefreshJWTAccessToken is attached in any of the linted bundles. Grants that the flow's conditions or an \
           earlier AssignMessage exclude do not count, and neither does a policy with StoreToken false. It is a \
           remark only if a shared flow for refreshing is called that is not among the bundles.",
    why: "Apigee keeps each refresh token until it expires, redeemed or not. At 10 token requests a second these are \
          864,000 rows a day; with a lifetime of 200 days, 172.8 million rows lie in the token store, slow it down \
          and make its backups and repairs fail.",
    bad: "<OAuthV2 name=\"Token\">\n  <Operation>GenerateAccessToken</Operation>\n  <SupportedGrantTypes>\n    \
          <GrantType>password</GrantType>\n  </SupportedGrantTypes>\n</OAuthV2>",
    good: "<OAuthV2 name=\"Refresh\">\n  <Operation>RefreshAccessToken</Operation>\n  \
           <RefreshTokenExpiresIn>2592000000</RefreshTokenExpiresIn>\n</OAuthV2>\n<!-- attached to -->\n<Flow \
           name=\"refresh\">\n  <Condition>request.formparam.grant_type = \"refresh_token\"</Condition>\n  \
           <Request><Step><Name>Refresh</Name></Step></Request>\n</Flow>",
    when_to_suppress: "When the tokens are redeemed by a proxy that cannot be linted together with this one. Better \
                       name that proxy as redeemed-by in dormouse-lint.toml.",
    link: "https://docs.cloud.google.com/apigee/docs/api-platform/antipatterns/issuing-refresh-tokens",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;
    use crate::testing::{
        self, PASSWORD, REFRESH, endpoint, flow, flow_with, oauth, policy, shared_flow, within,
    };

    #[track_caller]
    fn check(fixture: &str, expected: &[&str]) {
        testing::check(&RULE, fixture, expected);
    }

    fn token(body: &str) -> String {
        endpoint(&flow("proxy.pathsuffix MatchesPath \"/token\"", &["Token"])) + &oauth("Token", body)
    }

    fn grants(list: &[&str]) -> String {
        let list = list.join("</GrantType><GrantType>");
        format!(
            "<Operation>GenerateAccessToken</Operation><SupportedGrantTypes><GrantType>{list}</GrantType></SupportedGrantTypes>"
        )
    }

    #[test]
    fn every_grant_with_a_refresh_token() {
        check(&token(PASSWORD), &["error Token"]);
        check(&token(&grants(&["authorization_code"])), &["error Token"]);
        check(&token(&grants(&["client_credentials", "password"])), &["error Token"]);
        check(&token("<Operation>GenerateJWTAccessToken</Operation>"), &["error Token"]);
        check(&token("<Operation>GenerateAccessToken</Operation>"), &["error Token"]);
        check(&token("<ExpiresIn>1000000</ExpiresIn>"), &["error Token"]);
        check(
            &token(&(grants(&["password"]) + "<ReuseRefreshToken>false</ReuseRefreshToken>")),
            &["error Token"],
        );
    }

    #[test]
    fn grants_without_a_refresh_token() {
        check(&token(&grants(&["client_credentials"])), &[]);
        check(&token(&grants(&["implicit"])), &[]);
        check(&token("<Operation>GenerateAccessTokenImplicitGrant</Operation>"), &[]);
        check(&token("<Operation>VerifyAccessToken</Operation>"), &[]);
    }

    #[test]
    fn what_is_not_stored_or_not_attached_is_left_alone() {
        check(&token(&(grants(&["password"]) + "<StoreToken>false</StoreToken>")), &[]);
        check(&(endpoint(&flow("", &[])) + &oauth("Token", PASSWORD)), &[]);
        check(&token(PASSWORD).replace("name=\"Token\"", "name=\"Token\" enabled=\"false\""), &[]);
    }

    #[test]
    fn a_redeemer_in_the_bundle_or_in_another_one() {
        let both = endpoint(
            &(flow("request.formparam.grant_type = \"refresh_token\"", &["Refresh"]) + &flow("", &["Token"])),
        ) + &oauth("Token", PASSWORD)
            + &oauth("Refresh", REFRESH);
        check(&both, &[]);
        let other = endpoint(&flow("", &["Refresh"])) + &oauth("Refresh", REFRESH);
        check(&(within("a", &token(PASSWORD)) + &within("b", &other)), &[]);
        let settings = Settings { redeemed_by: vec!["b".to_owned()], ..Settings::default() };
        assert!(testing::findings(&RULE, &token(PASSWORD), &settings).is_empty());
    }

    #[test]
    fn a_refresh_policy_that_is_not_attached_redeems_nothing() {
        check(&(token(PASSWORD) + &oauth("Refresh", REFRESH)), &["error Token"]);
    }

    #[test]
    fn grants_excluded_by_conditions() {
        let both = oauth("Token", &grants(&["client_credentials", "password"]));
        let only = |condition: &str| endpoint(&flow(condition, &["Token"])) + &both;
        check(&only("request.formparam.grant_type = \"client_credentials\""), &[]);
        check(&only("request.formparam.grant_type != \"password\""), &[]);
        check(&only("request.formparam.grant_type ~ \"pass*\""), &["error Token"]);
        let raise = policy("Wrong", "RaiseFault", "<FaultResponse/>");
        let refused = "Wrong ? request.formparam.grant_type != \"client_credentials\"";
        check(&(endpoint(&flow_with("", &[refused], &["Token"])) + &both + &raise), &[]);
        check(
            &(endpoint(&flow_with("", &["Wrong ? request.verb = \"GET\""], &["Token"])) + &both + &raise),
            &["error Token"],
        );
        let first = flow("request.formparam.grant_type = \"password\"", &["Wrong"]);
        check(&(endpoint(&(first + &flow("", &["Token"]))) + &both + &raise), &[]);
    }

    #[test]
    fn grants_in_patterns_and_by_other_names() {
        let both = oauth("Token", &grants(&["client_credentials", "password"]));
        let only = |condition: &str, expected: &[&str]| {
            let condition = format!("request.formparam.grant_type {condition}");
            check(&(endpoint(&flow(&condition, &["Token"])) + &both), expected);
        };
        for excludes in [
            "~~ \"^(client_credentials|refresh_token)$\"",
            "~~ \"client.*\"",
            "~~ \"(?i)CLIENT_credentials\"",
        ] {
            only(excludes, &[]);
        }
        for admits in ["~~ \"pass(word|phrase)\"", "~~ \".*\"", "~~ \"(?i)[a-z]+\"", "~~ \"(?!x).*\""] {
            only(admits, &["error Token"]);
        }
        let alias = flow("message.formparam.grant_type = \"client_credentials\"", &["Token"]);
        check(&(endpoint(&alias) + &both), &[]);
    }

    #[test]
    fn grants_rewritten_on_the_way() {
        let both = oauth("Token", &grants(&["client_credentials", "password"]));
        let rewrite = |grant: &str| {
            let body = format!(
                "<Set><FormParams><FormParam name=\"grant_type\">{grant}</FormParam></FormParams></Set><AssignTo \
                 createNew=\"false\" type=\"request\"/>"
            );
            endpoint(&flow("", &["Rewrite", "Token"])) + &both + &policy("Rewrite", "AssignMessage", &body)
        };
        check(&rewrite("client_credentials"), &[]);
        check(&rewrite("password"), &["error Token"]);
        check(&rewrite("{flow.grant}"), &["error Token"]);
        let chosen = "request.formparam.grant_type = \"client_credentials\"";
        let body = "<Set><FormParams><FormParam name=\"grant_type\">password</FormParam></FormParams></Set>";
        let turned = endpoint(&flow(chosen, &["Rewrite", "Token"]))
            + &both
            + &policy("Rewrite", "AssignMessage", body);
        check(&turned, &["error Token"]);
    }

    #[test]
    fn grants_in_a_variable_of_its_own() {
        let custom = grants(&["client_credentials", "password"]) + "<GrantType>flow.grant</GrantType>";
        let assign = |value: &str| {
            let body = format!("<AssignVariable><Name>flow.grant</Name>{value}</AssignVariable>");
            endpoint(&flow("", &["Set", "Token"]))
                + &oauth("Token", &custom)
                + &policy("Set", "AssignMessage", &body)
        };
        check(&assign("<Value>client_credentials</Value>"), &[]);
        check(&assign("<Value>password</Value>"), &["error Token"]);
        check(&assign("<Ref>request.queryparam.grant</Ref>"), &["error Token"]);
        let chosen = flow("request.queryparam.grant = \"client_credentials\"", &["Set", "Token"]);
        let or_default = "<AssignVariable><Name>flow.grant</Name><Value>client_credentials</Value><Ref>request.queryparam.grant\
                          </Ref></AssignVariable>";
        let fixture =
            endpoint(&chosen) + &oauth("Token", &custom) + &policy("Set", "AssignMessage", or_default);
        check(&fixture, &[]);
    }

    #[test]
    fn shared_flows() {
        let call = policy("Call", "FlowCallout", "<SharedFlowBundle>tokens</SharedFlowBundle>");
        let caller = within("p", &(endpoint(&flow("", &["Call"])) + &call));
        let issues = shared_flow("tokens", &["Token"], &oauth("Token", PASSWORD));
        check(&(caller.clone() + &issues), &["error Token"]);
        check(&issues, &["error Token"]);
        let only = within(
            "p",
            &(endpoint(&flow("request.formparam.grant_type = \"client_credentials\"", &["Call"])) + &call),
        );
        check(&(only + &issues), &[]);
        let redeems = shared_flow("tokens", &["Refresh"], &oauth("Refresh", REFRESH));
        check(&(caller + &redeems + &within("q", &token(PASSWORD))), &[]);
    }

    #[test]
    fn a_shared_flow_for_refreshing_that_is_not_here_leaves_a_doubt() {
        let call = |name: &str| {
            let call = policy("Call", "FlowCallout", &format!("<SharedFlowBundle>{name}</SharedFlowBundle>"));
            endpoint(&(flow("request.verb = \"PUT\"", &["Call"]) + &flow("", &["Token"])))
                + &oauth("Token", PASSWORD)
                + &call
        };
        check(&call("refresh-tokens"), &["info Token"]);
        check(&call("cors"), &["error Token"]);
    }

    #[test]
    fn a_policy_without_operation_in_a_refresh_flow_redeems() {
        let refresh = "request.formparam.grant_type = \"refresh_token\"";
        let fixture = endpoint(&(flow(refresh, &["Any"]) + &flow("", &["Token"])))
            + &oauth("Token", PASSWORD)
            + &oauth("Any", "<GenerateResponse/>");
        check(&fixture, &[]);
    }

    /// A proxy whose steps stand in these parts of its endpoint, and a target endpoint with these steps.
    fn parts(parts: &str, target: &str) -> String {
        let route = "<RouteRule name=\"a\"><TargetEndpoint>a</TargetEndpoint></RouteRule>";
        let proxy = endpoint("").replace("<RouteRule name=\"none\"/>", &format!("{route}{parts}"));
        let connection = "<HTTPTargetConnection><URL>http://a</URL></HTTPTargetConnection>";
        proxy
            + &oauth("Token", &grants(&["client_credentials", "password"]))
            + &oauth("Refresh", REFRESH)
            + &policy("Wrong", "RaiseFault", "<FaultResponse/>")
            + &format!(
                "//- apiproxy/targets/a.xml\n<TargetEndpoint name=\"a\">{target}{connection}</TargetEndpoint>\n"
            )
    }

    fn part(name: &str, phase: &str, run: &[&str]) -> String {
        format!("<{name}><{phase}>{}</{phase}></{name}>", testing::steps(run))
    }

    #[test]
    fn every_part_of_a_proxy() {
        check(&parts(&part("PreFlow", "Request", &["Token"]), ""), &["error Token"]);
        check(&parts(&part("PostFlow", "Response", &["Token"]), ""), &["error Token"]);
        check(&parts("", &part("PreFlow", "Response", &["Token"])), &["error Token"]);
        let in_target = part("PreFlow", "Request", &["Refresh"]);
        check(
            &parts(
                &part("PreFlow", "Request", &["Token ? request.formparam.grant_type = \"password\""]),
                &in_target,
            ),
            &[],
        );
        let unrouted = parts(&part("PreFlow", "Request", &["Token"]), &in_target)
            .replace("<TargetEndpoint>a<", "<TargetEndpoint>b<");
        check(&unrouted, &["error Token"]);
        let rule = format!(
            "<FaultRules><FaultRule name=\"r\">{}</FaultRule></FaultRules>",
            testing::steps(&["Refresh"])
        );
        check(
            &parts(
                &(part("PreFlow", "Request", &["Token ? request.formparam.grant_type = \"password\""])
                    + &rule),
                "",
            ),
            &[],
        );
    }

    #[test]
    fn what_the_request_phase_refused_does_not_reach_the_response() {
        let refused = "Wrong ? request.formparam.grant_type != \"client_credentials\"";
        let before = part("PreFlow", "Request", &[refused]);
        check(&parts(&(before.clone() + &part("PostFlow", "Response", &["Token"])), ""), &[]);
        check(&parts(&before, &part("PostFlow", "Response", &["Token"])), &[]);
        let rewritten = policy(
            "Turn",
            "AssignMessage",
            "<Set><FormParams><FormParam name=\"grant_type\">password</FormParam></FormParams></Set>",
        );
        let turned = parts(
            &(before + &part("PostFlow", "Request", &["Turn"]) + &part("PostFlow", "Response", &["Token"])),
            "",
        );
        check(&(turned + &rewritten), &["error Token"]);
    }

    #[test]
    fn loose_policies() {
        let loose = |text: &str| text.replace("//- apiproxy/policies/", "//- ");
        check(&loose(&oauth("Token", PASSWORD)), &["error Token"]);
        check(&loose(&(oauth("Token", PASSWORD) + &oauth("Refresh", REFRESH))), &[]);
    }
}
