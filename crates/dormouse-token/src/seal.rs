//! Sealing and opening: prefix, unpadded base64url, `COSE_Encrypt0` (RFC 9052 §5.2) around the claims.
//!
//! Opening refuses before any look-up whatever is not exactly what sealing writes. `docs/token-format.md` fixes every byte.

use crate::cbor::infallible;
use crate::envelope::{Layout, TAG_LEN, associated_data, protected_header, write};
use crate::key::{KeyContext, Root, SealingKey};
use crate::{Claims, Entropy, KeyId, Kind, RootId, StoreEpoch, Timestamp, random};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use minicbor::{Decoder, Encoder};
use quick_cache::sync::Cache;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

/// The roots of a process and the keys that were derived from them.
pub struct KeyRing {
    roots: Vec<Root>,
    sealing: usize,
    epoch: StoreEpoch,
    organization: Box<str>,
    keys: Cache<(usize, u8, u32), Arc<SealingKey>>,
}

/// Why a text is not a token of ours. Callers answer all of these alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Longer than [`TOKEN_LEN_MAX`].
    #[error("longer than {TOKEN_LEN_MAX} bytes")]
    TooLong,
    /// No prefix of ours: perhaps an imported token.
    #[error("no prefix of this service")]
    Foreign,
    /// A token of another kind.
    #[error("a token of another kind")]
    OtherKind,
    /// Not the one spelling that sealing writes.
    #[error("not a well-formed sealed token")]
    Malformed,
    /// Sealed under a root that is not loaded.
    #[error("sealed under an unknown root")]
    UnknownRoot,
    /// The hour of issue lies in the future.
    #[error("its hour of issue lies in the future")]
    FromTheFuture,
    /// The hour of issue is older than any token may be.
    #[error("its hour of issue is older than any token may be")]
    Ancient,
    /// Does not authenticate: forged, damaged, or of another organization, epoch or kind.
    #[error("does not authenticate under its key")]
    NotAuthentic,
    /// It, its partner or its family claims to live longer than any token may.
    #[error("its lifetime exceeds the cap")]
    LifetimeAboveCap,
}

/// Why nothing was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The key of this hour has sealed as many tokens as is safe with random IVs.
    #[error("the key of this hour has reached its limit of sealed tokens; the next hour brings a new one")]
    KeyExhausted,
    /// The key's root is not loaded.
    #[error("the root of the key is not loaded")]
    UnknownRoot,
    /// The key belongs to another hour than the time of issue.
    #[error("the key belongs to another hour than the time of issue")]
    OtherHour,
    /// It, its partner or its family would live longer than any token may.
    #[error("its lifetime exceeds the cap")]
    LifetimeAboveCap,
    /// The claims make a token longer than [`TOKEN_LEN_MAX`], which nobody would open.
    #[error(
        "the token would be longer than {TOKEN_LEN_MAX} bytes; its attributes, scope or redirect URI are too long"
    )]
    TooLong,
}

/// Why a set of roots cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RingError {
    /// Two roots with one name: a token's `kid` would not select one key.
    #[error("root {0} is listed twice")]
    DuplicateRoot(RootId),
    /// The root that shall seal is not in the list.
    #[error("the sealing root {0} is not among the roots")]
    NoSealingRoot(RootId),
}

impl KeyRing {
    /// A ring in which every root of `roots` opens and `sealing` seals.
    ///
    /// # Errors
    /// [`RingError`] when a root occurs twice or `sealing` is absent.
    pub fn new(
        roots: Vec<Root>,
        sealing: RootId,
        epoch: StoreEpoch,
        organization: impl Into<Box<str>>,
    ) -> Result<Self, RingError> {
        for (index, root) in roots.iter().enumerate() {
            if roots.iter().take(index).any(|other| other.id() == root.id()) {
                return Err(RingError::DuplicateRoot(root.id()));
            }
        }
        let sealing =
            roots.iter().position(|root| root.id() == sealing).ok_or(RingError::NoSealingRoot(sealing))?;
        Ok(Self { roots, sealing, epoch, organization: organization.into(), keys: Cache::new(CACHED_KEYS) })
    }

    /// The key identifier for tokens issued at `issued_at`.
    pub fn key_id(&self, issued_at: Timestamp) -> KeyId {
        KeyId::new(self.sealing_root().id(), issued_at.hour())
    }

