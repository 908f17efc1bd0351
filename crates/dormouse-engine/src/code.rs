//! Authorization codes: sealed like tokens, used once through a mark that the store keeps (RFC 6749 §4.1, TOKENS §3 "Codes").

use crate::Engine;
use crate::client::{AuthenticatedClient, IdentifiedClient};
use crate::commit::LOST_MAX;
use crate::error::{Error, Refusal, Supersession};
use crate::follow::Read;
use crate::issue::{Issued, Pair, SealedPair, Side, Token, capped, check_size, expiry};
use crate::observe::Event;
use crate::pkce::check_verifier;
use crate::present::Presented;
use dormouse_token::{
    Attributes, Claims, CodeMark, CountedEvent, FrontEnd, Grant, Kind, Marked, RETENTION_MARGIN, Reason,
    Scope, SealedAttributes, Sides, SourceId, StoreError, revoke,
};
use std::time::Duration;

/// An authorization that an end user gave.
#[derive(Debug)]
pub struct CodeRequest<'a> {
    /// The client that asked.
    pub client: &'a IdentifiedClient,
    /// The redirect URI of the request, when it named one.
    pub redirect_uri: Option<&'a str>,
    /// The end user.
    pub user: Option<&'a str>,
    /// The scope that was asked for.
    pub scope: Option<&'a Scope>,
    /// Custom attributes; the tokens inherit them.
    pub attributes: Attributes,
    /// Lifetime of the code.
    pub ttl: Duration,
    /// The proxy and policy, or the endpoint.
    pub source: SourceId,
    /// The front end.
    pub front_end: FrontEnd,
}

/// A code to be exchanged for tokens.
#[derive(Debug)]
pub struct CodeExchange<'a> {
    /// The client that presents it.
    pub client: &'a AuthenticatedClient,
    /// The code.
    pub code: &'a str,
    /// The redirect URI of the token request.
    pub redirect_uri: Option<&'a str>,
    /// The code verifier of the token request. Bundles have none: what they prove is theirs.
    pub code_verifier: Option<&'a str>,
    /// Attributes that the front end adds; they win over the code's.
    pub attributes: Attributes,
    /// Lifetime of the access token.
    pub access_ttl: Duration,
    /// Lifetime of the refresh token, where one shall be issued.
    pub refresh_ttl: Option<Duration>,
    /// The end user that the front end names, when the code names none.
    pub user: Option<&'a str>,
    /// The proxy and policy, or the endpoint.
    pub source: SourceId,
    /// The front end.
    pub front_end: FrontEnd,
}

impl Engine {
    /// Issues an authorization code.
    ///
    /// # Errors
    /// As [`Engine::issue`].
    pub async fn issue_code(&self, request: CodeRequest<'_>) -> Result<Token, Error> {
        check_size(request.user, &request.attributes)?;
        let read = self.recent().await?;
        let claims = self.code_claims(&request, read)?;
        Ok(self.seal_fitting(claims, &request.attributes).await?.0)
    }

    pub(crate) fn code_claims(&self, request: &CodeRequest<'_>, read: Read) -> Result<Claims, Error> {
        let issued_at = self.issue_read(read, request.client, request.user)?.now;
        let scope = dormouse_entity::grant_scope(request.scope, &request.client.grantable_scope());
        let expires_at = expiry(issued_at, request.ttl);
        Ok(Claims {
            kind: Kind::Code,
            family: self.new_family(),
            generation: 0,
            issued_at,
            expires_at,
            partner: None,
            family_expires_at: expires_at,
            absolute_expires_at: None,
            seen: read.seen,
            born: self.ring.key_id(issued_at),
            front_end: request.front_end,
            client: request.client.id().into(),
            grant: Grant::AuthorizationCode,
            user: request.user.map(Box::from),
            scope,
            attributes: SealedAttributes::default(),
            source: request.source,
            redirect_uri: request.redirect_uri.map(Box::from),
        })
    }

    /// Exchanges a code for tokens, once.
    ///
    /// Atomic in the code's mark: of any number of concurrent exchanges one gets tokens. A second use is refused; at a native
    /// front end, a second use that is valid in all else revokes the family.
    ///
    /// # Errors
    /// [`Refusal`] for a code that is unknown, expired, revoked, used, of another client, another redirect URI or, at a native
    /// front end, without the right verifier.
    pub async fn exchange_code(&self, exchange: CodeExchange<'_>) -> Result<Issued, Error> {
        let presented = self.present(exchange.code, Kind::Code).await?;
        let code = &presented.claims;
        if code.expires_at <= self.now() {
            return Err(Refusal::Expired.into());
        }
        if *code.client != *exchange.client.id() {
            return Err(Refusal::Unknown.into());
        }
        let read = self.linearizable().await?;
        // Before the code is judged: a cut-off that comes in between must not lie before the issue of the tokens.
        let minting = self.issue_read(read, exchange.client, code.user.as_deref().or(exchange.user));
        self.judge(code, presented.key)?;
        self.check_seen(code, read)?;
        let client = self.identify(exchange.client.id())?;
        self.judge_products(code)?;
        check_redirect_uri(code, &exchange)?;
        let sealed = self.tokens_of_code(&presented, &exchange, (&client, minting?)).await?;
        let issued = &sealed.issued;
        let mark = CodeMark {
            attempt: self.attempt(),
            family_expires_at: issued.access.claims.family_expires_at,
            retention: code.expires_at.saturating_add(RETENTION_MARGIN),
        };
        if let Some(before) = self.mark(code, mark).await? {
            return Err(self.code_used_again(code, &before, front_end(code, &exchange)).await?.into());
        }
        if let Some(import) = &presented.import {
            self.remove_imports(import, true).await;
        }
        if let Some(refresh) = &issued.refresh {
            self.count_beginning(&refresh.claims, CountedEvent::Issued);
        }
        self.settle_overflow(&sealed).await?;
        Ok(sealed.issued)
    }

