//! When quotas start again: the intervals of each type (Apigee: "Quota policy", "Quota policy types"). Everything is in
//! GMT.

use dormouse_token::Timestamp;
use jiff::Span;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use std::ops::Range;
use std::time::Duration;

/// The interval that a quota is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaPeriod {
    /// How intervals begin and end.
    pub kind: QuotaKind,
    /// What the interval is counted in.
    pub unit: QuotaUnit,
    /// How many units; at least one.
    pub interval: u32,
}

/// The `type` of a Quota policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaKind {
    /// No type: an interval begins where the clock's current unit began, and months are those of the calendar.
    Aligned,
    /// `calendar`: one interval after the other from a start time on, in milliseconds since 1970.
    Calendar(i64),
    /// `flexi`: an interval begins with the first request.
    Flexi,
    /// `rollingwindow`: always the time just past.
    RollingWindow,
}

/// `TimeUnit`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaUnit {
    /// `second`
    Second,
    /// `minute`
    Minute,
    /// `hour`
    Hour,
    /// `day`
    Day,
    /// `week`; begins on Sundays.
    Week,
    /// `month`; four weeks, except where it is aligned with the calendar.
    Month,
}

impl QuotaKind {
    /// `calendar` from a `StartTime` on: `yyyy-MM-dd HH:mm:ss`, leading zeros optional. Nothing for other texts.
    pub fn calendar(start_time: &str) -> Option<Self> {
        let start = DateTime::strptime("%Y-%m-%d %H:%M:%S", start_time).ok()?;
        let start = start.to_zoned_datetime(TimeZone::UTC).ok()?.timestamp();
        Some(Self::Calendar(start.as_millisecond()))
    }
}

impl QuotaPeriod {
    /// How long an interval is. Months are four weeks.
    pub fn length(&self) -> Duration {
        Duration::from_millis(self.unit.length_ms().saturating_mul(u64::from(self.interval)))
    }

    /// The interval that begins with or goes on at `now`, for a counter that has none yet.
    pub(super) fn window(&self, now: Timestamp) -> Range<Timestamp> {
        let start = match self.kind {
            QuotaKind::Aligned if self.unit == QuotaUnit::Month => {
                return self.months(now).unwrap_or(now..Timestamp::MAX);
            }
            QuotaKind::Aligned => {
                let (unit, shift) = (self.unit.length_ms(), self.unit.shift_ms());
                let into_unit = now.as_ms().saturating_add(shift) % unit;
                return self.from(now, into_unit);
            }
            QuotaKind::Calendar(start) => i128::from(start),
            QuotaKind::Flexi | QuotaKind::RollingWindow => return now..now.saturating_add(self.length()),
        };
        let length = i128::from(ms(self.length())).max(1);
        let into_interval = (i128::from(now.as_ms()) - start).rem_euclid(length);
        self.from(now, u64::try_from(into_interval).unwrap_or_default())
    }

    /// The interval that began `elapsed_ms` before `now`.
    fn from(&self, now: Timestamp, elapsed_ms: u64) -> Range<Timestamp> {
        let left = ms(self.length()).saturating_sub(elapsed_ms);
        let start = now.saturating_sub(Duration::from_millis(elapsed_ms));
        start..now.saturating_add(Duration::from_millis(left))
    }

    /// Months of the calendar; nothing for times that the calendar does not reach.
    fn months(&self, now: Timestamp) -> Option<Range<Timestamp>> {
        let instant = jiff::Timestamp::from_millisecond(i64::try_from(now.as_ms()).ok()?).ok()?;
        let first = instant.to_zoned_datetime(TimeZone::UTC).date().first_of_month();
        let months = Span::new().try_months(self.interval).ok()?;
        let next = first.checked_add(months).ok()?;
        Some(midnight(first)?..midnight(next)?)
    }
}

impl QuotaUnit {
    /// A unit by its name in a policy or an API product, in any case.
    pub fn parse(name: &str) -> Option<Self> {
        let units = [Self::Second, Self::Minute, Self::Hour, Self::Day, Self::Week, Self::Month];
        units.into_iter().find(|unit| unit.name().eq_ignore_ascii_case(name))
    }

    /// Apigee's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    fn length_ms(self) -> u64 {
        match self {
            Self::Second => SECOND_MS,
            Self::Minute => 60 * SECOND_MS,
            Self::Hour => 3_600 * SECOND_MS,
            Self::Day => DAY_MS,
            Self::Week => 7 * DAY_MS,
            Self::Month => 28 * DAY_MS,
        }
    }

    /// How long before 1970 the unit began that 1970 began in: 1970-01-01 was a Thursday.
    fn shift_ms(self) -> u64 {
        if self == Self::Week { 4 * DAY_MS } else { 0 }
    }
}

fn midnight(date: Date) -> Option<Timestamp> {
    let midnight = date.to_zoned_datetime(TimeZone::UTC).ok()?.timestamp().as_millisecond();
    u64::try_from(midnight).ok().map(Timestamp::from_ms)
}

/// Whole milliseconds, saturating.
pub(super) fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

const SECOND_MS: u64 = 1_000;
const DAY_MS: u64 = 86_400 * SECOND_MS;

