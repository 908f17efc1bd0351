//! What the store holds about tokens, beside what a design that stores each token at issue would hold for the same traffic.

use crate::cohort::start_of;
use crate::peers::{Evidence, PEERS, Peer};
use crate::report::Observed;
use crate::row::Row;
use dormouse_token::{CountedEvent, StoreStatistics};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The comparison.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Storage {
    /// What the store really holds.
    pub held: Held,
    /// Refresh tokens that are dormant now: issued, unexpired, never redeemed.
    pub dormant: u64,
    /// Days that the rate is taken from, at most the last 30.
    pub observed_days: f64,
    /// Refresh tokens a day that were never redeemed.
    pub dormant_per_day: f64,
    /// Mean lifetime of the tokens that are dormant now, in days.
    pub mean_lifetime_days: f64,
    /// Tokens that will be dormant at any time when this rate has gone on for a lifetime.
    pub dormant_at_steady_state: u64,
    /// What others would hold for these tokens alone.
    pub store_at_issue: Vec<Design>,
}

/// Rows and bytes about tokens in the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    /// Families that were redeemed, revoked or edited.
    pub families: u64,
    /// Used codes.
    pub code_marks: u64,
    /// Imported tokens.
    pub imports: u64,
    /// Attributes that tokens were too small for.
    pub overflows: u64,
    /// Bytes of keys and values of these four.
    pub token_bytes: u64,
    /// Rows of the audit's counters: by client, source, grant and day, not by token.
    pub counters: u64,
    /// The store's whole file, with entities and free pages; 0 in memory.
    pub file_bytes: u64,
}

/// Another server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Design {
    /// Server and version.
    pub name: String,
    /// How its figure was come by.
    pub evidence: Evidence,
    /// The same in words.
    pub method: String,
    /// For one refresh token that is never redeemed.
    pub per_token: Size,
    /// For the tokens that are dormant now.
    pub now: Size,
    /// For the tokens at steady state.
    pub steady_state: Size,
}

/// Rows and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Rows.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Storage {
    pub(crate) fn of(observed: &Observed<'_>, total: &Row) -> Self {
        let today = observed.now.day();
        let window = today.saturating_sub(DAYS_MAX)..=today;
        let issues = |event: CountedEvent| matches!(event, CountedEvent::Issued | CountedEvent::Imported);
        let mut first = today;
        let (mut begun, mut redeemed) = (0_u64, 0_u64);
        for (key, count) in observed.counters.iter().filter(|(key, _)| window.contains(&key.day)) {
            if issues(key.event) {
                first = first.min(key.day);
                begun += count;
            } else if matches!(key.event, CountedEvent::FirstRedeemed(_)) {
                redeemed += count;
            }
        }
        // An hour at least, so that the first minutes after midnight promise nothing absurd.
        let observed_days = days(observed.now.since(start_of(first)).max(Duration::from_hours(1)));
        let dormant_per_day = real(begun.saturating_sub(redeemed)) / observed_days;
        let mean_lifetime_days = mean_lifetime_days(observed);
        let steady = whole(dormant_per_day * mean_lifetime_days);
        Self {
            held: observed.held,
            dormant: total.dormant,
            observed_days,
            dormant_per_day,
            mean_lifetime_days,
            dormant_at_steady_state: steady,
            store_at_issue: PEERS.iter().map(|peer| Design::of(peer, total.dormant, steady)).collect(),
        }
    }
}

impl Held {
    /// Rows about tokens.
    pub const fn token_rows(&self) -> u64 {
        self.families + self.code_marks + self.imports + self.overflows
    }
}

impl From<StoreStatistics> for Held {
    fn from(of: StoreStatistics) -> Self {
        Self {
            families: of.families,
            code_marks: of.code_marks,
            imports: of.imports,
            overflows: of.overflows,
            token_bytes: of.token_bytes,
            counters: of.counters,
            file_bytes: of.file_bytes,
        }
    }
}

impl Design {
    fn of(peer: &Peer, dormant: u64, steady: u64) -> Self {
        let size = |tokens: u64| Size {
            rows: tokens.saturating_mul(peer.rows),
            bytes: tokens.saturating_mul(peer.bytes),
        };
        Self {
            name: peer.name.to_owned(),
            evidence: peer.evidence,
            method: peer.evidence.as_str().to_owned(),
            per_token: size(1),
            now: size(dormant),
            steady_state: size(steady),
        }
    }
}

/// From the tokens that can still be redeemed: how long they may sleep, when issued at the middle of what has passed of
/// their day.
fn mean_lifetime_days(observed: &Observed<'_>) -> f64 {
    let (mut tokens, mut sum) = (0.0, 0.0);
    for (key, count) in &observed.counters {
        let CountedEvent::SleepsUntil(until) = key.event else { continue };
        if until.instant() <= observed.now {
            continue;
        }
        let passed = observed.now.since(start_of(key.day)).min(Duration::from_hours(24));
        let issued_at = start_of(key.day).saturating_add(passed / 2);
        tokens += real(*count);
        sum += real(*count) * days(until.instant().since(issued_at));
    }
    if tokens > 0.0 { sum / tokens } else { 0.0 }
}

fn days(duration: Duration) -> f64 {
    duration.as_secs_f64() / 86_400.0
}

#[expect(clippy::cast_precision_loss, reason = "an estimate is printed with three digits")]
const fn real(count: u64) -> f64 {
    count as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "never negative, and a cast saturates"
)]
const fn whole(count: f64) -> u64 {
    count.round() as u64
}

/// A month tells the rate of now better than a year.
const DAYS_MAX: u32 = 29;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{key, report_of, until};

    #[test]
    fn the_steady_state_is_rate_times_lifetime() {
        // 3.5 days have passed since the first; 700 of day 0 live 200 days from its beginning, so 199.5 from its middle.
        let report = report_of(vec![
            (key("a", CountedEvent::Issued, 0), 700),
            (key("a", CountedEvent::SleepsUntil(until(200)), 0), 700),
        ]);
        let storage = &report.storage;
        assert_eq!(
            (storage.observed_days, storage.dormant_per_day, storage.mean_lifetime_days),
            (3.5, 200.0, 199.5)
        );
        assert_eq!((storage.dormant, storage.dormant_at_steady_state), (700, 39_900));
        let hydra = storage.store_at_issue.iter().find(|it| it.name.starts_with("Ory Hydra 26")).unwrap();
        assert_eq!(hydra.now, Size { rows: 3_500, bytes: 700 * 7_431 });
        assert_eq!(hydra.steady_state, Size { rows: 199_500, bytes: 39_900 * 7_431 });
        assert_eq!((storage.held.token_rows(), storage.held.token_bytes), (3, 480));
    }

    #[test]
    fn without_traffic_nothing_is_promised() {
        let storage = report_of(vec![]).storage;
        assert_eq!((storage.dormant, storage.dormant_at_steady_state), (0, 0));
        assert!(storage.store_at_issue.iter().all(|design| design.steady_state == Size::default()));
    }
}
