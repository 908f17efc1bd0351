//! GenerateAccessTokenImplicitGrant: issues an access token in the fragment of a redirect (Apigee: OAuthV2; RFC 6749 §4.2).

use crate::oauth::browser::{BrowserSource, with_fragment};
use crate::oauth::failure::{During, Failure};
use crate::oauth::inputs::{AttributeSources, LifetimeSource};
use crate::oauth::output::Output;
use crate::oauth::storing::{ExternalTokens, Storing, replace_strings};
use crate::oauth::view::TokenView;
use dormouse_bundle::OAuthV2;
use dormouse_engine::ImplicitRequest;
use dormouse_flow::{Host, Transaction};
use dormouse_token::SourceId;
use std::time::Duration;

/// The compiled operation.
pub(crate) struct GenerateAccessTokenImplicitGrant {
    browser: BrowserSource,
    attributes: AttributeSources,
    lifetime: LifetimeSource,
    storing: Storing,
    source: SourceId,
    output: Output,
}

impl GenerateAccessTokenImplicitGrant {
    /// Compiles the operation of a policy.
    pub(crate) fn new(policy: &str, typed: &OAuthV2, source: SourceId, access_ttl: Duration) -> Self {
        Self {
            browser: BrowserSource::new(typed, "token"),
            attributes: AttributeSources::new(&typed.attributes),
            lifetime: LifetimeSource::new(typed.expires_in.as_ref(), access_ttl),
            storing: Storing::new(typed),
            source,
            output: Output::new(policy, typed),
        }
    }

    /// Runs the operation.
    pub(crate) async fn run(&self, transaction: &mut Transaction, host: &Host) -> Result<(), Failure> {
        let request = self.browser.read(transaction, &host.engine)?;
        let order = ImplicitRequest {
            client: &request.client,
            user: request.user.as_deref(),
            scope: request.scope.as_ref(),
            attributes: self.attributes.read(transaction),
            access_ttl: self.lifetime.read(transaction),
            source: self.source,
        };
        let issued = host.engine.issue_implicit(order).await;
        let issued = issued.map_err(|error| Failure::from_engine(&error, During::Browser))?;
        let context = (host.organization.clone(), host.clock.now());
        let mut view = TokenView::issued(issued, &request.client, context, 0);
        view.is_rfc = self.output.is_rfc;
        if !self.storing.stores(false) {
            let none = ExternalTokens { access: None, refresh: None };
            replace_strings(&mut view, &none, None, &*host.entropy);
        }
        let expires_in = view.expires_in.to_string();
        let token = view.access_token.as_deref().unwrap_or_default();
        let mut own = vec![("expires_in", expires_in.as_str()), ("access_token", token)];
        if self.output.is_rfc {
            own.push(("token_type", "Bearer"));
        }
        let location = with_fragment(&request.redirect_uri, &request.echo(own, &view.scope));
        self.output.redirect(transaction, &location);
        self.output.variables(transaction, view);
        Ok(())
    }
}
