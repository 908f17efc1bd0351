//! What the row of an imported token holds, before it is sealed (TOKENS §1 "Imported tokens").

use dormouse_token::{Claims, KeyId, Kind, RowKey};

/// The sealed content of an import's row.
pub(crate) struct ImportContent {
    pub(crate) claims: Claims,
    /// Times in the claims are relative to it, and the twin is sealed under it.
    pub(crate) key: KeyId,
    pub(crate) partner: Option<RowKey>,
}

/// `key id ‖ length of the partner's row key ‖ partner's row key ‖ claims`.
pub(crate) fn encode_content(key: KeyId, partner: Option<RowKey>, claims: &Claims) -> Vec<u8> {
    let partner = partner.map(|partner| partner.to_bytes()).unwrap_or_default();
    let length = u8::try_from(partner.len()).unwrap_or(0);
    [&key.to_bytes()[..], &[length], &partner, &claims.encode(key)].concat()
}

pub(crate) fn decode_content(plain: &[u8], kind: Kind) -> Option<ImportContent> {
    let (key, rest) = plain.split_first_chunk::<12>()?;
    let (length, rest) = rest.split_first()?;
    let (partner, claims) = rest.split_at_checked(usize::from(*length))?;
    let partner = if partner.is_empty() { None } else { Some(RowKey::from_bytes(partner).ok()?) };
    let key = KeyId::from_bytes(*key);
    Some(ImportContent { claims: Claims::decode(claims, kind, key).ok()?, key, partner })
}
