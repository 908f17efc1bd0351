//! Headers of a message: ordered, repeatable, keeping the spelling that a policy wrote (Apigee: "Flow variables
//! reference", `message.header.*`; RFC 9110 §5).

use bytes::Bytes;
use http::header::{CONNECTION, HeaderMap, HeaderName, HeaderValue};
use std::borrow::Cow;

/// The headers of a message, in order. Names match regardless of case.
#[derive(Clone, Default)]
pub struct Headers(Vec<Header>);

/// One header line.
#[derive(Clone)]
struct Header {
    name: HeaderName,
    /// The spelling to show where it differs from the lower-case name.
    spelling: Option<Box<str>>,
    value: HeaderValue,
}

/// A name or value that no header may have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHeader {
    /// The name is empty or has characters that RFC 9110 §5.1 does not allow.
    #[error("the header name {0:?} is not a token")]
    Name(String),
    /// The value of this header has control characters.
    #[error("the value of header {0:?} has control characters")]
    Value(String),
}

impl Headers {
    /// The headers that a server library read, without copying their texts.
    pub fn from_map(map: HeaderMap) -> Self {
        let mut headers = Vec::with_capacity(map.len());
        let mut last = None;
        for (name, value) in map {
            // The map names only the first of several values.
            last = name.or(last);
            if let Some(name) = last.clone() {
                headers.push(Header { name, spelling: None, value });
            }
        }
        Self(headers)
    }

    /// Appends a line as it came over the wire, spelling included. The value's text is shared, not copied.
    ///
    /// # Errors
    /// [`InvalidHeader`]; the headers are then unchanged.
    pub fn push_received(&mut self, name: &[u8], value: Bytes) -> Result<(), InvalidHeader> {
        let shown = String::from_utf8_lossy(name);
        let canonical =
            HeaderName::from_bytes(name).map_err(|_| InvalidHeader::Name(shown.clone().into_owned()))?;
        let spelling = (canonical.as_str() != shown).then(|| shown.as_ref().into());
        let value =
            HeaderValue::from_maybe_shared(value).map_err(|_| InvalidHeader::Value(shown.into_owned()))?;
        self.0.push(Header { name: canonical, spelling, value });
        Ok(())
    }

    /// Every header line in order: the canonical name, the name as it was spelled, and the value.
    pub fn spelled_lines(&self) -> impl Iterator<Item = (&HeaderName, &str, &HeaderValue)> {
        self.0.iter().map(|header| (&header.name, header.shown_name(), &header.value))
    }