    /// The root that seals.
    pub fn sealing_root(&self) -> &Root {
        &self.roots[self.sealing]
    }

    /// Every root that opens.
    pub fn roots(&self) -> &[Root] {
        &self.roots
    }

    /// The organization that tokens are bound to.
    pub fn organization(&self) -> &str {
        &self.organization
    }

    /// The store epoch that tokens are bound to.
    pub const fn epoch(&self) -> StoreEpoch {
        self.epoch
    }

    /// Seals `claims` under `key`: [`KeyRing::key_id`] of its time of issue for a new token, the presented token's for a
    /// twin.
    ///
    /// # Errors
    /// [`SealError`] when the key is exhausted, unknown or of another hour, and for whatever [`KeyRing::open`] would refuse.
    pub fn seal(&self, claims: &Claims, key: KeyId, entropy: &dyn Entropy) -> Result<String, SealError> {
        if claims.issued_at.hour() != key.hour {
            return Err(SealError::OtherHour);
        }
        if lifetime(claims) > LIFETIME_MAX + LIFETIME_SLACK {
            return Err(SealError::LifetimeAboveCap);
        }
        let sealed = self.seal_bytes(claims.encode(key), claims.kind.id(), key, entropy)?;
        let prefix = claims.kind.prefix();
        let mut token = String::with_capacity(prefix.len() + sealed.len().div_ceil(3) * 4);
        token.push_str(prefix);
        URL_SAFE_NO_PAD.encode_string(&sealed, &mut token);
        if token.len() > TOKEN_LEN_MAX { Err(SealError::TooLong) } else { Ok(token) }
    }

    /// Opens a token of `kind` at time `now`. It says nothing yet about expiry, revocation or the client.
    ///
    /// # Errors
    /// [`OpenError`], before any look-up in a store.
    pub fn open(&self, token: &str, kind: Kind, now: Timestamp) -> Result<(Claims, KeyId), OpenError> {
        if token.len() > TOKEN_LEN_MAX {
            return Err(OpenError::TooLong);
        }
        let own = Kind::of(token).ok_or(OpenError::Foreign)?;
        if own != kind {
            return Err(OpenError::OtherKind);
        }
        let text = token.get(kind.prefix().len()..).ok_or(OpenError::Malformed)?;
        // The engine refuses padding and non-zero trailing bits, so that one byte string has one spelling.
        let mut sealed = URL_SAFE_NO_PAD.decode(text).map_err(|_| OpenError::Malformed)?;
        let (key, plain) = self.open_bytes(&mut sealed, kind.id(), now)?;
        let claims = Claims::decode(plain, kind, key).map_err(|_| OpenError::Malformed)?;
        if lifetime(&claims) > LIFETIME_MAX + LIFETIME_SLACK {
            return Err(OpenError::LifetimeAboveCap);
        }
        Ok((claims, key))
    }

