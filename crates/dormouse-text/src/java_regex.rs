//! `java.util.regex` patterns (Java SE 17, class `Pattern`), translated to Rust's engines: to the linear-time one where
//! the pattern is regular, else to the backtracking one with a limit on its steps.

mod backtracking;
mod class;
mod emit;
mod error;
mod escape;
mod generator;
mod parser;
mod property;
mod replacement;
mod syntax;
mod tokens;

pub use error::Error;
pub use generator::Generator;
pub use replacement::Replacement;

use backtracking::Backtracking;
use emit::{Anchoring, emit};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;
use syntax::Node;

/// A compiled pattern. Cloning is cheap; threads may share it.
#[derive(Clone)]
pub struct Pattern {
    /// Finds matches anywhere.
    find: Engine,
    /// Matches whole texts, where `$` can be simpler and the linear engine serves more patterns.
    full: Engine,
    groups: Groups,
}

/// The capturing groups of a pattern.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Groups {
    /// How many, without the whole match.
    pub(crate) count: usize,
    /// Named ones and their numbers.
    pub(crate) names: Vec<(String, usize)>,
}

#[derive(Clone)]
enum Engine {
    Linear(regex::Regex),
    Backtracking(Arc<Backtracking>),
}

/// Where a match and its groups are, as byte ranges of the text. Index 0 is the whole match; a group that took no
/// part has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captures(Vec<Option<Range<usize>>>);

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// [`Error`] when Java would refuse the pattern, when it uses something that is not supported (`\X`, `\N`, rare
    /// properties), or when it is too long or too large.
    pub fn compile(pattern: &str) -> Result<Self, Error> {
        if pattern.len() > PATTERN_MAX_BYTES {
            return Err(Error::TooLong { limit_bytes: PATTERN_MAX_BYTES });
        }
        let (node, groups) = parser::parse(pattern)?;
        let find = Engine::build(&node, Anchoring::Anywhere)?;
        let full = Engine::build(&node, Anchoring::Full)?;
        Ok(Self { find, full, groups })
    }

    /// Whether the whole text matches: Java's `matches()`.
    ///
    /// # Errors
    /// [`Error::TooManySteps`] or [`Error::TextTooLong`] when the backtracking engine gives up.
    pub fn is_full_match(&self, text: &str) -> Result<bool, Error> {
        self.full.is_match(text)
    }

    /// The groups of a match of the whole text.
    ///
    /// # Errors
    /// [`Error::TooManySteps`] or [`Error::TextTooLong`] when the backtracking engine gives up.
    pub fn full_captures(&self, text: &str) -> Result<Option<Captures>, Error> {
        self.full.captures_at(text, 0)
    }

    /// The first match at or after a byte offset: Java's `find()`.
    ///
    /// # Errors
    /// [`Error::TooManySteps`] or [`Error::TextTooLong`] when the backtracking engine gives up.
    pub fn find_at(&self, text: &str, start: usize) -> Result<Option<Captures>, Error> {
        if !text.is_char_boundary(start) {
            return Ok(None);
        }
        self.find.captures_at(text, start)
    }

    /// Whether any part of the text matches.
    ///
    /// # Errors
    /// [`Error::TooManySteps`] or [`Error::TextTooLong`] when the backtracking engine gives up.
    pub fn is_found(&self, text: &str) -> Result<bool, Error> {
        self.find.is_match(text)
    }

    /// Replaces every match: Java's `replaceAll`.
    ///
    /// # Errors
    /// [`Error::TooManySteps`], [`Error::TextTooLong`], or [`Error::ResultTooLong`] beyond 16 MiB.
    pub fn replace_all<'t>(&self, text: &'t str, replacement: &Replacement) -> Result<Cow<'t, str>, Error> {
        self.replace(text, replacement, usize::MAX)
    }

    /// Replaces the first match: Java's `replaceFirst`.
    ///
    /// # Errors
    /// As for [`Pattern::replace_all`].
    pub fn replace_first<'t>(&self, text: &'t str, replacement: &Replacement) -> Result<Cow<'t, str>, Error> {
        self.replace(text, replacement, 1)
    }

    /// Number of capturing groups, without the whole match.
    pub fn group_count(&self) -> usize {
        self.groups.count
    }

    pub(crate) fn groups(&self) -> &Groups {
        &self.groups
    }

    fn replace<'t>(
        &self,
        text: &'t str,
        replacement: &Replacement,
        limit: usize,
    ) -> Result<Cow<'t, str>, Error> {
        let (mut result, mut copied, mut start) = (String::new(), 0, 0);
        let searches_max = self.find.matches_max(text);
        for count in 0..limit {
            if count > searches_max {
                return Err(Error::TooManySteps);
            }
            let Some(captures) = self.find_at(text, start)? else { break };
            let Some(whole) = captures.get(0) else { break };
            result.push_str(text.get(copied..whole.start).unwrap_or_default());
            replacement.expand(text, &captures, &mut result);
            if result.len() > RESULT_MAX_BYTES {
                return Err(Error::ResultTooLong { limit_bytes: RESULT_MAX_BYTES });
            }
            copied = whole.end;
            start = match next_start(text, &whole) {
                Some(start) => start,
                None => break,
            };
        }
        if copied == 0 && result.is_empty() {
            return Ok(Cow::Borrowed(text));
        }
        result.push_str(text.get(copied..).unwrap_or_default());
        Ok(Cow::Owned(result))
    }
}

