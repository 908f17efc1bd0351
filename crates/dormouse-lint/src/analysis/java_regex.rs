//! What Java's regular expressions of conditions say ("Pattern matching" of the conditions reference, `JavaRegex`: the
//! whole text must match), as far as it can be told: a list of texts, a glob, or an expression that can be tried.

use regex::{Regex, RegexBuilder};
use regex_syntax::hir::{Class, Dot, Hir, HirKind, Look};
use std::sync::Arc;

/// What a regular expression says about a whole text.
#[derive(Debug, PartialEq)]
pub(crate) enum Meaning {
    /// It is one of these texts.
    Texts { texts: Vec<String>, ignores_case: bool },
    /// It matches this glob.
    Glob(String),
    /// It can be tried on a text.
    Trial(Trial),
    /// Nobody knows.
    Unknown,
}

/// A regular expression that Java and this program read alike.
#[derive(Clone, Debug)]
pub(crate) struct Trial {
    pattern: String,
    compiled: Arc<Regex>,
}

impl Trial {
    /// Whether the whole text matches.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.compiled.is_match(text)
    }
}

impl PartialEq for Trial {
    fn eq(&self, other: &Self) -> bool {
        self.pattern == other.pattern
    }
}

/// What an expression says.
pub(crate) fn meaning(pattern: &str) -> Meaning {
    let (body, ignores_case) = match pattern.strip_prefix("(?i)") {
        Some(body) => (body, true),
        None => (pattern, false),
    };
    let Some(body) = translated(body) else { return Meaning::Unknown };
    let Ok(tree) = regex_syntax::parse(&body) else { return Meaning::Unknown };
    if let Some(texts) = texts(&tree, (true, true)) {
        return Meaning::Texts { texts, ignores_case };
    }
    if let Some(glob) = glob(&tree).filter(|_| !ignores_case) {
        return Meaning::Glob(glob);
    }
    let whole = format!("^(?:{body})$");
    let compiled =
        RegexBuilder::new(&whole).case_insensitive(ignores_case).size_limit(COMPILED_MAX_BYTES).build();
    match compiled {
        Ok(compiled) => Meaning::Trial(Trial { pattern: pattern.to_owned(), compiled: Arc::new(compiled) }),
        Err(_) => Meaning::Unknown,
    }
}

/// The expression with Java's ASCII classes written out; `None` if it has anything that the two may read differently.
fn translated(pattern: &str) -> Option<String> {
    let strange = ["(?", "++", "*+", "?+", "}+", "&&", "--", "~~"];
    let plain = pattern.replace("(?:", "(");
    if pattern.len() > PATTERN_MAX_BYTES || !pattern.is_ascii() || strange.iter().any(|it| plain.contains(it))
    {
        return None;
    }
    let mut text = String::new();
    let mut characters = pattern.chars();
    while let Some(next) = characters.next() {
        if next != '\\' {
            text.push(next);
            continue;
        }
        match characters.next()? {
            'd' => text.push_str("[0-9]"),
            's' => text.push_str(r"[ \t\n\x0B\f\r]"),
            'w' => text.push_str("[0-9A-Za-z_]"),
            escaped if escaped.is_ascii_punctuation() => text.extend(['\\', escaped]),
            _ => return None,
        }
    }
    Some(text)
}

/// All texts that match, if they are few. `ends` tells whether the tree stands at the beginning and at the end.
fn texts(tree: &Hir, ends: (bool, bool)) -> Option<Vec<String>> {
    let texts = match tree.kind() {
        HirKind::Empty => vec![String::new()],
        HirKind::Literal(literal) => vec![String::from_utf8(literal.0.to_vec()).ok()?],
        HirKind::Capture(group) => return texts(&group.sub, ends),
        HirKind::Look(Look::Start) if ends.0 => vec![String::new()],
        HirKind::Look(Look::End) if ends.1 => vec![String::new()],
        HirKind::Alternation(ways) => {
            let ways: Option<Vec<Vec<String>>> = ways.iter().map(|way| texts(way, ends)).collect();
            ways?.concat()
        }
        HirKind::Concat(parts) => concatenation(parts, ends)?,
        HirKind::Repetition(repeated) if (repeated.min, repeated.max) == (0, Some(1)) => {
            let mut all = texts(&repeated.sub, (false, false))?;
            all.push(String::new());
            all
        }
        HirKind::Class(Class::Unicode(class)) => {
            let ranges = class.iter().map(|range| (range.start(), range.end()));
            let all: Vec<String> =
                ranges.flat_map(|(start, end)| start..=end).take(TEXTS_MAX + 1).map(String::from).collect();
            all
        }
        _ => return None,
    };
    (texts.len() <= TEXTS_MAX).then_some(texts)
}

