//! Every way in which an OAuth policy fails: the one table of statuses, codes and texts (Apigee: "OAuth HTTP status code
//! reference", "Policy error reference"), and how the engine's refusals map to it.

use dormouse_engine::{Error, Refusal, Unavailable};
use dormouse_entity::Unusable;
use dormouse_token::Kind;

/// One line of the table.
pub(crate) struct Row {
    /// Status of the fault.
    pub(crate) status: u16,
    /// Error code of the fault.
    pub(crate) code: &'static str,
    /// Text of the fault; the detail stands for `{}`.
    text: &'static str,
    /// The answer when the policy generates a response.
    pub(crate) generated: Generated,
    /// Whether a generated answer is final, without fault rules.
    pub(crate) is_final: bool,
}

/// What a generated body says.
pub(crate) struct Generated {
    /// Status of the response.
    pub(crate) status: u16,
    /// `ErrorCode` of Apigee's older shape.
    pub(crate) legacy: &'static str,
    /// `error` of RFC 6749 §5.2.
    pub(crate) rfc: &'static str,
    /// The text, where it is another than the fault's.
    text: Option<&'static str>,
}

/// A policy failed.
pub(crate) struct Failure {
    pub(crate) row: &'static Row,
    /// What `{}` stands for in the texts. Never a token or a secret.
    detail: String,
    /// Seconds after which the request may be repeated, when the service is at fault.
    pub(crate) retry_after: Option<u32>,
}

/// What a policy was doing when the engine refused. The same fact has different names in different operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum During {
    /// Issuing a code or an implicit token for a browser.
    Browser,
    /// Exchanging a code.
    Exchange,
    /// Issuing a token, or authenticating the client for it.
    Issue,
    /// Reading, editing or deleting a token or code of this kind.
    LookUp(Kind),
    /// Reading a client.
    LookUpClient,
    /// Redeeming a refresh token.
    Redeem,
    /// Revoking in bulk, or changing a status.
    Revoke,
    /// Verifying an access token.
    Verify,
}

impl Failure {
    /// A failure whose text needs no detail.
    pub(crate) fn of(row: &'static Row) -> Self {
        Self::about(row, "")
    }

    /// A failure with its detail.
    pub(crate) fn about(row: &'static Row, detail: impl Into<String>) -> Self {
        Self { row, detail: detail.into(), retry_after: None }
    }

    /// The text of the fault.
    pub(crate) fn text(&self) -> String {
        self.row.text.replacen("{}", &self.detail, 1)
    }

    /// The text of a generated body.
    pub(crate) fn generated_text(&self) -> String {
        self.row.generated.text.unwrap_or(self.row.text).replacen("{}", &self.detail, 1)
    }

    /// Translates what the engine says.
    pub(crate) fn from_engine(error: &Error, during: During) -> Self {
        match error {
            Error::Refused(Refusal::RedirectUriMissing) => Self::about(&REQUIRED_PARAMETER, "redirect_uri"),
            Error::Refused(refusal) => Self::of(row_of(refusal, during)),
            Error::Unavailable(unavailable) => {
                tracing::warn!(error = %unavailable, ?during, "a token operation could not be decided");
                Self { retry_after: Some(retry_after(unavailable)), ..Self::of(&UNAVAILABLE) }
            }
        }
    }
}

fn row_of(refusal: &Refusal, during: During) -> &'static Row {
    match refusal {
        Refusal::Unknown | Refusal::Superseded(_) | Refusal::VerifierDiffers => unknown(during),
        Refusal::Expired => expired(during),
        Refusal::NotApproved(_) => not_approved(during),
        Refusal::InvalidClient | Refusal::PublicReuse => &INVALID_CLIENT,
        Refusal::Client(unusable) => unusable_client(*unusable, during),
        Refusal::NoProductMatch => &NO_PRODUCT_MATCH,
        Refusal::InvalidScope => &INVALID_SCOPE,
        Refusal::RedirectUriMissing => &REQUIRED_PARAMETER,
        Refusal::RedirectUriDiffers => &REDIRECT_URI_DIFFERS,
        Refusal::AttributesTooLarge => &ATTRIBUTES_TOO_LARGE,
        Refusal::UserTooLong => &END_USER_TOO_LONG,
        Refusal::ImportRefused => &EXTERNAL_TOKEN_REFUSED,
        Refusal::UnknownApp => &UNKNOWN_APP,
    }
}

