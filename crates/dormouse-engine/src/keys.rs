//! Keys that live in the store, sealed under the roots: the wrapping key of secrets, the look-up keys of imports, and the key
//! of the digests of provisioned entries.
//!
//! They are apart from the sealing roots, so that burning a root or restoring a store does not lose client secrets, and
//! versioned: a look-up key is never retired while rows use it (TOKENS §1). What a burned root sealed of them is renewed by
//! [`crate::Engine::renew_keys`].

use crate::error::{Error, Unavailable};
use crate::start::StartError;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use dormouse_entity::DigestKey;
use dormouse_token::{
    Collection, Document, DocumentKey, DocumentWrite, Entropy, Expected, KeyRing, Kind, RootId, RowKey,
    Store, random,
};
use std::collections::BTreeMap;

/// The keys of one moment, newest version last.
pub(crate) struct Keys {
    wrapping: Vec<(u8, LessSafeKey)>,
    look_up: Vec<(u8, hmac::Key)>,
    digests: DigestKey,
    /// What they were read from.
    documents: BTreeMap<DocumentKey, Document>,
}

impl Keys {
    /// Reads the keys of the store, making the first of each kind when there is none.
    pub(crate) async fn load(
        store: &dyn Store,
        ring: &KeyRing,
        entropy: &dyn Entropy,
    ) -> Result<Self, StartError> {
        loop {
            let documents = store.documents(Collection::Keys).await?;
            let missing: &[&str] = if documents.is_empty() {
                &[WRAPPING, LOOK_UP, DIGEST]
            } else if let Some(keys) = Self::read(documents.into_iter().collect(), ring)? {
                return Ok(keys);
            } else {
                // A store from before there were digests.
                &[DIGEST]
            };
            // When another node is first, the next round reads what it wrote.
            let first: Result<_, Error> =
                missing.iter().map(|prefix| fresh(prefix, FIRST_VERSION, ring, entropy)).collect();
            store.write_documents(first?).await?;
        }
    }

    /// The keys; none while only the key of the digests is missing.
    pub(crate) fn read(
        documents: BTreeMap<DocumentKey, Document>,
        ring: &KeyRing,
    ) -> Result<Option<Self>, StartError> {
        let (mut wrapping, mut look_up, mut digests) = (Vec::new(), Vec::new(), None);
        for (key, document) in &documents {
            let secret = ring.unwrap(&document.value).map_err(|_| StartError::ForeignKeys)?;
            if let Some(version) = version(key, WRAPPING) {
                let key = UnboundKey::new(&AES_256_GCM, &secret).map_err(|_| StartError::ForeignKeys)?;
                wrapping.push((version, LessSafeKey::new(key)));
            } else if let Some(version) = version(key, LOOK_UP) {
                look_up.push((version, hmac::Key::new(hmac::HMAC_SHA256, &secret)));
            } else if version(key, DIGEST) == Some(FIRST_VERSION) {
                let secret = secret.as_slice().try_into().map_err(|_| StartError::ForeignKeys)?;
                digests = Some(DigestKey::new(secret));
            }
        }
        wrapping.sort_by_key(|(version, _)| *version);
        look_up.sort_by_key(|(version, _)| *version);
        if wrapping.is_empty() || look_up.is_empty() {
            return Err(StartError::ForeignKeys);
        }
        Ok(digests.map(|digests| Self { wrapping, look_up, digests, documents }))
    }

