//! Reads the values that the OAuth policies share: names of flow variables, literals, literals with a `ref`
//! attribute, switches, lifetimes, custom attributes.

use std::collections::HashSet;

use crate::element::Element;
use crate::problem::Problem;
use crate::source::{Located, Span};

/// A literal, a variable that takes precedence if it resolves, or both. At least one is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueOrReference<T> {
    /// The text of the element.
    pub literal: Option<Located<T>>,
    /// The flow variable that the `ref` attribute names.
    pub reference: Option<Located<String>>,
}

/// How long a token lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// So many milliseconds; at least 1.
    Milliseconds(u64),
    /// `-1`: as long as the platform allows.
    Never,
}

/// A custom attribute that a policy puts on a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenAttribute {
    /// The attribute's name; may have dots.
    pub name: Located<String>,
    /// Its value; neither literal nor reference means the attribute is left out.
    pub value: Option<ValueOrReference<String>>,
    /// Whether this response shows it.
    pub display: bool,
}

/// A policy's element being read, and the problems found so far.
pub(crate) struct Reader<'a> {
    pub(crate) root: &'a Element,
    pub(crate) problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(root: &'a Element) -> Self {
        Self { root, problems: Vec::new() }
    }

    /// Tells attributes of the root that Apigee does not know, and children that are neither in `known` nor
    /// common to all policies, or that are there twice.
    pub(crate) fn check_shape(&mut self, known: &[&str]) {
        let root = self.root;
        self.check_attributes(root, ROOT_ATTRIBUTES);
        let mut seen = HashSet::new();
        for child in root.elements() {
            let name = child.name.as_str();
            if COMMON_CHILDREN.contains(&name) {
                continue;
            }
            if !known.contains(&name) {
                let message = format!("{} has no element `{name}`; it is not read", root.name);
                let problem = Problem::warning("unknown-element", message).at(child.name_span.clone());
                self.problems.push(match similar(name, known) {
                    Some(meant) => problem.help(format!("write `{meant}`")),
                    None => problem,
                });
            } else if !LISTS.contains(&name) && !seen.insert(name) {
                let message = format!("a second `{name}`; only the first one is read");
                self.problems
                    .push(Problem::warning("duplicate-element", message).at(child.name_span.clone()));
            }
        }
    }

    pub(crate) fn check_attributes(&mut self, element: &Element, known: &[&str]) {
        for attribute in element.attributes.iter().filter(|found| !known.contains(&found.name.as_str())) {
            let message = format!("`{}` has no attribute `{}`; it is not read", element.name, attribute.name);
            let problem = Problem::warning("unknown-attribute", message).at(attribute.name_span.clone());
            self.problems.push(match similar(&attribute.name, known) {
                Some(meant) => problem.help(format!("write `{meant}`")),
                None => problem,
            });
        }
    }

    /// The trimmed text of a child; absent if there is none, or an empty one.
    pub(crate) fn text(&self, name: &str) -> Option<Located<String>> {
        text(self.root.element(name)?)
    }

    /// A child whose text names a flow variable.
    pub(crate) fn variable(&mut self, name: &str) -> Option<Located<String>> {
        let element = self.root.element(name)?;
        self.check_attributes(element, &[]);
        let variable = text(element)?;
        self.check_variable(name, &variable);
        Some(variable)
    }

    /// A child that is `true` or `false`.
    pub(crate) fn switch(&mut self, name: &str) -> Option<Located<bool>> {
        let element = self.root.element(name)?;
        let written = text(element)?;
        self.boolean(name, written)
    }

    /// An attribute that is `true` or `false`.
    pub(crate) fn attribute_switch(&mut self, element: &Element, name: &str) -> Option<bool> {
        let value = element.attribute(name)?.value.trimmed();
        let written = Located::new(value.as_str().to_owned(), value.span());
        self.boolean(name, written).map(|switch| switch.value)
    }

    /// A child with text, a `ref` attribute, or both.
    pub(crate) fn value(&mut self, name: &str) -> Option<ValueOrReference<String>> {
        let element = self.root.element(name)?;
        self.check_attributes(element, &["ref"]);
        self.value_of(element)
    }

    /// Text and `ref` attribute of an element; absent without either.
    pub(crate) fn value_of(&mut self, element: &Element) -> Option<ValueOrReference<String>> {
        let literal = text(element);
        let reference = self.reference(element);
        (literal.is_some() || reference.is_some()).then_some(ValueOrReference { literal, reference })
    }

    /// The variable that an element's `ref` attribute names.
    pub(crate) fn reference(&mut self, element: &Element) -> Option<Located<String>> {
        let value = element.attribute("ref")?.value.trimmed();
        if value.as_str().is_empty() {
            return None;
        }
        let variable = Located::new(value.as_str().to_owned(), value.span());
        self.check_variable("ref", &variable);
        Some(variable)
    }

    /// `ExpiresIn` and its kind, in milliseconds. `refusal` is the deployment error for a wrong number.
    pub(crate) fn lifetime(&mut self, name: &str, refusal: Refusal) -> Option<ValueOrReference<Lifetime>> {
        let value = self.value(name)?;
        let literal = value.literal.and_then(|written| {
            let lifetime = match written.value.parse::<i64>() {
                Ok(-1) => Some(Lifetime::Never),
                Ok(milliseconds) => {
                    u64::try_from(milliseconds).ok().filter(|&it| it > 0).map(Lifetime::Milliseconds)
                }
                Err(_) => None,
            };
            if lifetime.is_none() {
                let message = format!("{name} must be a number of milliseconds above 0, or -1");
                self.refuse(refusal, &message, written.span.clone());
            }
            lifetime.map(|lifetime| Located::new(lifetime, written.span))
        });
        (literal.is_some() || value.reference.is_some())
            .then_some(ValueOrReference { literal, reference: value.reference })
    }

    /// `Attributes/Attribute`.
    pub(crate) fn attributes(&mut self) -> Vec<TokenAttribute> {
        let lists = self.root.elements_named("Attributes");
        let mut attributes = Vec::new();
        for element in lists.flat_map(Element::elements) {
            if element.name != "Attribute" {
                let message = format!("`Attributes` has no element `{}`; it is not read", element.name);
                self.problems
                    .push(Problem::warning("unknown-element", message).at(element.name_span.clone()));
                continue;
            }
            self.check_attributes(element, &["display", "name", "ref"]);
            let name = element.attribute("name").map(|name| name.value.trimmed());
            let Some(name) = name.filter(|name| !name.as_str().is_empty()) else {
                let message = "a custom attribute needs a name";
                self.problems
                    .push(Problem::error("attribute-name-missing", message).at(element.name_span.clone()));
                continue;
            };
            attributes.push(TokenAttribute {
                name: Located::new(name.as_str().to_owned(), name.span()),
                value: self.value_of(element),
                display: self.attribute_switch(element, "display").unwrap_or(true),
            });
        }
        attributes
    }

    /// A problem that Apigee names as a deployment error.
    pub(crate) fn refuse(&mut self, refusal: Refusal, message: &str, span: Span) {
        let message = format!("{message} (Apigee: {})", refusal.apigee);
        self.problems.push(Problem::error(refusal.code, message).at(span));
    }

    fn boolean(&mut self, name: &str, written: Located<String>) -> Option<Located<bool>> {
        let value = match written.value.as_str() {
            text if text.eq_ignore_ascii_case("true") => true,
            text if text.eq_ignore_ascii_case("false") => false,
            _ => {
                let message = format!("`{name}` is neither true nor false; it is not read");
                self.problems.push(Problem::warning("not-boolean", message).at(written.span));
                return None;
            }
        };
        Some(Located::new(value, written.span))
    }

    fn check_variable(&mut self, name: &str, variable: &Located<String>) {
        let odd = |next: char| next.is_whitespace() || matches!(next, '{' | '}' | '"' | '\'');
        if variable.value.contains(odd) {
            let message =
                format!("`{name}` names a flow variable, which cannot have blanks, quotes or braces");
            let problem = Problem::warning("not-a-variable", message).at(variable.span.clone());
            self.problems.push(problem.help("write the bare name, such as request.formparam.code"));
        }
    }
}

