//! Compare-and-set of a family, with unknown outcomes resolved by reading (TOKENS §2 `attempt`).

use crate::Engine;
use crate::error::Error;
use dormouse_token::{
    Attempt, Changed, CounterKey, FamilyChange, FamilyId, FamilyRecord, StoreError, random,
};

impl Engine {
    /// A fresh name for one try.
    pub(crate) fn attempt(&self) -> Attempt {
        Attempt(u64::from_be_bytes(random(&*self.entropy)))
    }

    /// Writes `next` if nobody was first. When it returns `true`, the record is durable and verification on this node
    /// knows it; when `false`, the caller reads again and repeats all of its checks.
    pub(crate) async fn commit(
        &self,
        id: FamilyId,
        next: FamilyRecord,
        counters: Vec<CounterKey>,
    ) -> Result<bool, Error> {
        let change = FamilyChange { id, next, counters };
        for _ in 0..UNKNOWN_MAX {
            let outcome = match self.store.change_family(change.clone()).await {
                Ok(Changed::Applied) => Some(true),
                // The first try of this very attempt may have been applied after its outcome was asked for.
                Ok(Changed::Lost(record)) => Some(record.is_some_and(|record| is_own(&record, &change.next))),
                Err(StoreError::OutcomeUnknown(_)) => self.resolve(&change).await?,
                Err(error) => return Err(error.into()),
            };
            if let Some(applied) = outcome {
                if applied {
                    self.resident.apply_family(id, &change.next, self.forgotten_until());
                }
                return Ok(applied);
            }
        }
        Err(StoreError::OutcomeUnknown("the change stayed undecided after several reads".into()).into())
    }

    /// Own attempt: applied. The version before: try the same again. Anything else: somebody else was first.
    async fn resolve(&self, change: &FamilyChange) -> Result<Option<bool>, Error> {
        let record = self.store.family(change.id).await?.unwrap_or_else(FamilyRecord::untouched);
        if is_own(&record, &change.next) {
            return Ok(Some(true));
        }
        Ok(if record.version + 1 == change.next.version { None } else { Some(false) })
    }
}

fn is_own(record: &FamilyRecord, next: &FamilyRecord) -> bool {
    record.version == next.version && record.attempt == next.attempt
}

/// Unknown outcomes in a row after which the caller is told.
const UNKNOWN_MAX: usize = 4;

/// Lost races in a row after which the caller is told: each loss means that another change of the same family succeeded.
pub(crate) const LOST_MAX: usize = 64;
