//! Exit codes, and errors on their way to the terminal.

use std::fmt;
use std::process::ExitCode;

/// What a command returns when it does not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What was found has been printed already.
    Found,
    /// The world refuses: a store, a port, a file's content.
    Refused(anyhow::Error),
    /// The command line names something that is not there.
    Usage(anyhow::Error),
    /// Our fault.
    Internal(anyhow::Error),
}

impl Failure {
    /// What went wrong, for those who show it elsewhere than on the terminal.
    pub(crate) fn into_error(self) -> anyhow::Error {
        match self {
            Self::Found => anyhow::anyhow!("something was found"),
            Self::Refused(error) | Self::Usage(error) | Self::Internal(error) => error,
        }
    }
}

/// The result of a command.
pub(crate) type Outcome = Result<(), Failure>;

/// Prints a failure and turns it into an exit code.
pub(crate) fn code(outcome: Outcome) -> ExitCode {
    let Err(failure) = outcome else { return ExitCode::SUCCESS };
    let (code, error) = match failure {
        Failure::Found => return ExitCode::from(1),
        Failure::Refused(error) => (1, error),
        Failure::Usage(error) => (2, error),
        Failure::Internal(error) => (3, error),
    };
    say(format_args!("error: {}", described(&error)));
    ExitCode::from(code)
}

/// An error with its causes. Those that name their cause in their own words do not have it repeated.
fn described(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |mut text, part| {
        let part = part.to_string();
        if !text.ends_with(&part) {
            text = if text.is_empty() { part } else { format!("{text}: {part}") };
        }
        text
    })
}

/// Prints a line for a person. A terminal that is gone is no reason to fail.
pub(crate) fn say(line: fmt::Arguments<'_>) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Prints a result to standard output; a closed pipe ends the program silently, as tools in a pipeline do.
pub(crate) fn print(text: fmt::Arguments<'_>) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    if out.write_fmt(text).and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}

/// Attaches an exit code to a result.
pub(crate) trait OrFailure<T> {
    /// The world refuses.
    fn or_refused(self) -> Result<T, Failure>;
    /// The command line is wrong.
    fn or_usage(self) -> Result<T, Failure>;
    /// Our fault.
    fn or_internal(self) -> Result<T, Failure>;
}

impl<T, E: Into<anyhow::Error>> OrFailure<T> for Result<T, E> {
    fn or_refused(self) -> Result<T, Failure> {
        self.map_err(|error| Failure::Refused(error.into()))
    }

    fn or_usage(self) -> Result<T, Failure> {
        self.map_err(|error| Failure::Usage(error.into()))
    }

    fn or_internal(self) -> Result<T, Failure> {
        self.map_err(|error| Failure::Internal(error.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(contexts: &[&'static str], expected: &str) {
        let error = anyhow::Error::msg("no space");
        assert_eq!(
            described(&contexts.iter().fold(error, |error, context| error.context(*context))),
            expected
        );
    }

    #[test]
    fn causes_are_told_once() {
        check(&[], "no space");
        check(&["cannot write"], "cannot write: no space");
        check(&["cannot write: no space"], "cannot write: no space");
        check(&["cannot write: no space", "stopped"], "stopped: cannot write: no space");
    }
}
