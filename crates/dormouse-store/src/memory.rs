//! The memory store: for tests, and for `dormouse run` without a data directory. Its epoch dies with it, and so do the
//! tokens sealed under it.

use crate::batch::Batch;
use crate::embedded::{Backend, Embedded};
use crate::feed::RecentChanges;
use crate::job::Job;
use crate::state::State;
use crate::tables::{Entry, Failure, ReadTables, Table, WriteTables};
use dormouse_token::{Clock, Entropy, StoreEpoch, StoreError, random};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

/// A store that lives as long as the process.
pub type MemoryStore = Embedded<Memory>;

impl MemoryStore {
    /// An empty store under a fresh epoch.
    pub fn new(clock: Arc<dyn Clock>, entropy: &dyn Entropy) -> Self {
        let state = State::new(StoreEpoch(random(entropy)), clock.now());
        let recent = RecentChanges::new(state);
        Self::over(Memory { tables: Mutex::default(), recent, clock: Arc::clone(&clock) }, clock)
    }
}

/// Tables in memory, one lock for all.
pub struct Memory {
    tables: Mutex<Maps>,
    recent: RecentChanges,
    clock: Arc<dyn Clock>,
}

impl Backend for Memory {
    fn write(&self, mut job: Box<dyn Job>) {
        let mut tables = self.tables.lock();
        let mut batch = Batch::new(&mut *tables, self.recent.state(), self.clock.now());
        let evaluated = job.evaluate(&mut batch).and_then(|()| batch.finish());
        let answer = evaluated.map(|finished| self.recent.publish(finished.state, finished.changes));
        // The lock is held until the batch is published, so that reads never see more than the feed.
        drop(tables);
        job.answer(answer.map_err(error));
    }

    fn read(
        &self,
        operation: &mut dyn FnMut(&mut dyn ReadTables) -> Result<(), Failure>,
    ) -> Result<(), StoreError> {
        operation(&mut *self.tables.lock()).map_err(error)
    }

    fn recent(&self) -> &RecentChanges {
        &self.recent
    }

    fn file_bytes(&self) -> u64 {
        0
    }
}

fn error(failure: Failure) -> StoreError {
    match failure {
        Failure::Corrupt(what) | Failure::Broken(what) => StoreError::Corrupt(what),
    }
}

#[derive(Default)]
struct Maps([BTreeMap<Vec<u8>, Vec<u8>>; Table::ALL.len()]);

impl Maps {
    fn table(&mut self, table: Table) -> Result<&mut BTreeMap<Vec<u8>, Vec<u8>>, Failure> {
        self.0.get_mut(usize::from(table.number())).ok_or_else(|| Failure::corrupt(table))
    }
}

impl ReadTables for Maps {
    fn get(&mut self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        Ok(self.table(table)?.get(key).cloned())
    }

    fn scan(&mut self, table: Table, from: &[u8], limit: usize) -> Result<Vec<Entry>, Failure> {
        let range = self.table(table)?.range::<[u8], _>((Bound::Included(from), Bound::Unbounded));
        Ok(range.take(limit).map(|(key, value)| (key.clone(), value.clone())).collect())
    }
}

impl WriteTables for Maps {
    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<Option<usize>, Failure> {
        Ok(self.table(table)?.insert(key.to_vec(), value.to_vec()).map(|old| old.len()))
    }

    fn remove(&mut self, table: Table, key: &[u8]) -> Result<Option<usize>, Failure> {
        Ok(self.table(table)?.remove(key).map(|old| old.len()))
    }
}
