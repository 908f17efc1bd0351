//! Cut-offs and burns: revoking what nobody can enumerate (TOKENS §4, §1 "burn").
//!
//! "Now" is a number, never a clock: each cut-off takes the next value of one counter, and each token seals the value
//! that its issuer had applied.

use crate::cbor::{self, Malformed, MapWriter};
use crate::{Claims, KeyId, Kind, Reason, RootId, Timestamp};
use minicbor::Decoder;

/// Whose tokens are meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// One client id (consumer key).
    Client(Box<str>),
    /// Every client of an app, by app id.
    App(Box<str>),
    /// An end user.
    User(Box<str>),
    /// An end user within an app.
    AppUser {
        /// App id.
        app: Box<str>,
        /// End user.
        user: Box<str>,
    },
    /// Every app of a developer, by developer id.
    Developer(Box<str>),
    /// An API product, by name: it no longer admits the tokens.
    Product(Box<str>),
    /// Everybody.
    Organization,
}

/// Which tokens of the target die. "Both" includes "access".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// Access tokens alone: a refresh token can still be redeemed.
    Access,
    /// Codes, access and refresh tokens.
    Both,
}

/// "Tokens of X issued so far are dead."
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CutOff {
    /// Its place in the one sequence of cut-offs and burns.
    pub number: u64,
    /// Whose tokens.
    pub target: Target,
    /// Which of them.
    pub reach: Reach,
    /// What is told about it.
    pub reason: Reason,
    /// With a timestamp, tokens issued before it die, whatever they have seen.
    pub before: Option<Timestamp>,
    /// No token that it kills can live longer.
    pub kept_until: Timestamp,
}

/// "What this key sealed is dead, and what may descend from it."
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Burn {
    /// Its place in the one sequence of cut-offs and burns.
    pub number: u64,
    /// The burned root.
    pub root: RootId,
    /// The burned hour; `None` burns every hour of the root.
    pub hour: Option<u32>,
    /// No token that it kills can live longer.
    pub kept_until: Timestamp,
}

impl CutOff {
    /// Whether a token that the target matches dies of it.
    pub fn kills(&self, claims: &Claims) -> bool {
        if self.reach == Reach::Access && claims.kind != Kind::Access {
            return false;
        }
        match self.before {
            Some(before) => claims.issued_at < before,
            None => claims.seen < self.number,
        }
    }

    /// Whether `older` needs no row of its own any more: the same target and kind, and all that it kills dies of `self`.
    pub fn replaces(&self, older: &Self) -> bool {
        let includes = match (self.before, older.before) {
            (None, None) => self.number >= older.number,
            (Some(own), Some(other)) => own >= other,
            _ => false,
        };
        self.target == older.target && self.reach >= older.reach && includes
    }
}

impl Burn {
    /// Whether a token sealed under `key` dies of it.
    ///
    /// A forger who holds the burned key may have minted an ancestor with any `born`, so what has an ancestor, was issued
    /// since the burned hour began and had not seen the burn dies as well.
    pub fn kills(&self, claims: &Claims, key: KeyId) -> bool {
        let covers = |id: KeyId| id.root == self.root && self.hour.is_none_or(|hour| hour == id.hour);
        let since = self.hour.map_or(Timestamp::EPOCH, Timestamp::from_hour);
        covers(key)
            || covers(claims.born)
            || (claims.has_ancestor() && claims.issued_at >= since && claims.seen < self.number)
    }
}

/// Either of the things that the counter numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CutOffRow {
    /// A cut-off.
    CutOff(CutOff),
    /// A burn.
    Burn(Burn),
}

impl CutOffRow {
    /// Its place in the sequence.
    pub const fn number(&self) -> u64 {
        match self {
            Self::CutOff(cut_off) => cut_off.number,
            Self::Burn(burn) => burn.number,
        }
    }

    /// Gives it its place in the sequence, at commit.
    pub const fn set_number(&mut self, number: u64) {
        match self {
            Self::CutOff(cut_off) => cut_off.number = number,
            Self::Burn(burn) => burn.number = number,
        }
    }

    /// Until when it must be kept.
    pub const fn kept_until(&self) -> Timestamp {
        match self {
            Self::CutOff(cut_off) => cut_off.kept_until,
            Self::Burn(burn) => burn.kept_until,
        }
    }

