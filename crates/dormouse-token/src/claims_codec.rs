//! The bytes of claims: one deterministic CBOR map with integer keys, relative times, and nothing that can be derived.
//!
//! `docs/token-format.md` fixes them. Non-negative keys are critical: an unknown one refuses the token. Negative keys are
//! optional: readers that do not know them skip them, and refuse a second spelling of them all the same.

use crate::cbor::{self, Malformed, MapWriter};
use crate::{
    Attributes, Claims, FamilyId, FrontEnd, Grant, KeyId, Kind, Partner, Rotation, Scope, SealedAttributes,
    SourceId, Timestamp,
};
use minicbor::Decoder;
use minicbor::data::Type;
use std::time::Duration;

impl Claims {
    /// The CBOR map. `key` is the `kid` under which it will be sealed: times and `born` are relative to it.
    pub fn encode(&self, key: KeyId) -> Vec<u8> {
        self.entries(key).finish()
    }

    /// Reads what [`Claims::encode`] wrote for a token of `kind` under `key`, and nothing else.
    ///
    /// # Errors
    /// [`Malformed`] for an unknown critical claim, a missing claim, a second spelling, an issue time outside the hour of
    /// `key`, or trailing bytes.
    pub fn decode(bytes: &[u8], kind: Kind, key: KeyId) -> Result<Self, Malformed> {
        let (raw, skipped) = Raw::read(bytes)?;
        let claims = raw.into_claims(kind, key)?;
        let mut canonical = claims.entries(key);
        if let Some(skipped) = &skipped {
            canonical.append(skipped);
        }
        if canonical.finish() == bytes { Ok(claims) } else { Err(Malformed) }
    }

    fn entries(&self, key: KeyId) -> MapWriter {
        let since = |time: Timestamp| time.as_ms().saturating_sub(self.issued_at.as_ms());
        let mut map = MapWriter::new();
        map.bytes(FAMILY, &self.family.0);
        map.number_unless(GENERATION, self.generation.into(), 0);
        map.number(ISSUED_AT, self.issued_at.as_ms().saturating_sub(Timestamp::from_hour(key.hour).as_ms()));
        map.number(EXPIRES_AT, since(self.expires_at));
        if let Some(partner) = &self.partner {
            map.number(PARTNER_EXPIRES_AT, since(partner.expires_at));
            map.number_unless(PARTNER_GENERATION, partner.generation.into(), self.generation.into());
            if partner.scope != self.scope {
                map.text(PARTNER_SCOPE, &partner.scope.to_string());
            }
        }
        map.number_unless(FAMILY_EXPIRES_AT, since(self.family_expires_at), since(self.later_expiry()));
        if let Some(absolute) = self.absolute_expires_at {
            map.number(ABSOLUTE_EXPIRES_AT, since(absolute));
        }
        map.number_unless(SEEN, self.seen, 0);
        if self.born != key {
            map.bytes(BORN, &self.born.to_bytes());
        }
        if let FrontEnd::Native(rotation) = self.front_end {
            map.number(FRONT_END, rotation.id().into());
        }
        map.text(CLIENT, &self.client);
        map.number_unless(GRANT, self.grant.id().into(), Grant::ClientCredentials.id().into());
        if let Some(user) = &self.user {
            map.text(USER, user);
        }
        if !self.scope.is_empty() {
            map.text(SCOPE, &self.scope.to_string());
        }
        match &self.attributes {
            SealedAttributes::Inline(attributes) if attributes.is_empty() => {}
            SealedAttributes::Inline(attributes) => map.entry(ATTRIBUTES, |out| attributes.encode(out)),
            SealedAttributes::Overflow => map.entry(ATTRIBUTES, |out| cbor::infallible(out.bool(true))),
        }
        map.bytes(SOURCE, &self.source.0);
        if let Some(uri) = &self.redirect_uri {
            map.text(REDIRECT_URI, uri);
        }
        if self.partner.as_ref().is_some_and(|partner| partner.apart) {
            map.entry(PARTNER_APART, |out| cbor::infallible(out.bool(true)));
        }
        map
    }