/// Where Java looks for the next match: after this one, and one character further when it was empty.
fn next_start(text: &str, last: &Range<usize>) -> Option<usize> {
    if !last.is_empty() {
        return Some(last.end);
    }
    text.get(last.end..)?.chars().next().map(|skipped| last.end + skipped.len_utf8())
}

impl Captures {
    /// The range of a group; 0 is the whole match.
    pub fn get(&self, group: usize) -> Option<Range<usize>> {
        self.0.get(group).cloned().flatten()
    }

    /// The text of a group within the text that was searched.
    pub fn text<'t>(&self, text: &'t str, group: usize) -> Option<&'t str> {
        text.get(self.get(group)?)
    }
}

impl Engine {
    fn build(node: &Node, anchoring: Anchoring) -> Result<Self, Error> {
        let emitted = emit(node, anchoring);
        if emitted.needs_backtracking {
            return Backtracking::build(node, &emitted.pattern).map(Arc::new).map(Self::Backtracking);
        }
        let mut builder = regex::RegexBuilder::new(&emitted.pattern);
        builder.size_limit(SIZE_MAX_BYTES).dfa_size_limit(SIZE_MAX_BYTES);
        builder.build().map(Self::Linear).map_err(|error| Error::from_regex(&error))
    }

    fn is_match(&self, text: &str) -> Result<bool, Error> {
        match self {
            Self::Linear(regex) => Ok(regex.is_match(text)),
            Self::Backtracking(engine) => {
                engine.for_text(text)?.is_match(text).map_err(|_| Error::TooManySteps)
            }
        }
    }

    /// How many matches of one text may be looked for.
    fn matches_max(&self, text: &str) -> usize {
        match self {
            Self::Linear(_) => usize::MAX,
            Self::Backtracking(_) => Backtracking::matches_max(text),
        }
    }

    fn captures_at(&self, text: &str, start: usize) -> Result<Option<Captures>, Error> {
        Ok(match self {
            Self::Linear(regex) => regex
                .captures_at(text, start)
                .map(|found| Captures(found.iter().map(|group| group.map(|group| group.range())).collect())),
            Self::Backtracking(engine) => {
                engine.for_text(text)?.captures_from_pos(text, start).map_err(|_| Error::TooManySteps)?.map(
                    |found| Captures(found.iter().map(|group| group.map(|group| group.range())).collect()),
                )
            }
        })
    }
}