    /// Whether `older` needs no row of its own any more.
    pub fn replaces(&self, older: &Self) -> bool {
        match (self, older) {
            (Self::CutOff(own), Self::CutOff(older)) => own.replaces(older),
            (Self::Burn(own), Self::Burn(older)) => {
                let includes = own.hour == older.hour || own.hour.is_none();
                own.root == older.root && includes && own.number >= older.number
            }
            _ => false,
        }
    }

    /// CBOR form, the same in every backend.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut map = MapWriter::new();
        map.number(NUMBER, self.number());
        map.number(KEPT_UNTIL, self.kept_until().as_ms());
        match self {
            Self::CutOff(cut_off) => {
                let (kind, first, second) = target_parts(&cut_off.target);
                map.number(TARGET, kind.into());
                if let Some(first) = first {
                    map.text(TARGET_NAME, first);
                }
                if let Some(second) = second {
                    map.text(TARGET_USER, second);
                }
                map.number(REACH, u64::from(cut_off.reach == Reach::Both));
                map.number(REASON, cut_off.reason.id().into());
                if let Some(before) = cut_off.before {
                    map.number(BEFORE, before.as_ms());
                }
            }
            Self::Burn(burn) => {
                map.bytes(ROOT, &burn.root.0);
                if let Some(hour) = burn.hour {
                    map.number(HOUR, hour.into());
                }
            }
        }
        map.finish()
    }

    /// The inverse of [`CutOffRow::to_bytes`].
    ///
    /// # Errors
    /// [`Malformed`] when the bytes are not a row of this version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut input = Decoder::new(bytes);
        let mut row = Fields::default();
        for _ in 0..input.map()?.ok_or(Malformed)? {
            match input.u8()? {
                NUMBER => row.number = Some(input.u64()?),
                KEPT_UNTIL => row.kept_until = Some(input.u64()?),
                TARGET => row.target = Some(input.u8()?),
                TARGET_NAME => row.name = Some(input.str()?.into()),
                TARGET_USER => row.user = Some(input.str()?.into()),
                REACH => row.reach = Some(input.u8()?),
                REASON => row.reason = Some(input.u8()?),
                BEFORE => row.before = Some(input.u64()?),
                ROOT => row.root = Some(cbor::fixed(&mut input)?),
                HOUR => row.hour = Some(input.u32()?),
                _ => return Err(Malformed),
            }
        }
        cbor::end(&input, bytes)?;
        row.into_row()
    }
}

#[derive(Default)]
struct Fields {
    number: Option<u64>,
    kept_until: Option<u64>,
    target: Option<u8>,
    name: Option<Box<str>>,
    user: Option<Box<str>>,
    reach: Option<u8>,
    reason: Option<u8>,
    before: Option<u64>,
    root: Option<[u8; 8]>,
    hour: Option<u32>,
}

impl Fields {
    fn into_row(self) -> Result<CutOffRow, Malformed> {
        let number = self.number.ok_or(Malformed)?;
        let kept_until = Timestamp::from_ms(self.kept_until.ok_or(Malformed)?);
        if let Some(root) = self.root {
            return Ok(CutOffRow::Burn(Burn { number, root: RootId(root), hour: self.hour, kept_until }));
        }
        let target = match (self.target, self.name, self.user) {
            (Some(1), Some(name), None) => Target::Client(name),
            (Some(2), Some(name), None) => Target::App(name),
            (Some(3), Some(name), None) => Target::User(name),
            (Some(4), Some(app), Some(user)) => Target::AppUser { app, user },
            (Some(5), Some(name), None) => Target::Developer(name),
            (Some(6), Some(name), None) => Target::Product(name),
            (Some(7), None, None) => Target::Organization,
            _ => return Err(Malformed),
        };
        let reach = match self.reach.ok_or(Malformed)? {
            0 => Reach::Access,
            1 => Reach::Both,
            _ => return Err(Malformed),
        };
        let reason = Reason::from_id(self.reason.ok_or(Malformed)?).ok_or(Malformed)?;
        let before = self.before.map(Timestamp::from_ms);
        Ok(CutOffRow::CutOff(CutOff { number, target, reach, reason, before, kept_until }))
    }
}