fn concatenation(parts: &[Hir], (at_start, at_end): (bool, bool)) -> Option<Vec<String>> {
    let mut all = vec![String::new()];
    for (number, part) in parts.iter().enumerate() {
        let ends = (at_start && number == 0, at_end && number + 1 == parts.len());
        let next = texts(part, ends)?;
        if all.len() * next.len() > TEXTS_MAX {
            return None;
        }
        all = all.iter().flat_map(|head| next.iter().map(move |tail| format!("{head}{tail}"))).collect();
    }
    Some(all)
}

/// A glob, if the tree is a row of texts and `.*`.
fn glob(tree: &Hir) -> Option<String> {
    let parts = match tree.kind() {
        HirKind::Capture(group) => return glob(&group.sub),
        HirKind::Concat(parts) => parts.as_slice(),
        _ => std::slice::from_ref(tree),
    };
    let mut glob = String::new();
    for (number, part) in parts.iter().enumerate() {
        match part.kind() {
            HirKind::Literal(literal) => {
                let text =
                    std::str::from_utf8(&literal.0).ok().filter(|text| !text.contains(['*', '%', '\\']))?;
                glob.push_str(text);
            }
            HirKind::Capture(group) if !has_ends(&group.sub) => glob.push_str(&self::glob(&group.sub)?),
            HirKind::Look(Look::Start) if number == 0 => {}
            HirKind::Look(Look::End) if number + 1 == parts.len() => {}
            HirKind::Repetition(repeated) if (repeated.min, repeated.max) == (0, None) => {
                let is_any = *repeated.sub == Hir::dot(Dot::AnyCharExceptLF);
                is_any.then(|| glob.push('*'))?;
            }
            _ => return None,
        }
    }
    Some(glob)
}

/// Whether a tree asks for the beginning or the end of the text.
fn has_ends(tree: &Hir) -> bool {
    !tree.properties().look_set().is_empty()
}

/// A list of more texts is no list that a person would write.
const TEXTS_MAX: usize = 32;
const PATTERN_MAX_BYTES: usize = 512;
const COMPILED_MAX_BYTES: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_texts(pattern: &str, expected: &[&str]) {
        let Meaning::Texts { texts, ignores_case } = meaning(pattern) else {
            panic!("{pattern}: {:?}", meaning(pattern))
        };
        assert_eq!(texts, expected, "{pattern}");
        assert_eq!(ignores_case, pattern.starts_with("(?i)"), "{pattern}");
    }

    #[test]
    fn lists_of_texts() {
        check_texts("password", &["password"]);
        check_texts("^(?:a|b)$", &["a", "b"]);
        check_texts("^a|b$", &["a", "b"]);
        check_texts("/v[12]/(token|x)?", &["/v1/token", "/v1/x", "/v1/", "/v2/token", "/v2/x", "/v2/"]);
        check_texts("(?i)abc", &["abc"]);
        check_texts(r"a\.b", &["a.b"]);
        check_texts("", &[""]);
    }

    #[test]
    fn globs() {
        assert_eq!(meaning("/token.*"), Meaning::Glob("/token*".to_owned()));
        assert_eq!(meaning("^(.*)$"), Meaning::Glob("*".to_owned()));
    }

    #[track_caller]
    fn check_trial(pattern: &str, good: &str, bad: &str) {
        let Meaning::Trial(trial) = meaning(pattern) else { panic!("{pattern}: {:?}", meaning(pattern)) };
        assert!(trial.matches(good) && !trial.matches(bad), "{pattern}");
    }

    #[test]
    fn expressions_that_can_be_tried() {
        check_trial("client_\\w+", "client_credentials", "xclient_a");
        check_trial("[a-z]*_token", "refresh_token", "Refresh_token");
        check_trial("(?i)[a-z]{2}.*", "AB", "1");
        check_trial("a|b+", "bb", "ab");
    }

    #[test]
    fn what_java_may_read_differently() {
        for pattern in
            ["(?=a)b", "(?<n>a)", "a++", r"\Qa\E", r"\p{Alpha}", "[a-z&&[^b]]", "(", "é", "a(^b)", r"\b"]
        {
            let meaning = meaning(pattern);
            assert!(matches!(meaning, Meaning::Unknown | Meaning::Trial(_)), "{pattern}: {meaning:?}");
        }
        assert_eq!(meaning("(?!a).*"), Meaning::Unknown);
    }
}
