//! Base paths: which proxy endpoint a request belongs to (Apigee: "Flow configuration", `BasePath`).

use dormouse_flow::Text;

/// A base path, compared segment by segment. `*` is exactly one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BasePath {
    /// As configured: what `proxy.basepath` shows.
    pub(crate) text: Text,
    segments: Vec<Segment>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Any,
    Literal(Box<str>),
}

impl BasePath {
    /// Parses a configured base path. A slash at its end says nothing.
    pub(crate) fn parse(text: &str) -> Self {
        let trimmed = text.trim().trim_matches('/');
        let segment =
            |segment: &str| if segment == "*" { Segment::Any } else { Segment::Literal(segment.into()) };
        let segments =
            if trimmed.is_empty() { Vec::new() } else { trimmed.split('/').map(segment).collect() };
        Self { text: text.trim().into(), segments }
    }

    /// What follows the base path in a request path; `None` when the request belongs elsewhere.
    pub(crate) fn suffix_of<'a>(&self, path: &'a str) -> Option<&'a str> {
        let mut rest = path;
        for segment in &self.segments {
            let inner = rest.strip_prefix('/')?;
            let end = inner.find('/').unwrap_or(inner.len());
            let (own, after) = inner.split_at_checked(end)?;
            let same = match segment {
                Segment::Any => !own.is_empty(),
                Segment::Literal(literal) => **literal == *own,
            };
            if !same {
                return None;
            }
            rest = after;
        }
        Some(rest)
    }

    /// Orders base paths so that the first that matches is the most specific: more segments first, then those whose
    /// earlier segments are literal.
    pub(crate) fn specificity(&self) -> impl Ord + use<> {
        let literal: Vec<_> = self.segments.iter().map(|segment| *segment == Segment::Any).collect();
        (std::cmp::Reverse(self.segments.len()), literal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(base: &str, path: &str, expected: Option<&str>) {
        assert_eq!(BasePath::parse(base).suffix_of(path), expected, "{base} of {path}");
    }

    #[test]
    fn segments_decide() {
        check("/v1/a", "/v1/a", Some(""));
        check("/v1/a", "/v1/a/", Some("/"));
        check("/v1/a/", "/v1/a/b", Some("/b"));
        check("/v1/a", "/v1/ab", None);
        check("/v1/a", "/V1/a", None);
        check("/v1/a", "/v1", None);
        check("/", "/", Some("/"));
        check("/", "/x/y", Some("/x/y"));
        check("/team/*/members", "/team/7/members/x", Some("/x"));
        check("/team/*/members", "/team//members", None);
        check("/team/*/members", "/team/members", None);
        check("/a%20b", "/a%20b/c", Some("/c"));
        check("/a", "", None);
        check("/", "*", Some("*"));
    }

    #[test]
    fn the_most_specific_comes_first() {
        let mut bases: Vec<_> =
            ["/", "/a/*", "/a", "/a/b", "/*/b"].into_iter().map(BasePath::parse).collect();
        bases.sort_by_key(BasePath::specificity);
        let texts: Vec<_> = bases.iter().map(|base| &*base.text).collect();
        assert_eq!(texts, ["/a/b", "/a/*", "/*/b", "/a", "/"]);
    }
}
