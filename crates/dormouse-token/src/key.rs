//! Roots and the keys derived from them: one AES-256-GCM key per root, store epoch, kind, organization and hour.

use crate::cbor::infallible;
use crate::{Entropy, KeyId, RootId, StoreEpoch, random};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{digest, hkdf};
use minicbor::Encoder;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use zeroize::Zeroizing;

/// 256 random bits that keys derive from.
#[derive(Clone)]
pub struct Root {
    id: RootId,
    secret: Zeroizing<[u8; ROOT_LEN]>,
}

impl Root {
    /// A root from its secret bytes.
    pub fn new(secret: [u8; ROOT_LEN]) -> Self {
        let secret = Zeroizing::new(secret);
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(b"dormouse-root-1");
        context.update(&*secret);
        let mut id = [0; 8];
        id.copy_from_slice(&context.finish().as_ref()[..8]);
        Self { id: RootId(id), secret }
    }

    /// A fresh root.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self::new(random(entropy))
    }

    /// The name of this root in tokens.
    pub const fn id(&self) -> RootId {
        self.id
    }

    /// The secret bytes, for the key file alone.
    pub fn expose(&self) -> &[u8; ROOT_LEN] {
        &self.secret
    }

    /// Derives the AES-256-GCM key that `info` names (HKDF-SHA-256, RFC 5869, empty salt).
    fn derive(&self, info: &[u8]) -> SealingKey {
        let mut key = Zeroizing::new([0; 32]);
        let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(&*self.secret);
        let parts = [info];
        let filled = extracted.expand(&parts, hkdf::HKDF_SHA256).and_then(|okm| okm.fill(&mut *key));
        // HKDF of 32 bytes from a 32-byte hash cannot fail; an all-zero key must never be used all the same.
        if filled.is_err() {
            return SealingKey::broken();
        }
        SealingKey::new(&key)
    }

    /// The key that seals tokens of one kind, organization, epoch and hour.
    pub(crate) fn token_key(&self, context: &KeyContext<'_>) -> SealingKey {
        let mut info = Vec::with_capacity(64);
        let mut out = Encoder::new(&mut info);
        infallible(
            out.array(5)
                .and_then(|out| out.str("dormouse-seal-1"))
                .and_then(|out| out.bytes(&context.epoch.0))
                .and_then(|out| out.u8(context.kind))
                .and_then(|out| out.str(context.organization))
                .and_then(|out| out.u32(context.hour)),
        );
        self.derive(&info)
    }

    /// The key that seals wrapping keys: without epoch or hour, so that it outlives a restored store.
    pub(crate) fn wrapping_key(&self) -> SealingKey {
        let mut info = Vec::with_capacity(20);
        infallible(Encoder::new(&mut info).array(1).and_then(|out| out.str("dormouse-wrap-1")));
        self.derive(&info)
    }
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Root({})", self.id)
    }
}

/// What a token key depends on beside the root.
#[derive(Clone, Copy)]
pub(crate) struct KeyContext<'a> {
    pub(crate) epoch: StoreEpoch,
    /// [`crate::Kind::id`], or the number of another sealed form.
    pub(crate) kind: u8,
    pub(crate) organization: &'a str,
    pub(crate) hour: u32,
}

/// One AES-256-GCM key with the number of random IVs that were drawn for it on this node.
pub(crate) struct SealingKey {
    key: Option<LessSafeKey>,
    sealed: AtomicU32,
}

impl SealingKey {
    pub(crate) fn new(bytes: &[u8; 32]) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, bytes).ok().map(LessSafeKey::new);
        Self { key, sealed: AtomicU32::new(0) }
    }

    const fn broken() -> Self {
        Self { key: None, sealed: AtomicU32::new(0) }
    }

    /// Encrypts `content` in place under a random IV that was already drawn, appending the tag. `None` when the key has
    /// served its limit: with random 96-bit IVs, 2^32 per key bound the risk of a repeat (NIST SP 800-38D §8.3).
    pub(crate) fn seal(&self, iv: [u8; NONCE_LEN], aad: &[u8], content: &mut Vec<u8>) -> Option<()> {
        if self.sealed.load(Ordering::Relaxed) >= SEALED_MAX {
            return None;
        }
        self.sealed.fetch_add(1, Ordering::Relaxed);
        self.key
            .as_ref()?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(iv), Aad::from(aad), content)
            .ok()
    }

    /// Decrypts and authenticates.
    pub(crate) fn open<'c>(
        &self,
        iv: [u8; NONCE_LEN],
        aad: &[u8],
        content: &'c mut [u8],
    ) -> Option<&'c mut [u8]> {
        let nonce = Nonce::assume_unique_for_key(iv);
        self.key.as_ref()?.open_in_place(nonce, Aad::from(aad), content).ok()
    }

    #[cfg(test)]
    pub(crate) fn pretend_sealed(&self, count: u32) {
        self.sealed.store(count, Ordering::Relaxed);
    }
}

impl KeyId {
    /// The key identifier of a root and an hour.
    pub const fn new(root: RootId, hour: u32) -> Self {
        Self { root, hour }
    }
}

/// Bytes of a root.
pub const ROOT_LEN: usize = 32;

/// Tokens that one node seals under one key: a quarter of the limit of 2^32, so that four nodes stay below it together.
pub(crate) const SEALED_MAX: u32 = 1 << 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_exposes_its_secret_and_shows_its_name_alone() {
        let root = Root::new([9; 32]);
        assert_eq!(root.expose(), &[9; 32]);
        assert_eq!(format!("{root:?}"), format!("Root({})", root.id()));
    }

    #[test]
    fn a_broken_key_neither_seals_nor_opens() {
        let key = SealingKey::broken();
        assert_eq!(key.seal([0; NONCE_LEN], b"", &mut vec![1]), None);
        assert_eq!(key.open([0; NONCE_LEN], b"", &mut [0; 17]), None);
    }
}
