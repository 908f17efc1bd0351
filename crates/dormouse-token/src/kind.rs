//! The closed vocabularies that tokens carry: kind, grant, rotation policy, front end.

use std::str::FromStr;

/// What a sealed token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Authorization code, prefix `dmac_`.
    Code,
    /// Access token, prefix `dmat_`.
    Access,
    /// Refresh token, prefix `dmrt_`.
    Refresh,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Code, Self::Access, Self::Refresh];

    /// The text in front of the sealed bytes.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Code => "dmac_",
            Self::Access => "dmat_",
            Self::Refresh => "dmrt_",
        }
    }

    /// The number that key derivation and AAD use.
    pub const fn id(self) -> u8 {
        match self {
            Self::Code => 1,
            Self::Access => 2,
            Self::Refresh => 3,
        }
    }

    /// The kind that a text's prefix claims.
    pub fn of(token: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| token.starts_with(kind.prefix()))
    }

    /// The other token of a pair; a code has none.
    pub const fn partner(self) -> Option<Self> {
        match self {
            Self::Code => None,
            Self::Access => Some(Self::Refresh),
            Self::Refresh => Some(Self::Access),
        }
    }
}

/// The authorization grant that a family began with (RFC 6749 §1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grant {
    /// RFC 6749 §4.4.
    ClientCredentials,
    /// RFC 6749 §4.1.
    AuthorizationCode,
    /// RFC 6749 §4.2.
    Implicit,
    /// RFC 6749 §4.3.
    Password,
}

impl Grant {
    /// Every grant, by ascending number.
    pub const ALL: [Self; 4] =
        [Self::ClientCredentials, Self::AuthorizationCode, Self::Implicit, Self::Password];

    /// The value of the `grant_type` parameter, and Apigee's name of it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
            Self::AuthorizationCode => "authorization_code",
            Self::Implicit => "implicit",
            Self::Password => "password",
        }
    }

    /// The number that is sealed and stored.
    pub const fn id(self) -> u8 {
        match self {
            Self::ClientCredentials => 0,
            Self::AuthorizationCode => 1,
            Self::Implicit => 2,
            Self::Password => 3,
        }
    }

    /// The inverse of [`Grant::id`].
    pub fn from_id(id: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|grant| grant.id() == id)
    }

    /// Whether a family of this grant has refresh tokens at all. Apigee gives none to client_credentials and implicit.
    pub const fn has_refresh(self) -> bool {
        matches!(self, Self::AuthorizationCode | Self::Password)
    }
}

impl FromStr for Grant {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|grant| grant.as_str() == text).ok_or(())
    }
}

/// What redeeming a refresh token does to it, from the laxest to the strictest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rotation {
    /// The refresh token stays; only the access token is replaced (Apigee's `ReuseRefreshToken`).
    Reuse,
    /// One-time; a replay is refused and revokes nothing. Bundles' default.
    Apigee,
    /// One-time with replay detection and a grace window for lost answers. Native default.
    Rotate,
    /// One-time with replay detection and no grace.
    Strict,
}

impl Rotation {
    /// Every policy, from the laxest to the strictest.
    pub const ALL: [Self; 4] = [Self::Reuse, Self::Apigee, Self::Rotate, Self::Strict];

    /// The value of the app attribute `dormouse.refresh.rotation`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reuse => "reuse",
            Self::Apigee => "apigee",
            Self::Rotate => "rotate",
            Self::Strict => "strict",
        }
    }

    /// The number that is sealed and stored.
    pub const fn id(self) -> u8 {
        match self {
            Self::Reuse => 1,
            Self::Apigee => 2,
            Self::Rotate => 3,
            Self::Strict => 4,
        }
    }

    /// The inverse of [`Rotation::id`].
    pub fn from_id(id: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|rotation| rotation.id() == id)
    }

    /// Whether a replay revokes the family.
    pub const fn detects_replay(self) -> bool {
        matches!(self, Self::Rotate | Self::Strict)
    }
}

impl FromStr for Rotation {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|rotation| rotation.as_str() == text).ok_or(())
    }
}

/// Who issued a family, sealed in its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrontEnd {
    /// An Apigee proxy bundle. Its families bring no rotation policy: that of the redeeming front end holds.
    Bundle,
    /// The native endpoints. Their families keep their rotation policy wherever they are redeemed.
    Native(Rotation),
}

impl FrontEnd {
    /// The policy that holds when a family of this front end is redeemed at one that wants `redeeming`: the stricter.
    pub fn effective(self, redeeming: Rotation) -> Rotation {
        match self {
            Self::Bundle => redeeming,
            Self::Native(own) => own.max(redeeming),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vocabularies_round_trip() {
        for grant in Grant::ALL {
            assert_eq!(Grant::from_id(grant.id()), Some(grant));
            assert_eq!(grant.as_str().parse(), Ok(grant));
        }
        for rotation in Rotation::ALL {
            assert_eq!(Rotation::from_id(rotation.id()), Some(rotation));
            assert_eq!(rotation.as_str().parse(), Ok(rotation));
        }
        for kind in Kind::ALL {
            assert_eq!(Kind::of(&format!("{}x", kind.prefix())), Some(kind));
        }
        assert_eq!(Grant::from_id(9), None);
        assert_eq!(Rotation::from_id(0), None);
        assert_eq!(Kind::of("dmxx_"), None);
    }

    #[test]
    fn the_stricter_policy_holds() {
        assert_eq!(FrontEnd::Native(Rotation::Reuse).effective(Rotation::Apigee), Rotation::Apigee);
        assert_eq!(FrontEnd::Native(Rotation::Strict).effective(Rotation::Reuse), Rotation::Strict);
        assert_eq!(FrontEnd::Native(Rotation::Rotate).effective(Rotation::Apigee), Rotation::Rotate);
        assert_eq!(FrontEnd::Bundle.effective(Rotation::Reuse), Rotation::Reuse);
    }

    #[test]
    fn two_policies_detect_replay() {
        let detecting: Vec<_> = Rotation::ALL.into_iter().filter(|own| own.detects_replay()).collect();
        assert_eq!(detecting, [Rotation::Rotate, Rotation::Strict]);
    }

    #[test]
    fn only_two_grants_have_refresh_tokens() {
        let with: Vec<_> = Grant::ALL.into_iter().filter(|grant| grant.has_refresh()).collect();
        assert_eq!(with, [Grant::AuthorizationCode, Grant::Password]);
    }
}
