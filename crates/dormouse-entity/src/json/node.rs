//! JSON values that know where they stand in their file.
//!
//! Each value is a slice of the text, so its address is its position; paths are found only when a problem is reported.

use crate::{EntityError, Position, Problem};
use dormouse_token::Timestamp;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A file that is being read.
pub(crate) struct Source {
    file: Arc<str>,
    text: Box<str>,
}

/// A value's place in a file. Its position is found only when somebody asks.
#[derive(Clone)]
pub(crate) struct Place {
    source: Arc<Source>,
    address: usize,
}

/// A JSON value in a file.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a>(&'a RawValue);

/// The members of a JSON object, in order, each name once.
pub(crate) struct Object<'a> {
    node: Node<'a>,
    members: Vec<(String, Node<'a>)>,
}

/// A problem and the address of the value that has it.
#[derive(Debug)]
pub(crate) struct Fault {
    address: usize,
    pub(crate) problem: Problem,
}

impl Source {
    /// Editors on Windows put a byte order mark in front; it means nothing.
    pub(crate) fn new(file: &str, text: &str) -> Arc<Self> {
        Arc::new(Self { file: file.into(), text: text.trim_start_matches('\u{feff}').into() })
    }

    /// The whole file as one value, its syntax checked to the end.
    pub(crate) fn root(&self) -> Result<Node<'_>, EntityError> {
        serde_json::from_str(&self.text).map(Node).map_err(|error| {
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default().to_owned();
            let (line, column) = (error.line().max(1), error.column().max(1));
            let position = Position { file: Arc::clone(&self.file), line, column, path: "$".to_owned() };
            EntityError { position, problem: Problem::Syntax(message) }
        })
    }

    pub(crate) fn error(&self, fault: Fault) -> EntityError {
        EntityError { position: self.position(fault.address), problem: fault.problem }
    }

    pub(crate) fn place(self: &Arc<Self>, node: Node<'_>) -> Place {
        Place { source: Arc::clone(self), address: node.address() }
    }

    fn position(&self, address: usize) -> Position {
        let offset = address.saturating_sub(self.text.as_ptr() as usize);
        let before = self.text.get(..offset).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let mut path = "$".to_owned();
        if let Ok(root) = self.root() {
            root.path_to(address, &mut path);
        }
        Position { file: Arc::clone(&self.file), line, column, path }
    }
}

impl Place {
    pub(crate) fn position(&self) -> Position {
        self.source.position(self.address)
    }

    pub(crate) fn error(&self, problem: Problem) -> EntityError {
        EntityError { position: self.position(), problem }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.position().fmt(f)
    }
}

impl<'a> Node<'a> {
    pub(crate) fn fault(self, problem: Problem) -> Fault {
        Fault { address: self.address(), problem }
    }

