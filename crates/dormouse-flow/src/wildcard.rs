//! Globs (`Matches`) and path patterns (`MatchesPath`) of Apigee ("Pattern matching"). Matching takes time in
//! proportion to the pattern times the text, whatever both look like.

/// A compiled glob or path pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wildcard {
    tokens: Vec<Token>,
    /// An empty path counts as `/`.
    of_path: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// This text.
    Literal(String),
    /// One segment: everything up to the next slash, and not nothing.
    Segment,
    /// Part of a segment, or nothing.
    InSegment,
    /// Anything, slashes included, or nothing.
    Anything,
    /// `/**`: nothing, or a slash and anything.
    Segments,
}

impl Wildcard {
    /// A glob: `*` is any text, slashes included; everything else is itself.
    pub fn glob(pattern: &str) -> Self {
        let mut tokens = Vec::new();
        for character in pattern.chars() {
            match character {
                '*' => push(&mut tokens, Token::Anything),
                other => push_character(&mut tokens, other),
            }
        }
        Self { tokens, of_path: false }
    }

    /// A path pattern: a segment `*` or `{name}` is one segment, `**` any number of them; within a segment `*` is any
    /// part of it and `**` anything; `%` makes the next character literal.
    pub fn path(pattern: &str) -> Self {
        let mut tokens = Vec::new();
        for (index, segment) in pattern.split('/').enumerate() {
            if segment == "**" && index > 0 {
                push(&mut tokens, Token::Segments);
                continue;
            }
            if index > 0 {
                push_character(&mut tokens, '/');
            }
            push_segment(&mut tokens, segment);
        }
        Self { tokens, of_path: true }
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        // Apigee answers `/` for a request to the base path itself, whose suffix is empty.
        let text = if self.of_path && text.is_empty() { "/" } else { text };
        let mut places = vec![0];
        for token in &self.tokens {
            places = token.advance(text.as_bytes(), &places);
            if places.is_empty() {
                return false;
            }
        }
        places.last() == Some(&text.len())
    }
}

impl Token {
    /// The places that can be reached from these; both lists are ascending.
    fn advance(&self, text: &[u8], places: &[usize]) -> Vec<usize> {
        match self {
            Self::Literal(literal) => {
                let stands =
                    |at: &usize| text.get(*at..).is_some_and(|rest| rest.starts_with(literal.as_bytes()));
                places.iter().filter(|at| stands(at)).map(|at| at + literal.len()).collect()
            }
            Self::Anything => places.first().map_or_else(Vec::new, |first| (*first..=text.len()).collect()),
            Self::InSegment => within_segment(text, places.iter().copied()),
            Self::Segment => {
                let inside = |at: &usize| text.get(*at).is_some_and(|byte| *byte != b'/');
                // Only whole segments count, so the place after one is its end.
                let mut ends: Vec<_> =
                    places.iter().filter(|at| inside(at)).map(|at| segment_end(text, *at)).collect();
                ends.dedup();
                ends
            }
            Self::Segments => {
                let slash = places.iter().copied().find(|at| text.get(*at) == Some(&b'/'));
                let after = slash.map_or(text.len() + 1, |slash| slash + 1);
                let before = places.iter().copied().filter(|at| *at < after);
                before.chain(after..=text.len()).collect()
            }
        }
    }
}

fn within_segment(text: &[u8], places: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut reached: Vec<usize> = Vec::new();
    for place in places {
        let next = reached.last().map_or(0, |last| last + 1);
        if place >= next {
            reached.extend(place..=segment_end(text, place));
        }
    }
    reached
}

fn segment_end(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    rest.iter().position(|byte| *byte == b'/').map_or(text.len(), |length| from + length)
}

fn push_segment(tokens: &mut Vec<Token>, segment: &str) {
    if segment == "*" || is_named(segment) {
        return tokens.push(Token::Segment);
    }
    let mut characters = segment.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '*' if characters.next_if_eq(&'*').is_some() => push(tokens, Token::Anything),
            '*' => push(tokens, Token::InSegment),
            '%' => push_character(tokens, characters.next().unwrap_or('%')),
            other => push_character(tokens, other),
        }
    }
}

/// `{name}`
fn is_named(segment: &str) -> bool {
    segment
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .is_some_and(|name| !name.contains(['{', '}']))
}

/// A token that says nothing after one that already says as much is left out.
fn push(tokens: &mut Vec<Token>, token: Token) {
    if tokens.last() != Some(&token) {
        tokens.push(token);
    }
}