    /// Seals bytes that are no token: overflow attributes, imported tokens, edits. `label` binds them to their place.
    ///
    /// # Errors
    /// [`SealError`] when the key of the hour of `now` is exhausted.
    pub fn seal_record(
        &self,
        label: &[u8],
        plain: &[u8],
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, SealError> {
        self.seal_bytes(record(label, plain), RECORD_KIND, self.key_id(now), entropy)
    }

    /// Opens what [`KeyRing::seal_record`] sealed under the same label, with the key that sealed it.
    ///
    /// # Errors
    /// [`OpenError`] as for a token; [`OpenError::NotAuthentic`] for another label.
    pub fn open_record(
        &self,
        label: &[u8],
        sealed: &[u8],
        now: Timestamp,
    ) -> Result<(Vec<u8>, KeyId), OpenError> {
        let mut sealed = sealed.to_vec();
        let (key, content) = self.open_bytes(&mut sealed, RECORD_KIND, now)?;
        let mut input = Decoder::new(content);
        if input.array().ok().flatten() != Some(2) {
            return Err(OpenError::Malformed);
        }
        let own = input.bytes().map_err(|_| OpenError::Malformed)?;
        if own != label {
            return Err(OpenError::NotAuthentic);
        }
        let plain = input.bytes().map_err(|_| OpenError::Malformed)?;
        if record(label, plain) != content {
            return Err(OpenError::Malformed);
        }
        Ok((plain.to_vec(), key))
    }

    /// Seals a wrapping key under the sealing root, without epoch or hour: `root id ‖ IV ‖ ciphertext`. It happens when a
    /// root is made or burned, so that its random IVs stay far below the limit without being counted.
    ///
    /// # Errors
    /// [`SealError::KeyExhausted`] when the cipher refuses, which it does for no content that fits into memory.
    pub fn wrap(&self, plain: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, SealError> {
        let root = self.sealing_root();
        let iv = random(entropy);
        let mut content = plain.to_vec();
        root.wrapping_key().seal(iv, WRAP_AAD, &mut content).ok_or(SealError::KeyExhausted)?;
        Ok([&root.id().0, &iv[..], &content].concat())
    }

    /// Opens what [`KeyRing::wrap`] sealed, under whichever root sealed it.
    ///
    /// # Errors
    /// [`OpenError`] when the root is unknown or the bytes do not authenticate.
    pub fn unwrap(&self, wrapped: &[u8]) -> Result<Vec<u8>, OpenError> {
        let (id, rest) = wrapped.split_first_chunk::<8>().ok_or(OpenError::Malformed)?;
        let (iv, content) = rest.split_first_chunk::<12>().ok_or(OpenError::Malformed)?;
        let root = self.roots.iter().find(|root| root.id().0 == *id).ok_or(OpenError::UnknownRoot)?;
        let mut content = content.to_vec();
        let plain = root.wrapping_key().open(*iv, WRAP_AAD, &mut content).ok_or(OpenError::NotAuthentic)?;
        Ok(plain.to_vec())
    }

    /// The root that sealed what [`KeyRing::wrap`] made; none for bytes that it did not make.
    pub fn wrapped_by(wrapped: &[u8]) -> Option<RootId> {
        wrapped.split_first_chunk::<8>().map(|(id, _)| RootId(*id))
    }

    fn seal_bytes(
        &self,
        mut content: Vec<u8>,
        kind: u8,
        key_id: KeyId,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, SealError> {
        let root = self.root_index(key_id.root).ok_or(SealError::UnknownRoot)?;
        let key = self.cached((root, kind, key_id.hour), || self.derive(root, kind, key_id.hour));
        let iv = random(entropy);
        let protected = protected_header(key_id, iv);
        let aad = associated_data(&protected, kind, &self.organization);
        content.reserve(TAG_LEN);
        key.seal(iv, &aad, &mut content).ok_or(SealError::KeyExhausted)?;
        Ok(write(&protected, &content))
    }

    fn open_bytes<'b>(
        &self,
        sealed: &'b mut [u8],
        kind: u8,
        now: Timestamp,
    ) -> Result<(KeyId, &'b [u8]), OpenError> {
        let Layout { key_id, iv, content } = Layout::read(sealed).ok_or(OpenError::Malformed)?;
        let issued = Timestamp::from_hour(key_id.hour);
        if issued > now.saturating_add(CLOCK_SKEW_MAX) {
            return Err(OpenError::FromTheFuture);
        }
        if issued < now.saturating_sub(LIFETIME_MAX + RETENTION_MARGIN) {
            return Err(OpenError::Ancient);
        }
        let root = self.root_index(key_id.root).ok_or(OpenError::UnknownRoot)?;
        let protected = protected_header(key_id, iv);
        let aad = associated_data(&protected, kind, &self.organization);
        let content = sealed.get_mut(content..).ok_or(OpenError::Malformed)?;
        let slot = (root, kind, key_id.hour);
        if let Some(key) = self.keys.get(&slot) {
            return key.open(iv, &aad, content).map(|plain| (key_id, &*plain)).ok_or(OpenError::NotAuthentic);
        }
        let key = self.derive(root, kind, key_id.hour);
        let plain = key.open(iv, &aad, content).ok_or(OpenError::NotAuthentic)?;
        // Only a key that opened something enters the cache: a flood of invented hours evicts nothing.
        self.cached(slot, || key);
        Ok((key_id, plain))
    }

    /// The key of a slot, which stays the one that is there: a second key would count its IVs from zero.
    fn cached(&self, slot: (usize, u8, u32), key: impl FnOnce() -> SealingKey) -> Arc<SealingKey> {
        let Ok(key) = self.keys.get_or_insert_with(&slot, || Ok::<_, Infallible>(Arc::new(key())));
        key
    }

    fn derive(&self, root: usize, kind: u8, hour: u32) -> SealingKey {
        let context = KeyContext { epoch: self.epoch, kind, organization: &self.organization, hour };
        self.roots[root].token_key(&context)
    }

    fn root_index(&self, id: RootId) -> Option<usize> {
        self.roots.iter().position(|root| root.id() == id)
    }
}

/// The content of a sealed record: `[label, plain]`.
fn record(label: &[u8], plain: &[u8]) -> Vec<u8> {
    let mut content = Vec::with_capacity(label.len() + plain.len() + 12);
    infallible(
        Encoder::new(&mut content).array(2).and_then(|out| out.bytes(label)).and_then(|out| out.bytes(plain)),
    );
    content
}

/// From the time of issue to the latest expiry that the claims speak of: a twin and a kept record live no longer either.
fn lifetime(claims: &Claims) -> Duration {
    let partner = claims.partner.as_ref().map_or(Timestamp::EPOCH, |partner| partner.expires_at);
    claims.expires_at.max(partner).max(claims.family_expires_at).since(claims.issued_at)
}

/// Longest token that is looked at.
pub const TOKEN_LEN_MAX: usize = 16 * 1024;

/// Longest lifetime of any token: two years. "Unlimited" is this, and reported.
pub const LIFETIME_MAX: Duration = Duration::from_hours(24 * 730);

/// How long records outlive the tokens that they speak of: absorbs clocks that differ and late readers.
pub const RETENTION_MARGIN: Duration = Duration::from_hours(48);

/// How far another node's clock may be ahead.
pub const CLOCK_SKEW_MAX: Duration = Duration::from_mins(5);

/// A successor may keep an expiry that another node computed, whose clock was ahead of ours and whose time of issue was
/// ahead of its clock: both by [`CLOCK_SKEW_MAX`] at most.
const LIFETIME_SLACK: Duration = Duration::from_mins(10);

const WRAP_AAD: &[u8] = b"dormouse-wrap-1";

/// The number of sealed records that are no tokens, beside those of [`Kind::id`].
const RECORD_KIND: u8 = 4;

/// Derived keys kept: two kinds over 85 days of hours, about 1.3 MiB when full.
const CACHED_KEYS: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FamilyId, FrontEnd, Grant, Scope, SealedAttributes, SeededEntropy, SourceId};
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_ms(1_800_000_000_000);