const fn unknown(during: During) -> &'static Row {
    match during {
        During::Exchange => &INVALID_CODE,
        During::Redeem | During::Issue => &INVALID_REFRESH_TOKEN,
        During::LookUp(Kind::Code) => &LOOKED_UP_CODE_UNKNOWN,
        During::LookUp(Kind::Refresh) => &LOOKED_UP_REFRESH_TOKEN_UNKNOWN,
        During::LookUp(Kind::Access) => &LOOKED_UP_ACCESS_TOKEN_UNKNOWN,
        During::LookUpClient => &LOOKED_UP_CLIENT_UNKNOWN,
        During::Browser | During::Revoke | During::Verify => &ACCESS_TOKEN_UNKNOWN,
    }
}

const fn expired(during: During) -> &'static Row {
    match during {
        During::Exchange => &INVALID_CODE,
        During::Redeem | During::Issue => &REFRESH_TOKEN_EXPIRED,
        During::LookUp(Kind::Code) => &LOOKED_UP_CODE_EXPIRED,
        During::LookUp(Kind::Refresh) => &LOOKED_UP_REFRESH_TOKEN_EXPIRED,
        During::LookUp(Kind::Access) | During::LookUpClient => &LOOKED_UP_ACCESS_TOKEN_EXPIRED,
        During::Browser | During::Revoke | During::Verify => &ACCESS_TOKEN_EXPIRED,
    }
}

const fn not_approved(during: During) -> &'static Row {
    match during {
        During::Exchange => &INVALID_CODE,
        During::Redeem | During::Issue => &INVALID_REFRESH_TOKEN,
        During::LookUp(_) | During::LookUpClient => &LOOKED_UP_ACCESS_TOKEN_NOT_APPROVED,
        During::Browser | During::Revoke | During::Verify => &ACCESS_TOKEN_NOT_APPROVED,
    }
}

fn unusable_client(unusable: Unusable, during: During) -> &'static Row {
    match unusable {
        Unusable::Unknown => match during {
            During::Browser => &UNKNOWN_CLIENT,
            During::LookUpClient => &LOOKED_UP_CLIENT_UNKNOWN,
            During::LookUp(_) | During::Revoke | During::Verify => &CLIENT_OF_TOKEN_UNKNOWN,
            During::Exchange | During::Issue | During::Redeem => &INVALID_CLIENT,
        },
        Unusable::KeyNotApproved(_) => &KEY_NOT_APPROVED,
        Unusable::KeyExpired { .. } => &KEY_EXPIRED,
        Unusable::AppNotApproved => &APP_NOT_APPROVED,
        Unusable::DeveloperNotActive => &DEVELOPER_NOT_ACTIVE,
    }
}

/// What heals by itself heals within a second or two; what an operator must see to takes longer.
const fn retry_after(unavailable: &Unavailable) -> u32 {
    match unavailable {
        Unavailable::Store(_) | Unavailable::Stale { .. } | Unavailable::Contended => 1,
        Unavailable::RolledBack
        | Unavailable::Seal(_)
        | Unavailable::KeyBurned
        | Unavailable::CutOffAhead
        | Unavailable::Sealed => 60,
    }
}

/// A row that no generating operation meets by itself; should one, it answers with the same status and text.
pub(crate) const fn fault(status: u16, code: &'static str, text: &'static str) -> Row {
    answered((status, code, text), (status, "invalid_request", "invalid_request"))
}

/// A row with a generated answer of the same text.
const fn answered(
    (status, code, text): (u16, &'static str, &'static str),
    (generated, legacy, rfc): (u16, &'static str, &'static str),
) -> Row {
    let generated = Generated { status: generated, legacy, rfc, text: None };
    Row { status, code, text, generated, is_final: false }
}

/// A row whose generated answer is final.
const fn final_answer(row: &Row, text: Option<&'static str>) -> Row {
    let Row { status, code, generated, .. } = row;
    let Generated { status: answered, legacy, rfc, .. } = *generated;
    let generated = Generated { status: answered, legacy, rfc, text };
    Row { status: *status, code, text: row.text, generated, is_final: true }
}

const BAD_CLIENT: (u16, &str, &str) = (401, "invalid_client", "invalid_client");
const BAD_REQUEST: (u16, &str, &str) = (400, "invalid_request", "invalid_request");
const BAD_GRANT: (u16, &str, &str) = (400, "invalid_request", "invalid_grant");

// VerifyAccessToken.

/// No token was sent, or not as a bearer token.
pub(crate) static ACCESS_TOKEN_MISSING: Row =
    fault(401, "oauth.v2.InvalidAccessToken", "Invalid access token");
static ACCESS_TOKEN_UNKNOWN: Row =
    fault(401, "keymanagement.service.invalid_access_token", "Invalid Access Token");
