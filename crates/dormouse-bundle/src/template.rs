//! Message templates ("Message templates" reference): text with `{variable}`, `{variable:default}` and
//! `{function(argument,…)}`. Whatever else stands in braces is literal text, so that JSON and style sheets
//! survive.

/// A parsed template. Parsing never fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// In order; adjacent literals are joined, empty ones left out.
    pub parts: Vec<Part>,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text as it is.
    Literal(String),
    /// The value of a variable.
    Variable {
        /// Its name.
        name: String,
        /// The text to use if it is unresolved.
        default: Option<String>,
    },
    /// The result of a function.
    Function {
        /// Its name; whether there is such a function is the evaluator's to know.
        name: String,
        /// Its arguments.
        arguments: Vec<Argument>,
        /// The text with its delimiters, to be left as it is if there is no such function.
        source: String,
    },
}

/// An argument of a template function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// Text in single quotes, a number, or anything else that is no variable's name, such as a bare JSONPath.
    Literal(String),
    /// The value of a variable.
    Variable {
        /// Its name.
        name: String,
        /// The text to use if it is unresolved.
        default: Option<String>,
    },
}

/// What encloses a variable: `{` and `}`, unless the legacy attributes `variablePrefix` and `variableSuffix`
/// name others; plain braces are then literal text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delimiters<'a> {
    /// Stands before a name; not empty.
    pub prefix: &'a str,
    /// Stands after a name; not empty.
    pub suffix: &'a str,
}

impl Argument {
    /// The variable's name, if it is one.
    pub fn variable(&self) -> Option<&str> {
        match self {
            Self::Literal(_) => None,
            Self::Variable { name, .. } => Some(name),
        }
    }
}

impl Default for Delimiters<'_> {
    fn default() -> Self {
        Self { prefix: "{", suffix: "}" }
    }
}

impl Template {
    /// Parses a template with the usual braces.
    pub fn parse(text: &str) -> Self {
        Self::parse_with(text, Delimiters::default())
    }

    /// Parses a template with other delimiters. An empty delimiter makes everything literal.
    pub fn parse_with(text: &str, delimiters: Delimiters<'_>) -> Self {
        let mut parts = Vec::new();
        let mut literal_start = 0;
        let mut at = 0;
        while let Some(found) = find(text, at, delimiters.prefix) {
            let inner_start = found + delimiters.prefix.len();
            let inner = clamped(text.get(inner_start..).unwrap_or_default());
            let Some((part, length)) = reference(inner, delimiters) else {
                at = inner_start;
                continue;
            };
            push_literal(&mut parts, text.get(literal_start..found));
            parts.push(part);
            at = inner_start + length;
            literal_start = at;
        }
        push_literal(&mut parts, text.get(literal_start..));
        Self { parts }
    }

    /// The text, if it holds no variable or function.
    pub fn as_literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The names of all variables that the template reads, in the order of the text.
    pub fn variables(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for part in &self.parts {
            match part {
                Part::Literal(_) => {}
                Part::Variable { name, .. } => names.push(name.as_str()),
                Part::Function { arguments, .. } => {
                    names.extend(arguments.iter().filter_map(Argument::variable));
                }
            }
        }
        names
    }
}

fn find(text: &str, from: usize, delimiter: &str) -> Option<usize> {
    if delimiter.is_empty() {
        return None;
    }
    text.get(from..)?.find(delimiter).map(|at| from + at)
}

fn push_literal(parts: &mut Vec<Part>, text: Option<&str>) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        parts.push(Part::Literal(text.to_owned()));
    }
}

/// What stands after a prefix, and its length including the suffix; `None` if it is literal text.
fn reference(inner: &str, delimiters: Delimiters<'_>) -> Option<(Part, usize)> {
    if delimiters.suffix.is_empty() {
        return None;
    }
    let (name, rest) = split_name(inner)?;
    if let Some(after) = rest.strip_prefix(delimiters.suffix) {
        return Some((Part::Variable { name: name.to_owned(), default: None }, inner.len() - after.len()));
    }
    if let Some(rest) = rest.strip_prefix(':') {
        let end = rest.find(delimiters.suffix)?;
        let default = rest.get(..end)?;
        if default.contains(delimiters.prefix) || default.contains(['\n', '\r']) {
            return None;
        }
        let length = inner.len() - rest.len() + end + delimiters.suffix.len();
        return Some((Part::Variable { name: name.to_owned(), default: Some(default.to_owned()) }, length));
    }
    let (arguments, rest) = arguments(rest.strip_prefix('(')?)?;
    let after = rest.strip_prefix(delimiters.suffix)?;
    let length = inner.len() - after.len();
    let source = format!("{}{}", delimiters.prefix, inner.get(..length)?);
    Some((Part::Function { name: name.to_owned(), arguments, source }, length))
}

/// A letter and then letters, digits, `_`, `.`, `-`.
fn split_name(text: &str) -> Option<(&str, &str)> {
    if !text.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return None;
    }
    let end = text.find(|next: char| !(next.is_ascii_alphanumeric() || matches!(next, '_' | '.' | '-')));
    Some(text.split_at(end.unwrap_or(text.len())))
}

/// The arguments up to the closing parenthesis, and what follows it. Commas and parentheses count only outside
/// quotes and inner brackets: a bare JSONPath or XPath has its own.
fn arguments(text: &str) -> Option<(Vec<Argument>, &str)> {
    let mut arguments = Vec::new();
    let (mut start, mut depth, mut quoted) = (0, 0_usize, false);
    for (at, character) in text.char_indices() {
        match character {
            '\'' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' => depth += 1,
            ')' | ']' if depth > 0 => depth -= 1,
            ')' => {
                let last = text.get(start..at)?;
                if !(arguments.is_empty() && last.trim().is_empty()) {
                    arguments.push(argument(last));
                }
                return Some((arguments, text.get(at + 1..)?));
            }
            ',' if depth == 0 => {
                arguments.push(argument(text.get(start..at)?));
                start = at + 1;
            }
            _ => {}
        }
    }
    None
}

