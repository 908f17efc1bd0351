//! What GenerateAuthorizationCode and GenerateAccessTokenImplicitGrant share: the request that a browser carries, and the
//! redirect that answers it (Apigee: OAuthV2; RFC 6749 §4.1.1, §4.2.1).

use crate::oauth::client::ExternalAuthorization;
use crate::oauth::failure::{
    CLIENT_ID_UNRESOLVED, During, Failure, INVALID_SCOPE, MISSING_PARAMETER, REDIRECT_URI_INVALID,
    REDIRECT_URI_REQUIRED, UNKNOWN_CLIENT, WRONG_RESPONSE_TYPE,
};
use crate::oauth::inputs::{Locator, optional, variable};
use dormouse_bundle::OAuthV2;
use dormouse_engine::{Engine, Error, IdentifiedClient, Refusal};
use dormouse_entity::Unusable;
use dormouse_flow::{Text, Transaction, Variable};
use dormouse_token::Scope;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

/// Where a browser's request says what it wants.
pub(crate) struct BrowserSource {
    external: ExternalAuthorization,
    client_id: Locator,
    response_type: Locator,
    redirect_uri: Locator,
    scope: Locator,
    state: Locator,
    end_user: Option<Variable>,
    /// The response type of the operation.
    wanted: &'static str,
    generates: bool,
    is_rfc: bool,
}

/// What a browser's request wants, checked.
pub(crate) struct BrowserRequest {
    pub(crate) client: IdentifiedClient,
    /// Where the browser is sent.
    pub(crate) redirect_uri: Text,
    /// Whether the request said so itself.
    pub(crate) names_redirect_uri: bool,
    pub(crate) scope: Option<Scope>,
    pub(crate) user: Option<Text>,
    state: Option<Text>,
}

impl BrowserSource {
    /// The places that a policy names. `wanted` is the response type that the operation serves.
    pub(crate) fn new(typed: &OAuthV2, wanted: &'static str) -> Self {
        Self {
            external: ExternalAuthorization::new(typed.is_external()),
            client_id: Locator::browser(typed.client_id.as_ref(), "client_id"),
            response_type: Locator::browser(typed.response_type.as_ref(), "response_type"),
            redirect_uri: Locator::browser(typed.redirect_uri.as_ref(), "redirect_uri"),
            scope: Locator::browser(typed.scope.as_ref(), "scope"),
            state: Locator::browser(typed.state.as_ref(), "state"),
            end_user: variable(typed.app_end_user.as_ref()),
            wanted,
            generates: typed.generate_response.enabled,
            is_rfc: typed.is_rfc_compliant(),
        }
    }

    /// Reads and checks the request.
    pub(crate) fn read(&self, transaction: &Transaction, engine: &Engine) -> Result<BrowserRequest, Failure> {
        self.external.is_granted(transaction)?;
        let client = self.client(transaction, engine)?;
        self.check_response_type(transaction)?;
        let named = self.redirect_uri.read(transaction);
        let redirect_uri = redirect_uri(client.app().callback_url.as_deref(), named.as_deref())?.into();
        let scope = self.scope.read(transaction).map(|scope| Scope::parse(&scope));
        check_scope(scope.as_ref(), &client, self.is_rfc)?;
        Ok(BrowserRequest {
            client,
            redirect_uri,
            names_redirect_uri: named.is_some(),
            scope,
            user: optional(self.end_user.as_ref(), transaction),
            state: self.state.read(transaction),
        })
    }

    /// Bundles write the response type itself where the name of a variable belongs, and run.
    fn check_response_type(&self, transaction: &Transaction) -> Result<(), Failure> {
        match self.response_type.read(transaction) {
            Some(response_type) if *response_type == *self.wanted => Ok(()),
            Some(_) => Err(Failure::about(&WRONG_RESPONSE_TYPE, self.wanted)),
            None if self.response_type.named_variable() == Some(self.wanted) => Ok(()),
            None => Err(Failure::about(&MISSING_PARAMETER, "response_type")),
        }
    }

    fn client(&self, transaction: &Transaction, engine: &Engine) -> Result<IdentifiedClient, Failure> {
        let Some(id) = self.client_id.read(transaction) else {
            return Err(match self.client_id.named_variable().filter(|_| !self.generates) {
                Some(variable) => Failure::about(&CLIENT_ID_UNRESOLVED, variable),
                None => Failure::about(&MISSING_PARAMETER, "client_id"),
            });
        };
        engine.identify(&id).map_err(|error| match error {
            Error::Refused(Refusal::Client(Unusable::Unknown)) => Failure::about(&UNKNOWN_CLIENT, &*id),
            error => Failure::from_engine(&error, During::Browser),
        })
    }
}

impl BrowserRequest {
    /// What the redirect echoes, beside the operation's own parameters.
    pub(crate) fn echo<'a>(
        &'a self,
        own: impl IntoIterator<Item = (&'static str, &'a str)>,
        granted: &'a str,
    ) -> Vec<(&'static str, &'a str)> {
        let state = self.state.as_deref().map(|state| ("state", state));
        let scope = self.scope.as_ref().map(|_| ("scope", granted));
        own.into_iter().chain(state).chain(scope).collect()
    }
}