/// A deployment error: our code, and the name that Apigee gives it.
#[derive(Clone, Copy)]
pub(crate) struct Refusal {
    pub(crate) code: &'static str,
    pub(crate) apigee: &'static str,
}

/// An element's trimmed text; absent if empty.
pub(crate) fn text(element: &Element) -> Option<Located<String>> {
    let text = element.text().trimmed();
    (!text.as_str().is_empty()).then(|| Located::new(text.as_str().to_owned(), text.span()))
}

/// Whether an optional switch is on.
pub(crate) fn is_on(switch: Option<&Located<bool>>) -> bool {
    switch.is_some_and(|switch| switch.value)
}

/// The known name that differs only in case, or in one letter too many or too few at the end.
pub(crate) fn similar<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let same = |candidate: &&&str| {
        let (short, long) =
            if name.len() < candidate.len() { (name, **candidate) } else { (**candidate, name) };
        let head = long.get(..short.len()).unwrap_or_default();
        long.len() - short.len() <= 1 && head.eq_ignore_ascii_case(short)
    };
    known.iter().find(same).copied()
}

const ROOT_ATTRIBUTES: &[&str] = &["async", "continueOnError", "enabled", "name"];
/// Real policies repeat them, and all of them are read.
const LISTS: [&str; 3] = ["Attributes", "SupportedGrantTypes", "Tokens"];
/// Accepted in every policy; fault rules in policies are a legacy that nothing runs.
const COMMON_CHILDREN: &[&str] = &["Description", "DisplayName", "FaultRules", "OAuthConfig", "Properties"];
