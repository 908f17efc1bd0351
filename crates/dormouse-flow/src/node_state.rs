//! What policies remember between requests: in memory, of this node alone, and bounded.

use crate::cache::Caches;
use crate::key_value_cache::KeyValueCache;
use crate::spike_arrest::SpikeArrests;

/// The memories that all transactions of a process share, beside the counters of quotas. They end with the process.
#[derive(Default)]
pub struct NodeState {
    /// What PopulateCache and ResponseCache have put away.
    pub caches: Caches,
    /// Entries of key value maps that KeyValueMapOperations need not read again yet.
    pub key_values: KeyValueCache,
    /// When SpikeArrest policies last let a request through.
    pub spike_arrests: SpikeArrests,
}
