//! Resource paths of API products, matched against the part of a request's path after the base path.
//!
//! `/` and `/**` match everything; `*` matches within one segment, also in the middle of a path; `**` at the end matches
//! any remainder; all else matches itself, case-sensitively (Apigee: "Configuring resource paths").

/// A resource path of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern {
    /// As it was configured: policies show it.
    text: Box<str>,
    reach: Reach,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Everything,
    /// The whole path must match.
    Closed,
    /// A remainder of any depth may follow.
    Open,
}

impl PathPattern {
    /// Any text is a pattern. A missing leading slash is implied.
    pub fn new(text: &str) -> Self {
        let reach = match text {
            "" | "/" | "**" | "/**" => Reach::Everything,
            rest if rest.ends_with("**") => Reach::Open,
            _ => Reach::Closed,
        };
        Self { text: text.into(), reach }
    }

    /// As it was configured.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a path suffix without query is covered; the empty one stands for `/`. Time grows linearly with the
    /// lengths of path and pattern, whatever the two contain.
    pub fn matches(&self, path: &str) -> bool {
        let pattern = self.text.strip_prefix('/').unwrap_or(&self.text);
        let path = path.strip_prefix('/').unwrap_or(path);
        match self.reach {
            Reach::Everything => true,
            Reach::Closed => closed(pattern, path),
            Reach::Open => open(pattern.trim_end_matches('*'), path),
        }
    }
}

/// Segment by segment to both ends.
fn closed(pattern: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    let matching =
        pattern.split('/').all(|pattern| segments.next().is_some_and(|path| segment(pattern, path)));
    matching && segments.next().is_none()
}

/// Segment by segment up to the pattern's last, which needs to match a beginning only.
fn open(pattern: &str, path: &str) -> bool {
    let (whole, last) = pattern.rsplit_once('/').map_or((None, pattern), |(whole, last)| (Some(whole), last));
    let mut segments = path.split('/');
    let mut whole = whole.into_iter().flat_map(|whole| whole.split('/'));
    let matching = whole.all(|pattern| segments.next().is_some_and(|path| segment(pattern, path)));
    matching && segments.next().is_some_and(|path| beginning(last, path).is_some())
}

/// Whether one segment matches a pattern with any number of `*`.
fn segment(pattern: &str, path: &str) -> bool {
    match pattern.rsplit_once('*') {
        None => pattern == path,
        // Leftmost matches of the pieces leave the longest rest, so no choice needs to be taken back.
        Some((head, tail)) => beginning(head, path).is_some_and(|rest| rest.ends_with(tail)),
    }
}

/// What is left of a segment after the pieces of a pattern have been found from left to right.
fn beginning<'a>(pattern: &str, path: &'a str) -> Option<&'a str> {
    let mut pieces = pattern.split('*');
    let rest = path.strip_prefix(pieces.next().unwrap_or_default())?;
    pieces.try_fold(rest, |rest, piece| {
        let at = rest.find(piece)?;
        rest.get(at + piece.len()..)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(pattern: &str, matching: &[&str], other: &[&str]) {
        let compiled = PathPattern::new(pattern);
        for path in matching {
            assert!(compiled.matches(path), "{pattern:?} must match {path:?}");
        }
        for path in other {
            assert!(!compiled.matches(path), "{pattern:?} must not match {path:?}");
        }
    }

    #[test]
    fn everything() {
        for pattern in ["/", "/**", "**", ""] {
            check(pattern, &["", "/", "/a", "/a/b/c", "//"], &[]);
        }
    }

    #[test]
    fn literals_are_exact() {
        check("/users", &["/users"], &["", "/", "/Users", "/users/", "/users/1", "/user", "/a/users"]);
        check("users", &["/users"], &["/users/1"]);
        check("/a/", &["/a/"], &["/a"]);
    }

    #[test]
    fn one_star_stays_in_its_segment() {
        check("/*", &["/a", "/", ""], &["/a/b"]);
        check("*", &["/a"], &["/a/b"]);
        check("/*/users/*", &["/token/users/7", "/t/users/"], &["/users/7", "/t/users", "/t/users/7/x"]);
        check("/*/users", &["/token/users"], &["/token/users/7", "/a/b/users"]);
        check("/a*b*c", &["/abc", "/axxbyyc", "/abcbc"], &["/ab", "/ab/c", "/acb", "/abcd"]);
        check("/a*a", &["/aa", "/aba"], &["/a"]);
    }

    #[test]
    fn two_stars_at_the_end_reach_any_depth() {
        check("/a/**", &["/a/", "/a/b", "/a/b/c"], &["/a", "/b/a/c", "/ab"]);
        check("/a**", &["/a", "/ab/c", "/a/b"], &["/b", "/"]);
        check("/*/b/**", &["/x/b/c/d"], &["/x/c/b", "/b/c"]);
        check("/x*y**", &["/xy", "/x1y2/z"], &["/x/y", "/yx"]);
        check("/a/***", &["/a/b/c"], &["/a"]);
    }

    #[test]
    fn two_stars_elsewhere_are_one() {
        check("/**/b", &["/a/b"], &["/a/a/b", "/b"]);
    }

    /// The definition, by exhaustive search.
    fn slow(pattern: &[u8], path: &[u8]) -> bool {
        match (pattern.split_first(), path.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), None) => slow(rest, path),
            (Some((b'*', rest)), Some((byte, tail))) => {
                slow(rest, path) || (*byte != b'/' && slow(pattern, tail))
            }
            (Some((own, rest)), Some((byte, tail))) => own == byte && slow(rest, tail),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(pattern in "[ab*/]{0,8}", path in "[ab/]{0,8}") {
            let (pattern, path) = (format!("/{pattern}"), format!("/{path}"));
            let expected = match &*pattern {
                "/" | "/**" => true,
                rest if rest.ends_with("**") => {
                    let head = pattern.trim_end_matches('*').as_bytes();
                    (0..=path.len()).any(|end| slow(head, &path.as_bytes()[..end]))
                }
                _ => slow(pattern.as_bytes(), path.as_bytes()),
            };
            prop_assert_eq!(PathPattern::new(&pattern).matches(&path), expected, "{} {}", pattern, path);
        }

        #[test]
        fn never_panics(pattern in any::<String>(), path in any::<String>()) {
            PathPattern::new(&pattern).matches(&path);
        }
    }

    #[test]
    fn hostile_patterns_cost_no_more_than_their_length() {
        let path = "/".to_owned() + &"a".repeat(1 << 20);
        for pattern in [
            "*a".repeat(1 << 19) + "b",
            "a*".repeat(1 << 19) + "b",
            "*/".repeat(1 << 19),
            "*".repeat(1 << 20),
        ] {
            PathPattern::new(&("/".to_owned() + &pattern)).matches(&path);
        }
        let deep = "/a".repeat(1 << 19);
        assert!(!PathPattern::new(&("/*".repeat(1 << 19) + "/b")).matches(&deep));
    }
}
