//! Applying entity files at a start (`--entities`): what is new or changed in them since they were last applied, and nothing
//! that administration decided meanwhile.

use crate::Engine;
use crate::error::{Error, Unavailable};
use crate::ledger::StoredLedger;
use dormouse_entity::{Directory, EntityError, EntitySet, Generated, ParseContext, Plan, Unapplied, plan};
use dormouse_token::DocumentWrite;
use std::collections::HashSet;

/// What people must be told about files that were applied.
#[derive(Debug, Default)]
pub struct Provisioned {
    /// Keys and secrets that the files leave out and that were made up. They are told this once.
    pub generated: Vec<Generated>,
    /// Differences between files and store that stay, by name and without values.
    pub unapplied: Vec<Unapplied>,
    /// Documents written.
    pub written: usize,
}

/// Why files were not applied.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// The files are at fault, at these places. Nothing was changed.
    #[error("{}", list(.0))]
    Files(Vec<EntityError>),
    /// The service is. Entries may have been applied, each whole; applying the files again does the rest.
    #[error(transparent)]
    Engine(#[from] Error),
}

impl Engine {
    /// Applies entity files, given as name and text. When it returns, this node's directory has what they brought.
    ///
    /// An entry of a file is stored together with the note that it was applied, an app together with its keys, atomically;
    /// so are all entries together as long as they are at most some thousand documents, and beyond that one group of
    /// entries after the other. What an administrator changes at the same time is never overwritten: then everything is
    /// compared anew. Files that bring nothing new write nothing.
    ///
    /// Hashes clear passwords of new people, which takes tens of milliseconds each: call it before serving.
    ///
    /// # Errors
    /// [`ProvisionError`]. Where the service failed after keys were made up, those are not told any more: the management
    /// API shows them.
    pub async fn provision(&self, files: &[(&str, &str)]) -> Result<Provisioned, ProvisionError> {
        let now = self.now();
        let context = ParseContext { organization: self.organization(), now, entropy: &*self.entropy };
        let incoming = EntitySet::parse(files, &context).map_err(ProvisionError::Files)?;
        // Made up once, so that a second plan brings the same keys as the first.
        let mut generated = Vec::new();
        let mut written = 0;
        for _ in 0..PLANS_MAX {
            self.follow().await?;
            let directory = self.directory();
            let stored = self.ledger().await?;
            let keys = self.keys.load_full();
            let plan = plan(&directory, &stored.ledger, &incoming, keys.digests(), now)
                .map_err(ProvisionError::Files)?;
            let is_done = self.carry_out(&plan, (&directory, &stored), &mut written).await?;
            generated.extend(plan.generated);
            if is_done {
                self.follow().await?;
                let generated = in_force(generated, &self.directory());
                return Ok(Provisioned { generated, unapplied: plan.unapplied, written });
            }
        }
        Err(Error::from(Unavailable::Contended).into())
    }

    /// `false` when somebody else changed something first.
    async fn carry_out(
        &self,
        plan: &Plan,
        (directory, stored): (&Directory, &StoredLedger),
        written: &mut usize,
    ) -> Result<bool, Error> {
        let mut writes = Vec::new();
        for (changes, applied) in plan.entries() {
            let Some(entities) = self.entity_writes(directory, changes).await? else { return Ok(false) };
            let notes: Vec<_> = applied.iter().map(|(key, applied)| stored.note(key, applied)).collect();
            if !writes.is_empty() && writes.len() + entities.len() + notes.len() > WRITES_MAX {
                let group = std::mem::take(&mut writes);
                if !self.write_counted(group, written).await? {
                    return Ok(false);
                }
            }
            writes.extend(entities);
            writes.extend(notes);
        }
        self.write_counted(writes, written).await
    }

    async fn write_counted(&self, writes: Vec<DocumentWrite>, written: &mut usize) -> Result<bool, Error> {
        let count = writes.len();
        let is_done = count == 0 || self.write_set(writes).await?;
        if is_done {
            *written += count;
        }
        Ok(is_done)
    }
}

/// Those keys that stand in the directory, each once: a plan that came second may have made up keys for nothing.
fn in_force(generated: Vec<Generated>, directory: &Directory) -> Vec<Generated> {
    let mut told = HashSet::new();
    let stands = |generated: &Generated| {
        let credential = directory.credential(generated.consumer_key.as_str());
        credential.is_some_and(|it| it.consumer_secret.matches(generated.consumer_secret.expose()))
    };
    let stands_new = |it: &Generated| stands(it) && told.insert(it.consumer_key.clone());
    generated.into_iter().filter(stands_new).collect()
}

fn list(errors: &[EntityError]) -> String {
    errors.iter().map(EntityError::to_string).collect::<Vec<_>>().join("\n")
}

/// Comparisons in a row that others made void, after which the caller is told.
const PLANS_MAX: usize = 64;

/// Documents of one commit. Large enough for any set that people write, small enough for one answer of a database.
const WRITES_MAX: usize = 4_096;
