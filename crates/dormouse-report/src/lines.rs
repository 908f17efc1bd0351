//! One line for each problem, in the form that editors and compilers' users know, and a summary.

use dormouse_bundle::{Level, Problem};

use crate::visible::visible;

/// `file:line:column: level[code]: message (help)`, one line for each problem. What has no place has no file.
pub fn lines(problems: &[Problem]) -> String {
    let mut text = String::new();
    for problem in problems {
        if let Some(span) = &problem.span {
            text.push_str(&visible(&span.to_string()));
            text.push_str(": ");
        }
        text.extend([problem.level.as_str(), "[", problem.code, "]: ", &visible(&problem.message)]);
        if let Some(help) = &problem.help {
            text.extend([" (", &visible(help), ")"]);
        }
        text.push('\n');
    }
    text
}

/// How many there are of each level, the worst first: `2 errors, 1 warning`; `no problems` if there are none.
pub fn summary(problems: &[Problem]) -> String {
    let levels: Vec<Level> = problems.iter().map(|problem| problem.level).collect();
    tally(&levels).unwrap_or_else(|| "no problems".to_owned())
}

/// How many there are of each level, the worst first; `None` if there are none.
pub(crate) fn tally(levels: &[Level]) -> Option<String> {
    let names = [(Level::Error, "error"), (Level::Warning, "warning"), (Level::Info, "remark")];
    let counts = names.map(|(level, name)| counted(levels.iter().filter(|it| **it == level).count(), name));
    let counts: Vec<String> = counts.into_iter().flatten().collect();
    (!counts.is_empty()).then(|| counts.join(", "))
}

/// A number with its noun; `None` for none.
pub(crate) fn counted(count: usize, noun: &str) -> Option<String> {
    (count > 0).then(|| format!("{count} {noun}{}", if count > 1 { "s" } else { "" }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dormouse_bundle::{SourceFile, Span};

    #[test]
    fn a_line_names_place_level_code_message_and_help() {
        let file = SourceFile::new("a/b.xml", "x\néy");
        let problems = [
            Problem::error("some-code", "it is wrong").at(Span::new(&file, 4..5)).help("make it right"),
            Problem::info("other-code", "a\u{1b}[1mb\nc"),
        ];
        let expected = "a/b.xml:2:2: error[some-code]: it is wrong (make it right)\ninfo[other-code]: a\u{fffd}[1mb\u{fffd}c\n";
        assert_eq!(lines(&problems), expected);
    }

    #[test]
    fn the_summary_counts_by_level() {
        let of = |levels: &[Level]| {
            summary(&levels.iter().map(|level| Problem::new(*level, "x", "y")).collect::<Vec<_>>())
        };
        assert_eq!(of(&[]), "no problems");
        assert_eq!(of(&[Level::Warning, Level::Error, Level::Error]), "2 errors, 1 warning");
        assert_eq!(of(&[Level::Info]), "1 remark");
    }
}
