//! XML documents (XML 1.0, Namespaces in XML 1.0) read within limits. Document type definitions are refused, so no
//! entity can grow or read a file.

use roxmltree::{Document, Node, ParsingOptions};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A parsed document, which borrows its text.
pub struct XmlDocument<'t> {
    pub(crate) tree: Document<'t>,
    pub(crate) nodes: usize,
}

/// Why a text is no document that this program takes. Says nothing of the document's content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// The text is not well-formed.
    #[error("the document is not well-formed at line {line}")]
    Malformed {
        /// From 1.
        line: u32,
    },
    /// There is a document type definition.
    #[error("document type definitions are not allowed")]
    DocumentType,
    /// Elements nest too deeply.
    #[error("elements are nested deeper than {DEPTH_MAX} levels")]
    TooDeep,
    /// One element has too many attributes.
    #[error("an element has more than {ATTRIBUTES_MAX} attributes")]
    TooManyAttributes,
    /// Too many namespaces are declared at one place.
    #[error("more than {NAMESPACES_MAX} namespaces are declared for one element")]
    TooManyNamespaces,
    /// The document is too large.
    #[error("the document has more than {NODES_MAX} elements and texts")]
    TooManyNodes,
}

impl<'t> XmlDocument<'t> {
    /// Reads a document. A byte order mark and white space before it are passed over.
    ///
    /// # Errors
    /// [`XmlError`]
    pub fn parse(text: &'t str) -> Result<Self, XmlError> {
        let text = text.trim_start_matches('\u{feff}').trim_start();
        check_outline(text)?;
        let options = ParsingOptions { nodes_limit: NODES_MAX, ..ParsingOptions::default() };
        let tree = Document::parse_with_options(text, options).map_err(|error| match error {
            roxmltree::Error::DtdDetected => XmlError::DocumentType,
            roxmltree::Error::NodesLimitReached => XmlError::TooManyNodes,
            other => XmlError::Malformed { line: other.pos().row },
        })?;
        let nodes = tree.descendants().len();
        Ok(Self { tree, nodes })
    }
}

/// The name of an element as written, with its prefix.
pub(crate) fn written_name<'t>(node: Node<'_, 't>) -> &'t str {
    let source = source(node).get(1..).unwrap_or_default();
    let end = source.find(|next: char| next.is_ascii_whitespace() || matches!(next, '/' | '>'));
    source.get(..end.unwrap_or(source.len())).unwrap_or_default()
}

/// The prefix of a name as written; empty without one.
pub(crate) fn prefix_of(name: &str) -> &str {
    name.split_once(':').map_or("", |(prefix, _)| prefix)
}

/// The namespaces that an element's own tag declares, as (prefix, URI).
pub(crate) fn declared<'d>(node: Node<'d, '_>) -> impl Iterator<Item = (&'d str, &'d str)> {
    // The parser lists an element's own declarations before those that it inherits, and lists the parent's again only
    // when there is an own one.
    let own = tag(source(node)).map_or(0, |tag| tag.namespaces);
    node.namespaces().take(own).map(|namespace| (namespace.name().unwrap_or_default(), namespace.uri()))
}

/// An element as a document of its own: its source, with the namespaces that it uses and its ancestors declare.
pub(crate) fn serialise(node: Node<'_, '_>) -> String {
    let mut used = BTreeSet::new();
    for element in node.descendants().filter(Node::is_element) {
        used.insert(prefix_of(written_name(element)));
        let text = element.document().input_text();
        let names = element.attributes().filter_map(|attribute| text.get(attribute.range_qname()));
        used.extend(names.map(prefix_of).filter(|prefix| !prefix.is_empty()));
    }
    let own: BTreeSet<&str> = declared(node).map(|(prefix, _)| prefix).collect();
    let source = source(node);
    let name_end = 1 + written_name(node).len();
    let mut text = source.get(..name_end).unwrap_or_default().to_owned();
    let inherited = node.parent_element().into_iter().flat_map(|parent| parent.namespaces());
    for namespace in inherited {
        let prefix = namespace.name().unwrap_or_default();
        if used.contains(prefix) && !own.contains(prefix) && !namespace.uri().is_empty() {
            let colon = if prefix.is_empty() { "" } else { ":" };
            // Writing to a string cannot fail.
            let _ = write!(text, " xmlns{colon}{prefix}=\"{}\"", escape(namespace.uri()));
        }
    }
    text + source.get(name_end..).unwrap_or_default()
}

/// The text of XML that stands for a text, also within an attribute in double quotes. Characters that no document may
/// have are left out.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' | '\r' => escaped.push(character),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            other => escaped.push(other),
        }
    }
    escaped
}

fn source<'t>(node: Node<'_, 't>) -> &'t str {
    node.document().input_text().get(node.range()).unwrap_or_default()
}

