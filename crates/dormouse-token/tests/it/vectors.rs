//! The vectors of `docs/token-format.md`, read from the page itself so that neither can change without the other.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dormouse_token::{
    Attributes, Claims, Entropy, FamilyId, FrontEnd, Grant, KeyId, KeyRing, Kind, Partner, Root, Rotation,
    Scope, SealedAttributes, SourceId, StoreEpoch, Timestamp,
};
use std::str::FromStr;

const PAGE: &str = include_str!("../../../../docs/token-format.md");

/// One vector: its lines `name = value`, in order.
struct Vector(Vec<(&'static str, &'static str)>);

impl Vector {
    fn all() -> Vec<Self> {
        let blocks = PAGE.split("```text\n").skip(1).filter(|block| block.starts_with("root = "));
        blocks.map(|block| Self::read(block.split("```").next().unwrap())).collect()
    }

    fn read(block: &'static str) -> Self {
        let lines = block.lines().filter(|line| !line.is_empty());
        Self(lines.map(|line| line.split_once(" =").expect(line)).map(|(k, v)| (k, v.trim_start())).collect())
    }

    fn find(&self, name: &str) -> Option<&'static str> {
        self.0.iter().find(|(own, _)| *own == name).map(|(_, value)| *value)
    }

    fn text(&self, name: &str) -> &'static str {
        self.find(name).unwrap_or_else(|| panic!("the vector has no line `{name}`"))
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        hex(self.text(name))
    }

    fn fixed<const N: usize>(&self, name: &str) -> [u8; N] {
        self.bytes(name).try_into().unwrap()
    }

    fn number<T: FromStr<Err: std::fmt::Debug>>(&self, name: &str) -> Option<T> {
        self.find(name).map(|text| text.parse().unwrap())
    }

    fn time(&self, name: &str) -> Option<Timestamp> {
        self.number(name).map(Timestamp::from_ms)
    }

    fn kind(&self) -> Kind {
        match self.text("kind") {
            "code" => Kind::Code,
            "access" => Kind::Access,
            "refresh" => Kind::Refresh,
            other => panic!("no kind `{other}`"),
        }
    }

    fn ring(&self) -> KeyRing {
        let root = Root::new(self.fixed("root"));
        let id = root.id();
        KeyRing::new(vec![root], id, StoreEpoch(self.fixed("epoch")), self.text("organization")).unwrap()
    }

    fn key(&self) -> KeyId {
        KeyId::new(self.ring().sealing_root().id(), self.number("hour").unwrap())
    }

    fn claims(&self) -> Claims {
        let generation = self.number("generation").unwrap_or(0);
        let scope = Scope::parse(self.find("scope").unwrap_or_default());
        let expires_at = self.time("expires_at").unwrap();
        let partner = self.time("partner_expires_at").map(|expires_at| Partner {
            expires_at,
            generation: self.number("partner_generation").unwrap_or(generation),
            scope: self.find("partner_scope").map_or_else(|| scope.clone(), Scope::parse),
            apart: false,
        });
        let later = partner.as_ref().map_or(expires_at, |partner| partner.expires_at.max(expires_at));
        let attribute =
            |(name, value): &(&'static str, &'static str)| Some((name.strip_prefix("attribute ")?, *value));
        Claims {
            kind: self.kind(),
            family: FamilyId(self.fixed("family")),
            generation,
            issued_at: self.time("issued_at").unwrap(),
            expires_at,
            partner,
            family_expires_at: self.time("family_expires_at").unwrap_or(later),
            absolute_expires_at: self.time("absolute_expires_at"),
            seen: self.number("seen").unwrap_or(0),
            born: self
                .find("born")
                .map_or(self.key(), |born| KeyId::from_bytes(hex(born).try_into().unwrap())),
            front_end: self
                .find("rotation")
                .map_or(FrontEnd::Bundle, |text| FrontEnd::Native(Rotation::from_str(text).unwrap())),
            client: self.text("client").into(),
            grant: Grant::from_str(self.find("grant").unwrap_or("client_credentials")).unwrap(),
            user: self.find("user").map(Into::into),
            scope,
            attributes: SealedAttributes::Inline(self.0.iter().filter_map(attribute).collect::<Attributes>()),
            source: SourceId(self.fixed("source")),
            redirect_uri: self.find("redirect_uri").map(Into::into),
        }
    }
}

