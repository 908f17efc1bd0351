//! Audit counters: what answers "who never redeems" without a row per token (TOKENS §8).

use crate::cbor::{self, Malformed, infallible};
use crate::{Grant, SourceId, Timestamp};
use minicbor::{Decoder, Encoder};
use std::time::Duration;

/// What is counted, and for whom. One total is kept per key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CounterKey {
    /// The client that the tokens belong to.
    pub client: Box<str>,
    /// The proxy and policy, or the endpoint, that issued the family.
    pub source: SourceId,
    /// The grant that the family began with.
    pub grant: Grant,
    /// The day on which the family was born: its cohort.
    pub day: u32,
    /// What happened.
    pub event: CountedEvent,
}

/// What happened to a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CountedEvent {
    /// A family with a refresh token began.
    Issued,
    /// A family was redeemed for the first time, at this age.
    FirstRedeemed(Age),
    /// A family was redeemed again.
    RedeemedAgain,
    /// A superseded token was answered with its successor within the grace window.
    Grace,
    /// A superseded token was presented outside any window.
    Replayed,
    /// GetOAuthV2Info, introspection or administration read a refresh token.
    LookedUp,
    /// Likewise, while nobody had redeemed the family: such a read validates nothing, and nothing came of it by then.
    LookedUpDormant,
    /// A foreign refresh token was imported.
    Imported,
    /// A family began whose first refresh token can be redeemed until then. Of no use once that has passed.
    SleepsUntil(Deadline),
    /// A family that would have slept until then was redeemed for the first time. Of no use once that has passed.
    Woke(Deadline),
}

/// When a refresh token that nobody redeems stops being dormant, rounded so that few different ones arise: to within a
/// 48th of the token's lifetime, or half a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Deadline(u64);

impl Deadline {
    /// The deadline of a token by its times. The same times give the same deadline.
    pub fn of(issued_at: Timestamp, expires_at: Timestamp) -> Self {
        let lifetime_ms = expires_at.as_ms().saturating_sub(issued_at.as_ms());
        let fits = |step: &&u64| **step <= lifetime_ms / DEADLINES_PER_LIFETIME;
        let step = STEPS_MS.iter().find(fits).copied().unwrap_or(1000);
        Self(expires_at.as_ms().saturating_add(step / 2) / step * (step / 1000))
    }

    /// The instant itself.
    pub const fn instant(self) -> Timestamp {
        Timestamp::from_ms(self.0.saturating_mul(1000))
    }
}

/// Age of a family at its first redemption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Age {
    /// Below one hour.
    Hour,
    /// Below one day.
    Day,
    /// Below one week.
    Week,
    /// Below thirty days.
    Month,
    /// Older.
    Older,
}

impl Age {
    /// Every bucket, youngest first.
    pub const ALL: [Self; 5] = [Self::Hour, Self::Day, Self::Week, Self::Month, Self::Older];

    /// The bucket of an age.
    pub fn of(age: Duration) -> Self {
        const DAY: Duration = Duration::from_hours(24);
        match age {
            age if age < Duration::from_hours(1) => Self::Hour,
            age if age < DAY => Self::Day,
            age if age < DAY * 7 => Self::Week,
            age if age < DAY * 30 => Self::Month,
            _ => Self::Older,
        }
    }
}

impl CountedEvent {
    fn id(self) -> u8 {
        match self {
            Self::Issued => 1,
            Self::RedeemedAgain => 2,
            Self::Grace => 3,
            Self::Replayed => 4,
            Self::LookedUp => 5,
            Self::Imported => 6,
            Self::SleepsUntil(_) => 7,
            Self::Woke(_) => 8,
            Self::LookedUpDormant => 9,
            Self::FirstRedeemed(Age::Hour) => 16,
            Self::FirstRedeemed(Age::Day) => 17,
            Self::FirstRedeemed(Age::Week) => 18,
            Self::FirstRedeemed(Age::Month) => 19,
            Self::FirstRedeemed(Age::Older) => 20,
        }
    }

    /// Until when the event matters, where it does not for good.
    pub const fn deadline(self) -> Option<Deadline> {
        match self {
            Self::SleepsUntil(deadline) | Self::Woke(deadline) => Some(deadline),
            _ => None,
        }
    }

    fn from_id(id: u8, deadline: Option<Deadline>) -> Option<Self> {
        if let Some(deadline) = deadline {
            return [Self::SleepsUntil(deadline), Self::Woke(deadline)]
                .into_iter()
                .find(|event| event.id() == id);
        }
        let plain = [
            Self::Issued,
            Self::RedeemedAgain,
            Self::Grace,
            Self::Replayed,
            Self::LookedUp,
            Self::LookedUpDormant,
            Self::Imported,
        ];
        plain.into_iter().chain(Age::ALL.map(Self::FirstRedeemed)).find(|event| event.id() == id)
    }
}

