//! What is wrong with a bundle, in a form that people and programs can read. Reading never stops at a problem:
//! it returns what it understood and the list of these.

use std::collections::BTreeMap;

use crate::source::Span;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Worth knowing.
    Info,
    /// Tolerated when deployed, though hardly what the author meant.
    Warning,
    /// The bundle cannot be deployed like this.
    Error,
}

impl Level {
    /// `info`, `warning` or `error`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing that is wrong, where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub level: Level,
    /// A stable name in kebab-case, the same for every occurrence.
    pub code: &'static str,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// Where; absent if no text file is concerned (an unreadable archive, a missing directory).
    pub span: Option<Span>,
    /// What to do.
    pub help: Option<String>,
}

impl Problem {
    /// A problem that prevents deployment.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Level::Error, code, message)
    }

    /// A problem that is tolerated.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Level::Warning, code, message)
    }

    /// A remark.
    pub fn info(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Level::Info, code, message)
    }

    /// A problem of the given level, without place or advice.
    pub fn new(level: Level, code: &'static str, message: impl Into<String>) -> Self {
        Self { level, code, message: message.into(), span: None, help: None }
    }

    /// The same problem, with its place.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// The same problem, with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Sorts problems by file, place and code: the same bundle gives the same list, however it was stored.
/// Problems without a place come first.
pub fn sort_problems(problems: &mut Vec<Problem>) {
    problems.sort_by(|left, right| sort_key(left).cmp(&sort_key(right)));
    problems.dedup();
}

/// Keeps the first problems of each level of each file, and tells how many more there are: nobody reads
/// thousands, and a hostile file must not make many of them expensive. No file loses its only error.
pub(crate) fn limit_problems(problems: &mut Vec<Problem>) {
    let mut counts: BTreeMap<(String, Level), (usize, Span)> = BTreeMap::new();
    problems.retain(|problem| {
        let Some(span) = &problem.span else { return true };
        let count =
            counts.entry((span.file.path.clone(), problem.level)).or_insert_with(|| (0, span.clone()));
        count.0 += 1;
        count.0 <= PER_FILE_MAX
    });
    for ((_, level), (count, span)) in counts {
        if let Some(more) = count.checked_sub(PER_FILE_MAX).filter(|&more| more > 0) {
            let message = format!("{more} more problems of level {} in this file", level.as_str());
            problems.push(Problem::info("more-problems", message).at(Span::whole_file(&span.file)));
        }
    }
}

fn sort_key(problem: &Problem) -> (Option<(&str, usize, usize)>, &'static str, &str) {
    let place = problem.span.as_ref().map(|span| (span.file.path.as_str(), span.range.start, span.range.end));
    (place, problem.code, &problem.message)
}

/// Of each level.
const PER_FILE_MAX: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;

    #[test]
    fn problems_are_sorted_by_place_and_told_once() {
        let (a, b) = (SourceFile::new("a.xml", "12345"), SourceFile::new("b.xml", "12345"));
        let at = |file, start| Problem::error("x", "y").at(Span::new(file, start..start + 1));
        let mut problems = vec![at(&b, 0), at(&a, 3), at(&a, 1), Problem::error("x", "z"), at(&a, 3)];
        sort_problems(&mut problems);
        assert_eq!(problems, [Problem::error("x", "z"), at(&a, 1), at(&a, 3), at(&b, 0)]);
    }

    #[test]
    fn of_very_many_problems_some_are_counted_only() {
        let file = SourceFile::new("a.xml", "x".repeat(500));
        let at = |problem: Problem, start| problem.at(Span::new(&file, start..start + 1));
        let mut problems: Vec<Problem> =
            (0..250).map(|start| at(Problem::warning("w", "y"), start)).collect();
        problems.push(at(Problem::error("e", "y"), 400));
        problems.push(Problem::warning("w", "without a place"));
        limit_problems(&mut problems);
        let of = |code| problems.iter().filter(|problem| problem.code == code).count();
        assert_eq!((of("w"), of("e"), of("more-problems")), (PER_FILE_MAX + 1, 1, 1));
        assert!(
            problems
                .iter()
                .any(|problem| problem.message == "150 more problems of level warning in this file")
        );
    }

    #[test]
    fn an_error_is_worse_than_a_warning() {
        assert!(Level::Error > Level::Warning && Level::Warning > Level::Info);
    }
}
