//! Rows that are neither families nor cut-offs: imported tokens and overflow attributes, sealed, with what the store
//! must see to keep and expire them.

use crate::cbor::{self, Malformed, infallible};
use crate::{FamilyId, Kind, Timestamp};
use minicbor::{Decoder, Encoder};

/// Names a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowKey {
    /// An imported token: its kind and the keyed hash of its string under one version of the look-up key.
    Import {
        /// Code, access or refresh.
        kind: Kind,
        /// Version of the look-up key.
        version: u8,
        /// HMAC-SHA-256 of the string.
        hash: [u8; 32],
    },
    /// Attributes that a token was too small for.
    Overflow {
        /// Code or access.
        kind: Kind,
        /// The token's family.
        family: FamilyId,
        /// The token's generation.
        generation: u32,
    },
}

/// What a row holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Number of changes so far; a new row has 1.
    pub version: u64,
    /// The family that the row belongs to.
    pub family: FamilyId,
    /// The content, sealed as a record labelled with the key: claims of an import, attributes of an overflow.
    pub sealed: Box<[u8]>,
    /// Until when every node holds it in memory: the expiry of an imported access token; otherwise the epoch.
    pub resident_until: Timestamp,
    /// Until when it is kept.
    pub retention: Timestamp,
}

/// One change of a set that is applied whole or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowSwap {
    /// Which row.
    pub key: RowKey,
    /// The version that must be there; `None` demands that there is no row.
    pub expected: Option<u64>,
    /// What shall be there afterwards; `None` removes the row.
    pub next: Option<Row>,
}

impl RowKey {
    /// Bytes that order by type: usable as a row key, and as the label that sealed content is bound to.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Import { kind, version, hash } => [&[1, kind.id(), *version][..], hash].concat(),
            Self::Overflow { kind, family, generation } => {
                [&[2, kind.id()][..], &family.0, &generation.to_be_bytes()].concat()
            }
        }
    }

    /// The inverse of [`RowKey::to_bytes`].
    ///
    /// # Errors
    /// [`Malformed`] when the bytes are not a key of this version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let kind = |id: u8| Kind::ALL.into_iter().find(|kind| kind.id() == id).ok_or(Malformed);
        match bytes {
            [1, id, version, hash @ ..] => Ok(Self::Import {
                kind: kind(*id)?,
                version: *version,
                hash: hash.try_into().map_err(|_| Malformed)?,
            }),
            [2, id, rest @ ..] => {
                let (family, generation) = rest.split_first_chunk::<16>().ok_or(Malformed)?;
                Ok(Self::Overflow {
                    kind: kind(*id)?,
                    family: FamilyId(*family),
                    generation: u32::from_be_bytes(generation.try_into().map_err(|_| Malformed)?),
                })
            }
            _ => Err(Malformed),
        }
    }
}

impl Row {
    /// CBOR form, the same in every backend.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.sealed.len() + 48);
        infallible(
            Encoder::new(&mut bytes)
                .array(5)
                .and_then(|out| out.u64(self.version))
                .and_then(|out| out.bytes(&self.family.0))
                .and_then(|out| out.bytes(&self.sealed))
                .and_then(|out| out.u64(self.resident_until.as_ms()))
                .and_then(|out| out.u64(self.retention.as_ms())),
        );
        bytes
    }

    /// The inverse of [`Row::to_bytes`].
    ///
    /// # Errors
    /// [`Malformed`] when the bytes are not a row of this version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut input = Decoder::new(bytes);
        if input.array()? != Some(5) {
            return Err(Malformed);
        }
        let row = Self {
            version: input.u64()?,
            family: FamilyId(cbor::fixed(&mut input)?),
            sealed: input.bytes()?.into(),
            resident_until: Timestamp::from_ms(input.u64()?),
            retention: Timestamp::from_ms(input.u64()?),
        };
        cbor::end(&input, bytes)?;
        Ok(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_rows_round_trip() {
        let keys = [
            RowKey::Import { kind: Kind::Refresh, version: 3, hash: [7; 32] },
            RowKey::Overflow { kind: Kind::Access, family: FamilyId([1; 16]), generation: 70_000 },
        ];
        for key in keys {
            let bytes = key.to_bytes();
            assert_eq!(RowKey::from_bytes(&bytes), Ok(key));
            assert_eq!(RowKey::from_bytes(&bytes[..bytes.len() - 1]), Err(Malformed));
        }
        assert_eq!(RowKey::from_bytes(&[1, 9, 0]), Err(Malformed));
        let row = Row {
            version: 1,
            family: FamilyId([2; 16]),
            sealed: Box::from(*b"sealed"),
            resident_until: Timestamp::from_ms(5),
            retention: Timestamp::from_ms(6),
        };
        assert_eq!(Row::from_bytes(&row.to_bytes()), Ok(row.clone()));
        assert_eq!(Row::from_bytes(&[&row.to_bytes()[..], &[0]].concat()), Err(Malformed));
    }
}
