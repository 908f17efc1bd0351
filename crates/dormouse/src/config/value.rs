//! Values of the configuration that TOML has no type for. Each error says what is expected.

use dormouse_policy::Platform;
use dormouse_store::MarkIdentity;
use dormouse_token::Rotation;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

/// A text that the type itself reads.
pub(super) fn parsed<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    String::deserialize(deserializer)?.parse().map(Some).map_err(D::Error::custom)
}

/// A list of such texts.
pub(super) fn parsed_list<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let texts = Vec::<String>::deserialize(deserializer)?;
    let parse =
        |text: &String| text.parse().map_err(|error| D::Error::custom(format_args!("{text:?} {error}")));
    texts.iter().map(parse).collect::<Result<_, _>>().map(Some)
}

/// A duration of whole seconds, as `90s`, `30m`, `12h`, `30d`.
pub(super) fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    duration(&text)
        .map(Some)
        .ok_or_else(|| D::Error::custom("expected a duration such as 90s, 30m, 12h or 30d, at most 730d"))
}

/// A rotation policy.
pub(super) fn rotation<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Rotation>, D::Error> {
    word(deserializer, &Rotation::ALL.map(|rotation| (rotation.as_str(), rotation)))
}

/// Whose defaults hold.
pub(super) fn platform<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Platform>, D::Error> {
    word(deserializer, &[("x", Platform::X), ("edge", Platform::Edge)])
}

/// How a copied store is recognised.
pub(super) fn mark_identity<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<MarkIdentity>, D::Error> {
    word(deserializer, &[("file", MarkIdentity::File), ("counter", MarkIdentity::Counter)])
}

/// Whether `/metrics` is open.
pub(super) fn metrics_access<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    word(deserializer, &[("open", true), ("token", false)])
}

/// One of a few words.
fn word<'de, D: Deserializer<'de>, T: Copy>(
    deserializer: D,
    words: &[(&str, T)],
) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
    found.map(Some).ok_or_else(|| {
        let words: Vec<_> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
        D::Error::custom(format_args!("expected {}", words.join(" or ")))
    })
}

fn duration(text: &str) -> Option<Duration> {
    let (number, seconds) = [('s', 1), ('m', 60), ('h', 3600), ('d', 86_400)]
        .into_iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)))?;
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let total = number.parse::<u64>().ok()?.checked_mul(seconds)?;
    (total <= SECONDS_MAX).then(|| Duration::from_secs(total))
}

/// Two years: the cap on every lifetime.
const SECONDS_MAX: u64 = 730 * 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<u64>) {
        assert_eq!(duration(text), expected.map(Duration::from_secs), "{text}");
    }

    #[test]
    fn durations() {
        check("90s", Some(90));
        check("30m", Some(1800));
        check("12h", Some(43_200));
        check("730d", Some(63_072_000));
        check("0s", Some(0));
        for text in ["", "s", "30", "30 m", "-1s", "+1s", "1.5h", "731d", "99999999999999999999d", "1w", "1é"]
        {
            check(text, None);
        }
    }
}
