//! What the four cache policies share: the key of an entry, and how long an entry lives (Apigee: "PopulateCache policy",
//! `CacheKey`, `Scope`, `CacheResource`, `ExpirySettings`).

use crate::configuration::{TextOrVariable, refused, text_of};
use dormouse_bundle::{Element, Policy, Problem};
use dormouse_flow::{CacheKey, Text, Transaction};
use dormouse_token::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use std::time::Duration;

/// The key of the entry that a policy works on.
pub(crate) struct KeySource {
    cache: Text,
    prefix: Prefix,
    fragments: Vec<TextOrVariable>,
    /// Names of another proxy, endpoint or target, of InvalidateCache.
    elsewhere: Elsewhere,
}

/// `CacheContext`.
#[derive(Default)]
struct Elsewhere {
    proxy: Option<Text>,
    endpoint: Option<Text>,
    target: Option<Text>,
}

/// What goes before the fragments.
enum Prefix {
    Literal(Text),
    Scope(Scope),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// All proxies of the environment.
    Global,
    /// One proxy.
    Application,
    /// One endpoint of a proxy. Apigee's default, Exclusive, is the same here.
    Endpoint,
    /// One target of a proxy.
    Target,
}

/// When an entry ends.
pub(crate) struct Expiry {
    timeout: Option<TextOrVariable>,
    time_of_day: Option<TextOrVariable>,
    date: Option<TextOrVariable>,
}

impl KeySource {
    /// Reads `CacheResource`, `CacheKey`, `Scope` and `CacheContext`.
    pub(crate) fn compile(policy: &Policy, problems: &mut Vec<Problem>) -> Self {
        let element = &policy.element;
        let key = element.element("CacheKey");
        let prefix = key.and_then(|key| text_of(key, "Prefix"));
        let fragments = key.into_iter().flat_map(|key| key.elements_named("KeyFragment"));
        let name = |context: &Element, name: &str| text_of(context, name).map(|text| text.as_str().into());
        let elsewhere = element.element("CacheContext").map(|context| Elsewhere {
            proxy: name(context, "APIProxyName"),
            endpoint: name(context, "ProxyName"),
            target: name(context, "TargetName"),
        });
        Self {
            cache: text_of(element, "CacheResource")
                .map_or(CACHE_DEFAULT.into(), |name| name.as_str().into()),
            prefix: match prefix {
                Some(prefix) => Prefix::Literal(prefix.as_str().into()),
                None => Prefix::Scope(Scope::compile(policy, problems)),
            },
            fragments: fragments.map(TextOrVariable::compile).filter(TextOrVariable::is_given).collect(),
            elsewhere: elsewhere.unwrap_or_default(),
        }
    }

    /// The key now. A variable that does not resolve is an empty fragment.
    pub(crate) fn key(&self, transaction: &Transaction) -> CacheKey {
        let prefix = match &self.prefix {
            Prefix::Literal(prefix) => prefix.clone(),
            Prefix::Scope(scope) => self.elsewhere.prefix(*scope, transaction),
        };
        let fragments = self.fragments.iter().map(|fragment| fragment.read(transaction).unwrap_or_default());
        CacheKey { cache: self.cache.clone(), fragments: std::iter::once(prefix).chain(fragments).collect() }
    }
}

impl Scope {
    fn compile(policy: &Policy, problems: &mut Vec<Problem>) -> Self {
        let Some(text) = text_of(&policy.element, "Scope") else { return Self::Endpoint };
        match text.as_str().to_ascii_lowercase().as_str() {
            "global" => Self::Global,
            "application" => Self::Application,
            "exclusive" | "proxy" => Self::Endpoint,
            "target" => Self::Target,
            _ => {
                let message = format!("{} is no scope of a cache key", text.as_str());
                let problem = refused("invalid-scope", policy, "InvalidScope", message).at(text.span());
                problems.push(problem.help("use Exclusive, Global, Application, Proxy or Target"));
                Self::Endpoint
            }
        }
    }
}

impl Elsewhere {
    fn prefix(&self, scope: Scope, transaction: &Transaction) -> Text {
        let (host, place) = (transaction.host(), &transaction.place);
        let proxy = self.proxy.as_ref().unwrap_or(&transaction.deployment().name);
        let environment = format!("{}__{}", host.organization, host.environment);
        match scope {
            Scope::Global => environment,
            Scope::Application => format!("{environment}__{proxy}"),
            Scope::Endpoint => {
                format!("{environment}__{proxy}__{}", self.endpoint.as_ref().unwrap_or(&place.proxy_endpoint))
            }
            Scope::Target => {
                let target = self.target.as_ref().or(place.route_target.as_ref());
                format!("{environment}__{proxy}__{}", target.map_or("", |target| target))
            }
        }
        .into()
    }
}

