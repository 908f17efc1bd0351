//! VerifyAPIKey: lets a call pass whose API key is alive and has a product that covers the call (Apigee: "VerifyAPIKey
//! policy").

use crate::compile_context::CompileContext;
use crate::configuration::{TextOrVariable, refused, warn_unknown, warn_without_effect};
use crate::oauth::OwnedCall;
use crate::oauth::api_key::{API_KEY_UNRESOLVED, ApiKeyVariables, refusal, uncovered};
use crate::oauth::failure::{During, Failure};
use crate::oauth::report::Reporter;
use crate::registry::{Compiled, PolicyKind};
use dormouse_bundle::Policy;
use dormouse_engine::{Error, Refusal};
use dormouse_entity::match_product;
use dormouse_flow::{Executable, Host, OutcomeFuture, Text, Transaction, WaitingPolicy};
use std::sync::Arc;

/// See [`crate::registry`].
pub(crate) const KIND: PolicyKind = PolicyKind {
    tag: "VerifyAPIKey",
    summary: "Lets a call pass whose API key is alive and covers it.",
    failure_prefix: "oauthV2",
    may_continue: true,
    compile,
};

struct VerifyApiKey {
    reporter: Reporter,
    key: TextOrVariable,
    /// `verifyapikey.P.`
    prefix: Text,
    /// `verifyapikey.P.failed`
    failed: Text,
}

fn compile(policy: &Policy, _: &CompileContext<'_>) -> Compiled {
    let mut problems = Vec::new();
    warn_unknown(&policy.element, &["APIKey", "CacheExpiryInSeconds"], &mut problems);
    let reason = "what a key may do is kept in memory and follows every change by itself";
    warn_without_effect(&policy.element, &[("CacheExpiryInSeconds", reason)], &mut problems);
    let Some(key) = TextOrVariable::of_child(&policy.element, "APIKey") else {
        let problem = refused(
            "missing-api-key",
            policy,
            "SpecifyValueOrRefApiKey",
            "APIKey names neither a variable nor a key",
        );
        problems.push(problem.help("write <APIKey ref=\"request.queryparam.apikey\"/>"));
        return (None, problems);
    };
    let prefix = format!("verifyapikey.{}.", policy.name);
    let failed = format!("{prefix}failed").into();
    let compiled = VerifyApiKey { reporter: Reporter::new(policy), key, prefix: prefix.into(), failed };
    (Some(Executable::Waiting(Box::new(compiled))), problems)
}

impl WaitingPolicy for VerifyApiKey {
    fn run<'a>(&'a self, transaction: &'a mut Transaction, host: &'a Host) -> OutcomeFuture<'a> {
        Box::pin(async move {
            let result = self.verify(transaction, host).await;
            transaction.note(&self.failed, result.is_err());
            self.reporter.outcome(transaction, result)
        })
    }
}

impl VerifyApiKey {
    async fn verify(&self, transaction: &mut Transaction, host: &Host) -> Result<(), Failure> {
        let key = self.key.read(transaction).filter(|key| !key.is_empty());
        let key = key.ok_or_else(|| Failure::about(&API_KEY_UNRESOLVED, self.key.variable_name()))?;
        let client = host.engine.verify_key(&key).await.map_err(|error| match error {
            Error::Refused(Refusal::Client(unusable)) => Failure::of(refusal(unusable)),
            other => Failure::from_engine(&other, During::Verify),
        })?;
        let (call, directory) = (OwnedCall::of(transaction), host.engine.directory());
        let matched = match_product(client.products(), &call.as_call());
        let product = matched.and_then(|matched| directory.product(matched.product.name.as_str()));
        let product =
            product.map(Arc::clone).ok_or_else(|| Failure::of(uncovered(&client, &call.as_call())))?;
        transaction.publish(Box::new(ApiKeyVariables::new(
            self.prefix.clone(),
            client,
            (product, call),
            directory,
        )));
        Ok(())
    }
}
