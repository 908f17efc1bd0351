//! Problems as compilers show them: title, `file:line:column`, the line of the file with a caret, advice.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Element, Level as Severity, Origin, Renderer, Snippet};
use dormouse_bundle::{Level, Position, Problem, Span};

use crate::visible::visible;

/// Whether the text is to have colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Plain text.
    Never,
    /// ANSI escape sequences, for terminals.
    Always,
}

/// All problems, each followed by an empty line. Only one line of a file is shown for each, and of a very long
/// one only the part around the caret.
pub fn excerpts(problems: &[Problem], colour: Colour) -> String {
    let renderer = match colour {
        Colour::Never => Renderer::plain(),
        Colour::Always => Renderer::styled(),
    };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let all: Vec<String> = problems.iter().map(|problem| excerpt(problem, &renderer)).collect();
    all.concat()
}

fn excerpt(problem: &Problem, renderer: &Renderer) -> String {
    let severity = match problem.level {
        Level::Error => Severity::ERROR,
        Level::Warning => Severity::WARNING,
        Level::Info => Severity::INFO,
    };
    let mut group = severity.primary_title(visible(&problem.message)).id(problem.code).elements(NOTHING);
    if let Some(span) = &problem.span {
        group = match line(span) {
            Some(line) => group.element(snippet(span, &line)),
            None => group.element(origin(span)),
        };
    }
    if let Some(help) = &problem.help {
        group = group.element(Severity::HELP.message(visible(help)));
    }
    format!("{}\n\n", renderer.render(&[group]))
}

/// The part of the first line that a span is on, cut to what can be shown.
struct Line {
    text: String,
    /// Byte offsets of the span in `text`.
    range: std::ops::Range<usize>,
}

/// Absent if the line is empty or too long to be shown.
fn line(span: &Span) -> Option<Line> {
    let text = &span.file.text;
    let before = text.get(..span.range.start)?;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let rest = text.get(start..)?;
    let line = rest.split(['\n', '\r']).next().unwrap_or_default();
    if line.trim().is_empty() || line.len() > LINE_MAX_BYTES {
        return None;
    }
    let from = (span.range.start - start).min(line.len());
    let to = (span.range.end - start).clamp(from, line.len());
    let (head, marked, tail) = (line.get(..from)?, line.get(from..to)?, line.get(to..)?);
    let (head, marked) = (shown(head), shown(marked));
    let range = head.len()..head.len() + marked.len();
    Some(Line { text: head + &marked + &shown(tail), range })
}

/// Tabs are kept, since the renderer widens them; each other control character takes one place.
fn shown(text: &str) -> String {
    text.split('\t').map(visible).collect::<Vec<_>>().join("\t")
}

fn snippet<'a>(span: &Span, line: &Line) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    Snippet::source(line.text.clone())
        .path(visible(&span.file.path))
        .line_start(span.start().line)
        .annotation(AnnotationKind::Primary.span(line.range.clone()))
}

fn origin<'a>(span: &Span) -> Origin<'a> {
    let Position { line, column } = span.start();
    Origin::path(visible(&span.file.path)).line(line).char_column(column)
}

const NOTHING: [Element<'static>; 0] = [];
/// A longer line is no longer text for people.
const LINE_MAX_BYTES: usize = 4 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use dormouse_bundle::SourceFile;

    /// What one problem at `marked`, the only such text in `source`, looks like.
    #[track_caller]
    fn check(source: &str, marked: &str, expected: &str) {
        let file = SourceFile::new("b/a.xml", source);
        let start = source.find(marked).expect("the text");
        let problem =
            Problem::error("some-code", "it is wrong").at(Span::new(&file, start..start + marked.len()));
        let text = excerpts(&[problem.help("make it right")], Colour::Never);
        assert_eq!(text, expected, "\n{text}");
    }

    #[test]
    fn the_line_is_shown_with_a_caret() {
        check(
            "<a>\n  é <b>x</b>\n</a>",
            "b>x",
            "error[some-code]: it is wrong\n --> b/a.xml:2:6\n  |\n2 |   é <b>x</b>\n  |      ^^^\n  |\n  = help: make it right\n\n",
        );
    }

    #[test]
    fn several_lines_are_shown_as_the_first() {
        check(
            "a\r\nb c\r\nd",
            "c\r\nd",
            "error[some-code]: it is wrong\n --> b/a.xml:2:3\n  |\n2 | b c\n  |   ^\n  |\n  = help: make it right\n\n",
        );
    }

    #[test]
    fn an_empty_line_has_a_place_only() {
        check("", "", "error[some-code]: it is wrong\n--> b/a.xml:1:1\n = help: make it right\n\n");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let file = SourceFile::new("\u{1b}[31m.xml", "a\u{1b}[2Jb");
        let problem = Problem::warning("some-code", "\u{1b}[0m").at(Span::new(&file, 5..6));
        let text = excerpts(&[problem], Colour::Never);
        assert!(!text.contains('\u{1b}'), "{text:?}");
        assert!(text.contains(":1:6"), "{text}");
    }

    #[test]
    fn without_a_place_only_the_title() {
        let text = excerpts(&[Problem::info("some-code", "so it is")], Colour::Never);
        assert_eq!(text, "info[some-code]: so it is\n\n");
    }

    #[test]
    fn colours_only_when_asked_for() {
        let problem = [Problem::info("some-code", "so it is")];
        assert!(excerpts(&problem, Colour::Always).contains('\u{1b}'));
        assert!(!excerpts(&problem, Colour::Never).contains('\u{1b}'));
    }

    #[test]
    fn every_place_in_any_text_can_be_shown() {
        let source = "ä\t\u{0}x\r\n\r\n  \n\u{200b}e\u{301}\n".to_owned() + &"y".repeat(5000);
        let file = SourceFile::new("a.xml", source);
        for start in (0..60).chain([5010, 6000]) {
            for length in [0, 1, 7, 9000] {
                let problem = Problem::error("x", "y").at(Span::new(&file, start..start + length));
                assert!(excerpts(&[problem], Colour::Never).contains("a.xml:"), "{start} {length}");
            }
        }
    }
}
