//! The family record: the only thing that the store knows of a token, and only once the token was touched (TOKENS §2).

use crate::cbor::{self, Malformed, MapWriter, infallible};
use crate::{Attempt, Attributes, Claims, Kind, RETENTION_MARGIN, Rotation, Scope, Timestamp};
use minicbor::Decoder;

/// State of a family beside what its tokens say. An absent record equals [`FamilyRecord::untouched`].
///
/// Every change is one compare-and-set on `version` of the whole record; nothing else writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FamilyRecord {
    /// Number of changes so far.
    pub version: u64,
    /// Names the try that wrote this version.
    pub attempt: Attempt,
    /// Generation of the live refresh token.
    pub refresh_gen: u32,
    /// Generation of the newest access token: Apigee's `refresh_count`.
    pub access_gen: u32,
    /// Access tokens below it are dead.
    pub min_access_gen: u32,
    /// When the last redemption that wrote happened.
    pub redeemed_at: Option<Timestamp>,
    /// The policy under which it happened.
    pub redeemed_by: Option<Rotation>,
    /// Expiry of the newest access token.
    pub access_exp: Timestamp,
    /// Expiry of the live refresh token.
    pub refresh_exp: Timestamp,
    /// Status of the access token.
    pub access_status: Status,
    /// Status of the refresh token.
    pub refresh_status: Status,
    /// Scope of the newest access token when it is narrower than that of the refresh token presented for it.
    pub scope: Option<Scope>,
    /// Edited attributes.
    pub edits: Vec<Edit>,
    /// No access token of the family can live longer. Never shrinks.
    pub access_until: Timestamp,
    /// The record is kept until then. Never shrinks.
    pub retention: Timestamp,
}

/// Attributes that SetOAuthV2Info set on the access token of one generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The access generation that was edited. Tokens of later generations carry the edit themselves.
    pub generation: u32,
    /// The attributes, sealed as a record labelled with the family: values may be secret.
    pub sealed: Box<[u8]>,
}

/// Whether a token may be used, apart from its expiry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// It may.
    #[default]
    Approved,
    /// It was revoked; Validate may undo this.
    Revoked(Reason),
    /// It was deleted and reads as unknown.
    Deleted,
}

/// Why something was revoked. The texts are Apigee's `revoke_reason`, where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// By its own string: InvalidateToken, RFC 7009, administration.
    Token,
    /// A superseded refresh token or a used code was presented again.
    Replay,
    /// By application.
    App,
    /// By end user.
    EndUser,
    /// By application and end user.
    AppEndUser,
    /// By client, developer, product or organization.
    Administration,
}

impl Reason {
    /// Every reason, by ascending number.
    pub const ALL: [Self; 6] =
        [Self::Token, Self::Replay, Self::App, Self::EndUser, Self::AppEndUser, Self::Administration];

    /// The value of Apigee's variable `revoke_reason`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token | Self::Replay | Self::Administration => "TOKEN_REVOKED",
            Self::App => "REVOKED_BY_APP",
            Self::EndUser => "REVOKED_BY_ENDUSER",
            Self::AppEndUser => "REVOKED_BY_APP_ENDUSER",
        }
    }

    /// The number that is stored.
    pub const fn id(self) -> u8 {
        match self {
            Self::Token => 2,
            Self::Replay => 3,
            Self::App => 4,
            Self::EndUser => 5,
            Self::AppEndUser => 6,
            Self::Administration => 7,
        }
    }

    /// The inverse of [`Reason::id`].
    pub fn from_id(id: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.id() == id)
    }
}

impl Status {
    const APPROVED: u8 = 0;
    const DELETED: u8 = 1;

    const fn id(self) -> u8 {
        match self {
            Self::Approved => Self::APPROVED,
            Self::Deleted => Self::DELETED,
            Self::Revoked(reason) => reason.id(),
        }
    }

    fn from_id(id: u8) -> Result<Self, Malformed> {
        Ok(match id {
            Self::APPROVED => Self::Approved,
            Self::DELETED => Self::Deleted,
            id => Self::Revoked(Reason::from_id(id).ok_or(Malformed)?),
        })
    }
}

impl FamilyRecord {
    /// What an absent record means: version 0, generation 0, approved, never touched.
    pub const fn untouched() -> Self {
        Self {
            version: 0,
            attempt: Attempt(0),
            refresh_gen: 0,
            access_gen: 0,
            min_access_gen: 0,
            redeemed_at: None,
            redeemed_by: None,
            access_exp: Timestamp::EPOCH,
            refresh_exp: Timestamp::EPOCH,
            access_status: Status::Approved,
            refresh_status: Status::Approved,
            scope: None,
            edits: Vec::new(),
            access_until: Timestamp::EPOCH,
            retention: Timestamp::EPOCH,
        }
    }

