//! What is wrong with a configuration, and where.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A configuration that cannot be used.
#[derive(Debug)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    File {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Settings that do not go together, of which none stands in the file or the environment.
    Combination(String),
    /// Something in the file is wrong.
    Content(Excerpt),
    /// An environment variable is wrong.
    Variable {
        /// Its name.
        name: String,
        /// What is wrong.
        message: String,
    },
}

/// A place in a file and what is wrong there.
#[derive(Debug)]
pub(crate) struct Excerpt {
    path: PathBuf,
    line: usize,
    column: usize,
    /// How many characters are meant.
    width: usize,
    text: String,
    message: String,
}

impl Excerpt {
    /// The place of an error of the TOML parser.
    pub(super) fn new(path: &Path, content: &str, error: &toml::de::Error) -> Self {
        Self::at(path, content, error.span().unwrap_or(0..0), one_line(error.message()))
    }

    /// A place, and what is wrong there.
    pub(super) fn at(path: &Path, content: &str, range: Range<usize>, message: String) -> Self {
        let before = content.get(..range.start).unwrap_or(content);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let text = content.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        Self {
            path: path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.get(start..).map_or(0, |line| line.chars().count()) + 1,
            width: width(content, &range),
            text: text.to_owned(),
            message,
        }
    }
}

/// Characters of the range that are on its first line.
fn width(content: &str, range: &Range<usize>) -> usize {
    let meant = content.get(range.clone()).unwrap_or_default();
    meant.lines().next().map_or(1, |line| line.chars().count().max(1))
}

pub(super) fn one_line(message: &str) -> String {
    message.lines().map(str::trim).collect::<Vec<_>>().join("; ")
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, source } => write!(f, "cannot read {}: {source}", path.display()),
            Self::Combination(message) => f.write_str(message),
            Self::Variable { name, message } => write!(f, "environment variable {name}: {message}"),
            Self::Content(excerpt) => {
                let Excerpt { path, line, column, width, text, message } = excerpt;
                let margin = " ".repeat(line.to_string().len());
                let (indent, carets) = (" ".repeat(column - 1), "^".repeat(*width));
                writeln!(f, "{}:{line}:{column}: {message}", path.display())?;
                writeln!(f, "{margin} |")?;
                writeln!(f, "{line} | {text}")?;
                write!(f, "{margin} | {indent}{carets}")
            }
        }
    }
}

impl std::error::Error for ConfigError {}