    fn ring_of(secret: u8, epoch: u8, organization: &str) -> KeyRing {
        let root = Root::new([secret; 32]);
        let id = root.id();
        KeyRing::new(vec![root], id, StoreEpoch([epoch; 16]), organization).unwrap()
    }

    fn ring() -> KeyRing {
        ring_of(1, 1, "org")
    }

    fn claims(ring: &KeyRing, kind: Kind, ttl: Duration) -> Claims {
        Claims {
            kind,
            family: FamilyId([7; 16]),
            generation: 0,
            issued_at: NOW,
            expires_at: NOW.saturating_add(ttl),
            partner: None,
            family_expires_at: NOW.saturating_add(ttl),
            absolute_expires_at: None,
            seen: 3,
            born: ring.key_id(NOW),
            front_end: FrontEnd::Bundle,
            client: "client".into(),
            grant: Grant::Password,
            user: Some("user".into()),
            scope: Scope::parse("read"),
            attributes: SealedAttributes::default(),
            source: SourceId([1; 8]),
            redirect_uri: None,
        }
    }

    fn seal(ring: &KeyRing, claims: &Claims) -> String {
        ring.seal(claims, ring.key_id(claims.issued_at), &SeededEntropy::new(1)).unwrap()
    }

    fn token(ring: &KeyRing) -> String {
        seal(ring, &claims(ring, Kind::Access, Duration::from_mins(30)))
    }

    #[track_caller]
    fn refused(ring: &KeyRing, token: &str, expected: OpenError) {
        assert_eq!(ring.open(token, Kind::Access, NOW).map(|_| ()), Err(expected));
    }

    #[test]
    fn what_was_sealed_opens() {
        let ring = ring();
        for kind in Kind::ALL {
            let claims = claims(&ring, kind, Duration::from_mins(30));
            let token = seal(&ring, &claims);
            assert_eq!(ring.open(&token, kind, NOW), Ok((claims, ring.key_id(NOW))));
        }
    }

