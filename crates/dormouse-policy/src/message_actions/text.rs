//! Texts of elements: booleans, and message templates with their problems.

use dormouse_bundle::{Delimiters, Element, Problem, SourceText, Template as Tree};
use dormouse_flow::Template;

/// The truth of an element's text: empty means true, as Copy and Remove have it.
pub(crate) fn boolean(element: &Element) -> bool {
    let text = element.text().trimmed();
    text.as_str().is_empty() || text.as_str().eq_ignore_ascii_case("true")
}

/// Compiles a template with the usual braces. Text that looks like a call and is none stays text, so that every
/// problem is a warning.
pub(crate) fn compile_template(text: &SourceText, problems: &mut Vec<Problem>) -> Template {
    compile_with(text, text.as_str(), Delimiters::default(), problems)
}

/// Compiles a template whose text was taken from the file in another way than [`SourceText`], or with the delimiters
/// that `variablePrefix` and `variableSuffix` name.
pub(super) fn compile_with(
    place: &SourceText,
    text: &str,
    delimiters: Delimiters<'_>,
    problems: &mut Vec<Problem>,
) -> Template {
    let (template, found) = Template::compile(&Tree::parse_with(text, delimiters));
    problems.extend(
        found.iter().map(|problem| Problem::warning("template", problem.to_string()).at(place.span())),
    );
    template
}
