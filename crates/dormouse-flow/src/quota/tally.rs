//! One counter: what was used in the running interval, and whether a request still fits (Apigee: "Quota policy").

use crate::quota::period::{QuotaKind, QuotaPeriod, ms};
use dormouse_token::Timestamp;
use std::time::Duration;

/// What one request asks of a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaDemand {
    /// What the interval may hold in all.
    pub allowed: u64,
    /// What the request weighs.
    pub weight: u64,
    /// Whether the request is counted, and whether it may be refused.
    pub mode: QuotaMode,
}

/// What is to be done with a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QuotaMode {
    /// Count it when it fits, else refuse it. What is refused uses nothing.
    #[default]
    CountAndEnforce,
    /// `CountOnly`: count it in any case.
    CountOnly,
    /// `EnforceOnly`: refuse it when everything is used; count nothing.
    EnforceOnly,
}

/// A counter after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaReading {
    /// Whether the request does not fit. Only the policy knows whether that refuses it.
    pub exceeds: bool,
    /// What the interval holds.
    pub used: u64,
    /// How many requests did not fit in this interval; of a rolling window, since the last one that did.
    pub exceed_count: u64,
    /// How many requests did not fit since the counter exists.
    pub total_exceed_count: u64,
    /// When the interval ends; of a rolling window, when the oldest request that is counted leaves it.
    pub expires_at: Timestamp,
}

/// What a process knows of one counter.
pub(super) struct Tally {
    exceed_count: u64,
    total_exceed_count: u64,
    used: Used,
}

enum Used {
    Interval { start: Timestamp, end: Timestamp, used: u64 },
    Rolling(Rolling),
}

/// Requests of the last window, oldest first. Times that are close to each other share a slot and leave the window
/// together, as late as the last of them: in no window more is let through than is allowed, and a request is remembered
/// too long by at most a 64th of the window.
struct Rolling {
    length_ms: u64,
    /// Times that are equal when divided by this share a slot.
    granule_ms: u64,
    slots: Vec<Slot>,
    used: u64,
}

struct Slot {
    last: Timestamp,
    weight: u64,
}

impl Tally {
    /// A counter that nothing was counted on.
    pub(super) fn new(period: &QuotaPeriod, now: Timestamp) -> Self {
        let used = if period.kind == QuotaKind::RollingWindow {
            let length_ms = ms(period.length());
            Used::Rolling(Rolling { length_ms, granule_ms: 1, slots: Vec::new(), used: 0 })
        } else {
            let window = period.window(now);
            Used::Interval { start: window.start, end: window.end, used: 0 }
        };
        Self { exceed_count: 0, total_exceed_count: 0, used }
    }

    /// Puts a request to the counter. `period` is the one that the counter was made for.
    pub(super) fn take(
        &mut self,
        period: &QuotaPeriod,
        demand: &QuotaDemand,
        now: Timestamp,
    ) -> QuotaReading {
        self.advance(period, now);
        let used = self.used();
        let exceeds = match demand.mode {
            QuotaMode::EnforceOnly => used >= demand.allowed,
            _ => used.saturating_add(demand.weight) > demand.allowed,
        };
        let counted = match demand.mode {
            QuotaMode::CountAndEnforce => !exceeds,
            QuotaMode::CountOnly => true,
            QuotaMode::EnforceOnly => false,
        };
        if counted && demand.weight > 0 {
            self.add(demand.weight, now);
        }
        if exceeds {
            self.exceed_count = self.exceed_count.saturating_add(1);
            self.total_exceed_count = self.total_exceed_count.saturating_add(1);
        } else if matches!(self.used, Used::Rolling(_)) {
            self.exceed_count = 0;
        }
        QuotaReading {
            exceeds,
            used: self.used(),
            exceed_count: self.exceed_count,
            total_exceed_count: self.total_exceed_count,
            expires_at: self.expires_at(now),
        }
    }

    /// What the interval holds as far as is known; time may have passed since.
    pub(super) fn used(&self) -> u64 {
        match &self.used {
            Used::Interval { used, .. } => *used,
            Used::Rolling(rolling) => rolling.used,
        }
    }