fn target_parts(target: &Target) -> (u8, Option<&str>, Option<&str>) {
    match target {
        Target::Client(name) => (1, Some(name), None),
        Target::App(name) => (2, Some(name), None),
        Target::User(name) => (3, Some(name), None),
        Target::AppUser { app, user } => (4, Some(app), Some(user)),
        Target::Developer(name) => (5, Some(name), None),
        Target::Product(name) => (6, Some(name), None),
        Target::Organization => (7, None, None),
    }
}

const NUMBER: u8 = 1;
const KEPT_UNTIL: u8 = 2;
const TARGET: u8 = 3;
const TARGET_NAME: u8 = 4;
const TARGET_USER: u8 = 5;
const REACH: u8 = 6;
const REASON: u8 = 7;
const BEFORE: u8 = 8;
const ROOT: u8 = 9;
const HOUR: u8 = 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FamilyId, FrontEnd, Grant, Scope, SealedAttributes, SourceId};

    const ROOT_A: RootId = RootId([1; 8]);
    const ROOT_B: RootId = RootId([2; 8]);

    fn claims(kind: Kind, seen: u64, issued_at: u64) -> Claims {
        Claims {
            kind,
            family: FamilyId([0; 16]),
            generation: 0,
            issued_at: Timestamp::from_ms(issued_at),
            expires_at: Timestamp::MAX,
            partner: None,
            family_expires_at: Timestamp::MAX,
            absolute_expires_at: None,
            seen,
            born: KeyId::new(ROOT_B, 1),
            front_end: FrontEnd::Bundle,
            client: "c".into(),
            grant: Grant::Password,
            user: None,
            scope: Scope::default(),
            attributes: SealedAttributes::default(),
            source: SourceId::default(),
            redirect_uri: None,
        }
    }

    fn cut_off(number: u64, reach: Reach, before: Option<u64>) -> CutOff {
        CutOff {
            number,
            target: Target::User("u".into()),
            reach,
            reason: Reason::EndUser,
            before: before.map(Timestamp::from_ms),
            kept_until: Timestamp::from_ms(99),
        }
    }

    #[test]
    fn numbers_decide_unless_there_is_a_timestamp() {
        assert!(cut_off(5, Reach::Both, None).kills(&claims(Kind::Refresh, 4, 0)));
        assert!(!cut_off(5, Reach::Both, None).kills(&claims(Kind::Refresh, 5, 0)));
        assert!(cut_off(5, Reach::Both, Some(100)).kills(&claims(Kind::Refresh, 9, 99)));
        assert!(!cut_off(5, Reach::Both, Some(100)).kills(&claims(Kind::Refresh, 0, 100)));
    }

    #[test]
    fn access_only_spares_codes_and_refresh_tokens() {
        let access_only = cut_off(5, Reach::Access, None);
        assert!(access_only.kills(&claims(Kind::Access, 0, 0)));
        assert!(!access_only.kills(&claims(Kind::Refresh, 0, 0)));
        assert!(!access_only.kills(&claims(Kind::Code, 0, 0)));
    }

    #[test]
    fn a_row_is_replaced_only_by_one_that_includes_it() {
        let both = cut_off(5, Reach::Both, None);
        assert!(both.replaces(&cut_off(4, Reach::Access, None)));
        assert!(!cut_off(6, Reach::Access, None).replaces(&both));
        assert!(!both.replaces(&cut_off(4, Reach::Both, Some(1))));
        assert!(cut_off(5, Reach::Both, Some(9)).replaces(&cut_off(4, Reach::Both, Some(9))));
        assert!(!cut_off(5, Reach::Both, Some(8)).replaces(&cut_off(4, Reach::Both, Some(9))));
        let other = CutOff { target: Target::Client("u".into()), ..cut_off(4, Reach::Both, None) };
        assert!(!both.replaces(&other));
    }

    #[test]
    fn rows_of_one_sort_replace_each_other() {
        let burn =
            |number, root, hour| CutOffRow::Burn(Burn { number, root, hour, kept_until: Timestamp::MAX });
        let hour = burn(5, ROOT_A, Some(1));
        assert!(burn(6, ROOT_A, Some(1)).replaces(&hour));
        assert!(burn(6, ROOT_A, None).replaces(&hour));
        assert!(!burn(6, ROOT_A, Some(2)).replaces(&hour));
        assert!(!burn(6, ROOT_B, Some(1)).replaces(&hour));
        assert!(!burn(6, ROOT_B, None).replaces(&hour));
        assert!(!burn(4, ROOT_A, Some(1)).replaces(&hour), "the later number kills more");
        assert!(!hour.replaces(&burn(4, ROOT_A, None)));
        let cut = |number, reach| CutOffRow::CutOff(cut_off(number, reach, None));
        assert!(cut(6, Reach::Both).replaces(&cut(5, Reach::Both)));
        assert!(!cut(6, Reach::Access).replaces(&cut(5, Reach::Both)));
        assert!(!cut(6, Reach::Both).replaces(&hour));
        assert!(!hour.replaces(&cut(4, Reach::Both)));
    }

    #[test]
    fn a_row_takes_its_number_at_commit() {
        let cut_off = CutOffRow::CutOff(cut_off(0, Reach::Both, None));
        let burn = CutOffRow::Burn(Burn { number: 0, root: ROOT_A, hour: None, kept_until: Timestamp::MAX });
        for mut row in [cut_off, burn] {
            row.set_number(9);
            assert_eq!(row.number(), 9);
        }
    }

    #[test]
    fn a_burn_kills_what_the_key_sealed_bore_or_may_have_fathered() {
        let burn = Burn { number: 7, root: ROOT_A, hour: Some(10), kept_until: Timestamp::MAX };
        let innocent_key = KeyId::new(ROOT_B, 10);
        let start = Timestamp::from_hour(10).as_ms();
        let token =
            |generation, seen, issued_at| Claims { generation, ..claims(Kind::Access, seen, issued_at) };
        assert!(burn.kills(&token(0, 9, 0), KeyId::new(ROOT_A, 10)), "sealed under it");
        assert!(!burn.kills(&token(0, 9, 0), KeyId::new(ROOT_A, 11)), "another hour");
        let child = Claims { born: KeyId::new(ROOT_A, 10), ..token(3, 9, start) };
        assert!(burn.kills(&child, innocent_key), "born under it");
        assert!(burn.kills(&token(1, 6, start), innocent_key), "may descend from a forged ancestor");
        assert!(!burn.kills(&token(1, 7, start), innocent_key), "issued after the burn was seen");
        assert!(!burn.kills(&token(1, 6, start - 1), innocent_key), "issued before the hour");
        assert!(!burn.kills(&token(0, 6, start), innocent_key), "has no ancestor");
        let minted = Claims { grant: Grant::AuthorizationCode, ..token(0, 6, start) };
        assert!(burn.kills(&minted, innocent_key), "the code may be forged");
        let root = Burn { hour: None, ..burn };
        assert!(root.kills(&token(0, 9, 0), KeyId::new(ROOT_A, 99)));
        assert!(root.kills(&token(1, 6, 0), innocent_key));
    }

    #[test]
    fn rows_round_trip() {
        let targets = [
            Target::Client("c".into()),
            Target::App("a".into()),
            Target::User("u".into()),
            Target::AppUser { app: "a".into(), user: "u".into() },
            Target::Developer("d".into()),
            Target::Product("p".into()),
            Target::Organization,
        ];
        let mut rows: Vec<_> = targets
            .into_iter()
            .map(|target| CutOffRow::CutOff(CutOff { target, ..cut_off(3, Reach::Access, Some(8)) }))
            .collect();
        rows.push(CutOffRow::CutOff(cut_off(3, Reach::Both, None)));
        rows.push(CutOffRow::Burn(Burn {
            number: 4,
            root: ROOT_A,
            hour: Some(3),
            kept_until: Timestamp::MAX,
        }));
        rows.push(CutOffRow::Burn(Burn {
            number: 4,
            root: ROOT_A,
            hour: None,
            kept_until: Timestamp::EPOCH,
        }));
        for row in rows {
            assert_eq!(CutOffRow::from_bytes(&row.to_bytes()), Ok(row));
        }
        for bytes in [&b""[..], b"\xa0", b"\xa2\x01\x01\x02\x02", b"\xa1\x14\x00"] {
            assert_eq!(CutOffRow::from_bytes(bytes), Err(Malformed));
        }
    }
}
