//! What to change, in the words of the remedies that Apigee names (antipattern "Issuing refresh tokens without invoking
//! refresh flow"): a grant without refresh tokens, RefreshAccessToken where the refresh happens, GetOAuthV2Info for reading.

use crate::cohort::percent;
use crate::report::Observed;
use crate::row::Row;
use serde::{Deserialize, Serialize};

/// One thing to change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advice {
    /// What was found.
    pub code: AdviceCode,
    /// The client.
    pub client: String,
    /// Its app.
    pub app: Option<String>,
    /// Proxy and policy, or endpoint.
    pub source: String,
    /// The grant.
    pub grant: String,
    /// What was found and what to do, as a sentence or two. It contains the names.
    pub message: String,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AdviceCode {
    /// Foreign refresh tokens were imported, and none was ever redeemed here.
    ImportedNeverRedeemed,
    /// Few refresh tokens are redeemed.
    MostlyNeverRedeemed,
    /// No refresh token was ever redeemed.
    NeverRedeemed,
    /// Refresh tokens are read, and none was ever redeemed.
    ReadNeverRedeemed,
    /// Superseded tokens come back.
    Replayed,
}

impl AdviceCode {
    /// The code as JSON has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ImportedNeverRedeemed => "imported-never-redeemed",
            Self::MostlyNeverRedeemed => "mostly-never-redeemed",
            Self::NeverRedeemed => "never-redeemed",
            Self::ReadNeverRedeemed => "read-never-redeemed",
            Self::Replayed => "replayed",
        }
    }
}

/// Everything that is to be said of a row.
pub(crate) fn advice(row: &Row, observed: &Observed<'_>) -> Vec<Advice> {
    let days = observed.now.day().saturating_sub(first_day(row, observed)) + 1;
    let since = if days == 1 { "today".to_owned() } else { format!("in {days} days") };
    let who =
        row.app.as_ref().map_or_else(|| row.client.clone(), |app| format!("{} (app {app})", row.client));
    let (source, grant, families) = (&row.source, &row.grant, row.families());
    let native = row.source == observed.native_source;
    let instead = if native { NATIVE_INSTEAD } else { POLICY_INSTEAD };
    let mut found = Vec::new();
    if row.redeemed == 0 && row.issued > 0 {
        let text = format!(
            "client {who} redeemed 0 of {} refresh tokens of {source} ({grant}) {since}: {instead}",
            row.issued
        );
        found.push((AdviceCode::NeverRedeemed, text));
    }
    if row.redeemed == 0 && row.imported > 0 {
        let text = format!(
            "client {who} redeemed 0 of {} imported refresh tokens of {source} {since}: {IMPORTED}",
            row.imported
        );
        found.push((AdviceCode::ImportedNeverRedeemed, text));
    }
    if row.redeemed == 0 && row.looked_up_dormant > 0 {
        let text = format!(
            "client {who}: refresh tokens of {source} were read {} times and never redeemed: {READ}",
            row.looked_up_dormant
        );
        found.push((AdviceCode::ReadNeverRedeemed, text));
    }
    if row.redeemed > 0 && percent(row.never_redeemed, families) >= MOSTLY_PERCENT {
        let text = format!(
            "client {who} redeemed {} of {families} refresh tokens of {source} ({grant}) {since}{}: {}",
            row.redeemed,
            youngest(row),
            if native { NATIVE_SHORTER } else { POLICY_SHORTER }
        );
        found.push((AdviceCode::MostlyNeverRedeemed, text));
    }
    if row.replays > 0 {
        let text = format!(
            "client {who} presented superseded refresh tokens of {source} {} times {since}: {REPLAYED}",
            row.replays
        );
        found.push((AdviceCode::Replayed, text));
    }
    let advice = |(code, message)| Advice {
        code,
        client: row.client.clone(),
        app: row.app.clone(),
        source: row.source.clone(),
        grant: row.grant.clone(),
        message,
    };
    found.into_iter().map(advice).collect()
}

/// The day of the eldest counter of the row.
fn first_day(row: &Row, observed: &Observed<'_>) -> u32 {
    let own = observed.counters.iter().map(|(key, _)| key);
    let own = own.filter(|key| *key.client == *row.client && key.grant.as_str() == row.grant);
    own.map(|key| key.day).min().unwrap_or_else(|| observed.now.day())
}