/// In RFC mode, a scope that the client may have nothing of is an error; else it grants nothing.
pub(crate) fn check_scope(
    requested: Option<&Scope>,
    client: &IdentifiedClient,
    is_rfc: bool,
) -> Result<(), Failure> {
    let Some(requested) = requested.filter(|scope| is_rfc && !scope.is_empty()) else { return Ok(()) };
    if requested.intersection(&client.grantable_scope()).is_empty() {
        return Err(Failure::of(&INVALID_SCOPE));
    }
    Ok(())
}

/// The app's URI decides where it has one; without one the request's is taken.
fn redirect_uri<'a>(own: Option<&'a str>, named: Option<&'a str>) -> Result<&'a str, Failure> {
    match (own, named) {
        (Some(own), Some(named)) if own != named => Err(Failure::about(&REDIRECT_URI_INVALID, named)),
        (None, Some(named))
            if named.contains(|letter: char| letter.is_control() || letter.is_whitespace()) =>
        {
            Err(Failure::about(&REDIRECT_URI_INVALID, named))
        }
        (_, Some(uri)) | (Some(uri), None) => Ok(uri),
        (None, None) => Err(Failure::of(&REDIRECT_URI_REQUIRED)),
    }
}

/// The URI with parameters added to its query.
pub(crate) fn with_query(uri: &str, parameters: &[(&str, &str)]) -> String {
    let (uri, fragment) = match uri.split_once('#') {
        Some((uri, fragment)) => (uri, format!("#{fragment}")),
        None => (uri, String::new()),
    };
    let separator = separator(uri, '?');
    location(&format!("{uri}{separator}"), parameters, &fragment)
}

/// The URI with parameters added to its fragment.
pub(crate) fn with_fragment(uri: &str, parameters: &[(&str, &str)]) -> String {
    let separator = separator(uri, '#');
    location(&format!("{uri}{separator}"), parameters, "")
}

/// What stands between a URI and further parameters of a part that `begins` with a character.
fn separator(uri: &str, begins: char) -> String {
    match uri.split_once(begins) {
        None => begins.to_string(),
        Some((_, "")) => String::new(),
        Some((_, part)) if part.ends_with('&') => String::new(),
        Some(_) => "&".to_owned(),
    }
}

/// Nothing in the result can end a header or begin another part of the URI.
fn location(head: &str, parameters: &[(&str, &str)], tail: &str) -> String {
    let encode = |(name, value): &(&str, &str)| format!("{name}={}", utf8_percent_encode(value, PARAMETER));
    let parameters: Vec<String> = parameters.iter().map(encode).collect();
    let (head, tail) = (utf8_percent_encode(head, URI), utf8_percent_encode(tail, URI));
    format!("{head}{}{tail}", parameters.join("&"))
}

/// Everything but the unreserved characters of RFC 3986 §2.3.
const PARAMETER: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// What no URI can hold; what a URI has encoded already stays.
const URI: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(actual: &str, expected: &str) {
        assert_eq!(actual, expected);
    }

    #[test]
    fn parameters_join_the_query() {
        let code = [("code", "x")];
        check(&with_query("https://a/cb", &code), "https://a/cb?code=x");
        check(&with_query("https://a/cb?b=1", &code), "https://a/cb?b=1&code=x");
        check(&with_query("https://a/cb?", &code), "https://a/cb?code=x");
        check(&with_query("https://a/cb#part", &code), "https://a/cb?code=x#part");
        check(&with_query("oob:", &code), "oob:?code=x");
    }

    #[test]
    fn parameters_join_the_fragment() {
        check(
            &with_fragment("https://a/cb?b=1", &[("access_token", "x"), ("state", "é")]),
            "https://a/cb?b=1#access_token=x&state=%C3%A9",
        );
        check(&with_fragment("https://a/#b", &[("c", "d")]), "https://a/#b&c=d");
    }

    #[test]
    fn nothing_breaks_out_of_a_location() {
        check(
            &with_query("https://a/\r\nSet-Cookie: x", &[("state", "a\r\nb&c=d#e f")]),
            "https://a/%0D%0ASet-Cookie:%20x?state=a%0D%0Ab%26c%3Dd%23e%20f",
        );
    }

    #[test]
    fn which_redirect_uri_holds() {
        let text = |own, named| redirect_uri(own, named).map_err(|failure| failure.text());
        assert_eq!(text(Some("https://a"), Some("https://a")), Ok("https://a"));
        assert_eq!(text(Some("https://a"), None), Ok("https://a"));
        assert_eq!(text(None, Some("https://b")), Ok("https://b"));
        assert_eq!(
            text(Some("https://a"), Some("https://b")),
            Err("Invalid redirection uri https://b".to_owned())
        );
        assert_eq!(text(None, None), Err("Redirection URI is required".to_owned()));
        assert!(text(None, Some("https://a/\r\nx: y")).is_err());
    }
}
