//! Reading the elements of policies: texts that may stand in a variable, truths, durations, and what has no effect here.

use dormouse_bundle::{Element, Policy, Problem, SourceText};
use dormouse_flow::{Text, Transaction, Variable};

/// The text of an element, or the variable that its attribute `ref` names, which goes before the text.
pub(crate) struct TextOrVariable {
    variable: Option<Variable>,
    literal: Option<Text>,
}

impl TextOrVariable {
    /// What an element says.
    pub(crate) fn compile(element: &Element) -> Self {
        let literal = element.text().trimmed();
        Self {
            variable: variable_of(element, "ref"),
            literal: (!literal.as_str().is_empty()).then(|| literal.as_str().into()),
        }
    }

    /// A text as it is.
    pub(crate) fn literally(text: &str) -> Self {
        Self { variable: None, literal: Some(text.into()) }
    }

    /// What a child says; nothing when there is no such child, or one that says nothing.
    pub(crate) fn of_child(parent: &Element, name: &str) -> Option<Self> {
        let compiled = Self::compile(parent.element(name)?);
        compiled.is_given().then_some(compiled)
    }

    /// Whether there is a text or a variable.
    pub(crate) fn is_given(&self) -> bool {
        self.variable.is_some() || self.literal.is_some()
    }

    /// The variable's text if it resolves, else the literal.
    pub(crate) fn read(&self, transaction: &Transaction) -> Option<Text> {
        let referred = self.variable.as_ref().and_then(|variable| transaction.text(variable));
        referred.or_else(|| self.literal.clone())
    }

    /// The literal.
    pub(crate) fn literal(&self) -> Option<&Text> {
        self.literal.as_ref()
    }

    /// The name of the variable, for messages; empty without one.
    pub(crate) fn variable_name(&self) -> &str {
        self.variable.as_ref().map_or("", |variable| variable.name())
    }
}

/// The variable that an attribute names.
pub(crate) fn variable_of(element: &Element, attribute: &str) -> Option<Variable> {
    let name = element.attribute_value(attribute).map(str::trim).filter(|name| !name.is_empty())?;
    Some(Variable::parse(name))
}

/// The text of a child; an empty one is as good as none.
pub(crate) fn text_of(parent: &Element, name: &str) -> Option<SourceText> {
    parent.element_text(name).filter(|text| !text.as_str().is_empty())
}

/// The variable that the text of a child names.
pub(crate) fn variable_in(parent: &Element, name: &str) -> Option<Variable> {
    text_of(parent, name).map(|name| Variable::parse(name.as_str()))
}

/// The limit that a child states, if it states one. A negative number means no limit.
pub(crate) fn limit(parent: &Element, name: &str, problems: &mut Vec<Problem>) -> Option<usize> {
    let text = text_of(parent, name)?;
    if let Ok(number) = text.as_str().parse::<i64>() {
        return usize::try_from(number).ok();
    }
    let message = format!("{name} is a whole number, not {:?}", text.as_str());
    problems.push(Problem::error("invalid-limit", message).at(text.span()));
    None
}

/// The truth of a child's text; `default` without the child, or with a text that is neither truth.
pub(crate) fn truth(parent: &Element, name: &str, default: bool) -> bool {
    let text = text_of(parent, name);
    text.and_then(|text| parse_truth(text.as_str())).unwrap_or(default)
}

/// `true` or `false` in any case.
pub(crate) fn parse_truth(text: &str) -> Option<bool> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("true") {
        return Some(true);
    }
    text.eq_ignore_ascii_case("false").then_some(false)
}

/// An error at an element or text, with Apigee's name for it.
pub(crate) fn refused(
    code: &'static str,
    policy: &Policy,
    apigee: &str,
    message: impl std::fmt::Display,
) -> Problem {
    let message = format!("{} {}: {message} (Apigee: {apigee})", policy.kind, policy.name);
    Problem::error(code, message).at(policy.span())
}

/// Tells which children have no effect here, and why.
pub(crate) fn warn_without_effect(parent: &Element, children: &[(&str, &str)], problems: &mut Vec<Problem>) {
    for (name, reason) in children {
        for child in parent.elements_named(name) {
            let message = format!("{name} has no effect: {reason}");
            problems.push(Problem::info("no-effect", message).at(child.name_span.clone()));
        }
    }
}

/// Warns of children that Apigee does not know here, or that this program does not support.
pub(crate) fn warn_unknown(parent: &Element, known: &[&str], problems: &mut Vec<Problem>) {
    for child in parent.elements() {
        let name = child.name.as_str();
        if !known.contains(&name) && !COMMON.contains(&name) {
            let message = format!("{name} is not supported in {} and is passed over", parent.name);
            problems.push(
                Problem::warning("unsupported-element", message)
                    .at(child.name_span.clone())
                    .help(format!("take it out, or use one of: {}", known.join(", "))),
            );
        }
    }
}

/// What every policy may have.
const COMMON: &[&str] =
    &["Description", "DisplayName", "FaultRules", "IgnoreUnresolvedVariables", "Properties"];

#[cfg(test)]
mod tests {
    use super::*;
    use dormouse_bundle::{SourceFile, parse_xml};

    fn element(xml: &str) -> Element {
        parse_xml(&SourceFile::new("P.xml", xml)).expect("XML")
    }

    #[track_caller]
    fn check(xml: &str, literal: Option<&str>, variable: &str) {
        let source = TextOrVariable::compile(&element(xml));
        assert_eq!((source.literal.as_deref(), source.variable_name()), (literal, variable), "{xml}");
        assert_eq!(source.is_given(), literal.is_some() || !variable.is_empty(), "{xml}");
    }

    #[test]
    fn texts_and_variables() {
        check("<A> x </A>", Some("x"), "");
        check("<A ref=' a.b '/>", None, "a.b");
        check("<A ref='a'>x</A>", Some("x"), "a");
        check("<A ref=''> </A>", None, "");
    }

    #[test]
    fn truths() {
        for (xml, default, expected) in [
            ("<A><B>true</B></A>", false, true),
            ("<A><B> FALSE </B></A>", true, false),
            ("<A><B>yes</B></A>", true, true),
            ("<A><B/></A>", false, false),
            ("<A/>", true, true),
        ] {
            assert_eq!(truth(&element(xml), "B", default), expected, "{xml}");
        }
    }

    #[test]
    fn what_is_not_supported_is_told_with_its_place() {
        let mut problems = Vec::new();
        let parent = element("<A>\n  <Known/><DisplayName/>\n  <Other/></A>");
        warn_unknown(&parent, &["Known"], &mut problems);
        warn_without_effect(&parent, &[("Known", "it is so")], &mut problems);
        let lines: Vec<_> = problems
            .iter()
            .map(|problem| (problem.code, problem.span.as_ref().map(|span| span.start().line)))
            .collect();
        assert_eq!(lines, [("unsupported-element", Some(3)), ("no-effect", Some(2))]);
    }
}