/// A quick look before the document is parsed. The parser compares each attribute with the others of its element and
/// copies inherited namespaces, which takes quadratic time where these are many.
fn check_outline(text: &str) -> Result<(), XmlError> {
    let mut scopes: Vec<usize> = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        rest = rest.get(start..).unwrap_or_default();
        if let Some((begin, end)) = SKIPPED.iter().find(|(begin, _)| rest.starts_with(begin)) {
            let inner = rest.get(begin.len()..).unwrap_or_default();
            let Some(found) = inner.find(end) else { break };
            rest = inner.get(found + end.len()..).unwrap_or_default();
            if *begin == "</" {
                scopes.pop();
            }
            continue;
        }
        let Some(tag) = tag(rest) else { break };
        if tag.attributes > ATTRIBUTES_MAX {
            return Err(XmlError::TooManyAttributes);
        }
        let namespaces = scopes.last().copied().unwrap_or_default() + tag.namespaces;
        if namespaces > NAMESPACES_MAX {
            return Err(XmlError::TooManyNamespaces);
        }
        if !tag.empty {
            scopes.push(namespaces);
        }
        if scopes.len() > DEPTH_MAX {
            return Err(XmlError::TooDeep);
        }
        rest = rest.get(tag.length..).unwrap_or_default();
    }
    Ok(())
}

struct Tag {
    length: usize,
    attributes: usize,
    namespaces: usize,
    empty: bool,
}

/// A start tag up to its `>`; quoted values may hold one.
fn tag(source: &str) -> Option<Tag> {
    let bytes = source.as_bytes();
    let mut quote = None;
    let mut tag = Tag { length: 0, attributes: 0, namespaces: 0, empty: false };
    for (at, byte) in source.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), _) if byte == open => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'=') => tag.attributes += 1,
            (None, b'x') => {
                let before = at.checked_sub(1).and_then(|before| bytes.get(before));
                let tail = source.get(at..).unwrap_or_default().strip_prefix("xmlns");
                let is_declaration = tail.is_some_and(|tail| tail.trim_start().starts_with(['=', ':']));
                if is_declaration && before.is_some_and(u8::is_ascii_whitespace) {
                    tag.namespaces += 1;
                }
            }
            (None, b'>') => {
                tag.empty = at > 0 && bytes.get(at - 1) == Some(&b'/');
                tag.length = at + 1;
                return Some(tag);
            }
            _ => {}
        }
    }
    None
}

/// What begins with `<` and opens no element, and how it ends.
const SKIPPED: &[(&str, &str)] =
    &[("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"), ("<!", ">"), ("</", ">")];

/// Bounds recursion in everything that walks a document.
const DEPTH_MAX: usize = 256;
const ATTRIBUTES_MAX: usize = 128;
/// In scope at one element.
const NAMESPACES_MAX: usize = 100;
/// Bounds the memory that a document takes beside its text.
const NODES_MAX: u32 = 250_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(xml: &str, expected: Option<&XmlError>) {
        assert_eq!(XmlDocument::parse(xml).err().as_ref(), expected, "{xml:.100}");
    }

    #[test]
    fn documents() {
        check("\u{feff} <?xml version='1.0'?><a b='>'><!-- <x> --><![CDATA[<y>]]></a>", None);
        for (xml, line) in [("<a>\n<b></a>", 2), ("<a", 1), ("a", 1), ("<a>&x;</a>", 1), ("<p:a/>", 1)] {
            check(xml, Some(&XmlError::Malformed { line }));
        }
        for xml in ["", "<a/><b/>", "<a b='' b=''/>", "\u{1}"] {
            assert!(matches!(XmlDocument::parse(xml).err(), Some(XmlError::Malformed { .. })), "{xml}");
        }
    }

    #[test]
    fn hostile_documents() {
        let bomb = "<!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c \"&b;&b;\">]><a>&c;</a>";
        check(bomb, Some(&XmlError::DocumentType));
        let external = "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>";
        check(external, Some(&XmlError::DocumentType));
        check(&"<a>".repeat(100_000), Some(&XmlError::TooDeep));
        let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
        check(&deep, Some(&XmlError::TooDeep));
        check(&format!("<a {}/>", "b='' ".repeat(100_000)), Some(&XmlError::TooManyAttributes));
        let nested: String = (0..200).flat_map(|number| [format!("<a xmlns:n{number}='u'>")]).collect();
        check(&nested, Some(&XmlError::TooManyNamespaces));
        let wide = format!("<a>{}</a>", "<b/>".repeat(250_001));
        check(&wide, Some(&XmlError::TooManyNodes));
        check(&format!("<a b='{}'/>", "x".repeat(5_000_000)), None);
    }

    #[track_caller]
    fn check_serialised(xml: &str, name: &str, expected: &str) {
        let document = XmlDocument::parse(xml).expect("XML");
        let node =
            document.tree.descendants().find(|node| node.tag_name().name() == name && node.is_element());
        assert_eq!(serialise(node.expect("a node")), expected, "{xml}");
    }

    #[test]
    fn an_element_keeps_the_namespaces_that_it_uses() {
        check_serialised("<a><b c='1'> x<!-- y --></b></a>", "b", "<b c='1'> x<!-- y --></b>");
        check_serialised("<a xmlns='u' xmlns:p='v'><b/></a>", "b", "<b xmlns=\"u\"/>");
        check_serialised("<a xmlns:p='v' xmlns:q='w'><p:b/></a>", "b", "<p:b xmlns:p=\"v\"/>");
        check_serialised("<a xmlns:p='v'><b><c p:d=''/></b></a>", "b", "<b xmlns:p=\"v\"><c p:d=''/></b>");
        check_serialised("<a xmlns:p='v'><p:b xmlns:p='w'/></a>", "b", "<p:b xmlns:p='w'/>");
        check_serialised("<a xmlns='u'/>", "a", "<a xmlns='u'/>");
    }
}
