//! Explaining a token to an administrator: what it says, what the store knows of its family, and which check would let it
//! pass or refuse it now. It changes nothing, and counts as no look-up.

use crate::Engine;
use crate::error::{Error, Refusal, Supersession};
use crate::follow::Read;
use crate::look_up::own_status;
use crate::present::Presented;
use dormouse_token::{Attributes, Claims, FamilyRecord, KeyId, Kind, OpenError, RootId, is_superseded};

/// What a string turned out to be.
#[derive(Clone, Debug)]
pub enum Inspection {
    /// A string without one of our prefixes, which nobody imported.
    Foreign,
    /// Something with one of our prefixes that does not open.
    Unopened(OpenError),
    /// A token, or a code.
    Token(Box<Inspected>),
}

/// An authentic token.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// What it says.
    pub claims: Claims,
    /// The key that sealed it; of an imported token, the key of its twin.
    pub key: KeyId,
    /// Whether it is a foreign string that was imported.
    pub imported: bool,
    /// Its attributes at present, where they can be told.
    pub attributes: Attributes,
    /// What the store knows of its family; none when that was never touched.
    pub record: Option<FamilyRecord>,
    /// Every check that its use would go through, in that order.
    pub checks: Vec<(Check, Result<(), Refusal>)>,
}

/// A check of TOKENS §3 and §5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Its time.
    Expiry,
    /// Burned keys, and cut-offs of whom it belongs to.
    CutOffs,
    /// Generation and status of its family, or the mark of a code.
    Family,
    /// Key, app and developer.
    Client,
    /// API products of the client that were cut off.
    Products,
}

impl Check {
    /// The check in a word or two.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expiry => "expiry",
            Self::CutOffs => "burns and cut-offs",
            Self::Family => "family",
            Self::Client => "client",
            Self::Products => "API products",
        }
    }
}

impl Inspected {
    /// Why it would be refused now; none when it would be accepted. What a request adds (the client's own
    /// authentication, the call that a product must cover) is not looked at.
    pub fn refusal(&self) -> Option<&Refusal> {
        self.checks.iter().find_map(|(_, outcome)| outcome.as_ref().err())
    }
}

impl Engine {
    /// Explains a token, refresh token or code, our own or imported.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store gives no answer.
    pub async fn inspect(&self, token: &str) -> Result<Inspection, Error> {
        let Some(presented) = self.present_as_any(token).await? else {
            let Some(kind) = Kind::of(token) else { return Ok(Inspection::Foreign) };
            let error = self.ring.open(token, kind, self.now()).err().unwrap_or(OpenError::Malformed);
            return Ok(Inspection::Unopened(error));
        };
        let claims = &presented.claims;
        let read = self.linearizable().await?;
        let (record, family) = self.family_check(claims, read).await?;
        let expired = claims.expires_at <= read.now;
        let client = self.directory().usable(&claims.client, read.now).map(drop).map_err(Refusal::Client);
        let checks = vec![
            (Check::Expiry, if expired { Err(Refusal::Expired) } else { Ok(()) }),
            (Check::CutOffs, self.judge(claims, presented.key)),
            (Check::Family, family),
            (Check::Client, client),
            (Check::Products, self.judge_products(claims)),
        ];
        let known = record.clone().unwrap_or_else(FamilyRecord::untouched);
        let attributes = match self.current_attributes(claims, &known).await {
            Ok(attributes) => attributes,
            Err(Error::Refused(_)) => Attributes::default(),
            Err(error) => return Err(error),
        };
        let imported = presented.import.is_some();
        let key = presented.key;
        let claims = presented.claims;
        Ok(Inspection::Token(Box::new(Inspected { claims, key, imported, attributes, record, checks })))
    }

    /// The roots that are loaded, and the one among them that seals.
    pub fn root_ids(&self) -> (Vec<RootId>, RootId) {
        (self.ring.roots().iter().map(dormouse_token::Root::id).collect(), self.ring.sealing_root().id())
    }

    /// Our prefixes tell the kind; a foreign string may have been imported as either.
    async fn present_as_any(&self, token: &str) -> Result<Option<Presented>, Error> {
        let kinds = Kind::of(token).map_or_else(|| vec![Kind::Access, Kind::Refresh], |kind| vec![kind]);
        for kind in kinds {
            match self.present(token, kind).await {
                Ok(presented) => return Ok(Some(presented)),
                Err(Error::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    async fn family_check(
        &self,
        claims: &Claims,
        read: Read,
    ) -> Result<(Option<FamilyRecord>, Result<(), Refusal>), Error> {
        let record = match self.record(claims, read).await {
            Ok(record) => record,
            Err(Error::Refused(refusal)) => return Ok((None, Err(refusal))),
            Err(error) => return Err(error),
        };
        let superseded = match claims.kind {
            Kind::Code => self.is_used(claims).await?,
            Kind::Access | Kind::Refresh => is_superseded(&record, claims),
        };
        let outcome = if superseded {
            Err(Refusal::Superseded(Supersession::Refused))
        } else {
            own_status(&record, claims).and_then(|status| status.map_err(Refusal::NotApproved))
        };
        Ok((Some(record).filter(|record| record.version > 0), outcome))
    }
}
