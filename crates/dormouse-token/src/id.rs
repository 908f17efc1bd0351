//! Fixed-size identifiers that travel inside tokens and key store rows.

use std::fmt;

/// 128 random bits that all tokens of one authorization share.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FamilyId(pub [u8; 16]);

/// The first 8 bytes of a hash of a root key: names it without revealing it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RootId(pub [u8; 8]);

/// An 8-byte hash of the proxy and policy, or of the endpoint, that issued a token.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub [u8; 8]);

/// 128 random bits drawn when a store is created or restored. Tokens of another epoch do not open.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoreEpoch(pub [u8; 16]);

/// 64 random bits that name one try to change a record, so that an unknown outcome can be resolved by reading.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Attempt(pub u64);

/// A root and an hour of issue: selects exactly one derived key per kind (the `kid` of a token).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId {
    /// The root that the key derives from.
    pub root: RootId,
    /// Hours since 1970.
    pub hour: u32,
}

impl KeyId {
    /// `root ‖ hour`, big-endian: the bytes of the `kid` header.
    pub fn to_bytes(self) -> [u8; 12] {
        let mut bytes = [0; 12];
        bytes[..8].copy_from_slice(&self.root.0);
        bytes[8..].copy_from_slice(&self.hour.to_be_bytes());
        bytes
    }

    /// The inverse of [`KeyId::to_bytes`].
    pub fn from_bytes(bytes: [u8; 12]) -> Self {
        let [r0, r1, r2, r3, r4, r5, r6, r7, hour @ ..] = bytes;
        Self { root: RootId([r0, r1, r2, r3, r4, r5, r6, r7]), hour: u32::from_be_bytes(hour) }
    }
}

/// Lower-case hexadecimal, the form in which identifiers are shown and logged.
fn hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

impl fmt::Display for FamilyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

impl fmt::Display for RootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

impl fmt::Display for StoreEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

impl fmt::Debug for FamilyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for RootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for StoreEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kid_is_root_then_big_endian_hour() {
        let id = KeyId { root: RootId(*b"abcdefgh"), hour: 0x0102_0304 };
        assert_eq!(&id.to_bytes(), b"abcdefgh\x01\x02\x03\x04");
        assert_eq!(KeyId::from_bytes(id.to_bytes()), id);
    }

    #[test]
    fn identifiers_print_as_hexadecimal() {
        assert_eq!(RootId([0, 1, 2, 3, 4, 5, 6, 255]).to_string(), "00010203040506ff");
        assert_eq!(format!("{:?}", RootId([0, 1, 2, 3, 4, 5, 6, 255])), "00010203040506ff");
        let (family, epoch, source) = (FamilyId([9; 16]), StoreEpoch([0xa; 16]), SourceId([0xb; 8]));
        assert_eq!(format!("{family} {family:?}"), format!("{0} {0}", "09".repeat(16)));
        assert_eq!(format!("{epoch} {epoch:?}"), format!("{0} {0}", "0a".repeat(16)));
        assert_eq!(format!("{source} {source:?}"), format!("{0} {0}", "0b".repeat(8)));
        assert_eq!(format!("{:?}", Attempt(255)), "00000000000000ff");
    }
}
