//! A quick look over XML before it is parsed: how deep elements nest, how many attributes one tag has, how many
//! namespaces are declared. Parsers take quadratic time or the whole stack where these are large.

/// What is beyond a limit, and at which byte.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OutlineError {
    #[error("elements are nested deeper than {DEPTH_MAX} levels")]
    Depth(usize),
    #[error("the element has more than {ATTRIBUTES_MAX} attributes")]
    Attributes(usize),
    #[error("the file declares more than {NAMESPACES_MAX} namespaces")]
    Namespaces(usize),
}

impl OutlineError {
    /// Where.
    pub(crate) fn offset(&self) -> usize {
        match self {
            Self::Depth(at) | Self::Attributes(at) | Self::Namespaces(at) => *at,
        }
    }
}

/// Checks the limits. Returns where the innermost element begins that is never closed, if there is one.
///
/// # Errors
/// The first limit that is exceeded.
pub(crate) fn outline(text: &str) -> Result<Option<usize>, OutlineError> {
    if let Some((at, _)) = text.match_indices("xmlns").nth(NAMESPACES_MAX) {
        return Err(OutlineError::Namespaces(at));
    }
    let mut open = Vec::new();
    let mut at = 0;
    while let Some(start) = find(text, at, "<") {
        let rest = text.get(start..).unwrap_or_default();
        let skipped = SKIPPED.iter().find(|(begin, _)| rest.starts_with(begin));
        if let Some((begin, end)) = skipped {
            let Some(found) = find(text, start + begin.len(), end) else { break };
            at = found + end.len();
            if *begin == "</" {
                open.pop();
            }
            continue;
        }
        let Some(tag) = tag(rest) else { break };
        if tag.attributes > ATTRIBUTES_MAX {
            return Err(OutlineError::Attributes(start));
        }
        if !tag.empty {
            open.push(start);
        }
        if open.len() > DEPTH_MAX {
            return Err(OutlineError::Depth(start));
        }
        at = start + tag.length;
    }
    Ok(open.last().copied())
}

struct Tag {
    length: usize,
    attributes: usize,
    empty: bool,
}

/// A start tag up to its `>`; quoted values may hold one.
fn tag(rest: &str) -> Option<Tag> {
    let mut quote = None;
    let mut attributes = 0;
    for (at, byte) in rest.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), _) if byte == open => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'=') => attributes += 1,
            (None, b'>') => {
                let empty = rest.as_bytes().get(at.wrapping_sub(1)) == Some(&b'/');
                return Some(Tag { length: at + 1, attributes, empty });
            }
            _ => {}
        }
    }
    None
}

fn find(text: &str, from: usize, what: &str) -> Option<usize> {
    text.get(from..)?.find(what).map(|at| from + at)
}

/// What begins with `<` and opens no element, and how it ends.
const SKIPPED: &[(&str, &str)] =
    &[("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"), ("<!", ">"), ("</", ">")];

/// Bounds recursion in everything that walks a tree. Bundles nest about ten levels.
pub(crate) const DEPTH_MAX: usize = 100;
const ATTRIBUTES_MAX: usize = 256;
const NAMESPACES_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &Result<Option<usize>, OutlineError>) {
        assert_eq!(outline(text), *expected);
    }

    #[test]
    fn unclosed_elements_are_found() {
        check("<a><b/><c d='>'></c></a>", &Ok(None));
        check("<a><b></a>", &Ok(Some(0)));
        check("<?x <a>?><!-- <b> --><a><![CDATA[<c>]]></a>", &Ok(None));
        check("<a", &Ok(None));
        check("", &Ok(None));
    }

    #[test]
    fn limits() {
        let nested = |depth| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        check(&nested(DEPTH_MAX), &Ok(None));
        check(&nested(100_000), &Err(OutlineError::Depth(3 * DEPTH_MAX)));
        check(&format!("<a {}/>", "b='' ".repeat(ATTRIBUTES_MAX)), &Ok(None));
        check(&format!("<a {}/>", "b='' ".repeat(ATTRIBUTES_MAX + 1)), &Err(OutlineError::Attributes(0)));
        let namespaces = "xmlns".repeat(NAMESPACES_MAX + 1);
        check(&namespaces, &Err(OutlineError::Namespaces(5 * NAMESPACES_MAX)));
    }
}
