//! What can be told for certain about the patterns of conditions ("Pattern matching" of the conditions reference):
//! whether one matches a text, holds all that another one does, or nothing of it.

/// Whether a path pattern matches a path; `None` if the pattern has parts that are not understood here.
pub(crate) fn path_matches(pattern: &str, path: &str) -> Option<bool> {
    let path = if path.is_empty() { "/" } else { path };
    if !is_plain_path(pattern) {
        return None;
    }
    let literal: Vec<Segment<'_>> = path.split('/').map(Segment::Literal).collect();
    Some(covers(&segments(pattern), &literal))
}

/// Whether each path that `narrow` matches is matched by `wide` too. False if unsure.
pub(crate) fn path_contains(wide: &str, narrow: &str) -> bool {
    wide == narrow
        || is_plain_path(wide) && is_plain_path(narrow) && covers(&segments(wide), &segments(narrow))
}

/// Whether no path is matched by both. False if unsure.
pub(crate) fn paths_are_disjoint(one: &str, other: &str) -> bool {
    if !(is_plain_path(one) && is_plain_path(other)) {
        return false;
    }
    let (one, other) = (segments(one), segments(other));
    for (left, right) in one.iter().zip(&other) {
        match (left, right) {
            (Segment::Any, _) | (_, Segment::Any) => return false,
            (Segment::Literal(left), Segment::Literal(right)) if left != right => return true,
            (Segment::Glob(glob), Segment::Literal(text)) | (Segment::Literal(text), Segment::Glob(glob))
                if !glob_matches(glob, text) =>
            {
                return true;
            }
            _ => {}
        }
    }
    let longer = if one.len() > other.len() { &one } else { &other };
    let rest = longer.get(one.len().min(other.len())..).unwrap_or_default();
    rest.iter().any(|segment| !matches!(segment, Segment::Any))
}