static ACCESS_TOKEN_EXPIRED: Row =
    fault(401, "keymanagement.service.access_token_expired", "Access Token expired");
static ACCESS_TOKEN_NOT_APPROVED: Row =
    fault(401, "keymanagement.service.access_token_not_approved", "Access Token not approved");
static NO_PRODUCT_MATCH: Row = fault(
    401,
    "keymanagement.service.InvalidAPICallAsNoApiProductMatchFound",
    "Invalid API call as no apiproduct match found",
);
/// The token has none of the scopes; the detail lists them.
pub(crate) static INSUFFICIENT_SCOPE: Row =
    fault(403, "steps.oauth.v2.InsufficientScope", "Required scope(s): [{}]");

// Clients.

/// Unknown client, wrong secret or unreadable credentials: which of them is not told.
pub(crate) static INVALID_CLIENT: Row = final_answer(
    &answered((500, "oauth.v2.InvalidClientIdentifier", "Invalid client identifier {0}"), BAD_CLIENT),
    Some("Client credentials are invalid"),
);
/// The id of a browser's request is unknown; the detail is the id.
pub(crate) static UNKNOWN_CLIENT: Row = final_answer(
    &answered(
        (500, "keymanagement.service.invalid_client-invalid_client_id", "ClientId is Invalid"),
        (401, "invalid_request", "invalid_client"),
    ),
    Some("Invalid client id : {}. ClientId is Invalid"),
);
static CLIENT_OF_TOKEN_UNKNOWN: Row =
    fault(401, "keymanagement.service.invalid_client-invalid_client_id", "ClientId is Invalid");
static KEY_NOT_APPROVED: Row = final_answer(
    &answered(
        (401, "keymanagement.service.invalid_client-client_id_not_approved", "ClientId is not approved"),
        BAD_CLIENT,
    ),
    None,
);
/// The key's time is over.
pub(crate) static KEY_EXPIRED: Row = final_answer(
    &answered((401, "keymanagement.service.consumer_key_expired", "Consumer key has expired"), BAD_CLIENT),
    None,
);
/// The app is revoked.
pub(crate) static APP_NOT_APPROVED: Row = final_answer(
    &answered(
        (401, "keymanagement.service.invalid_client-app_not_approved", "App is not approved"),
        BAD_CLIENT,
    ),
    None,
);
/// The developer is inactive.
pub(crate) static DEVELOPER_NOT_ACTIVE: Row = final_answer(
    &answered(
        (401, "keymanagement.service.DeveloperStatusNotActive", "Developer status is not active"),
        BAD_CLIENT,
    ),
    None,
);
/// The authorization server that the bundle asked said no.
pub(crate) static EXTERNAL_AUTHORIZATION_FAILED: Row =
    answered((401, "oauth.v2.ExternalAuthorizationFailed", "External authorization failed"), BAD_CLIENT);

// Issuing.

/// The grant type is none that the policy serves; the detail is the grant type.
pub(crate) static UNSUPPORTED_GRANT: Row = final_answer(
    &answered(
        (500, "oauth.v2.UnSupportedGrantType", "Unsupported grant type : {}"),
        (400, "UnSupportedGrantType", "unsupported_grant_type"),
    ),
    None,
);
/// A parameter of a token request is absent; the detail is its name.
pub(crate) static REQUIRED_PARAMETER: Row =
    answered((400, "steps.oauth.v2.invalid_request", "Required param : {}"), BAD_REQUEST);
/// A parameter of a browser's request is absent; the detail is its name.
pub(crate) static MISSING_PARAMETER: Row = answered(
    (400, "steps.oauth.v2.invalid_request", "The request is missing a required parameter : {}"),
    BAD_REQUEST,
);
/// Another response type than the operation's; the detail is the operation's.
pub(crate) static WRONG_RESPONSE_TYPE: Row = answered(
    (400, "steps.oauth.v2.invalid_request", "Response type must be {}"),
    (400, "invalid_request", "unsupported_response_type"),
);
/// Neither request nor app name a redirect URI.
pub(crate) static REDIRECT_URI_REQUIRED: Row =
    answered((400, "steps.oauth.v2.invalid_request", "Redirection URI is required"), BAD_REQUEST);
/// The redirect URI of a browser's request is not the app's; the detail is the URI.
pub(crate) static REDIRECT_URI_INVALID: Row =
    answered((400, "steps.oauth.v2.invalid_request", "Invalid redirection uri {}"), BAD_REQUEST);
