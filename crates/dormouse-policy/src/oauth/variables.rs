//! Variables that OAuth policies offer, computed when somebody reads them (Apigee: OAuthV2 "Flow variables").

use crate::oauth::entity_variables::{app_variable, developer_variable, product_variable};
use crate::oauth::view::TokenView;
use dormouse_engine::Verified;
use dormouse_entity::{Call, Directory};
use dormouse_flow::{Text, Transaction, Value, VariableSource};
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
    pub(crate) view: TokenView,
    pub(crate) verified: Verified,
    pub(crate) call: OwnedCall,
    pub(crate) directory: Arc<Directory>,
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

impl VariableSource for VerifiedVariables {
    fn variable(&self, name: &str) -> Option<Value> {
        if let Some(suffix) = name.strip_prefix("apiproduct.") {
            return product_variable(&self.verified.matched(&self.call.as_call())?, suffix);
        }
        if let Some(suffix) = name.strip_prefix("app.") {
            return app_variable(&self.view.client, suffix);
        }
        if let Some(suffix) = name.strip_prefix("developer.") {
            return developer_variable(&self.view.client, &self.directory, suffix);
        }
        if let Some(attribute) = name.strip_prefix("accesstoken.") {
            return self.view.attribute(attribute);
        }
        if !BARE.contains(&name) {
            return apigee_variable(&self.view, name);
        }
        match self.view.variable(name) {
            // The store was not asked, and the token alone does not know its twin.
            Some(Value::Null) => Some("".into()),
            value => value,
        }
    }
}

/// Names that Apigee's own parts and older bundles use.
fn apigee_variable(view: &TokenView, name: &str) -> Option<Value> {
    let own = name.strip_prefix("apigee.").filter(|own| APIGEE.contains(own))?;
    view.variable(own)
}

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