    /// Every header line in order, with the name as it was spelled.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &HeaderValue)> {
        self.0.iter().map(|header| (header.shown_name(), &header.value))
    }

    /// Every header line in order, with the canonical name: what goes into an `http` message.
    pub fn lines(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.0.iter().map(|header| (&header.name, &header.value))
    }

    /// The whole value of the first line with this name.
    pub fn first(&self, name: &HeaderName) -> Option<Cow<'_, str>> {
        self.0.iter().find(|header| header.name == *name).map(|header| text(&header.value))
    }

    /// The whole values of all lines with this name.
    pub fn occurrences<'a>(&'a self, name: &'a HeaderName) -> impl Iterator<Item = Cow<'a, str>> {
        self.0.iter().filter(move |header| header.name == *name).map(|header| text(&header.value))
    }

    /// The values of this name as Apigee counts them: every line split at its commas, trimmed.
    pub fn values<'a>(&'a self, name: &'a HeaderName) -> impl Iterator<Item = Cow<'a, str>> {
        self.occurrences(name).flat_map(|line| match line {
            Cow::Borrowed(line) => Parts::Borrowed(line.split(',')),
            Cow::Owned(line) => Parts::Owned(line.split(',').map(Into::into).collect::<Vec<_>>().into_iter()),
        })
    }

    /// All lines of this name joined with commas, or `None` when there is none.
    pub fn joined(&self, name: &HeaderName) -> Option<String> {
        let lines: Vec<_> = self.occurrences(name).collect();
        (!lines.is_empty()).then(|| lines.join(","))
    }

    /// Whether a line with this name exists.
    pub fn contains(&self, name: &HeaderName) -> bool {
        self.0.iter().any(|header| header.name == *name)
    }

    /// The different names, in the order of their first lines.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let first =
            |index: usize, header: &Header| self.0.iter().position(|h| h.name == header.name) == Some(index);
        self.0
            .iter()
            .enumerate()
            .filter(move |(index, header)| first(*index, header))
            .map(|(_, h)| h.shown_name())
    }

    /// Replaces every line of this name with one.
    ///
    /// # Errors
    /// [`InvalidHeader`]; the headers are then unchanged.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), InvalidHeader> {
        let header = Header::parse(name, value)?;
        let index = self.0.iter().position(|own| own.name == header.name).unwrap_or(self.0.len());
        self.0.retain(|own| own.name != header.name);
        self.0.insert(index, header);
        Ok(())
    }

    /// Appends one more line.
    ///
    /// # Errors
    /// [`InvalidHeader`]; the headers are then unchanged.
    pub fn add(&mut self, name: &str, value: &str) -> Result<(), InvalidHeader> {
        self.0.push(Header::parse(name, value)?);
        Ok(())
    }

    /// Replaces the `number`-th value (from 1, counted as in [`Headers::values`]); appends when there are fewer.
    ///
    /// # Errors
    /// [`InvalidHeader`]; the headers are then unchanged.
    pub fn set_value(&mut self, name: &str, number: usize, value: &str) -> Result<(), InvalidHeader> {
        let header = Header::parse(name, value)?;
        let mut values: Vec<String> = self.values(&header.name).map(Cow::into_owned).collect();
        match number.checked_sub(1).and_then(|index| values.get_mut(index)) {
            Some(own) => value.clone_into(own),
            None => values.push(value.to_owned()),
        }
        self.set(name, &values.join(", "))
    }

    /// Removes every line of this name.
    pub fn remove(&mut self, name: &HeaderName) {
        self.0.retain(|header| header.name != *name);
    }

    /// Removes the `number`-th value (from 1, counted as in [`Headers::values`]) and keeps the others.
    pub fn remove_value(&mut self, name: &HeaderName, number: usize) {
        let Some(index) = number.checked_sub(1) else { return };
        let mut values: Vec<String> = self.values(name).map(Cow::into_owned).collect();
        if index >= values.len() {
            return;
        }
        values.remove(index);
        let spelled =
            self.0.iter().find(|header| header.name == *name).map(|header| header.shown_name().to_owned());
        match spelled {
            // The value is made of parts that were headers before, so it cannot be refused.
            Some(spelled) if !values.is_empty() => drop(self.set(&spelled, &values.join(", "))),
            _ => self.remove(name),
        }
    }

    /// Removes everything.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Appends the lines of `other` whose names satisfy `wanted`, after removing what had those names.
    pub fn copy_from(&mut self, other: &Self, wanted: impl Fn(&HeaderName) -> bool) {
        self.0.retain(|own| !(wanted(&own.name) && other.contains(&own.name)));
        self.0.extend(other.0.iter().filter(|header| wanted(&header.name)).cloned());
    }

    /// The further headers that `Connection` declares to be of one connection only (RFC 9110 §7.6.1).
    pub fn connection_options(&self) -> Vec<HeaderName> {
        self.values(&CONNECTION).filter_map(|name| HeaderName::from_bytes(name.as_bytes()).ok()).collect()
    }

    /// Number of lines.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Header {
    fn parse(name: &str, value: &str) -> Result<Self, InvalidHeader> {
        let canonical =
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| InvalidHeader::Name(name.to_owned()))?;
        let spelling = (canonical.as_str() != name).then(|| name.into());
        let value = HeaderValue::from_bytes(single_line(value).as_bytes())
            .map_err(|_| InvalidHeader::Value(name.to_owned()))?;
        Ok(Self { name: canonical, spelling, value })
    }

    fn shown_name(&self) -> &str {
        self.spelling.as_deref().unwrap_or(self.name.as_str())
    }
}

/// A header's text. What is not UTF-8 is read as ISO-8859-1, RFC 9110's historical encoding.
pub(crate) fn text(value: &HeaderValue) -> Cow<'_, str> {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(value.as_bytes().iter().copied().map(char::from).collect()),
    }
}

/// Trims, and takes out line breaks with the indentation around them: bundles wrap long values over several lines,
/// and a line break in a header would let its author write further headers.
fn single_line(value: &str) -> Cow<'_, str> {
    let trimmed = value.trim();
    if !trimmed.contains(['\r', '\n']) {
        return Cow::Borrowed(trimmed);
    }
    Cow::Owned(trimmed.split(['\r', '\n']).map(str::trim).collect())
}

/// The parts of one line between its commas, whichever way its text is held.
enum Parts<'a> {
    Borrowed(std::str::Split<'a, char>),
    Owned(std::vec::IntoIter<String>),
}

