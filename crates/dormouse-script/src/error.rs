//! Why a script did not run to its end.

use std::time::Duration;

/// The end of a script that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// It threw: the text in Rhino's manner, with file and line where they are known.
    #[error("Javascript runtime error: \"{0}\"")]
    Thrown(String),
    /// It ran for longer than its time limit.
    #[error("Javascript runtime exceeded limit of {}ms", .0.as_millis())]
    TimeLimit(Duration),
    /// Every thread for scripts is taken, and nothing became free in time.
    #[error("too many scripts are running")]
    Busy,
    /// Earlier runs of this script still hold threads that could not be stopped.
    #[error("earlier runs of the script cannot be stopped")]
    Stuck,
    /// The thread ended without an answer.
    #[error("the thread of the script ended")]
    Lost,
}