/// The redirect URI of a token request is not the code's; the detail is the URI.
pub(crate) static REDIRECT_URI_DIFFERS: Row =
    answered((400, "steps.oauth.v2.invalid_request", "Invalid redirect_uri : {}"), BAD_GRANT);
static INVALID_CODE: Row = answered(
    (400, "keymanagement.service.invalid_request-authorization_code_invalid", "Invalid Authorization Code"),
    BAD_GRANT,
);
static INVALID_REFRESH_TOKEN: Row =
    answered((400, "keymanagement.service.invalid_refresh_token", "Invalid Refresh Token"), BAD_GRANT);
static REFRESH_TOKEN_EXPIRED: Row =
    answered((400, "keymanagement.service.refresh_token_expired", "Refresh Token expired"), BAD_GRANT);
/// The requested scope exceeds the granted one, or in RFC mode has nothing in common with it.
pub(crate) static INVALID_SCOPE: Row = answered(
    (400, "steps.oauth.v2.invalid_scope", "Invalid Scope"),
    (400, "invalid_request", "invalid_scope"),
);
static ATTRIBUTES_TOO_LARGE: Row = answered(
    (500, "steps.oauth.v2.AttributesTooLarge", "The custom attributes of a token exceed 8 KiB"),
    BAD_REQUEST,
);
static END_USER_TOO_LONG: Row =
    answered((400, "steps.oauth.v2.AppEndUserTooLong", "The end user's id exceeds 256 bytes"), BAD_REQUEST);
static EXTERNAL_TOKEN_REFUSED: Row = answered(
    (400, "steps.oauth.v2.ExternalTokenRefused", "The external token cannot be stored for this client"),
    BAD_GRANT,
);

// Variables that do not resolve; the detail is the variable.

/// The variable of the access token.
pub(crate) static ACCESS_TOKEN_UNRESOLVED: Row =
    fault(500, "steps.oauth.v2.FailedToResolveAccessToken", "Failed to resolve the access token variable {}");
/// The variable of the code.
pub(crate) static CODE_UNRESOLVED: Row = fault(
    500,
    "steps.oauth.v2.FailedToResolveAuthorizationCode",
    "Failed to resolve the authorization code variable {}",
);
/// The variable of the client id.
pub(crate) static CLIENT_ID_UNRESOLVED: Row =
    fault(500, "steps.oauth.v2.FailedToResolveClientId", "Failed to resolve the client id variable {}");
/// The variable of the refresh token.
pub(crate) static REFRESH_TOKEN_UNRESOLVED: Row = fault(
    500,
    "steps.oauth.v2.FailedToResolveRefreshToken",
    "Failed to resolve the refresh token variable {}",
);
/// The variable of a token whose status is to change.
pub(crate) static TOKEN_UNRESOLVED: Row =
    fault(500, "steps.oauth.v2.FailedToResolveToken", "Failed to resolve the token variable {}");
/// The variable of an attribute that SetOAuthV2Info sets.
pub(crate) static ATTRIBUTE_UNRESOLVED: Row =
    fault(500, "steps.oauth.v2.UnresolvedVariable", "Failed to resolve the attribute variable {}");
/// A token's type is neither `accesstoken` nor `refreshtoken`.
pub(crate) static INVALID_TOKEN_TYPE: Row =
    fault(500, "steps.oauth.v2.InvalidTokenType", "The type of a token must be accesstoken or refreshtoken");

// GetOAuthV2Info, SetOAuthV2Info, DeleteOAuthV2Info: 404 for what is unknown, 500 for what cannot be used.

static LOOKED_UP_ACCESS_TOKEN_UNKNOWN: Row =
    fault(404, "keymanagement.service.invalid_access_token", "Invalid Access Token");
static LOOKED_UP_REFRESH_TOKEN_UNKNOWN: Row =
    fault(404, "keymanagement.service.invalid_refresh_token", "Invalid Refresh Token");
static LOOKED_UP_CODE_UNKNOWN: Row = fault(
    404,
    "keymanagement.service.invalid_request-authorization_code_invalid",
    "Invalid Authorization Code",
);
static LOOKED_UP_CLIENT_UNKNOWN: Row =
    fault(404, "keymanagement.service.invalid_client-invalid_client_id", "ClientId is Invalid");
static LOOKED_UP_ACCESS_TOKEN_EXPIRED: Row =
    fault(500, "keymanagement.service.access_token_expired", "Access Token expired");
static LOOKED_UP_ACCESS_TOKEN_NOT_APPROVED: Row =
    fault(500, "keymanagement.service.access_token_not_approved", "Access Token not approved");