fn push_character(tokens: &mut Vec<Token>, character: char) {
    match tokens.last_mut() {
        Some(Token::Literal(literal)) => literal.push(character),
        _ => tokens.push(Token::Literal(character.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check_glob(pattern: &str, text: &str, expected: bool) {
        assert_eq!(Wildcard::glob(pattern).matches(text), expected, "{pattern} on {text}");
    }

    #[track_caller]
    fn check_path(pattern: &str, text: &str, expected: bool) {
        assert_eq!(Wildcard::path(pattern).matches(text), expected, "{pattern} on {text}");
    }

    #[test]
    fn globs() {
        check_glob("/c*t", "/cat", true);
        check_glob("/c*t", "/c/a/t", true);
        check_glob("/c*t", "/cats", false);
        check_glob("/airports*", "/airports/FRA", true);
        check_glob("*", "", true);
        check_glob("", "", true);
        check_glob("", "a", false);
        check_glob("a*b*c", "abbc", true);
        check_glob("a*b*c", "acb", false);
        check_glob("A", "a", false);
        check_glob("a.c", "abc", false);
        check_glob("*ä*", "xäy", true);
        check_glob("a%*", "a%b", true);
    }

    #[test]
    fn paths() {
        check_path("/animals/**", "/animals/cats/wild", true);
        check_path("/animals/*", "/animals/cats/wild", false);
        check_path("/animals/*", "/animals/cats", true);
        check_path("/animals/*", "/animals/", false);
        check_path("/*/*", "/a/b", true);
        check_path("/{a}/{b}", "/a/b", true);
        check_path("/{a}", "/a/b", false);
        check_path("/animals/**", "/animals", true);
        check_path("/animals/**", "/animals/", true);
        check_path("/animals/**", "/animalsx", false);
        check_path("/a/**/feed/**", "/a/b/c/feed/d", true);
        check_path("/a/**/feed/**", "/a/feed", true);
        check_path("/a/**/feed", "/a/xfeed", false);
        check_path("**", "/foo", true);
        check_path("**/b", "/a/b", true);
        check_path("/**", "", true);
        check_path("/**", "/a/b", true);
        check_path("/", "", true);
        check_path("/", "/", true);
        check_path("/", "/a", false);
        check_path("/a", "/a/", false);
        check_path("/a/", "/a", false);
        check_path("/abc*", "/abcdef", true);
        check_path("/abc*", "/abc", true);
        check_path("/abc*", "/abc/d", false);
        check_path("/abc**", "/abc/d", true);
        check_path("/a%*b", "/a*b", true);
        check_path("/a%*b", "/axb", false);
        check_path("/A", "/a", false);
        check_path("/*.json", "/a.b.json", true);
        check_path("/*.json", "/a/b.json", false);
        check_path("/x*y*z", "/xyyz", true);
        check_path("", "", false);
    }

    #[test]
    fn hostile_texts_take_no_longer() {
        let text = format!("/{}", "a".repeat(20_000));
        check_path(&format!("/{}b", "a*".repeat(30)), &text, false);
        check_path(&format!("{}b", "/**/a*a".repeat(20)), &text, false);
        check_glob(&format!("{}b", "*a".repeat(30)), &text, false);
    }

    /// The meaning of a path pattern, as simple as can be.
    fn specified(pattern: &[&str], path: &[&str]) -> bool {
        match (pattern.split_first(), path.split_first()) {
            (None, None) => true,
            (Some((&"**", rest)), _) if specified(rest, path) => true,
            (Some((&"**", _)), Some((_, later))) => specified(pattern, later),
            (Some((own, rest)), Some((segment, later))) => {
                (own == segment || (*own == "*" && !segment.is_empty())) && specified(rest, later)
            }
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn whole_segments_match_as_specified(
            pattern in proptest::collection::vec(prop_oneof!["a", "b", r"\*", r"\*\*"], 1..6),
            path in proptest::collection::vec("[ab]", 1..7),
        ) {
            let pattern_text = format!("/{}", pattern.join("/"));
            let path_text = format!("/{}", path.join("/"));
            let pattern: Vec<_> = pattern.iter().map(String::as_str).collect();
            let path: Vec<_> = path.iter().map(String::as_str).collect();
            prop_assert_eq!(
                Wildcard::path(&pattern_text).matches(&path_text), specified(&pattern, &path),
                "{} on {}", pattern_text, path_text
            );
        }

        #[test]
        fn nothing_panics(pattern in "[/*%{}aä]{0,12}", text in "[/*%aä]{0,12}") {
            Wildcard::path(&pattern).matches(&text);
            Wildcard::glob(&pattern).matches(&text);
        }

        #[test]
        fn a_text_without_metacharacters_matches_itself(text in "[a-zä/.-]{1,20}") {
            prop_assert!(Wildcard::glob(&text).matches(&text));
            prop_assert!(Wildcard::path(&text).matches(&text));
        }
    }
}
