//! The crate `oauth2`, unmodified, as a client of the native endpoints.

use crate::oauth_support::{Native, WEB_SECRET};
use oauth2::basic::{BasicClient, BasicErrorResponseType};
use oauth2::{
    AuthType, ClientId, ClientSecret, EmptyExtraTokenFields, EndpointNotSet, EndpointSet, HttpRequest,
    HttpResponse, IntrospectionUrl, RequestTokenError, ResourceOwnerPassword, ResourceOwnerUsername,
    RevocationUrl, Scope, StandardRevocableToken, TokenIntrospectionResponse as _, TokenResponse as _,
    TokenUrl,
};

type Client = BasicClient<EndpointNotSet, EndpointNotSet, EndpointSet, EndpointSet, EndpointSet>;
type Tokens = oauth2::StandardTokenResponse<EmptyExtraTokenFields, oauth2::basic::BasicTokenType>;

/// The crate's client of an app. It revokes at HTTPS alone, so that the endpoint has such a name.
fn client(native: &Native, secret: &str, auth_type: AuthType) -> Client {
    let url = |path: &str| format!("{}{path}", native.server.oauth);
    let revocation = url("/oauth/revoke").replace("http://", "https://");
    BasicClient::new(ClientId::new("web".to_owned()))
        .set_client_secret(ClientSecret::new(secret.to_owned()))
        .set_auth_type(auth_type)
        .set_token_uri(TokenUrl::new(url("/oauth/token")).unwrap())
        .set_introspection_url(IntrospectionUrl::new(url("/oauth/introspect")).unwrap())
        .set_revocation_url(RevocationUrl::new(revocation).unwrap())
}

/// Sends a request of the crate, with HTTPS ended on the way as by a proxy.
fn send(request: HttpRequest) -> Result<HttpResponse, ureq::Error> {
    let (mut head, body) = request.into_parts();
    head.uri = head.uri.to_string().replace("https://", "http://").parse().unwrap();
    let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build();
    let response = ureq::Agent::from(config).run(ureq::http::Request::from_parts(head, body))?;
    let (head, mut body) = response.into_parts();
    Ok(HttpResponse::from_parts(head, body.read_to_vec()?))
}

fn sign_in(client: &Client) -> Tokens {
    client
        .exchange_password(
            &ResourceOwnerUsername::new("ann".to_owned()),
            &ResourceOwnerPassword::new("correct horse".to_owned()),
        )
        .request(&send)
        .unwrap()
}

fn is_active(client: &Client, tokens: &Tokens) -> bool {
    client.introspect(tokens.access_token()).request(&send).unwrap().active()
}

#[test]
fn client_credentials_in_the_header_and_in_the_body() {
    let native = Native::start();
    for auth_type in [AuthType::BasicAuth, AuthType::RequestBody] {
        let client = client(&native, WEB_SECRET, auth_type);
        let request = client.exchange_client_credentials().add_scope(Scope::new("read".to_owned()));
        let tokens = request.request(&send).unwrap();
        assert_eq!(tokens.scopes().unwrap().as_slice(), [Scope::new("read".to_owned())]);
        assert!(tokens.refresh_token().is_none());
        assert_eq!(tokens.expires_in().unwrap().as_secs(), 1800);
        let shown = client.introspect(tokens.access_token()).request(&send).unwrap();
        assert!(shown.active());
        assert_eq!(shown.client_id().unwrap().as_str(), "web");
        assert!(shown.exp().is_some());
    }
}

#[test]
fn refresh_then_revocation() {
    let native = Native::start();
    let client = client(&native, WEB_SECRET, AuthType::BasicAuth);
    let tokens = sign_in(&client);
    let next = client.exchange_refresh_token(tokens.refresh_token().unwrap()).request(&send).unwrap();
    assert_ne!(next.refresh_token().unwrap().secret(), tokens.refresh_token().unwrap().secret());
    assert!(is_active(&client, &next));

    let access = StandardRevocableToken::AccessToken(next.access_token().clone());
    client.revoke_token(access).unwrap().request(&send).unwrap();
    assert!(!is_active(&client, &next));

    let last = client.exchange_refresh_token(next.refresh_token().unwrap()).request(&send).unwrap();
    let refresh = StandardRevocableToken::RefreshToken(last.refresh_token().unwrap().clone());
    client.revoke_token(refresh).unwrap().request(&send).unwrap();
    assert!(!is_active(&client, &last));
    refused(
        client.exchange_refresh_token(last.refresh_token().unwrap()).request(&send),
        &BasicErrorResponseType::InvalidGrant,
    );
}

#[test]
fn errors_are_understood() {
    let native = Native::start();
    let wrong = client(&native, "wrong", AuthType::BasicAuth);
    refused(wrong.exchange_client_credentials().request(&send), &BasicErrorResponseType::InvalidClient);
    let right = client(&native, WEB_SECRET, AuthType::BasicAuth);
    let request = right.exchange_client_credentials().add_scope(Scope::new("admin".to_owned()));
    refused(request.request(&send), &BasicErrorResponseType::InvalidScope);
}

#[track_caller]
fn refused<E: std::error::Error + 'static>(
    result: Result<Tokens, RequestTokenError<E, oauth2::basic::BasicErrorResponse>>,
    expected: &BasicErrorResponseType,
) {
    match result {
        Err(RequestTokenError::ServerResponse(response)) => assert_eq!(response.error(), expected),
        other => panic!("expected {expected:?}, got {other:?}"),
    }
}
