//! Audit counters (TOKENS §8): one total per key, added to in the transaction of what they count.

use crate::batch::Batch;
use crate::tables::{Failure, ReadTables, Table};
use dormouse_token::CounterKey;
use std::collections::BTreeMap;

/// Key bytes and new totals.
pub(crate) type Totals = BTreeMap<Vec<u8>, u64>;

/// What the totals will be after some additions. Nothing is written.
pub(crate) fn totals(
    batch: &mut Batch<'_>,
    deltas: impl IntoIterator<Item = (CounterKey, u64)>,
) -> Result<Totals, Failure> {
    let mut totals = Totals::new();
    for (key, delta) in deltas {
        let key = key.to_bytes();
        let before = match totals.get(&key) {
            Some(total) => *total,
            None => batch.get(Table::Counters, &key)?.map_or(Ok(0), |bytes| read(&bytes))?,
        };
        totals.insert(key, before.saturating_add(delta));
    }
    Ok(totals)
}

/// Writes new totals.
pub(crate) fn put(batch: &mut Batch<'_>, totals: Totals) -> Result<(), Failure> {
    totals.into_iter().try_for_each(|(key, total)| batch.put(Table::Counters, &key, &total.to_be_bytes()))
}

/// Forgets totals.
pub(crate) fn remove(batch: &mut Batch<'_>, keys: &[CounterKey]) -> Result<(), Failure> {
    keys.iter().try_for_each(|key| batch.remove(Table::Counters, &key.to_bytes()))
}

/// Every total.
pub(crate) fn all(tables: &mut dyn ReadTables) -> Result<Vec<(CounterKey, u64)>, Failure> {
    tables
        .scan(Table::Counters, &[], usize::MAX)?
        .into_iter()
        .map(|(key, value)| {
            let key = CounterKey::from_bytes(&key).map_err(|_| Failure::corrupt(Table::Counters))?;
            Ok((key, read(&value)?))
        })
        .collect()
}

fn read(bytes: &[u8]) -> Result<u64, Failure> {
    bytes.try_into().map(u64::from_be_bytes).map_err(|_| Failure::corrupt(Table::Counters))
}
