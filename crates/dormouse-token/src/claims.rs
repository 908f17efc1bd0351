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