    /// The keys after some documents changed; none when they do not open here, as where a root is missing.
    pub(crate) fn after<'c>(
        &self,
        changes: impl Iterator<Item = (&'c DocumentKey, Option<&'c Document>)>,
        ring: &KeyRing,
    ) -> Option<Self> {
        let mut documents = self.documents.clone();
        for (key, document) in changes {
            match document {
                Some(document) => drop(documents.insert(key.clone(), document.clone())),
                None => drop(documents.remove(key)),
            }
        }
        Self::read(documents, ring).ok().flatten()
    }

    /// The key of the digests of what was applied from entity files.
    pub(crate) const fn digests(&self) -> &DigestKey {
        &self.digests
    }

    /// Seals a stored secret: `version ‖ IV ‖ ciphertext`.
    pub(crate) fn wrap(&self, plain: &[u8], entropy: &dyn Entropy) -> Option<Vec<u8>> {
        let (version, key) = self.wrapping.last()?;
        let iv: [u8; NONCE_LEN] = random(entropy);
        let mut content = plain.to_vec();
        let nonce = Nonce::assume_unique_for_key(iv);
        key.seal_in_place_append_tag(nonce, Aad::from(SECRET_AAD), &mut content).ok()?;
        Some([&[*version][..], &iv, &content].concat())
    }

    /// Opens what [`Keys::wrap`] sealed.
    pub(crate) fn unwrap(&self, wrapped: &[u8]) -> Option<Vec<u8>> {
        let (version, rest) = wrapped.split_first()?;
        let (iv, content) = rest.split_first_chunk::<NONCE_LEN>()?;
        let (_, key) = self.wrapping.iter().find(|(own, _)| own == version)?;
        let mut content = content.to_vec();
        let nonce = Nonce::assume_unique_for_key(*iv);
        let plain = key.open_in_place(nonce, Aad::from(SECRET_AAD), &mut content).ok()?;
        Some(plain.to_vec())
    }

    /// Whether a sealed secret is of the version that seals.
    pub(crate) fn is_current(&self, version: u8) -> bool {
        self.wrapping.last().is_some_and(|(current, _)| *current == version)
    }

    /// A write that changes nothing and is refused once another version seals: written together with what this version
    /// sealed, it keeps that from coming in behind the back of whoever re-seals.
    pub(crate) fn guard(&self) -> Option<DocumentWrite> {
        let (version, _) = self.wrapping.last()?;
        let key = document_key(WRAPPING, *version);
        let document = self.documents.get(&key)?;
        let (expected, value) = (Expected::Version(document.version), Some(document.value.clone()));
        Some(DocumentWrite { key, expected, value })
    }

    /// The rows that a foreign string may stand in, newest look-up key first.
    pub(crate) fn import_keys(&self, kind: Kind, token: &str) -> impl Iterator<Item = RowKey> {
        self.look_up.iter().rev().map(move |(version, key)| {
            let mut hash = [0; 32];
            hash.copy_from_slice(hmac::sign(key, token.as_bytes()).as_ref());
            RowKey::Import { kind, version: *version, hash }
        })
    }

    /// The writes that put every key that such a root sealed under the one that seals, and begin a new version of the
    /// wrapping key. All of them or none; none at all when no such root sealed anything.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when a key does not open or cannot be sealed.
    pub(crate) fn renewal(
        &self,
        is_burned: impl Fn(RootId) -> bool,
        ring: &KeyRing,
        entropy: &dyn Entropy,
    ) -> Result<Vec<DocumentWrite>, Error> {
        let burned = |document: &Document| KeyRing::wrapped_by(&document.value).is_some_and(&is_burned);
        let mut writes = Vec::new();
        for (key, document) in self.documents.iter().filter(|(_, document)| burned(document)) {
            let secret = ring.unwrap(&document.value).map_err(|_| Unavailable::Sealed)?;
            let expected = Expected::Version(document.version);
            let value = Some(ring.wrap(&secret, entropy)?.into());
            writes.push(DocumentWrite { key: key.clone(), expected, value });
        }
        if !writes.is_empty() {
            let last = self.wrapping.last().map_or(0, |(version, _)| *version);
            let next = last.checked_add(1).ok_or(Unavailable::Sealed)?;
            writes.push(fresh(WRAPPING, next, ring, entropy)?);
        }
        Ok(writes)
    }

    /// The removals of every version of the wrapping key that does not seal any more.
    pub(crate) fn retirement(&self) -> Vec<DocumentWrite> {
        let earlier = self.wrapping.split_last().map_or(&[][..], |(_, earlier)| earlier);
        let remove = |(version, _): &(u8, LessSafeKey)| {
            let key = document_key(WRAPPING, *version);
            let expected = Expected::Version(self.documents.get(&key)?.version);
            Some(DocumentWrite { key, expected, value: None })
        };
        earlier.iter().filter_map(remove).collect()
    }
}

/// A fresh key, as a version of its kind.
fn fresh(prefix: &str, version: u8, ring: &KeyRing, entropy: &dyn Entropy) -> Result<DocumentWrite, Error> {
    let sealed = ring.wrap(&random::<32>(entropy), entropy)?;
    Ok(DocumentWrite {
        key: document_key(prefix, version),
        expected: Expected::Absent,
        value: Some(sealed.into()),
    })
}

fn document_key(prefix: &str, version: u8) -> DocumentKey {
    DocumentKey { collection: Collection::Keys, name: format!("{prefix}{version}").into() }
}

fn version(key: &DocumentKey, prefix: &str) -> Option<u8> {
    key.name.strip_prefix(prefix)?.parse().ok()
}

const SECRET_AAD: &[u8] = b"dormouse-secret-1";
const WRAPPING: &str = "wrapping/";
const LOOK_UP: &str = "look-up/";
/// Never replaced: what was applied could not be told from what was not.
const DIGEST: &str = "digest/";
const FIRST_VERSION: u8 = 1;
