//! What a sealed token says: everything that is needed to serve it without a store (TOKENS §1, `docs/token-format.md`).

use crate::{Attributes, FamilyId, FrontEnd, Grant, KeyId, Kind, Scope, SourceId, Timestamp};
use std::fmt;

/// The content of a code, access or refresh token.
#[derive(Clone, PartialEq, Eq)]
pub struct Claims {
    /// Code, access or refresh.
    pub kind: Kind,
    /// All tokens of one authorization share it.
    pub family: FamilyId,
    /// `refresh_gen` of a refresh token, `access_gen` of an access token; 0 for a code.
    pub generation: u32,
    /// Issue time.
    pub issued_at: Timestamp,
    /// First instant at which the token is dead.
    pub expires_at: Timestamp,
    /// The other token of the pair, if one was issued.
    pub partner: Option<Partner>,
    /// Latest expiry of any token of this generation; after it an absent record proves nothing.
    pub family_expires_at: Timestamp,
    /// No successor may live longer. Sealed by native front ends.
    pub absolute_expires_at: Option<Timestamp>,
    /// The cut-off counter that the issuing node had applied: cut-offs with a larger number kill this token.
    pub seen: u64,
    /// Root and hour of the family's first token; its day is the audit's cohort.
    pub born: KeyId,
    /// Who issued the family, and the rotation policy that a native family keeps.
    pub front_end: FrontEnd,
    /// The client (consumer key) that the token belongs to.
    pub client: Box<str>,
    /// The grant that the family began with.
    pub grant: Grant,
    /// The end user, at most 256 bytes.
    pub user: Option<Box<str>>,
    /// Granted scope.
    pub scope: Scope,
    /// Custom attributes.
    pub attributes: SealedAttributes,
    /// Proxy and policy, or endpoint, that issued the family.
    pub source: SourceId,
    /// The redirect URI of the authorization request. Codes only.
    pub redirect_uri: Option<Box<str>>,
}

/// What a token tells about the other token of its pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partner {
    /// When the partner expires.
    pub expires_at: Timestamp,
    /// Its generation.
    pub generation: u32,
    /// Its scope.
    pub scope: Scope,
    /// Whether no twin of it may be shown: it is a foreign string, or was issued at another time (`reuse`).
    pub apart: bool,
}

/// Where the custom attributes of a token are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SealedAttributes {
    /// In the token itself.
    Inline(Attributes),
    /// In an overflow row of the store, keyed by family, kind and generation.
    Overflow,
}

impl SealedAttributes {
    /// The attributes that the token carries itself; `None` when they are in the store.
    pub fn inline(&self) -> Option<&Attributes> {
        match self {
            Self::Inline(attributes) => Some(attributes),
            Self::Overflow => None,
        }
    }
}

impl Default for SealedAttributes {
    fn default() -> Self {
        Self::Inline(Attributes::default())
    }
}

impl Claims {
    /// The access generation of the pair: Apigee's `refresh_count`.
    pub fn access_generation(&self) -> u32 {
        match (self.kind, &self.partner) {
            (Kind::Refresh, Some(partner)) => partner.generation,
            _ => self.generation,
        }
    }

    /// The refresh generation of the pair.
    pub fn refresh_generation(&self) -> u32 {
        match (self.kind, &self.partner) {
            (Kind::Access, Some(partner)) => partner.generation,
            _ => self.generation,
        }
    }

    /// Whether an ancestor of this token was presented to get it, so that a forged ancestor may have chosen its `born`.
    pub fn has_ancestor(&self) -> bool {
        let minted_from_code = self.grant == Grant::AuthorizationCode && self.kind != Kind::Code;
        self.generation > 0 || self.access_generation() > 0 || minted_from_code
    }

    /// The twin of the other token: equal in force, no younger. `None` where no partner was issued, or it stands apart.
    pub fn twin(&self, attributes: SealedAttributes) -> Option<Self> {
        let partner = self.partner.as_ref().filter(|partner| !partner.apart)?;
        Some(Self {
            kind: self.kind.partner()?,
            generation: partner.generation,
            expires_at: partner.expires_at,
            scope: partner.scope.clone(),
            partner: Some(Partner {
                expires_at: self.expires_at,
                generation: self.generation,
                scope: self.scope.clone(),
                apart: false,
            }),
            attributes,
            ..self.clone()
        })
    }
}

impl fmt::Debug for Claims {
    /// What identifies the token in a log; never attribute values, the user or the redirect URI.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims")
            .field("kind", &self.kind)
            .field("family", &self.family)
            .field("generation", &self.generation)
            .field("issued_at", &self.issued_at)
            .field("expires_at", &self.expires_at)
            .field("client", &self.client)
            .field("seen", &self.seen)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RootId;

    fn claims(kind: Kind, generation: u32, partner_generation: u32) -> Claims {
        Claims {
            kind,
            family: FamilyId([7; 16]),
            generation,
            issued_at: Timestamp::from_ms(10),
            expires_at: Timestamp::from_ms(20),
            partner: Some(Partner {
                expires_at: Timestamp::from_ms(30),
                generation: partner_generation,
                scope: Scope::default(),
                apart: false,
            }),
            family_expires_at: Timestamp::from_ms(30),
            absolute_expires_at: None,
            seen: 1,
            born: KeyId::new(RootId([1; 8]), 0),
            front_end: FrontEnd::Bundle,
            client: "client".into(),
            grant: Grant::Password,
            user: Some("alice".into()),
            scope: Scope::default(),
            attributes: SealedAttributes::Inline([("idp.token", "secret")].into_iter().collect()),
            source: SourceId([2; 8]),
            redirect_uri: Some("https://app.example.com/".into()),
        }
    }

    #[test]
    fn whatever_was_redeemed_or_exchanged_has_an_ancestor() {
        assert!(!claims(Kind::Refresh, 0, 0).has_ancestor());
        assert!(claims(Kind::Refresh, 1, 0).has_ancestor());
        assert!(claims(Kind::Refresh, 0, 1).has_ancestor(), "its partner was minted at a redemption");
        assert!(claims(Kind::Access, 1, 0).has_ancestor());
        let coded = |kind| Claims { grant: Grant::AuthorizationCode, ..claims(kind, 0, 0) };
        assert!(coded(Kind::Access).has_ancestor());
        assert!(!coded(Kind::Code).has_ancestor());
    }

    #[test]
    fn a_twin_takes_the_attributes_it_is_given() {
        let given = SealedAttributes::Inline([("a", "b")].into_iter().collect());
        let twin = claims(Kind::Refresh, 0, 0).twin(given.clone());
        assert_eq!(twin.map(|twin| twin.attributes), Some(given));
    }

    #[test]
    fn inline_attributes_are_found_in_the_token_alone() {
        let token = claims(Kind::Access, 0, 0);
        assert_eq!(token.attributes.inline().and_then(|own| own.value("idp.token")), Some("secret"));
        assert_eq!(SealedAttributes::Overflow.inline(), None);
    }

    #[test]
    fn debug_output_names_the_family_and_hides_the_rest() {
        let shown = format!("{:?}", claims(Kind::Access, 0, 0));
        assert!(shown.contains(&"07".repeat(16)), "{shown}");
        for hidden in ["alice", "secret", "example"] {
            assert!(!shown.contains(hidden), "{shown}");
        }
    }
}