fn argument(text: &str) -> Argument {
    let text = text.trim();
    let quoted = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    if let Some(literal) = quoted {
        return Argument::Literal(literal.to_owned());
    }
    match split_name(text) {
        Some((name, "")) => Argument::Variable { name: name.to_owned(), default: None },
        Some((name, rest)) if rest.starts_with(':') => {
            Argument::Variable { name: name.to_owned(), default: rest.get(1..).map(str::to_owned) }
        }
        _ => Argument::Literal(text.to_owned()),
    }
}

/// The part of a text in which the end of a reference is looked for.
fn clamped(text: &str) -> &str {
    let end = (0..=text.len().min(REFERENCE_MAX_BYTES)).rev().find(|&at| text.is_char_boundary(at));
    text.get(..end.unwrap_or(0)).unwrap_or(text)
}

/// The longest reference, without its prefix: a page full of `{a(` must not take quadratic time.
const REFERENCE_MAX_BYTES: usize = 2 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(text: &str) -> Part {
        Part::Literal(text.to_owned())
    }

    fn variable(name: &str, default: Option<&str>) -> Part {
        Part::Variable { name: name.to_owned(), default: default.map(str::to_owned) }
    }

    #[track_caller]
    fn check(text: &str, expected: &[Part]) {
        assert_eq!(Template::parse(text).parts, expected, "{text}");
    }

    /// A single function: its arguments, `'text'` for literals.
    #[track_caller]
    fn check_function(text: &str, function: &str, expected: &[&str]) {
        let template = Template::parse(text);
        let [Part::Function { name, arguments, source }] = template.parts.as_slice() else {
            panic!("{text} is no function: {template:?}");
        };
        let shown: Vec<String> = arguments
            .iter()
            .map(|argument| match argument {
                Argument::Literal(text) => format!("'{text}'"),
                Argument::Variable { name, default: None } => name.clone(),
                Argument::Variable { name, default: Some(default) } => format!("{name}:{default}"),
            })
            .collect();
        assert_eq!(
            (name.as_str(), shown.as_slice(), source.as_str()),
            (function, &expected.iter().map(ToString::to_string).collect::<Vec<_>>()[..], text)
        );
    }

    #[test]
    fn variables_and_defaults() {
        check("", &[]);
        check("a {b.c-d_1} e", &[literal("a "), variable("b.c-d_1", None), literal(" e")]);
        check("{a}{b:}", &[variable("a", None), variable("b", Some(""))]);
        check("{a:b c:d}", &[variable("a", Some("b c:d"))]);
        check("{action:'home'}", &[variable("action", Some("'home'"))]);
    }

    #[test]
    fn other_braces_are_literal() {
        for text in [
            "{ \"a\": 1 }",
            "{\n  margin:0 }",
            "{}",
            "{1}",
            "{a b}",
            "{a",
            "{",
            "}",
            "{ a }",
            "\\{",
            "{\"a\":{}}",
            "a{b:c\n}",
            "{a(}",
            "{a()",
            "{a(b)x}",
            "{_a}",
            "{é}",
        ] {
            check(text, &[literal(text)]);
        }
        check("{\"a\":\"{b}\"}", &[literal("{\"a\":\""), variable("b", None), literal("\"}")]);
        check("{a:{b}}", &[literal("{a:"), variable("b", None), literal("}")]);
        check("{{a}}", &[literal("{"), variable("a", None), literal("}")]);
    }

    #[test]
    fn functions() {
        check_function("{createUuid()}", "createUuid", &[]);
        check_function("{substring(a.b,0,-1)}", "substring", &["a.b", "'0'", "'-1'"]);
        check_function("{replaceAll(x,'[,)}]','')}", "replaceAll", &["x", "'[,)}]'", "''"]);
        check_function("{toLowerCase(a.b:FOO)}", "toLowerCase", &["a.b:FOO"]);
        check_function(
            "{jsonPath($.a[?(@.n == 'x,y')].b,json)}",
            "jsonPath",
            &["'$.a[?(@.n == 'x,y')].b'", "json"],
        );
        check_function(
            "{xpath(/a/b,xml,string,'p:urn:x')}",
            "xpath",
            &["'/a/b'", "xml", "string", "'p:urn:x'"],
        );
        check_function("{firstnonnull(a,'')}", "firstnonnull", &["a", "''"]);
    }

    #[test]
    fn other_delimiters_make_braces_literal() {
        let at = |text, prefix, suffix| Template::parse_with(text, Delimiters { prefix, suffix }).parts;
        assert_eq!(at("{a} @b# @", "@", "#"), [literal("{a} "), variable("b", None), literal(" @")]);
        assert_eq!(at("%a% {b}", "%", "%"), [variable("a", None), literal(" {b}")]);
        assert_eq!(at("<<a>>", "<<", ">>"), [variable("a", None)]);
        assert_eq!(at("{a}", "", ""), [literal("{a}")]);
        assert_eq!(at("{a}", "{", ""), [literal("{a}")]);
    }

    #[test]
    fn variables_are_listed_in_order() {
        assert_eq!(Template::parse("{a}{f(b,'c',d:x)}").variables(), ["a", "b", "d"]);
        assert_eq!(Template::parse("x").as_literal(), Some("x"));
        assert_eq!(Template::parse("x{y}").as_literal(), None);
    }
}
