//! Why the management API says no, and how that reads: `{"error": {"code", "message", "status"}}` in Apigee X,
//! `{"code", "message", "contexts"}` in Edge. The status of each fact stands here alone.

use super::call::Dialect;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use dormouse_engine::{Error, Refusal};
use dormouse_entity::{EntityError, PasswordHashError, SettingError};
use dormouse_token::Kind;
use serde_json::json;

/// A fact that stands against a request. Names in it come from the request; tokens are never among them.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("the action must be {} or {}", .0[0], .0[1])]
    Action([&'static str; 2]),
    #[error("an action is needed: ?action={} or ?action={}", .0[0], .0[1])]
    ActionMissing([&'static str; 2]),
    #[error("app {0:?} exists already")]
    AppExists(String),
    #[error("the attributes exceed 8 KiB")]
    AttributesTooLarge,
    #[error("{}", place_and_problem(.0))]
    Body(#[from] EntityError),
    #[error("the body broke off")]
    BodyBroken,
    #[error("the body did not arrive in time")]
    BodyLate,
    #[error("the body is larger than {limit} bytes")]
    BodyTooLarge { limit: usize },
    #[error("developer {0} exists already")]
    DeveloperExists(String),
    #[error("the e-mail address of a developer cannot be changed; create another developer")]
    EmailChange,
    #[error("the body is not UTF-8")]
    Encoding,
    #[error(transparent)]
    Engine(#[from] Error),
    #[error("the body is not a JSON object: {0}")]
    Json(String),
    #[error("the consumer key exists already; choose another")]
    KeyExists,
    #[error("the name in the body is not the one in the path")]
    NameDiffers,
    #[error("app {0:?} does not exist")]
    NoApp(String),
    #[error("attribute {0:?} does not exist")]
    NoAttribute(String),
    #[error("developer {0} does not exist")]
    NoDeveloper(String),
    #[error("the app has no such consumer key")]
    NoKey,
    #[error("the key has no API product {0:?}")]
    NoKeyProduct(String),
    #[error("organization {0:?} does not exist here")]
    NoOrganization(String),
    #[error("API product {0:?} does not exist")]
    NoProduct(String),
    #[error(
        "no root {0} is loaded, or it is the one that seals: let another one seal first (stop the node, `dormouse store \
         rotate-root --data DIR`, start it again), or burn its hours one by one"
    )]
    NoRoot(String),
    #[error("the {} is unknown", token_word(*.0))]
    NoToken(Kind),
    #[error("app and enduser are both missing: name whose tokens are revoked")]
    NoTokenOwner,
    #[error("the token has expired")]
    TokenExpired,
    #[error("the token was revoked")]
    TokenRevoked,
    #[error(
        "tokens cannot be listed: what was issued is not stored, so nobody can enumerate it; revoke by app or end user instead"
    )]
    NotListed,
    #[error("user {0:?} does not exist")]
    NoUser(String),
    #[error("the password could not be hashed")]
    NotHashed,
    #[error("the path is not UTF-8")]
    Path,
    #[error("the password {0}")]
    Password(#[from] PasswordHashError),
    #[error("API product {0:?} exists already")]
    ProductExists(String),
    #[error("the scope of a token cannot be changed")]
    ScopeChange,
    #[error(transparent)]
    Setting(#[from] SettingError),
    #[error("API product {0:?}, which the body names, does not exist")]
    UnknownProduct(String),
}

impl Refused {
    /// The answer; a service that cannot serve is told apart from a request that is wrong.
    pub(super) fn into_response(self, dialect: Dialect) -> Response {
        let (status, code) = self.status_and_code();
        if status.is_server_error() {
            tracing::warn!(error = %self, "an administrator's request was not served");
        }
        let message = match &self {
            Self::Engine(Error::Unavailable(_)) => "the store gives no answer; try again".to_owned(),
            other => other.to_string(),
        };
        let body = match dialect {
            Dialect::Edge => json!({ "code": code, "message": message, "contexts": [] }),
            Dialect::X => json!({ "error": {
                "code": status.as_u16(), "message": message, "status": canonical_code(status),
            }}),
        };
        let mut response = (status, axum::Json(body)).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }

    /// The HTTP status, and Edge's code.
    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::AppExists(_) => (StatusCode::CONFLICT, "developer.service.AppAlreadyExists"),
            Self::DeveloperExists(_) => (StatusCode::CONFLICT, "developer.service.DeveloperAlreadyExists"),
            Self::KeyExists => (StatusCode::CONFLICT, "keymanagement.service.ConsumerKeyAlreadyExists"),
            Self::ProductExists(_) => {
                (StatusCode::CONFLICT, "keymanagement.service.apiproduct_already_exists")
            }
            Self::NoApp(_) => (StatusCode::NOT_FOUND, "developer.service.AppDoesNotExist"),
            Self::NoAttribute(_) => (StatusCode::NOT_FOUND, "keymanagement.service.attribute_doesnot_exist"),
            Self::NoDeveloper(_) => (StatusCode::NOT_FOUND, "developer.service.DeveloperDoesNotExist"),
            Self::NoKey => (StatusCode::NOT_FOUND, "keymanagement.service.CredentialDoesNotExist"),
            Self::NoKeyProduct(_) | Self::NoProduct(_) => {
                (StatusCode::NOT_FOUND, "keymanagement.service.apiproduct_doesnot_exist")
            }
            Self::NoOrganization(_) => (StatusCode::NOT_FOUND, "organizations.OrganizationDoesNotExist"),
            Self::NoRoot(_) => (StatusCode::NOT_FOUND, "dormouse.RootDoesNotExist"),
            Self::NoUser(_) => (StatusCode::NOT_FOUND, "dormouse.UserDoesNotExist"),
            Self::NotHashed => (StatusCode::INTERNAL_SERVER_ERROR, "dormouse.PasswordNotHashed"),
            Self::NoToken(kind) => (StatusCode::NOT_FOUND, token_code(*kind)),
            Self::UnknownProduct(_) => {
                (StatusCode::BAD_REQUEST, "keymanagement.service.apiproduct_doesnot_exist")
            }
            Self::TokenExpired => (StatusCode::BAD_REQUEST, "keymanagement.service.access_token_expired"),
            Self::TokenRevoked => {
                (StatusCode::BAD_REQUEST, "keymanagement.service.access_token_not_approved")
            }
            Self::NoTokenOwner => (StatusCode::BAD_REQUEST, "keymanagement.service.EmptyAppAndEndUserId"),
            Self::NotListed => (StatusCode::NOT_IMPLEMENTED, "keymanagement.service.search_not_supported"),
            Self::BodyTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, INVALID),
            Self::BodyLate => (StatusCode::REQUEST_TIMEOUT, INVALID),
            Self::Engine(Error::Unavailable(_)) => {
                (StatusCode::SERVICE_UNAVAILABLE, "messaging.adaptors.http.flow.ServiceUnavailable")
            }
            Self::Engine(Error::Refused(Refusal::UnknownApp)) => {
                (StatusCode::NOT_FOUND, "keymanagement.service.app_id_not_found")
            }
            Self::Action(_)
            | Self::ActionMissing(_)
            | Self::AttributesTooLarge
            | Self::Body(_)
            | Self::BodyBroken
            | Self::EmailChange
            | Self::Encoding
            | Self::Engine(Error::Refused(_))
            | Self::Json(_)
            | Self::NameDiffers
            | Self::Password(_)
            | Self::Path
            | Self::ScopeChange
            | Self::Setting(_) => (StatusCode::BAD_REQUEST, INVALID),
        }
    }
}

/// The canonical name of a status in Google's APIs.
fn canonical_code(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "NOT_FOUND",
        StatusCode::CONFLICT => "ALREADY_EXISTS",
        StatusCode::NOT_IMPLEMENTED => "UNIMPLEMENTED",
        StatusCode::SERVICE_UNAVAILABLE => "UNAVAILABLE",
        StatusCode::REQUEST_TIMEOUT => "DEADLINE_EXCEEDED",
        StatusCode::INTERNAL_SERVER_ERROR => "INTERNAL",
        _ => "INVALID_ARGUMENT",
    }
}

fn token_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Access => "access token",
        Kind::Code => "authorization code",
        Kind::Refresh => "refresh token",
    }
}

fn token_code(kind: Kind) -> &'static str {
    match kind {
        Kind::Access => "keymanagement.service.invalid_access_token",
        Kind::Code => "keymanagement.service.invalid_request-authorization_code_invalid",
        Kind::Refresh => "keymanagement.service.invalid_refresh_token",
    }
}

/// A body has no file name, and most have one line.
fn place_and_problem(error: &EntityError) -> String {
    format!("{}: {}", error.position.path, error.problem)
}

const INVALID: &str = "keymanagement.service.InvalidRequest";
