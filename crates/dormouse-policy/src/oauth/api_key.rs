//! What VerifyAPIKey says of a key: why it is refused, and the variables of one that passes (Apigee: "VerifyAPIKey
//! policy", flow variables and errors).

use crate::oauth::entity_variables::{app_variable, developer_variable, product_variable};
use crate::oauth::failure::{APP_NOT_APPROVED, DEVELOPER_NOT_ACTIVE, KEY_EXPIRED, Row, fault};
use crate::oauth::variables::OwnedCall;
use crate::oauth::view::ClientFacts;
use dormouse_engine::IdentifiedClient;
use dormouse_entity::{ApiProduct, Call, Directory, Mismatch, Unusable, examine, why_not};
use dormouse_flow::{Text, Value, VariableSource};
use std::cell::OnceCell;
use std::sync::Arc;

/// The fault of a key whose client may not be used.
pub(crate) const fn refusal(unusable: Unusable) -> &'static Row {
    match unusable {
        Unusable::Unknown => &API_KEY_INVALID,
        Unusable::KeyNotApproved(_) => &API_KEY_NOT_APPROVED,
        Unusable::KeyExpired { .. } => &KEY_EXPIRED,
        Unusable::AppNotApproved => &APP_NOT_APPROVED,
        Unusable::DeveloperNotActive => &DEVELOPER_NOT_ACTIVE,
    }
}

/// The fault of a key none of whose products covers the call. A key that has nothing to do with this proxy is as good as
/// unknown to it.
pub(crate) fn uncovered(client: &IdentifiedClient, call: &Call<'_>) -> &'static Row {
    if client.credential().products.is_empty() {
        return &API_KEY_WITHOUT_PRODUCT;
    }
    let nearest = why_not(client.products(), call).into_iter().map(|(_, mismatch)| mismatch).max();
    match nearest {
        Some(Mismatch::Environment | Mismatch::Proxy) => &API_KEY_INVALID,
        Some(Mismatch::Path | Mismatch::Verb) | None => &API_KEY_INVALID_FOR_RESOURCE,
    }
}

/// The variables of a verified key, its app, developer and product: all under the policy's prefix, and some without.
pub(crate) struct ApiKeyVariables {
    /// `verifyapikey.P.`
    prefix: Text,
    client: IdentifiedClient,
    product: Arc<ApiProduct>,
    call: OwnedCall,
    directory: Arc<Directory>,
    /// Made when the first variable is read.
    facts: OnceCell<ClientFacts>,
}

impl ApiKeyVariables {
    /// The variables of a key whose product covers the call.
    pub(crate) fn new(
        prefix: Text,
        client: IdentifiedClient,
        (product, call): (Arc<ApiProduct>, OwnedCall),
        directory: Arc<Directory>,
    ) -> Self {
        Self { prefix, client, product, call, directory, facts: OnceCell::new() }
    }

    fn facts(&self) -> &ClientFacts {
        self.facts.get_or_init(|| ClientFacts::of(&self.client))
    }

    fn grouped(&self, name: &str) -> Option<Value> {
        if let Some(suffix) = name.strip_prefix("apiproduct.") {
            return product_variable(&examine(&self.product, &self.call.as_call()).ok()?, suffix);
        }
        let suffix = name.strip_prefix("developer.")?;
        developer_variable(self.facts(), &self.directory, suffix)
    }

    fn prefixed(&self, name: &str) -> Option<Value> {
        if let Some(suffix) = name.strip_prefix("app.") {
            return app_variable(self.facts(), suffix);
        }
        let (app, credential) = (self.client.app(), self.client.credential());
        Some(match name {
            "client_id" => self.client.id().into(),
            "client_secret" => credential.consumer_secret.expose().into(),
            "redirection_uris" => app.callback_url.as_deref().unwrap_or_default().into(),
            "DisplayName" => app.display_name.as_str().into(),
            "status" => credential.status.as_str().into(),
            _ => {
                let attribute = credential.attributes.value(name).or_else(|| app.attributes().value(name));
                return self.grouped(name).or_else(|| attribute.map(Value::from));
            }
        })
    }
}

impl VariableSource for ApiKeyVariables {
    fn variable(&self, name: &str) -> Option<Value> {
        match name.strip_prefix(&*self.prefix) {
            Some(name) => self.prefixed(name),
            None if name == "client_id" => Some(self.client.id().into()),
            None => self.grouped(name),
        }
    }
}

/// The variable of the key is unset or empty; the detail is the variable.
pub(crate) static API_KEY_UNRESOLVED: Row =
    fault(401, "steps.oauth.v2.FailedToResolveAPIKey", "Failed to resolve API Key variable {}");
/// The key is unknown, or of no use for this proxy.
static API_KEY_INVALID: Row = fault(401, "oauth.v2.InvalidApiKey", "Invalid ApiKey");
/// The key is of use for the proxy, but not for this resource or verb.
static API_KEY_INVALID_FOR_RESOURCE: Row =
    fault(401, "oauth.v2.InvalidApiKeyForGivenResource", "Invalid ApiKey for given resource");
/// The key is pending or revoked.
static API_KEY_NOT_APPROVED: Row = fault(401, "oauth.v2.ApiKeyNotApproved", "ApiKey is not approved");
/// The key has no product at all.
static API_KEY_WITHOUT_PRODUCT: Row = fault(
    401,
    "keymanagement.service.consumer_key_missing_api_product_mapping",
    "The consumer key has no API product",
);
