//! Patterns with captures, `/orders/{id}` and `Bearer {token}` (Apigee: "ExtractVariables policy", `Pattern`).

use dormouse_text::java_regex::{Error, Pattern};

/// A compiled pattern.
pub(crate) struct CapturePattern {
    pattern: Pattern,
    names: Vec<String>,
    segments: usize,
}

/// What a pattern is matched with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum PatternKind {
    /// A path: names and `*` stand for one segment, `**` for many.
    Path,
    /// Any other text: names stand for one or more characters, `*` for any number.
    Text,
}

impl CapturePattern {
    /// Compiles a pattern. `ignore_case` concerns its literal parts.
    ///
    /// # Errors
    /// [`Error`] when the pattern is too long.
    pub(crate) fn compile(text: &str, kind: PatternKind, ignore_case: bool) -> Result<Self, Error> {
        let (run, any) = match kind {
            PatternKind::Path => ("([^/]+)", "[^/]*"),
            PatternKind::Text => ("(.+?)", ".*?"),
        };
        let mut expression = String::from(if ignore_case { "(?siu)" } else { "(?s)" });
        let mut names = Vec::new();
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            rest = rest.get(next.len_utf8()..).unwrap_or_default();
            match (next, name(rest)) {
                ('{', Some(name)) => {
                    names.push(name.trim().to_owned());
                    expression.push_str(run);
                    rest = rest.get(name.len() + 1..).unwrap_or_default();
                }
                ('*', _) if kind == PatternKind::Path && rest.starts_with('*') => {
                    expression.push_str(".*");
                    rest = rest.trim_start_matches('*');
                }
                ('*', _) => expression.push_str(any),
                ('%', _) => {
                    let escaped = rest.chars().next().unwrap_or('%');
                    push_literal(&mut expression, escaped);
                    rest = rest.get(escaped.len_utf8()..).unwrap_or_default();
                }
                (other, _) => push_literal(&mut expression, other),
            }
        }
        let segments = text.split('/').filter(|segment| !segment.is_empty()).count();
        Ok(Self { pattern: Pattern::compile(&expression)?, names, segments })
    }

    /// The names and what they stand for, when the whole text matches.
    ///
    /// # Errors
    /// [`Error`] when matching is given up.
    pub(crate) fn captures<'a>(&'a self, text: &str) -> Result<Option<Vec<(&'a str, String)>>, Error> {
        let Some(captures) = self.pattern.full_captures(text)? else { return Ok(None) };
        let value = |group: usize| captures.text(text, group).unwrap_or_default().to_owned();
        Ok(Some(
            self.names.iter().enumerate().map(|(index, name)| (name.as_str(), value(index + 1))).collect(),
        ))
    }

    /// How many segments a path pattern has: the longer one goes before the shorter.
    pub(crate) fn segments(&self) -> usize {
        self.segments
    }

    /// Whether the pattern captures anything.
    pub(crate) fn has_names(&self) -> bool {
        !self.names.is_empty()
    }
}

/// What stands between a brace and the next one; a name has no blanks inside.
fn name(rest: &str) -> Option<&str> {
    let name = rest.get(..rest.find('}')?)?;
    (!name.trim().is_empty() && !name.trim().contains([' ', '{', '/'])).then_some(name)
}

fn push_literal(expression: &mut String, literal: char) {
    if literal.is_ascii_punctuation() {
        expression.push('\\');
    }
    expression.push(literal);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: PatternKind, pattern: &str, text: &str, expected: Option<&[(&str, &str)]>) {
        let ignore_case = pattern.starts_with("Basic");
        let compiled = CapturePattern::compile(pattern, kind, ignore_case).expect("a pattern");
        let captured = compiled.captures(text).expect("an answer");
        let captured: Option<Vec<(&str, &str)>> = captured
            .as_ref()
            .map(|captured| captured.iter().map(|(name, value)| (*name, value.as_str())).collect());
        assert_eq!(captured.as_deref(), expected, "{pattern} on {text}");
    }

    #[test]
    fn paths() {
        check(PatternKind::Path, "/a/{id}", "/a/7", Some(&[("id", "7")]));
        check(PatternKind::Path, "/a/{id}", "/a/7/b", None);
        check(PatternKind::Path, "/a/{id}", "/a/", None);
        check(PatternKind::Path, "/*/{id}", "/x/7", Some(&[("id", "7")]));
        check(PatternKind::Path, "/**/{id}", "/x/y/7", Some(&[("id", "7")]));
        check(PatternKind::Path, "/{a}-{b}/c", "/1-2/c", Some(&[("a", "1"), ("b", "2")]));
        check(PatternKind::Path, "/A/{id}", "/a/7", None);
    }

    #[test]
    fn texts() {
        check(PatternKind::Text, "Basic {c}", "basic YTpi", Some(&[("c", "YTpi")]));
        check(PatternKind::Text, "Bearer {t}", "bearer x", None);
        check(PatternKind::Text, "{whole}", "a b\nc", Some(&[("whole", "a b\nc")]));
        check(PatternKind::Text, "{whole}", "", None);
        check(PatternKind::Text, "{a}-{b}", "x-y-z", Some(&[("a", "x"), ("b", "y-z")]));
        check(PatternKind::Text, "a.b{c}", "axbc", None);
        check(PatternKind::Text, "*id={v}", "x&id=3", Some(&[("v", "3")]));
        check(PatternKind::Text, "100%%{v}", "100%x", Some(&[("v", "x")]));
        check(PatternKind::Text, "%{v}", "{v}", Some(&[]));
    }
}
