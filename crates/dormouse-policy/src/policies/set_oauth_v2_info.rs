//! SetOAuthV2Info: sets custom attributes of an access token (Apigee: "SetOAuthV2Info policy").

use crate::compile_context::CompileContext;
use crate::oauth::failure::{ACCESS_TOKEN_UNRESOLVED, ATTRIBUTE_UNRESOLVED, During, Failure};
use crate::oauth::report::Reporter;
use crate::oauth::view::{ClientFacts, TokenView};
use crate::oauth::{AttributeSources, TextSource, TokenVariables};
use crate::registry::{Compiled, PolicyKind};
use dormouse_bundle::{OAuthPolicy, Policy, oauth_policy};
use dormouse_flow::{Executable, Host, OutcomeFuture, Text, Transaction, WaitingPolicy};
use dormouse_token::Kind;

/// See [`crate::registry`].
pub(crate) const KIND: PolicyKind = PolicyKind {
    tag: "SetOAuthV2Info",
    summary: "Sets custom attributes of an access token.",
    failure_prefix: "oauthV2",
    may_continue: true,
    compile,
};

struct SetOAuthV2Info {
    reporter: Reporter,
    access_token: TextSource,
    attributes: AttributeSources,
    ignores_unresolved: bool,
    prefix: Text,
}

fn compile(policy: &Policy, _: &CompileContext<'_>) -> Compiled {
    let (typed, problems) = oauth_policy(policy);
    let Some(OAuthPolicy::Set(typed)) = typed else { return (None, problems) };
    let compiled = SetOAuthV2Info {
        reporter: Reporter::new(policy),
        access_token: TextSource::new(&typed.access_token),
        attributes: AttributeSources::new(&typed.attributes),
        ignores_unresolved: typed.ignore_unresolved_variables,
        prefix: format!("oauthv2accesstoken.{}.", policy.name).into(),
    };
    (Some(Executable::Waiting(Box::new(compiled))), problems)
}

impl WaitingPolicy for SetOAuthV2Info {
    fn run<'a>(&'a self, transaction: &'a mut Transaction, host: &'a Host) -> OutcomeFuture<'a> {
        Box::pin(async move {
            let result = self.set(transaction, host).await;
            self.reporter.outcome(transaction, result)
        })
    }
}

impl SetOAuthV2Info {
    async fn set(&self, transaction: &mut Transaction, host: &Host) -> Result<(), Failure> {
        let token = self.access_token.read(transaction);
        let token =
            token.ok_or_else(|| Failure::about(&ACCESS_TOKEN_UNRESOLVED, self.access_token.variable()))?;
        if !self.ignores_unresolved
            && let Some(variable) = self.attributes.unresolved(transaction)
        {
            return Err(Failure::about(&ATTRIBUTE_UNRESOLVED, variable));
        }
        let during = During::LookUp(Kind::Access);
        let edited = host.engine.edit(&token, &self.attributes.read(transaction)).await;
        let (claims, attributes) = edited.map_err(|error| Failure::from_engine(&error, during))?;
        let facts = ClientFacts::find(&host.engine.directory(), &claims.client);
        // The client may be deleted in the same moment; the edit was made, but there is nobody to tell about.
        let Some(facts) = facts else { return Ok(()) };
        let mut view = TokenView::of_claims(claims, facts, host.organization.clone(), host.clock.now());
        view.access_token = Some((*token).to_owned());
        view.attributes = attributes;
        transaction.publish(Box::new(TokenVariables { prefix: self.prefix.clone(), view, is_new: false }));
        Ok(())
    }
}
