//! GetOAuthV2Info, SetOAuthV2Info, DeleteOAuthV2Info and RevokeOAuthV2, typed (the policies' reference pages).

use crate::oauth_reader::{Reader, TokenAttribute, ValueOrReference, is_on};
use crate::problem::Problem;
use crate::source::Located;

/// Looks a token, code or client up.
#[derive(Clone, Debug)]
pub struct GetOAuthV2Info {
    /// What is looked up.
    pub subject: InfoSubject,
    /// Where its value is. Without text and `ref`, Apigee reads `request.formparam.access_token`.
    pub value: ValueOrReference<String>,
    /// Whether expired and revoked access tokens are shown too.
    pub ignore_access_token_status: bool,
}

/// Changes the custom attributes of an access token.
#[derive(Clone, Debug)]
pub struct SetOAuthV2Info {
    /// Where the access token is.
    pub access_token: ValueOrReference<String>,
    /// The attributes to set; at least one.
    pub attributes: Vec<TokenAttribute>,
    /// Whether an unresolved `ref` is no fault.
    pub ignore_unresolved_variables: bool,
}

/// Removes a token or code.
#[derive(Clone, Debug)]
pub struct DeleteOAuthV2Info {
    /// What is removed: an access token or an authorization code.
    pub subject: InfoSubject,
    /// Where its value is.
    pub value: ValueOrReference<String>,
}

/// Revokes all tokens of an app, of an end user, or of an end user in an app.
#[derive(Clone, Debug)]
pub struct RevokeOAuthV2 {
    /// The app's id.
    pub app_id: Option<ValueOrReference<String>>,
    /// Whether refresh tokens go with the access tokens.
    pub cascade: bool,
    /// The end user's id.
    pub end_user_id: Option<ValueOrReference<String>>,
    /// Only tokens issued before this time, in milliseconds since 1970, are revoked.
    pub revoke_before: Option<ValueOrReference<u64>>,
}

/// What a policy looks up or removes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InfoSubject {
    /// `AccessToken`
    AccessToken,
    /// `AuthorizationCode`
    AuthorizationCode,
    /// `ClientId`
    ClientId,
    /// `RefreshToken`
    RefreshToken,
}

impl InfoSubject {
    /// The element's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "AccessToken",
            Self::AuthorizationCode => "AuthorizationCode",
            Self::ClientId => "ClientId",
            Self::RefreshToken => "RefreshToken",
        }
    }
}

pub(crate) fn get_info(reader: &mut Reader<'_>) -> Option<GetOAuthV2Info> {
    reader.check_shape(&[
        "AccessToken",
        "AuthorizationCode",
        "ClientId",
        "IgnoreAccessTokenStatus",
        "RefreshToken",
    ]);
    let subjects = [
        InfoSubject::AccessToken,
        InfoSubject::AuthorizationCode,
        InfoSubject::ClientId,
        InfoSubject::RefreshToken,
    ];
    let (subject, value) = subject(reader, &subjects)?;
    let ignore_access_token_status = is_on(reader.switch("IgnoreAccessTokenStatus").as_ref());
    Some(GetOAuthV2Info { subject, value, ignore_access_token_status })
}

pub(crate) fn set_info(reader: &mut Reader<'_>) -> Option<SetOAuthV2Info> {
    reader.check_shape(&["AccessToken", "Attributes", "IgnoreUnresolvedVariables"]);
    let (_, access_token) = subject(reader, &[InfoSubject::AccessToken])?;
    let attributes = reader.attributes();
    if attributes.is_empty() {
        let message = "SetOAuthV2Info needs at least one attribute to set";
        let problem = Problem::error("attributes-required", message).at(reader.root.name_span.clone());
        reader
            .problems
            .push(problem.help("add <Attributes><Attribute name=\"…\">…</Attribute></Attributes>"));
        return None;
    }
    let ignore_unresolved_variables = is_on(reader.switch("IgnoreUnresolvedVariables").as_ref());
    Some(SetOAuthV2Info { access_token, attributes, ignore_unresolved_variables })
}

pub(crate) fn delete_info(reader: &mut Reader<'_>) -> Option<DeleteOAuthV2Info> {
    reader.check_shape(&["AccessToken", "AuthorizationCode"]);
    let (subject, value) = subject(reader, &[InfoSubject::AccessToken, InfoSubject::AuthorizationCode])?;
    Some(DeleteOAuthV2Info { subject, value })
}

pub(crate) fn revoke(reader: &mut Reader<'_>) -> RevokeOAuthV2 {
    reader.check_shape(&["AppId", "Cascade", "EndUserId", "RevokeBeforeTimestamp"]);
    let (app_id, end_user_id) = (reader.value("AppId"), reader.value("EndUserId"));
    if app_id.is_none() && end_user_id.is_none() {
        let message = "RevokeOAuthV2 names neither an AppId nor an EndUserId; each use is the fault EmptyAppAndEndUserId";
        reader
            .problems
            .push(Problem::warning("revoke-without-id", message).at(reader.root.name_span.clone()));
    }
    let cascade = reader.switch("Cascade").is_none_or(|cascade| cascade.value);
    RevokeOAuthV2 { app_id, cascade, end_user_id, revoke_before: revoke_before(reader) }
}

fn revoke_before(reader: &mut Reader<'_>) -> Option<ValueOrReference<u64>> {
    let value = reader.value("RevokeBeforeTimestamp")?;
    let literal = value.literal.and_then(|written| {
        let timestamp = written.value.parse().ok();
        if timestamp.is_none() {
            let message =
                "RevokeBeforeTimestamp must be milliseconds since 1970; nothing can be revoked by this value";
            reader.problems.push(Problem::error("revoke-before-timestamp", message).at(written.span.clone()));
        }
        timestamp.map(|timestamp| Located::new(timestamp, written.span))
    });
    (literal.is_some() || value.reference.is_some())
        .then_some(ValueOrReference { literal, reference: value.reference })
}

/// The one element that says what the policy is about.
fn subject(
    reader: &mut Reader<'_>,
    allowed: &[InfoSubject],
) -> Option<(InfoSubject, ValueOrReference<String>)> {
    let root = reader.root;
    let mut given = allowed.iter().filter(|subject| root.element(subject.as_str()).is_some());
    let names = || allowed.iter().map(|subject| subject.as_str()).collect::<Vec<_>>().join(", ");
    let Some(&subject) = given.next() else {
        let message = format!("{} needs one of {}", root.name, names());
        reader.problems.push(Problem::error("subject-required", message).at(root.name_span.clone()));
        return None;
    };
    for surplus in given {
        let both = [subject, *surplus] == [InfoSubject::AccessToken, InfoSubject::AuthorizationCode];
        let (at, apigee) =
            (root.element(surplus.as_str()), if both { " (Apigee: InvalidParameter)" } else { "" });
        let message = format!("{} takes exactly one of {}{apigee}", root.name, names());
        let span = at.map_or_else(|| root.name_span.clone(), |element| element.name_span.clone());
        reader.problems.push(Problem::error("subject-not-unique", message).at(span));
    }
    let value = reader.value(subject.as_str()).unwrap_or_else(|| {
        let at = root
            .element(subject.as_str())
            .map_or_else(|| root.name_span.clone(), |found| found.name_span.clone());
        ValueOrReference { literal: None, reference: Some(Located::new(DEFAULT_SUBJECT.to_owned(), at)) }
    });
    Some((subject, value))
}

const DEFAULT_SUBJECT: &str = "request.formparam.access_token";
