//! The names of policies as the sources of tokens: every token seals which one issued it, and the audit tells the names.

use aws_lc_rs::digest::{SHA256, digest};
use dormouse_bundle::{Bundle, OAuthPolicy, oauth_policy};
use dormouse_token::SourceId;

/// The source that a policy of a bundle is.
pub(crate) fn source_of(bundle: &str, policy: &str) -> SourceId {
    let hash = digest(&SHA256, name_of(bundle, policy).as_bytes());
    let mut id = [0; 8];
    for (own, byte) in id.iter_mut().zip(hash.as_ref()) {
        *own = *byte;
    }
    SourceId(id)
}

/// Every policy of a bundle that issues tokens, as `proxy/policy`, to be registered when the bundle is deployed.
pub fn token_sources(bundle: &Bundle) -> Vec<(SourceId, String)> {
    let issues = |policy: &&dormouse_bundle::Policy| matches!(oauth_policy(policy).0, Some(OAuthPolicy::OAuthV2(typed)) if typed.operation.value.issues());
    let source = |policy: &dormouse_bundle::Policy| {
        (source_of(&bundle.name, &policy.name), name_of(&bundle.name, &policy.name))
    };
    bundle.policies.iter().filter(issues).map(source).collect()
}

fn name_of(bundle: &str, policy: &str) -> String {
    format!("{bundle}/{policy}")
}
