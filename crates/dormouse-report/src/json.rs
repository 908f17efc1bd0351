//! Problems as JSON, for programs: an array of flat objects. Members may be added; none changes its meaning.

use dormouse_bundle::Problem;
use serde::Serialize;

/// A JSON array, indented, with a line end. Lines and columns count from 1, columns in characters; the end is
/// the first position behind. Problems without a place have no `file`, `line` and so on.
pub fn json(problems: &[Problem]) -> String {
    let entries: Vec<Entry<'_>> = problems.iter().map(entry).collect();
    // Strings and numbers always serialize; should that ever change, an empty list is better than a panic.
    let mut text = serde_json::to_string_pretty(&entries).unwrap_or_else(|_| "[]".to_owned());
    text.push('\n');
    text
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    level: &'static str,
    code: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    #[serde(flatten)]
    place: Option<Place<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

fn entry(problem: &Problem) -> Entry<'_> {
    let place = problem.span.as_ref().map(|span| {
        let (start, end) = (span.start(), span.end());
        Place {
            file: &span.file.path,
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
        }
    });
    Entry {
        level: problem.level.as_str(),
        code: problem.code,
        message: &problem.message,
        help: problem.help.as_deref(),
        place,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dormouse_bundle::{SourceFile, Span};

    #[test]
    fn members_are_flat_and_absent_without_a_value() {
        let file = SourceFile::new("a.xml", "é\nxy");
        let problems = [
            Problem::warning("some-code", "a \"b\"\u{1b}").at(Span::new(&file, 0..4)).help("c"),
            Problem::error("other-code", "d"),
        ];
        let expected = r#"[
  {
    "level": "warning",
    "code": "some-code",
    "message": "a \"b\"\u001b",
    "help": "c",
    "file": "a.xml",
    "line": 1,
    "column": 1,
    "endLine": 2,
    "endColumn": 2
  },
  {
    "level": "error",
    "code": "other-code",
    "message": "d"
  }
]
"#;
        assert_eq!(json(&problems), expected);
        assert_eq!(json(&[]), "[]\n");
    }
}