    pub(crate) fn object(self) -> Result<Object<'a>, Fault> {
        if self.kind() != OBJECT {
            return Err(self.mistyped(OBJECT));
        }
        let members = serde_json::Deserializer::from_str(self.0.get()).deserialize_map(Members);
        let members = members.map_err(|error| self.fault(Problem::Syntax(error.to_string())))?;
        let mut names = HashSet::with_capacity(members.len());
        for (name, node) in &members {
            if !names.insert(name.as_str()) {
                return Err(node.fault(Problem::DuplicateMember(name.clone())));
            }
        }
        Ok(Object { node: self, members })
    }

    /// The elements of a list, at most `limit`.
    pub(crate) fn list(self, limit: usize) -> Result<Vec<Self>, Fault> {
        if self.kind() != LIST {
            return Err(self.mistyped(LIST));
        }
        let elements: Vec<&RawValue> = serde_json::from_str(self.0.get())
            .map_err(|error| self.fault(Problem::Syntax(error.to_string())))?;
        if elements.len() > limit {
            return Err(self.fault(Problem::TooMany { count: elements.len(), limit }));
        }
        Ok(elements.into_iter().map(Node).collect())
    }

    pub(crate) fn is_list(self) -> bool {
        self.kind() == LIST
    }

    pub(crate) fn is_object(self) -> bool {
        self.kind() == OBJECT
    }

    pub(crate) fn is_empty_text(self) -> bool {
        self.0.get() == "\"\""
    }

    /// A text of at most `limit` bytes. Numbers and booleans count as what they look like: Apigee's tools differ in it.
    pub(crate) fn text(self, limit: usize) -> Result<String, Fault> {
        let raw = self.0.get();
        let text = match self.kind() {
            STRING => {
                serde_json::from_str(raw).map_err(|error| self.fault(Problem::Syntax(error.to_string())))?
            }
            NUMBER | BOOLEAN => raw.to_owned(),
            _ => return Err(self.mistyped(STRING)),
        };
        if text.len() > limit {
            return Err(self.fault(Problem::TooLong { length: text.len(), limit }));
        }
        Ok(text)
    }

    /// A text, or the JSON text of anything else but `null`.
    pub(crate) fn text_or_json(self, limit: usize) -> Result<String, Fault> {
        match self.kind() {
            NULL => Ok(String::new()),
            OBJECT | LIST if self.0.get().len() <= limit => Ok(self.0.get().to_owned()),
            OBJECT | LIST => Err(self.fault(Problem::TooLong { length: self.0.get().len(), limit })),
            _ => self.text(limit),
        }
    }

    /// A text without control characters.
    pub(crate) fn plain(self, limit: usize) -> Result<String, Fault> {
        let text = self.text(limit)?;
        if text.chars().any(char::is_control) {
            return Err(self.fault(Problem::Control));
        }
        Ok(text)
    }

    /// A whole number in a range, also written as text.
    pub(crate) fn number(self, min: i64, max: i64) -> Result<i64, Fault> {
        let number = self.text(TEXT_MAX)?.trim().parse().ok();
        number
            .filter(|number| (min..=max).contains(number))
            .ok_or_else(|| self.fault(Problem::Range { min, max }))
    }

    /// `true` or `false`, also written as text.
    pub(crate) fn boolean(self) -> Result<bool, Fault> {
        self.text(TEXT_MAX)?
            .to_ascii_lowercase()
            .parse()
            .map_err(|_| self.fault(Problem::Word("true, false")))
    }

    /// A checked name.
    pub(crate) fn name<T>(
        self,
        what: &'static str,
        parse: fn(&str) -> Result<T, crate::NameError>,
    ) -> Result<T, Fault> {
        parse(&self.text(TEXT_MAX)?).map_err(|error| self.fault(Problem::Name { what, error }))
    }

    /// A word of a closed list.
    pub(crate) fn status<T: FromStr<Err = crate::UnknownStatus>>(self) -> Result<T, Fault> {
        self.text(TEXT_MAX)?
            .parse()
            .map_err(|unknown: crate::UnknownStatus| self.fault(Problem::Word(unknown.allowed)))
    }

    fn address(self) -> usize {
        self.0.get().as_ptr() as usize
    }

    fn mistyped(self, expected: &'static str) -> Fault {
        self.fault(Problem::Type { expected, found: self.kind() })
    }

    fn kind(self) -> &'static str {
        match self.0.get().as_bytes().first() {
            Some(b'{') => OBJECT,
            Some(b'[') => LIST,
            Some(b'"') => STRING,
            Some(b't' | b'f') => BOOLEAN,
            Some(b'n') => NULL,
            _ => NUMBER,
        }
    }

    /// Appends the way from this value to the one at `address`.
    fn path_to(self, address: usize, path: &mut String) {
        let inside =
            |node: Node<'_>| (node.address()..node.address() + node.0.get().len()).contains(&address);
        if address == self.address() {
            return;
        }
        if let Ok(object) = self.object() {
            if let Some((name, node)) = object.members.iter().find(|(_, node)| inside(*node)) {
                let plain =
                    name.chars().all(|letter| letter.is_alphanumeric() || letter == '_') && !name.is_empty();
                path.extend(if plain { [".", name, ""] } else { ["[\"", name, "\"]"] });
                node.path_to(address, path);
            }
        } else if let Ok(elements) = self.list(usize::MAX)
            && let Some((index, node)) = elements.into_iter().enumerate().find(|(_, node)| inside(*node))
        {
            path.extend(["[", &index.to_string(), "]"]);
            node.path_to(address, path);
        }
    }
}

