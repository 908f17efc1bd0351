//! Issuing tokens: nothing is read and nothing is written, but for a code's mark and oversized attributes.

use crate::Engine;
use crate::attributes::inline_len_max;
use crate::client::{AuthenticatedClient, IdentifiedClient};
use crate::count::{counter, deadline};
use crate::error::{Error, Refusal, Unavailable};
use crate::follow::Read;
use dormouse_token::{
    Attributes, CLOCK_SKEW_MAX, Claims, CountedEvent, FamilyId, FamilyRecord, FrontEnd, Grant, KeyId, Kind,
    LIFETIME_MAX, Partner, Scope, SealError, SealedAttributes, SourceId, Timestamp, random,
};
use std::fmt;
use std::time::Duration;

/// What to issue, and to whom.
#[derive(Debug)]
pub struct IssueRequest<'a> {
    /// The client that proved who it is. The implicit grant takes [`ImplicitRequest`].
    pub client: &'a AuthenticatedClient,
    /// The grant that the front end has carried out.
    pub grant: Grant,
    /// The end user, at most 256 bytes.
    pub user: Option<&'a str>,
    /// The scope that was asked for; none or an empty one asks for all that the client may have.
    pub scope: Option<&'a Scope>,
    /// Custom attributes, at most 8 KiB.
    pub attributes: Attributes,
    /// Lifetime of the access token, capped at two years.
    pub access_ttl: Duration,
    /// Lifetime of the refresh token, where one shall be issued. Grants without refresh tokens ignore it.
    pub refresh_ttl: Option<Duration>,
    /// The proxy and policy, or the endpoint.
    pub source: SourceId,
    /// The front end, with the rotation policy of a native one.
    pub front_end: FrontEnd,
}

/// An access token for the implicit grant. Only bundles have it.
#[derive(Debug)]
pub struct ImplicitRequest<'a> {
    /// The client that asked; nobody proves to be it.
    pub client: &'a IdentifiedClient,
    /// The end user, at most 256 bytes.
    pub user: Option<&'a str>,
    /// The scope that was asked for; none or an empty one asks for all that the client may have.
    pub scope: Option<&'a Scope>,
    /// Custom attributes, at most 8 KiB.
    pub attributes: Attributes,
    /// Lifetime of the access token, capped at two years.
    pub access_ttl: Duration,
    /// The proxy and policy.
    pub source: SourceId,
}

/// A token string and what it says.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// What the client gets. Secret.
    pub text: String,
    /// What it says; for an imported token, what its row says.
    pub claims: Claims,
}

/// The tokens of one generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// The access token.
    pub access: Token,
    /// The refresh token, if the grant has one.
    pub refresh: Option<Token>,
    /// All custom attributes.
    pub attributes: Attributes,
}

/// Tokens about to be sealed.
pub(crate) struct Pair<'a> {
    pub(crate) family: FamilyId,
    /// Root and hour of the family's first token; `None` for that token itself.
    pub(crate) born: Option<KeyId>,
    pub(crate) client: &'a IdentifiedClient,
    pub(crate) grant: Grant,
    pub(crate) user: Option<&'a str>,
    pub(crate) front_end: FrontEnd,
    pub(crate) source: SourceId,
    pub(crate) absolute_expires_at: Option<Timestamp>,
    pub(crate) access: Side,
    pub(crate) refresh: Option<Side>,
    /// Whether the refresh token of this pair exists elsewhere and is not to be sealed.
    pub(crate) refresh_apart: bool,
    pub(crate) attributes: &'a Attributes,
}

/// One token of a pair.
#[derive(Clone)]
pub(crate) struct Side {
    pub(crate) generation: u32,
    pub(crate) expires_at: Timestamp,
    pub(crate) scope: Scope,
}

/// The sealed tokens of a pair. They leave when what they rest on is committed.
pub(crate) struct SealedPair {
    pub(crate) issued: Issued,
    /// Beside one of them are attributes that somebody else put there: [`Engine::settle_overflow`] after the commit.
    pub(crate) contested: bool,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.claims, f)
    }
}

impl Engine {
    /// Issues the tokens of a grant to an authenticated client.
    ///
    /// # Errors
    /// [`Refusal::AttributesTooLarge`] or [`Refusal::UserTooLong`]; [`Unavailable`] when nothing may be issued at present.
    pub async fn issue(&self, request: IssueRequest<'_>) -> Result<Issued, Error> {
        let refresh_ttl = request.refresh_ttl.filter(|_| request.grant.has_refresh());
        let issued = self.begin_family(request.client, &request, refresh_ttl).await?;
        if let Some(refresh) = &issued.refresh {
            self.count_beginning(&refresh.claims, CountedEvent::Issued);
        }
        Ok(issued)
    }

