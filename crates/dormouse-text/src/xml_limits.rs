//! Limits on the shape of an XML document (Apigee: "XMLThreatProtection policy").

use crate::xml::{XmlDocument, XmlError, declared, prefix_of, written_name};
use roxmltree::Node;

/// What a document may have; `None` is no limit. Lengths are in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct XmlLimits {
    /// The name of an element, without its prefix.
    pub element_name: Option<usize>,
    /// The name of an attribute, without its prefix.
    pub attribute_name: Option<usize>,
    /// A prefix.
    pub namespace_prefix: Option<usize>,
    /// The target of a processing instruction.
    pub instruction_target: Option<usize>,
    /// Elements within each other.
    pub node_depth: Option<usize>,
    /// Attributes of one element.
    pub attribute_count: Option<usize>,
    /// Namespaces that one element declares.
    pub namespace_count: Option<usize>,
    /// Children of one element, of the kinds that are counted.
    pub child_count: Option<usize>,
    /// Which children count.
    pub counted: CountedChildren,
    /// A text.
    pub text: Option<usize>,
    /// The value of an attribute.
    pub attribute_value: Option<usize>,
    /// A namespace.
    pub namespace_uri: Option<usize>,
    /// A comment.
    pub comment: Option<usize>,
    /// What follows the target of a processing instruction.
    pub instruction_data: Option<usize>,
}

/// The kinds of children that a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "Apigee has one switch for each kind")]
pub struct CountedChildren {
    /// Comments.
    pub comments: bool,
    /// Elements.
    pub elements: bool,
    /// Processing instructions.
    pub instructions: bool,
    /// Texts.
    pub texts: bool,
}

impl Default for CountedChildren {
    fn default() -> Self {
        Self { comments: true, elements: true, instructions: true, texts: true }
    }
}

/// What is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmlThreat {
    /// It is not well-formed.
    #[error(transparent)]
    Malformed(XmlError),
    /// It is larger than any document may be here.
    #[error(transparent)]
    Hard(XmlError),
    /// It exceeds a limit.
    #[error("{what} exceeded at line {line}")]
    Exceeded {
        /// Apigee's name of the limit.
        what: &'static str,
        /// From 1.
        line: u32,
    },
}

/// Reads a document and checks it.
///
/// # Errors
/// [`XmlThreat`]
pub fn check(text: &str, limits: &XmlLimits) -> Result<(), XmlThreat> {
    let document = XmlDocument::parse(text).map_err(|error| match error {
        XmlError::Malformed { .. } => XmlThreat::Malformed(error),
        other => XmlThreat::Hard(other),
    })?;
    for node in document.tree.descendants() {
        check_node(node, limits).map_err(|what| {
            let line = document.tree.text_pos_at(node.range().start).row;
            XmlThreat::Exceeded { what, line }
        })?;
    }
    Ok(())
}

fn check_node(node: Node<'_, '_>, limits: &XmlLimits) -> Result<(), &'static str> {
    if let Some(instruction) = node.pi() {
        within(instruction.target, limits.instruction_target, "processing instruction target length")?;
        let data = instruction.value.unwrap_or_default();
        within(data, limits.instruction_data, "processing instruction data length")?;
    } else if node.is_comment() {
        within(node.text().unwrap_or_default(), limits.comment, "comment length")?;
    } else if node.is_text() {
        within(node.text().unwrap_or_default(), limits.text, "text length")?;
    } else if node.is_element() {
        check_element(node, limits)?;
    }
    Ok(())
}

