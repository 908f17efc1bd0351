//! What became of the refresh tokens of one client, source and grant.

use crate::cohort::{AgeCounts, Cohort};
use dormouse_token::{CountedEvent, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A line of the audit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The client id; empty in the total.
    pub client: String,
    /// The app that the client id belongs to, while there is one.
    pub app: Option<String>,
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
    /// Families that were never redeemed and whose refresh token has not expired.
    pub dormant: u64,
    /// Age of the families at their first redemption.
    pub first_redeemed_at_age: AgeCounts,
    /// Redemptions in all, the first of each family included.
    pub redemptions: u64,
    /// Answers repeated within the grace window.
    pub grace: u64,
    /// Superseded tokens that were presented again.
    pub replays: u64,
    /// Look-ups of refresh tokens.
    pub looked_up: u64,
    /// Look-ups of refresh tokens that nobody had redeemed by then.
    pub looked_up_dormant: u64,
    /// By day of issue, the eldest first.
    pub cohorts: Vec<Cohort>,
}

/// Counters of one row on their way to it.
#[derive(Default)]
pub(crate) struct Tally {
    row: Row,
    days: BTreeMap<u32, (Cohort, u64)>,
}

impl Row {
    /// All families, own and foreign.
    pub(crate) const fn families(&self) -> u64 {
        self.issued + self.imported
    }
}

impl Tally {
    pub(crate) fn add(&mut self, (day, event): (u32, CountedEvent), count: u64, now: Timestamp) {
        let (cohort, woken) = self.days.entry(day).or_default();
        cohort.add(event, count, now);
        match event {
            CountedEvent::RedeemedAgain => self.row.redemptions += count,
            CountedEvent::Grace => self.row.grace += count,
            CountedEvent::Replayed => self.row.replays += count,
            CountedEvent::LookedUp => self.row.looked_up += count,
            CountedEvent::LookedUpDormant => self.row.looked_up_dormant += count,
            CountedEvent::Woke(until) if until.instant() > now => *woken += count,
            CountedEvent::FirstRedeemed(age) => {
                self.row.redemptions += count;
                *self.row.first_redeemed_at_age.bucket(age) += count;
            }
            _ => {}
        }
    }

    /// The row, whose sums are those of its days.
    pub(crate) fn finish(self, now: Timestamp) -> Row {
        let mut row = self.row;
        for (day, (mut cohort, woken)) in self.days {
            cohort.finish(woken, day, now);
            row.issued += cohort.issued;
            row.imported += cohort.imported;
            row.redeemed += cohort.redeemed;
            row.dormant += cohort.dormant;
            row.cohorts.push(cohort);
        }
        row.never_redeemed = row.families().saturating_sub(row.redeemed);
        row
    }
}
