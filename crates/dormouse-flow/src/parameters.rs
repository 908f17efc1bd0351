//! Query and form parameters: ordered, repeatable, decoded, and rewritten without touching the pairs that nobody
//! changed (WHATWG URL, `application/x-www-form-urlencoded`; Apigee: `message.queryparam.*`, `message.formparam.*`).

use std::borrow::Cow;
use std::collections::HashSet;

/// The pairs of a query or a form, in order. Names are case-sensitive.
#[derive(Clone, Default)]
pub struct Parameters(Vec<Parameter>);

#[derive(Clone)]
struct Parameter {
    /// The pair as it was received or encoded.
    raw: Box<str>,
    name: Box<str>,
    value: Box<str>,
}

impl Parameters {
    /// The pairs of a raw query without its `?`. A pair without `=` has an empty value.
    pub fn from_query(raw: &str) -> Self {
        Self(pairs(raw).take(PAIRS_MAX).map(Parameter::decode).collect())
    }

    /// The pairs of a form's body; `None` when Apigee cannot read it, because a pair has no `=`, or because it has
    /// more than 10,000 pairs.
    pub fn from_form(body: &[u8]) -> Option<Self> {
        let raw = String::from_utf8_lossy(body);
        let mut parameters = Vec::new();
        for pair in pairs(&raw) {
            if parameters.len() == PAIRS_MAX || !pair.contains('=') {
                return None;
            }
            parameters.push(Parameter::decode(pair));
        }
        Some(Self(parameters))
    }

    /// All pairs, decoded.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|parameter| (&*parameter.name, &*parameter.value))
    }

    /// The values of one name, in order.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.iter().filter(move |(own, _)| *own == name).map(|(_, value)| value)
    }

    /// The first value of one name.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.iter().find(|(own, _)| *own == name).map(|(_, value)| value)
    }

    /// The different names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let mut seen = HashSet::new();
        self.iter().map(|(name, _)| name).filter(move |name| seen.insert(*name))
    }

    /// Replaces all values of a name by one, at the place of the first; appends when there was none.
    pub fn set(&mut self, name: &str, value: &str) {
        let index = self.0.iter().position(|own| &*own.name == name).unwrap_or(self.0.len());
        self.0.retain(|own| &*own.name != name);
        self.0.insert(index, Parameter::encode(name, value));
    }

    /// Replaces the `number`-th value of a name (from 1); appends when there are fewer.
    pub fn set_value(&mut self, name: &str, number: usize, value: &str) {
        let Some(index) = number.checked_sub(1) else { return };
        match self.0.iter_mut().filter(|own| &*own.name == name).nth(index) {
            Some(own) => *own = Parameter::encode(name, value),
            None => self.add(name, value),
        }
    }

    /// Appends a pair.
    pub fn add(&mut self, name: &str, value: &str) {
        self.0.push(Parameter::encode(name, value));
    }

    /// Removes all values of a name.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|own| &*own.name != name);
    }

    /// Removes the `number`-th value of a name (from 1).
    pub fn remove_value(&mut self, name: &str, number: usize) {
        let Some(index) = number.checked_sub(1) else { return };
        let same =
            self.0.iter().enumerate().filter(|(_, own)| &*own.name == name).nth(index).map(|(at, _)| at);
        if let Some(at) = same {
            self.0.remove(at);
        }
    }

    /// The pairs as they go into a query or a body.
    pub fn render(&self) -> String {
        let raws: Vec<_> = self.0.iter().map(|parameter| &*parameter.raw).collect();
        raws.join("&")
    }

    /// Number of pairs.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no pair.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Parameter {
    fn decode(raw: &str) -> Self {
        let (name, value) = raw.split_once('=').unwrap_or((raw, ""));
        Self { raw: raw.into(), name: decoded(name).into(), value: decoded(value).into() }
    }

    fn encode(name: &str, value: &str) -> Self {
        Self {
            raw: format!("{}={}", encoded(name), encoded(value)).into(),
            name: name.into(),
            value: value.into(),
        }
    }
}

/// The pairs of a raw text; empty ones, as after a trailing `&`, do not count.
fn pairs(raw: &str) -> impl Iterator<Item = &str> {
    raw.split('&').filter(|pair| !pair.is_empty())
}

/// `+` to blank, then percent-decoding; bytes that are not UTF-8 become replacement characters.
fn decoded(raw: &str) -> Cow<'_, str> {
    if !raw.contains(['+', '%']) {
        return Cow::Borrowed(raw);
    }
    let spaced = raw.replace('+', " ");
    Cow::Owned(percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned())
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// More pairs than any real form has; bounds the memory that a body can ask for.
const PAIRS_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(parameters: &Parameters, expected: &str) {
        assert_eq!(parameters.render(), expected);
    }

    #[test]
    fn decoding() {
        let query = Parameters::from_query("a=1&b=%20x+y&a=2&flag&&=e&u=%C3%A4&bad=%ff");
        assert_eq!(query.values("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(query.first("b"), Some(" x y"));
        assert_eq!(query.first("flag"), Some(""));
        assert_eq!(query.first(""), Some("e"));
        assert_eq!(query.first("u"), Some("ä"));
        assert_eq!(query.first("bad"), Some("\u{fffd}"));
        assert_eq!(query.first("A"), None);
        assert_eq!(query.names().collect::<Vec<_>>(), ["a", "b", "flag", "", "u", "bad"]);
    }

    #[test]
    fn a_pair_without_equals_spoils_a_form_but_not_a_query() {
        assert!(Parameters::from_form(b"a=1&b&c=2").is_none());
        assert_eq!(Parameters::from_form(b"a=1&b=&c=2").as_ref().and_then(|form| form.first("b")), Some(""));
        assert_eq!(Parameters::from_form(b"").map(|form| form.len()), Some(0));
    }

    #[test]
    fn a_form_with_too_many_pairs_is_unreadable() {
        assert!(Parameters::from_form("a=1&".repeat(PAIRS_MAX).as_bytes()).is_some());
        assert!(Parameters::from_form("a=1&".repeat(PAIRS_MAX + 1).as_bytes()).is_none());
    }

    #[test]
    fn changes_leave_other_pairs_as_they_were() {
        let mut query = Parameters::from_query("a=%7e1&b=2&a=3&flag");
        query.set("a", "x y&z");
        check(&query, "a=x+y%26z&b=2&flag");
        query.add("b", "");
        check(&query, "a=x+y%26z&b=2&flag&b=");
        query.set_value("b", 2, "q");
        query.set_value("b", 9, "r");
        query.set_value("b", 0, "never");
        check(&query, "a=x+y%26z&b=2&flag&b=q&b=r");
        query.remove_value("b", 2);
        query.remove_value("b", 7);
        query.remove_value("b", 0);
        check(&query, "a=x+y%26z&b=2&flag&b=r");
        query.remove("b");
        check(&query, "a=x+y%26z&flag");
    }
}
