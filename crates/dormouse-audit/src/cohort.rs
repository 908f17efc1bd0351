//! What became of the refresh tokens that one day brought, and how old they were when somebody redeemed them first.

use dormouse_token::{Age, CountedEvent, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The families that began on one day (UTC). A family that began with a code counts for the day of the code.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cohort {
    /// The day, as `2026-01-31`.
    pub day: String,
    /// Families that began with an own refresh token.
    pub issued: u64,
    /// Families that began with a foreign refresh token.
    pub imported: u64,
    /// Families that were redeemed at least once.
    pub redeemed: u64,
    /// Families that were never redeemed, whether they still can be or not.
    pub never_redeemed: u64,
    /// Families that were never redeemed and whose refresh token has not expired.
    pub dormant: u64,
    /// Age of the families at their first redemption, each bucket without those before it.
    pub first_redeemed_at_age: AgeCounts,
    /// Percentage that was redeemed by an age.
    pub redeemed_percent_by_age: AgeShares,
}

/// Counts by age, each bucket without those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgeCounts {
    /// Below one hour.
    pub hour: u64,
    /// Below one day.
    pub day: u64,
    /// Below one week.
    pub week: u64,
    /// Below thirty days.
    pub month: u64,
    /// Older.
    pub older: u64,
}

/// Percentages by age, each with those before it; none for an age that no token of the day has reached yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AgeShares {
    /// Redeemed within an hour.
    pub hour: Option<f64>,
    /// Within a day.
    pub day: Option<f64>,
    /// Within a week.
    pub week: Option<f64>,
    /// Within thirty days.
    pub month: Option<f64>,
    /// At any age.
    pub older: Option<f64>,
}

impl Cohort {
    /// Adds a counter of the day, as it is at `now`.
    pub(crate) fn add(&mut self, event: CountedEvent, count: u64, now: Timestamp) {
        match event {
            CountedEvent::Issued => self.issued += count,
            CountedEvent::Imported => self.imported += count,
            CountedEvent::FirstRedeemed(age) => {
                self.redeemed += count;
                *self.first_redeemed_at_age.bucket(age) += count;
            }
            CountedEvent::SleepsUntil(until) if until.instant() > now => self.dormant += count,
            _ => {}
        }
    }

    /// Takes those away that were woken, now that all are counted, and works out what follows. A crash may lose the last
    /// second of issue counts and never a redemption, so that a difference could be negative.
    pub(crate) fn finish(&mut self, woken: u64, day: u32, now: Timestamp) {
        self.never_redeemed = (self.issued + self.imported).saturating_sub(self.redeemed);
        self.dormant = self.dormant.saturating_sub(woken);
        let age = now.since(start_of(day));
        self.redeemed_percent_by_age = self.first_redeemed_at_age.shares(self.issued + self.imported, age);
        self.day = date(day);
    }
}

impl AgeCounts {
    pub(crate) const fn bucket(&mut self, age: Age) -> &mut u64 {
        match age {
            Age::Hour => &mut self.hour,
            Age::Day => &mut self.day,
            Age::Week => &mut self.week,
            Age::Month => &mut self.month,
            Age::Older => &mut self.older,
        }
    }

    /// Cumulated percentages of `all`, as far as the eldest is old.
    pub(crate) fn shares(self, all: u64, eldest: Duration) -> AgeShares {
        let mut sum = 0;
        let mut share = |count: u64, from_hours: u64| {
            sum += count;
            let reached = eldest >= Duration::from_hours(from_hours) && all > 0;
            reached.then(|| percent(sum, all))
        };
        AgeShares {
            hour: share(self.hour, 0),
            day: share(self.day, 1),
            week: share(self.week, 24),
            month: share(self.month, 24 * 7),
            older: share(self.older, 24 * 30),
        }
    }
}

/// With one decimal, at most 100.
pub(crate) fn percent(part: u64, whole: u64) -> f64 {
    let per_mille = (u128::from(part) * 1000 / u128::from(whole.max(1))).min(1000);
    f64::from(u16::try_from(per_mille).unwrap_or(1000)) / 10.0
}

/// The first instant of a day.
pub(crate) fn start_of(day: u32) -> Timestamp {
    Timestamp::from_ms(u64::from(day) * 86_400_000)
}

/// `2026-01-31`; the number of days since 1970 where the calendar ends.
pub(crate) fn date(day: u32) -> String {
    let instant = jiff::Timestamp::from_second(i64::from(day) * 86_400);
    instant.map_or_else(|_| day.to_string(), |instant| instant.strftime("%Y-%m-%d").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(eldest_hours: u64, all: u64, expected: [Option<f64>; 5]) {
        let counts = AgeCounts { hour: 1, day: 2, week: 0, month: 1, older: 1 };
        let shares = counts.shares(all, Duration::from_hours(eldest_hours));
        assert_eq!([shares.hour, shares.day, shares.week, shares.month, shares.older], expected);
    }

    #[test]
    fn shares_are_cumulated_up_to_the_age_that_was_reached() {
        check(0, 8, [Some(12.5), None, None, None, None]);
        check(30, 8, [Some(12.5), Some(37.5), Some(37.5), None, None]);
        check(1000, 8, [Some(12.5), Some(37.5), Some(37.5), Some(50.0), Some(62.5)]);
        check(1000, 3, [Some(33.3), Some(100.0), Some(100.0), Some(100.0), Some(100.0)]);
        check(1000, 0, [None; 5]);
    }

    #[test]
    fn days_have_dates() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(20_484), "2026-01-31");
        assert_eq!(date(u32::MAX), u32::MAX.to_string());
    }
}