    #[test]
    fn other_organization_epoch_root_and_kind_are_refused() {
        let token = token(&ring());
        refused(&ring_of(1, 1, "other"), &token, OpenError::NotAuthentic);
        refused(&ring_of(1, 2, "org"), &token, OpenError::NotAuthentic);
        refused(&ring_of(2, 1, "org"), &token, OpenError::UnknownRoot);
        assert_eq!(ring().open(&token, Kind::Refresh, NOW).map(|_| ()), Err(OpenError::OtherKind));
        refused(&ring(), &token.replace("dmat_", "dmrt_"), OpenError::OtherKind);
        let renamed = token.replace("dmat_", "dmrt_");
        assert_eq!(ring().open(&renamed, Kind::Refresh, NOW).map(|_| ()), Err(OpenError::NotAuthentic));
    }

    #[test]
    fn shape_is_checked_before_any_work() {
        let ring = ring();
        refused(&ring, "", OpenError::Foreign);
        refused(&ring, "eyJhbGciOi", OpenError::Foreign);
        refused(&ring, "dmat_", OpenError::Malformed);
        refused(&ring, "dmat_%%", OpenError::Malformed);
        refused(&ring, "dmat_ä", OpenError::Malformed);
        refused(&ring, &format!("dmat_{}", "A".repeat(1 << 20)), OpenError::TooLong);
        refused(&ring, &format!("{}=", token(&ring)), OpenError::Malformed);
    }

    #[test]
    fn a_second_base64_spelling_is_refused() {
        let ring = ring();
        // The last character of a length that is not a multiple of three carries unused bits.
        for length in 1..4 {
            let mut claims = claims(&ring, Kind::Access, Duration::from_mins(30));
            claims.client = "c".repeat(length).into();
            let token = seal(&ring, &claims);
            for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars() {
                let changed = format!("{}{last}", &token[..token.len() - 1]);
                assert_eq!(ring.open(&changed, Kind::Access, NOW).is_ok(), changed == token, "{last}");
            }
        }
    }

    #[test]
    fn key_hours_out_of_bounds_are_refused() {
        let ring = ring();
        let token = token(&ring);
        let hour = Timestamp::from_hour(NOW.hour());
        let open = |now| ring.open(&token, Kind::Access, now).map(|_| ());
        assert_eq!(open(hour.saturating_sub(CLOCK_SKEW_MAX)), Ok(()));
        let too_early = hour.saturating_sub(CLOCK_SKEW_MAX + Duration::from_millis(1));
        assert_eq!(open(too_early), Err(OpenError::FromTheFuture));
        let oldest = hour.saturating_add(LIFETIME_MAX + RETENTION_MARGIN);
        assert_eq!(open(oldest), Ok(()));
        assert_eq!(open(oldest.saturating_add(Duration::from_millis(1))), Err(OpenError::Ancient));
    }

    #[test]
    fn lifetimes_above_the_cap_are_refused() {
        let ring = ring();
        let entropy = SeededEntropy::new(1);
        let key = ring.key_id(NOW);
        let longest = claims(&ring, Kind::Access, LIFETIME_MAX + LIFETIME_SLACK);
        assert!(ring.open(&seal(&ring, &longest), Kind::Access, NOW).is_ok());
        let too_late = NOW.saturating_add(LIFETIME_MAX + LIFETIME_SLACK + Duration::from_millis(1));
        let partner =
            crate::Partner { expires_at: too_late, generation: 0, scope: Scope::default(), apart: false };
        for longer in [
            claims(&ring, Kind::Access, LIFETIME_MAX + LIFETIME_SLACK + Duration::from_millis(1)),
            Claims { partner: Some(partner), ..longest.clone() },
            Claims { family_expires_at: too_late, ..longest.clone() },
        ] {
            assert_eq!(ring.seal(&longer, key, &entropy), Err(SealError::LifetimeAboveCap));
            let forged = ring.seal_bytes(longer.encode(key), Kind::Access.id(), key, &entropy).unwrap();
            let forged = format!("dmat_{}", URL_SAFE_NO_PAD.encode(forged));
            refused(&ring, &forged, OpenError::LifetimeAboveCap);
        }
    }