fn check_element(node: Node<'_, '_>, limits: &XmlLimits) -> Result<(), &'static str> {
    within(node.tag_name().name(), limits.element_name, "element name length")?;
    within(prefix_of(written_name(node)), limits.namespace_prefix, "namespace prefix length")?;
    if limits.node_depth.is_some() {
        let depth = node.ancestors().filter(Node::is_element).count();
        at_most(depth, limits.node_depth, "node depth")?;
    }
    at_most(node.attributes().len(), limits.attribute_count, "attribute count")?;
    for attribute in node.attributes() {
        within(attribute.name(), limits.attribute_name, "attribute name length")?;
        within(attribute.value(), limits.attribute_value, "attribute value length")?;
    }
    let mut namespaces = 0;
    for (prefix, uri) in declared(node) {
        namespaces += 1;
        within(prefix, limits.namespace_prefix, "namespace prefix length")?;
        within(uri, limits.namespace_uri, "namespace URI length")?;
    }
    at_most(namespaces, limits.namespace_count, "namespace count")?;
    if limits.child_count.is_some() {
        let counts = limits.counted;
        let children = node.children().filter(|child| {
            child.is_element() && counts.elements
                || child.is_text() && counts.texts
                || child.is_comment() && counts.comments
                || child.is_pi() && counts.instructions
        });
        at_most(children.count(), limits.child_count, "child count")?;
    }
    Ok(())
}

fn within(text: &str, limit: Option<usize>, what: &'static str) -> Result<(), &'static str> {
    if limit.is_some_and(|limit| text.len() > limit && text.chars().count() > limit) {
        Err(what)
    } else {
        Ok(())
    }
}

fn at_most(count: usize, limit: Option<usize>, what: &'static str) -> Result<(), &'static str> {
    if limit.is_some_and(|limit| count > limit) { Err(what) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const XML: &str = "<?go on?><p:abc xmlns:p='urn:x' key='value'>\n<!-- note -->text<d><e/></d></p:abc>";

    #[track_caller]
    fn check_limit(set: fn(&mut XmlLimits, usize), size: usize, what: &str) {
        for (limit, is_fine) in [(size, true), (size - 1, false)] {
            let mut limits = XmlLimits::default();
            set(&mut limits, limit);
            let outcome = check(XML, &limits).map_err(|threat| match threat {
                XmlThreat::Exceeded { what, .. } => what,
                _ => "malformed",
            });
            assert_eq!(outcome, if is_fine { Ok(()) } else { Err(what) }, "{what} {limit}");
        }
    }

    #[test]
    fn each_limit() {
        check_limit(|limits, size| limits.element_name = Some(size), 3, "element name length");
        check_limit(|limits, size| limits.attribute_name = Some(size), 3, "attribute name length");
        check_limit(|limits, size| limits.namespace_prefix = Some(size), 1, "namespace prefix length");
        check_limit(
            |limits, size| limits.instruction_target = Some(size),
            2,
            "processing instruction target length",
        );
        check_limit(
            |limits, size| limits.instruction_data = Some(size),
            2,
            "processing instruction data length",
        );
        check_limit(|limits, size| limits.node_depth = Some(size), 3, "node depth");
        check_limit(|limits, size| limits.attribute_count = Some(size), 1, "attribute count");
        check_limit(|limits, size| limits.namespace_count = Some(size), 1, "namespace count");
        check_limit(|limits, size| limits.child_count = Some(size), 4, "child count");
        check_limit(|limits, size| limits.text = Some(size), 4, "text length");
        check_limit(|limits, size| limits.attribute_value = Some(size), 5, "attribute value length");
        check_limit(|limits, size| limits.namespace_uri = Some(size), 5, "namespace URI length");
        check_limit(|limits, size| limits.comment = Some(size), 6, "comment length");
    }

    #[test]
    fn what_is_no_document_for_any_limits() {
        let limits = XmlLimits::default();
        assert!(matches!(check("<a>", &limits), Err(XmlThreat::Malformed(_))));
        assert_eq!(check("<!DOCTYPE a><a/>", &limits), Err(XmlThreat::Hard(XmlError::DocumentType)));
        assert_eq!(check(&"<a>".repeat(100_000), &limits), Err(XmlThreat::Hard(XmlError::TooDeep)));
    }
}
