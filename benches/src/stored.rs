//! Stores with many families in them, written as redemptions would have left them.

use crate::ambient::SystemEntropy;
use crate::organization;
use dormouse_store::RedbStore;
use dormouse_token::{
    Attempt, Changed, FamilyChange, FamilyId, FamilyRecord, FamilyStore as _, Rotation, Timestamp, random,
};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Whether access tokens of the families are alive, so that every node keeps the records in memory.
#[derive(Clone, Copy)]
pub(crate) enum Residence {
    /// They are.
    Live,
    /// They have expired; only refresh tokens are alive.
    Dormant,
}

/// Puts families into the store of a data directory.
pub(crate) fn fill(directory: &Path, families: u32, residence: Residence) -> anyhow::Result<()> {
    let settings = organization::settings();
    let opened = RedbStore::open(directory, &settings, Box::new(|_| std::process::abort()))?;
    let store = Arc::new(opened.store);
    let record = record(settings.clock.now(), residence);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut left = families;
        while left > 0 {
            let mut batch = JoinSet::new();
            for _ in 0..left.min(BATCH) {
                let (store, next) = (Arc::clone(&store), record.clone());
                let id = FamilyId(random(&SystemEntropy));
                batch.spawn(async move {
                    store.change_family(FamilyChange { id, next, counters: Vec::new() }).await
                });
            }
            while let Some(changed) = batch.join_next().await {
                anyhow::ensure!(changed?? == Changed::Applied, "a random family is new");
            }
            left -= left.min(BATCH);
        }
        Ok(())
    })
}

/// The record after a first redemption.
fn record(now: Timestamp, residence: Residence) -> FamilyRecord {
    let (hour, month) = (Duration::from_hours(1), Duration::from_hours(24 * 30));
    let access_until = match residence {
        Residence::Live => later(now, hour),
        Residence::Dormant => Timestamp::from_ms(now.as_ms() - 60_000),
    };
    FamilyRecord {
        version: 1,
        attempt: Attempt(7),
        refresh_gen: 1,
        access_gen: 1,
        redeemed_at: Some(now),
        redeemed_by: Some(Rotation::Rotate),
        access_exp: access_until,
        refresh_exp: later(now, month),
        access_until,
        retention: later(now, month + Duration::from_hours(48)),
        ..FamilyRecord::untouched()
    }
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    Timestamp::from_ms(now.as_ms() + u64::try_from(by.as_millis()).unwrap_or_default())
}

/// One durable commit takes many of these.
const BATCH: u32 = 8192;
