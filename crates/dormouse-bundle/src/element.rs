//! XML as an owned tree in which everything knows its place: elements, names, attributes, values, text.
//! Comments and processing instructions are left out; name prefixes and namespaces play no part in Apigee's
//! configuration and are dropped.

use std::ops::Range;

use crate::source::Span;
use crate::source_text::SourceText;

/// An element and everything in it. Nesting is limited where trees are built, so that walking one by recursion
/// is safe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// The tag's local name.
    pub name: String,
    /// The tag's name in the file, where a complaint about the element as such points.
    pub name_span: Span,
    /// The whole element, from `<` of the start tag to `>` of the end tag.
    pub span: Span,
    /// In document order. Names are unique.
    pub attributes: Vec<Attribute>,
    /// Elements and text in document order.
    pub children: Vec<Node>,
    /// The source between start and end tag; empty for an element without content.
    pub(crate) inner: Range<usize>,
}

/// An attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Local name.
    pub name: String,
    /// The name in the file.
    pub name_span: Span,
    /// The decoded value.
    pub value: SourceText,
}

/// What stands between an element's tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// An element.
    Element(Element),
    /// Text and CDATA sections, joined.
    Text(SourceText),
}

impl Element {
    /// The attribute of that name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The decoded value of the attribute of that name.
    pub fn attribute_value(&self, name: &str) -> Option<&str> {
        self.attribute(name).map(|attribute| attribute.value.as_str())
    }

    /// All child elements in document order.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The child elements of that name in document order.
    pub fn elements_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.elements().filter(move |element| element.name == name)
    }

    /// The first child element of that name.
    pub fn element(&self, name: &str) -> Option<&Element> {
        self.elements().find(|element| element.name == name)
    }

    /// The trimmed text of the first child element of that name.
    pub fn element_text(&self, name: &str) -> Option<SourceText> {
        self.element(name).map(|element| element.text().trimmed())
    }

    /// The element's own text, untrimmed: text and CDATA in it joined, not what its child elements hold.
    pub fn text(&self) -> SourceText {
        let mut text = SourceText::empty(&self.span.file, self.inner.start);
        for node in &self.children {
            if let Node::Text(part) = node {
                text.append(part);
            }
        }
        text
    }

    /// Whether there is neither a child element nor text other than white space.
    pub fn is_empty(&self) -> bool {
        self.children.iter().all(|node| match node {
            Node::Element(_) => false,
            Node::Text(text) => text.as_str().trim().is_empty(),
        })
    }

    /// The content exactly as it stands in the file, tags and entities included.
    pub fn inner_source(&self) -> &str {
        self.span.file.text.get(self.inner.clone()).unwrap_or_default()
    }

    /// This element and all elements in it, in document order.
    pub fn descendants(&self) -> Vec<&Element> {
        let mut found = Vec::new();
        let mut pending = vec![self];
        while let Some(element) = pending.pop() {
            found.push(element);
            let children = pending.len();
            pending.extend(element.elements());
            pending.get_mut(children..).unwrap_or_default().reverse();
        }
        found
    }
}