    /// The next version, with the lifetimes of the presented token taken in, so that nothing expires too early.
    #[must_use]
    pub fn successor(&self, presented: &Claims, attempt: Attempt) -> Self {
        let mut next = Self { version: self.version + 1, attempt, ..self.clone() };
        let partner_expires_at = presented.partner.as_ref().map(|partner| partner.expires_at);
        let (access, refresh) = match presented.kind {
            Kind::Access => (Some(presented.expires_at), partner_expires_at),
            Kind::Refresh | Kind::Code => (partner_expires_at, Some(presented.expires_at)),
        };
        next.cover_access(access.unwrap_or_default().max(self.access_exp));
        next.retain_until(presented.family_expires_at);
        if next.version == 1 {
            next.access_exp = access.unwrap_or_default();
            next.refresh_exp = refresh.unwrap_or_default();
        }
        next
    }

    /// Raises `access_until` to `expires_at`, and retention with it.
    pub fn cover_access(&mut self, expires_at: Timestamp) {
        self.access_until = self.access_until.max(expires_at);
        self.retain_until(expires_at);
    }

    /// Keeps the record until 48 hours after `expires_at`, or longer.
    pub fn retain_until(&mut self, expires_at: Timestamp) {
        self.retention = self.retention.max(expires_at.saturating_add(RETENTION_MARGIN));
    }

    /// Whether an access token of a generation was ended by a redemption.
    pub const fn supersedes_access(&self, generation: u32) -> bool {
        generation < self.min_access_gen
    }

    /// The record's CBOR form, the same in every backend.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut map = MapWriter::new();
        map.number(VERSION, self.version);
        map.number(ATTEMPT, self.attempt.0);
        map.number_unless(REFRESH_GEN, self.refresh_gen.into(), 0);
        map.number_unless(ACCESS_GEN, self.access_gen.into(), 0);
        map.number_unless(MIN_ACCESS_GEN, self.min_access_gen.into(), 0);
        if let Some(at) = self.redeemed_at {
            map.number(REDEEMED_AT, at.as_ms());
        }
        if let Some(rotation) = self.redeemed_by {
            map.number(REDEEMED_BY, rotation.id().into());
        }
        map.number_unless(ACCESS_EXP, self.access_exp.as_ms(), 0);
        map.number_unless(REFRESH_EXP, self.refresh_exp.as_ms(), 0);
        map.number_unless(ACCESS_STATUS, self.access_status.id().into(), 0);
        map.number_unless(REFRESH_STATUS, self.refresh_status.id().into(), 0);
        if let Some(scope) = &self.scope {
            map.text(SCOPE, &scope.to_string());
        }
        if !self.edits.is_empty() {
            map.entry(EDITS, |out| {
                infallible(out.array(self.edits.len() as u64 * 2));
                for edit in &self.edits {
                    infallible(out.u32(edit.generation).and_then(|out| out.bytes(&edit.sealed)));
                }
            });
        }
        map.number_unless(ACCESS_UNTIL, self.access_until.as_ms(), 0);
        map.number(RETENTION, self.retention.as_ms());
        map.finish()
    }

    /// The inverse of [`FamilyRecord::to_bytes`].
    ///
    /// # Errors
    /// [`Malformed`] when the bytes are not a record of this version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut input = Decoder::new(bytes);
        let mut record = Self::untouched();
        for _ in 0..input.map()?.ok_or(Malformed)? {
            let key = input.u8()?;
            record.read_field(key, &mut input)?;
        }
        cbor::end(&input, bytes)?;
        Ok(record)
    }

    fn read_field(&mut self, key: u8, input: &mut Decoder<'_>) -> Result<(), Malformed> {
        match key {
            VERSION => self.version = input.u64()?,
            ATTEMPT => self.attempt = Attempt(input.u64()?),
            REFRESH_GEN => self.refresh_gen = input.u32()?,
            ACCESS_GEN => self.access_gen = input.u32()?,
            MIN_ACCESS_GEN => self.min_access_gen = input.u32()?,
            REDEEMED_AT => self.redeemed_at = Some(Timestamp::from_ms(input.u64()?)),
            REDEEMED_BY => self.redeemed_by = Some(Rotation::from_id(input.u8()?).ok_or(Malformed)?),
            ACCESS_EXP => self.access_exp = Timestamp::from_ms(input.u64()?),
            REFRESH_EXP => self.refresh_exp = Timestamp::from_ms(input.u64()?),
            ACCESS_STATUS => self.access_status = Status::from_id(input.u8()?)?,
            REFRESH_STATUS => self.refresh_status = Status::from_id(input.u8()?)?,
            SCOPE => self.scope = Some(Scope::parse(input.str()?)),
            EDITS => {
                for _ in 0..input.array()?.ok_or(Malformed)? / 2 {
                    self.edits.push(Edit { generation: input.u32()?, sealed: input.bytes()?.into() });
                }
            }
            ACCESS_UNTIL => self.access_until = Timestamp::from_ms(input.u64()?),
            RETENTION => self.retention = Timestamp::from_ms(input.u64()?),
            _ => return Err(Malformed),
        }
        Ok(())
    }

    /// Attributes limits shared by issue and edit: bytes of names and values in all.
    pub const ATTRIBUTES_MAX: usize = 8 * 1024;

    /// Whether attributes may be kept on a token.
    pub fn attributes_fit(attributes: &Attributes) -> bool {
        attributes.size() <= Self::ATTRIBUTES_MAX
    }
}

