//! Time as a parameter: instants in milliseconds, and the clock that supplies them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The earliest instant.
    pub const EPOCH: Self = Self(0);
    /// Later than every real instant.
    pub const MAX: Self = Self(u64::MAX);

    /// The instant `ms` milliseconds after 1970.
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms)
    }

    /// Milliseconds since 1970.
    pub const fn as_ms(self) -> u64 {
        self.0
    }

    /// Whole hours since 1970: the hour that a derived key belongs to.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "u32 hours reach past the year 490000; `MAX` saturates"
    )]
    pub const fn hour(self) -> u32 {
        let hour = self.0 / HOUR_MS;
        if hour > u32::MAX as u64 { u32::MAX } else { hour as u32 }
    }

    /// Whole days since 1970: the audit's cohort.
    #[expect(clippy::cast_possible_truncation, reason = "see `hour`")]
    pub const fn day(self) -> u32 {
        let day = self.0 / DAY_MS;
        if day > u32::MAX as u64 { u32::MAX } else { day as u32 }
    }

    /// The first instant of an hour.
    pub const fn from_hour(hour: u32) -> Self {
        Self(hour as u64 * HOUR_MS)
    }

    /// `self + by`, or [`Timestamp::MAX`].
    #[must_use]
    pub fn saturating_add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(ms(by)))
    }

    /// `self - by`, or [`Timestamp::EPOCH`].
    #[must_use]
    pub fn saturating_sub(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(ms(by)))
    }

    /// Time from `earlier` to `self`; zero when `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// Supplies the time. One clock serves a whole process.
pub trait Clock: Send + Sync {
    /// Wall-clock time. It may jump; what must not depend on jumps uses [`Clock::monotonic`].
    fn now(&self) -> Timestamp;

    /// Time since an arbitrary fixed point, never decreasing.
    fn monotonic(&self) -> Duration;
}

/// A clock that stands still until it is told otherwise.
#[derive(Debug, Default)]
pub struct ManualClock {
    wall_ms: AtomicU64,
    monotonic_ms: AtomicU64,
}

impl ManualClock {
    /// A clock that shows `now`.
    pub fn at(now: Timestamp) -> Self {
        Self { wall_ms: AtomicU64::new(now.as_ms()), monotonic_ms: AtomicU64::new(0) }
    }

    /// Lets `by` pass, on the wall clock and on the monotonic one.
    pub fn advance(&self, by: Duration) {
        self.wall_ms.fetch_add(ms(by), Ordering::SeqCst);
        self.monotonic_ms.fetch_add(ms(by), Ordering::SeqCst);
    }

    /// Sets the wall clock alone, as an operator or a faulty time source does.
    pub fn jump_to(&self, now: Timestamp) {
        self.wall_ms.store(now.as_ms(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.wall_ms.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.monotonic_ms.load(Ordering::SeqCst))
    }
}

/// Whole milliseconds of a duration, saturating.
fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_and_days_are_whole() {
        let almost_two = Timestamp::from_ms(2 * HOUR_MS - 1);
        assert_eq!(almost_two.hour(), 1);
        assert_eq!(Timestamp::from_hour(1), Timestamp::from_ms(HOUR_MS));
        assert_eq!(Timestamp::from_ms(DAY_MS).day(), 1);
        assert_eq!(Timestamp::MAX.hour(), u32::MAX);
    }

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(Timestamp::MAX.saturating_add(Duration::from_secs(1)), Timestamp::MAX);
        assert_eq!(Timestamp::EPOCH.saturating_sub(Duration::from_secs(1)), Timestamp::EPOCH);
        assert_eq!(Timestamp::EPOCH.since(Timestamp::from_ms(5)), Duration::ZERO);
        assert_eq!(Timestamp::from_ms(7).since(Timestamp::from_ms(5)), Duration::from_millis(2));
    }

    #[test]
    fn a_jump_moves_only_the_wall_clock() {
        let clock = ManualClock::at(Timestamp::from_ms(1_000));
        clock.advance(Duration::from_millis(5));
        clock.jump_to(Timestamp::from_ms(7));
        assert_eq!((clock.now(), clock.monotonic()), (Timestamp::from_ms(7), Duration::from_millis(5)));
    }
}
