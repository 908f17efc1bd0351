//! OAU017: a literal stands where Apigee reads a flow variable ("OAuthV2 policy": most elements name variables).

use crate::analysis::program::Program;
use crate::analysis::unit::Unit;
use crate::fix::replace;
use crate::rule::{Rule, Touch, finding};
use crate::uses::unreadable_script;
use dormouse_bundle::{Level, OAuthV2, Problem};
use dormouse_report::{Finding, RuleInfo};

/// The rule.
pub(crate) static RULE: Rule = Rule { info: INFO, check };

fn check(rule: &'static RuleInfo, program: &Program<'_>, unit: usize) -> Vec<Finding> {
    let Some(home) = program.units.get(unit) else { return Vec::new() };
    let mut findings = Vec::new();
    for (typed, attached) in home.policies.iter().zip(&home.attached) {
        if !typed.policy.enabled || !*attached && home.has_flows() {
            continue;
        }
        for problem in typed.problems.iter().filter(|problem| tells(problem)) {
            let Some(span) = problem.span.clone() else { continue };
            let is_misspelled = problem.code != NOT_A_VARIABLE;
            let message = if is_misspelled { MISSPELLED.to_owned() } else { problem.message.clone() };
            let fix = is_misspelled.then(|| replace_name(typed.policy, &span)).flatten();
            let found = finding(rule, span, message).fix(fix);
            let help = if is_misspelled {
                "write PassWord"
            } else {
                "write the bare name, such as request.formparam.code"
            };
            findings.push(found.help(help));
        }
        let found = typed.oauth_v2().and_then(|policy| literal(rule, home, policy));
        findings.extend(found.map(|found| match unreadable_script(program, unit) {
            Some(script) => {
                found.level(Level::Warning).related(script, "unless this code makes a variable of that name")
            }
            None => found,
        }));
    }
    findings
}

/// Whether a problem of typing a policy is this rule's to tell.
pub(crate) fn tells(problem: &Problem) -> bool {
    let marked = problem.span.as_ref().and_then(|span| span.file.text.get(span.range.clone()));
    problem.code == NOT_A_VARIABLE || problem.code == "unknown-element" && marked == Some("Password")
}

/// Both tags of a misspelled element.
fn replace_name(
    policy: &dormouse_bundle::Policy,
    span: &dormouse_bundle::Span,
) -> Option<dormouse_report::Fix> {
    let element = policy.element.elements().find(|element| element.name_span == *span)?;
    let text = element.span.file.text.get(element.span.range.clone())?;
    let corrected = text.replace("<Password", "<PassWord").replace("</Password", "</PassWord");
    Some(replace("write PassWord", false, &element.span, &corrected))
}

/// A grant or response type written out, unless some policy makes a variable of that name.
fn literal(rule: &'static RuleInfo, home: &Unit<'_>, policy: &OAuthV2) -> Option<Finding> {
    let known = [(&policy.grant_type, GRANT_TYPES), (&policy.response_type, RESPONSE_TYPES)];
    let (written, _) = known.into_iter().find_map(|(value, literals)| {
        value.as_ref().filter(|value| literals.contains(&value.value.as_str())).map(|value| (value, literals))
    })?;
    let quoted = [format!(">{}<", written.value), format!("\"{}\"", written.value)];
    let names_variable = |text: &str| {
        quoted.iter().any(|name| {
            text.contains(&format!("<Name{name}/Name>")) || text.contains(&format!("<Variable name={name}"))
        })
    };
    let scripts = home.bundle.resources.iter().filter_map(|script| std::str::from_utf8(&script.bytes).ok());
    let is_made = scripts
        .into_iter()
        .any(|text| QUOTES.iter().any(|quote| text.contains(&format!("{quote}{}{quote}", written.value))));
    if is_made || home.bundle.files.iter().any(|file| names_variable(&file.text)) {
        return None;
    }
    let message =
        format!("`{}` is read as the name of a flow variable, not as the value itself", written.value);
    Some(finding(rule, written.span.clone(), message).help(HELP))
}

const QUOTES: [char; 2] = ['"', '\''];
const NOT_A_VARIABLE: &str = "not-a-variable";
const MISSPELLED: &str =
    "Apigee's element is PassWord; this one is not read, and the password is taken from the form";
const HELP: &str = "name the variable that holds it, such as request.formparam.grant_type, or assign the literal to a \
                    variable first";
const GRANT_TYPES: &[&str] =
    &["authorization_code", "client_credentials", "implicit", "password", "refresh_token"];
const RESPONSE_TYPES: &[&str] = &["code", "token"];

const INFO: RuleInfo = RuleInfo {
    code: "OAU017",
    name: "literal-where-variable",
    level: Level::Error,
    summary: "a literal stands where a flow variable is read",
    what: "GrantType or ResponseType holds a grant or response type itself; an element that names a variable has blanks, quotes or braces; Password is written for PassWord. Literals are fine in SupportedGrantTypes and Attributes. A variable that really has such a name is left alone; where code is attached that cannot be read and may make one, it is a warning.",
    why: "The variable does not exist, so that every request fails, or Apigee quietly falls back to another place.",
    bad: "<GrantType>password</GrantType>",
    good: "<GrantType>request.formparam.grant_type</GrantType>",
    when_to_suppress: "When a script makes a variable of exactly that name.",
    link: "https://docs.cloud.google.com/apigee/docs/api-platform/reference/policies/oauthv2-policy",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, PASSWORD, endpoint, flow, oauth, policy};

    #[track_caller]
    fn check(more: &str, policies: &str, expected: &[&str]) {
        let fixture =
            endpoint(&flow("", &["Token"])) + &oauth("Token", &format!("{PASSWORD}{more}")) + policies;
        testing::check(&RULE, &fixture, expected);
    }

    #[test]
    fn literals() {
        check("<GrantType>password</GrantType>", "", &["error Token"]);
        check("<UserName>{request.formparam.user}</UserName>", "", &["error Token"]);
        check("<Password>request.formparam.secret</Password>", "", &["error Token"]);
        check("<Scope>READ WRITE</Scope>", "", &["error Token"]);
    }

    #[test]
    fn variables() {
        check("<GrantType>flow.grant</GrantType>", "", &[]);
        check("<ClientId>client_id</ClientId><UserName>sub</UserName>", "", &[]);
        let assign = "<AssignVariable><Name>password</Name><Value>password</Value></AssignVariable>";
        check("<GrantType>password</GrantType>", &policy("Set", "AssignMessage", assign), &[]);
        check("<PassWord>request.formparam.secret</PassWord>", "", &[]);
        let code = "//- apiproxy/resources/jsc/a.js\ncontext.setVariable('password', 'password');\n";
        check("<GrantType>password</GrantType>", code, &[]);
    }

    #[test]
    fn code_that_cannot_be_read_leaves_a_doubt() {
        let script = policy("Other", "Javascript", "<ResourceURL>jsc://unread.js</ResourceURL>");
        let fixture = endpoint(&flow("", &["Other", "Token"]))
            + &oauth("Token", &format!("{PASSWORD}<GrantType>password</GrantType>"))
            + &script;
        testing::check(&RULE, &fixture, &["warning Token"]);
    }
}
