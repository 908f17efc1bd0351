//! What is told of a token, to clients in responses and to bundles in variables (Apigee: OAuthV2 "Response",
//! GetOAuthV2Info "Flow variables").

use crate::oauth::body::{Field, FieldValue, java_list, json_list};
use dormouse_engine::{IdentifiedClient, Issued, LookedUp};
use dormouse_entity::{App, Developer, Directory, KeyStatus};
use dormouse_flow::{Text, Value};
use dormouse_token::{Attributes, Claims, Grant, Kind, Timestamp};
use std::borrow::Cow;
use std::sync::Arc;

/// A token pair with its owner. Holds secrets.
pub(crate) struct TokenView {
    pub(crate) access_token: Option<String>,
    pub(crate) issued_at: Timestamp,
    /// Whole seconds that are left, as Apigee counts them.
    pub(crate) expires_in: u64,
    pub(crate) status: &'static str,
    pub(crate) refresh: Option<RefreshView>,
    pub(crate) refresh_count: u32,
    pub(crate) scope: String,
    pub(crate) grant: Grant,
    pub(crate) user: Option<Box<str>>,
    pub(crate) attributes: Attributes,
    pub(crate) client: ClientFacts,
    pub(crate) organization: Text,
    pub(crate) is_rfc: bool,
    pub(crate) revoke_reason: Option<&'static str>,
}

/// The refresh token of a pair.
pub(crate) struct RefreshView {
    pub(crate) token: Option<String>,
    pub(crate) issued_at: Timestamp,
    /// Whole seconds that are left.
    pub(crate) expires_in: u64,
    /// Empty when nobody asked the store.
    pub(crate) status: &'static str,
}

/// Whose token it is.
pub(crate) struct ClientFacts {
    pub(crate) id: Box<str>,
    pub(crate) app: Arc<App>,
    pub(crate) developer: Arc<Developer>,
    /// Names of the approved products.
    pub(crate) products: Vec<Box<str>>,
}

impl ClientFacts {
    /// The facts of a usable client.
    pub(crate) fn of(client: &IdentifiedClient) -> Self {
        Self {
            id: client.id().into(),
            app: Arc::clone(client.app()),
            developer: Arc::clone(client.developer()),
            products: client.products().map(|product| product.name.as_str().into()).collect(),
        }
    }

    /// The facts of a client, usable or not.
    pub(crate) fn find(directory: &Directory, client_id: &str) -> Option<Self> {
        let credential = directory.credential(client_id)?;
        let app = directory.app(credential.app_id.as_str())?;
        let developer = directory.developer(app.developer_id.as_str())?;
        let approved = credential.products.iter().filter(|product| product.status == KeyStatus::Approved);
        let products = approved.map(|product| product.name.as_str().into()).collect();
        Some(Self { id: client_id.into(), app: Arc::clone(app), developer: Arc::clone(developer), products })
    }
}

impl TokenView {
    /// A pair that was just issued, at generation `refresh_count`.
    pub(crate) fn issued(
        issued: Issued,
        client: &IdentifiedClient,
        (organization, now): (Text, Timestamp),
        refresh_count: u32,
    ) -> Self {
        let access = issued.access.claims;
        let refresh = issued.refresh.map(|refresh| RefreshView {
            issued_at: refresh.claims.issued_at,
            expires_in: remaining(refresh.claims.expires_at, now),
            status: APPROVED,
            token: Some(refresh.text),
        });
        Self {
            access_token: Some(issued.access.text),
            refresh,
            attributes: issued.attributes,
            client: ClientFacts::of(client),
            refresh_count,
            ..Self::of_claims(access, ClientFacts::of(client), organization, now)
        }
    }

    /// A pair by one of its tokens, looked up in the store. `token` is the one that was presented.
    pub(crate) fn looked_up(
        token: &str,
        found: LookedUp,
        client: ClientFacts,
        (organization, now): (Text, Timestamp),
    ) -> Self {
        let status =
            |status: Result<(), dormouse_token::Reason>| if status.is_ok() { APPROVED } else { REVOKED };
        let own = (found.claims.issued_at, remaining(found.claims.expires_at, now), status(found.status));
        let presented = Some(token.to_owned());
        let partner = found.partner.map(|partner| {
            let told = (partner.issued_at, remaining(partner.expires_at, now), status(partner.status));
            (partner.twin, told)
        });
        let (access, refresh) = if found.claims.kind == Kind::Refresh {
            let nothing = || (None, (found.claims.issued_at, 0, own.2));
            (partner.unwrap_or_else(nothing), Some((presented, own)))
        } else {
            ((presented, own), partner)
        };
        let refresh = refresh.map(|(token, (issued_at, expires_in, status))| RefreshView {
            token,
            issued_at,
            expires_in,
            status,
        });
        let (access_token, (issued_at, expires_in, status)) = access;
        Self {
            access_token,
            issued_at,
            expires_in,
            status,
            refresh,
            refresh_count: found.refresh_count,
            attributes: found.attributes,
            revoke_reason: found.status.err().map(dormouse_token::Reason::as_str),
            ..Self::of_claims(found.claims, client, organization, now)
        }
    }

    /// An access token by itself: what it says, at `now`.
    pub(crate) fn of_claims(claims: Claims, client: ClientFacts, organization: Text, now: Timestamp) -> Self {
        let refresh = claims.partner.as_ref().map(|partner| RefreshView {
            token: None,
            issued_at: claims.issued_at,
            expires_in: remaining(partner.expires_at, now),
            status: "",
        });
        Self {
            access_token: None,
            issued_at: claims.issued_at,
            expires_in: remaining(claims.expires_at, now),
            status: APPROVED,
            refresh,
            refresh_count: claims.access_generation(),
            scope: claims.scope.to_string(),
            grant: claims.grant,
            user: claims.user,
            attributes: Attributes::default(),
            client,
            organization,
            is_rfc: false,
            revoke_reason: None,
        }
    }