    fn later_expiry(&self) -> Timestamp {
        self.partner.as_ref().map_or(self.expires_at, |partner| self.expires_at.max(partner.expires_at))
    }
}

/// The claims as they stand in the map, before defaults are filled in.
#[derive(Default)]
struct Raw<'a> {
    family: Option<[u8; 16]>,
    generation: u32,
    issued_at: Option<u64>,
    expires_at: Option<u64>,
    partner_expires_at: Option<u64>,
    partner_generation: Option<u32>,
    partner_scope: Option<&'a str>,
    family_expires_at: Option<u64>,
    absolute_expires_at: Option<u64>,
    seen: u64,
    born: Option<[u8; 12]>,
    front_end: Option<u8>,
    client: Option<&'a str>,
    grant: u8,
    user: Option<&'a str>,
    scope: &'a str,
    attributes: SealedAttributes,
    source: Option<[u8; 8]>,
    redirect_uri: Option<&'a str>,
    partner_apart: bool,
}

impl<'a> Raw<'a> {
    /// Reads the whole map: the claims and, written again, the optional claims that this version does not know.
    fn read(bytes: &'a [u8]) -> Result<(Self, Option<MapWriter>), Malformed> {
        let mut input = Decoder::new(bytes);
        let count = input.map()?.ok_or(Malformed)?;
        let mut raw = Self::default();
        let mut skipped = None;
        let mut last_optional = 0;
        for _ in 0..count {
            match input.datatype()? {
                Type::U8 => raw.read_claim(input.u8()?, &mut input)?,
                Type::I8 | Type::I16 | Type::I32 | Type::I64 => {
                    let writer = skipped.get_or_insert_with(MapWriter::new);
                    last_optional = skip_optional(&mut input, last_optional, writer)?;
                }
                _ => return Err(Malformed),
            }
        }
        cbor::end(&input, bytes)?;
        Ok((raw, skipped))
    }

    fn read_claim(&mut self, key: u8, input: &mut Decoder<'a>) -> Result<(), Malformed> {
        match key {
            FAMILY => self.family = Some(cbor::fixed(input)?),
            GENERATION => self.generation = input.u32()?,
            ISSUED_AT => self.issued_at = Some(input.u64()?),
            EXPIRES_AT => self.expires_at = Some(input.u64()?),
            PARTNER_EXPIRES_AT => self.partner_expires_at = Some(input.u64()?),
            PARTNER_GENERATION => self.partner_generation = Some(input.u32()?),
            PARTNER_SCOPE => self.partner_scope = Some(input.str()?),
            FAMILY_EXPIRES_AT => self.family_expires_at = Some(input.u64()?),
            ABSOLUTE_EXPIRES_AT => self.absolute_expires_at = Some(input.u64()?),
            SEEN => self.seen = input.u64()?,
            BORN => self.born = Some(cbor::fixed(input)?),
            FRONT_END => self.front_end = Some(input.u8()?),
            CLIENT => self.client = Some(input.str()?),
            GRANT => self.grant = input.u8()?,
            USER => self.user = Some(input.str()?),
            SCOPE => self.scope = input.str()?,
            ATTRIBUTES if input.datatype()? == Type::Bool => {
                self.attributes =
                    if input.bool()? { SealedAttributes::Overflow } else { return Err(Malformed) };
            }
            ATTRIBUTES => self.attributes = SealedAttributes::Inline(Attributes::decode(input)?),
            SOURCE => self.source = Some(cbor::fixed(input)?),
            REDIRECT_URI => self.redirect_uri = Some(input.str()?),
            PARTNER_APART => self.partner_apart = input.bool()?,
            _ => return Err(Malformed),
        }
        Ok(())
    }