    /// Whether the counter says no more than a new one would.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        match &self.used {
            Used::Interval { end, .. } => *end <= now,
            Used::Rolling(rolling) => rolling.slots.last().is_none_or(|slot| !rolling.holds(slot, now)),
        }
    }

    /// The memory that the counter needs besides itself, in slots.
    pub(super) fn slots(&self) -> usize {
        match &self.used {
            Used::Interval { .. } => 0,
            Used::Rolling(rolling) => rolling.slots.capacity(),
        }
    }

    fn advance(&mut self, period: &QuotaPeriod, now: Timestamp) {
        match &mut self.used {
            Used::Interval { start, end, used } => {
                // Threads read the clock before they get here, and clocks are set: a little earlier is still this interval.
                if now >= *end || now.saturating_add(CLOCK_STEP_MAX) < *start {
                    let window = period.window(now);
                    (*start, *end, *used) = (window.start, window.end, 0);
                    self.exceed_count = 0;
                }
            }
            Used::Rolling(rolling) => rolling.advance(now),
        }
    }

    fn add(&mut self, weight: u64, now: Timestamp) {
        match &mut self.used {
            Used::Interval { used, .. } => *used = used.saturating_add(weight),
            Used::Rolling(rolling) => rolling.add(weight, now),
        }
    }

    fn expires_at(&self, now: Timestamp) -> Timestamp {
        match &self.used {
            Used::Interval { end, .. } => *end,
            Used::Rolling(rolling) => rolling.slots.first().map_or(now, |slot| rolling.leaves_at(slot)),
        }
    }
}

impl Rolling {
    fn leaves_at(&self, slot: &Slot) -> Timestamp {
        slot.last.saturating_add(Duration::from_millis(self.length_ms))
    }

    /// Whether a slot counts. One from the future does, as long as only the clock was set back a little.
    fn holds(&self, slot: &Slot, now: Timestamp) -> bool {
        self.leaves_at(slot) > now && slot.last <= now.saturating_add(CLOCK_STEP_MAX)
    }

    fn advance(&mut self, now: Timestamp) {
        let mut slots = std::mem::take(&mut self.slots);
        slots.retain(|slot| self.holds(slot, now));
        self.slots = slots;
        self.used = self.slots.iter().fold(0, |sum, slot| sum.saturating_add(slot.weight));
        if self.slots.is_empty() {
            self.granule_ms = 1;
            self.slots.shrink_to_fit();
        }
    }

    fn add(&mut self, weight: u64, now: Timestamp) {
        self.used = self.used.saturating_add(weight);
        self.slots.push(Slot { last: now, weight });
        // A thread may be late: its request counts as one of the newest.
        if let [.., before, newest] = self.slots.as_mut_slice() {
            newest.last = newest.last.max(before.last);
        }
        self.merge();
        while self.slots.len() > SLOTS_MAX {
            self.granule_ms = self.granule_ms.saturating_mul(2);
            self.merge();
        }
    }

    fn merge(&mut self) {
        let granule = self.granule_ms;
        self.slots.dedup_by(|later, earlier| {
            let same = later.last.as_ms() / granule == earlier.last.as_ms() / granule;
            if same {
                earlier.last = later.last;
                earlier.weight = earlier.weight.saturating_add(later.weight);
            }
            same
        });
    }
}

/// How far a clock may be set back without giving away a quota that is being counted.
const CLOCK_STEP_MAX: Duration = Duration::from_mins(1);

