//! Verifying access tokens from memory (TOKENS §5): the store is read only for edited attributes, or on a stale node.

use crate::Engine;
use crate::client::IdentifiedClient;
use crate::cut_off_table::Subject;
use crate::error::{Error, Refusal, Unavailable};
use crate::follow::STALE_AFTER;
use crate::present::subject;
use dormouse_entity::{ApiProduct, Call, ClientView, Directory, Matched};
use dormouse_token::{Attributes, Claims, KeyId, SealedAttributes, Status};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// An access token that may be used now.
#[derive(Clone, Debug)]
pub struct Verified {
    /// What the token says.
    pub claims: Claims,
    /// Its custom attributes, edits included.
    pub attributes: Attributes,
    /// Whose it is.
    pub client: IdentifiedClient,
    /// The product that covers the call, when a call was given.
    pub product: Option<Arc<ApiProduct>>,
    /// Whether the answer comes from a node that cannot follow the store at present.
    pub freshness: Freshness,
}

/// How recent the exceptions behind an answer are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// At most a second old.
    Fresh,
    /// Older, within the operator's limit.
    Stale,
}

impl Verified {
    /// How the product covers a call: resource, operation and quota.
    pub fn matched<'a>(&'a self, call: &Call<'_>) -> Option<Matched<'a>> {
        dormouse_entity::examine(self.product.as_ref()?, call).ok()
    }
}

impl Engine {
    /// Verifies an access token; with a call, also that a product of its client covers the call.
    ///
    /// # Errors
    /// [`Refusal`] for a token that may not be used; [`Unavailable::Stale`] when the node knows too little to say.
    pub async fn verify(&self, token: &str, call: Option<&Call<'_>>) -> Result<Verified, Error> {
        let freshness = self.freshness().await?;
        let now = self.now();
        let (claims, key) = self.present_resident(token, now)?;
        if claims.expires_at <= now {
            return Err(Refusal::Expired.into());
        }
        let directory = self.resident.directory.load_full();
        // Looked up once for both questions: whom cut-offs name, and later whether the client may be used.
        let holder = directory.usable(&claims.client, now);
        self.judge_in(&directory, &claims, (key, holder.as_ref().ok()))?;
        let edited = self.check_family(&claims)?;
        let client = IdentifiedClient::of(&directory, &holder.map_err(Refusal::Client)?);
        let product = match call {
            None => None,
            Some(call) => Some(self.covering_product(&directory, &client, &claims, call)?),
        };
        let attributes = match (&claims.attributes, edited) {
            (SealedAttributes::Inline(attributes), None) => attributes.clone(),
            (SealedAttributes::Overflow, None) => self.issued_attributes(&claims).await?,
            (_, Some(version)) => (*self.edited_attributes(&claims, version).await?).clone(),
        };
        Ok(Verified { claims, attributes, client, product, freshness })
    }

    /// The client of an API key, judged as recently as a token's is. Products are the caller's to match.
    ///
    /// # Errors
    /// [`Refusal::Client`] with the reason why it may not be used; [`Unavailable::Stale`] when the node knows too little.
    pub async fn verify_key(&self, key: &str) -> Result<IdentifiedClient, Error> {
        self.freshness().await?;
        self.identify(key)
    }

    fn judge_in(
        &self,
        directory: &Directory,
        claims: &Claims,
        (key, holder): (KeyId, Option<&ClientView<'_>>),
    ) -> Result<(), Refusal> {
        let table = &self.resident.cut_offs;
        if table.burns(claims, key) {
            return Err(Refusal::Unknown);
        }
        let subject = match holder {
            Some(view) => Subject {
                client: &claims.client,
                owner: Some((view.app().app_id.as_str(), view.developer().developer_id.as_str())),
                user: claims.user.as_deref(),
            },
            None => subject(directory, claims),
        };
        table.kills(claims, subject).map_or(Ok(()), |reason| Err(Refusal::NotApproved(reason)))
    }

    /// The resident record's word on an access token. The record's version when it has edits.
    ///
    /// A generation above the record's is accepted: the seal proves a redemption that the feed has not brought yet.
    fn check_family(&self, claims: &Claims) -> Result<Option<u64>, Refusal> {
        let Some(family) = self.resident.family(claims.family) else { return Ok(None) };
        if claims.generation < family.min_access_gen {
            return Err(Refusal::Unknown);
        }
        if claims.generation <= family.access_gen {
            match family.access_status {
                Status::Approved => {}
                Status::Revoked(reason) => return Err(Refusal::NotApproved(reason)),
                Status::Deleted => return Err(Refusal::Unknown),
            }
        }
        Ok(family.edited.then_some(family.version))
    }

    fn covering_product(
        &self,
        directory: &Directory,
        client: &IdentifiedClient,
        claims: &Claims,
        call: &Call<'_>,
    ) -> Result<Arc<ApiProduct>, Refusal> {
        let candidates = client
            .products()
            .filter(|product| !self.resident.cut_offs.excludes_product(product.name.as_str(), claims));
        let matched = dormouse_entity::match_product(candidates, call).ok_or(Refusal::NoProductMatch)?;
        directory.product(matched.product.name.as_str()).map(Arc::clone).ok_or(Refusal::NoProductMatch)
    }

    /// Catches up when the node has fallen behind; within the operator's limit, answers from memory all the same.
    async fn freshness(&self) -> Result<Freshness, Error> {
        if self.staleness() <= STALE_AFTER {
            return Ok(Freshness::Fresh);
        }
        if self.catch_up.begin(self.clock.monotonic()) && self.follow().await.is_ok() {
            return Ok(Freshness::Fresh);
        }
        let staleness = self.staleness();
        if staleness <= STALE_AFTER {
            return Ok(Freshness::Fresh);
        }
        if staleness > self.settings.stale_max {
            return Err(Unavailable::Stale { seconds: staleness.as_secs() }.into());
        }
        self.stale_answers.fetch_add(1, Ordering::Relaxed);
        Ok(Freshness::Stale)
    }

    /// How many access tokens were accepted from memory while the store could not be followed.
    pub fn stale_answers(&self) -> u64 {
        self.stale_answers.load(Ordering::Relaxed)
    }
}

/// Lets one request in a tenth of a second try to catch up, so that a store in trouble is not asked by everybody.
#[derive(Default)]
pub(crate) struct CatchUp(AtomicU64);

impl CatchUp {
    fn begin(&self, now: Duration) -> bool {
        let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let last = self.0.load(Ordering::Acquire);
        let due = last == 0 || now >= last.saturating_add(CATCH_UP_EVERY_MS);
        due && self.0.compare_exchange(last, now.max(1), Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

const CATCH_UP_EVERY_MS: u64 = 100;
