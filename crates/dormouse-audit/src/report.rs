//! Folding counters into rows.

use dormouse_token::{Age, CountedEvent, CounterKey, SourceId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The audit of an organization.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Version of this form; it changes when a member changes its meaning.
    pub version: u32,
    /// One row per client, source and grant, the most refresh tokens never redeemed first.
    pub rows: Vec<Row>,
    /// All rows together.
    pub total: Row,
}

/// What became of the refresh tokens of one client, source and grant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The client id; empty in the total.
    pub client: String,
    /// Proxy and policy, or endpoint, that issues; its id in hexadecimal when the name is not known.
    pub source: String,
    /// The grant.
    pub grant: String,
    /// Families that began with an own refresh token.
    pub issued: u64,
    /// Families that began with a foreign refresh token.
    pub imported: u64,
    /// Families that were redeemed at least once.
    pub redeemed: u64,
    /// Families that were never redeemed, whether they still can be or not.
    pub never_redeemed: u64,
    /// Age of the families at their first redemption.
    pub first_redeemed_at_age: AgeShares,
    /// Redemptions in all, the first of each family included.
    pub redemptions: u64,
    /// Answers repeated within the grace window.
    pub grace: u64,
    /// Superseded tokens that were presented again.
    pub replays: u64,
    /// Look-ups of refresh tokens.
    pub looked_up: u64,
}

/// Counts by age, each bucket without those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgeShares {
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

/// Folds counter totals into a report. `source_name` gives the name that a source was deployed under.
pub fn report(
    counters: impl IntoIterator<Item = (CounterKey, u64)>,
    source_name: impl Fn(SourceId) -> Option<String>,
) -> Report {
    let mut rows: BTreeMap<_, Row> = BTreeMap::new();
    let mut total = Row::default();
    for (key, count) in counters {
        let row = rows.entry((key.client.clone(), key.source, key.grant)).or_insert_with(|| Row {
            client: key.client.to_string(),
            source: source_name(key.source).unwrap_or_else(|| key.source.to_string()),
            grant: key.grant.as_str().to_owned(),
            ..Row::default()
        });
        row.add(key.event, count);
        total.add(key.event, count);
    }
    let mut rows: Vec<_> = rows.into_values().collect();
    rows.iter_mut().chain([&mut total]).for_each(Row::finish);
    rows.sort_by(|left, right| {
        let by_name = |row: &Row| (row.client.clone(), row.source.clone(), row.grant.clone());
        right.never_redeemed.cmp(&left.never_redeemed).then_with(|| by_name(left).cmp(&by_name(right)))
    });
    Report { version: 1, rows, total }
}

impl Row {
    fn add(&mut self, event: CountedEvent, count: u64) {
        match event {
            CountedEvent::Issued => self.issued += count,
            CountedEvent::Imported => self.imported += count,
            CountedEvent::RedeemedAgain => self.redemptions += count,
            CountedEvent::Grace => self.grace += count,
            CountedEvent::Replayed => self.replays += count,
            CountedEvent::LookedUp => self.looked_up += count,
            CountedEvent::FirstRedeemed(age) => {
                self.redeemed += count;
                self.redemptions += count;
                *self.first_redeemed_at_age.bucket(age) += count;
            }
        }
    }

    /// A crash may lose the last second of issue counts and never a redemption, so that the difference may be negative.
    fn finish(&mut self) {
        self.never_redeemed = (self.issued + self.imported).saturating_sub(self.redeemed);
    }
}

impl AgeShares {
    const fn bucket(&mut self, age: Age) -> &mut u64 {
        match age {
            Age::Hour => &mut self.hour,
            Age::Day => &mut self.day,
            Age::Week => &mut self.week,
            Age::Month => &mut self.month,
            Age::Older => &mut self.older,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dormouse_token::Grant;

    fn key(client: &str, event: CountedEvent, day: u32) -> CounterKey {
        CounterKey { client: client.into(), source: SourceId([7; 8]), grant: Grant::Password, day, event }
    }

    #[test]
    fn days_are_folded_and_the_worst_row_comes_first() {
        let counters = [
            (key("a", CountedEvent::Issued, 1), 10),
            (key("a", CountedEvent::Issued, 2), 5),
            (key("a", CountedEvent::FirstRedeemed(Age::Hour), 1), 3),
            (key("a", CountedEvent::RedeemedAgain, 1), 4),
            (key("b", CountedEvent::Issued, 1), 100),
            (key("b", CountedEvent::LookedUp, 1), 6),
        ];
        let report = report(counters, |_| None);
        let clients: Vec<_> = report.rows.iter().map(|row| (&*row.client, row.never_redeemed)).collect();
        assert_eq!(clients, [("b", 100), ("a", 12)]);
        let row = &report.rows[1];
        assert_eq!(
            (row.issued, row.redeemed, row.redemptions, row.first_redeemed_at_age.hour),
            (15, 3, 7, 3)
        );
        assert_eq!((report.total.issued, report.total.never_redeemed, report.total.looked_up), (115, 112, 6));
    }

    #[test]
    fn lost_issue_counts_do_not_turn_the_difference_negative() {
        let report = report([(key("a", CountedEvent::FirstRedeemed(Age::Older), 1), 1)], |_| None);
        assert_eq!((report.rows[0].issued, report.rows[0].never_redeemed), (0, 0));
    }

    #[test]
    fn an_unnamed_source_shows_its_id() {
        let report = report([(key("a", CountedEvent::Imported, 1), 1)], |_| None);
        assert_eq!(report.rows[0].source, "0707070707070707");
    }

    #[test]
    fn json_uses_the_documented_names() {
        let json =
            serde_json::to_string(&report([(key("a", CountedEvent::Issued, 1), 2)], |_| None)).unwrap();
        assert!(json.contains(r#""neverRedeemed":2"#), "{json}");
        let back: Report = serde_json::from_str(&json).unwrap();
        assert_eq!(back.rows[0].issued, 2);
    }
}