/// Whether a glob, in which `*` is any text, matches a text.
pub(crate) fn glob_matches(glob: &str, text: &str) -> bool {
    let mut parts = glob.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

/// Whether each text that the glob `narrow` matches is matched by `wide` too. False if unsure.
pub(crate) fn glob_contains(wide: &str, narrow: &str) -> bool {
    if wide.len() > PATTERN_MAX_BYTES || narrow.len() > PATTERN_MAX_BYTES {
        return wide == narrow;
    }
    let wide: Vec<char> = wide.chars().collect();
    let mut reached: Vec<bool> = vec![true];
    for symbol in &wide {
        let before = reached.last().copied().unwrap_or(false);
        reached.push(before && *symbol == '*');
    }
    for symbol in narrow.chars() {
        let mut next = vec![false];
        for (index, wanted) in wide.iter().enumerate() {
            let at = |row: &[bool], index: usize| row.get(index).copied().unwrap_or(false);
            next.push(match wanted {
                '*' => at(&reached, index + 1) || at(&reached, index) || at(&next, index),
                _ => at(&reached, index) && *wanted == symbol,
            });
        }
        reached = next;
    }
    reached.last().copied().unwrap_or(false)
}

/// Whether no text is matched by both globs. False if unsure.
pub(crate) fn globs_are_disjoint(one: &str, other: &str) -> bool {
    let (left, right) = (glob_head(one), glob_head(other));
    let tail = |glob: &'_ str| glob.rsplit('*').next().unwrap_or_default().to_owned();
    let (left_tail, right_tail) = (tail(one), tail(other));
    !(left.starts_with(right) || right.starts_with(left))
        || !(left_tail.ends_with(&right_tail) || right_tail.ends_with(&left_tail))
}

/// What all texts that a glob matches begin with.
pub(crate) fn glob_head(glob: &str) -> &str {
    glob.split('*').next().unwrap_or_default()
}

/// A glob that matches all that a path pattern matches, and more; `None` if the pattern is not understood here.
pub(crate) fn path_as_glob(path: &str) -> Option<String> {
    // The one path that matches an empty text, which the glob would not.
    if !is_plain_path(path) || path == "/" {
        return None;
    }
    let mut glob = String::new();
    for (number, segment) in path.split('/').enumerate() {
        let separator = if number == 0 || segment == "**" { "" } else { "/" };
        glob.extend([separator, if segment == "**" || is_named(segment) { "*" } else { segment }]);
    }
    Some(glob)
}

/// Whether a pattern is a text that matches itself only.
pub(crate) fn is_literal(pattern: &str) -> bool {
    !pattern.contains(['*', '{', '}', '%', '\\'])
}

enum Segment<'a> {
    Literal(&'a str),
    /// One whole segment, not empty.
    One,
    /// A segment with some `*` in it.
    Glob(&'a str),
    /// Any number of segments.
    Any,
}

fn segments(pattern: &str) -> Vec<Segment<'_>> {
    let segment = |text| match text {
        "**" => Segment::Any,
        "*" => Segment::One,
        _ if is_named(text) => Segment::One,
        _ if text.contains('*') => Segment::Glob(text),
        _ => Segment::Literal(text),
    };
    pattern.split('/').map(segment).collect()
}

fn is_named(segment: &str) -> bool {
    segment.starts_with('{') && segment.ends_with('}') && segment.len() > 2
}

/// Patterns that escape characters, or mix `**` or `{name}` with text in one segment, are left alone.
fn is_plain_path(pattern: &str) -> bool {
    let plain = |segment: &str| {
        segment == "**" || is_named(segment) || !(segment.contains("**") || segment.contains(['{', '}']))
    };
    pattern.len() <= PATTERN_MAX_BYTES && !pattern.contains('%') && pattern.split('/').all(plain)
}

/// Whether `wide` matches whatever `narrow` stands for, by a table over both: `reached` holds, for each number of
/// segments of `wide`, whether they cover the segments of `narrow` so far.
fn covers(wide: &[Segment<'_>], narrow: &[Segment<'_>]) -> bool {
    let mut reached = vec![true];
    for segment in wide {
        let before = reached.last().copied().unwrap_or(false);
        reached.push(before && matches!(segment, Segment::Any));
    }
    for symbol in narrow {
        let mut next = vec![false];
        for (index, segment) in wide.iter().enumerate() {
            let at = |row: &[bool], index: usize| row.get(index).copied().unwrap_or(false);
            let covered = match segment {
                Segment::Any => at(&reached, index + 1) || at(&reached, index) || at(&next, index),
                _ => at(&reached, index) && covers_one(segment, symbol),
            };
            next.push(covered);
        }
        reached = next;
    }
    reached.last().copied().unwrap_or(false)
}

fn covers_one(wide: &Segment<'_>, narrow: &Segment<'_>) -> bool {
    match (wide, narrow) {
        (Segment::Literal(wide), Segment::Literal(narrow)) | (Segment::Glob(wide), Segment::Glob(narrow)) => {
            wide == narrow
        }
        (Segment::One, Segment::Literal(narrow)) => !narrow.is_empty(),
        (Segment::One, Segment::One) => true,
        (Segment::Glob(wide), Segment::Literal(narrow)) => glob_matches(wide, narrow),
        _ => false,
    }
}

/// Bounds the table.
const PATTERN_MAX_BYTES: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, path: &str, expected: Option<bool>) {
        assert_eq!(path_matches(pattern, path), expected, "{pattern} on {path}");
    }

    #[test]
    fn paths_are_matched_by_segments() {
        check("/token", "/token", Some(true));
        check("/token", "/token/", Some(false));
        check("/", "", Some(true));
        check("/*/b", "/a/b", Some(true));
        check("/*", "/a/b", Some(false));
        check("/{id}", "/a", Some(true));
        check("/a/**", "/a", Some(true));
        check("/a/**", "/a/b/c", Some(true));
        check("/a/**/z", "/a/b/c/z", Some(true));
        check("/a/**/z", "/a/b/c", Some(false));
        check("/a*", "/abc", Some(true));
        check("/a%2Fb", "/a/b", None);
        check("/a**", "/abc", None);
    }

    #[track_caller]
    fn check_contains(wide: &str, narrow: &str, expected: bool) {
        assert_eq!(path_contains(wide, narrow), expected, "{wide} holds {narrow}");
    }

    #[test]
    fn a_pattern_holds_what_another_one_matches() {
        check_contains("/**", "/a/*", true);
        check_contains("/a/**", "/a/b/**", true);
        check_contains("/*", "/a", true);
        check_contains("/*", "/*", true);
        check_contains("/*", "/**", false);
        check_contains("/a", "/*", false);
        check_contains("/a/*", "/a/**", false);
    }

    #[test]
    fn disjoint_paths() {
        assert!(paths_are_disjoint("/token", "/refresh"));
        assert!(paths_are_disjoint("/a/**", "/b/**"));
        assert!(paths_are_disjoint("/a", "/a/*"));
        assert!(!paths_are_disjoint("/a/**", "/a"));
        assert!(!paths_are_disjoint("/*", "/a"));
        assert!(!paths_are_disjoint("/**", "/a"));
    }

    #[test]
    fn globs_hold_globs() {
        assert!(glob_contains("/a*", "/ab*") && glob_contains("*", "a*b") && glob_contains("a*c", "abc"));
        assert!(glob_contains("a*", "a*") && glob_contains("*a*", "xay"));
        assert!(!glob_contains("/ab*", "/a*") && !glob_contains("a", "a*") && !glob_contains("a*c", "a*"));
        assert!(globs_are_disjoint("/a*", "/b*") && globs_are_disjoint("*a", "*b"));
        assert!(!globs_are_disjoint("/a*", "/ab*") && !globs_are_disjoint("*", "x"));
        assert_eq!(path_as_glob("/a/**/{b}/*").as_deref(), Some("/a*/*/*"));
    }

    #[test]
    fn globs() {
        assert!(glob_matches("a*c", "abc") && glob_matches("*", "") && glob_matches("a*b*", "aXbY"));
        assert!(!glob_matches("a*c", "ab") && !glob_matches("abc", "ab") && !glob_matches("a*a", "a"));
    }
}