    /// Issues the access token of the implicit grant, which never comes with a refresh token (RFC 6749 §4.2).
    ///
    /// # Errors
    /// As [`Engine::issue`].
    pub async fn issue_implicit(&self, request: ImplicitRequest<'_>) -> Result<Issued, Error> {
        check_size(request.user, &request.attributes)?;
        let read = self.issue_read(self.recent().await?, request.client, request.user)?;
        let scope = dormouse_entity::grant_scope(request.scope, &request.client.grantable_scope());
        let access = Side { generation: 0, expires_at: expiry(read.now, request.access_ttl), scope };
        let pair = Pair {
            family: self.new_family(),
            born: None,
            client: request.client,
            grant: Grant::Implicit,
            user: request.user,
            front_end: FrontEnd::Bundle,
            source: request.source,
            absolute_expires_at: None,
            access,
            refresh: None,
            refresh_apart: false,
            attributes: &request.attributes,
        };
        Ok(self.seal_pair(&pair, read).await?.issued)
    }

    async fn begin_family(
        &self,
        client: &IdentifiedClient,
        request: &IssueRequest<'_>,
        refresh_ttl: Option<Duration>,
    ) -> Result<Issued, Error> {
        check_size(request.user, &request.attributes)?;
        let read = self.issue_read(self.recent().await?, client, request.user)?;
        let scope = dormouse_entity::grant_scope(request.scope, &client.grantable_scope());
        let absolute = self.absolute_expiry(request.front_end, read.now);
        let side = |ttl| Side {
            generation: 0,
            expires_at: capped(expiry(read.now, ttl), absolute),
            scope: scope.clone(),
        };
        let pair = Pair {
            family: self.new_family(),
            born: None,
            client,
            grant: request.grant,
            user: request.user,
            front_end: request.front_end,
            source: request.source,
            absolute_expires_at: absolute.filter(|_| refresh_ttl.is_some()),
            access: side(request.access_ttl),
            refresh: refresh_ttl.map(side),
            refresh_apart: false,
            attributes: &request.attributes,
        };
        Ok(self.seal_pair(&pair, read).await?.issued)
    }

    /// The end of a family that a front end begins now: native families have one.
    pub(crate) fn absolute_expiry(&self, front_end: FrontEnd, issued_at: Timestamp) -> Option<Timestamp> {
        match front_end {
            FrontEnd::Bundle => None,
            FrontEnd::Native(_) => Some(issued_at.saturating_add(self.settings.family_ttl.min(LIFETIME_MAX))),
        }
    }

    pub(crate) fn new_family(&self) -> FamilyId {
        FamilyId(random(&*self.entropy))
    }

    /// A read with the issue time for tokens of a client: after every cut-off with a timestamp, and not under a burned key.
    pub(crate) fn issue_read(
        &self,
        read: Read,
        client: &IdentifiedClient,
        user: Option<&str>,
    ) -> Result<Read, Error> {
        let products = client.products().map(|product| product.name.as_str());
        let floor = self.resident.cut_offs.issue_floor(client.subject(user), products);
        let now = match floor {
            Some(before) if before >= read.now => before.saturating_add(Duration::from_millis(1)),
            _ => read.now,
        };
        if now > read.now.saturating_add(CLOCK_SKEW_MAX) {
            return Err(Unavailable::CutOffAhead.into());
        }
        if self.resident.cut_offs.burns_key(self.ring.key_id(now)) {
            return Err(Unavailable::KeyBurned.into());
        }
        Ok(Read { now, ..read })
    }

    /// Seals the tokens of a pair, and stores attributes that do not fit.
    pub(crate) async fn seal_pair(&self, pair: &Pair<'_>, read: Read) -> Result<SealedPair, Error> {
        let access = self.claims(pair, Kind::Access, &pair.access, read);
        let (access, mut inserted) = self.seal_fitting(access, pair.attributes).await?;
        let mut refresh = None;
        if let Some(side) = pair.refresh.as_ref().filter(|_| !pair.refresh_apart) {
            let claims = self.claims(pair, Kind::Refresh, side, read);
            let (token, also_inserted) = self.seal_fitting(claims, pair.attributes).await?;
            refresh = Some(token);
            inserted &= also_inserted;
        }
        let issued = Issued { access, refresh, attributes: pair.attributes.clone() };
        Ok(SealedPair { issued, contested: !inserted })
    }

