//! Redeeming a refresh token, with the checks of TOKENS §3 in their order, around the pure decision.

use crate::Engine;
use crate::client::AuthenticatedClient;
use crate::commit::LOST_MAX;
use crate::count::counter;
use crate::error::{Error, Refusal, Supersession, Unavailable};
use crate::follow::Read;
use crate::issue::{Issued, Pair, SealedPair, Side, Token};
use crate::observe::Event;
use crate::present::Presented;
use dormouse_token::{
    Attributes, Claims, CountedEvent, Decision, FamilyRecord, Kind, Mint, Redeemer, Redemption, Rotation,
    Scope, Status, decide,
};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// A refresh token to be redeemed.
#[derive(Debug)]
pub struct RedeemRequest<'a> {
    /// The client that presents it.
    pub client: &'a AuthenticatedClient,
    /// The refresh token.
    pub token: &'a str,
    /// The scope that was asked for; none asks for what the token has.
    pub scope: Option<&'a Scope>,
    /// The policy of the redeeming front end; the app's attribute `dormouse.refresh.rotation` wins over it.
    pub rotation: Rotation,
    /// The redeeming front end.
    pub redeemer: Redeemer,
    /// Attributes to add where the token has none of the name.
    pub attributes: Attributes,
    /// Lifetime of the new access token.
    pub access_ttl: Duration,
    /// Lifetime of the new refresh token.
    pub refresh_ttl: Duration,
}

/// The tokens of a redemption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redeemed {
    /// Access token and refresh token; under `reuse` the presented refresh token itself.
    pub issued: Issued,
    /// How many redemptions lie behind the access token: Apigee's `refresh_count`.
    pub refresh_count: u32,
    /// Whether this repeats the answer of an earlier redemption within the grace window.
    pub repeated: bool,
}

impl Engine {
    /// Redeems a refresh token.
    ///
    /// Atomic and durable: of any number of concurrent redemptions of one token, exactly one creates a new generation, and
    /// its tokens are returned only once the record is durable. A revocation or cut-off that is acknowledged before the
    /// commit prevents it; one that is acknowledged later kills the new tokens.
    ///
    /// # Errors
    /// [`Refusal`] for a token that may not be redeemed; [`Unavailable`] when it could not be decided, and the token lives.
    pub async fn redeem(&self, request: RedeemRequest<'_>) -> Result<Redeemed, Error> {
        let mut presented = self.present(request.token, Kind::Refresh).await?;
        if presented.claims.expires_at <= self.now() {
            return Err(Refusal::Expired.into());
        }
        if *presented.claims.client != *request.client.id() {
            return Err(Refusal::Unknown.into());
        }
        if request.client.is_public() && Self::effective_rotation(&presented, &request) == Rotation::Reuse {
            return Err(Refusal::PublicReuse.into());
        }
        for _ in 0..LOST_MAX {
            if let Some(redeemed) = self.try_redeem(&presented, &request).await? {
                return Ok(redeemed);
            }
            // Somebody else changed the family: all checks again, on a new read. An import may have moved on as well.
            if presented.import.is_some() {
                presented = self.present(request.token, Kind::Refresh).await?;
            }
        }
        Err(Unavailable::Contended.into())
    }

    /// One round: read, check, decide, commit. `None` when the compare-and-set was lost.
    async fn try_redeem(
        &self,
        presented: &Presented,
        request: &RedeemRequest<'_>,
    ) -> Result<Option<Redeemed>, Error> {
        let claims = &presented.claims;
        let read = self.linearizable().await?;
        if claims.expires_at <= read.now {
            return Err(Refusal::Expired.into());
        }
        // Before the token is judged: a cut-off that comes in between must not lie before the issue of its successor.
        let minting = self.issue_read(read, request.client, claims.user.as_deref());
        self.judge(claims, presented.key)?;
        self.check_seen(claims, read)?;
        let record = self.record(claims, read).await?;
        check_status(record.refresh_status)?;
        // The client was looked at when it authenticated; that may be some lost races ago.
        let client = self.identify(request.client.id())?;
        self.judge_products(claims)?;
        let grantable = client.grantable_scope();
        let narrowed = narrow(request.scope, claims, &grantable)?;
        let redemption = Redemption {
            presented: claims,
            now: read.now,
            rotation: Self::effective_rotation(presented, request),
            redeemer: request.redeemer,
            access_ttl: request.access_ttl,
            refresh_ttl: request.refresh_ttl,
            full_scope: claims.scope.intersection(&grantable),
            narrowed_scope: narrowed,
            grace: self.settings.grace,
            attempt: self.attempt(),
        };
        match decide(&record, &redemption) {
            Decision::Redeem { next, mint } => {
                let sealed = self.mint(presented, request, (&record, &mint), minting?).await?;
                let counters = Self::redemption_counters(claims, &record, read.now);
                if !self.commit(claims.family, next, counters).await? {
                    return Ok(None);
                }
                self.settle_overflow(&sealed).await?;
                if let Some(import) = &presented.import {
                    self.remove_imports(import, !mint.keeps_refresh).await;
                }
                Ok(Some(redeemed(sealed, false)))
            }
            Decision::MintOnly(mint) => {
                let sealed = self.mint(presented, request, (&record, &mint), minting?).await?;
                self.count(claims, CountedEvent::RedeemedAgain);
                Ok(Some(redeemed(sealed, false)))
            }
            Decision::Grace(mint) => {
                self.allow_grace(claims)?;
                let sealed = self.mint(presented, request, (&record, &mint), minting?).await?;
                self.count(claims, CountedEvent::Grace);
                Ok(Some(redeemed(sealed, true)))
            }
            Decision::Race => Err(Refusal::Superseded(Supersession::Race).into()),
            Decision::Expired => Err(Refusal::Expired.into()),
            Decision::RolledBack => {
                self.alarm_rolled_back();
                Err(Unavailable::RolledBack.into())
            }
            Decision::Replay(next) => self.refuse_replay(claims, next).await,
        }
    }

