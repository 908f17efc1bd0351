//! `grant_type=password` (RFC 6749 §4.3), for clients that are switched on for it. RFC 9700 §2.4 advises against it; Apigee's
//! users have it. An unknown person is answered like a wrong password, and as late.

use crate::oauth::OAuth;
use crate::oauth::error::{OAuthError, required};
use crate::oauth::grant::TokenRequest;
use crate::oauth::passwords::Busy;
use crate::oauth::throttle::{Attempt, Subject};
use dormouse_engine::{IssueRequest, Issued};
use dormouse_token::{Attributes, Grant, Secret};

pub(crate) async fn run(oauth: &OAuth, request: TokenRequest<'_>) -> Result<Issued, OAuthError> {
    if !oauth.has_users().await? {
        return Err(OAuthError::UnsupportedGrantType);
    }
    request.check_allowed(Grant::Password)?;
    let (client, form) = (request.client, request.form);
    let username = required(form, "username", "username is missing")?;
    let password = Secret::new(required(form, "password", "password is missing")?);
    let scope = request.grantable_scope()?;
    check_password(oauth, (username, password), request).await?;
    let issue = IssueRequest {
        client,
        grant: Grant::Password,
        user: Some(username),
        scope: scope.as_ref(),
        attributes: Attributes::default(),
        access_ttl: oauth.settings.access_ttl(client),
        refresh_ttl: oauth.settings.issued_refresh_ttl(client),
        source: oauth.source,
        front_end: request.front_end(oauth),
    };
    Ok(oauth.engine().issue(issue).await?)
}

async fn check_password(
    oauth: &OAuth,
    (username, password): (&str, Secret),
    request: TokenRequest<'_>,
) -> Result<(), OAuthError> {
    let clock = oauth.engine().clock();
    let attempt = Attempt::new(Subject::User, username, request.peer);
    oauth.throttle.check(&attempt, &**clock).map_err(|retry_after| OAuthError::Throttled { retry_after })?;
    let user = oauth.engine().user(username).await?;
    let hash = user.map(|user| user.password_hash);
    oauth.throttle.failed(attempt.clone(), &**clock);
    match oauth.passwords.check(hash, password).await {
        Ok(true) => {
            oauth.throttle.succeeded(&attempt);
            Ok(())
        }
        Ok(false) => Err(OAuthError::InvalidGrant),
        Err(Busy) => Err(OAuthError::Unavailable { retry_after: 1 }),
    }
}
