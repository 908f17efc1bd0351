//! XPath 1.0 (W3C Recommendation of 16 November 1999) with limits on expressions and on the work that one evaluation
//! does.

mod check;
mod node;

use crate::xml::{XmlDocument, escape, serialise};
use node::{Budget, TreeNode};
use roxmltree::NodeType;
use xpath_eval::{EvaluationContext, Expr, Value, evaluate, parse};

/// A compiled expression with the namespaces of its prefixes.
pub struct XPath {
    expression: Expr,
    namespaces: Vec<(String, String)>,
    shape: check::Shape,
}

/// What an expression gives.
pub enum Found {
    /// A truth.
    Boolean(bool),
    /// A number.
    Number(f64),
    /// A text.
    String(String),
    /// Nodes in document order.
    Nodes(Vec<FoundNode>),
}

/// One node of a result.
pub struct FoundNode {
    /// Its markup: that of an element with the namespaces it uses, the escaped value of an attribute or text.
    pub xml: String,
    /// Its string value.
    pub text: String,
}

/// Why there is no expression, or no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XPathError {
    /// The expression is too long.
    #[error("the expression is longer than {LENGTH_MAX} bytes")]
    TooLong,
    /// The expression is nested too deeply.
    #[error("the expression is nested too deeply")]
    TooDeep,
    /// The expression is no XPath 1.0.
    #[error("{0}")]
    Syntax(String),
    /// A prefix stands for no namespace.
    #[error("the prefix {0} stands for no namespace")]
    UnknownPrefix(String),
    /// There is no such function.
    #[error("XPath 1.0 has no function {0}")]
    UnknownFunction(String),
    /// There are no variables here.
    #[error("the variable ${0} is not defined")]
    UnknownVariable(String),
    /// A function or operator got what it cannot take.
    #[error("{0}")]
    Evaluation(String),
    /// The expression does too much work on this document.
    #[error("the expression takes too many steps on this document")]
    TooManySteps,
    /// The result is too large.
    #[error("the result is larger than {OUTPUT_MAX} bytes")]
    TooLarge,
}

impl XPath {
    /// Compiles an expression; `namespaces` are pairs of prefix and URI.
    ///
    /// # Errors
    /// [`XPathError`] when the expression is malformed, beyond a limit, or names what does not exist.
    pub fn compile(text: &str, namespaces: Vec<(String, String)>) -> Result<Self, XPathError> {
        check::check_text(text, LENGTH_MAX)?;
        let expression = parse(text).map_err(|error| XPathError::Syntax(error.to_string()))?;
        let shape = check::check_tree(&expression, &namespaces)?;
        Ok(Self { expression, namespaces, shape })
    }

    /// Evaluates the expression with the root of the document as its context.
    ///
    /// # Errors
    /// [`XPathError`] when a function does not take its arguments, or the work or the result is beyond a limit.
    pub fn find(&self, document: &XmlDocument<'_>) -> Result<Found, XPathError> {
        if self.shape.translates_by_nodes && document.tree.input_text().len() > TRANSLATED_MAX {
            return Err(XPathError::TooManySteps);
        }
        let comparison = if self.shape.compares_node_sets { document.nodes / 16 } else { 0 };
        let budget = Budget::new(STEPS_MAX, comparison);
        let lookup = |prefix: &str| self.uri(prefix);
        let mut context = EvaluationContext::new(TreeNode::root(document.tree.root(), &budget));
        context.namespaces = Some(&lookup);
        let value = evaluate(&self.expression, &context);
        if budget.is_spent() {
            return Err(XPathError::TooManySteps);
        }
        match value.map_err(|error| XPathError::Evaluation(error.to_string()))? {
            Value::Boolean(truth) => Ok(Found::Boolean(truth)),
            Value::Number(number) => Ok(Found::Number(number)),
            Value::String(text) => Ok(Found::String(text)),
            Value::NodeSet(nodes) => found_nodes(nodes),
        }
    }

    fn uri(&self, prefix: &str) -> Option<String> {
        self.namespaces.iter().find(|(own, _)| own == prefix).map(|(_, uri)| uri.clone())
    }
}

