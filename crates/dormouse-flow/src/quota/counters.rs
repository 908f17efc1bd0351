//! All counters of a process. Counting is exact on any number of threads, and memory is bounded whatever identifiers
//! clients come up with.

use crate::quota::period::{QuotaKind, QuotaPeriod};
use crate::quota::tally::{QuotaDemand, QuotaReading, Tally};
use aws_lc_rs::digest::{Context, SHA256};
use dormouse_token::Timestamp;
use parking_lot::Mutex;
use std::collections::HashMap;

/// The counters of all Quota policies.
///
/// Counters of intervals that are over go when there are many; if too many are running, the half that has used least is
/// forgotten first. So a flood of invented identifiers takes a bounded amount of memory, and pushes out itself rather
/// than the clients that are close to their limits.
pub struct QuotaCounters {
    shards: Box<[Mutex<Shard>; SHARDS]>,
}

/// What a counter belongs to. Another length or type of interval is another counter, so that a client that can choose
/// between two does not start the first again by asking for the second.
#[derive(Clone, Copy, Debug)]
pub struct QuotaKey<'a> {
    /// The deployed proxy.
    pub proxy: &'a str,
    /// The policy, or the name that several policies share.
    pub counter: &'a str,
    /// Who is counted. It may be a token: only a digest is kept.
    pub identifier: &'a str,
    /// The class whose limit holds, if the policy has classes.
    pub class: Option<&'a str>,
    /// The interval.
    pub period: QuotaPeriod,
}

/// A digest stands for the key: all take the same memory, and none holds a secret.
type Digest = [u8; 32];

struct Shard {
    tallies: HashMap<Digest, Tally>,
    /// Slots of rolling windows in `tallies`.
    slots: usize,
    size_max: usize,
}

impl Default for QuotaCounters {
    fn default() -> Self {
        Self::with_size(SIZE_MAX)
    }
}

impl QuotaCounters {
    /// Puts a request to a counter, in one step that no other thread comes between.
    pub fn take(&self, key: &QuotaKey<'_>, demand: &QuotaDemand, now: Timestamp) -> QuotaReading {
        let digest = key.digest();
        let [first, ..] = digest;
        self.shards[usize::from(first) % SHARDS].lock().take(digest, &key.period, demand, now)
    }

    fn with_size(size_max: usize) -> Self {
        let shard = || Mutex::new(Shard { tallies: HashMap::new(), slots: 0, size_max: size_max / SHARDS });
        Self { shards: Box::new(std::array::from_fn(|_| shard())) }
    }
}

impl Shard {
    fn take(
        &mut self,
        digest: Digest,
        period: &QuotaPeriod,
        demand: &QuotaDemand,
        now: Timestamp,
    ) -> QuotaReading {
        if self.size() + usize::from(!self.tallies.contains_key(&digest)) > self.size_max {
            self.forget(now);
        }
        let tally = self.tallies.entry(digest).or_insert_with(|| Tally::new(period, now));
        let slots_before = tally.slots();
        let reading = tally.take(period, demand, now);
        self.slots = (self.slots + tally.slots()).saturating_sub(slots_before);
        reading
    }

    /// Memory in use, in counters and slots.
    fn size(&self) -> usize {
        self.tallies.len() + self.slots
    }

    /// Makes room: half of it, so that this happens seldom.
    fn forget(&mut self, now: Timestamp) {
        self.tallies.retain(|_, tally| !tally.is_over(now));
        let mut sizes: Vec<_> =
            self.tallies.iter().map(|(digest, tally)| (tally.used(), *digest, 1 + tally.slots())).collect();
        sizes.sort_unstable();
        let mut size: usize = sizes.iter().map(|(_, _, size)| size).sum();
        for (_, digest, freed) in sizes {
            if size <= self.size_max / 2 {
                break;
            }
            size -= freed;
            self.tallies.remove(&digest);
        }
        self.slots = self.tallies.values().map(Tally::slots).sum();
    }
}

impl QuotaKey<'_> {
    fn digest(&self) -> Digest {
        let mut context = Context::new(&SHA256);
        for text in [self.proxy, self.counter, self.identifier, self.class.unwrap_or_default()] {
            context.update(&text.len().to_le_bytes());
            context.update(text.as_bytes());
        }
        let QuotaPeriod { kind, unit, interval } = self.period;
        let (kind, start) = match kind {
            QuotaKind::Aligned => (0, 0),
            QuotaKind::Calendar(start) => (1, start),
            QuotaKind::Flexi => (2, 0),
            QuotaKind::RollingWindow => (3, 0),
        };
        context.update(&[u8::from(self.class.is_some()), kind]);
        context.update(&start.to_le_bytes());
        context.update(unit.name().as_bytes());
        context.update(&interval.to_le_bytes());
        let mut digest = [0; 32];
        digest.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
        digest
    }
}

/// Threads that count for different keys seldom meet in one of these.
const SHARDS: usize = 64;

