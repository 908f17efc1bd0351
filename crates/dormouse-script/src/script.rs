//! A script as a policy names it: libraries, main file, properties and limit, rewritten and checked at deployment.

use crate::engine;
use crate::rewrite::rewrite;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

/// A checked script. Threads share it.
pub struct Script {
    pub(crate) sources: Vec<ScriptSource>,
    pub(crate) properties: Vec<(String, String)>,
    time_limit: Duration,
    /// Threads that could not be stopped while they ran it.
    pub(crate) stuck: AtomicUsize,
}

/// One file of a script.
#[derive(Clone, PartialEq, Eq)]
pub struct ScriptSource {
    /// The file's name, as errors show it.
    pub name: Arc<str>,
    /// The text.
    pub text: Arc<str>,
}

/// Why a file is no script.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// Which of the files, from 0.
    pub file: usize,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

impl Script {
    /// Checks the files, which run in this order in one global scope.
    ///
    /// # Errors
    /// The first [`SyntaxError`] of each file that has one.
    pub fn compile(
        files: &[ScriptSource],
        properties: Vec<(String, String)>,
        time_limit: Duration,
    ) -> Result<Self, Vec<SyntaxError>> {
        let rewritten = |file: &ScriptSource| ScriptSource {
            name: Arc::clone(&file.name),
            text: rewrite(&file.text).into(),
        };
        let sources: Vec<ScriptSource> = files.iter().map(rewritten).collect();
        let errors = engine::check(&sources);
        if errors.is_empty() {
            return Ok(Self { sources, properties, time_limit, stuck: AtomicUsize::new(0) });
        }
        Err(errors)
    }

    /// How long it may compute.
    pub fn time_limit(&self) -> Duration {
        self.time_limit
    }
}