impl<'a> Object<'a> {
    /// A member that is there and not `null`.
    pub(crate) fn get(&self, name: &str) -> Option<Node<'a>> {
        let found = self.members.iter().find(|(own, _)| own == name);
        found.map(|(_, node)| *node).filter(|node| node.kind() != NULL)
    }

    pub(crate) fn required(&self, name: &'static str) -> Result<Node<'a>, Fault> {
        self.get(name).ok_or_else(|| self.node.fault(Problem::Missing(name)))
    }

    pub(crate) fn node(&self) -> Node<'a> {
        self.node
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, Node<'a>)> {
        self.members.iter().map(|(name, node)| (name.as_str(), *node))
    }

    /// A text without controls; empty when absent.
    pub(crate) fn plain(&self, name: &str) -> Result<String, Fault> {
        self.get(name).map_or(Ok(String::new()), |node| node.plain(TEXT_MAX))
    }

    pub(crate) fn boolean(&self, name: &str, default: bool) -> Result<bool, Fault> {
        self.get(name).map_or(Ok(default), Node::boolean)
    }

    /// The elements of a list; none when absent.
    pub(crate) fn list(&self, name: &str) -> Result<Vec<Node<'a>>, Fault> {
        self.get(name).map_or(Ok(Vec::new()), |node| node.list(LIST_MAX))
    }

    /// A list of texts without controls; none when absent.
    pub(crate) fn plain_list(&self, name: &str) -> Result<Vec<String>, Fault> {
        self.list(name)?.into_iter().map(|node| node.plain(TEXT_MAX)).collect()
    }

    /// A status; its default when absent or empty.
    pub(crate) fn status<T: Default + FromStr<Err = crate::UnknownStatus>>(
        &self,
        name: &str,
    ) -> Result<T, Fault> {
        self.get(name).filter(|node| !node.is_empty_text()).map_or_else(|| Ok(T::default()), Node::status)
    }

    /// Milliseconds since 1970.
    pub(crate) fn timestamp(&self, name: &str, default: Timestamp) -> Result<Timestamp, Fault> {
        let Some(node) = self.get(name) else {
            return Ok(default);
        };
        Ok(Timestamp::from_ms(node.number(0, i64::MAX)?.unsigned_abs()))
    }
}

/// Collects an object's members in order.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, Node<'de>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(OBJECT)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
            members.push((name, Node(value)));
        }
        Ok(members)
    }
}

const OBJECT: &str = "an object";
const LIST: &str = "a list";
const STRING: &str = "a text";
const NUMBER: &str = "a number";
const BOOLEAN: &str = "true or false";
const NULL: &str = "null";
/// Longest text of an ordinary member.
pub(crate) const TEXT_MAX: usize = 8192;
/// Longest list inside of an entity.
pub(crate) const LIST_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, read: impl FnOnce(Node<'_>) -> Result<(), Fault>, expected: &str) {
        let source = Source::new("f.json", text);
        let result = source.root().and_then(|root| read(root).map_err(|fault| source.error(fault)));
        assert_eq!(result.map_err(|error| error.to_string()), Err(expected.to_owned()));
    }

    #[test]
    fn syntax_errors_have_line_and_column() {
        check("[\n  {\"a\": }\n]", |_| Ok(()), "f.json:2:9: $: this is not JSON: expected value");
        check("", |_| Ok(()), "f.json:1:1: $: this is not JSON: EOF while parsing a value");
        check("[] x", |_| Ok(()), "f.json:1:4: $: this is not JSON: trailing characters");
    }

    #[test]
    fn other_problems_have_line_column_and_path() {
        let read = |root: Node<'_>| {
            let first = root.object()?.required("größe")?.list(9)?;
            first.into_iter().try_for_each(|node| node.object()?.required("port")?.number(1, 9).map(|_| ()))
        };
        check(
            "{\"größe\": [{\"port\": \"7\"},\n {\"ä\": 1, \"port\": 10}]}",
            read,
            "f.json:2:19: $.größe[1].port: must be a whole number from 1 to 9",
        );
        check("{\"größe\": [{}]}", read, "f.json:1:12: $.größe[0]: port is missing; add it");
        check("{\"größe\": {}}", read, "f.json:1:11: $.größe: must be a list, is an object");
        check(
            "{\"a\":1,\n\"a\":2}",
            read,
            "f.json:2:5: $: member \"a\" occurs twice in one object; remove one",
        );
    }

    #[test]
    fn numbers_and_booleans_may_be_texts() {
        fn read<T>(text: &str, read: impl FnOnce(Node<'_>) -> Result<T, Fault>) -> Option<T> {
            Source::new("f", text).root().ok().and_then(|node| read(node).ok())
        }
        assert_eq!(read("\"443\"", |node| node.number(1, 65_535)), Some(443));
        assert_eq!(read("443", |node| node.text(9)), Some("443".to_owned()));
        assert_eq!(read("\"True\"", |node| node.boolean().map(Some)), Some(Some(true)));
        assert_eq!(read("1", |node| node.boolean().map(Some)), None);
        assert_eq!(read("\"\\ud800\"", |node| node.text(9)), None, "a lone surrogate is no text");
        assert_eq!(read("\"a\\u0000\"", |node| node.plain(9)), None);
    }

    #[test]
    fn deep_nesting_is_no_danger() {
        let text = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
        let source = Source::new("f", &text);
        let root = source.root();
        assert!(root.is_err() || root.is_ok_and(|root| root.object().is_err()));
    }
}