static LOOKED_UP_REFRESH_TOKEN_EXPIRED: Row =
    fault(500, "keymanagement.service.refresh_token_expired", "Refresh Token expired");
static LOOKED_UP_CODE_EXPIRED: Row =
    fault(500, "keymanagement.service.authorization_code_expired", "Authorization Code expired");

// RevokeOAuthV2.

/// Neither id resolves.
pub(crate) static EMPTY_APP_AND_END_USER_ID: Row =
    fault(500, "steps.oauth.v2.EmptyAppAndEndUserId", "Both AppId and EndUserId are empty");
/// No app has the id.
pub(crate) static UNKNOWN_APP: Row = fault(404, "keymanagement.service.app_id_not_found", "App id not found");
/// The time is no number of milliseconds.
pub(crate) static INVALID_TIMESTAMP: Row = fault(
    500,
    "steps.oauth.v2.InvalidRevokeBeforeTimestamp",
    "RevokeBeforeTimestamp must be a number of milliseconds since 1970",
);

static UNAVAILABLE: Row = answered(
    (503, "steps.oauth.v2.TokenServiceUnavailable", "The token service is temporarily unavailable"),
    (503, "temporarily_unavailable", "temporarily_unavailable"),
);
/// The policy needs an operation that does not exist here; the detail is its name.
pub(crate) static UNSUPPORTED_OPERATION: Row =
    fault(500, "steps.runtime.PolicyNotRunnable", "The operation {} is not supported");

#[cfg(test)]
mod tests {
    use super::*;
    use dormouse_engine::Supersession;
    use dormouse_token::{Reason, StoreError};

    #[track_caller]
    fn check(error: impl Into<Error>, during: During, expected: (u16, &str)) {
        let failure = Failure::from_engine(&error.into(), during);
        assert_eq!((failure.row.status, failure.row.code), expected);
    }

    #[test]
    fn a_superseded_refresh_token_is_answered_like_an_unknown_one() {
        let expected = (400, "keymanagement.service.invalid_refresh_token");
        for refusal in [
            Refusal::Unknown,
            Refusal::Superseded(Supersession::Refused),
            Refusal::Superseded(Supersession::Race),
            Refusal::NotApproved(Reason::Token),
        ] {
            check(refusal, During::Redeem, expected);
        }
    }

    #[test]
    fn whatever_is_wrong_with_a_code_is_answered_alike() {
        let expected = (400, "keymanagement.service.invalid_request-authorization_code_invalid");
        for refusal in [
            Refusal::Unknown,
            Refusal::Expired,
            Refusal::NotApproved(Reason::App),
            Refusal::Superseded(Supersession::Refused),
        ] {
            check(refusal, During::Exchange, expected);
        }
    }

    #[test]
    fn one_fact_has_a_name_in_each_operation() {
        check(Refusal::Unknown, During::Verify, (401, "keymanagement.service.invalid_access_token"));
        check(
            Refusal::Unknown,
            During::LookUp(Kind::Access),
            (404, "keymanagement.service.invalid_access_token"),
        );
        check(Refusal::Expired, During::Verify, (401, "keymanagement.service.access_token_expired"));
        check(
            Refusal::Expired,
            During::LookUp(Kind::Access),
            (500, "keymanagement.service.access_token_expired"),
        );
        let unknown = Refusal::Client(Unusable::Unknown);
        check(unknown.clone(), During::Issue, (500, "oauth.v2.InvalidClientIdentifier"));
        check(
            unknown.clone(),
            During::Browser,
            (500, "keymanagement.service.invalid_client-invalid_client_id"),
        );
        check(unknown, During::LookUpClient, (404, "keymanagement.service.invalid_client-invalid_client_id"));
    }

    #[test]
    fn a_service_that_cannot_answer_says_when_to_ask_again() {
        for unavailable in [
            Unavailable::Stale { seconds: 5 },
            Unavailable::RolledBack,
            Unavailable::Store(StoreError::OutcomeUnknown("x".into())),
        ] {
            let failure = Failure::from_engine(&unavailable.into(), During::Verify);
            assert_eq!(failure.row.status, 503);
            assert!(failure.retry_after.is_some());
        }
    }

    #[test]
    fn texts_take_their_detail_once() {
        let failure = Failure::about(&REDIRECT_URI_INVALID, "https://a/{}");
        assert_eq!(failure.text(), "Invalid redirection uri https://a/{}");
        assert_eq!(
            Failure::about(&UNKNOWN_CLIENT, "me").generated_text(),
            "Invalid client id : me. ClientId is Invalid"
        );
    }
}