impl Found {
    /// The string value (§4.2): of nodes, that of the first.
    pub fn text(&self) -> String {
        match self {
            Self::Boolean(truth) => truth.to_string(),
            Self::Number(number) => Value::<TreeNode<'static>>::Number(*number).to_xpath_string(),
            Self::String(text) => text.clone(),
            Self::Nodes(nodes) => nodes.first().map(|node| node.text.clone()).unwrap_or_default(),
        }
    }

    /// The truth (§4.3).
    pub fn truth(&self) -> bool {
        match self {
            Self::Boolean(truth) => *truth,
            Self::Number(number) => *number != 0.0 && !number.is_nan(),
            Self::String(text) => !text.is_empty(),
            Self::Nodes(nodes) => !nodes.is_empty(),
        }
    }

    /// The number (§4.4).
    pub fn number(&self) -> f64 {
        match self {
            Self::Number(number) => *number,
            Self::Boolean(truth) => f64::from(u8::from(*truth)),
            _ => Value::<TreeNode<'static>>::String(self.text()).to_number(),
        }
    }

    /// The number as text: `1`, `0.5`, `NaN`.
    pub fn number_text(&self) -> String {
        Self::Number(self.number()).text()
    }

    /// The markup of all nodes; of anything else its text.
    pub fn xml(&self) -> String {
        match self {
            Self::Nodes(nodes) => nodes.iter().map(|node| node.xml.as_str()).collect(),
            other => other.text(),
        }
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Nodes(nodes) if nodes.is_empty())
    }
}

fn found_nodes(mut nodes: Vec<TreeNode<'_>>) -> Result<Found, XPathError> {
    nodes.sort_by(|left, right| xpath_eval::Node::document_order(*left, *right));
    let unlimited = Budget::new(usize::MAX, 0);
    let mut length = 0;
    let mut found = Vec::with_capacity(nodes.len());
    for node in nodes {
        let node = node.with_budget(&unlimited);
        let text = xpath_eval::Node::string_value(node);
        let xml = match node.whole() {
            Some(element) if element.node_type() == NodeType::Element => serialise(element),
            Some(root) if root.is_root() => root.document().input_text().to_owned(),
            Some(markup) if markup.is_comment() || markup.is_pi() => {
                markup.document().input_text().get(markup.range()).unwrap_or_default().to_owned()
            }
            _ => escape(&text),
        };
        length += text.len() + xml.len();
        if length > OUTPUT_MAX {
            return Err(XPathError::TooLarge);
        }
        found.push(FoundNode { xml, text });
    }
    Ok(Found::Nodes(found))
}

