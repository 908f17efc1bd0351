//! Lines to paste: a curl call for each flow of the served bundles that issues tokens, read off its condition and its policy.

use dormouse_bundle::{
    Bundle, Condition, Flow, Grant, Located, OAuthPolicy, OAuthV2, Operand, Operation, Operator, oauth_policy,
};
use std::path::Path;

/// A client to put into the lines.
pub(crate) struct Credentials<'a> {
    pub(crate) key: &'a str,
    pub(crate) secret: &'a str,
}

/// Where the lines go.
pub(crate) struct At<'a> {
    /// `http://HOST:PORT` or `https://HOST:PORT`.
    pub(crate) origin: &'a str,
    /// The certificate to trust there, if it is not one that everybody trusts.
    pub(crate) certificate: Option<&'a Path>,
}

/// One line for each flow that issues tokens to a client that authenticates; those that need a refresh token come last.
pub(crate) fn curl_lines(bundles: &[Bundle], at: &At<'_>, client: &Credentials<'_>) -> Vec<String> {
    let trust = at.certificate.map(|path| format!("--cacert '{}' ", path.display())).unwrap_or_default();
    let curl = format!("curl {trust}-u '{}:{}'", client.key, client.secret);
    let mut lines = Vec::new();
    for bundle in bundles {
        for endpoint in &bundle.proxies {
            let base = format!("{}{}", at.origin, endpoint.base_path.value.trim_end_matches('/'));
            let flows = [&endpoint.flows.pre_flow, &endpoint.flows.post_flow];
            for flow in endpoint.flows.conditional.iter().chain(flows) {
                lines.extend(line(bundle, flow, &base, &curl));
            }
        }
    }
    lines.sort_by_key(|line: &String| line.contains(REFRESH_PLACE));
    lines
}

fn line(bundle: &Bundle, flow: &Flow, base: &str, curl: &str) -> Option<String> {
    let policy = flow.request.iter().find_map(|step| token_policy(bundle, &step.policy.value))?;
    let mut facts = Facts::default();
    let condition = flow.condition.as_ref().and_then(|source| source.parsed.as_ref().ok());
    if let Some(condition) = condition {
        facts.learn(condition);
    }
    let mut parameters = parameters(&policy, &facts)?;
    for fact in facts.parameters {
        if !parameters.iter().any(|known| known.place == fact.place && known.name == fact.name) {
            parameters.push(fact);
        }
    }
    let path = facts.path.unwrap_or_default().replace("**", "").replace('*', "x");
    let of = |place: Place| parameters.iter().filter(move |parameter| parameter.place == place);
    let query: Vec<String> = of(Place::Query).map(|it| format!("{}={}", it.name, it.value)).collect();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    let mut options: Vec<String> =
        of(Place::Header).map(|it| format!("-H '{}: {}'", it.name, it.value)).collect();
    options.extend(of(Place::Form).map(|it| format!("-d '{}={}'", it.name, it.value)));
    if of(Place::Form).next().is_none() {
        options.push("-X POST".to_owned());
    }
    Some(format!("{curl} {} '{base}{path}{query}'", options.join(" ")))
}

fn token_policy(bundle: &Bundle, name: &str) -> Option<OAuthV2> {
    let policy = bundle.policy(name).filter(|policy| policy.enabled)?;
    match oauth_policy(policy).0? {
        OAuthPolicy::OAuthV2(policy) => {
            let operation = policy.operation.value;
            matches!(operation, Operation::GenerateAccessToken | Operation::RefreshAccessToken)
                .then_some(*policy)
        }
        _ => None,
    }
}

/// Where a request carries a parameter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Form,
    Header,
    Query,
}

/// A parameter of a request.
struct Parameter {
    place: Place,
    name: String,
    value: String,
}

impl Parameter {
    /// The parameter that a flow variable reads; none if the variable is not a part of the request.
    fn read_by(variable: &str, value: &str) -> Option<Self> {
        let (place, name) =
            PREFIXES.iter().find_map(|(prefix, place)| Some((*place, variable.strip_prefix(prefix)?)))?;
        Some(Self { place, name: name.to_owned(), value: value.to_owned() })
    }
}

/// What the token request must carry, by its grant, where the policy reads it. What the proxy provides by itself is left out.
fn parameters(policy: &OAuthV2, facts: &Facts) -> Option<Vec<Parameter>> {
    let grant_type = (&policy.grant_type, "request.formparam.grant_type");
    let code = (&policy.code, "request.formparam.code");
    let refresh_token = (&policy.refresh_token, "request.formparam.refresh_token");
    let user_name = (&policy.user_name, "request.formparam.username");
    let password = (&policy.password, "request.formparam.password");
    let pairs = if policy.operation.value == Operation::RefreshAccessToken {
        vec![(grant_type, "refresh_token"), (refresh_token, REFRESH_PLACE)]
    } else {
        let wanted = Parameter::read_by(variable(grant_type), "").and_then(|it| facts.value(&it));
        let supported = policy.grants();
        let grant = supported.iter().find(|grant| wanted.is_none_or(|wanted| wanted == grant.as_str()))?;
        let mut pairs = vec![(grant_type, grant.as_str())];
        match grant {
            Grant::AuthorizationCode => pairs.push((code, "CODE")),
            Grant::ClientCredentials => {}
            Grant::Password => pairs.extend([(user_name, "ann"), (password, "secret")]),
            Grant::Implicit => return None,
        }
        pairs
    };
    let read = |(locator, value)| Parameter::read_by(variable(locator), value);
    Some(pairs.into_iter().filter_map(read).collect())
}

