//! A bundle made ready for analysis: its policies by name, the OAuth policies typed.

use dormouse_bundle::{Bundle, BundleKind, Grant, OAuthPolicy, OAuthV2, Policy, Problem, Step, oauth_policy};
use std::collections::HashMap;

/// A bundle with its policies typed.
pub(crate) struct Unit<'a> {
    pub(crate) bundle: &'a Bundle,
    pub(crate) policies: Vec<Typed<'a>>,
    by_name: HashMap<&'a str, usize>,
    /// Policies that an enabled or disabled step runs, by number.
    pub(crate) attached: Vec<bool>,
}

/// A policy and, if it is one of the five OAuth policies, its configuration.
pub(crate) struct Typed<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) oauth: Option<OAuthPolicy>,
    pub(crate) problems: Vec<Problem>,
}

impl<'a> Unit<'a> {
    pub(crate) fn new(bundle: &'a Bundle) -> Self {
        let mut by_name = HashMap::new();
        let mut policies = Vec::new();
        for (number, policy) in bundle.policies.iter().enumerate() {
            by_name.entry(policy.name.as_str()).or_insert(number);
            let (oauth, problems) = oauth_policy(policy);
            policies.push(Typed { policy, oauth, problems });
        }
        let mut unit = Self { bundle, attached: vec![false; policies.len()], policies, by_name };
        let names: Vec<usize> = unit.all_steps().iter().filter_map(|step| unit.number(step)).collect();
        for number in names {
            if let Some(attached) = unit.attached.get_mut(number) {
                *attached = true;
            }
        }
        unit
    }

    /// The number of the policy that a step runs; `None` if the bundle has no readable one of that name.
    pub(crate) fn number(&self, step: &Step) -> Option<usize> {
        self.by_name.get(step.policy.value.as_str()).copied()
    }

    /// Whether the bundle has flows at all. One without is a folder of policies that are attached elsewhere.
    pub(crate) fn has_flows(&self) -> bool {
        let bundle = self.bundle;
        !(bundle.proxies.is_empty() && bundle.targets.is_empty() && bundle.shared_flows.is_empty())
    }

    pub(crate) fn is_shared_flow(&self) -> bool {
        self.bundle.kind == BundleKind::SharedFlow
    }

    fn all_steps(&self) -> Vec<&'a Step> {
        self.bundle.steps()
    }
}

impl Typed<'_> {
    /// The configuration, if it is an OAuthV2 policy.
    pub(crate) fn oauth_v2(&self) -> Option<&OAuthV2> {
        match &self.oauth {
            Some(OAuthPolicy::OAuthV2(policy)) => Some(policy),
            _ => None,
        }
    }

    /// Whether the policy redeems refresh tokens.
    pub(crate) fn redeems(&self) -> bool {
        self.oauth_v2().is_some_and(|policy| policy.operation.value.refreshes())
    }

    /// Whether the policy can issue or import a refresh token that is stored.
    pub(crate) fn can_issue_refresh_token(&self) -> bool {
        self.oauth_v2().is_some_and(|policy| {
            let operation = policy.operation.value;
            operation.generates_token()
                && is_stored(policy)
                && (policy.external_refresh_token.is_some()
                    || policy.grants().into_iter().any(Grant::yields_refresh_token))
        })
    }
}

/// Whether the tokens that the policy makes are stored.
pub(crate) fn is_stored(policy: &OAuthV2) -> bool {
    let imports = policy.external_access_token.is_some() || policy.external_refresh_token.is_some();
    match &policy.store_token {
        Some(store) => store.value,
        None => !(policy.is_external() && imports),
    }
}

/// The variable that holds the grant type.
pub(crate) fn grant_variable(policy: &OAuthV2) -> &str {
    policy.grant_type.as_ref().map_or("request.formparam.grant_type", |variable| variable.value.as_str())
}
