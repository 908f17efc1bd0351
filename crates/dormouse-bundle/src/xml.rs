//! XML text to an [`Element`] tree with the place of everything. A file that is not well-formed gives one
//! problem. Document type definitions are refused, so no entity can grow or read a file.

use std::ops::Range;
use std::sync::Arc;

use roxmltree::{Document, ParsingOptions};

use crate::element::{Attribute, Element, Node};
use crate::problem::Problem;
use crate::source::{Position, SourceFile, Span};
use crate::source_text::SourceText;
use crate::xml_outline::outline;

/// Parses a file into its root element.
///
/// # Errors
/// One problem of level error that says what is wrong and where: the text is not well-formed, has a document
/// type definition, or exceeds the limits on nesting, nodes, attributes or namespaces.
pub fn parse_xml(file: &Arc<SourceFile>) -> Result<Element, Problem> {
    let unclosed = outline(&file.text).map_err(|error| {
        let at = error.offset();
        Problem::error("xml-limit", error.to_string()).at(Span::new(file, at..at + 1))
    })?;
    let options = ParsingOptions { nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    let document = Document::parse_with_options(&file.text, options)
        .map_err(|error| malformed(file, &error, unclosed))?;
    Ok(element(file, document.root_element()))
}

fn malformed(file: &Arc<SourceFile>, error: &roxmltree::Error, unclosed: Option<usize>) -> Problem {
    let at = |offset: usize| {
        let character = file.text.get(offset..).and_then(|rest| rest.chars().next());
        Span::new(file, offset..offset + character.map_or(0, char::len_utf8))
    };
    match error {
        roxmltree::Error::DtdDetected => {
            let start = file.text.find("<!DOCTYPE").unwrap_or_default();
            Problem::error("xml-doctype", "document type definitions are not allowed")
                .at(Span::new(file, start..start + "<!DOCTYPE".len()))
                .help("remove the <!DOCTYPE …> declaration")
        }
        roxmltree::Error::NodesLimitReached => {
            Problem::error("xml-limit", format!("the file has more than {NODES_MAX} elements and texts"))
                .at(Span::whole_file(file))
        }
        roxmltree::Error::UnclosedRootNode => {
            Problem::error(MALFORMED, "this element is not closed").at(at(unclosed.unwrap_or_default()))
        }
        roxmltree::Error::UnexpectedEndOfStream => {
            let start = unclosed.or_else(|| file.text.rfind('<')).unwrap_or_default();
            Problem::error(MALFORMED, "the file ends inside what begins here").at(at(start))
        }
        roxmltree::Error::NoRootNode => {
            Problem::error(MALFORMED, "the file has no element").at(Span::whole_file(file))
        }
        _ => {
            let position = error.pos();
            let message = error.to_string().replace(&format!(" at {position}"), "");
            let position = Position { line: position.row as usize, column: position.col as usize };
            let message = format!("not well-formed XML: {message}");
            Problem::error(MALFORMED, message).at(at(file.offset(position)))
        }
    }
}

/// Converts by recursion, which the limit on nesting keeps shallow.
fn element(file: &Arc<SourceFile>, node: roxmltree::Node<'_, '_>) -> Element {
    let range = node.range();
    let inner = inner_range(&file.text, node);
    let name_start = range.start + 1;
    let tag = file.text.get(name_start..range.end).unwrap_or_default();
    let name_length = tag.find(|next: char| next.is_whitespace() || matches!(next, '/' | '>'));
    let name_range = name_start..name_start + name_length.unwrap_or_default();
    let children = node.children().filter_map(|child| child_node(file, child, &inner));
    Element {
        name: node.tag_name().name().to_owned(),
        name_span: Span::new(file, name_range),
        span: Span::new(file, range),
        attributes: node.attributes().map(|found| attribute(file, found)).collect(),
        children: children.collect(),
        inner,
    }
}

fn child_node(file: &Arc<SourceFile>, child: roxmltree::Node<'_, '_>, inner: &Range<usize>) -> Option<Node> {
    if child.is_element() {
        return Some(Node::Element(element(file, child)));
    }
    // The parser joins text and CDATA sections but keeps the range of the first piece only.
    let end = child.next_sibling().map_or(inner.end, |next| next.range().start);
    let range = child.range().start..end;
    child
        .text()
        .filter(|_| child.is_text())
        .map(|text| Node::Text(decoded(file, range, (text, Place::Content))))
}

fn attribute(file: &Arc<SourceFile>, attribute: roxmltree::Attribute<'_, '_>) -> Attribute {
    let value = (attribute.value(), Place::Attribute);
    Attribute {
        name: attribute.name().to_owned(),
        name_span: Span::new(file, attribute.range_qname()),
        value: decoded(file, attribute.range_value(), value),
    }
}

/// From behind the start tag to before the end tag.
fn inner_range(text: &str, node: roxmltree::Node<'_, '_>) -> Range<usize> {
    let range = node.range();
    let end_tag = text.get(range.clone()).and_then(|source| source.rfind("</"));
    match (node.first_child(), end_tag) {
        (Some(first), Some(end_tag)) => first.range().start..range.start + end_tag,
        (None, Some(end_tag)) => range.start + end_tag..range.start + end_tag,
        (_, None) => range.end..range.end,
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Attribute,
    Content,
}

/// Decodes once more what the parser has decoded, to learn where each byte comes from. Should the two ever
/// differ, the parser is right and the text is known only as a whole.
fn decoded(file: &Arc<SourceFile>, range: Range<usize>, (value, place): (&str, Place)) -> SourceText {
    let mut text = SourceText::empty(file, range.start);
    let mut at = range.start;
    while let Some(rest) = file.text.get(at..range.end).filter(|rest| !rest.is_empty()) {
        at += push_piece(&mut text, rest, (at, place));
    }
    // The parser leaves a carriage return as it is where a reference follows; XML 1.0 §2.11 makes a line feed of it.
    if text.as_str() == value || text.as_str() == value.replace('\r', "\n") {
        return text;
    }
    let mut whole = SourceText::empty(file, range.start);
    whole.push(value, range);
    whole
}

/// Appends what the source begins with: a CDATA section, a reference, a line end, or a run of plain text.
/// Returns its length (at least 1).
fn push_piece(text: &mut SourceText, source: &str, (at, place): (usize, Place)) -> usize {
    if let Some(inner) = source.strip_prefix(CDATA) {
        return push_cdata(text, inner, at);
    }
    if source.starts_with('&') {
        let end = source.find(';').unwrap_or(source.len() - 1);
        let character = reference(source.get(1..end).unwrap_or_default());
        text.push(character.encode_utf8(&mut [0; 4]), at..at + end + 1);
        return end + 1;
    }
    let white = |next: char| next == '\r' || place == Place::Attribute && matches!(next, '\n' | '\t');
    if source.starts_with(white) {
        let length = if source.starts_with("\r\n") { 2 } else { 1 };
        text.push(if place == Place::Attribute { " " } else { "\n" }, at..at + length);
        return length;
    }
    let special = |next: char| white(next) || matches!(next, '&' | '<');
    let next = source.char_indices().skip(1).find(|&(_, next)| special(next));
    let end = next.map_or(source.len(), |(end, _)| end);
    text.push(source.get(..end).unwrap_or_default(), at..at + end);
    end
}

/// A CDATA section, in which only line ends are not themselves.
fn push_cdata(text: &mut SourceText, inner: &str, at: usize) -> usize {
    let length = inner.find("]]>").unwrap_or(inner.len());
    let start = at + CDATA.len();
    let mut done = 0;
    while let Some(rest) = inner.get(done..length).filter(|rest| !rest.is_empty()) {
        let line = rest.find('\r').unwrap_or(rest.len());
        text.push(rest.get(..line).unwrap_or_default(), start + done..start + done + line);
        let rest = rest.get(line..).unwrap_or_default();
        let line_end = if rest.starts_with("\r\n") { 2 } else { rest.len().min(1) };
        if line_end > 0 {
            text.push("\n", start + done + line..start + done + line + line_end);
        }
        done += line + line_end;
    }
    CDATA.len() + length + "]]>".len()
}

fn reference(name: &str) -> char {
    let number = name.strip_prefix('#');
    let code = match number.map(|digits| digits.strip_prefix('x').ok_or(digits)) {
        Some(Ok(hexadecimal)) => u32::from_str_radix(hexadecimal, 16).ok(),
        Some(Err(decimal)) => decimal.parse().ok(),
        None => NAMED.iter().find(|(known, _)| *known == name).map(|&(_, character)| u32::from(character)),
    };
    code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}

const CDATA: &str = "<![CDATA[";
const NAMED: &[(&str, char)] = &[("lt", '<'), ("gt", '>'), ("amp", '&'), ("quot", '"'), ("apos", '\'')];
const MALFORMED: &str = "xml-malformed";
/// Elements, texts and comments of one file.
const NODES_MAX: u32 = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Element, Problem> {
        parse_xml(&SourceFile::new("a.xml", text))
    }

    /// The decoded text of the root, and the source of a part of it.
    #[track_caller]
    fn check_text(xml: &str, text: &str, part: &str, source: &str) {
        let root = parse(xml).expect(xml);
        let own = root.text();
        assert_eq!(own.as_str(), text);
        let at = own.as_str().find(part).expect("the part");
        assert_eq!(&xml[own.span_of(at..at + part.len()).range], source);
    }

    #[track_caller]
    fn check_problem(xml: &str, code: &str, message: &str, place: &str) {
        let problem = parse(xml).expect_err("a problem");
        assert_eq!((problem.code, problem.message.as_str()), (code, message));
        assert_eq!(problem.span.expect("a place").to_string(), place);
    }

    #[test]
    fn everything_knows_its_place() {
        let xml = "<?xml version='1.0'?>\n<p:a xmlns:p='u' b = 'c &amp; d'><!-- x --><e/>f</p:a>";
        let root = parse(xml).expect("well-formed");
        let source = |span: &Span| &xml[span.range.clone()];
        assert_eq!((root.name.as_str(), source(&root.name_span)), ("a", "p:a"));
        assert_eq!(source(&root.span), &xml[22..]);
        let attribute = root.attribute("b").expect("an attribute");
        assert_eq!(source(&attribute.name_span), "b");
        assert_eq!(attribute.value.as_str(), "c & d");
        assert_eq!(source(&attribute.value.span()), "c &amp; d");
        assert_eq!(source(&attribute.value.span_of(2..3)), "&amp;");
        assert_eq!(source(&root.element("e").expect("a child").span), "<e/>");
        assert_eq!(root.inner_source(), "<!-- x --><e/>f");
        assert_eq!(root.attributes.len(), 1);
    }

    #[test]
    fn decoded_text_leads_back_to_its_source() {
        check_text("<a>b &amp;&amp; c</a>", "b && c", "&&", "&amp;&amp;");
        check_text("<a>b &#38; &#x43;</a>", "b & C", "C", "&#x43;");
        check_text("<a>b <![CDATA[<c> & d]]> e</a>", "b <c> & d e", "d", "d");
        check_text("<a>b <![CDATA[<c>]]> e</a>", "b <c> e", "e", "e");
        check_text("<a>b\r\nc\rd</a>", "b\nc\nd", "d", "d");
        check_text("<a>\r&amp;-</a>", "\n&-", "-", "-");
        check_text("<a><![CDATA[b\r\nc]]>d</a>", "b\ncd", "c", "c");
        check_text("<a>&lt;<![CDATA[]]>&lt;</a>", "<<", "<", "&lt;");
        check_text("<a>x<b/>y<!-- -->z</a>", "xyz", "z", "z");
        check_text("<a>é]]&gt;ü</a>", "é]]>ü", "ü", "ü");
    }

    #[test]
    fn white_space_in_attributes_becomes_blanks() {
        let root = parse("<a b='c\r\n\td&#10;e'/>").expect("well-formed");
        assert_eq!(root.attribute_value("b"), Some("c  d\ne"));
    }

    #[test]
    fn empty_content() {
        for xml in ["<a/>", "<a></a>", "<a b='c' />"] {
            let root = parse(xml).expect(xml);
            assert!(root.is_empty() && root.text().as_str().is_empty() && root.inner_source().is_empty());
        }
        assert!(parse("<a> \n<!-- --></a>").expect("well-formed").is_empty());
        assert!(!parse("<a><![CDATA[x]]></a>").expect("well-formed").is_empty());
    }

    #[test]
    fn descendants_come_in_document_order() {
        let root = parse("<a><b><c/></b><d/><e><f/></e></a>").expect("well-formed");
        let names: Vec<&str> = root.descendants().into_iter().map(|element| element.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c", "d", "e", "f"]);
    }

    #[test]
    fn broken_xml_is_one_problem_with_a_place() {
        check_problem(
            "<a>\n  <b>\n</a>",
            MALFORMED,
            "not well-formed XML: expected 'b' tag, not 'a'",
            "a.xml:3:1",
        );
        check_problem("<a>\n <b>", MALFORMED, "this element is not closed", "a.xml:2:2");
        check_problem("<a>\n<b", MALFORMED, "this element is not closed", "a.xml:1:1");
        check_problem(
            "<a>]]></a>",
            MALFORMED,
            "not well-formed XML: ']]>' is not allowed inside a character data",
            "a.xml:1:7",
        );
        check_problem("", MALFORMED, "the file has no element", "a.xml:1:1");
        check_problem(
            "<a>&x;</a>",
            MALFORMED,
            "not well-formed XML: unknown entity reference 'x'",
            "a.xml:1:4",
        );
        check_problem(
            "<a b='' b=''/>",
            MALFORMED,
            "not well-formed XML: attribute 'b' is already defined",
            "a.xml:1:9",
        );
    }

    #[test]
    fn document_types_are_refused() {
        let bomb =
            "<?xml version='1.0'?>\n<!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c \"&b;&b;\">]><a>&c;</a>";
        check_problem(bomb, "xml-doctype", "document type definitions are not allowed", "a.xml:2:1");
        check_problem(
            "<!DOCTYPE a><a/>",
            "xml-doctype",
            "document type definitions are not allowed",
            "a.xml:1:1",
        );
    }

    #[test]
    fn limits() {
        let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
        check_problem(&deep, "xml-limit", "elements are nested deeper than 100 levels", "a.xml:1:301");
        let wide = format!("<a>{}</a>", "<b/>".repeat(100_001));
        check_problem(&wide, "xml-limit", "the file has more than 100000 elements and texts", "a.xml:1:1");
    }
}