    async fn tokens_of_code(
        &self,
        presented: &Presented,
        exchange: &CodeExchange<'_>,
        (client, read): (&IdentifiedClient, Read),
    ) -> Result<SealedPair, Error> {
        let code = &presented.claims;
        let mut attributes = self.issued_attributes(code).await?;
        let front_end = front_end(code, exchange);
        if front_end != FrontEnd::Bundle {
            check_verifier(&mut attributes, exchange.code_verifier, exchange.client.is_public())?;
        }
        attributes.fold(&exchange.attributes);
        let user = code.user.as_deref().or(exchange.user);
        check_size(user, &attributes)?;
        let absolute = self.absolute_expiry(front_end, read.now);
        let scope = code.scope.intersection(&client.grantable_scope());
        let side = |ttl| Side {
            generation: 0,
            expires_at: capped(expiry(read.now, ttl), absolute),
            scope: scope.clone(),
        };
        let pair = Pair {
            family: code.family,
            born: Some(code.born),
            client,
            grant: Grant::AuthorizationCode,
            user,
            front_end,
            source: exchange.source,
            absolute_expires_at: absolute.filter(|_| exchange.refresh_ttl.is_some()),
            access: side(exchange.access_ttl),
            refresh: exchange.refresh_ttl.map(side),
            refresh_apart: false,
            attributes: &attributes,
        };
        self.seal_pair(&pair, read).await
    }

    /// Marks a code as used; the mark that was there before, if this is not the first use.
    pub(crate) async fn mark(&self, code: &Claims, mark: CodeMark) -> Result<Option<CodeMark>, Error> {
        for _ in 0..LOST_MAX {
            match self.store.mark_code(code.family, mark.clone()).await {
                Ok(Marked::First) => return Ok(None),
                Ok(Marked::Before(before)) => return Ok(Some(before)),
                // The same attempt again is answered as the first time.
                Err(StoreError::OutcomeUnknown(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::OutcomeUnknown("the use of the code stayed undecided".into()).into())
    }

    async fn code_used_again(
        &self,
        code: &Claims,
        before: &CodeMark,
        front_end: FrontEnd,
    ) -> Result<Refusal, Error> {
        if front_end == FrontEnd::Bundle {
            self.tell(Event::CodeReplayed(code, false));
            return Ok(Refusal::Superseded(Supersession::Refused));
        }
        for _ in 0..LOST_MAX {
            let record =
                self.store.family(code.family).await?.unwrap_or_else(dormouse_token::FamilyRecord::untouched);
            let Some(mut next) = revoke(&record, code, Sides::Both, Reason::Replay, self.attempt()) else {
                break;
            };
            next.cover_access(before.family_expires_at);
            if self.commit(code.family, next, Vec::new()).await? {
                break;
            }
        }
        self.tell(Event::CodeReplayed(code, true));
        Ok(Refusal::Superseded(Supersession::FamilyRevoked))
    }

    /// Whether a code was used, for look-ups.
    pub(crate) async fn is_used(&self, code: &Claims) -> Result<bool, Error> {
        Ok(self.store.code_mark(code.family).await?.is_some())
    }

    /// Deletes a code: from now on it counts as used.
    pub(crate) async fn delete_code(&self, code: &Claims) -> Result<bool, Error> {
        let mark = CodeMark {
            attempt: self.attempt(),
            family_expires_at: code.expires_at,
            retention: code.expires_at.saturating_add(RETENTION_MARGIN),
        };
        let deleted = self.mark(code, mark).await?.is_none();
        if deleted {
            self.tell(Event::CodeDeleted(code));
        }
        Ok(deleted)
    }
}

/// A native family keeps its policy and its end, and it begins with the code.
fn front_end(code: &Claims, exchange: &CodeExchange<'_>) -> FrontEnd {
    match code.front_end {
        FrontEnd::Native(_) => code.front_end,
        FrontEnd::Bundle => exchange.front_end,
    }
}

/// RFC 6749 §4.1.3: required and identical when the authorization request named one; otherwise the app's callback applies.
fn check_redirect_uri(code: &Claims, exchange: &CodeExchange<'_>) -> Result<(), Refusal> {
    match (code.redirect_uri.as_deref(), exchange.redirect_uri) {
        (Some(_), None) => Err(Refusal::RedirectUriMissing),
        (Some(own), Some(given)) if own != given => Err(Refusal::RedirectUriDiffers),
        (None, Some(given))
            if exchange.client.app().callback_url.as_deref().is_some_and(|own| own != given) =>
        {
            Err(Refusal::RedirectUriDiffers)
        }
        _ => Ok(()),
    }
}
