//! The time floor (TOKENS §2 "Purge"): the store's own idea of how late it is at least, which a clock that jumps forward
//! cannot push ahead, and which a clock that was set back does not take back.

use dormouse_token::Timestamp;
use std::time::Duration;

/// The floor after some monotonic time: at most twice that time ahead, and never past the clock.
///
/// Twice, so that a store that was stopped for long, and may gain only an hour at its start, catches up in the end.
pub(crate) fn advanced(floor: Timestamp, now: Timestamp, elapsed: Duration) -> Timestamp {
    floor.saturating_add(elapsed.saturating_mul(2)).min(now).max(floor)
}

/// The floor at a start: at most one hour more than it was.
pub(crate) fn at_start(floor: Timestamp, now: Timestamp) -> Timestamp {
    floor.saturating_add(GAIN_AT_START).min(now).max(floor)
}

/// Whether a clock is too far behind the floor to be served by: what was purged would be missed.
pub(crate) fn is_behind(floor: Timestamp, now: Timestamp) -> bool {
    now.saturating_add(TOLERANCE) < floor
}

/// Whether the floor has moved far enough to be written although nothing else was.
pub(crate) const fn is_due(written: Timestamp, floor: Timestamp) -> bool {
    written.as_ms() / WRITTEN_EVERY_MS != floor.as_ms() / WRITTEN_EVERY_MS
}

const GAIN_AT_START: Duration = Duration::from_hours(1);
const TOLERANCE: Duration = Duration::from_mins(5);
/// An idle store commits this often. What a crash loses of it, the start gives back.
const WRITTEN_EVERY_MS: u64 = 10 * 60 * 1000;

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000;

    fn at(minutes: u64) -> Timestamp {
        Timestamp::from_ms(minutes * MINUTE)
    }

    #[track_caller]
    fn check(floor: u64, now: u64, elapsed: u64, expected: u64) {
        assert_eq!(advanced(at(floor), at(now), Duration::from_mins(elapsed)), at(expected));
    }

    #[test]
    fn time_that_passes_moves_the_floor() {
        check(100, 110, 10, 110);
        check(100, 100, 0, 100);
    }

    #[test]
    fn a_clock_that_jumps_ahead_gains_twice_the_elapsed_time() {
        check(100, 100_000, 10, 120);
        check(100, 100_000, 0, 100);
        check(100, 115, 10, 115);
    }

    #[test]
    fn a_clock_that_was_set_back_takes_nothing_back() {
        check(100, 50, 10, 100);
    }

    #[test]
    fn a_start_gains_an_hour_at_most() {
        assert_eq!(at_start(at(100), at(130)), at(130));
        assert_eq!(at_start(at(100), at(1000)), at(160));
        assert_eq!(at_start(at(100), at(50)), at(100));
    }

    #[test]
    fn five_minutes_are_tolerated() {
        assert!(!is_behind(at(100), at(95)));
        assert!(is_behind(at(100), at(94)));
        assert!(!is_behind(at(100), at(200)));
    }

    #[test]
    fn an_idle_floor_is_written_every_ten_minutes() {
        assert!(!is_due(at(100), at(109)));
        assert!(is_due(at(109), at(110)));
    }
}
