//! `dormouse-lint.toml`: levels of rules, limits, and who redeems refresh tokens elsewhere.

use crate::registry::RULES;
use dormouse_bundle::Level;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What a user can set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Levels by rule code; `None` switches a rule off.
    pub levels: BTreeMap<String, Option<Level>>,
    /// Proxies that are not among the bundles and redeem their refresh tokens.
    pub redeemed_by: Vec<String>,
    /// The longest lifetime of a refresh token that is not remarked on, in milliseconds.
    pub refresh_ttl_max_ms: u64,
    /// The longest lifetime of an access token that is not remarked on, in milliseconds.
    pub access_ttl_max_ms: u64,
    /// Token requests a second, for which messages give the cost.
    pub requests_per_second: u64,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// It is no TOML, or has a key or value that is not known.
    #[error("{0}")]
    Syntax(#[from] toml::de::Error),
    /// There is no such rule.
    #[error("there is no rule `{0}`; `dormouse lint --list` shows them")]
    UnknownRule(String),
    /// A limit is 0 or too large to be meant.
    #[error("{0} must be at least 1 and at most {LIMIT_MAX}")]
    Limit(&'static str),
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            levels: BTreeMap::new(),
            redeemed_by: Vec::new(),
            refresh_ttl_max_ms: 30 * DAY_MS,
            access_ttl_max_ms: DAY_MS,
            requests_per_second: 10,
        }
    }
}

impl Settings {
    /// Reads a configuration.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        let file: File = toml::from_str(text)?;
        let mut settings = Self { redeemed_by: file.redeemed_by, ..Self::default() };
        for (name, level) in file.rules {
            let rule = RULES.iter().find(|rule| rule.info.code == name || rule.info.name == name);
            let code = rule.ok_or(SettingsError::UnknownRule(name))?.info.code;
            settings.levels.insert(code.to_owned(), level.level());
        }
        if let Some(days) = file.limits.refresh_ttl_max_days {
            settings.refresh_ttl_max_ms = limit("limits.refresh-ttl-max-days", days)? * DAY_MS;
        }
        if let Some(hours) = file.limits.access_ttl_max_hours {
            settings.access_ttl_max_ms = limit("limits.access-ttl-max-hours", hours)? * HOUR_MS;
        }
        Ok(settings)
    }

    /// Switches the rules off that apigeelint's `.apigeelintrc` excludes: command-line options, one on each line.
    /// Rules of apigeelint's own mean nothing here, and what `dormouse-lint.toml` says goes first.
    pub fn exclude(&mut self, apigeelintrc: &str) {
        for name in exclusions(apigeelintrc) {
            if let Some(rule) = RULES.iter().find(|rule| rule.info.code == name || rule.info.name == name) {
                self.levels.entry(rule.info.code.to_owned()).or_insert(None);
            }
        }
    }
}

/// The values of `-e` and `--excluded` in a text of command-line options.
fn exclusions(options: &str) -> Vec<&str> {
    let mut words = options
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .flat_map(|line| line.split([' ', '\t', '=']))
        .map(|word| word.trim_matches(['"', '\'', '\r']));
    let mut found = Vec::new();
    while let Some(word) = words.next() {
        if ["-e", "--excluded"].contains(&word) {
            found.extend(words.next().into_iter().flat_map(|list| list.split(',')));
        }
    }
    found
}

fn limit(name: &'static str, value: u64) -> Result<u64, SettingsError> {
    (1..=LIMIT_MAX).contains(&value).then_some(value).ok_or(SettingsError::Limit(name))
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct File {
    #[serde(default)]
    redeemed_by: Vec<String>,
    #[serde(default)]
    limits: Limits,
    #[serde(default)]
    rules: BTreeMap<String, RuleLevel>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Limits {
    refresh_ttl_max_days: Option<u64>,
    access_ttl_max_hours: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RuleLevel {
    Error,
    Info,
    Off,
    Warning,
}

impl RuleLevel {
    fn level(&self) -> Option<Level> {
        match self {
            Self::Error => Some(Level::Error),
            Self::Info => Some(Level::Info),
            Self::Off => None,
            Self::Warning => Some(Level::Warning),
        }
    }
}

const HOUR_MS: u64 = 60 * 60 * 1000;
const DAY_MS: u64 = 24 * HOUR_MS;
const LIMIT_MAX: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_can_be_set() {
        let settings = Settings::parse(
            "redeemed-by = ['tokens']\n[limits]\nrefresh-ttl-max-days = 90\naccess-ttl-max-hours = 1\n\
             [rules]\nOAU001 = 'warning'\nrefresh-ttl-missing = 'off'\n",
        )
        .unwrap();
        assert_eq!(settings.redeemed_by, ["tokens"]);
        assert_eq!((settings.refresh_ttl_max_ms, settings.access_ttl_max_ms), (90 * DAY_MS, HOUR_MS));
        assert_eq!(settings.levels.get("OAU001"), Some(&Some(Level::Warning)));
        assert_eq!(settings.levels.get("OAU005"), Some(&None));
        assert_eq!(Settings::parse("").unwrap(), Settings::default());
    }

    #[test]
    fn exclusions_of_apigeelint_are_understood() {
        let off = |text: &str| {
            let mut settings = Settings::parse("rules.OAU007 = 'error'").unwrap();
            settings.exclude(text);
            settings.levels.into_iter().filter(|it| it.1.is_none()).map(|it| it.0).collect::<Vec<_>>()
        };
        assert_eq!(off("--formatter unix.js\r\n--excluded PO013,OAU001\r\n-e OAU018"), ["OAU001", "OAU018"]);
        assert_eq!(off("--excluded=\"non-rfc-responses,OAU007\""), ["OAU018"]);
        assert_eq!(off("# -e OAU001\n--excluded"), [""; 0]);
    }

    #[track_caller]
    fn check_error(text: &str, part: &str) {
        let error = Settings::parse(text).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }

    #[test]
    fn mistakes_are_named() {
        check_error("[rules]\nOAU777 = 'off'", "OAU777");
        check_error("[rules]\nOAU001 = 'loud'", "loud");
        check_error("redeemed = []", "redeemed");
        check_error("[limits]\nrefresh-ttl-max-days = 0", "refresh-ttl-max-days");
    }
}
