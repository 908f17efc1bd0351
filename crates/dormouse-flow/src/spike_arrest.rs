//! When SpikeArrest policies last let a request through: one moment an identifier, no counter (Apigee: "SpikeArrest
//! policy").

use aws_lc_rs::digest::{Context, SHA256};
use parking_lot::Mutex;
use quick_cache::sync::Cache;
use std::sync::Arc;
use std::time::Duration;

/// The memory of all SpikeArrest policies of a process.
///
/// When there are too many identifiers, those that have been asked for least are forgotten; their next request passes.
pub struct SpikeArrests(Cache<Digest, Arc<Mutex<Option<Duration>>>>);

/// Whose requests a rate holds for.
#[derive(Clone, Copy)]
pub struct SpikeArrestKey<'a> {
    /// The deployed proxy.
    pub proxy: &'a str,
    /// The policy.
    pub policy: &'a str,
    /// Who is arrested. It may be a token: only a digest is kept.
    pub identifier: &'a str,
}

/// A rate, and how it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpikeArrestRate {
    /// Requests in the period; more than zero.
    pub requests: u64,
    /// A second or a minute.
    pub period: Duration,
    /// Whether requests may come in a burst: a bucket of `requests` tokens, filled at the rate. Otherwise each keeps its
    /// distance to the one before.
    pub bursts: bool,
}

type Digest = [u8; 32];

impl Default for SpikeArrests {
    fn default() -> Self {
        Self(Cache::new(IDENTIFIERS_MAX))
    }
}

impl SpikeArrests {
    /// Whether a request of this weight passes now. `now` is monotonic. Threads that ask for one key at the same moment
    /// are answered one after the other.
    pub fn passes(
        &self,
        key: &SpikeArrestKey<'_>,
        rate: SpikeArrestRate,
        weight: u64,
        now: Duration,
    ) -> bool {
        let moment = self.0.get_or_insert_with(&key.digest(rate.bursts), || {
            Ok::<_, std::convert::Infallible>(Arc::default())
        });
        let Ok(moment) = moment;
        let mut moment = moment.lock();
        let (passes, next) =
            if rate.bursts { bucket(*moment, rate, weight, now) } else { smooth(*moment, rate, weight, now) };
        *moment = next;
        passes
    }
}

/// The moment is that of the last request that passed.
fn smooth(
    last: Option<Duration>,
    rate: SpikeArrestRate,
    weight: u64,
    now: Duration,
) -> (bool, Option<Duration>) {
    let distance = rate.time_of(weight);
    match last {
        Some(last) if now.saturating_sub(last) < distance => (false, Some(last)),
        // What weighs nothing leaves the rate alone.
        last if weight == 0 => (true, last),
        _ => (true, Some(now)),
    }
}

/// The moment is the one at which the bucket will be full again.
fn bucket(
    full_at: Option<Duration>,
    rate: SpikeArrestRate,
    weight: u64,
    now: Duration,
) -> (bool, Option<Duration>) {
    let full_at = full_at.unwrap_or(now).max(now);
    let filled = full_at.saturating_add(rate.time_of(weight));
    if filled.saturating_sub(now) > rate.period { (false, Some(full_at)) } else { (true, Some(filled)) }
}

impl SpikeArrestRate {
    /// How long the rate takes to allow this many requests.
    fn time_of(self, weight: u64) -> Duration {
        let nanoseconds = self.period.as_nanos() * u128::from(weight) / u128::from(self.requests.max(1));
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
    }
}

impl SpikeArrestKey<'_> {
    fn digest(&self, bursts: bool) -> Digest {
        let mut context = Context::new(&SHA256);
        for text in [self.proxy, self.policy, self.identifier] {
            context.update(&text.len().to_le_bytes());
            context.update(text.as_bytes());
        }
        context.update(&[u8::from(bursts)]);
        let mut digest = [0; 32];
        digest.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
        digest
    }
}

/// Identifiers that are remembered: about 20 MiB.
const IDENTIFIERS_MAX: usize = 1 << 17;

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MINUTE: Duration = Duration::from_mins(1);

    fn key(identifier: &str) -> SpikeArrestKey<'_> {
        SpikeArrestKey { proxy: "p", policy: "S", identifier }
    }

    /// Requests as (milliseconds, weight, whether it passes).
    #[track_caller]
    fn check(requests: u64, period: Duration, bursts: bool, expected: &[(u64, u64, bool)]) {
        let arrests = SpikeArrests::default();
        let rate = SpikeArrestRate { requests, period, bursts };
        for (at, weight, passes) in expected {
            let passed = arrests.passes(&key("a"), rate, *weight, Duration::from_millis(*at));
            assert_eq!(passed, *passes, "{requests} in {period:?}, bursts {bursts}, at {at}");
        }
    }

    #[test]
    fn each_request_keeps_its_distance() {
        check(30, MINUTE, false, &[(0, 1, true), (1_999, 1, false), (2_000, 1, true), (3_999, 1, false)]);
        check(6, MINUTE, false, &[(5, 1, true), (10_004, 1, false), (10_005, 1, true)]);
        check(
            10,
            SECOND,
            false,
            &[(0, 1, true), (0, 1, false), (99, 1, false), (100, 1, true), (900, 1, true)],
        );
        check(3, SECOND, false, &[(0, 1, true), (333, 1, false), (334, 1, true)]);
    }

    #[test]
    fn a_refused_request_does_not_push_the_next_one_back() {
        check(1, SECOND, false, &[(0, 1, true), (500, 1, false), (999, 1, false), (1_000, 1, true)]);
    }

    #[test]
    fn weights() {
        check(10, SECOND, false, &[(0, 2, true), (100, 2, false), (200, 2, true), (300, 1, true)]);
        check(1, SECOND, false, &[(0, 1, true), (1, 0, true), (1_000, 1, true)]);
        check(1, MINUTE, false, &[(0, u64::MAX, true), (60_000, u64::MAX, false)]);
    }

    #[test]
    fn a_bucket_lets_bursts_through() {
        check(2, SECOND, true, &[(0, 1, true), (0, 1, true), (0, 1, false), (499, 1, false), (500, 1, true)]);
        check(2, SECOND, true, &[(0, 2, true), (999, 2, false), (1_000, 2, true), (9_000, 3, false)]);
    }

    #[test]
    fn identifiers_are_apart() {
        let arrests = SpikeArrests::default();
        let rate = SpikeArrestRate { requests: 1, period: SECOND, bursts: false };
        assert!(arrests.passes(&key("a"), rate, 1, SECOND));
        assert!(arrests.passes(&key("b"), rate, 1, SECOND));
        assert!(!arrests.passes(&key("a"), rate, 1, SECOND));
        let other = SpikeArrestKey { policy: "T", ..key("a") };
        assert!(arrests.passes(&other, rate, 1, SECOND));
    }

    #[test]
    fn threads_at_one_moment_pass_once() {
        let arrests = SpikeArrests::default();
        let rate = SpikeArrestRate { requests: 1, period: SECOND, bursts: false };
        let passed = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        let is_let_through = arrests.passes(&key("a"), rate, 1, SECOND);
                        passed.fetch_add(usize::from(is_let_through), std::sync::atomic::Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(passed.into_inner(), 1);
    }
}
