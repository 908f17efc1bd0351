//! What can be wrong with a Java pattern, and what can go wrong while matching.

/// Why a pattern, a replacement or a match was given up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A replacement text that Java refuses.
    #[error("invalid replacement: {reason}")]
    Replacement {
        /// What is wrong.
        reason: &'static str,
    },
    /// The result of replacing would be longer than this.
    #[error("the result of replacing is longer than {limit_bytes} bytes")]
    ResultTooLong {
        /// The limit.
        limit_bytes: usize,
    },
    /// A pattern that Java refuses.
    #[error("{reason} near character {at}")]
    Syntax {
        /// What is wrong.
        reason: &'static str,
        /// Index of the character, from 0.
        at: usize,
    },
    /// The text is too long for a pattern with look-around or back references.
    #[error("a text of more than {limit_bytes} bytes is too long for this pattern")]
    TextTooLong {
        /// The limit.
        limit_bytes: usize,
    },
    /// Groups or classes are nested too deeply.
    #[error("the pattern is nested too deeply")]
    TooDeep,
    /// The compiled pattern would take more memory than this.
    #[error("the compiled pattern is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The limit.
        limit_bytes: usize,
    },
    /// The pattern is longer than this.
    #[error("the pattern is longer than {limit_bytes} bytes")]
    TooLong {
        /// The limit.
        limit_bytes: usize,
    },
    /// Matching took too many steps and was given up.
    #[error("matching the pattern takes too many steps")]
    TooManySteps,
    /// Valid in Java, not supported here.
    #[error("{construct} is not supported in patterns")]
    Unsupported {
        /// What is not supported.
        construct: String,
    },
}

impl Error {
    pub(super) fn from_regex(error: &regex::Error) -> Self {
        match error {
            regex::Error::CompiledTooBig(limit_bytes) => Self::TooLarge { limit_bytes: *limit_bytes },
            other => Self::Unsupported { construct: last_line(&other.to_string()) },
        }
    }

    pub(super) fn from_fancy(error: &fancy_regex::Error) -> Self {
        let text = error.to_string();
        if text.contains("size limit") || text.contains("too big") || text.contains("exceed") {
            return Self::TooLarge { limit_bytes: super::SIZE_MAX_BYTES };
        }
        Self::Unsupported { construct: last_line(&text) }
    }
}

/// Engines print the whole pattern first; the reason is in the last line.
fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}
