//! Ordering cut-offs and burns.

use crate::Engine;
use crate::error::{Error, Refusal};
use crate::observe::Event;
use dormouse_token::{
    Burn, CutOff, CutOffRow, LIFETIME_MAX, RETENTION_MARGIN, Reach, Reason, RootId, Target, Timestamp,
};

/// "Tokens of X issued so far are dead."
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CutOffOrder {
    /// Whose tokens.
    pub target: Target,
    /// Access tokens alone, or all.
    pub reach: Reach,
    /// What is told about it.
    pub reason: Reason,
    /// Only tokens issued before this instant; `None` means all that were issued so far, on any node.
    pub before: Option<Timestamp>,
}

impl Engine {
    /// Cuts off tokens. When it returns, this node refuses them; others do within a second while they reach the store.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; when the outcome is unknown, ordering it again does no harm.
    pub async fn cut_off(&self, order: CutOffOrder) -> Result<CutOff, Error> {
        let row = CutOffRow::CutOff(CutOff {
            number: 0,
            target: order.target,
            reach: order.reach,
            reason: order.reason,
            before: order.before,
            kept_until: self.kept_until(),
        });
        match self.append(row).await? {
            CutOffRow::CutOff(cut_off) => Ok(cut_off),
            CutOffRow::Burn(_) => {
                Err(dormouse_token::StoreError::Corrupt("a burn instead of a cut-off".into()).into())
            }
        }
    }

    /// Burns the keys of an hour: what they sealed, what was born there and what may descend from a forgery dies. While it is
    /// the present hour, nothing is issued until it ends.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] for a root that is not loaded; [`Error::Unavailable`] as for [`Engine::cut_off`].
    pub async fn burn_hour(&self, root: RootId, hour: u32) -> Result<u64, Error> {
        self.burn(root, Some(hour)).await
    }

    /// Burns a root with all its hours. The sealing root cannot be burned: make another one seal first.
    ///
    /// What the store keeps under it is sealed anew: its own keys, and under a new wrapping key every client secret and map
    /// value. When it returns, the root opens nothing in the store any more, and need not be loaded at the next start.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] for a root that is not loaded or seals; [`Error::Unavailable`] as for [`Engine::cut_off`]. Where
    /// the tokens are dead already and only the rest is not done, burning it again, or the next start, does it.
    pub async fn burn_root(&self, root: RootId) -> Result<u64, Error> {
        if root == self.ring.sealing_root().id() {
            return Err(Refusal::Unknown.into());
        }
        let number = self.burn(root, None).await?;
        self.renew_keys().await?;
        Ok(number)
    }

    async fn burn(&self, root: RootId, hour: Option<u32>) -> Result<u64, Error> {
        if !self.ring.roots().iter().any(|own| own.id() == root) {
            return Err(Refusal::Unknown.into());
        }
        // The key of an hour goes out of use by itself. Whoever holds a root can forge tokens of any hour to come.
        let kept_until = if hour.is_some() { self.kept_until() } else { Timestamp::MAX };
        let row = CutOffRow::Burn(Burn { number: 0, root, hour, kept_until });
        Ok(self.append(row).await?.number())
    }

    async fn append(&self, row: CutOffRow) -> Result<CutOffRow, Error> {
        let stored = self.store.append_cut_off(row).await?;
        // Effective here before it is acknowledged; the counter follows with everything that came before it.
        self.resident.cut_offs.apply(&stored);
        if let Err(error) = self.follow().await {
            tracing::warn!(%error, "a cut-off is in force, but the store cannot be followed");
        }
        self.tell(Event::CutOff(&stored));
        Ok(stored)
    }

    fn kept_until(&self) -> Timestamp {
        self.now().saturating_add(LIFETIME_MAX + RETENTION_MARGIN)
    }
}
