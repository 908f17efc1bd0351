//! Audit counters: what answers "who never redeems" without a row per token (TOKENS §8).

use crate::cbor::{self, Malformed, infallible};
use crate::{Grant, SourceId};
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
    /// A foreign refresh token was imported.
    Imported,
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
            Self::FirstRedeemed(Age::Hour) => 16,
            Self::FirstRedeemed(Age::Day) => 17,
            Self::FirstRedeemed(Age::Week) => 18,
            Self::FirstRedeemed(Age::Month) => 19,
            Self::FirstRedeemed(Age::Older) => 20,
        }
    }

    fn from_id(id: u8) -> Option<Self> {
        let plain =
            [Self::Issued, Self::RedeemedAgain, Self::Grace, Self::Replayed, Self::LookedUp, Self::Imported];
        plain.into_iter().chain(Age::ALL.map(Self::FirstRedeemed)).find(|event| event.id() == id)
    }
}

impl CounterKey {
    /// CBOR form, usable as a row key: equal keys have equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.client.len() + 24);
        infallible(
            Encoder::new(&mut bytes)
                .array(5)
                .and_then(|out| out.str(&self.client))
                .and_then(|out| out.bytes(&self.source.0))
                .and_then(|out| out.u8(self.grant.id()))
                .and_then(|out| out.u32(self.day))
                .and_then(|out| out.u8(self.event.id())),
        );
        bytes
    }

    /// The inverse of [`CounterKey::to_bytes`].
    ///
    /// # Errors
    /// [`Malformed`] when the bytes are not a key of this version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut input = Decoder::new(bytes);
        if input.array()? != Some(5) {
            return Err(Malformed);
        }
        let key = Self {
            client: input.str()?.into(),
            source: SourceId(cbor::fixed(&mut input)?),
            grant: Grant::from_id(input.u8()?).ok_or(Malformed)?,
            day: input.u32()?,
            event: CountedEvent::from_id(input.u8()?).ok_or(Malformed)?,
        };
        cbor::end(&input, bytes)?;
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_round_trip_for_every_event() {
        let plain = (1..=6).chain(16..=20).map(|id| CountedEvent::from_id(id).unwrap());
        for event in plain {
            let key = CounterKey {
                client: "c".into(),
                source: SourceId([1; 8]),
                grant: Grant::Password,
                day: 20_000,
                event,
            };
            assert_eq!(CounterKey::from_bytes(&key.to_bytes()), Ok(key));
        }
        assert_eq!(CountedEvent::from_id(0), None);
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
}
