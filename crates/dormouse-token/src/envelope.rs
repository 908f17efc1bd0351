//! The bytes around a sealed content: one layout of `COSE_Encrypt0` (RFC 9052 §5.2) and its associated data (§5.3).

use crate::KeyId;
use crate::cbor::infallible;
use minicbor::{Decoder, Encoder};

/// The parts of a `COSE_Encrypt0` that sealing wrote. There is one layout, so reading compares rather than parses.
pub(crate) struct Layout {
    pub(crate) key_id: KeyId,
    pub(crate) iv: [u8; 12],
    /// Where ciphertext and tag begin; they reach to the end.
    pub(crate) content: usize,
}

impl Layout {
    /// `None` when the bytes are laid out in any other way.
    pub(crate) fn read(sealed: &[u8]) -> Option<Self> {
        let rest = sealed.strip_prefix(&[0x83, 0x58, PROTECTED_LEN])?;
        let (protected, rest) = rest.split_at_checked(PROTECTED_LEN.into())?;
        let kid = protected.strip_prefix(KID_HEADER)?.first_chunk::<12>()?;
        let iv = protected.get(KID_HEADER.len() + 12..)?.strip_prefix(IV_HEADER)?.first_chunk::<12>()?;
        let bytes = rest.strip_prefix(&[0xa0])?;
        let mut input = Decoder::new(bytes);
        let content = input.bytes().ok()?;
        let header = input.position() - content.len();
        let shortest = match content.len() {
            0..=23 => 1,
            24..=255 => 2,
            256..=65_535 => 3,
            _ => 5,
        };
        if header != shortest || input.position() != bytes.len() || content.len() < TAG_LEN {
            return None;
        }
        let content = sealed.len() - content.len();
        Some(Self { key_id: KeyId::from_bytes(*kid), iv: *iv, content })
    }
}

/// `{1: 3, 4: kid, 5: IV}`: algorithm A256GCM, key identifier, initialization vector.
pub(crate) fn protected_header(key: KeyId, iv: [u8; 12]) -> Vec<u8> {
    [KID_HEADER, &key.to_bytes(), IV_HEADER, &iv].concat()
}

/// `Enc_structure` of RFC 9052 §5.3: binds the protected header, the kind and the organization.
pub(crate) fn associated_data(protected: &[u8], kind: u8, organization: &str) -> Vec<u8> {
    let mut external = Vec::with_capacity(organization.len() + 8);
    infallible(
        Encoder::new(&mut external)
            .array(2)
            .and_then(|out| out.u8(kind))
            .and_then(|out| out.str(organization)),
    );
    let mut aad = Vec::with_capacity(protected.len() + external.len() + 16);
    infallible(
        Encoder::new(&mut aad)
            .array(3)
            .and_then(|out| out.str("Encrypt0"))
            .and_then(|out| out.bytes(protected))
            .and_then(|out| out.bytes(&external)),
    );
    aad
}

/// The whole envelope around `content`, which is ciphertext and tag.
pub(crate) fn write(protected: &[u8], content: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(content.len() + protected.len() + 9);
    infallible(
        Encoder::new(&mut sealed)
            .array(3)
            .and_then(|out| out.bytes(protected))
            .and_then(|out| out.map(0))
            .and_then(|out| out.bytes(content)),
    );
    sealed
}

const KID_HEADER: &[u8] = &[0xa3, 0x01, 0x03, 0x04, 0x4c];
const IV_HEADER: &[u8] = &[0x05, 0x4c];
const PROTECTED_LEN: u8 = 31;
/// Bytes of the authentication tag behind the ciphertext.
pub(crate) const TAG_LEN: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RootId;

    #[track_caller]
    fn check(sealed: &[u8], content: Option<usize>) {
        let layout = Layout::read(sealed);
        assert_eq!(layout.map(|layout| layout.content), content, "{sealed:02x?}");
    }

    fn sealed(content: &[u8]) -> Vec<u8> {
        write(&protected_header(KeyId::new(RootId([1; 8]), 2), [3; 12]), content)
    }

    #[test]
    fn what_is_written_is_read_back() {
        for (length, content) in
            [(16, 36), (23, 36), (24, 37), (255, 37), (256, 38), (65_535, 38), (65_536, 40)]
        {
            check(&sealed(&vec![7; length]), Some(content));
        }
        let layout = Layout::read(&sealed(&[7; 16])).unwrap();
        assert_eq!((layout.key_id, layout.iv), (KeyId::new(RootId([1; 8]), 2), [3; 12]));
    }

    #[test]
    fn any_other_layout_is_refused() {
        let good = sealed(&[7; 23]);
        let with = |header: &[u8]| [&good[..35], header, &good[36..]].concat();
        check(&with(&[0x57]), Some(36));
        for header in
            [&[0x58, 23][..], &[0x59, 0, 23], &[0x5a, 0, 0, 0, 23], &[0x56], &[0x58, 24], &[0x77], &[0x5f]]
        {
            check(&with(header), None);
        }
        for index in (0..8).chain([20, 21, 34]) {
            let mut changed = good.clone();
            changed[index] ^= 1;
            check(&changed, None);
        }
        for length in 0..good.len() {
            check(&good[..length], None);
        }
        check(&[&good[..], &[0]].concat(), None);
        check(&sealed(&[7; 15]), None);
    }
}
