//! Problems as compilers show them: title, `file:line:column`, the line of the file with a caret, advice.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Element, Group, Level as Severity, Origin, Renderer, Snippet};
use dormouse_bundle::{Level, Position, Problem, Span};

use crate::shown_line::{ShownLine, shown_line};
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
    let renderer = renderer(colour);
    let all: Vec<String> = problems.iter().map(|problem| excerpt(problem, &renderer)).collect();
    all.concat()
}

fn excerpt(problem: &Problem, renderer: &Renderer) -> String {
    let title = severity(problem.level).primary_title(visible(&problem.message)).id(problem.code);
    let mut group = place(title.elements(NOTHING), problem.span.as_ref());
    if let Some(help) = &problem.help {
        group = group.element(Severity::HELP.message(visible(help)));
    }
    format!("{}\n\n", renderer.render(&[group]))
}

/// Renders as both problems and findings are rendered.
pub(crate) fn renderer(colour: Colour) -> Renderer {
    let renderer = match colour {
        Colour::Never => Renderer::plain(),
        Colour::Always => Renderer::styled(),
    };
    renderer.decor_style(DecorStyle::Ascii)
}

/// A level as the renderer knows it.
pub(crate) fn severity(level: Level) -> Severity<'static> {
    match level {
        Level::Error => Severity::ERROR,
        Level::Warning => Severity::WARNING,
        Level::Info => Severity::INFO,
    }
}

/// Adds the place, with the line of the file if it can be shown.
pub(crate) fn place<'a>(group: Group<'a>, span: Option<&Span>) -> Group<'a> {
    let Some(span) = span else { return group };
    match shown_line(span) {
        Some(line) => group.element(snippet(span, line)),
        None => group.element(origin(span)),
    }
}

fn snippet<'a>(span: &Span, line: ShownLine) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    Snippet::source(line.text)
        .path(visible(&span.file.path))
        .line_start(line.number)
        .annotation(AnnotationKind::Primary.span(line.marked))
}

fn origin<'a>(span: &Span) -> Origin<'a> {
    let Position { line, column } = span.start();
    Origin::path(visible(&span.file.path)).line(line).char_column(column)
}

/// What a group begins with.
pub(crate) const NOTHING: [Element<'static>; 0] = [];

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