impl<'a> Iterator for Parts<'a> {
    type Item = Cow<'a, str>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Borrowed(parts) => parts.next().map(|part| Cow::Borrowed(part.trim())),
            Self::Owned(parts) => parts.next().map(|part| Cow::Owned(part.trim().to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::{ACCEPT, COOKIE};

    fn headers(lines: &[(&str, &str)]) -> Headers {
        let mut headers = Headers::default();
        for (name, value) in lines {
            headers.add(name, value).expect("valid header");
        }
        headers
    }

    #[track_caller]
    fn check(headers: &Headers, expected: &[(&str, &str)]) {
        let actual: Vec<_> = headers.iter().map(|(name, value)| (name, text(value).into_owned())).collect();
        let actual: Vec<_> = actual.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(actual, expected);
    }

    #[test]
    fn set_replaces_all_lines_in_place_and_keeps_the_new_spelling() {
        let mut h = headers(&[("accept", "a"), ("X-Id", "1"), ("ACCEPT", "b")]);
        h.set("Accept", "c").expect("valid");
        check(&h, &[("Accept", "c"), ("X-Id", "1")]);
        h.set("x-new", "2").expect("valid");
        check(&h, &[("Accept", "c"), ("X-Id", "1"), ("x-new", "2")]);
    }

    #[test]
    fn values_are_split_at_commas_over_all_lines() {
        let h = headers(&[("Accept", "a , b"), ("accept", "c")]);
        assert_eq!(h.values(&ACCEPT).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(h.joined(&ACCEPT).as_deref(), Some("a , b,c"));
        assert_eq!(h.joined(&COOKIE), None);
        assert_eq!(h.names().collect::<Vec<_>>(), ["Accept"]);
    }

    #[test]
    fn single_values_are_replaced_and_removed() {
        let mut h = headers(&[("Accept", "a, b"), ("Accept", "c")]);
        h.set_value("Accept", 2, "x").expect("valid");
        check(&h, &[("Accept", "a, x, c")]);
        h.remove_value(&ACCEPT, 1);
        check(&h, &[("Accept", "x, c")]);
        h.remove_value(&ACCEPT, 9);
        h.remove_value(&ACCEPT, 0);
        h.remove_value(&ACCEPT, 2);
        h.remove_value(&ACCEPT, 1);
        check(&h, &[]);
    }

    #[test]
    fn wrapped_values_become_one_line_and_injection_is_impossible() {
        let mut h = Headers::default();
        h.add("Location", "\n  https://a/\n  ?b=c\r\n").expect("valid");
        check(&h, &[("Location", "https://a/?b=c")]);
        h.set("Location", "x\r\nSet-Cookie: a=b").expect("valid");
        check(&h, &[("Location", "xSet-Cookie: a=b")]);
        assert_eq!(h.add("A B", "x"), Err(InvalidHeader::Name("A B".into())));
        assert_eq!(h.add("", "x"), Err(InvalidHeader::Name(String::new())));
        assert_eq!(h.add("A", "x\0"), Err(InvalidHeader::Value("A".into())));
    }

    #[test]
    fn copying_replaces_what_the_source_has() {
        let mut h = headers(&[("a", "1"), ("b", "2")]);
        h.copy_from(&headers(&[("B", "3"), ("b", "4"), ("c", "5")]), |name| name != "c");
        check(&h, &[("a", "1"), ("B", "3"), ("b", "4")]);
    }

    #[test]
    fn received_lines_keep_order_spelling_and_repetition() {
        let mut h = Headers::default();
        for (name, value) in [("x-A", "1"), ("b", "2"), ("X-a", "3")] {
            h.push_received(name.as_bytes(), Bytes::from_static(value.as_bytes())).expect("valid");
        }
        check(&h, &[("x-A", "1"), ("b", "2"), ("X-a", "3")]);
        let spelled: Vec<_> = h.spelled_lines().map(|(name, shown, _)| (name.as_str(), shown)).collect();
        assert_eq!(spelled, [("x-a", "x-A"), ("b", "b"), ("x-a", "X-a")]);
        let refused = h.push_received(b"a b", Bytes::new());
        assert_eq!(refused, Err(InvalidHeader::Name("a b".into())));
        assert_eq!(h.push_received(b"A", Bytes::from_static(b"x\ny")), Err(InvalidHeader::Value("A".into())));
        assert_eq!(h.len(), 3);
    }

    #[test]
    fn other_encodings_are_read_as_latin_1() {
        let value = HeaderValue::from_bytes(b"caf\xe9").expect("valid");
        assert_eq!(text(&value), "café");
    }
}
