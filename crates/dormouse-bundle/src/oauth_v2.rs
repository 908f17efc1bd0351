//! The configuration of the OAuthV2 policy ("OAuthV2 policy" reference). How it is read is in
//! [`oauth_v2_reader`](crate::oauth_v2_reader).

use crate::oauth_operation::{Algorithm, Grant, Operation};
use crate::oauth_reader::{Lifetime, TokenAttribute, ValueOrReference, is_on};
use crate::source::Located;

/// An OAuthV2 policy. Fields of type `Option<Located<String>>` name flow variables unless they say otherwise;
/// absent ones mean the documented default place.
#[derive(Clone, Debug)]
pub struct OAuthV2 {
    /// What it does; placed at the policy's tag if it was inferred.
    pub operation: Located<Operation>,
    /// Whether the policy has no `Operation` of its own.
    pub operation_inferred: bool,
    /// Where the access token is.
    pub access_token: Option<Located<String>>,
    /// A literal: the scheme before the token in `access_token`.
    pub access_token_prefix: Option<Located<String>>,
    /// How JWTs are signed.
    pub algorithm: Option<Located<Algorithm>>,
    /// The end user's id.
    pub app_end_user: Option<Located<String>>,
    /// Custom attributes to put on the token.
    pub attributes: Vec<TokenAttribute>,
    /// How long verification may be cached, in seconds.
    pub cache_expiry: Option<ValueOrReference<u64>>,
    /// The client's id.
    pub client_id: Option<Located<String>>,
    /// The authorization code.
    pub code: Option<Located<String>>,
    /// The lifetime of the code or access token.
    pub expires_in: Option<ValueOrReference<Lifetime>>,
    /// A foreign access token to import.
    pub external_access_token: Option<Located<String>>,
    /// Whether somebody else has authorized the client.
    pub external_authorization: Option<Located<bool>>,
    /// A foreign authorization code to import.
    pub external_authorization_code: Option<Located<String>>,
    /// A foreign refresh token to import.
    pub external_refresh_token: Option<Located<String>>,
    /// Whether and how the policy answers errors itself.
    pub generate_error_response: GeneratedResponse,
    /// Whether and how the policy answers by itself.
    pub generate_response: GeneratedResponse,
    /// The grant type.
    pub grant_type: Option<Located<String>>,
    /// The user's password.
    pub password: Option<Located<String>>,
    /// The variable with the RSA key that signs.
    pub private_key: Option<Located<String>>,
    /// The variable with the RSA key or certificate that verifies.
    pub public_key: Option<Located<String>>,
    /// The redirect URI.
    pub redirect_uri: Option<Located<String>>,
    /// The refresh token.
    pub refresh_token: Option<Located<String>>,
    /// The lifetime of the refresh token.
    pub refresh_token_expires_in: Option<ValueOrReference<Lifetime>>,
    /// Scopes of which a verified token needs one; absent if the policy has no `Scope` or does not verify.
    pub required_scopes: Option<Located<Vec<String>>>,
    /// The response type.
    pub response_type: Option<Located<String>>,
    /// Whether a refresh keeps the refresh token.
    pub reuse_refresh_token: Option<Located<bool>>,
    /// Whether responses follow RFC 6749 rather than Apigee's older shape.
    pub rfc_compliant: Option<Located<bool>>,
    /// The requested scope; absent where the operation verifies.
    pub scope: Option<Located<String>>,
    /// The variable with the secret that signs and verifies.
    pub secret_key: Option<Located<String>>,
    /// The client's state.
    pub state: Option<Located<String>>,
    /// Whether imported tokens are stored.
    pub store_token: Option<Located<bool>>,
    /// The grants that are listed; empty without a list.
    pub supported_grant_types: Vec<Located<Grant>>,
    /// The tokens whose status changes.
    pub tokens: Vec<TokenReference>,
    /// The user's name.
    pub user_name: Option<Located<String>>,
}

impl OAuthV2 {
    /// The grants that the policy accepts: those listed, or authorization_code and implicit without a list.
    pub fn grants(&self) -> Vec<Grant> {
        match self.supported_grant_types.as_slice() {
            [] => vec![Grant::AuthorizationCode, Grant::Implicit],
            listed => listed.iter().map(|grant| grant.value).collect(),
        }
    }

    /// Whether somebody else has authorized the client.
    pub fn is_external(&self) -> bool {
        is_on(self.external_authorization.as_ref())
    }

    /// Whether imported tokens are stored.
    pub fn stores_token(&self) -> bool {
        is_on(self.store_token.as_ref())
    }

    /// Whether a refresh keeps the refresh token.
    pub fn reuses_refresh_token(&self) -> bool {
        is_on(self.reuse_refresh_token.as_ref())
    }

    /// Whether responses follow RFC 6749 rather than Apigee's older shape.
    pub fn is_rfc_compliant(&self) -> bool {
        is_on(self.rfc_compliant.as_ref())
    }
}

/// `GenerateResponse` and `GenerateErrorResponse`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GeneratedResponse {
    /// Whether the policy makes the response. The element without its attribute means yes, no element no.
    pub enabled: bool,
    /// How it is written.
    pub format: ResponseFormat,
    /// `Realm` of an error response.
    pub realm: Option<ValueOrReference<String>>,
}

/// How a generated response is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResponseFormat {
    /// `FORM_PARAM`
    FormParam,
    /// `JSON`
    #[default]
    Json,
    /// `XML`
    Xml,
}

/// A token whose status changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenReference {
    /// What it is; `None` for a missing or unknown type, which is a fault at run time.
    pub kind: Option<TokenKind>,
    /// Whether its twin goes with it.
    pub cascade: bool,
    /// The flow variable that holds it.
    pub variable: Located<String>,
}

/// The two kinds of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// `accesstoken`
    Access,
    /// `refreshtoken`
    Refresh,
}