    /// Seals the tokens of a decision. They leave only after the commit.
    async fn mint(
        &self,
        presented: &Presented,
        request: &RedeemRequest<'_>,
        (record, mint): (&FamilyRecord, &Mint),
        read: Read,
    ) -> Result<SealedPair, Error> {
        let claims = &presented.claims;
        let attributes = self.inherited_attributes(claims, record, &request.attributes).await?;
        let pair = Pair {
            family: claims.family,
            born: Some(claims.born),
            client: request.client,
            grant: claims.grant,
            user: claims.user.as_deref(),
            front_end: claims.front_end,
            source: claims.source,
            absolute_expires_at: mint.absolute_expires_at,
            access: Side {
                generation: mint.access_generation,
                expires_at: mint.access_expires_at,
                scope: mint.access_scope.clone(),
            },
            refresh: Some(Side {
                generation: mint.refresh_generation,
                expires_at: mint.refresh_expires_at,
                scope: mint.refresh_scope.clone(),
            }),
            refresh_apart: mint.keeps_refresh,
            attributes: &attributes,
        };
        let mut sealed = self.seal_pair(&pair, read).await?;
        if mint.keeps_refresh {
            sealed.issued.refresh = Some(Token { text: request.token.to_owned(), claims: claims.clone() });
        }
        Ok(sealed)
    }

    /// What the presented token had, the edits since, and what the front end adds; as much of the addition as fits.
    async fn inherited_attributes(
        &self,
        claims: &Claims,
        record: &FamilyRecord,
        added: &Attributes,
    ) -> Result<Attributes, Error> {
        let mut attributes = self.issued_attributes(claims).await?;
        let since = claims.access_generation();
        self.fold_edits(&mut attributes, record, claims.family, |generation| generation >= since)?;
        for (name, value) in
            added.iter().filter(|(name, _)| attributes.value(name).is_none()).collect::<Vec<_>>()
        {
            attributes.set(name, value);
            if !FamilyRecord::attributes_fit(&attributes) {
                attributes.remove(name);
            }
        }
        Ok(attributes)
    }

    /// The stricter of the family's policy and the redeeming front end's. An imported string has no successor that a thief
    /// could be told by, so that replay detection does not apply to it.
    fn effective_rotation(presented: &Presented, request: &RedeemRequest<'_>) -> Rotation {
        let effective = presented.claims.front_end.effective(rotation(request));
        if presented.import.is_some() { effective.min(Rotation::Apigee) } else { effective }
    }

    /// At most so many repeated answers per generation on this node.
    fn allow_grace(&self, claims: &Claims) -> Result<(), Refusal> {
        let key = (claims.family.0, claims.generation);
        let Ok(answered) =
            self.grace_answers.get_or_insert_with(&key, || Ok::<_, Infallible>(Arc::default()));
        let counted = |answers: u32| (answers < GRACE_ANSWERS_MAX).then_some(answers + 1);
        match answered.fetch_update(Ordering::AcqRel, Ordering::Acquire, counted) {
            Ok(_) => Ok(()),
            Err(_) => Err(Refusal::Superseded(Supersession::GraceExhausted)),
        }
    }

    async fn refuse_replay(
        &self,
        claims: &Claims,
        next: Option<FamilyRecord>,
    ) -> Result<Option<Redeemed>, Error> {
        let Some(next) = next else {
            self.count(claims, CountedEvent::Replayed);
            self.tell(Event::RefreshReplayed(claims, false));
            return Err(Refusal::Superseded(Supersession::Refused).into());
        };
        let counters = vec![counter(claims, CountedEvent::Replayed)];
        if !self.commit(claims.family, next, counters).await? {
            return Ok(None);
        }
        self.tell(Event::RefreshReplayed(claims, true));
        tracing::warn!(
            family = %claims.family, client = %claims.client, generation = claims.generation,
            "a superseded refresh token was presented again: the family was revoked"
        );
        Err(Refusal::Superseded(Supersession::FamilyRevoked).into())
    }
}

fn redeemed(sealed: SealedPair, repeated: bool) -> Redeemed {
    let refresh_count = sealed.issued.access.claims.generation;
    Redeemed { issued: sealed.issued, refresh_count, repeated }
}

/// The redeeming front end's policy: an app's attribute wins.
fn rotation(request: &RedeemRequest<'_>) -> Rotation {
    request.client.settings().rotation.unwrap_or(request.rotation)
}

/// Revoked and deleted refresh tokens are not redeemed, whatever generation they are of.
fn check_status(status: Status) -> Result<(), Refusal> {
    match status {
        Status::Approved => Ok(()),
        Status::Revoked(reason) => Err(Refusal::NotApproved(reason)),
        Status::Deleted => Err(Refusal::Unknown),
    }
}

/// The requested part of the scope, clipped to what the client may have now. Nothing requested narrows nothing.
fn narrow(requested: Option<&Scope>, claims: &Claims, grantable: &Scope) -> Result<Option<Scope>, Refusal> {
    match requested.filter(|scope| !scope.is_empty()) {
        None => Ok(None),
        Some(scope) if !scope.is_subset(&claims.scope) => Err(Refusal::InvalidScope),
        Some(scope) if claims.scope.is_subset(scope) => Ok(None),
        Some(scope) => Ok(Some(scope.intersection(grantable))),
    }
}

/// Repeated answers per generation: plenty for retries, too few to mint with.
const GRACE_ANSWERS_MAX: u32 = 100;
