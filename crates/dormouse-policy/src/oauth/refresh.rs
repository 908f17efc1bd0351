//! RefreshAccessToken: redeems a refresh token (Apigee: OAuthV2; RFC 6749 §6).

use crate::oauth::client::{ClientSource, ExternalAuthorization};
use crate::oauth::failure::{
    During, Failure, REFRESH_TOKEN_UNRESOLVED, REQUIRED_PARAMETER, UNSUPPORTED_GRANT,
};
use crate::oauth::inputs::{AttributeSources, LifetimeSource, Locator, optional, variable};
use crate::oauth::lifetimes::Lifetimes;
use crate::oauth::output::Output;
use crate::oauth::view::TokenView;
use dormouse_bundle::OAuthV2;
use dormouse_engine::RedeemRequest;
use dormouse_flow::{Host, Text, Transaction, Variable};
use dormouse_token::{Redeemer, Rotation, Scope};

/// The compiled operation.
pub(crate) struct RefreshAccessToken {
    grant_type: Locator,
    client: ClientSource,
    refresh_token: Locator,
    scope: Option<Variable>,
    attributes: AttributeSources,
    access_lifetime: LifetimeSource,
    refresh_lifetime: LifetimeSource,
    rotation: Rotation,
    output: Output,
}

impl RefreshAccessToken {
    /// Compiles the operation of a policy.
    pub(crate) fn new(policy: &str, typed: &OAuthV2, lifetimes: Lifetimes) -> Self {
        let decides_alone = ExternalAuthorization::new(false);
        let generates = typed.generate_response.enabled;
        Self {
            grant_type: Locator::new(typed.grant_type.as_ref(), "request.formparam.grant_type"),
            client: ClientSource::new(typed.client_id.as_ref(), decides_alone, generates),
            refresh_token: Locator::new(typed.refresh_token.as_ref(), "request.formparam.refresh_token"),
            scope: variable(typed.scope.as_ref()),
            attributes: AttributeSources::new(&typed.attributes),
            access_lifetime: LifetimeSource::new(typed.expires_in.as_ref(), lifetimes.access),
            refresh_lifetime: LifetimeSource::new(typed.refresh_token_expires_in.as_ref(), lifetimes.refresh),
            rotation: if typed.reuses_refresh_token() { Rotation::Reuse } else { Rotation::Apigee },
            output: Output::new(policy, typed),
        }
    }

    /// Runs the operation.
    pub(crate) async fn run(&self, transaction: &mut Transaction, host: &Host) -> Result<(), Failure> {
        self.check_grant(transaction)?;
        let client = self.client.authenticate(transaction, &host.engine)?.client;
        let token = self.required_token(transaction)?;
        let scope = optional(self.scope.as_ref(), transaction).map(|scope| Scope::parse(&scope));
        let request = RedeemRequest {
            client: &client,
            token: &token,
            scope: scope.as_ref(),
            rotation: self.rotation,
            redeemer: Redeemer::Bundle,
            attributes: self.attributes.read(transaction),
            access_ttl: self.access_lifetime.read(transaction),
            refresh_ttl: self.refresh_lifetime.read(transaction),
        };
        let redeemed = host.engine.redeem(request).await;
        let redeemed = redeemed.map_err(|error| Failure::from_engine(&error, During::Redeem))?;
        let context = (host.organization.clone(), host.clock.now());
        let mut view = TokenView::issued(redeemed.issued, &client, context, redeemed.refresh_count);
        view.is_rfc = self.output.is_rfc;
        self.output.token_response(transaction, view, &self.attributes);
        Ok(())
    }

    fn check_grant(&self, transaction: &Transaction) -> Result<(), Failure> {
        match self.grant_type.read(transaction).as_deref() {
            Some("refresh_token") => Ok(()),
            Some(other) => Err(Failure::about(&UNSUPPORTED_GRANT, other)),
            None => Err(Failure::about(&REQUIRED_PARAMETER, "grant_type")),
        }
    }

    fn required_token(&self, transaction: &Transaction) -> Result<Text, Failure> {
        self.refresh_token.read(transaction).ok_or_else(|| {
            match self.refresh_token.named_variable().filter(|_| !self.output.generates) {
                Some(variable) => Failure::about(&REFRESH_TOKEN_UNRESOLVED, variable),
                None => Failure::about(&REQUIRED_PARAMETER, "refresh_token"),
            }
        })
    }
}
