//! Who the client of a token request is: Basic credentials, credentials in the form, or the word of an external
//! authorization server (Apigee: OAuthV2 "Inputs", "Using third-party OAuth systems"; RFC 6749 §2.3.1, RFC 7617).

use crate::oauth::failure::{
    CLIENT_ID_UNRESOLVED, During, EXTERNAL_AUTHORIZATION_FAILED, Failure, INVALID_CLIENT,
};
use crate::oauth::inputs::Locator;
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use dormouse_bundle::Located;
use dormouse_engine::{AuthenticatedClient, Engine, Error, Refusal};
use dormouse_flow::{Transaction, Variable};
use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// Where a token request says who its client is.
pub(crate) struct ClientSource {
    id: Locator,
    secret: Variable,
    authorization: Variable,
    external: ExternalAuthorization,
    /// Whether failures are answered by the policy itself, which then never says that a variable is unset.
    generates: bool,
}

/// An authenticated client, and how it came to be.
pub(crate) struct Authenticated {
    pub(crate) client: AuthenticatedClient,
    /// Whether an external authorization server vouched for it.
    pub(crate) is_vouched_for: bool,
}

/// `ExternalAuthorization` and the verdict that the bundle leaves in a variable.
pub(crate) struct ExternalAuthorization {
    /// Nothing when the policy decides alone.
    verdict: Option<Variable>,
}

impl ExternalAuthorization {
    /// What the policy says.
    pub(crate) fn new(is_external: bool) -> Self {
        Self { verdict: is_external.then(|| Variable::parse("oauth_external_authorization_status")) }
    }

    /// Whether the client was authorized elsewhere. Without a verdict the policy decides.
    ///
    /// # Errors
    /// When the authorization failed. Whatever is not true counts as false.
    pub(crate) fn is_granted(&self, transaction: &Transaction) -> Result<bool, Failure> {
        let Some(variable) = &self.verdict else { return Ok(false) };
        let verdict = transaction.read(variable);
        match verdict.as_bool() {
            Some(true) => Ok(true),
            None if verdict.is_null() => Ok(false),
            _ => Err(Failure::of(&EXTERNAL_AUTHORIZATION_FAILED)),
        }
    }
}

impl ClientSource {
    /// The places that a policy names.
    pub(crate) fn new(
        client_id: Option<&Located<String>>,
        external: ExternalAuthorization,
        generates: bool,
    ) -> Self {
        Self {
            id: Locator::new(client_id, "request.formparam.client_id"),
            secret: Variable::parse("request.formparam.client_secret"),
            authorization: Variable::parse("request.header.authorization"),
            external,
            generates,
        }
    }

    /// The client of a request.
    pub(crate) fn authenticate(
        &self,
        transaction: &Transaction,
        engine: &Engine,
    ) -> Result<Authenticated, Failure> {
        let is_vouched_for = self.external.is_granted(transaction)?;
        let client = if is_vouched_for {
            self.vouched_for(transaction, engine)?
        } else {
            self.proved(transaction, engine)?
        };
        Ok(Authenticated { client, is_vouched_for })
    }

    fn vouched_for(
        &self,
        transaction: &Transaction,
        engine: &Engine,
    ) -> Result<AuthenticatedClient, Failure> {
        let basic = || self.basic(transaction).and_then(Result::ok).map(|(id, _)| id.into());
        let id = self.id.read(transaction).or_else(basic).ok_or_else(|| self.id_missing())?;
        engine.vouched_for(&id).map_err(|error| Failure::from_engine(&error, During::Issue))
    }

    /// A Basic header decides alone, even when it cannot be read.
    fn proved(&self, transaction: &Transaction, engine: &Engine) -> Result<AuthenticatedClient, Failure> {
        let authenticated = match self.basic(transaction) {
            Some(Err(Unreadable)) => return Err(Failure::of(&INVALID_CLIENT)),
            Some(Ok((id, secret))) => authenticate_basic(engine, &id, &secret),
            None => {
                let id = self.id.read(transaction).ok_or_else(|| self.id_missing())?;
                let secret = transaction.text(&self.secret).unwrap_or_default();
                engine.authenticate(&id, &secret)
            }
        };
        authenticated.map_err(|error| Failure::from_engine(&error, During::Issue))
    }

    fn id_missing(&self) -> Failure {
        match self.id.named_variable().filter(|_| !self.generates) {
            Some(variable) => Failure::about(&CLIENT_ID_UNRESOLVED, variable),
            None => Failure::of(&INVALID_CLIENT),
        }
    }

    /// Id and secret of a Basic header; nothing when the header is absent or of another scheme.
    fn basic(&self, transaction: &Transaction) -> Option<Result<(String, String), Unreadable>> {
        let header = transaction.text(&self.authorization)?;
        let (scheme, credentials) = header.split_once(' ').unwrap_or((&header, ""));
        scheme.eq_ignore_ascii_case("Basic").then(|| decode_basic(credentials.trim()))
    }
}

/// Basic credentials that nobody can read.
struct Unreadable;

/// Secrets may have colons, ids may not.
fn decode_basic(credentials: &str) -> Result<(String, String), Unreadable> {
    let decoded = BASE64.decode(credentials).map_err(|_| Unreadable)?;
    let text = String::from_utf8(decoded).map_err(|_| Unreadable)?;
    let (id, secret) = text.split_once(':').ok_or(Unreadable)?;
    Ok((id.to_owned(), secret.to_owned()))
}

/// Apigee takes the credentials as they are; RFC 6749 §2.3.1 wants them form-encoded. Clients in use send either.
fn authenticate_basic(engine: &Engine, id: &str, secret: &str) -> Result<AuthenticatedClient, Error> {
    let raw = engine.authenticate(id, secret);
    let (decoded_id, decoded_secret) = (decode_form(id), decode_form(secret));
    let is_refused = matches!(raw, Err(Error::Refused(Refusal::InvalidClient)));
    if !is_refused || (&*decoded_id, &*decoded_secret) == (id, secret) {
        return raw;
    }
    engine.authenticate(&decoded_id, &decoded_secret)
}

/// What is no form encoding stays as it is.
fn decode_form(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    let blanks = text.replace('+', " ");
    let decoded = percent_decode_str(&blanks).decode_utf8().map(Cow::into_owned);
    decoded.map_or(Cow::Borrowed(text), Cow::Owned)
}

/// Padding is optional: some clients leave it out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(credentials: &str, expected: Option<(&str, &str)>) {
        let decoded = decode_basic(&BASE64.encode(credentials)).ok();
        assert_eq!(decoded.as_ref().map(|(id, secret)| (id.as_str(), secret.as_str())), expected);
    }

    #[test]
    fn the_first_colon_separates() {
        check("id:secret", Some(("id", "secret")));
        check("id:se:cr:et", Some(("id", "se:cr:et")));
        check(":", Some(("", "")));
        check("id", None);
    }

    #[test]
    fn padding_is_optional_and_rubbish_is_unreadable() {
        assert!(decode_basic("aWQ6cw==").is_ok());
        assert!(decode_basic("aWQ6cw").is_ok());
        for wrong in ["", "!", "aWQ6c", "aWQ6cw= =", "//8="] {
            assert!(decode_basic(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn form_encoding() {
        assert_eq!(decode_form("a%20b+c"), "a b c");
        assert_eq!(decode_form("100%"), "100%");
        assert_eq!(decode_form("%ff"), "%ff");
    }
}