const VERSION: u8 = 1;
const ATTEMPT: u8 = 2;
const REFRESH_GEN: u8 = 3;
const ACCESS_GEN: u8 = 4;
const MIN_ACCESS_GEN: u8 = 5;
const REDEEMED_AT: u8 = 6;
const REDEEMED_BY: u8 = 7;
const ACCESS_EXP: u8 = 8;
const REFRESH_EXP: u8 = 9;
const ACCESS_STATUS: u8 = 10;
const REFRESH_STATUS: u8 = 11;
const SCOPE: u8 = 12;
const EDITS: u8 = 13;
const ACCESS_UNTIL: u8 = 14;
const RETENTION: u8 = 15;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn round_trips(record: &FamilyRecord) {
        assert_eq!(FamilyRecord::from_bytes(&record.to_bytes()).as_ref(), Ok(record));
    }

    fn redeemed() -> FamilyRecord {
        FamilyRecord {
            version: 300,
            attempt: Attempt(u64::MAX),
            refresh_gen: 3,
            access_gen: 4,
            min_access_gen: 4,
            redeemed_at: Some(Timestamp::from_ms(1_800_000_000_000)),
            redeemed_by: Some(Rotation::Rotate),
            access_exp: Timestamp::from_ms(1_800_001_800_000),
            refresh_exp: Timestamp::from_ms(1_802_592_000_000),
            access_until: Timestamp::from_ms(1_800_001_800_000),
            retention: Timestamp::from_ms(1_802_764_800_000),
            ..FamilyRecord::untouched()
        }
    }

    #[test]
    fn records_round_trip() {
        round_trips(&FamilyRecord::untouched());
        round_trips(&redeemed());
        round_trips(&FamilyRecord {
            access_status: Status::Revoked(Reason::EndUser),
            refresh_status: Status::Deleted,
            scope: Some(Scope::parse("a b")),
            edits: vec![
                Edit { generation: 1, sealed: Box::from(*b"x") },
                Edit { generation: 2, sealed: Box::from(*b"") },
            ],
            ..redeemed()
        });
        let edit = |generation| Edit { generation, sealed: Box::from(*b"y") };
        round_trips(&FamilyRecord { edits: (0..3).map(edit).collect(), ..redeemed() });
        for reason in Reason::ALL {
            round_trips(&FamilyRecord { access_status: Status::Revoked(reason), ..redeemed() });
        }
    }

    #[test]
    fn a_redeemed_record_is_small() {
        assert!(redeemed().to_bytes().len() <= 90, "{}", redeemed().to_bytes().len());
    }

    #[test]
    fn attributes_fit_up_to_their_limit() {
        let of_size =
            |size: usize| [("n", "v".repeat(size - 1).as_str())].into_iter().collect::<Attributes>();
        assert!(FamilyRecord::attributes_fit(&of_size(8192)));
        assert!(!FamilyRecord::attributes_fit(&of_size(8193)));
    }

    #[test]
    fn access_is_superseded_below_the_floor() {
        let record = FamilyRecord { min_access_gen: 2, ..redeemed() };
        assert!(record.supersedes_access(1) && !record.supersedes_access(2));
    }

    #[test]
    fn reasons_have_apigees_names() {
        let names: Vec<_> = Reason::ALL.map(Reason::as_str).to_vec();
        let token = "TOKEN_REVOKED";
        let expected =
            [token, token, "REVOKED_BY_APP", "REVOKED_BY_ENDUSER", "REVOKED_BY_APP_ENDUSER", token];
        assert_eq!(names, expected);
    }

    #[test]
    fn rubbish_is_refused() {
        for bytes in
            [&b""[..], b"\xa1\x18\x63\x00", b"\xbf\xff", b"\xa1\x0a\x18\xff", &redeemed().to_bytes()[..20]]
        {
            assert_eq!(FamilyRecord::from_bytes(bytes), Err(Malformed));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = FamilyRecord::from_bytes(&bytes);
        }
    }
}