    #[test]
    fn a_key_of_another_hour_seals_nothing() {
        let ring = ring();
        let claims = claims(&ring, Kind::Access, Duration::from_mins(30));
        let entropy = SeededEntropy::new(1);
        for hour in [NOW.hour() - 1, NOW.hour() + 1] {
            let key = KeyId { hour, ..ring.key_id(NOW) };
            assert_eq!(ring.seal(&claims, key, &entropy), Err(SealError::OtherHour));
        }
    }

    #[test]
    fn the_longest_token_opens_and_a_longer_one_is_not_sealed() {
        let ring = ring();
        let mut claims = claims(&ring, Kind::Refresh, Duration::from_mins(30));
        let room = |claims: &Claims| TOKEN_LEN_MAX - seal(&ring, claims).len();
        claims.redirect_uri = Some("u".repeat(12_000).into());
        claims.redirect_uri = Some("u".repeat(12_000 + room(&claims) * 3 / 4).into());
        assert!(room(&claims) < 4, "{}", room(&claims));
        assert!(ring.open(&seal(&ring, &claims), Kind::Refresh, NOW).is_ok());
        claims.user = Some("user and four more".into());
        let sealed = ring.seal(&claims, ring.key_id(NOW), &SeededEntropy::new(1));
        assert_eq!(sealed, Err(SealError::TooLong));
    }

    #[test]
    fn a_key_keeps_its_count_when_a_second_one_arrives() {
        let ring = ring();
        let slot = (0, Kind::Access.id(), NOW.hour());
        ring.cached(slot, || ring.derive(0, slot.1, slot.2)).pretend_sealed(crate::key::SEALED_MAX);
        ring.cached(slot, || ring.derive(0, slot.1, slot.2));
        let claims = claims(&ring, Kind::Access, Duration::from_mins(30));
        let entropy = SeededEntropy::new(2);
        assert_eq!(ring.seal(&claims, ring.key_id(NOW), &entropy), Err(SealError::KeyExhausted));
    }

    #[test]
    fn a_second_spelling_of_a_record_is_refused() {
        let ring = ring();
        let long_header = [0x98, 0x02, 0x43, b'r', b'o', b'w', 0x41, 1];
        let trailing = [0x82, 0x43, b'r', b'o', b'w', 0x41, 1, 0];
        let three = [0x83, 0x43, b'r', b'o', b'w', 0x41, 1, 0];
        for content in [long_header, trailing, three] {
            let key = ring.key_id(NOW);
            let sealed = ring.seal_bytes(content.to_vec(), RECORD_KIND, key, &SeededEntropy::new(1)).unwrap();
            assert_eq!(ring.open_record(b"row", &sealed, NOW), Err(OpenError::Malformed));
        }
    }

    #[test]
    fn large_records_use_the_longer_headers() {
        let ring = ring();
        for length in [0, 7, 200, 300, 70_000] {
            let plain = vec![7; length];
            let sealed = ring.seal_record(b"row", &plain, NOW, &SeededEntropy::new(1)).unwrap();
            assert_eq!(ring.open_record(b"row", &sealed, NOW), Ok((plain, ring.key_id(NOW))));
        }
    }

    #[test]
    fn an_access_token_of_the_stated_size_fits_255_characters() {
        let ring = ring();
        let mut claims = claims(&ring, Kind::Access, Duration::from_mins(30));
        claims.issued_at = Timestamp::from_hour(NOW.hour()).saturating_add(Duration::from_secs(3599));
        claims.expires_at = claims.issued_at.saturating_add(Duration::from_hours(24 * 30));
        claims.family_expires_at = claims.issued_at.saturating_add(Duration::from_hours(24 * 365));
        claims.partner = Some(crate::Partner {
            expires_at: claims.family_expires_at,
            generation: 0,
            scope: Scope::parse("sixteen-chars-sc"),
            apart: false,
        });
        claims.seen = u32::MAX.into();
        claims.client = "c".repeat(48).into();
        claims.user = None;
        claims.scope = Scope::parse("sixteen-chars-sc");
        let token = seal(&ring, &claims);
        assert!(token.len() <= 255, "{}", token.len());
    }

