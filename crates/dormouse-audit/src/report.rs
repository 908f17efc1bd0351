//! Folding counters into rows, and rows into the whole report.

use crate::advice::{Advice, advice};
use crate::row::{Row, Tally};
use crate::storage::{Held, Storage};
use dormouse_token::{CounterKey, SourceId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The audit of an organization.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Version of this form; it changes when a member changes its meaning. Members may be added.
    pub version: u32,
    /// When it was made, in milliseconds since 1970.
    pub at: u64,
    /// One row per client, source and grant, the most refresh tokens never redeemed first.
    pub rows: Vec<Row>,
    /// All rows together.
    pub total: Row,
    /// What is held, and what would be held elsewhere.
    pub storage: Storage,
    /// What to change, the most tokens first.
    pub advice: Vec<Advice>,
    /// How exact the counts are, in words.
    pub exactness: String,
}

/// What the report is made of.
pub struct Observed<'a> {
    /// Every counter.
    pub counters: Vec<(CounterKey, u64)>,
    /// The time that tokens are expired by.
    pub now: Timestamp,
    /// What the store holds.
    pub held: Held,
    /// The name that a source was deployed under.
    pub source_name: &'a dyn Fn(SourceId) -> Option<String>,
    /// The app of a client id.
    pub app_name: &'a dyn Fn(&str) -> Option<String>,
    /// The source of the native endpoints, which are configured otherwise than policies.
    pub native_source: &'a str,
}

/// Folds counters into a report.
pub fn report(observed: &Observed<'_>) -> Report {
    let mut rows: BTreeMap<_, Tally> = BTreeMap::new();
    let mut total = Tally::default();
    let now = observed.now;
    for (key, count) in &observed.counters {
        let event = (key.day, key.event);
        rows.entry((&*key.client, key.source, key.grant)).or_default().add(event, *count, now);
        total.add(event, *count, now);
    }
    let row = |((client, source, grant), tally): ((&str, SourceId, dormouse_token::Grant), Tally)| Row {
        client: client.to_string(),
        app: (observed.app_name)(client),
        source: (observed.source_name)(source).unwrap_or_else(|| source.to_string()),
        grant: grant.as_str().to_owned(),
        ..tally.finish(now)
    };
    let mut rows: Vec<Row> = rows.into_iter().map(row).collect();
    // Rows are in the order of their names, and a stable sort keeps it among equals.
    rows.sort_by_key(|row| std::cmp::Reverse(row.never_redeemed));
    let total = total.finish(now);
    Report {
        version: 2,
        at: now.as_ms(),
        storage: Storage::of(observed, &total),
        advice: rows.iter().flat_map(|row| advice(row, observed)).collect(),
        rows,
        total,
        exactness: EXACTNESS.to_owned(),
    }
}

impl Report {
    /// The report with every name that comes from outside passed through a function, such as one that makes control
    /// characters harmless.
    #[must_use]
    pub fn with_names(mut self, make: impl Fn(&str) -> String) -> Self {
        for row in &mut self.rows {
            row.app = row.app.as_deref().map(&make);
            for name in [&mut row.client, &mut row.source, &mut row.grant] {
                *name = make(name);
            }
        }
        for advice in &mut self.advice {
            advice.app = advice.app.as_deref().map(&make);
            for name in [&mut advice.client, &mut advice.source, &mut advice.grant, &mut advice.message] {
                *name = make(name);
            }
        }
        self
    }
}

