//! DeleteOAuthV2Info: deletes an access token with its refresh token, or a code (Apigee: "DeleteOAuthV2Info policy").

use crate::compile_context::CompileContext;
use crate::oauth::TextSource;
use crate::oauth::failure::{ACCESS_TOKEN_UNRESOLVED, CODE_UNRESOLVED, During, Failure};
use crate::oauth::report::Reporter;
use crate::registry::{Compiled, PolicyKind};
use dormouse_bundle::{InfoSubject, OAuthPolicy, Policy, oauth_policy};
use dormouse_flow::{Executable, Host, OutcomeFuture, Transaction, WaitingPolicy};
use dormouse_token::Kind;

/// See [`crate::registry`].
pub(crate) const KIND: PolicyKind = PolicyKind {
    tag: "DeleteOAuthV2Info",
    summary: "Deletes an access token with its refresh token, or a code.",
    failure_prefix: "oauthV2",
    may_continue: true,
    compile,
};

struct DeleteOAuthV2Info {
    reporter: Reporter,
    kind: Kind,
    value: TextSource,
}

fn compile(policy: &Policy, _: &CompileContext<'_>) -> Compiled {
    let (typed, problems) = oauth_policy(policy);
    let Some(OAuthPolicy::Delete(typed)) = typed else { return (None, problems) };
    let kind = if typed.subject == InfoSubject::AuthorizationCode { Kind::Code } else { Kind::Access };
    let compiled =
        DeleteOAuthV2Info { reporter: Reporter::new(policy), kind, value: TextSource::new(&typed.value) };
    (Some(Executable::Waiting(Box::new(compiled))), problems)
}

impl WaitingPolicy for DeleteOAuthV2Info {
    fn run<'a>(&'a self, transaction: &'a mut Transaction, host: &'a Host) -> OutcomeFuture<'a> {
        Box::pin(async move {
            let result = self.delete(transaction, host).await;
            self.reporter.outcome(transaction, result)
        })
    }
}

impl DeleteOAuthV2Info {
    async fn delete(&self, transaction: &Transaction, host: &Host) -> Result<(), Failure> {
        let row = if self.kind == Kind::Code { &CODE_UNRESOLVED } else { &ACCESS_TOKEN_UNRESOLVED };
        let value = self.value.read(transaction);
        let value = value.ok_or_else(|| Failure::about(row, self.value.variable()))?;
        let deleted = host.engine.delete(&value, self.kind).await;
        deleted.map_err(|error| Failure::from_engine(&error, During::LookUp(self.kind)))
    }
}