    #[test]
    fn a_key_stops_sealing_at_its_limit_and_goes_on_opening() {
        let ring = ring();
        let claims = claims(&ring, Kind::Access, Duration::from_mins(30));
        let token = seal(&ring, &claims);
        ring.keys.get(&(0, Kind::Access.id(), NOW.hour())).unwrap().pretend_sealed(crate::key::SEALED_MAX);
        let entropy = SeededEntropy::new(2);
        assert_eq!(ring.seal(&claims, ring.key_id(NOW), &entropy), Err(SealError::KeyExhausted));
        assert!(ring.open(&token, Kind::Access, NOW).is_ok());
    }

    #[test]
    fn failed_opens_do_not_enter_the_key_cache() {
        let ring = ring();
        let token = token(&ring_of(1, 9, "org"));
        refused(&ring, &token, OpenError::NotAuthentic);
        assert_eq!(ring.keys.len(), 0);
    }

    #[test]
    fn rings_refuse_duplicate_and_missing_roots() {
        let (first, second) = (Root::new([1; 32]), Root::new([2; 32]));
        let (id, other) = (first.id(), second.id());
        let ring = |roots, sealing| KeyRing::new(roots, sealing, StoreEpoch([0; 16]), "org").map(|_| ());
        assert_eq!(ring(vec![first.clone(), first.clone()], id), Err(RingError::DuplicateRoot(id)));
        assert_eq!(ring(vec![first.clone()], other), Err(RingError::NoSealingRoot(other)));
        assert_eq!(ring(vec![first, second], other), Ok(()));
    }

    #[test]
    fn every_root_opens_and_one_seals() {
        let old = Root::new([1; 32]);
        let new = Root::new([2; 32]);
        let token = token(&ring());
        let id = new.id();
        let ring = KeyRing::new(vec![old, new], id, StoreEpoch([1; 16]), "org").unwrap();
        assert!(ring.open(&token, Kind::Access, NOW).is_ok());
        assert_eq!(ring.key_id(NOW).root, id);
        let roots: Vec<_> = ring.roots().iter().map(Root::id).collect();
        assert_eq!(roots, [Root::new([1; 32]).id(), id]);
        assert_eq!((ring.organization(), ring.epoch()), ("org", StoreEpoch([1; 16])));
    }

    #[test]
    fn records_open_under_their_label_alone() {
        let ring = ring();
        let sealed = ring.seal_record(b"row", b"secret", NOW, &SeededEntropy::new(1)).unwrap();
        assert_eq!(ring.open_record(b"row", &sealed, NOW), Ok((b"secret".to_vec(), ring.key_id(NOW))));
        assert_eq!(ring.open_record(b"other", &sealed, NOW), Err(OpenError::NotAuthentic));
        assert_eq!(ring_of(1, 2, "org").open_record(b"row", &sealed, NOW), Err(OpenError::NotAuthentic));
    }

    #[test]
    fn wrapped_keys_outlive_the_epoch_but_not_the_root() {
        let wrapped = ring().wrap(b"key", &SeededEntropy::new(1)).unwrap();
        assert_eq!(ring_of(1, 9, "org").unwrap(&wrapped), Ok(b"key".to_vec()));
        assert_eq!(ring_of(2, 1, "org").unwrap(&wrapped), Err(OpenError::UnknownRoot));
        let mut changed = wrapped.clone();
        changed[20] ^= 1;
        assert_eq!(ring().unwrap(&changed), Err(OpenError::NotAuthentic));
        assert_eq!(ring().unwrap(&wrapped[..10]), Err(OpenError::Malformed));
    }

    proptest! {
        #[test]
        fn any_changed_bit_or_cut_is_refused(index in any::<prop::sample::Index>(), bit in 0..8u8) {
            let ring = ring();
            let token = token(&ring);
            let mut bytes = URL_SAFE_NO_PAD.decode(&token[5..]).unwrap();
            let index = index.index(bytes.len());
            let cut = format!("dmat_{}", URL_SAFE_NO_PAD.encode(&bytes[..index]));
            prop_assert!(ring.open(&cut, Kind::Access, NOW).is_err());
            bytes[index] ^= 1 << bit;
            let changed = format!("dmat_{}", URL_SAFE_NO_PAD.encode(&bytes));
            prop_assert!(ring.open(&changed, Kind::Access, NOW).is_err());
        }

        #[test]
        fn rubbish_never_panics(text in "dm[a-z]t_[A-Za-z0-9_-]{0,300}") {
            for kind in Kind::ALL {
                prop_assert!(ring().open(&text, kind, NOW).is_err());
            }
        }
    }
}