const EXACTNESS: &str = "First redemptions are counted in the transaction that redeems, so that none is lost. Issues, look-ups, \
                         replays and repeated answers are counted in memory and written several times a second: a crash loses at most \
                         the last second of them. Expiry is rounded to a 48th of a token's lifetime.";

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use dormouse_token::{Age, CountedEvent, Deadline, Grant};
    use std::time::Duration;

    pub(crate) const DAY: u32 = 20_000;

    /// Noon of the fourth day.
    pub(crate) const NOW: Timestamp = Timestamp::from_ms((DAY as u64 + 3) * 86_400_000 + 43_200_000);

    pub(crate) fn key(client: &str, event: CountedEvent, day: u32) -> CounterKey {
        CounterKey {
            client: client.into(),
            source: SourceId([7; 8]),
            grant: Grant::Password,
            day: DAY + day,
            event,
        }
    }

    pub(crate) fn until(days: u64) -> Deadline {
        let issued_at = Timestamp::from_ms(u64::from(DAY) * 86_400_000);
        Deadline::of(issued_at, issued_at.saturating_add(Duration::from_hours(24 * days)))
    }

    pub(crate) fn report_of(counters: Vec<(CounterKey, u64)>) -> Report {
        report(&Observed {
            counters,
            now: NOW,
            held: Held { families: 3, token_bytes: 480, file_bytes: 4096, ..Held::default() },
            source_name: &|_| Some("oauth/Generate".to_owned()),
            app_name: &|client| (client == "a").then(|| "shop".to_owned()),
            native_source: "/oauth/token",
        })
    }

    /// Client `a` redeems some, client `b` none.
    pub(crate) fn sample() -> Report {
        report_of(vec![
            (key("a", CountedEvent::Issued, 0), 10),
            (key("a", CountedEvent::Issued, 1), 5),
            (key("a", CountedEvent::SleepsUntil(until(30)), 0), 10),
            (key("a", CountedEvent::SleepsUntil(until(2)), 1), 5),
            (key("a", CountedEvent::FirstRedeemed(Age::Hour), 0), 3),
            (key("a", CountedEvent::Woke(until(30)), 0), 3),
            (key("a", CountedEvent::RedeemedAgain, 0), 4),
            (key("b", CountedEvent::Issued, 0), 100),
            (key("b", CountedEvent::SleepsUntil(until(200)), 0), 100),
            (key("b", CountedEvent::LookedUp, 0), 6),
            (key("b", CountedEvent::LookedUpDormant, 0), 5),
        ])
    }

    #[test]
    fn days_are_folded_and_the_worst_row_comes_first() {
        let report = sample();
        let rows: Vec<_> =
            report.rows.iter().map(|row| (&*row.client, row.never_redeemed, row.dormant)).collect();
        assert_eq!(rows, [("b", 100, 100), ("a", 12, 7)], "of day 1, five have expired");
        let row = &report.rows[1];
        assert_eq!(
            (row.issued, row.redeemed, row.redemptions, row.first_redeemed_at_age.hour),
            (15, 3, 7, 3)
        );
        assert_eq!((report.rows[0].looked_up, report.rows[0].looked_up_dormant), (6, 5));
        assert_eq!((report.total.issued, report.total.never_redeemed, report.total.dormant), (115, 112, 107));
        let cohorts: Vec<_> = row.cohorts.iter().map(|it| (&*it.day, it.issued, it.dormant)).collect();
        assert_eq!(cohorts, [("2024-10-04", 10, 7), ("2024-10-05", 5, 0)]);
        assert_eq!(row.cohorts[0].redeemed_percent_by_age.hour, Some(30.0));
    }

    #[test]
    fn lost_issue_counts_do_not_turn_differences_negative() {
        let report = report_of(vec![
            (key("a", CountedEvent::FirstRedeemed(Age::Older), 1), 1),
            (key("a", CountedEvent::Woke(until(30)), 1), 1),
        ]);
        assert_eq!((report.rows[0].issued, report.rows[0].never_redeemed, report.rows[0].dormant), (0, 0, 0));
    }

    #[test]
    fn names_are_told_where_they_are_known() {
        let report = sample();
        assert_eq!(report.rows[1].app.as_deref(), Some("shop"));
        assert_eq!(report.rows[0].app, None);
        let visible = report.with_names(str::to_uppercase);
        assert_eq!(visible.rows[1].app.as_deref(), Some("SHOP"));
        assert!(visible.advice.iter().all(|advice| advice.source == "OAUTH/GENERATE"));
    }

    #[test]
    fn json_uses_the_documented_names() {
        let report = sample();
        let json = serde_json::to_string(&report).unwrap();
        for member in [
            r#""version":2"#,
            r#""neverRedeemed":100"#,
            r#""lookedUpDormant":5"#,
            r#""redeemedPercentByAge":{"hour":30.0"#,
            r#""fileBytes":4096"#,
            r#""code":"never-redeemed""#,
        ] {
            assert!(json.contains(member), "{member}: {json}");
        }
        assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
    }
}