/// Counters and slots of rolling windows of a process. At some 200 bytes each, with the room that a table keeps free,
/// this is about 50 MiB.
const SIZE_MAX: usize = 1 << 18;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::period::QuotaUnit;
    use crate::quota::tally::QuotaMode;
    use std::sync::atomic::{AtomicU64, Ordering};

    const NOW: Timestamp = Timestamp::from_ms(1_700_000_030_000);
    const HOURLY: QuotaPeriod = QuotaPeriod { kind: QuotaKind::Aligned, unit: QuotaUnit::Hour, interval: 1 };
    const KEY: QuotaKey<'_> =
        QuotaKey { proxy: "p", counter: "q", identifier: "i", class: None, period: HOURLY };

    fn demand(allowed: u64) -> QuotaDemand {
        QuotaDemand { allowed, weight: 1, mode: QuotaMode::CountAndEnforce }
    }

    fn size(counters: &QuotaCounters) -> usize {
        counters.shards.iter().map(|shard| shard.lock().size()).sum()
    }

    #[test]
    fn threads_together_get_exactly_what_is_allowed() {
        for kind in [QuotaKind::Aligned, QuotaKind::Flexi, QuotaKind::RollingWindow] {
            let key = QuotaKey { period: QuotaPeriod { kind, ..HOURLY }, ..KEY };
            let (counters, passed) = (QuotaCounters::default(), AtomicU64::new(0));
            let run = |thread: u64| {
                for step in 0..5_000 {
                    // Threads are not at the same time, and not in order.
                    let now = Timestamp::from_ms(NOW.as_ms() + step / 8 + thread % 3);
                    let reading = counters.take(&key, &demand(12_345), now);
                    passed.fetch_add(u64::from(!reading.exceeds), Ordering::Relaxed);
                }
            };
            let run = &run;
            std::thread::scope(|scope| (0..8).for_each(|thread| drop(scope.spawn(move || run(thread)))));
            assert_eq!(passed.into_inner(), 12_345, "{kind:?}");
        }
    }

    #[test]
    fn every_part_of_a_key_tells_counters_apart() {
        let counters = QuotaCounters::default();
        for key in [
            KEY,
            QuotaKey { proxy: "o", ..KEY },
            QuotaKey { counter: "o", ..KEY },
            QuotaKey { identifier: "o", ..KEY },
            QuotaKey { class: Some(""), ..KEY },
            QuotaKey { class: Some("o"), ..KEY },
            QuotaKey { proxy: "pq", counter: "", ..KEY },
            QuotaKey { period: QuotaPeriod { interval: 2, ..HOURLY }, ..KEY },
            QuotaKey { period: QuotaPeriod { unit: QuotaUnit::Day, ..HOURLY }, ..KEY },
            QuotaKey { period: QuotaPeriod { kind: QuotaKind::Flexi, ..HOURLY }, ..KEY },
            QuotaKey { period: QuotaPeriod { kind: QuotaKind::Calendar(0), ..HOURLY }, ..KEY },
            QuotaKey { period: QuotaPeriod { kind: QuotaKind::Calendar(1), ..HOURLY }, ..KEY },
            QuotaKey { period: QuotaPeriod { kind: QuotaKind::RollingWindow, ..HOURLY }, ..KEY },
        ] {
            assert!(!counters.take(&key, &demand(1), NOW).exceeds, "{key:?}");
            assert!(counters.take(&key, &demand(1), NOW).exceeds, "{key:?}");
        }
    }

    #[test]
    fn a_flood_of_identifiers_is_bounded_and_spares_who_used_much() {
        for kind in [QuotaKind::Aligned, QuotaKind::RollingWindow] {
            let period = QuotaPeriod { kind, ..HOURLY };
            let counters = QuotaCounters::with_size(64 * 64);
            let key = QuotaKey { period, ..KEY };
            (0..10).for_each(|_| assert!(!counters.take(&key, &demand(10), NOW).exceeds));
            for number in 0..50_000 {
                let identifier = number.to_string();
                counters.take(&QuotaKey { identifier: &identifier, period, ..KEY }, &demand(10), NOW);
                assert!(number % 1_000 != 0 || size(&counters) <= 64 * 64 + 64 * 8);
            }
            assert!(counters.take(&key, &demand(10), NOW).exceeds, "{kind:?}");
        }
    }

    #[test]
    fn rolling_windows_that_grow_are_bounded() {
        let period = QuotaPeriod { kind: QuotaKind::RollingWindow, ..HOURLY };
        let counters = QuotaCounters::with_size(64 * 1_024);
        for step in 0..100 {
            let now = Timestamp::from_ms(NOW.as_ms() + step * 100);
            for number in 0..5_000 {
                let identifier = number.to_string();
                let key = QuotaKey { identifier: &identifier, period, ..KEY };
                counters.take(&key, &demand(1_000), now);
            }
            // One counter of each shard may have grown since the shard was looked at.
            assert!(size(&counters) <= 64 * (1_024 + 257), "{}", size(&counters));
        }
    }

    #[test]
    fn what_is_over_goes_first() {
        let counters = QuotaCounters::with_size(64 * 64);
        (0..2_000).for_each(|_| {
            counters.take(&QuotaKey { identifier: "heavy", ..KEY }, &demand(9_999), NOW);
        });
        let later = Timestamp::from_ms(NOW.as_ms() + 3_600_000);
        for number in 0..50_000 {
            let identifier = number.to_string();
            counters.take(&QuotaKey { identifier: &identifier, ..KEY }, &demand(10), later);
        }
        let digest = QuotaKey { identifier: "heavy", ..KEY }.digest();
        assert!(counters.shards.iter().all(|shard| !shard.lock().tallies.contains_key(&digest)));
    }
}
