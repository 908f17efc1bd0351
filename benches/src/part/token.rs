//! Sealing, opening and verifying in process, beside what each is made of.

use super::Setting;
use crate::ambient::SystemEntropy;
use crate::organization;
use crate::sample::{at_once, nanoseconds};
use crate::table::{Budget, Row, Table};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dormouse_entity::Call;
use dormouse_token::{Claims, Entropy as _, KeyId, KeyRing, Kind, Root};
use std::hint::black_box;

/// Measures.
pub(crate) fn run(setting: &Setting) -> anyhow::Result<Table> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let engine = runtime.block_on(organization::in_memory())?;
    let client = engine.authenticate(organization::CLIENT, organization::SECRET)?;
    let issued = runtime.block_on(engine.issue(organization::pair(&client)))?;
    let access = issued.access;
    let ring = ring()?;
    let key = ring.key_id(access.claims.issued_at);
    let parts = Parts::of(&access.claims, key)?;
    let sealed = ring.seal(&access.claims, key, &SystemEntropy)?;
    let now = engine.now();
    let call = Call { environment: "test", proxy: "orders", verb: "GET", path: "/orders/17" };

    let mut seal_parts = || drop(black_box(parts.seal(&access.claims, key)));
    let mut seal = || drop(black_box(ring.seal(&access.claims, key, &SystemEntropy)));
    let mut open_parts = || drop(black_box(parts.open(key)));
    let mut open = || drop(black_box(ring.open(&sealed, Kind::Access, now)));
    let mut verify = || drop(black_box(at_once(engine.verify(&access.text, None))));
    let mut verify_call = || drop(black_box(at_once(engine.verify(&access.text, Some(&call)))));
    let mut authenticate =
        || drop(black_box(engine.authenticate(organization::CLIENT, organization::SECRET)));
    let taken = nanoseconds(
        setting.time,
        setting.rounds,
        &mut [
            &mut seal_parts,
            &mut seal,
            &mut open_parts,
            &mut open,
            &mut verify,
            &mut verify_call,
            &mut authenticate,
        ],
    );
    let [seal_parts, seal, open_parts, open, verify, verify_call, authenticate] = taken[..] else {
        anyhow::bail!("seven operations were measured");
    };
    let mut table = Table::default();
    let at_most = |bound| Some(Budget::RatioAtMost(bound));
    for (what, baseline, ours, budget) in [
        ("seal, beside CBOR + random IV + AEAD + base64url", seal_parts, seal, None),
        ("open, beside base64url + AEAD + CBOR", open_parts, open, None),
        ("verify, beside the same", open_parts, verify, at_most(1.5)),
        ("verify with product matching, beside the same", open_parts, verify_call, None),
        ("authenticate a client by its secret, beside opening's parts", open_parts, authenticate, None),
    ] {
        table.row(Row {
            what: what.to_owned(),
            baseline: format!("{baseline:.0} ns"),
            ours: format!("{ours:.0} ns"),
            ratio: Some(ours / baseline),
            budget,
        });
    }
    table.note(format!(
        "An access token of {} characters: a client id, a user, two scopes, no attributes.",
        sealed.len()
    ));
    Ok(table)
}

/// Like the engine's own, which it keeps to itself.
fn ring() -> anyhow::Result<KeyRing> {
    let root = Root::generate(&SystemEntropy);
    let id = root.id();
    Ok(KeyRing::new(vec![root], id, dormouse_token::StoreEpoch([7; 16]), "local")?)
}

/// The steps of sealing and opening, without any check: what a sealed token costs whoever writes it.
struct Parts {
    key: LessSafeKey,
    associated: Vec<u8>,
    nonce: [u8; 12],
    text: String,
}

impl Parts {
    fn of(claims: &Claims, id: KeyId) -> anyhow::Result<Self> {
        let key =
            UnboundKey::new(&AES_256_GCM, &[9; 32]).map_err(|_| anyhow::anyhow!("32 bytes are a key"))?;
        let mut parts =
            Self { key: LessSafeKey::new(key), associated: vec![1; 64], nonce: [3; 12], text: String::new() };
        parts.text = parts.seal(claims, id);
        Ok(parts)
    }

    fn seal(&self, claims: &Claims, id: KeyId) -> String {
        let mut nonce = self.nonce;
        if !self.text.is_empty() {
            SystemEntropy.fill(&mut nonce);
        }
        let mut bytes = claims.encode(id);
        let nonce = Nonce::assume_unique_for_key(nonce);
        // Sealing a short text under a fresh nonce cannot fail; opening below would show it.
        let _ = self.key.seal_in_place_append_tag(nonce, Aad::from(&self.associated), &mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn open(&self, id: KeyId) -> Option<Claims> {
        let mut bytes = URL_SAFE_NO_PAD.decode(&self.text).ok()?;
        let nonce = Nonce::assume_unique_for_key(self.nonce);
        let plain = self.key.open_in_place(nonce, Aad::from(&self.associated), &mut bytes).ok()?;
        Claims::decode(plain, Kind::Access, id).ok()
    }
}
