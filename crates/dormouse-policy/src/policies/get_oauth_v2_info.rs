//! GetOAuthV2Info: reads what is known of an access token, refresh token, code or client. It validates nothing and changes
//! nothing (Apigee: "GetOAuthV2Info policy").

use crate::compile_context::CompileContext;
use crate::oauth::failure::{
    ACCESS_TOKEN_UNRESOLVED, CLIENT_ID_UNRESOLVED, CODE_UNRESOLVED, During, Failure,
    REFRESH_TOKEN_UNRESOLVED, Row,
};
use crate::oauth::report::Reporter;
use crate::oauth::view::{APPROVED, ClientFacts, TokenView, remaining};
use crate::oauth::{OwnedCall, TextSource, TokenVariables};
use crate::registry::{Compiled, PolicyKind};
use dormouse_bundle::{InfoSubject, OAuthPolicy, Policy, oauth_policy};
use dormouse_engine::{Error, LookedUp, Refusal};
use dormouse_entity::Unusable;
use dormouse_flow::{Executable, Host, OutcomeFuture, Text, Transaction, Value, WaitingPolicy};
use dormouse_token::Kind;

/// See [`crate::registry`].
pub(crate) const KIND: PolicyKind = PolicyKind {
    tag: "GetOAuthV2Info",
    summary: "Reads what is known of a token, code or client.",
    failure_prefix: "oauthV2",
    may_continue: true,
    compile,
};

struct GetOAuthV2Info {
    reporter: Reporter,
    subject: InfoSubject,
    value: TextSource,
    ignores_status: bool,
    /// Prefix of the variables.
    prefix: Text,
}

fn compile(policy: &Policy, _: &CompileContext<'_>) -> Compiled {
    let (typed, problems) = oauth_policy(policy);
    let Some(OAuthPolicy::Get(typed)) = typed else { return (None, problems) };
    let family = match typed.subject {
        InfoSubject::AccessToken => "oauthv2accesstoken",
        InfoSubject::AuthorizationCode => "oauthv2authcode",
        InfoSubject::ClientId => "oauthv2client",
        InfoSubject::RefreshToken => "oauthv2refreshtoken",
    };
    let compiled = GetOAuthV2Info {
        reporter: Reporter::new(policy),
        subject: typed.subject,
        value: TextSource::new(&typed.value),
        ignores_status: typed.ignore_access_token_status,
        prefix: format!("{family}.{}.", policy.name).into(),
    };
    (Some(Executable::Waiting(Box::new(compiled))), problems)
}

impl WaitingPolicy for GetOAuthV2Info {
    fn run<'a>(&'a self, transaction: &'a mut Transaction, host: &'a Host) -> OutcomeFuture<'a> {
        Box::pin(async move {
            let result = self.get(transaction, host).await;
            self.reporter.outcome(transaction, result)
        })
    }
}

impl GetOAuthV2Info {
    async fn get(&self, transaction: &mut Transaction, host: &Host) -> Result<(), Failure> {
        let value = self.value.read(transaction);
        let value = value.ok_or_else(|| Failure::about(self.unresolved(), self.value.variable()))?;
        match self.subject {
            InfoSubject::AccessToken => self.token(transaction, host, &value, Kind::Access).await,
            InfoSubject::RefreshToken => self.token(transaction, host, &value, Kind::Refresh).await,
            InfoSubject::AuthorizationCode => self.code(transaction, host, &value).await,
            InfoSubject::ClientId => self.client(transaction, host, &value),
        }
    }

    fn unresolved(&self) -> &'static Row {
        match self.subject {
            InfoSubject::AccessToken => &ACCESS_TOKEN_UNRESOLVED,
            InfoSubject::AuthorizationCode => &CODE_UNRESOLVED,
            InfoSubject::ClientId => &CLIENT_ID_UNRESOLVED,
            InfoSubject::RefreshToken => &REFRESH_TOKEN_UNRESOLVED,
        }
    }

    /// The reader's own call must be covered by a product of the token's client.
    async fn token(
        &self,
        transaction: &mut Transaction,
        host: &Host,
        token: &str,
        kind: Kind,
    ) -> Result<(), Failure> {
        let call = OwnedCall::of(transaction);
        let failed = |error: &Error| Failure::from_engine(error, During::LookUp(kind));
        let found = host.engine.look_up(token, kind, Some(&call.as_call())).await;
        let found = found.map_err(|error| failed(&error))?;
        if kind == Kind::Access && !self.ignores_status {
            alive(&found).map_err(|refusal| failed(&refusal.into()))?;
        }
        let facts = ClientFacts::find(&host.engine.directory(), &found.claims.client);
        let facts = facts.ok_or_else(|| failed(&Refusal::Client(Unusable::Unknown).into()))?;
        let context = (host.organization.clone(), host.clock.now());
        let view = TokenView::looked_up(token, found, facts, context);
        transaction.publish(Box::new(TokenVariables { prefix: self.prefix.clone(), view, is_new: false }));
        Ok(())
    }

    async fn code(&self, transaction: &mut Transaction, host: &Host, code: &str) -> Result<(), Failure> {
        let during = During::LookUp(Kind::Code);
        let found = host.engine.look_up(code, Kind::Code, None).await;
        let found = found.map_err(|error| Failure::from_engine(&error, during))?;
        let claims = &found.claims;
        // First the attributes, so that none of them takes the place of what the engine says.
        for (name, value) in found.attributes.iter() {
            self.note(transaction, name, value);
        }
        self.note(transaction, "code", code);
        self.note(transaction, "scope", claims.scope.to_string());
        self.note(transaction, "redirect_uri", claims.redirect_uri.as_deref());
        self.note(transaction, "client_id", &*claims.client);
        self.note(transaction, "app_enduser", claims.user.as_deref());
        self.note(transaction, "organization_id", "0");
        self.note(transaction, "organization_name", host.organization.clone());
        self.note(transaction, "issued_at", claims.issued_at.as_ms().to_string());
        self.note(transaction, "expires_in", remaining(claims.expires_at, host.clock.now()).to_string());
        self.note(transaction, "status", if found.status.is_ok() { APPROVED } else { "revoked" });
        Ok(())
    }

    fn client(&self, transaction: &mut Transaction, host: &Host, client_id: &str) -> Result<(), Failure> {
        let client = host.engine.identify(client_id);
        let client = client.map_err(|error| Failure::from_engine(&error, During::LookUpClient))?;
        let (app, developer) = (client.app(), client.developer());
        for (name, value) in app.attributes().iter() {
            self.note(transaction, name, value);
        }
        self.note(transaction, "client_id", client.id());
        self.note(transaction, "client_secret", client.credential().consumer_secret.expose());
        self.note(transaction, "redirection_uris", app.callback_url.as_deref().unwrap_or_default());
        self.note(transaction, "developer.email", developer.email.as_str());
        self.note(transaction, "developer.id", developer.developer_id.as_str());
        self.note(transaction, "developer.app.name", app.name.as_str());
        self.note(transaction, "developer.app.id", app.app_id.as_str());
        Ok(())
    }

    fn note(&self, transaction: &mut Transaction, name: &str, value: impl Into<Value>) {
        transaction.note(&format!("{}{name}", self.prefix).into(), value);
    }
}

/// Revoked goes before expired, since only the first says that somebody acted.
fn alive(found: &LookedUp) -> Result<(), Refusal> {
    found.status.map_err(Refusal::NotApproved)?;
    if found.expired { Err(Refusal::Expired) } else { Ok(()) }
}
