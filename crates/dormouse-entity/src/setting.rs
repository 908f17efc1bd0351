//! Settings that Apigee has no field for, read from app attributes under `dormouse.`.

use dormouse_token::{Attributes, Grant, Rotation};
use std::time::Duration;
use thiserror::Error;

/// What an app's attributes under `dormouse.` say; a default where they say nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppSettings {
    /// `dormouse.refresh.rotation`; none leaves the choice to the policy or front end.
    pub rotation: Option<Rotation>,
    /// `dormouse.public`: the client has no secret (RFC 6749 §2.1). Native endpoints only.
    pub public: bool,
    /// `dormouse.grants`. Native endpoints only.
    pub grants: Grants,
    /// `dormouse.refresh.ttl`, seconds; none leaves the front end's lifetime.
    pub refresh_ttl: Option<Duration>,
    /// `dormouse.access.ttl`, seconds; none leaves the front end's lifetime.
    pub access_ttl: Option<Duration>,
}

/// What a client may ask the native token endpoint for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grants {
    allowed: [bool; Grant::ALL.len()],
    refresh_token: bool,
}

/// An attribute under `dormouse.` that has no meaning.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SettingError {
    /// The name is none that Dormouse knows, so a misspelt restriction would silently restrict nothing.
    #[error("attribute {name:?} is not known; names under `dormouse.` are {known}", known = KNOWN)]
    UnknownName {
        /// The attribute's name.
        name: String,
    },
    /// The value is none of the allowed ones.
    #[error("attribute `{name}` must be {expected}")]
    Value {
        /// The attribute's name.
        name: &'static str,
        /// What is allowed, in words.
        expected: &'static str,
    },
}

impl SettingError {
    /// The attribute that is wrong.
    pub fn attribute(&self) -> &str {
        match self {
            Self::UnknownName { name } => name,
            Self::Value { name, .. } => name,
        }
    }
}

impl AppSettings {
    /// Reads the attributes of an app.
    ///
    /// # Errors
    /// [`SettingError`] at the first attribute under `dormouse.` that is unknown or has a value that is not allowed.
    pub fn parse(attributes: &Attributes) -> Result<Self, SettingError> {
        let mut settings = Self::default();
        for (name, value) in attributes.iter().filter(|(name, _)| name.starts_with(PREFIX)) {
            settings.set(name, value.trim())?;
        }
        Ok(settings)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), SettingError> {
        match name {
            ROTATION => {
                let expected = "one of reuse, apigee, rotate, strict";
                let rotation =
                    value.parse().map_err(|()| SettingError::Value { name: ROTATION, expected })?;
                self.rotation = Some(rotation);
            }
            PUBLIC => {
                let expected = "true or false";
                self.public = value.parse().map_err(|_| SettingError::Value { name: PUBLIC, expected })?;
            }
            GRANTS => self.grants = Grants::parse(value)?,
            REFRESH_TTL => self.refresh_ttl = Some(ttl(REFRESH_TTL, value)?),
            ACCESS_TTL => self.access_ttl = Some(ttl(ACCESS_TTL, value)?),
            _ => return Err(SettingError::UnknownName { name: name.to_owned() }),
        }
        Ok(())
    }
}

impl Grants {
    /// Whether a family of this grant may be begun.
    pub fn allows(&self, grant: Grant) -> bool {
        Grant::ALL.iter().zip(self.allowed).any(|(own, allowed)| *own == grant && allowed)
    }

    /// Whether refresh tokens are issued to the client, and redeemed.
    pub fn allows_refresh(&self) -> bool {
        self.refresh_token
    }

    fn parse(list: &str) -> Result<Self, SettingError> {
        let mut grants = Self { allowed: [false; Grant::ALL.len()], refresh_token: false };
        for word in list.split_ascii_whitespace() {
            if word == REFRESH_TOKEN {
                grants.refresh_token = true;
                continue;
            }
            let position = Grant::ALL.iter().position(|grant| grant.as_str() == word);
            let expected = "blank-separated words out of client_credentials, authorization_code, implicit, password, \
                            refresh_token";
            match position.and_then(|index| grants.allowed.get_mut(index)) {
                Some(allowed) => *allowed = true,
                None => return Err(SettingError::Value { name: GRANTS, expected }),
            }
        }
        Ok(grants)
    }
}