/// In bytes.
const LENGTH_MAX: usize = 4096;
/// How many nodes are visited and pieces of eight characters read.
const STEPS_MAX: usize = 4_000_000;
/// Bytes of a document whose texts are translated by each other.
const TRANSLATED_MAX: usize = 64 * 1024;
/// Bytes of markup and text.
const OUTPUT_MAX: usize = 32 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const BOOKS: &str = "<?xml version='1.0'?><!-- c --><s:shop xmlns:s='urn:s' xmlns='urn:d' open='yes'>\
        <book id='1' s:kind='x'><title>A &amp; B</title><price>10.50</price></book>\
        <book id='2'><title>C<i>D</i></title><price>5</price></book><?go on?></s:shop>";

    fn namespaces() -> Vec<(String, String)> {
        [("s", "urn:s"), ("d", "urn:d")].map(|(prefix, uri)| (prefix.to_owned(), uri.to_owned())).to_vec()
    }

    fn find(expression: &str, xml: &str) -> Result<Found, XPathError> {
        let document = XmlDocument::parse(xml).expect("XML");
        XPath::compile(expression, namespaces())?.find(&document)
    }

    #[track_caller]
    fn check(expression: &str, text: &str, xml: &str) {
        let found = find(expression, BOOKS).unwrap_or_else(|error| panic!("{expression}: {error}"));
        assert_eq!((found.text().as_str(), found.xml().as_str()), (text, xml), "{expression}");
    }

    #[track_caller]
    fn check_refused(expression: &str, xml: &str, expected: &XPathError) {
        assert_eq!(find(expression, xml).err().as_ref(), Some(expected), "{expression:.80}");
    }

    #[test]
    fn paths() {
        check("/s:shop/d:book[2]/d:title", "CD", "<title xmlns=\"urn:d\">C<i>D</i></title>");
        check("//d:title/text()", "A & B", "A &amp; BC");
        check("/shop", "", "");
        check("//d:book/@id", "1", "12");
        check("//@s:kind", "x", "x");
        check("//d:price[. > 6]", "10.50", "<price xmlns=\"urn:d\">10.50</price>");
        check("//*[local-name()='price'][last()]/..//d:i", "D", "<i xmlns=\"urn:d\">D</i>");
        check("//d:book[d:title='CD']/@id | //d:book[1]/@id", "1", "12");
        check("/comment()", " c ", "<!-- c -->");
        check("//processing-instruction()", "on", "<?go on?>");
        check("//d:i/ancestor::*[2]/@id", "2", "2");
        check(
            "//d:book[1]/following-sibling::*/preceding::d:price",
            "10.50",
            "<price xmlns=\"urn:d\">10.50</price>",
        );
    }

    #[test]
    fn functions_and_operators() {
        check("count(//d:book)", "2", "2");
        check("sum(//d:price) div 2", "7.75", "7.75");
        check("concat(//@open, '-', string-length('abc'))", "yes-3", "yes-3");
        check("name(/*)", "s:shop", "s:shop");
        check("namespace-uri(//d:book)", "urn:d", "urn:d");
        check("boolean(//nothing) or 1 = 1", "true", "true");
        check("translate('abc', 'ab', 'A')", "Ac", "Ac");
        check("normalize-space('  a  b ')", "a b", "a b");
        check("number('x')", "NaN", "NaN");
        check("//d:price > 7 and not(//d:price > 70)", "true", "true");
        let nodes = find("//d:price", BOOKS).expect("nodes");
        assert_eq!((nodes.number_text().as_str(), nodes.truth(), nodes.is_empty()), ("10.5", true, false));
    }

    #[test]
    fn what_is_no_expression() {
        for text in ["", "/a[", "//", "a b", "'a", "1 +"] {
            assert!(matches!(XPath::compile(text, Vec::new()), Err(XPathError::Syntax(_))), "{text}");
        }
        check_refused("/x:a", BOOKS, &XPathError::UnknownPrefix("x".into()));
        check_refused("//a[@x:b = 1]", BOOKS, &XPathError::UnknownPrefix("x".into()));
        check_refused("a[matches(., 'b')]", BOOKS, &XPathError::UnknownFunction("matches".into()));
        check_refused("$a", BOOKS, &XPathError::UnknownVariable("a".into()));
        assert!(matches!(find("count(1)", BOOKS), Err(XPathError::Evaluation(_))));
        assert!(matches!(find("concat('a')", BOOKS), Err(XPathError::Evaluation(_))));
    }

    #[test]
    fn hostile_expressions() {
        let nested = |count| format!("{}1{}", "(".repeat(count), ")".repeat(count));
        check_refused(&nested(20_000), BOOKS, &XPathError::TooLong);
        check_refused(&nested(1_000), BOOKS, &XPathError::TooDeep);
        check_refused(&format!("a{}{}", "[b".repeat(500), "]".repeat(500)), BOOKS, &XPathError::TooDeep);
        check_refused(&format!("{}1", "- ".repeat(1_000)), BOOKS, &XPathError::TooDeep);
        check_refused(&vec!["1"; 1_000].join("+"), BOOKS, &XPathError::TooDeep);
        check_refused(&"/a".repeat(1_500), BOOKS, &XPathError::TooDeep);
        assert!(find(&vec!["1"; 50].join("+"), BOOKS).is_ok());
    }

    #[test]
    fn hostile_documents() {
        let wide = format!("<a>{}</a>", "<b>1</b>".repeat(50_000));
        check_refused("//b[. = //b]", &wide, &XPathError::TooManySteps);
        check_refused("//b != //b[. > 1]", &wide, &XPathError::TooManySteps);
        check_refused("//b/following::b/preceding::b", &wide, &XPathError::TooManySteps);
        check_refused("//*[//*[//*]]", &wide, &XPathError::TooManySteps);
        let (_, long) = (0, format!("<a><b>{0}</b><c>{0}</c></a>", "x".repeat(1_000_000)));
        check_refused("translate(//b, //c, 'y')", &long, &XPathError::TooManySteps);
        assert_eq!(find("count(//b)", &wide).map(|found| found.text()), Ok("50000".into()));
    }
}
