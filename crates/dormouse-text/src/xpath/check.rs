//! What expressions may be: before they are parsed, because the parser calls itself for each bracket, and after, because
//! evaluation does so for each operator.

use super::XPathError;
use xpath_eval::{Expr, FilterExpr, LocationPath, NodeTest, PathExpr, PrimaryExpr, QName};

/// What makes an expression expensive.
#[derive(Clone, Copy, Default)]
pub(super) struct Shape {
    /// Two node sets are compared, each node of one with each of the other.
    pub(super) compares_node_sets: bool,
    /// `translate` takes the characters to replace from the document.
    pub(super) translates_by_nodes: bool,
}

/// Checks the length, and how deep brackets and signs nest.
pub(super) fn check_text(text: &str, length_max: usize) -> Result<(), XPathError> {
    if text.len() > length_max {
        return Err(XPathError::TooLong);
    }
    let (mut depth, mut signs, mut quote) = (0_usize, 0_usize, None);
    for character in text.chars() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '"' | '\'') => quote = Some(character),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth = depth.saturating_sub(1),
            _ => {}
        }
        signs = match character {
            '-' => signs + 1,
            blank if blank.is_whitespace() => signs,
            _ => 0,
        };
        if depth > NESTING_MAX || signs > NESTING_MAX {
            return Err(XPathError::TooDeep);
        }
    }
    Ok(())
}

/// Checks depth and size, and that prefixes and functions exist.
pub(super) fn check_tree(expression: &Expr, namespaces: &[(String, String)]) -> Result<Shape, XPathError> {
    let mut walk = Walk { namespaces, shape: Shape::default(), left: PARTS_MAX };
    walk.expression(expression, 0)?;
    Ok(walk.shape)
}

struct Walk<'a> {
    namespaces: &'a [(String, String)],
    shape: Shape,
    left: usize,
}

impl Walk<'_> {
    fn expression(&mut self, expression: &Expr, depth: usize) -> Result<(), XPathError> {
        if depth > DEPTH_MAX {
            return Err(XPathError::TooDeep);
        }
        self.count()?;
        match expression {
            Expr::Equality(left, _, right) | Expr::Relational(left, _, right) => {
                self.shape.compares_node_sets |= is_node_set(left) && is_node_set(right);
                self.both(left, right, depth)
            }
            Expr::Or(left, right)
            | Expr::And(left, right)
            | Expr::Additive(left, _, right)
            | Expr::Multiplicative(left, _, right)
            | Expr::Union(left, right) => self.both(left, right, depth),
            Expr::Negate(inner) => self.expression(inner, depth + 1),
            Expr::Path(PathExpr::Location(path)) => self.path(path, depth),
            Expr::Path(PathExpr::Filter(filter)) => self.filter(filter, depth),
            Expr::Path(PathExpr::FilterLocation(filter, path)) => {
                self.filter(filter, depth)?;
                self.path(path, depth)
            }
        }
    }

    fn both(&mut self, left: &Expr, right: &Expr, depth: usize) -> Result<(), XPathError> {
        self.expression(left, depth + 1)?;
        self.expression(right, depth + 1)
    }

    fn all(&mut self, expressions: &[Expr], depth: usize) -> Result<(), XPathError> {
        expressions.iter().try_for_each(|expression| self.expression(expression, depth + 1))
    }

    fn path(&mut self, path: &LocationPath, depth: usize) -> Result<(), XPathError> {
        for step in &path.steps {
            self.count()?;
            match &step.node_test {
                NodeTest::NamespaceWildcard(prefix) | NodeTest::QName(QName { prefix: Some(prefix), .. }) => {
                    self.prefix(prefix)?;
                }
                _ => {}
            }
            self.all(&step.predicates, depth)?;
        }
        Ok(())
    }

    fn filter(&mut self, filter: &FilterExpr, depth: usize) -> Result<(), XPathError> {
        match &filter.primary {
            PrimaryExpr::Variable(name) => return Err(XPathError::UnknownVariable(written(name))),
            PrimaryExpr::Parenthesized(inner) => self.expression(inner, depth + 1)?,
            PrimaryExpr::Literal(_) | PrimaryExpr::Number(_) => {}
            PrimaryExpr::Function(call) => {
                let name = written(&call.name);
                if !FUNCTIONS.contains(&name.as_str()) {
                    return Err(XPathError::UnknownFunction(name));
                }
                self.shape.translates_by_nodes |=
                    name == "translate" && call.args.get(1).is_some_and(|from| !is_literal(from));
                self.all(&call.args, depth)?;
            }
        }
        self.all(&filter.predicates, depth)
    }

    fn prefix(&self, prefix: &str) -> Result<(), XPathError> {
        let is_known = self.namespaces.iter().any(|(own, _)| own == prefix);
        if is_known { Ok(()) } else { Err(XPathError::UnknownPrefix(prefix.to_owned())) }
    }

    fn count(&mut self) -> Result<(), XPathError> {
        self.left = self.left.checked_sub(1).ok_or(XPathError::TooDeep)?;
        Ok(())
    }
}

fn written(name: &QName) -> String {
    match &name.prefix {
        Some(prefix) => format!("{prefix}:{}", name.local),
        None => name.local.clone(),
    }
}

fn is_node_set(expression: &Expr) -> bool {
    match expression {
        Expr::Union(..) | Expr::Path(PathExpr::Location(_) | PathExpr::FilterLocation(..)) => true,
        Expr::Path(PathExpr::Filter(filter)) => match &filter.primary {
            PrimaryExpr::Parenthesized(inner) => is_node_set(inner),
            PrimaryExpr::Function(call) => call.name.local == "id",
            _ => false,
        },
        _ => false,
    }
}

fn is_literal(expression: &Expr) -> bool {
    let Expr::Path(PathExpr::Filter(filter)) = expression else { return false };
    matches!(filter.primary, PrimaryExpr::Literal(_))
}

/// The core functions of XPath 1.0 (§4).
const FUNCTIONS: &[&str] = &[
    "boolean",
    "ceiling",
    "concat",
    "contains",
    "count",
    "false",
    "floor",
    "id",
    "lang",
    "last",
    "local-name",
    "name",
    "namespace-uri",
    "normalize-space",
    "not",
    "number",
    "position",
    "round",
    "starts-with",
    "string",
    "string-length",
    "substring",
    "substring-after",
    "substring-before",
    "sum",
    "translate",
    "true",
];

/// Brackets within each other, and signs in a row.
const NESTING_MAX: usize = 32;
/// Operators within each other.
const DEPTH_MAX: usize = 100;
/// Operators, steps, and arguments of the whole expression.
const PARTS_MAX: usize = 500;
