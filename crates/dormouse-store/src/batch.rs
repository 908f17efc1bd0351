//! The batch that operations are evaluated against: an open transaction, the store's state, and what goes to the feed.
//!
//! An operation makes every check before its first write. One that cannot be evaluated has therefore changed nothing, and
//! the others of its batch can be kept.

use crate::state::{STATE_KEY, State};
use crate::tables::{Entry, Failure, Table, WriteTables};
use dormouse_token::{Change, Timestamp};

/// Operations that become durable together.
pub struct Batch<'t> {
    tables: &'t mut dyn WriteTables,
    /// The store's state. It is written with the batch.
    pub state: State,
    /// The store's time.
    pub now: Timestamp,
    /// What happens to reach the feed once the batch is durable.
    pub changes: Vec<Change>,
    /// Whether something was removed that must not stay behind in the medium.
    pub must_shred: bool,
    is_dirty: bool,
}

impl<'t> Batch<'t> {
    /// A batch over an open transaction.
    pub fn new(tables: &'t mut dyn WriteTables, state: State, now: Timestamp) -> Self {
        Self { tables, state, now, changes: Vec::new(), must_shred: false, is_dirty: false }
    }

    /// The value of a key, as changed by this batch.
    pub fn get(&mut self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        self.tables.get(table, key)
    }

    /// At most `limit` entries from a key on, as changed by this batch.
    pub fn scan(&mut self, table: Table, from: &[u8], limit: usize) -> Result<Vec<Entry>, Failure> {
        self.tables.scan(table, from, limit)
    }

    /// Sets a key.
    pub fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), Failure> {
        let old = self.tables.put(table, key, value)?;
        self.is_dirty = true;
        if let Some(size) = self.state.size_mut(table) {
            size.entries += u64::from(old.is_none());
            size.bytes += (value.len() + if old.is_none() { key.len() } else { 0 }) as u64;
            size.bytes = size.bytes.saturating_sub(old.unwrap_or(0) as u64);
        }
        Ok(())
    }

    /// Removes a key.
    pub fn remove(&mut self, table: Table, key: &[u8]) -> Result<(), Failure> {
        let Some(old) = self.tables.remove(table, key)? else {
            return Ok(());
        };
        self.is_dirty = true;
        if let Some(size) = self.state.size_mut(table) {
            size.entries = size.entries.saturating_sub(1);
            size.bytes = size.bytes.saturating_sub((key.len() + old) as u64);
        }
        Ok(())
    }

    /// Makes the batch worth a commit although no table was changed: the state was.
    pub const fn touch(&mut self) {
        self.is_dirty = true;
    }

    /// Ends the batch. With changes, the state counts one more commit and is written: the transaction must be committed.
    pub fn finish(mut self) -> Result<Finished, Failure> {
        if self.is_dirty {
            self.state.commits += 1;
            self.tables.put(Table::State, STATE_KEY, &self.state.to_bytes())?;
        }
        Ok(Finished {
            state: self.state,
            changes: self.changes,
            must_shred: self.must_shred,
            is_dirty: self.is_dirty,
        })
    }
}

/// What a batch leaves.
pub struct Finished {
    /// The state afterwards.
    pub state: State,
    /// What goes to the feed.
    pub changes: Vec<Change>,
    /// Whether [`crate::shred::finish`] has something to do.
    pub must_shred: bool,
    /// Whether there is anything to commit.
    pub is_dirty: bool,
}