    fn into_claims(self, kind: Kind, key: KeyId) -> Result<Claims, Malformed> {
        let issued_at = Timestamp::from_hour(key.hour)
            .saturating_add(Duration::from_millis(self.issued_at.ok_or(Malformed)?));
        // One instant belongs to one hour: another key would be a second way to say the same.
        if issued_at.hour() != key.hour {
            return Err(Malformed);
        }
        let at = |offset: u64| issued_at.saturating_add(Duration::from_millis(offset));
        let scope = Scope::parse(self.scope);
        let partner = self.partner_expires_at.map(|expires_at| Partner {
            expires_at: at(expires_at),
            generation: self.partner_generation.unwrap_or(self.generation),
            scope: self.partner_scope.map_or_else(|| scope.clone(), Scope::parse),
            apart: self.partner_apart,
        });
        let expires_at = at(self.expires_at.ok_or(Malformed)?);
        let later = partner.as_ref().map_or(expires_at, |partner| expires_at.max(partner.expires_at));
        let front_end = match self.front_end {
            None => FrontEnd::Bundle,
            Some(id) => FrontEnd::Native(Rotation::from_id(id).ok_or(Malformed)?),
        };
        Ok(Claims {
            kind,
            family: FamilyId(self.family.ok_or(Malformed)?),
            generation: self.generation,
            issued_at,
            expires_at,
            partner,
            family_expires_at: self.family_expires_at.map_or(later, at),
            absolute_expires_at: self.absolute_expires_at.map(at),
            seen: self.seen,
            born: self.born.map_or(key, KeyId::from_bytes),
            front_end,
            client: self.client.ok_or(Malformed)?.into(),
            grant: Grant::from_id(self.grant).ok_or(Malformed)?,
            user: self.user.map(Box::from),
            scope,
            attributes: self.attributes,
            source: SourceId(self.source.ok_or(Malformed)?),
            redirect_uri: self.redirect_uri.map(Box::from),
        })
    }
}

/// Copies an optional claim whose key must follow `last`; returns the key. Its value is a number, bytes, text or a boolean:
/// whatever has one spelling without knowing what it means.
fn skip_optional(input: &mut Decoder<'_>, last: i64, writer: &mut MapWriter) -> Result<i64, Malformed> {
    let key = input.i64()?;
    if key >= last {
        return Err(Malformed);
    }
    match input.datatype()? {
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => {
            let number = input.u64()?;
            writer.entry(key, |out| cbor::infallible(out.u64(number)));
        }
        Type::Bytes => {
            let bytes = input.bytes()?;
            writer.entry(key, |out| cbor::infallible(out.bytes(bytes)));
        }
        Type::String => {
            let text = input.str()?;
            writer.entry(key, |out| cbor::infallible(out.str(text)));
        }
        Type::Bool => {
            let flag = input.bool()?;
            writer.entry(key, |out| cbor::infallible(out.bool(flag)));
        }
        _ => return Err(Malformed),
    }
    Ok(key)
}