impl Expiry {
    /// Reads `ExpirySettings`.
    pub(crate) fn compile(policy: &Policy, problems: &mut Vec<Problem>) -> Self {
        let settings = policy.element.element("ExpirySettings");
        let setting = |name: &str| settings.and_then(|settings| TextOrVariable::of_child(settings, name));
        let expiry = Self {
            timeout: setting("TimeoutInSeconds").or_else(|| setting("TimeoutInSec")),
            time_of_day: setting("TimeOfDay"),
            date: setting("ExpiryDate"),
        };
        expiry.check(policy, problems);
        expiry
    }

    fn check(&self, policy: &Policy, problems: &mut Vec<Problem>) {
        let is_wrong = |source: &Option<TextOrVariable>, parses: fn(&str) -> bool| {
            source.as_ref().and_then(TextOrVariable::literal).is_some_and(|text| !parses(text))
        };
        for (wrong, name, form) in [
            (
                is_wrong(&self.timeout, |text| text.parse::<i64>().is_ok()),
                "TimeoutInSeconds",
                "a whole number",
            ),
            (is_wrong(&self.time_of_day, |text| time_of_day(text).is_some()), "TimeOfDay", "HH:mm:ss"),
            (is_wrong(&self.date, |text| date(text).is_some()), "ExpiryDate", "mm-dd-yyyy"),
        ] {
            if wrong {
                let message = format!("{name} cannot be read");
                let problem = refused("invalid-timeout", policy, "InvalidTimeout", message);
                problems.push(problem.help(format!("write {form}")));
            }
        }
    }

    /// When an entry that is made now ends; `None` for at once. At most 30 days away.
    pub(crate) fn ends_at(&self, transaction: &Transaction, now: Timestamp) -> Option<Timestamp> {
        let last = now.saturating_add(LIFETIME_MAX);
        let read =
            |source: &Option<TextOrVariable>| source.as_ref().and_then(|source| source.read(transaction));
        if let Some(seconds) = read(&self.timeout).and_then(|text| text.trim().parse::<i64>().ok()) {
            let seconds = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0)?;
            return Some(now.saturating_add(Duration::from_secs(seconds)).min(last));
        }
        if let Some(time) = read(&self.time_of_day).and_then(|text| time_of_day(&text)) {
            return Some(next(time, now).min(last));
        }
        if let Some(date) = read(&self.date).and_then(|text| date(&text)) {
            // On Apigee a date in the past means the longest lifetime.
            return Some(start_of(date).filter(|end| *end > now).unwrap_or(last).min(last));
        }
        Some(now.saturating_add(LIFETIME_DEFAULT))
    }
}

/// `HH:mm:ss`, of UTC.
fn time_of_day(text: &str) -> Option<Time> {
    Time::strptime("%H:%M:%S", text.trim()).ok()
}

/// `mm-dd-yyyy`.
fn date(text: &str) -> Option<Date> {
    Date::strptime("%m-%d-%Y", text.trim()).ok()
}

fn start_of(date: Date) -> Option<Timestamp> {
    let start = TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?.as_millisecond();
    u64::try_from(start).ok().map(Timestamp::from_ms)
}

/// The next moment with this time of day.
fn next(time: Time, now: Timestamp) -> Timestamp {
    let seconds = i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second());
    let offset = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    let midnight = Timestamp::from_ms(now.as_ms() - now.as_ms() % DAY_MS);
    let today = midnight.saturating_add(offset);
    if today > now { today } else { today.saturating_add(Duration::from_millis(DAY_MS)) }
}

/// The cache of policies that name none.
const CACHE_DEFAULT: &str = "default";
/// Apigee's longest lifetime.
const LIFETIME_MAX: Duration = Duration::from_hours(30 * 24);
/// Without any setting.
const LIFETIME_DEFAULT: Duration = Duration::from_mins(5);
const DAY_MS: u64 = 24 * 3_600_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_next(time: &str, now: u64, expected: u64) {
        let time = time_of_day(time).expect("a time");
        assert_eq!(next(time, Timestamp::from_ms(now)).as_ms(), expected);
    }

    #[test]
    fn the_next_time_of_day() {
        check_next("00:00:01", 0, 1_000);
        check_next("00:00:01", 1_000, DAY_MS + 1_000);
        check_next("23:59:59", DAY_MS, 2 * DAY_MS - 1_000);
    }

    #[test]
    fn dates_and_times() {
        assert_eq!(date("01-02-1970").and_then(start_of), Some(Timestamp::from_ms(DAY_MS)));
        for wrong in ["", "13-01-2027", "2027-01-01", "01-32-2027", "tomorrow"] {
            assert_eq!(date(wrong), None, "{wrong}");
        }
        for wrong in ["", "24:00:01", "12:00", "12:60:00", "noon"] {
            assert_eq!(time_of_day(wrong), None, "{wrong}");
        }
    }
}
