//! `UseQuotaConfigInAPIProduct`: the limits of the API product that an earlier step found, and what holds when it has
//! none (Apigee: "Quota policy").

use crate::quota::limits::Limits;
use dormouse_bundle::{Element, Policy};
use dormouse_flow::{Transaction, Variable};

/// Where the quota of a product is found once the step ran. VerifyAPIKey prefixes its variables, VerifyAccessToken does
/// not.
pub(crate) struct ProductQuota {
    /// False once the step ran successfully.
    failed: Variable,
    prefixed: Limits,
    bare: Limits,
}

impl ProductQuota {
    /// Reads `UseQuotaConfigInAPIProduct`. Older generators write the name of the step as text.
    pub(crate) fn compile(policy: &Policy) -> Option<Self> {
        let element = policy.element.element("UseQuotaConfigInAPIProduct")?;
        let text = element.text();
        let step = element.attribute_value("stepName").unwrap_or(text.as_str()).trim();
        let limits = |prefix: &str| {
            let variable = |member: &str| format!("{prefix}apiproduct.developer.quota.{member}");
            Limits::of_variables(&variable("limit"), &variable("interval"), &variable("timeunit"))
        };
        Some(Self {
            failed: Variable::parse(&format!("oauthV2.{step}.failed")),
            prefixed: limits(&format!("verifyapikey.{step}.")),
            bare: limits(""),
        })
    }

    /// `DefaultConfig`, if there is one.
    pub(crate) fn defaults(policy: &Policy) -> Option<&Element> {
        policy.element.element("UseQuotaConfigInAPIProduct")?.element("DefaultConfig")
    }

    /// The limits of the product; nothing if the step did not run, or the product has no quota.
    pub(crate) fn limits(&self, transaction: &Transaction) -> Option<&Limits> {
        if transaction.read(&self.failed).as_bool() != Some(false) {
            return None;
        }
        [&self.prefixed, &self.bare].into_iter().find(|limits| limits.is_resolved(transaction))
    }
}
