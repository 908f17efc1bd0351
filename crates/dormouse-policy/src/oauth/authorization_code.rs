//! GenerateAuthorizationCode: issues a code and sends the browser back with it (Apigee: OAuthV2; RFC 6749 §4.1).

use crate::oauth::browser::{BrowserRequest, BrowserSource, with_query};
use crate::oauth::failure::{CODE_UNRESOLVED, During, Failure};
use crate::oauth::inputs::{AttributeSources, LifetimeSource, optional, variable};
use crate::oauth::output::Output;
use crate::oauth::storing::{CODE_LENGTH, Storing, random_text};
use dormouse_bundle::OAuthV2;
use dormouse_engine::CodeRequest;
use dormouse_flow::{Host, Text, Transaction, Variable};
use dormouse_token::{FrontEnd, SourceId};
use std::time::Duration;

/// The compiled operation.
pub(crate) struct GenerateAuthorizationCode {
    browser: BrowserSource,
    attributes: AttributeSources,
    lifetime: LifetimeSource,
    external: Option<Variable>,
    storing: Storing,
    source: SourceId,
    output: Output,
    names: Names,
}

/// The variables that the operation sets.
struct Names {
    code: Text,
    redirect_uri: Text,
    scope: Text,
    client_id: Text,
}

impl GenerateAuthorizationCode {
    /// Compiles the operation of a policy.
    pub(crate) fn new(policy: &str, typed: &OAuthV2, source: SourceId) -> Self {
        let name = |suffix: &str| Text::from(format!("oauthv2authcode.{policy}.{suffix}"));
        Self {
            browser: BrowserSource::new(typed, "code"),
            attributes: AttributeSources::new(&typed.attributes),
            lifetime: LifetimeSource::new(typed.expires_in.as_ref(), CODE_TTL),
            external: variable(typed.external_authorization_code.as_ref()),
            storing: Storing::new(typed),
            source,
            output: Output::new(policy, typed),
            names: Names {
                code: name("code"),
                redirect_uri: name("redirect_uri"),
                scope: name("scope"),
                client_id: name("client_id"),
            },
        }
    }

    /// Runs the operation.
    pub(crate) async fn run(&self, transaction: &mut Transaction, host: &Host) -> Result<(), Failure> {
        let request = self.browser.read(transaction, &host.engine)?;
        let (code, scope) = self.issue(&request, transaction, host).await?;
        let parameters = request.echo([("code", &*code)], &scope);
        self.output.redirect(transaction, &with_query(&request.redirect_uri, &parameters));
        transaction.note(&"apigee.client_id".into(), request.client.id());
        transaction.note(&self.names.code, code);
        transaction.note(&self.names.redirect_uri, request.redirect_uri);
        transaction.note(&self.names.scope, scope);
        transaction.note(&self.names.client_id, request.client.id());
        Ok(())
    }

    /// The code and the scope that it grants.
    async fn issue(
        &self,
        request: &BrowserRequest,
        transaction: &Transaction,
        host: &Host,
    ) -> Result<(String, String), Failure> {
        let external = optional(self.external.as_ref(), transaction);
        if let (Some(variable), None) = (&self.external, &external) {
            return Err(Failure::about(&CODE_UNRESOLVED, &**variable.name()));
        }
        let stores = self.storing.stores(external.is_some());
        let order = CodeRequest {
            client: &request.client,
            redirect_uri: request.names_redirect_uri.then_some(&*request.redirect_uri),
            user: request.user.as_deref(),
            scope: request.scope.as_ref(),
            attributes: self.attributes.read(transaction),
            ttl: self.lifetime.read(transaction),
            source: self.source,
            front_end: FrontEnd::Bundle,
        };
        let issued = match &external {
            Some(code) if stores => host.engine.import_code(order, code).await,
            _ => host.engine.issue_code(order).await,
        };
        let issued = issued.map_err(|error| Failure::from_engine(&error, During::Browser))?;
        let code = match external {
            Some(code) => (*code).to_owned(),
            None if stores => issued.text,
            None => random_text(CODE_LENGTH, &*host.entropy),
        };
        Ok((code, issued.claims.scope.to_string()))
    }
}

/// Life of a code when the policy does not say.
const CODE_TTL: Duration = Duration::from_mins(30);