impl Default for Grants {
    /// Client credentials alone: the one grant whose tokens outlive nothing and involve nobody else.
    fn default() -> Self {
        Self { allowed: Grant::ALL.map(|grant| grant == Grant::ClientCredentials), refresh_token: false }
    }
}

fn ttl(name: &'static str, value: &str) -> Result<Duration, SettingError> {
    let seconds = value.parse().ok().filter(|seconds| (1..=TTL_SECONDS_MAX).contains(seconds));
    let expected = "a whole number of seconds from 1 to 63072000";
    seconds.map(Duration::from_secs).ok_or(SettingError::Value { name, expected })
}

/// Attributes under this prefix are the administrator's; a developer portal must not set them.
pub const PREFIX: &str = "dormouse.";
const ROTATION: &str = "dormouse.refresh.rotation";
const PUBLIC: &str = "dormouse.public";
const GRANTS: &str = "dormouse.grants";
const REFRESH_TTL: &str = "dormouse.refresh.ttl";
const ACCESS_TTL: &str = "dormouse.access.ttl";
const KNOWN: &str =
    "dormouse.refresh.rotation, dormouse.public, dormouse.grants, dormouse.refresh.ttl, dormouse.access.ttl";
const REFRESH_TOKEN: &str = "refresh_token";
/// Two years: the cap on every lifetime.
const TTL_SECONDS_MAX: u64 = 63_072_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, value: &str, expected: Result<AppSettings, &str>) {
        let attributes = [(name, value)].into_iter().collect();
        let actual = AppSettings::parse(&attributes).map_err(|error| error.to_string());
        assert_eq!(actual, expected.map_err(str::to_owned));
    }

    fn settings(change: impl FnOnce(&mut AppSettings)) -> AppSettings {
        let mut settings = AppSettings::default();
        change(&mut settings);
        settings
    }

    #[test]
    fn other_attributes_say_nothing() {
        check("rotation", "whatever", Ok(settings(|_| ())));
        check("Dormouse.public", "true", Ok(settings(|_| ())));
    }

    #[test]
    fn each_setting_is_read() {
        check(ROTATION, "strict", Ok(settings(|it| it.rotation = Some(Rotation::Strict))));
        check(PUBLIC, " true ", Ok(settings(|it| it.public = true)));
        check(REFRESH_TTL, "86400", Ok(settings(|it| it.refresh_ttl = Some(Duration::from_hours(24)))));
        check(ACCESS_TTL, "1", Ok(settings(|it| it.access_ttl = Some(Duration::from_secs(1)))));
    }

    #[test]
    fn bad_values_say_what_is_allowed() {
        check(
            ROTATION,
            "Strict",
            Err("attribute `dormouse.refresh.rotation` must be one of reuse, apigee, rotate, strict"),
        );
        check(PUBLIC, "yes", Err("attribute `dormouse.public` must be true or false"));
        for value in ["0", "-1", "1.5", "63072001", "", "99999999999999999999"] {
            check(
                ACCESS_TTL,
                value,
                Err("attribute `dormouse.access.ttl` must be a whole number of seconds from 1 to 63072000"),
            );
        }
        let attributes = [("dormouse.pubic", "true")].into_iter().collect();
        let error = AppSettings::parse(&attributes).err();
        assert_eq!(error, Some(SettingError::UnknownName { name: "dormouse.pubic".to_owned() }));
    }

    #[test]
    fn grants_are_what_the_list_names() {
        let absent = AppSettings::default().grants;
        assert!(
            absent.allows(Grant::ClientCredentials)
                && !absent.allows(Grant::Password)
                && !absent.allows_refresh()
        );
        let grants = Grants::parse("authorization_code  refresh_token").ok();
        let shows = |grant| grants.as_ref().is_some_and(|grants| grants.allows(grant));
        assert!(shows(Grant::AuthorizationCode) && !shows(Grant::ClientCredentials));
        assert_eq!(grants.as_ref().map(Grants::allows_refresh), Some(true));
        assert_eq!(Grants::parse("").map(|grants| grants.allows(Grant::ClientCredentials)), Ok(false));
        assert!(Grants::parse("password, refresh_token").is_err());
    }
}