impl CounterKey {
    /// CBOR form, usable as a row key: equal keys have equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.client.len() + 32);
        let mut out = Encoder::new(&mut bytes);
        let deadline = self.event.deadline();
        infallible(
            out.array(if deadline.is_some() { 6 } else { 5 })
                .and_then(|out| out.str(&self.client))
                .and_then(|out| out.bytes(&self.source.0))
                .and_then(|out| out.u8(self.grant.id()))
                .and_then(|out| out.u32(self.day))
                .and_then(|out| out.u8(self.event.id()))
                .and_then(|out| match deadline {
                    Some(deadline) => out.u64(deadline.0),
                    None => Ok(out),
                }),
        );
        bytes
    }

    /// The inverse of [`CounterKey::to_bytes`].
    ///
    /// # Errors
    /// [`Malformed`] when the bytes are not a key of this version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut input = Decoder::new(bytes);
        let members = input.array()?;
        if !matches!(members, Some(5 | 6)) {
            return Err(Malformed);
        }
        let client = input.str()?.into();
        let source = SourceId(cbor::fixed(&mut input)?);
        let grant = Grant::from_id(input.u8()?).ok_or(Malformed)?;
        let day = input.u32()?;
        let id = input.u8()?;
        let deadline = if members == Some(6) { Some(Deadline(input.u64()?)) } else { None };
        let event = CountedEvent::from_id(id, deadline).ok_or(Malformed)?;
        let key = Self { client, source, grant, day, event };
        cbor::end(&input, bytes)?;
        Ok(key)
    }
}

/// What deadlines are rounded to, the coarsest first: days, quarters of a day, hours, tens of minutes, minutes, tens of
/// seconds. Seconds where none of them is fine enough.
const STEPS_MS: [u64; 6] = [86_400_000, 21_600_000, 3_600_000, 600_000, 60_000, 10_000];

/// At least so many different deadlines in a lifetime; with the steps above at most ten times as many.
const DEADLINES_PER_LIFETIME: u64 = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_round_trip_for_every_event() {
        let plain = (1..=6).chain([9]).chain(16..=20).map(|id| CountedEvent::from_id(id, None).unwrap());
        let dated = [7, 8].map(|id| CountedEvent::from_id(id, Some(Deadline(1_800_000_000))).unwrap());
        for event in plain.chain(dated) {
            let key = CounterKey {
                client: "c".into(),
                source: SourceId([1; 8]),
                grant: Grant::Password,
                day: 20_000,
                event,
            };
            assert_eq!(CounterKey::from_bytes(&key.to_bytes()), Ok(key));
        }
        for (id, deadline) in [(0, None), (7, None), (8, None), (1, Some(Deadline(1)))] {
            assert_eq!(CountedEvent::from_id(id, deadline), None, "{id}");
        }
        assert_eq!(CounterKey::from_bytes(b"\x85"), Err(Malformed));
    }

    #[test]
    fn ages_fall_into_buckets() {
        let hours = [0, 1, 23, 24, 167, 168, 719, 720];
        let buckets = hours.map(|hours| Age::of(Duration::from_hours(hours)));
        let expected =
            [Age::Hour, Age::Day, Age::Day, Age::Week, Age::Week, Age::Month, Age::Month, Age::Older];
        assert_eq!(buckets, expected);
    }

    #[track_caller]
    fn check(lifetime_s: u64, expires_at_ms: u64, expected_s: u64) {
        let expires_at = Timestamp::from_ms(expires_at_ms);
        let issued_at = expires_at.saturating_sub(Duration::from_secs(lifetime_s));
        assert_eq!(Deadline::of(issued_at, expires_at), Deadline(expected_s), "{lifetime_s}");
    }

    #[test]
    fn deadlines_are_as_fine_as_lifetimes_demand() {
        const NOON_MS: u64 = 1_800_014_400_000;
        check(0, 1_499, 1);
        check(2, NOON_MS + 1_499, NOON_MS / 1000 + 1);
        check(2, NOON_MS + 1_500, NOON_MS / 1000 + 2);
        check(240, NOON_MS + 4_999, NOON_MS / 1000);
        check(3600, NOON_MS + 31_000, NOON_MS / 1000 + 60);
        check(86_400, NOON_MS + 1_799_000, NOON_MS / 1000);
        check(86_400, NOON_MS + 1_800_000, NOON_MS / 1000 + 3600);
        check(30 * 86_400, 20_000 * DAY_MS + DAY_MS / 2, 20_001 * DAY_MS / 1000);
        check(700 * 86_400, 20_000 * DAY_MS + DAY_MS / 2 - 1, 20_000 * DAY_MS / 1000);
        assert!(Deadline::of(Timestamp::EPOCH, Timestamp::MAX).instant() > Timestamp::from_ms(u64::MAX / 2));
    }

    const DAY_MS: u64 = 86_400_000;
}
