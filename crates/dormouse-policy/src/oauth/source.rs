//! The names of policies as the sources of tokens: every token seals which one issued it, and the audit tells the names.

use dormouse_bundle::{Bundle, OAuthPolicy, Policy, oauth_policy};
use dormouse_engine::source_id;
use dormouse_token::SourceId;

/// The source that a policy of a bundle is.
pub(crate) fn source_of(bundle: &str, policy: &str) -> SourceId {
    source_id(&name_of(bundle, policy))
}

/// Every policy of a bundle that begins families of tokens, as `proxy/policy`, to be registered when the bundle is deployed.
pub fn token_sources(bundle: &Bundle) -> Vec<(SourceId, String)> {
    let issues = |policy: &&Policy| match oauth_policy(policy).0 {
        Some(OAuthPolicy::OAuthV2(typed)) => {
            typed.operation.value.issues() && !typed.operation.value.refreshes()
        }
        _ => false,
    };
    let source =
        |policy: &Policy| (source_of(&bundle.name, &policy.name), name_of(&bundle.name, &policy.name));
    bundle.policies.iter().filter(issues).map(source).collect()
}

fn name_of(bundle: &str, policy: &str) -> String {
    format!("{bundle}/{policy}")
}