/// Longer patterns are no patterns that people wrote.
const PATTERN_MAX_BYTES: usize = 32 * 1024;
/// Bounds the memory of one compiled pattern.
const SIZE_MAX_BYTES: usize = 4 * 1024 * 1024;
/// A replacement may not multiply a text without bound.
const RESULT_MAX_BYTES: usize = 16 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(pattern: &str, text: &str, expected: bool) {
        let compiled = Pattern::compile(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        assert_eq!(compiled.is_full_match(text), Ok(expected), "{pattern} on {text:?}");
    }

    #[track_caller]
    fn check_found(pattern: &str, text: &str, expected: Option<&str>) {
        let compiled = Pattern::compile(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        let found = compiled.find_at(text, 0).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        assert_eq!(found.as_ref().and_then(|found| found.text(text, 0)), expected, "{pattern} on {text:?}");
    }

    #[track_caller]
    fn check_replaced(pattern: &str, text: &str, replacement: &str, expected: &str) {
        let compiled = Pattern::compile(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        let replacement = Replacement::parse(replacement, &compiled).expect("valid replacement");
        assert_eq!(
            compiled.replace_all(text, &replacement).as_deref(),
            Ok(expected),
            "{pattern} on {text:?}"
        );
    }

    #[track_caller]
    fn check_refused(pattern: &str) {
        assert!(Pattern::compile(pattern).is_err(), "{pattern} is refused by Java");
    }

    // Every expectation below is what JDK 17 answers.

    #[test]
    fn whole_texts() {
        check("/c*t", "/cat", false);
        check("/c.*t", "/cat", true);
        check("a|ab", "ab", true);
        check("", "", true);
        check("a", "ba", false);
        check("^a$", "a", true);
        check("^a$", "a\n", false);
        check("a$\n", "a\n", true);
        check("(?:^a$|^b$)", "b", true);
    }

    #[test]
    fn classes_are_ascii() {
        check(r"\w+", "añb", false);
        check(r"\w+", "a_9", true);
        check(r"\d", "٣", false);
        check(r"\s", "\u{a0}", false);
        check(r"\s+", " \t\n\u{b}\u{c}\r", true);
        check(r"\h+", " \t\u{a0}\u{3000}", true);
        check(r"\h", "a", false);
        check(r"\v", "\u{2028}", true);
        check(r"\D\S\W\H\V", "abcba", false);
        check(r"\D\S\W\H\V", "ab-ba", true);
        check(r"(?U)\w+", "añb", true);
    }

    #[test]
    fn line_terminators() {
        check("a.b", "a\rb", false);
        check("a.b", "a\u{85}b", false);
        check("(?d)a.b", "a\rb", true);
        check("(?d)a.b", "a\nb", false);
        check("(?s)a.b", "a\nb", true);
        check_found("a$", "a\n", Some("a"));
        check_found("a$", "a\r\n", Some("a"));
        check_found("\r$", "a\r\n", None);
        check_found("a$", "a\n\n", None);
        check_found("(?d)a$", "a\r", None);
        check_found("(?m)a$", "a\rb", Some("a"));
        check_found("(?m)^b", "a\rb", Some("b"));
        check_found("(?m)^", "", None);
        check_found(r"a\Z", "a\n", Some("a"));
        check_found(r"a\z", "a\n", None);
        check(r"a\Rb", "a\r\nb", true);
    }

    #[test]
    fn case_folding_is_ascii_unless_asked() {
        check("(?i)k", "K", true);
        check("(?i)k", "\u{212a}", false);
        check("(?iu)k", "\u{212a}", true);
        check("(?i)é", "É", false);
        check("(?iu)é", "É", true);
        check("(?i)[a-f]+", "aF", true);
        check("(?i)[^a-f]", "F", false);
        check("a(?i)b|c", "C", true);
        check("(?i:a)b", "AB", false);
        check("(?i)a(?-i)b", "Ab", true);
        check(r"(?i)\p{Lower}", "A", true);
    }

    #[test]
    fn escapes() {
        check(r"\Qa.b*\E+", "a.b**", true);
        check(r"\Qa", "a", true);
        check(r"[\Q]-\E]+", "]-", true);
        check(r"\0101\x42\u0043\x{44}\cA\t\e", "ABCD\u{1}\t\u{1b}", true);
        check(r"\ud83d\ude00", "😀", true);
        check(r"\.\-\é", ".-é", true);
        check(r"\0377", "ÿ", true);
        check(r"\0400", " 0", true);
    }

    #[test]
    fn character_classes() {
        check("[a-d[m-p]]+", "adm", true);
        check("[a-z&&[def]]+", "de", true);
        check("[a-z&&[def]]", "a", false);
        check("[a-z&&[^bc]]", "b", false);
        check("[a-z&&[^m-p]&&[^x]]+", "ay", true);
        check("[^a-c[x]]", "x", false);
        check("[]a]+", "]a", true);
        check("[^]a]", "b", true);
        check("[a-]+", "a-", true);
        check("[-a]+", "-a", true);
        check("[a-c-e]+", "b-e", true);
        check("[^^]", "^", false);
        check(r"[\w&&[^_]]+", "a1", true);
        check(r"[\p{Alpha}\d.]+", "aZ9.", true);
        check(r"[\x41-\x43]", "B", true);
        check("[a&]", "&", true);
        check("(?!b)[[:alpha:]]", "k", false);
        check("(?!b)[[:alpha:]]", ":", true);
    }

    #[test]
    fn properties() {
        for (pattern, yes, no) in [
            (r"\p{Alpha}", "z", "é"),
            (r"\p{Punct}", "~", "a"),
            (r"\p{XDigit}", "F", "G"),
            (r"\p{javaLowerCase}", "é", "É"),
            (r"\p{javaWhitespace}", "\u{1c}", "\u{a0}"),
            (r"\p{L}", "é", "1"),
            (r"\pL", "é", "1"),
            (r"\PL", "1", "é"),
            (r"\p{IsGreek}", "α", "a"),
            (r"\p{InGreek}", "α", "a"),
            (r"\p{IsAlphabetic}", "é", "1"),
            (r"\p{script=Latin}", "a", "α"),
            (r"\p{gc=Lu}", "É", "é"),
            (r"\P{Lower}", "A", "a"),
            (r"[^\p{Lower}]", "A", "a"),
        ] {
            check(pattern, yes, true);
            check(pattern, no, false);
        }
    }

    #[test]
    fn groups_look_around_and_quantifiers() {
        check(r"(a)(b)\2\1", "abba", true);
        check(r"(?<x>a)\k<x>", "aa", true);
        check(r"(a)\11", "aa1", true);
        check("(?=ab)a.", "ab", true);
        check("(?!ab)a.", "ab", false);
        check("a(?<=a)b(?<!a)", "ab", true);
        check("(?>a*)ab", "aaab", false);
        check("a*+a", "aaa", false);
        check("a{2,3}?", "aaa", true);
        check("(?x) a b # comment\n c", "abc", true);
        check("^*a", "a", true);
        check("x{0}", "", true);
        check("a{2}{2}", "aaaa", true);
        check("(?=a)?(?!b)*(?<=a)??a", "a", true);
        check(r"\1", "", false);
        check(r"\bab\b", "ab", true);
        check_found(r"\Bb", "ab", Some("b"));
        check_found("a+?", "aaa", Some("a"));
    }

    #[test]
    fn refused_patterns() {
        for pattern in [
            "(",
            ")",
            "[",
            "[a",
            "a**",
            "*",
            "{",
            "a{",
            "a{x}",
            "a{2,1}",
            "(?z)",
            "(?<1>a)",
            r"\k<x>",
            r"\y",
            r"\x4",
            r"\u12",
            r"\p{Foo}",
            r"\p",
            r"\",
            "[b-a]",
            r"\08",
            "(?<a>x)(?<a>y)",
            "(?",
            "[^]",
            r"\c",
            "a{99999999999}",
        ] {
            check_refused(pattern);
        }
    }

    #[test]
    fn replacing() {
        check_replaced("a", "banana", "x", "bxnxnx");
        check_replaced("a*", "baaac", "-", "-b--c-");
        check_replaced("x*", "abc", "-", "-a-b-c-");
        check_replaced("(a)(n)", "banana", "$2$1", "bnanaa");
        check_replaced("(a)", "a", "$12", "a2");
        check_replaced("(?<v>a)", "a", "[${v}]", "[a]");
        check_replaced("a", "a", r"\$1\\", r"$1\");
        check_replaced("(x)|a", "a", "<$1>", "<>");
        check_replaced("z", "a", "x", "a");
        check_replaced("", "é", "-", "-é-");
        let pattern = Pattern::compile("(a)").expect("valid");
        for replacement in ["$", "$x", "$2", r"\", "${x}", "${", "$ 1"] {
            assert!(Replacement::parse(replacement, &pattern).is_err(), "{replacement}");
        }
        let once = Replacement::parse("x", &pattern).expect("valid");
        assert_eq!(pattern.replace_first("aa", &once).as_deref(), Ok("xa"));
    }

    #[test]
    fn nothing_hangs() {
        let long = "a".repeat(50_000);
        check("(a+)+b", &long, false);
        let searching = Pattern::compile("(?:(?=.*b).)*c").expect("valid");
        assert!(matches!(searching.is_full_match(&long), Err(Error::TextTooLong { .. })));
        let refusing = Pattern::compile("(?!.*script)[a-z]+c").expect("valid");
        assert!(matches!(refusing.is_found(&long), Ok(false) | Err(Error::TooManySteps)));
        let everywhere = Pattern::compile("(?=.*a)a").expect("valid");
        let nothing = Replacement::parse("", &everywhere).expect("valid");
        assert!(matches!(everywhere.replace_all(&long, &nothing), Err(Error::TooManySteps)));
        let text = "a".repeat(10_000);
        let pattern = Pattern::compile(r"(?=(a+)+b)\1x").expect("valid");
        assert!(matches!(pattern.is_full_match(&text), Ok(false) | Err(Error::TooManySteps)));
        let doubled = Pattern::compile(r"(a|aa)+\1$").expect("valid");
        assert!(matches!(doubled.is_full_match(&format!("{text}b")), Ok(false) | Err(Error::TooManySteps)));
        assert!(matches!(Pattern::compile("((a{1000}){1000}){1000}"), Err(Error::TooLarge { .. })));
        assert!(matches!(Pattern::compile(&"(".repeat(1_000)), Err(Error::Syntax { .. } | Error::TooDeep)));
        assert!(matches!(Pattern::compile(&"a".repeat(40_000)), Err(Error::TooLong { .. })));
    }

    #[test]
    fn results_are_bounded() {
        let pattern = Pattern::compile("(a+)").expect("valid");
        let text = "a".repeat(1024 * 1024);
        let replacement = Replacement::parse(&"$1".repeat(32), &pattern).expect("valid");
        assert!(matches!(pattern.replace_all(&text, &replacement), Err(Error::ResultTooLong { .. })));
    }

    proptest! {
        #[test]
        fn any_text_is_compiled_or_refused_and_matching_ends(
            pattern in r"[ab.*+?|(){}\[\]\\^$&:<>=!0-9,pPQEbBkudxiR -]{0,24}",
            text in "[ab\n\r é]{0,24}",
            replacement in r"[a$\\{}0-2]{0,6}",
        ) {
            let Ok(pattern) = Pattern::compile(&pattern) else { return Ok(()) };
            let full = pattern.is_full_match(&text);
            if full == Ok(true) {
                prop_assert_eq!(pattern.is_found(&text), Ok(true));
                let captures = pattern.full_captures(&text);
                prop_assert_eq!(captures.ok().flatten().and_then(|found| found.get(0)), Some(0..text.len()));
            }
            if let Ok(replacement) = Replacement::parse(&replacement, &pattern) {
                drop(pattern.replace_all(&text, &replacement));
            }
        }

        #[test]
        fn quoted_text_matches_itself(text in "[ -~é]{0,24}") {
            prop_assume!(!text.contains("\\E"));
            let pattern = Pattern::compile(&format!("\\Q{text}\\E")).expect("quoted text compiles");
            prop_assert_eq!(pattern.is_full_match(&text), Ok(true));
        }
    }
}
