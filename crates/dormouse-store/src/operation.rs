//! What the store's methods do, over tables: one file per port. Memory and redb share all of it.

pub(crate) mod counters;
pub(crate) mod cut_offs;
pub(crate) mod documents;
pub(crate) mod expiry;
pub(crate) mod families;
pub(crate) mod load;
pub(crate) mod rows;