/// The variable that an element of a policy names, or its default.
fn variable<'a>((element, default): (&'a Option<Located<String>>, &'a str)) -> &'a str {
    element.as_ref().map_or(default, |element| &element.value)
}

/// What a condition demands of a request, as far as it is a conjunction of plain tests.
#[derive(Default)]
struct Facts {
    path: Option<String>,
    parameters: Vec<Parameter>,
}

impl Facts {
    fn learn(&mut self, condition: &Condition) {
        match condition {
            Condition::And(parts) => parts.iter().for_each(|part| self.learn(part)),
            Condition::Compare {
                left: Operand::Variable(variable),
                operator,
                right: Operand::Text(text),
                ..
            } => {
                self.learn_comparison(variable, *operator, text);
            }
            _ => {}
        }
    }

    fn learn_comparison(&mut self, variable: &str, operator: Operator, text: &str) {
        let equal = matches!(operator, Operator::Equals | Operator::EqualsCaseInsensitive);
        if variable == "proxy.pathsuffix" && (equal || operator == Operator::MatchesPath) {
            self.path = Some(text.to_owned());
        }
        if let Some(parameter) = Parameter::read_by(variable, text).filter(|_| equal) {
            self.parameters.push(parameter);
        }
    }

    /// What a parameter has to be.
    fn value(&self, of: &Parameter) -> Option<&str> {
        let mut known = self.parameters.iter();
        known.find(|it| it.place == of.place && it.name == of.name).map(|it| it.value.as_str())
    }
}

/// What people replace by a token.
const REFRESH_PLACE: &str = "REFRESH_TOKEN";

/// Variables that are parameters of the request.
const PREFIXES: &[(&str, Place)] = &[
    ("request.formparam.", Place::Form),
    ("request.header.", Place::Header),
    ("request.queryparam.", Place::Query),
];

#[cfg(test)]
mod tests {
    use super::*;
    use dormouse_bundle::{BundleSource, load};

    fn at(origin: &str) -> At<'_> {
        At { origin, certificate: None }
    }

    #[test]
    fn the_demos_bundle_gives_a_line_for_each_grant() {
        let source = BundleSource::parse(concat!(env!("CARGO_MANIFEST_DIR"), "/demo")).unwrap();
        let (bundles, problems) = load(&source);
        assert!(problems.is_empty());
        let lines =
            curl_lines(&bundles, &at("http://127.0.0.1:8080"), &Credentials { key: "k", secret: "s" });
        assert_eq!(
            lines,
            [
                "curl -u 'k:s' -d 'grant_type=password' -d 'username=ann' -d 'password=secret' \
                 'http://127.0.0.1:8080/demo/token'",
                "curl -u 'k:s' -d 'grant_type=refresh_token' -d 'refresh_token=REFRESH_TOKEN' \
                 'http://127.0.0.1:8080/demo/token'",
            ]
        );
    }

    #[test]
    fn each_parameter_goes_where_its_policy_reads_it() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = directory.path().join("apiproxy").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write(
            "proxies/default.xml",
            r#"<ProxyEndpoint name="default"><Flows>
                <Flow name="a"><Condition>proxy.pathsuffix MatchesPath "/a" and request.header.v = "2"</Condition>
                    <Request><Step><Name>Refresh</Name></Step></Request></Flow>
                <Flow name="b"><Condition>proxy.pathsuffix = "/b" and request.queryparam.g = "password"</Condition>
                    <Request><Step><Name>Issue</Name></Step></Request></Flow>
                </Flows><HTTPProxyConnection><BasePath>/x</BasePath></HTTPProxyConnection></ProxyEndpoint>"#,
        );
        write(
            "policies/Refresh.xml",
            r#"<OAuthV2 name="Refresh"><Operation>RefreshAccessToken</Operation>
                <GrantType>request.queryparam.grant_type</GrantType></OAuthV2>"#,
        );
        write(
            "policies/Issue.xml",
            r#"<OAuthV2 name="Issue"><Operation>GenerateAccessToken</Operation>
                <GrantType>request.queryparam.g</GrantType><UserName>request.header.user</UserName>
                <PassWord>checked.password</PassWord><SupportedGrantTypes><GrantType>client_credentials</GrantType>
                <GrantType>password</GrantType></SupportedGrantTypes></OAuthV2>"#,
        );
        let (bundles, _) = load(&BundleSource::parse(directory.path().to_str().unwrap()).unwrap());
        assert_eq!(
            curl_lines(&bundles, &at("http://h"), &Credentials { key: "k", secret: "s" }),
            [
                "curl -u 'k:s' -H 'user: ann' -X POST 'http://h/x/b?g=password'",
                "curl -u 'k:s' -H 'v: 2' -d 'refresh_token=REFRESH_TOKEN' 'http://h/x/a?grant_type=refresh_token'",
            ]
        );
    }
}
