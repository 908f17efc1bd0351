//! Custom attributes of a token: names and values in the order in which they were first set.

use crate::cbor::{self, Malformed};
use minicbor::{Decoder, Encoder};
use std::fmt;

/// Ordered name/value pairs; a name occurs once. Values may be secret (identity facades keep provider tokens here).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Attributes(Vec<(Box<str>, Box<str>)>);

impl Attributes {
    /// The value of an attribute.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.iter().find(|(own, _)| *own == name).map(|(_, value)| value)
    }

    /// Sets an attribute, keeping its place when it exists.
    pub fn set(&mut self, name: &str, value: &str) {
        match self.0.iter_mut().find(|(own, _)| &**own == name) {
            Some((_, old)) => *old = value.into(),
            None => self.0.push((name.into(), value.into())),
        }
    }

    /// Removes an attribute.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(own, _)| &**own != name);
    }

    /// Sets every attribute of `edits`.
    pub fn fold(&mut self, edits: &Self) {
        for (name, value) in edits.iter() {
            self.set(name, value);
        }
    }

    /// The pairs, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// How many attributes there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes of all names and values together, the measure of the 8 KiB limit.
    pub fn size(&self) -> usize {
        self.iter().map(|(name, value)| name.len() + value.len()).sum()
    }

    /// Appends one CBOR array `[name, value, name, value, …]`.
    pub(crate) fn encode(&self, out: &mut Encoder<&mut Vec<u8>>) {
        cbor::infallible(out.array(self.0.len() as u64 * 2));
        for (name, value) in self.iter() {
            cbor::infallible(out.str(name).and_then(|out| out.str(value)));
        }
    }

    /// Reads what [`Attributes::encode`] wrote.
    pub(crate) fn decode(input: &mut Decoder<'_>) -> Result<Self, Malformed> {
        let items = input.array()?.ok_or(Malformed)?;
        if items % 2 != 0 {
            return Err(Malformed);
        }
        let mut attributes = Self::default();
        for _ in 0..items / 2 {
            let (name, value) = (input.str()?, input.str()?);
            if attributes.value(name).is_some() {
                return Err(Malformed);
            }
            attributes.0.push((name.into(), value.into()));
        }
        Ok(attributes)
    }

    /// Stand-alone CBOR form, for sealed store rows.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.encode(&mut Encoder::new(&mut bytes));
        bytes
    }

    /// The inverse of [`Attributes::to_bytes`].
    ///
    /// # Errors
    /// [`Malformed`] when the bytes are not exactly one encoded list.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut input = Decoder::new(bytes);
        let attributes = Self::decode(&mut input)?;
        cbor::end(&input, bytes)?;
        Ok(attributes)
    }
}

impl fmt::Debug for Attributes {
    /// Names alone: values may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(pairs: I) -> Self {
        let mut attributes = Self::default();
        for (name, value) in pairs {
            attributes.set(name, value);
        }
        attributes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_overwrites_in_place_and_appends() {
        let mut attributes: Attributes = [("a", "1"), ("b", "2")].into_iter().collect();
        attributes.fold(&[("c", "3"), ("a", "9")].into_iter().collect());
        assert_eq!(attributes.iter().collect::<Vec<_>>(), [("a", "9"), ("b", "2"), ("c", "3")]);
        assert_eq!(attributes.size(), 6);
        attributes.remove("b");
        assert_eq!(attributes.len(), 2);
    }

    #[test]
    fn bytes_round_trip_and_reject_rubbish() {
        let attributes: Attributes = [("idp.token", "secret"), ("x", "")].into_iter().collect();
        let bytes = attributes.to_bytes();
        assert_eq!(Attributes::from_bytes(&bytes), Ok(attributes));
        assert_eq!(Attributes::from_bytes(&bytes[..bytes.len() - 1]), Err(Malformed));
        assert_eq!(Attributes::from_bytes(&[&bytes[..], &[0]].concat()), Err(Malformed));
        assert_eq!(Attributes::from_bytes(b"\x81\x61a"), Err(Malformed));
        assert_eq!(Attributes::from_bytes(b"\x84\x61a\x60\x61a\x60"), Err(Malformed), "a name twice");
    }

    #[test]
    fn debug_output_hides_values() {
        let attributes: Attributes = [("idp.token", "secret")].into_iter().collect();
        assert_eq!(format!("{attributes:?}"), r#"["idp.token"]"#);
    }
}
