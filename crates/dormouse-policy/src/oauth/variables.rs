//! Variables that OAuth policies offer, computed when somebody reads them (Apigee: OAuthV2 "Flow variables").

use crate::oauth::entity_variables::{app_variable, developer_variable, product_variable};
use crate::oauth::view::{ClientFacts, TokenView};
use dormouse_engine::Verified;
use dormouse_entity::{Call, Directory};
use dormouse_flow::{Host, Text, Transaction, Value, VariableSource};
use dormouse_token::Timestamp;
use std::cell::OnceCell;
use std::sync::Arc;

/// The variables of a token under a policy's prefix.
pub(crate) struct TokenVariables {
    /// Such as `oauthv2accesstoken.P.`.
    pub(crate) prefix: Text,
    pub(crate) view: TokenView,
    /// Whether the token was issued just now. Then `apigee.` variables speak of it, and what a token without a refresh
    /// token lacks is empty, so that templates written for every grant resolve.
    pub(crate) is_new: bool,
}

impl VariableSource for TokenVariables {
    fn variable(&self, name: &str) -> Option<Value> {
        if let Some(name) = name.strip_prefix(&*self.prefix) {
            return match self.view.variable(name) {
                Some(Value::Null) if self.is_new && name.starts_with("refresh_token") => Some("".into()),
                value => value,
            };
        }
        if self.is_new { apigee_variable(&self.view, name) } else { None }
    }
}

/// The variables of a verified access token, its client and the product that covers the call. They have no prefix.
pub(crate) struct VerifiedVariables {
    /// The token. Secret.
    token: String,
    verified: Verified,
    call: OwnedCall,
    organization: Text,
    /// When it was verified.
    now: Timestamp,
    directory: Arc<Directory>,
    /// Made when the first variable is read.
    view: OnceCell<TokenView>,
}

/// The call that a token was verified for.
pub(crate) struct OwnedCall {
    environment: Text,
    proxy: Text,
    verb: Box<str>,
    path: Text,
}

impl OwnedCall {
    /// The call that a transaction makes.
    pub(crate) fn of(transaction: &Transaction) -> Self {
        Self {
            environment: transaction.host().environment.clone(),
            proxy: transaction.deployment().name.clone(),
            verb: transaction.request().verb().unwrap_or_default().into(),
            path: transaction.place.path_suffix.clone(),
        }
    }

    /// The call, for the engine.
    pub(crate) fn as_call(&self) -> Call<'_> {
        Call { environment: &self.environment, proxy: &self.proxy, verb: &self.verb, path: &self.path }
    }
}

impl VerifiedVariables {
    /// The variables of a token that was verified for a call.
    pub(crate) fn new(token: String, verified: Verified, call: OwnedCall, host: &Host) -> Self {
        Self {
            token,
            verified,
            call,
            organization: host.organization.clone(),
            now: host.clock.now(),
            directory: host.engine.directory(),
            view: OnceCell::new(),
        }
    }

    fn view(&self) -> &TokenView {
        self.view.get_or_init(|| {
            let (claims, facts) = (self.verified.claims.clone(), ClientFacts::of(&self.verified.client));
            TokenView {
                access_token: Some(self.token.clone()),
                attributes: self.verified.attributes.clone(),
                ..TokenView::of_claims(claims, facts, self.organization.clone(), self.now)
            }
        })
    }
}

impl VariableSource for VerifiedVariables {
    fn variable(&self, name: &str) -> Option<Value> {
        if let Some(suffix) = name.strip_prefix("apiproduct.") {
            return product_variable(&self.verified.matched(&self.call.as_call())?, suffix);
        }
        if let Some(suffix) = name.strip_prefix("app.") {
            return app_variable(&self.view().client, suffix);
        }
        if let Some(suffix) = name.strip_prefix("developer.") {
            return developer_variable(&self.view().client, &self.directory, suffix);
        }
        if let Some(attribute) = name.strip_prefix("accesstoken.") {
            return self.verified.attributes.value(attribute).map(Value::from);
        }
        if !BARE.contains(&name) {
            return if name.starts_with(APIGEE_PREFIX) { apigee_variable(self.view(), name) } else { None };
        }
        match self.view().variable(name) {
            // The store was not asked, and the token alone does not know its twin.
            Some(Value::Null) => Some("".into()),
            value => value,
        }
    }
}

/// Names that Apigee's own parts and older bundles use.
fn apigee_variable(view: &TokenView, name: &str) -> Option<Value> {
    let own = name.strip_prefix(APIGEE_PREFIX).filter(|own| APIGEE.contains(own))?;
    view.variable(own)
}

const APIGEE_PREFIX: &str = "apigee.";
/// What has a twin under `apigee.`.
const APIGEE: &[&str] = &["access_token", "client_id", "developer.app.name", "developer.email"];
/// What VerifyAccessToken sets without a prefix.
const BARE: &[&str] = &[
    "access_token",
    "api_product_list",
    "api_product_list_json",
    "app_enduser",
    "client_id",
    "expires_in",
    "grant_type",
    "issued_at",
    "organization_name",
    "refresh_count",
    "refresh_token",
    "refresh_token_expires_in",
    "refresh_token_issued_at",
    "refresh_token_status",
    "scope",
    "status",
    "token_type",
];
