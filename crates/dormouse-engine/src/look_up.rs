//! Looking a token up: reads, and changes nothing: it does not consume, extend or validate (`apigee-oauth` §5.1, TOKENS §1
//! "partner").

use crate::Engine;
use crate::client::approved_products;
use crate::error::{Error, Refusal};
use crate::follow::Read;
use crate::present::Presented;
use dormouse_entity::Call;
use dormouse_token::{
    Attributes, Claims, CountedEvent, FamilyRecord, KeyId, Kind, Reason, SealedAttributes, Status, Timestamp,
    is_superseded,
};

/// What is known of a token.
#[derive(Clone, Debug)]
pub struct LookedUp {
    /// What the token says.
    pub claims: Claims,
    /// All custom attributes, edits included.
    pub attributes: Attributes,
    /// Its own status; expiry is apart.
    pub status: Result<(), Reason>,
    /// Whether its time is over.
    pub expired: bool,
    /// How many redemptions lie behind the family: Apigee's `refresh_count`.
    pub refresh_count: u32,
    /// The other token of the pair.
    pub partner: Option<PartnerView>,
}

/// What is known of the other token of a pair.
#[derive(Clone)]
pub struct PartnerView {
    /// A string equal in force to the other token, if it would be accepted now. Secret.
    pub twin: Option<String>,
    /// Its status; expiry is apart.
    pub status: Result<(), Reason>,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for PartnerView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PartnerView")
            .field("twin", &self.twin.is_some())
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Reads a token, expired and revoked ones included. `call` is the call of the reader, which a product of the token's
    /// client must cover.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] for a token that is not ours, burned, deleted or superseded, and for a used code;
    /// [`Refusal::NoProductMatch`] when no product covers the call.
    pub async fn look_up(&self, token: &str, kind: Kind, call: Option<&Call<'_>>) -> Result<LookedUp, Error> {
        let presented = self.present(token, kind).await?;
        let claims = &presented.claims;
        let read = self.linearizable().await?;
        let cut_off = match self.judge(claims, presented.key) {
            Ok(()) => None,
            Err(Refusal::NotApproved(reason)) => Some(reason),
            Err(refusal) => return Err(refusal.into()),
        };
        self.check_seen(claims, read)?;
        let record = self.record(claims, read).await?;
        if kind == Kind::Code && self.is_used(claims).await? {
            return Err(Refusal::Unknown.into());
        }
        let own = own_status(&record, claims)?;
        self.check_reader(claims, call)?;
        let status = cut_off.map_or(own, Err);
        let attributes = self.current_attributes(claims, &record).await?;
        let partner = self.partner_view(&presented, (&record, status), read).await?;
        if kind == Kind::Refresh {
            self.count(claims, CountedEvent::LookedUp);
            if record.access_gen == 0 && claims.generation == 0 {
                self.count(claims, CountedEvent::LookedUpDormant);
            }
        }
        Ok(LookedUp {
            expired: claims.expires_at <= read.now,
            refresh_count: record.access_gen.max(claims.access_generation()),
            attributes,
            status,
            partner,
            claims: presented.claims,
        })
    }

    /// The attributes of a token at present: what it was issued with, and the edits of its generation.
    pub(crate) async fn current_attributes(
        &self,
        claims: &Claims,
        record: &FamilyRecord,
    ) -> Result<Attributes, Error> {
        let mut attributes = self.issued_attributes(claims).await?;
        let generation = claims.access_generation();
        let concerns = |edited| match claims.kind {
            Kind::Access => edited == generation,
            Kind::Refresh => edited >= generation,
            Kind::Code => false,
        };
        self.fold_edits(&mut attributes, record, claims.family, concerns)?;
        Ok(attributes)
    }

    fn check_reader(&self, claims: &Claims, call: Option<&Call<'_>>) -> Result<(), Refusal> {
        let Some(call) = call else { return Ok(()) };
        let directory = self.resident.directory.load();
        let Some(credential) = directory.credential(&claims.client) else {
            return Err(Refusal::NoProductMatch);
        };
        let products = approved_products(&directory, credential);
        dormouse_entity::match_product(products, call).map_or(Err(Refusal::NoProductMatch), |_| Ok(()))
    }

    async fn partner_view(
        &self,
        presented: &Presented,
        (record, own_status): (&FamilyRecord, Result<(), Reason>),
        read: Read,
    ) -> Result<Option<PartnerView>, Error> {
        let claims = &presented.claims;
        let (Some(partner), Some(kind)) = (&claims.partner, claims.kind.partner()) else { return Ok(None) };
        let recorded = match claims.kind {
            Kind::Access => record.refresh_status,
            Kind::Refresh | Kind::Code => record.access_status,
        };
        let Ok(mut status) = known(recorded) else { return Ok(None) };
        // As old as the presented token: a partner that stands apart is no younger where it matters.
        let partner_claims = Claims { kind, ..claims.clone() };
        if let (Ok(()), Err(Refusal::NotApproved(reason))) =
            (status, self.judge(&partner_claims, presented.key))
        {
            status = Err(reason);
        }
        let twin = match claims.twin(SealedAttributes::default()) {
            Some(twin)
                if own_status.is_ok() && self.would_be_accepted(&twin, presented.key, record, read) =>
            {
                Some(self.seal_twin(twin, presented).await?)
            }
            _ => None,
        };
        Ok(Some(PartnerView { twin, status, issued_at: claims.issued_at, expires_at: partner.expires_at }))
    }

    /// Whether a twin would itself be accepted now by every check against the store.
    fn would_be_accepted(&self, twin: &Claims, key: KeyId, record: &FamilyRecord, read: Read) -> bool {
        twin.expires_at > read.now
            && own_status(record, twin) == Ok(Ok(()))
            && twin.generation == current_generation(record, twin.kind)
            && self.judge(twin, key).is_ok()
            && self.judge_products(twin).is_ok()
            && self.directory().usable(&twin.client, read.now).is_ok()
    }

    /// Seals a twin with the attributes that both tokens were issued with. What was edited since is in the record, which
    /// speaks for the twin as well.
    async fn seal_twin(&self, mut twin: Claims, presented: &Presented) -> Result<String, Error> {
        let attributes = self.issued_attributes(&presented.claims).await?;
        let key = KeyId::new(presented.key.root, twin.issued_at.hour());
        let has_none = attributes.is_empty();
        twin.attributes = SealedAttributes::Inline(attributes);
        if let Some(text) = self.seal_inline(&twin, key, has_none)? {
            return Ok(text);
        }
        // The original was as long, so that its row is there.
        twin.attributes = SealedAttributes::Overflow;
        Ok(self.ring.seal(&twin, key, &*self.entropy)?)
    }
}

/// The status of a token by its family's record; unknown when it was superseded or deleted.
pub(crate) fn own_status(record: &FamilyRecord, claims: &Claims) -> Result<Result<(), Reason>, Refusal> {
    if is_superseded(record, claims) {
        return Err(Refusal::Unknown);
    }
    match claims.kind {
        Kind::Access => known(record.access_status),
        Kind::Refresh => known(record.refresh_status),
        Kind::Code => Ok(Ok(())),
    }
}

fn known(status: Status) -> Result<Result<(), Reason>, Refusal> {
    match status {
        Status::Approved => Ok(Ok(())),
        Status::Revoked(reason) => Ok(Err(reason)),
        Status::Deleted => Err(Refusal::Unknown),
    }
}

const fn current_generation(record: &FamilyRecord, kind: Kind) -> u32 {
    match kind {
        Kind::Access => record.access_gen,
        Kind::Refresh => record.refresh_gen,
        Kind::Code => 0,
    }
}