#[cfg(test)]
mod tests {
    use super::*;
    use QuotaKind::{Aligned, Calendar, Flexi};
    use QuotaUnit::{Day, Hour, Minute, Month, Second, Week};

    fn instant(text: &str) -> jiff::Timestamp {
        format!("{text}Z").parse().expect("a time")
    }

    #[track_caller]
    fn check(kind: QuotaKind, (interval, unit): (u32, QuotaUnit), now: &str, expected: [&str; 2]) {
        let time = |text| Timestamp::from_ms(instant(text).as_millisecond().try_into().expect("after 1970"));
        let window = QuotaPeriod { kind, unit, interval }.window(time(now));
        let shown = |at: Timestamp| {
            let at = jiff::Timestamp::from_millisecond(at.as_ms().cast_signed()).expect("a time");
            at.to_string().trim_end_matches('Z').to_owned()
        };
        assert_eq!([shown(window.start), shown(window.end)], expected, "{kind:?} {interval} {unit:?} {now}");
    }

    #[test]
    fn without_a_type_the_clock_decides() {
        let now = "2024-02-14T10:20:30.5";
        check(Aligned, (1, Second), now, ["2024-02-14T10:20:30", "2024-02-14T10:20:31"]);
        check(Aligned, (1, Minute), now, ["2024-02-14T10:20:00", "2024-02-14T10:21:00"]);
        check(Aligned, (1, Hour), now, ["2024-02-14T10:00:00", "2024-02-14T11:00:00"]);
        check(Aligned, (1, Day), now, ["2024-02-14T00:00:00", "2024-02-15T00:00:00"]);
        check(Aligned, (1, Week), now, ["2024-02-11T00:00:00", "2024-02-18T00:00:00"]);
        check(Aligned, (1, Month), now, ["2024-02-01T00:00:00", "2024-03-01T00:00:00"]);
        check(Aligned, (100, Hour), now, ["2024-02-14T10:00:00", "2024-02-18T14:00:00"]);
        check(Aligned, (2, Month), "2024-12-31T23:59:59.999", ["2024-12-01T00:00:00", "2025-02-01T00:00:00"]);
    }

    #[test]
    fn a_boundary_belongs_to_what_begins_there() {
        let sunday = "2024-02-18T00:00:00";
        check(Aligned, (1, Week), sunday, [sunday, "2024-02-25T00:00:00"]);
        check(Aligned, (1, Minute), sunday, [sunday, "2024-02-18T00:01:00"]);
    }

    #[test]
    fn calendar_counts_from_the_start_time() {
        let start = Calendar(instant("2024-01-31T12:00:10").as_millisecond());
        check(start, (1, Minute), "2024-02-14T10:20:30", ["2024-02-14T10:20:10", "2024-02-14T10:21:10"]);
        check(start, (1, Day), "2024-02-14T10:20:30", ["2024-02-13T12:00:10", "2024-02-14T12:00:10"]);
        check(start, (1, Month), "2024-02-28T12:00:10", ["2024-02-28T12:00:10", "2024-03-27T12:00:10"]);
        check(start, (5, Hour), "2024-01-31T17:00:09", ["2024-01-31T12:00:10", "2024-01-31T17:00:10"]);
        // Before the start time the quota holds as well; its interval ends there.
        check(start, (1, Day), "2024-01-31T12:00:09", ["2024-01-30T12:00:10", "2024-01-31T12:00:10"]);
        let ancient = Calendar(instant("1969-12-31T23:00:00").as_millisecond());
        check(ancient, (2, Hour), "1970-01-01T00:30:00", ["1970-01-01T00:00:00", "1970-01-01T01:00:00"]);
    }

    #[test]
    fn flexi_begins_now() {
        let now = "2024-02-14T10:20:30.5";
        check(Flexi, (1, Minute), now, [now, "2024-02-14T10:21:30.5"]);
        check(Flexi, (1, Month), now, [now, "2024-03-13T10:20:30.5"]);
    }

    #[test]
    fn extremes_do_not_overflow() {
        for kind in [Aligned, Calendar(i64::MIN), Calendar(i64::MAX), Flexi] {
            for unit in [Second, Minute, Hour, Day, Week, Month] {
                for now in [Timestamp::EPOCH, Timestamp::from_ms(1), Timestamp::MAX] {
                    let window = QuotaPeriod { kind, unit, interval: u32::MAX }.window(now);
                    assert!(window.start <= now && now <= window.end, "{kind:?} {unit:?} {now:?}");
                }
            }
        }
    }

    #[test]
    fn start_times() {
        let start = instant("2016-03-31T07:00:59").as_millisecond();
        assert_eq!(QuotaKind::calendar("2016-03-31 07:00:59"), Some(Calendar(start)));
        assert_eq!(QuotaKind::calendar("2016-3-31 7:00:59"), Some(Calendar(start)));
        for refused in
            ["", "7-16-2017 12:00:00", "2016-03-31", "2016-02-31 00:00:00", "2016-03-31 00:00:00 x"]
        {
            assert_eq!(QuotaKind::calendar(refused), None, "{refused}");
        }
    }

    #[test]
    fn names_of_units() {
        assert_eq!(QuotaUnit::parse("Month"), Some(Month));
        assert_eq!(QuotaUnit::parse("months"), None);
        assert_eq!(QuotaUnit::parse(""), None);
    }
}
