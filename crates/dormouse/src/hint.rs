//! Lines to paste: a curl call for each flow of the served bundles that issues tokens, read off its condition and its policy.

use dormouse_bundle::{
    Bundle, Condition, Flow, Grant, OAuthPolicy, OAuthV2, Operand, Operation, Operator, oauth_policy,
};

/// A client to put into the lines.
pub(crate) struct Credentials<'a> {
    pub(crate) key: &'a str,
    pub(crate) secret: &'a str,
}

/// One line for each flow that issues tokens to a client that authenticates; those that need a refresh token come last.
pub(crate) fn curl_lines(bundles: &[Bundle], authority: &str, client: &Credentials<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for bundle in bundles {
        for endpoint in &bundle.proxies {
            let base = format!("http://{authority}{}", endpoint.base_path.value.trim_end_matches('/'));
            let flows = [&endpoint.flows.pre_flow, &endpoint.flows.post_flow];
            for flow in endpoint.flows.conditional.iter().chain(flows) {
                lines.extend(line(bundle, flow, &base, client));
            }
        }
    }
    lines.sort_by_key(|line: &String| line.contains(REFRESH_PLACE));
    lines
}

fn line(bundle: &Bundle, flow: &Flow, base: &str, client: &Credentials<'_>) -> Option<String> {
    let policy = flow.request.iter().find_map(|step| token_policy(bundle, &step.policy.value))?;
    let mut facts = Facts::default();
    let condition = flow.condition.as_ref().and_then(|source| source.parsed.as_ref().ok());
    if let Some(condition) = condition {
        facts.learn(condition);
    }
    let mut parameters = parameters(&policy, &facts)?;
    parameters.extend(facts.parameters.into_iter().filter(|(name, _)| name != "grant_type"));
    let in_query = policy.grant_type.as_ref().is_some_and(|it| it.value.starts_with("request.queryparam."));
    let path = facts.path.unwrap_or_default().replace("**", "").replace('*', "x");
    let pairs: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let credentials = format!("-u '{}:{}'", client.key, client.secret);
    Some(if in_query {
        format!("curl {credentials} -X POST '{base}{path}?{}'", pairs.join("&"))
    } else {
        let data: Vec<String> = pairs.iter().map(|pair| format!("-d '{pair}'")).collect();
        format!("curl {credentials} {} '{base}{path}'", data.join(" "))
    })
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

/// What the token request must carry, by its grant.
fn parameters(policy: &OAuthV2, facts: &Facts) -> Option<Vec<(String, String)>> {
    let pairs = |pairs: &[(&str, &str)]| {
        Some(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    };
    if policy.operation.value == Operation::RefreshAccessToken {
        return pairs(&[("grant_type", "refresh_token"), ("refresh_token", REFRESH_PLACE)]);
    }
    let wanted =
        facts.parameters.iter().find(|(name, _)| name == "grant_type").map(|(_, value)| value.as_str());
    let supported = policy.grants();
    let grant = supported.iter().find(|grant| wanted.is_none_or(|wanted| wanted == grant.as_str()))?;
    match grant {
        Grant::AuthorizationCode => pairs(&[("grant_type", "authorization_code"), ("code", "CODE")]),
        Grant::ClientCredentials => pairs(&[("grant_type", "client_credentials")]),
        Grant::Password => pairs(&[("grant_type", "password"), ("username", "ann"), ("password", "secret")]),
        Grant::Implicit => None,
    }
}

/// What a condition demands of a request, as far as it is a conjunction of plain tests.
#[derive(Default)]
struct Facts {
    path: Option<String>,
    parameters: Vec<(String, String)>,
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
        if let Some(name) = variable.strip_prefix("request.formparam.").filter(|_| equal) {
            self.parameters.push((name.to_owned(), text.to_owned()));
        }
    }
}

/// What people replace by a token.
const REFRESH_PLACE: &str = "REFRESH_TOKEN";

#[cfg(test)]
mod tests {
    use super::*;
    use dormouse_bundle::{BundleSource, load};

    #[test]
    fn the_demos_bundle_gives_a_line_for_each_grant() {
        let source = BundleSource::parse(concat!(env!("CARGO_MANIFEST_DIR"), "/demo")).unwrap();
        let (bundles, problems) = load(&source);
        assert!(problems.is_empty());
        let lines = curl_lines(&bundles, "127.0.0.1:8080", &Credentials { key: "k", secret: "s" });
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
}