    /// The claims of one token of a pair.
    pub(crate) fn claims(&self, pair: &Pair<'_>, kind: Kind, side: &Side, read: Read) -> Claims {
        let other = if kind == Kind::Access { pair.refresh.as_ref() } else { Some(&pair.access) };
        let partner = other.map(|other| Partner {
            expires_at: other.expires_at,
            generation: other.generation,
            scope: other.scope.clone(),
            apart: pair.refresh_apart,
        });
        let latest = other.map_or(side.expires_at, |other| side.expires_at.max(other.expires_at));
        Claims {
            kind,
            family: pair.family,
            generation: side.generation,
            issued_at: read.now,
            expires_at: side.expires_at,
            partner,
            family_expires_at: latest,
            absolute_expires_at: pair.absolute_expires_at,
            seen: read.seen,
            born: pair.born.unwrap_or_else(|| self.ring.key_id(read.now)),
            front_end: pair.front_end,
            client: pair.client.id().into(),
            grant: pair.grant,
            user: pair.user.map(Box::from),
            scope: side.scope.clone(),
            attributes: SealedAttributes::default(),
            source: pair.source,
            redirect_uri: None,
        }
    }

    /// Seals claims with the attributes inside, or beside them when the token would become too long; `false` when others
    /// are beside it already.
    pub(crate) async fn seal_fitting(
        &self,
        mut claims: Claims,
        attributes: &Attributes,
    ) -> Result<(Token, bool), Error> {
        let key = self.ring.key_id(claims.issued_at);
        claims.attributes = SealedAttributes::Inline(attributes.clone());
        if let Some(text) = self.seal_inline(&claims, key, attributes.is_empty())? {
            return Ok((Token { text, claims }, true));
        }
        let inserted = self.write_overflow(&claims, attributes).await?;
        claims.attributes = SealedAttributes::Overflow;
        let text = self.ring.seal(&claims, key, &*self.entropy)?;
        Ok((Token { text, claims }, inserted))
    }

    /// Seals claims that carry their attributes themselves; `None` when the token becomes too long, unless it has none.
    pub(crate) fn seal_inline(
        &self,
        claims: &Claims,
        key: KeyId,
        has_none: bool,
    ) -> Result<Option<String>, Error> {
        match self.ring.seal(claims, key, &*self.entropy) {
            Ok(text) if has_none || inline_len_max(claims.kind).is_none_or(|max| text.len() <= max) => {
                Ok(Some(text))
            }
            Ok(_) => Ok(None),
            Err(SealError::TooLong) if !has_none => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The counters of a redemption, which are part of its commit.
    pub(crate) fn redemption_counters(
        claims: &Claims,
        record: &FamilyRecord,
        now: Timestamp,
    ) -> Vec<dormouse_token::CounterKey> {
        if record.access_gen > 0 {
            return vec![counter(claims, CountedEvent::RedeemedAgain)];
        }
        let age = now.since(Timestamp::from_hour(claims.born.hour));
        let first = CountedEvent::FirstRedeemed(dormouse_token::Age::of(age));
        vec![counter(claims, first), counter(claims, CountedEvent::Woke(deadline(claims)))]
    }
}

/// Limits on what a token says beside the client's own data.
pub(crate) fn check_size(user: Option<&str>, attributes: &Attributes) -> Result<(), Refusal> {
    if user.is_some_and(|user| user.len() > USER_LEN_MAX) {
        return Err(Refusal::UserTooLong);
    }
    if !FamilyRecord::attributes_fit(attributes) {
        return Err(Refusal::AttributesTooLarge);
    }
    Ok(())
}

/// The expiry of a token, with its lifetime capped.
pub(crate) fn expiry(issued_at: Timestamp, ttl: Duration) -> Timestamp {
    issued_at.saturating_add(ttl.min(LIFETIME_MAX))
}

/// An expiry that does not pass the end of the family.
pub(crate) fn capped(expires_at: Timestamp, absolute: Option<Timestamp>) -> Timestamp {
    absolute.map_or(expires_at, |absolute| expires_at.min(absolute))
}

/// Longest end user: what is sealed in every token must stay small.
const USER_LEN_MAX: usize = 256;
