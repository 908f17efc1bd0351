//! The switches of Apigee's entity model: developer, app, key, and product in a key.

use std::str::FromStr;

/// Whether a developer's apps may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeveloperStatus {
    /// They may.
    #[default]
    Active,
    /// They may not.
    Inactive,
}

/// Whether an app may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AppStatus {
    /// It may.
    #[default]
    Approved,
    /// It was switched off.
    Revoked,
}

/// Whether a key, or a product in a key, may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyStatus {
    /// It may.
    #[default]
    Approved,
    /// Nobody has approved it yet.
    Pending,
    /// It was switched off.
    Revoked,
}

/// A text that is none of the states of a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownStatus {
    /// The states there are, for the message.
    pub allowed: &'static str,
}

impl DeveloperStatus {
    /// Apigee's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
        }
    }
}

impl AppStatus {
    /// Apigee's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Revoked => "revoked",
        }
    }
}

impl KeyStatus {
    /// Apigee's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Pending => "pending",
            Self::Revoked => "revoked",
        }
    }
}

impl FromStr for DeveloperStatus {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        state(&[Self::Active, Self::Inactive], Self::as_str, text)
            .ok_or(UnknownStatus { allowed: "active, inactive" })
    }
}

impl FromStr for AppStatus {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        state(&[Self::Approved, Self::Revoked], Self::as_str, text)
            .ok_or(UnknownStatus { allowed: "approved, revoked" })
    }
}

impl FromStr for KeyStatus {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        state(&[Self::Approved, Self::Pending, Self::Revoked], Self::as_str, text)
            .ok_or(UnknownStatus { allowed: "approved, pending, revoked" })
    }
}

/// Apigee's tools write the words in lower case, its older exports also capitalised.
fn state<T: Copy>(states: &[T], word: fn(T) -> &'static str, text: &str) -> Option<T> {
    states.iter().copied().find(|state| word(*state).eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_round_trip() {
        for status in [KeyStatus::Approved, KeyStatus::Pending, KeyStatus::Revoked] {
            assert_eq!(status.as_str().parse(), Ok(status));
        }
        assert_eq!("Approved".parse(), Ok(AppStatus::Approved));
        assert_eq!("INACTIVE".parse(), Ok(DeveloperStatus::Inactive));
    }

    #[test]
    fn other_words_are_refused() {
        assert!("pending".parse::<AppStatus>().is_err());
        assert!("approved".parse::<DeveloperStatus>().is_err());
        assert!(" approved".parse::<KeyStatus>().is_err());
        assert!("".parse::<KeyStatus>().is_err());
    }
}
