//! Helpers for deterministic CBOR (RFC 8949 §4.2.1): what is written here has one spelling only.

use minicbor::{Decoder, Encoder};

/// The bytes are not what this version writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a record of a known form")]
pub struct Malformed;

impl From<minicbor::decode::Error> for Malformed {
    fn from(_: minicbor::decode::Error) -> Self {
        Self
    }
}

/// Unwraps an encoding result: a `Vec` accepts every write.
#[expect(clippy::needless_pass_by_value, reason = "the result of a call chain is passed on as it is")]
pub(crate) fn infallible<T>(result: Result<T, minicbor::encode::Error<std::convert::Infallible>>) {
    debug_assert!(result.is_ok(), "writing to a Vec cannot fail");
}

/// Demands that the input was read to its end.
pub(crate) fn end(input: &Decoder<'_>, bytes: &[u8]) -> Result<(), Malformed> {
    if input.position() == bytes.len() { Ok(()) } else { Err(Malformed) }
}

/// Reads a byte string of exactly `N` bytes.
pub(crate) fn fixed<const N: usize>(input: &mut Decoder<'_>) -> Result<[u8; N], Malformed> {
    input.bytes()?.try_into().map_err(|_| Malformed)
}

/// Collects the entries of a map with ascending integer keys, leaving out those without a value.
///
/// The map header needs the count, so values are encoded aside first.
pub(crate) struct MapWriter {
    entries: Vec<u8>,
    count: u64,
}

impl MapWriter {
    pub(crate) fn new() -> Self {
        Self { entries: Vec::with_capacity(160), count: 0 }
    }

    /// Appends `key` and what `write` writes. Keys must ascend, and negative ones descend behind all others.
    pub(crate) fn entry(&mut self, key: impl Into<i64>, write: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) {
        self.count += 1;
        let mut out = Encoder::new(&mut self.entries);
        infallible(out.i64(key.into()));
        write(&mut out);
    }

    pub(crate) fn bytes(&mut self, key: u8, value: &[u8]) {
        self.entry(key, |out| infallible(out.bytes(value)));
    }

    pub(crate) fn text(&mut self, key: u8, value: &str) {
        self.entry(key, |out| infallible(out.str(value)));
    }

    pub(crate) fn number(&mut self, key: u8, value: u64) {
        self.entry(key, |out| infallible(out.u64(value)));
    }

    /// Appends a number unless it is `default`.
    pub(crate) fn number_unless(&mut self, key: u8, value: u64, default: u64) {
        if value != default {
            self.number(key, value);
        }
    }

    /// Appends the entries of `other`, whose keys follow those of `self`.
    pub(crate) fn append(&mut self, other: &Self) {
        self.count += other.count;
        self.entries.extend_from_slice(&other.entries);
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.entries.len() + 2);
        infallible(Encoder::new(&mut out).map(self.count));
        out.extend_from_slice(&self.entries);
        out
    }
}
