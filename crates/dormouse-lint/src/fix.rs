//! Builds and applies repairs as edits of byte ranges, so that everything else in a file stays as it is.

use dormouse_bundle::{Element, Span};
use dormouse_report::{Edit, Fix};
use std::ops::Range;

/// Replaces a stretch of a file.
pub(crate) fn replace(title: impl Into<String>, safe: bool, span: &Span, replacement: &str) -> Fix {
    let edit =
        Edit { file: span.file.clone(), range: span.range.clone(), replacement: replacement.to_owned() };
    Fix { title: title.into(), safe, edits: vec![edit] }
}

/// Adds a child behind an element's last one, on a line of its own with the same indentation. `None` if the element
/// has no child to go by.
pub(crate) fn add_child(title: impl Into<String>, safe: bool, parent: &Element, child: &str) -> Option<Fix> {
    let last = parent.elements().last()?;
    let text = &last.span.file.text;
    let line = text.get(..last.span.range.start)?.rsplit('\n').next()?;
    let at = last.span.range.end;
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let replacement = if line.trim().is_empty() && text.contains('\n') {
        format!("{newline}{line}{child}")
    } else {
        child.to_owned()
    };
    Some(replace(title, safe, &Span::new(&last.span.file, at..at), &replacement))
}

/// Removes an element, with its whole line if nothing else stands there.
pub(crate) fn remove(title: impl Into<String>, safe: bool, element: &Element) -> Fix {
    let text = &element.span.file.text;
    let Range { start, end } = element.span.range;
    let before = text.get(..start).unwrap_or_default();
    let after = text.get(end..).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line_rest = after.find('\n').map_or(after.len(), |newline| newline + 1);
    let alone = before.get(line_start..).unwrap_or_default().trim().is_empty()
        && after.get(..line_rest).unwrap_or_default().trim().is_empty();
    let range = if alone { line_start..end + line_rest } else { start..end };
    replace(title, safe, &Span::new(&element.span.file, range), "")
}

/// A text with edits applied. Of overlapping edits the first wins; edits outside the text are left out. Returns how
/// many were applied as well.
pub fn apply(text: &str, edits: &[Edit]) -> (String, usize) {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    edits.dedup();
    let (mut result, mut at, mut applied) = (String::with_capacity(text.len()), 0, 0);
    for edit in edits {
        let Some(before) = text.get(at..edit.range.start) else { continue };
        if text.get(edit.range.clone()).is_none() {
            continue;
        }
        result.push_str(before);
        result.push_str(&edit.replacement);
        at = edit.range.end;
        applied += 1;
    }
    result.push_str(text.get(at..).unwrap_or_default());
    (result, applied)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dormouse_bundle::{SourceFile, parse_xml};

    fn root(text: &str) -> Element {
        parse_xml(&SourceFile::new("a.xml", text)).unwrap()
    }

    #[track_caller]
    fn check_add(text: &str, expected: &str) {
        let fix = add_child("add", true, &root(text), "<c/>").unwrap();
        assert_eq!(apply(text, &fix.edits).0, expected);
    }

    #[test]
    fn a_child_takes_the_indentation_of_its_brother() {
        check_add("<a>\n\t<b/>\n</a>", "<a>\n\t<b/>\n\t<c/>\n</a>");
        check_add("<a>\r\n  <b>x</b>\r\n</a>", "<a>\r\n  <b>x</b>\r\n  <c/>\r\n</a>");
        check_add("<a><b/></a>", "<a><b/><c/></a>");
        assert!(add_child("add", true, &root("<a/>"), "<c/>").is_none());
    }

    #[track_caller]
    fn check_remove(text: &str, expected: &str) {
        let root = root(text);
        let fix = remove("remove", true, root.element("b").unwrap());
        assert_eq!(apply(text, &fix.edits).0, expected);
    }

    #[test]
    fn a_line_goes_with_its_only_element() {
        check_remove("<a>\n  <b>x</b>\n  <c/>\n</a>", "<a>\n  <c/>\n</a>");
        check_remove("<a><b/><c/></a>", "<a><c/></a>");
        check_remove("<a>\n  <b/> <!-- kept -->\n</a>", "<a>\n   <!-- kept -->\n</a>");
    }

    #[test]
    fn overlapping_edits_are_not_both_applied() {
        let file = SourceFile::new("a.xml", "abcdef");
        let edit = |range: Range<usize>, text: &str| Edit {
            file: file.clone(),
            range,
            replacement: text.to_owned(),
        };
        let edits = [edit(2..4, "X"), edit(0..1, "Y"), edit(3..5, "Z"), edit(9..10, "!")];
        assert_eq!(apply("abcdef", &edits), ("YbXef".to_owned(), 2));
    }
}