/// Bounds memory. When slots are merged, more than half of them stay, so that a slot spans at most a 64th of a window.
const SLOTS_MAX: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::period::QuotaUnit;
    use QuotaMode::{CountAndEnforce, CountOnly, EnforceOnly};

    struct Counter {
        period: QuotaPeriod,
        tally: Tally,
        now_ms: u64,
    }

    impl Counter {
        fn per_minute(kind: QuotaKind) -> Self {
            let period = QuotaPeriod { kind, unit: QuotaUnit::Minute, interval: 1 };
            let tally = Tally::new(&period, Timestamp::from_ms(START));
            Self { period, tally, now_ms: START }
        }

        fn reading(&mut self, allowed: u64, weight: u64, mode: QuotaMode) -> QuotaReading {
            let demand = QuotaDemand { allowed, weight, mode };
            self.tally.take(&self.period, &demand, Timestamp::from_ms(self.now_ms))
        }

        /// Whether a request fits, and what is used then.
        #[track_caller]
        fn check(&mut self, (weight, mode): (u64, QuotaMode), expected: (bool, u64)) {
            let reading = self.reading(10, weight, mode);
            assert_eq!((!reading.exceeds, reading.used), expected, "{weight} {mode:?} at {}", self.now_ms);
        }
    }

    #[test]
    fn what_does_not_fit_uses_nothing() {
        let mut counter = Counter::per_minute(QuotaKind::Aligned);
        counter.check((4, CountAndEnforce), (true, 4));
        counter.check((7, CountAndEnforce), (false, 4));
        counter.check((6, CountAndEnforce), (true, 10));
        counter.check((1, CountAndEnforce), (false, 10));
        counter.check((0, CountAndEnforce), (true, 10));
        counter.check((u64::MAX, CountAndEnforce), (false, 10));
    }

    #[test]
    fn counting_and_enforcing_apart() {
        let mut counter = Counter::per_minute(QuotaKind::Flexi);
        counter.check((1, EnforceOnly), (true, 0));
        counter.check((9, CountOnly), (true, 9));
        counter.check((5, EnforceOnly), (true, 9));
        counter.check((5, CountOnly), (false, 14));
        counter.check((1, EnforceOnly), (false, 14));
        counter.check((u64::MAX, CountOnly), (false, u64::MAX));
    }

    #[test]
    fn an_interval_ends_exactly() {
        let mut counter = Counter::per_minute(QuotaKind::Flexi);
        counter.check((10, CountAndEnforce), (true, 10));
        counter.now_ms += MINUTE - 1;
        counter.check((1, CountAndEnforce), (false, 10));
        counter.now_ms += 1;
        counter.check((1, CountAndEnforce), (true, 1));
    }

    #[test]
    fn refusals_are_counted_by_interval_and_in_all() {
        let mut counter = Counter::per_minute(QuotaKind::Flexi);
        let mut counts = |by| {
            counter.now_ms += by;
            let reading = counter.reading(1, 2, CountAndEnforce);
            (reading.exceed_count, reading.total_exceed_count)
        };
        assert_eq!([counts(0), counts(1), counts(MINUTE)], [(1, 1), (2, 2), (1, 3)]);
    }

    #[test]
    fn clocks_that_go_back() {
        for kind in [QuotaKind::Flexi, QuotaKind::Aligned, QuotaKind::RollingWindow] {
            let mut counter = Counter::per_minute(kind);
            counter.check((10, CountAndEnforce), (true, 10));
            counter.now_ms -= 5_000;
            counter.check((1, CountAndEnforce), (false, 10));
            counter.now_ms -= 10 * MINUTE;
            counter.check((1, CountAndEnforce), (true, 1));
        }
    }

    #[test]
    fn a_rolling_window_forgets_what_is_older() {
        let mut counter = Counter::per_minute(QuotaKind::RollingWindow);
        counter.check((6, CountAndEnforce), (true, 6));
        counter.now_ms += MINUTE / 2;
        counter.check((4, CountAndEnforce), (true, 10));
        assert_eq!(counter.reading(10, 1, EnforceOnly).expires_at, Timestamp::from_ms(START + MINUTE));
        counter.now_ms += MINUTE / 2 - 1;
        counter.check((1, CountAndEnforce), (false, 10));
        counter.now_ms += 1;
        counter.check((6, CountAndEnforce), (true, 10));
        counter.now_ms += MINUTE / 2;
        counter.check((1, CountAndEnforce), (true, 7));
        assert_eq!(counter.reading(10, 1, EnforceOnly).exceed_count, 0);
        assert!(!counter.tally.is_over(Timestamp::from_ms(counter.now_ms + MINUTE - 1)));
        assert!(counter.tally.is_over(Timestamp::from_ms(counter.now_ms + MINUTE)));
    }

    /// However requests are spread, no window holds more than is allowed, and it is full but for the coarseness of slots.
    #[test]
    fn a_rolling_window_with_more_times_than_slots() {
        const ALLOWED: u64 = 1_000;
        let mut counter = Counter::per_minute(QuotaKind::RollingWindow);
        let (mut passed, mut step) = (Vec::new(), 1_u64);
        while counter.now_ms < START + 10 * MINUTE {
            // A fixed sequence of steps between 0 and 36 ms, on average more than the quota lets through.
            step = step.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            counter.now_ms += (step >> 33) % 37;
            if !counter.reading(ALLOWED, 1, CountAndEnforce).exceeds {
                passed.push(counter.now_ms);
            }
            assert!(counter.tally.slots() <= 2 * SLOTS_MAX);
        }
        let too_many = passed.windows(1_001).find(|window| window[1_000] - window[0] < MINUTE);
        assert!(too_many.is_none(), "{too_many:?}");
        assert!(passed.len() as u64 > ALLOWED * 9, "{}", passed.len());
    }

    const START: u64 = 1_700_000_030_000;
    const MINUTE: u64 = 60_000;
}