/// Supplies one initialization vector, as often as it is asked.
struct FixedEntropy([u8; 12]);

impl Entropy for FixedEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.copy_from_slice(&self.0);
    }
}

fn hex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

#[test]
fn the_page_has_a_vector_of_every_kind() {
    let mut kinds: Vec<_> = Vector::all().iter().map(Vector::kind).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, Kind::ALL);
}

#[test]
fn sealing_writes_the_tokens_of_the_page() {
    for vector in Vector::all() {
        let entropy = FixedEntropy(vector.fixed("iv"));
        let token = vector.ring().seal(&vector.claims(), vector.key(), &entropy);
        assert_eq!(token.as_deref(), Ok(vector.text("token")));
    }
}

#[test]
fn opening_reads_the_claims_of_the_page() {
    for vector in Vector::all() {
        let claims = vector.claims();
        let opened = vector.ring().open(vector.text("token"), vector.kind(), claims.issued_at);
        assert_eq!(opened, Ok((claims, vector.key())));
    }
}

#[test]
fn every_line_of_a_vector_is_one_that_the_test_knows() {
    for vector in Vector::all() {
        for (name, _) in &vector.0 {
            assert!(LINES.contains(name) || name.starts_with("attribute "), "{name}");
        }
    }
}

#[test]
fn intermediate_values_lead_from_the_root_to_the_token() {
    for vector in Vector::all() {
        let root_id: [u8; 8] = vector.fixed("root_id");
        assert_eq!(vector.key().root.0, root_id);
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]);
        let (root, info) = (vector.bytes("root"), vector.bytes("info"));
        let mut key = [0; 32];
        salt.extract(&root).expand(&[&info], hkdf::HKDF_SHA256).unwrap().fill(&mut key).unwrap();
        assert_eq!(key, vector.fixed::<32>("key"));

        assert_eq!(vector.claims().encode(vector.key()), vector.bytes("plaintext"));
        let mut content = vector.bytes("ciphertext");
        let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap());
        let nonce = Nonce::assume_unique_for_key(vector.fixed("iv"));
        let plain = cipher.open_in_place(nonce, Aad::from(vector.bytes("aad")), &mut content).unwrap();
        assert_eq!(plain, vector.bytes("plaintext"));

        let envelope = URL_SAFE_NO_PAD.decode(&vector.text("token")[5..]).unwrap();
        let protected = vector.bytes("protected");
        assert_eq!(envelope[..3], [0x83, 0x58, 31]);
        assert_eq!(envelope[3..34], protected);
        assert_eq!(envelope[34], 0xa0);
        assert!(envelope.ends_with(&vector.bytes("ciphertext")));
        assert!(vector.bytes("aad").windows(31).any(|window| window == protected));
    }
}

/// The names that a line of a vector may have, beside the attributes. A name that nobody reads would check nothing.
const LINES: &[&str] = &[
    "root",
    "epoch",
    "organization",
    "kind",
    "hour",
    "iv",
    "family",
    "generation",
    "issued_at",
    "expires_at",
    "partner_expires_at",
    "partner_generation",
    "partner_scope",
    "family_expires_at",
    "absolute_expires_at",
    "seen",
    "born",
    "rotation",
    "client",
    "grant",
    "user",
    "scope",
    "source",
    "redirect_uri",
    "root_id",
    "protected",
    "info",
    "key",
    "aad",
    "plaintext",
    "ciphertext",
    "token",
];