const FAMILY: u8 = 1;
const GENERATION: u8 = 2;
const ISSUED_AT: u8 = 3;
const EXPIRES_AT: u8 = 4;
const PARTNER_EXPIRES_AT: u8 = 5;
const PARTNER_GENERATION: u8 = 6;
const PARTNER_SCOPE: u8 = 7;
const FAMILY_EXPIRES_AT: u8 = 8;
const ABSOLUTE_EXPIRES_AT: u8 = 9;
const SEEN: u8 = 10;
const BORN: u8 = 11;
const FRONT_END: u8 = 12;
const CLIENT: u8 = 13;
const GRANT: u8 = 14;
const USER: u8 = 15;
const SCOPE: u8 = 16;
const ATTRIBUTES: u8 = 17;
const SOURCE: u8 = 18;
const REDIRECT_URI: u8 = 19;
const PARTNER_APART: u8 = 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RootId;
    use minicbor::Encoder;
    use proptest::prelude::*;

    const KEY: KeyId = KeyId { root: RootId(*b"rootroot"), hour: 500_000 };

    fn claims() -> Claims {
        let issued_at = Timestamp::from_hour(KEY.hour).saturating_add(Duration::from_secs(90));
        Claims {
            kind: Kind::Access,
            family: FamilyId([7; 16]),
            generation: 0,
            issued_at,
            expires_at: issued_at.saturating_add(Duration::from_mins(30)),
            partner: None,
            family_expires_at: issued_at.saturating_add(Duration::from_mins(30)),
            absolute_expires_at: None,
            seen: 0,
            born: KEY,
            front_end: FrontEnd::Bundle,
            client: "client".into(),
            grant: Grant::ClientCredentials,
            user: None,
            scope: Scope::default(),
            attributes: SealedAttributes::default(),
            source: SourceId([1; 8]),
            redirect_uri: None,
        }
    }

    #[track_caller]
    fn refused(bytes: &[u8]) {
        assert_eq!(Claims::decode(bytes, Kind::Access, KEY), Err(Malformed));
    }

    #[test]
    fn defaults_and_derivable_claims_are_left_out() {
        let keys = |bytes: &[u8]| Decoder::new(bytes).map().ok().flatten();
        assert_eq!(keys(&claims().encode(KEY)), Some(5));
    }

    #[test]
    fn an_unknown_critical_claim_is_refused_and_an_optional_one_skipped() {
        let bytes = claims().encode(KEY);
        let with = |key: &[u8]| [&[0xa6], &bytes[1..], key, &[0x01]].concat();
        refused(&with(&[0x15]));
        assert_eq!(Claims::decode(&with(&[0x20]), Kind::Access, KEY), Ok(claims()));
        let optional_first = [&[0xa6, 0x20, 0x01], &bytes[1..]].concat();
        refused(&optional_first);
    }

    #[test]
    fn optional_claims_have_one_spelling_too() {
        let bytes = claims().encode(KEY);
        let read = |header: &[u8], optional: &[u8]| {
            Claims::decode(&[header, &bytes[1..], optional].concat(), Kind::Access, KEY)
        };
        let number = [0x20, 0x19, 0x03, 0xe8];
        let others = [0x20, 0x42, 1, 2, 0x21, 0x61, b'x', 0x38, 0xff, 0xf5, 0x39, 0x03, 0xe7, 0xf4];
        assert_eq!(read(&[0xa6], &number), Ok(claims()));
        assert_eq!(read(&[0xa9], &others), Ok(claims()));
        let refused: &[(&[u8], &[u8])] = &[
            (&[0xb8, 0x06], &[0x20, 0x01]),
            (&[0xa6], &[0x38, 0x00, 0x01]),
            (&[0xa6], &[0x20, 0x18, 0x01]),
            (&[0xa6], &[0x20, 0x58, 0x01, 0x01]),
            (&[0xa6], &[0x20, 0x5f, 0x41, 0x01, 0xff]),
            (&[0xa6], &[0x20, 0x78, 0x01, b'x']),
            (&[0xa6], &[0x20, 0x61, 0xff]),
            (&[0xa6], &[0x20, 0x81, 0x01]),
            (&[0xa6], &[0x20, 0xf6]),
            (&[0xa6], &[0x3b, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x01]),
            (&[0xa6], &[0x20, 0x01, 0x00]),
            (&[0xa6], &[0x20]),
            (&[0xa7], &[0x20, 0x01, 0x20, 0x01]),
            (&[0xa7], &[0x21, 0x01, 0x20, 0x01]),
            (&[0xa7], &[0x20, 0x01, 0x13, 0x61, b'u']),
        ];
        for (header, optional) in refused {
            assert_eq!(read(header, optional), Err(Malformed), "{optional:02x?}");
        }
    }

    #[test]
    fn texts_of_scopes_have_one_spelling() {
        let mut narrowed = claims();
        narrowed.scope = Scope::parse("a b");
        narrowed.partner = Some(Partner {
            expires_at: narrowed.expires_at,
            generation: 0,
            scope: Scope::parse("c d"),
            apart: false,
        });
        let bytes = narrowed.encode(KEY);
        for (own, other) in
            [(b"a b", b"a a"), (b"a b", b"a  "), (b"a b", b"a\tb"), (b"c d", b" cd"), (b"c d", b"a b")]
        {
            let start = bytes.windows(3).position(|window| window == own).unwrap();
            let mut changed = bytes.clone();
            changed[start..start + 3].copy_from_slice(other);
            refused(&changed);
        }
    }

    #[test]
    fn a_claim_twice_is_refused() {
        let own = claims().encode(KEY);
        refused(&[&[0xa6], &own[1..19], &own[1..]].concat());
    }

    #[test]
    fn an_issue_time_outside_the_hour_of_the_key_is_refused() {
        let next = KeyId { hour: KEY.hour + 1, ..KEY };
        let mut token = claims();
        let issue = |token: &mut Claims, at: Timestamp| {
            let expires_at = at.saturating_add(Duration::from_mins(30));
            (token.issued_at, token.expires_at, token.family_expires_at) = (at, expires_at, expires_at);
        };
        issue(&mut token, Timestamp::from_ms(Timestamp::from_hour(next.hour).as_ms() - 1));
        assert_eq!(Claims::decode(&token.encode(KEY), Kind::Access, KEY), Ok(token.clone()));
        issue(&mut token, Timestamp::from_hour(next.hour));
        refused(&token.encode(KEY));
        let mut late = vec![0xa5];
        late.extend_from_slice(&claims().encode(KEY)[1..19]);
        late.extend_from_slice(&[0x03, 0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
        late.extend_from_slice(&token.encode(next)[21..]);
        refused(&late);
    }

    #[test]
    fn a_second_spelling_is_refused() {
        let bytes = claims().encode(KEY);
        let mut long_key = bytes.clone();
        long_key.splice(1..2, [0x18, 0x01]);
        refused(&long_key);
        let mut explicit_default = vec![0xa6];
        explicit_default.extend_from_slice(&bytes[1..19]);
        explicit_default.extend_from_slice(&[0x02, 0x00]);
        explicit_default.extend_from_slice(&bytes[19..]);
        refused(&explicit_default);
        let mut long_header = vec![0xb8, 0x05];
        long_header.extend_from_slice(&bytes[1..]);
        refused(&long_header);
        refused(&[&bytes[..], &[0]].concat());
        refused(&bytes[..bytes.len() - 1]);
        refused(&[]);
        refused(&[0xbf, 0xff]);
    }

    #[test]
    fn swapped_claims_are_refused() {
        let mut bytes = vec![0xa5];
        let own = claims().encode(KEY);
        let mut input = Decoder::new(&own);
        input.map().unwrap();
        let mut entries = Vec::new();
        for _ in 0..5 {
            let start = input.position();
            input.skip().unwrap();
            input.skip().unwrap();
            entries.push(&own[start..input.position()]);
        }
        entries.swap(1, 2);
        bytes.extend(entries.concat());
        refused(&bytes);
    }

    #[test]
    fn a_missing_claim_is_refused() {
        let mut bytes = Vec::new();
        Encoder::new(&mut bytes).map(0).unwrap();
        refused(&bytes);
    }

    #[test]
    fn the_twin_of_the_twin_is_the_token() {
        let mut token = claims();
        token.kind = Kind::Refresh;
        token.generation = 2;
        token.scope = Scope::parse("a b");
        token.partner = Some(Partner {
            expires_at: token.issued_at.saturating_add(Duration::from_mins(1)),
            generation: 5,
            scope: Scope::parse("a"),
            apart: false,
        });
        let twin = token.twin(SealedAttributes::default()).unwrap();
        assert_eq!((twin.kind, twin.generation, twin.scope.to_string()), (Kind::Access, 5, "a".to_owned()));
        assert_eq!((token.access_generation(), token.refresh_generation()), (5, 2));
        assert_eq!((twin.access_generation(), twin.refresh_generation()), (5, 2));
        assert_eq!(twin.twin(SealedAttributes::default()), Some(token));
        assert_eq!(claims().twin(SealedAttributes::default()), None);
    }

    prop_compose! {
        fn any_claims()(
            kind in prop::sample::select(&Kind::ALL[..]),
            grant in prop::sample::select(&Grant::ALL[..]),
            rotation in prop::option::of(prop::sample::select(&Rotation::ALL[..])),
            numbers in (0..4u32, 0..3_600_000u64, 1..63_072_000_000u64, 0..70_000u64),
            partner in prop::option::of((0..63_072_000_000u64, 0..4u32, "[a-z ]{0,9}", any::<bool>())),
            absolute in prop::option::of(0..63_072_000_000u64),
            family_extra in prop::option::of(0..1_000_000u64),
            born in any::<bool>(),
            texts in ("[ -~]{1,64}", prop::option::of("\\PC{0,40}"), "[a-z ]{0,20}", prop::option::of("[ -~]{0,80}")),
            attributes in prop::option::of(prop::collection::vec(("\\PC{0,8}", "\\PC{0,30}"), 0..5)),
        ) -> Claims {
            let (generation, issued, ttl, seen) = numbers;
            let (client, user, scope, redirect_uri) = texts;
            let issued_at = Timestamp::from_hour(KEY.hour).saturating_add(Duration::from_millis(issued));
            let at = |ms| issued_at.saturating_add(Duration::from_millis(ms));
            let partner = partner.map(|(expires, generation, scope, apart): (_, _, String, _)| Partner {
                expires_at: at(expires), generation, scope: Scope::parse(&scope), apart,
            });
            let later = partner.as_ref().map_or(at(ttl), |partner: &Partner| partner.expires_at.max(at(ttl)));
            Claims {
                kind, generation, issued_at, expires_at: at(ttl), seen, grant, partner,
                family: FamilyId([9; 16]),
                family_expires_at: family_extra.map_or(later, |extra| later.saturating_add(Duration::from_millis(extra))),
                absolute_expires_at: absolute.map(at),
                born: if born { KEY } else { KeyId { hour: 499_000, ..KEY } },
                front_end: rotation.map_or(FrontEnd::Bundle, FrontEnd::Native),
                client: client.into(),
                user: user.map(Into::into),
                scope: Scope::parse(&scope),
                attributes: attributes.map_or(SealedAttributes::Overflow, |pairs: Vec<(String, String)>| {
                    SealedAttributes::Inline(pairs.iter().map(|(name, value)| (&**name, &**value)).collect())
                }),
                source: SourceId([3; 8]),
                redirect_uri: redirect_uri.map(Into::into),
            }
        }
    }

    proptest! {
        #[test]
        fn claims_round_trip(claims in any_claims()) {
            let bytes = claims.encode(KEY);
            prop_assert_eq!(Claims::decode(&bytes, claims.kind, KEY), Ok(claims));
        }

        #[test]
        fn changed_bytes_never_panic_nor_read_as_the_same_claims(
            claims in any_claims(), position in any::<prop::sample::Index>(), flip in 1..=255u8,
        ) {
            let mut bytes = claims.encode(KEY);
            let index = position.index(bytes.len());
            bytes[index] ^= flip;
            if let Ok(read) = Claims::decode(&bytes, claims.kind, KEY) {
                prop_assert_ne!(read, claims);
            }
        }

        #[test]
        fn rubbish_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Claims::decode(&bytes, Kind::Refresh, KEY);
        }
    }
}
