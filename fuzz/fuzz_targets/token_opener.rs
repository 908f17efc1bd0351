//! Tokens (docs/token-format.md): any text is opened or refused, and what opens has exactly one spelling. The ring's own
//! tokens are damaged as the input says, so that the fuzzer starts behind the checks of shape.

#![no_main]

use dormouse_token::{
    Attributes, Claims, FamilyId, FrontEnd, Grant, KeyRing, Kind, Root, Rotation, Scope, SealedAttributes,
    SeededEntropy, SourceId, StoreEpoch, Timestamp,
};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static RING: LazyLock<(KeyRing, String)> = LazyLock::new(|| {
    let root = Root::new([7; 32]);
    let id = root.id();
    let ring = KeyRing::new(vec![root], id, StoreEpoch([1; 16]), "acme").expect("one root is a ring");
    let key = ring.key_id(NOW);
    let claims = Claims {
        kind: Kind::Refresh,
        family: FamilyId([2; 16]),
        generation: 3,
        issued_at: NOW,
        expires_at: Timestamp::from_ms(NOW.as_ms() + 3_600_000),
        partner: None,
        family_expires_at: Timestamp::from_ms(NOW.as_ms() + 3_600_000),
        absolute_expires_at: None,
        seen: 0,
        born: key,
        front_end: FrontEnd::Native(Rotation::Rotate),
        client: "client".into(),
        grant: Grant::Password,
        user: Some("ann".into()),
        scope: Scope::default(),
        attributes: SealedAttributes::Inline(Attributes::default()),
        source: SourceId([4; 8]),
        redirect_uri: None,
    };
    let token = ring.seal(&claims, key, &SeededEntropy::new(1)).expect("the key is fresh");
    (ring, token)
});

fuzz_target!(|bytes: &[u8]| {
    let (ring, own) = &*RING;
    check(ring, own, &String::from_utf8_lossy(bytes));
    let mut damaged = own.clone().into_bytes();
    for (place, byte) in damaged.iter_mut().zip(bytes) {
        *place ^= byte;
    }
    damaged.truncate(own.len() - bytes.len() % 3);
    check(ring, own, &String::from_utf8_lossy(&damaged));
    // Behind the seal: what a key holder could have sealed.
    let key = ring.key_id(NOW);
    for kind in KINDS {
        if let Ok(claims) = Claims::decode(bytes, kind, key) {
            assert!(Claims::decode(&claims.encode(key), kind, key).is_ok_and(|again| again == claims));
        }
    }
});

/// Only the ring's own token opens; a forgery would be a finding.
fn check(ring: &KeyRing, own: &str, text: &str) {
    for kind in KINDS {
        if ring.open(text, kind, NOW).is_ok() {
            assert_eq!(text, own);
        }
    }
}

const KINDS: [Kind; 3] = [Kind::Code, Kind::Access, Kind::Refresh];
const NOW: Timestamp = Timestamp::from_ms(1_800_000_900_000);