    /// The fields of a response, always in the same order.
    pub(crate) fn response_fields(&self, shows: impl Fn(&str) -> bool) -> Vec<Field<'_>> {
        let known = FIELDS.iter().filter_map(|name| {
            let value = self.field(name)?;
            Some(Field { name: Cow::Borrowed(*name), value })
        });
        // An attribute cannot take the place of what the token service says.
        let custom = self.attributes.iter().filter(|(name, _)| !FIELDS.contains(name) && shows(name));
        known.chain(custom.map(|(name, value)| Field::text(name, value))).collect()
    }

    /// A variable of a bundle, by the name that follows the prefix. Unknown names are none; known ones may be null.
    pub(crate) fn variable(&self, name: &str) -> Option<Value> {
        if name == "api_product_list_json" {
            return Some(json_list(&self.client.products).into());
        }
        if let Some(field) = self.field(name) {
            return Some(field.plain().into());
        }
        let value = match name {
            // A field that this token does not have is null: an attribute cannot take its place.
            name if FIELDS.contains(&name) => Value::Null,
            "grant_type" => self.grant.as_str().into(),
            "developer.id" => self.client.developer.developer_id.as_str().into(),
            "developer.app.name" => self.client.app.name.as_str().into(),
            "developer.app.id" => self.client.app.app_id.as_str().into(),
            "revoke_reason" => self.revoke_reason.into(),
            _ => return self.attribute(name.strip_prefix(ATTRIBUTE).unwrap_or(name)),
        };
        Some(value)
    }

    /// A custom attribute.
    pub(crate) fn attribute(&self, name: &str) -> Option<Value> {
        self.attributes.value(name).map(Value::from)
    }

    /// A field of the response; none where this token has no such thing.
    fn field(&self, name: &str) -> Option<FieldValue> {
        let (client, refresh) = (&self.client, self.refresh.as_ref());
        let text = match name {
            "issued_at" => self.issued_at.as_ms().to_string(),
            "application_name" => client.app.app_id.as_str().to_owned(),
            "scope" => self.scope.clone(),
            "app_enduser" => self.user.as_deref()?.to_owned(),
            "status" => self.status.to_owned(),
            "api_product_list" => java_list(&client.products),
            "api_product_list_json" => {
                return Some(FieldValue::List(
                    client.products.iter().map(|name| (**name).to_owned()).collect(),
                ));
            }
            "expires_in" => return Some(self.seconds(self.expires_in)),
            "developer.email" => client.developer.email.as_str().to_owned(),
            "organization_id" => "0".to_owned(),
            "organization_name" => (*self.organization).to_owned(),
            "token_type" => if self.is_rfc { "Bearer" } else { "BearerToken" }.to_owned(),
            "client_id" => (*client.id).to_owned(),
            "access_token" => self.access_token.clone()?,
            "refresh_token" => refresh?.token.clone()?,
            "refresh_token_issued_at" => refresh?.issued_at.as_ms().to_string(),
            "refresh_token_status" => refresh?.status.to_owned(),
            "refresh_token_expires_in" => {
                return Some(self.seconds(refresh.map_or(0, |refresh| refresh.expires_in)));
            }
            "refresh_count" => self.refresh_count.to_string(),
            _ => return None,
        };
        Some(FieldValue::Text(text))
    }

    /// The RFC has numbers where Apigee's older shape has texts.
    fn seconds(&self, seconds: u64) -> FieldValue {
        if self.is_rfc { FieldValue::Number(seconds) } else { FieldValue::Text(seconds.to_string()) }
    }
}

/// What is left of a lifetime: whole seconds, a millisecond less, so that 600 000 ms right after issue are 599 s.
pub(crate) fn remaining(expires_at: Timestamp, now: Timestamp) -> u64 {
    let milliseconds = expires_at.since(now).as_millis().saturating_sub(1);
    u64::try_from(milliseconds / 1000).unwrap_or(u64::MAX)
}

/// What stands before the names of attributes, where they stand beside other variables of a token.
const ATTRIBUTE: &str = "accesstoken.";
/// The state of a token that may be used, apart from its expiry.
pub(crate) const APPROVED: &str = "approved";
const REVOKED: &str = "revoked";

/// The fields of a response, in its order.
const FIELDS: &[&str] = &[
    "issued_at",
    "application_name",
    "scope",
    "app_enduser",
    "status",
    "api_product_list",
    "api_product_list_json",
    "expires_in",
    "developer.email",
    "organization_id",
    "organization_name",
    "token_type",
    "client_id",
    "access_token",
    "refresh_token",
    "refresh_token_issued_at",
    "refresh_token_status",
    "refresh_token_expires_in",
    "refresh_count",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lifetime_ms: u64, expected: u64) {
        let now = Timestamp::from_ms(1_000_000);
        let expires_at = Timestamp::from_ms(1_000_000 + lifetime_ms);
        assert_eq!(remaining(expires_at, now), expected, "{lifetime_ms}");
    }

    #[test]
    fn remaining_seconds_as_apigee_counts_them() {
        check(600_000, 599);
        check(1_800_000, 1_799);
        check(43_200_000, 43_199);
        check(1_001, 1);
        check(1_000, 0);
        check(1, 0);
        check(0, 0);
        assert_eq!(remaining(Timestamp::EPOCH, Timestamp::from_ms(5)), 0);
    }
}
