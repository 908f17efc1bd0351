//! Documents as XPath sees them (XPath 1.0 §5). Every step is counted; once the budget is spent nothing is found any
//! more, and the caller reports that instead of a result.

use roxmltree::{Node, NodeType};
use std::cell::Cell;
use std::cmp::Ordering;
use xpath_eval::{ExpandedName, NodeKind};

/// The steps that are left.
pub(super) struct Budget {
    left: Cell<usize>,
    spent: Cell<bool>,
    comparison: usize,
}

impl Budget {
    /// `comparison` is what comparing one node with a set costs beside its text.
    pub(super) fn new(steps: usize, comparison: usize) -> Self {
        Self { left: Cell::new(steps), spent: Cell::new(false), comparison }
    }

    pub(super) fn is_spent(&self) -> bool {
        self.spent.get()
    }

    fn take(&self, steps: usize) -> bool {
        match self.left.get().checked_sub(steps) {
            Some(left) if !self.spent.get() => self.left.set(left),
            _ => self.spent.set(true),
        }
        !self.spent.get()
    }
}

/// A node, attribute or namespace.
#[derive(Clone, Copy)]
pub(super) struct TreeNode<'d> {
    node: Node<'d, 'd>,
    part: Part,
    budget: &'d Budget,
}

/// In document order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Whole,
    Namespace(usize),
    Attribute(usize),
}

impl<'d> TreeNode<'d> {
    pub(super) fn root(node: Node<'d, 'd>, budget: &'d Budget) -> Self {
        Self { node, part: Part::Whole, budget }
    }

    /// The node unless it is an attribute or namespace.
    pub(super) fn whole(self) -> Option<Node<'d, 'd>> {
        (self.part == Part::Whole).then_some(self.node)
    }

    /// The same node, counted elsewhere.
    pub(super) fn with_budget<'b>(self, budget: &'b Budget) -> TreeNode<'b>
    where
        'd: 'b,
    {
        TreeNode { node: self.node, part: self.part, budget }
    }

    fn part(self, part: Part) -> Self {
        Self { part, ..self }
    }

    /// What the part of an element that is no node of the tree is called and has as its value.
    fn entry(self) -> Option<(Option<&'d str>, &'d str, &'d str)> {
        match self.part {
            Part::Whole => None,
            Part::Namespace(index) => {
                let namespace = self.node.namespaces().nth(index)?;
                Some((None, namespace.name().unwrap_or_default(), namespace.uri()))
            }
            Part::Attribute(index) => {
                let attribute = self.node.attributes().nth(index)?;
                Some((attribute.namespace(), attribute.name(), attribute.value()))
            }
        }
    }

    /// The value when it stands in one piece.
    fn single_text(self) -> Option<&'d str> {
        match (self.part, self.node.node_type()) {
            (Part::Whole, NodeType::Root | NodeType::Element) => None,
            (Part::Whole, NodeType::PI) => {
                Some(self.node.pi().and_then(|instruction| instruction.value).unwrap_or_default())
            }
            (Part::Whole, NodeType::Comment | NodeType::Text) => Some(self.node.text().unwrap_or_default()),
            _ => Some(self.entry().map(|(_, _, value)| value).unwrap_or_default()),
        }
    }

    fn name(self) -> Option<(Option<&'d str>, &'d str)> {
        match (self.part, self.node.node_type()) {
            (Part::Whole, NodeType::Element) => {
                let name = self.node.tag_name();
                Some((name.namespace().filter(|uri| !uri.is_empty()), name.name()))
            }
            (Part::Whole, NodeType::PI) => self.node.pi().map(|instruction| (None, instruction.target)),
            (Part::Whole, _) => None,
            _ => self.entry().map(|(uri, name, _)| (uri, name)),
        }
    }
}

impl PartialEq for TreeNode<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.node.id() == other.node.id() && self.part == other.part
    }
}

impl Eq for TreeNode<'_> {}

impl<'d> xpath_eval::Node<'d> for TreeNode<'d> {
    fn kind(self) -> NodeKind {
        match (self.part, self.node.node_type()) {
            (Part::Namespace(_), _) => NodeKind::Namespace,
            (Part::Attribute(_), _) => NodeKind::Attribute,
            (Part::Whole, NodeType::Root) => NodeKind::Root,
            (Part::Whole, NodeType::Element) => NodeKind::Element,
            (Part::Whole, NodeType::PI) => NodeKind::ProcessingInstruction,
            (Part::Whole, NodeType::Comment) => NodeKind::Comment,
            (Part::Whole, NodeType::Text) => NodeKind::Text,
        }
    }

    fn parent(self) -> Option<Self> {
        let may_go_on = self.budget.take(1);
        if self.part != Part::Whole {
            // The evaluator relies on attributes having an owner.
            return Some(self.part(Part::Whole));
        }
        let parent = self.node.parent().filter(|_| may_go_on)?;
        Some(Self { node: parent, ..self })
    }

    fn children(self) -> impl Iterator<Item = Self> + 'd {
        let first = if self.part == Part::Whole { self.node.first_child() } else { None };
        std::iter::successors(first, Node::next_sibling)
            .take_while(move |_| self.budget.take(1))
            .map(move |node| Self { node, ..self })
    }

    fn attributes(self) -> impl Iterator<Item = Self> + 'd {
        let count = if self.part == Part::Whole { self.node.attributes().len() } else { 0 };
        (0..count)
            .take_while(move |_| self.budget.take(1))
            .map(move |index| self.part(Part::Attribute(index)))
    }

    fn namespaces(self) -> impl Iterator<Item = Self> + 'd {
        let count = if self.part == Part::Whole { self.node.namespaces().len() } else { 0 };
        (0..count)
            .take_while(move |_| self.budget.take(1))
            .map(move |index| self.part(Part::Namespace(index)))
            // `xmlns=""` takes a namespace away.
            .filter(|namespace| namespace.entry().is_some_and(|(_, _, uri)| !uri.is_empty()))
    }

    fn expanded_name(self) -> Option<ExpandedName> {
        let (uri, name) = self.name()?;
        Some(ExpandedName { namespace_uri: uri.map(str::to_owned), local_name: name.to_owned() })
    }

    fn has_expanded_name(self, namespace_uri: Option<&str>, local_name: &str) -> bool {
        self.name() == Some((namespace_uri, local_name))
    }

    fn string_value(self) -> String {
        if let Some(text) = self.single_text() {
            return if self.budget.take(1 + text.len() / 8) { text.to_owned() } else { String::new() };
        }
        let mut value = String::new();
        for node in self.node.descendants() {
            let text = if node.is_text() { node.text().unwrap_or_default() } else { "" };
            if !self.budget.take(1 + text.len() / 8) {
                break;
            }
            value.push_str(text);
        }
        value
    }

    fn with_string_value<R>(self, f: impl FnOnce(&str) -> R) -> R {
        if !self.budget.take(self.budget.comparison) {
            return f("");
        }
        match self.single_text() {
            Some(text) if self.budget.take(1 + text.len() / 8) => f(text),
            Some(_) => f(""),
            None => f(&self.string_value()),
        }
    }

    fn document_order(self, other: Self) -> Ordering {
        self.node.id().get().cmp(&other.node.id().get()).then(self.part.cmp(&other.part))
    }
}