/// By which age every redeemed token had been redeemed first, where that is early.
fn youngest(row: &Row) -> &'static str {
    let ages = row.first_redeemed_at_age;
    match (ages.older, ages.month, ages.week, ages.day) {
        (0, 0, 0, 0) => ", all within an hour of their issue",
        (0, 0, 0, _) => ", all within a day of their issue",
        (0, 0, ..) => ", all within a week of their issue",
        (0, ..) => ", all within thirty days of their issue",
        _ => "",
    }
}

const POLICY_INSTEAD: &str = "if it needs none, let it use client_credentials, which issues no refresh token (or implicit, for an old \
                              browser app); if it does, send its refresh requests to a policy with the operation RefreshAccessToken, and \
                              set RefreshTokenExpiresIn no longer than it needs";
const NATIVE_INSTEAD: &str = "if it needs none, take refresh_token out of its app's attribute dormouse.grants, or let it use \
                              client_credentials; if it does, it should redeem them at this endpoint";
const IMPORTED: &str = "an imported token stays in the store until it expires unless the operation RefreshAccessToken runs where the \
                        refresh happens, also when the identity provider does the work; or do not import it, and keep the provider's \
                        token inside ours as an attribute";
const READ: &str = "GetOAuthV2Info reads a refresh token and neither validates nor consumes it; redeem it with the operation \
                    RefreshAccessToken";
const POLICY_SHORTER: &str = "a shorter RefreshTokenExpiresIn ends the others earlier; clients that never refresh can use \
                              client_credentials";
const NATIVE_SHORTER: &str = "a shorter dormouse.refresh.ttl of its app ends the others earlier";
const REPLAYED: &str = "it keeps old tokens, several of its processes share one, or a token was stolen; the audit log names families and \
                        addresses";

/// From here on most tokens are issued in vain.
const MOSTLY_PERCENT: f64 = 80.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{key, report_of};
    use dormouse_token::{Age, CountedEvent, CounterKey};

    #[track_caller]
    fn check(counters: &[(CountedEvent, u64)], expected: &[(AdviceCode, &str)]) {
        let counters: Vec<(CounterKey, u64)> =
            counters.iter().map(|(event, count)| (key("a", *event, 0), *count)).collect();
        let advice = report_of(counters).advice;
        assert_eq!(advice.len(), expected.len(), "{advice:?}");
        for (advice, (code, part)) in advice.iter().zip(expected) {
            assert_eq!(advice.code, *code);
            assert!(advice.message.contains(part), "{}", advice.message);
        }
    }

    #[test]
    fn each_finding_has_its_remedy() {
        use CountedEvent::{FirstRedeemed, Imported, Issued, LookedUpDormant, Replayed};
        check(&[], &[]);
        check(
            &[(Issued, 40)],
            &[(
                AdviceCode::NeverRedeemed,
                "client a (app shop) redeemed 0 of 40 refresh tokens of oauth/Generate (password) in 4 days: if it needs none, let it \
                 use client_credentials",
            )],
        );
        check(&[(Imported, 2)], &[(AdviceCode::ImportedNeverRedeemed, "RefreshAccessToken runs where")]);
        check(
            &[(Issued, 1), (LookedUpDormant, 3)],
            &[(AdviceCode::NeverRedeemed, ""), (AdviceCode::ReadNeverRedeemed, "were read 3 times")],
        );
        check(
            &[(Issued, 10), (FirstRedeemed(Age::Hour), 1), (FirstRedeemed(Age::Day), 1)],
            &[(
                AdviceCode::MostlyNeverRedeemed,
                "redeemed 2 of 10 refresh tokens of oauth/Generate (password) in 4 days, all within a day",
            )],
        );
        check(&[(Issued, 10), (FirstRedeemed(Age::Older), 3)], &[]);
        check(
            &[(Issued, 1), (FirstRedeemed(Age::Hour), 1), (Replayed, 2)],
            &[(AdviceCode::Replayed, "2 times")],
        );
    }
}
