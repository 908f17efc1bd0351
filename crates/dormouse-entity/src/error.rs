//! What is wrong with an entity file, and where.

use crate::{NameError, PasswordHashError, SettingError};
use std::fmt;
use std::sync::Arc;
use thiserror::Error;

/// A place in an entity file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The file as it was named by the caller.
    pub file: Arc<str>,
    /// First line is 1.
    pub line: usize,
    /// In characters; first column is 1.
    pub column: usize,
    /// `JSONPath` of the value, `$` for the whole file.
    pub path: String,
}

/// A problem with an entity file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{position}: {problem}")]
pub struct EntityError {
    /// Where.
    pub position: Position,
    /// What.
    pub problem: Problem,
}

/// What is wrong. No variant carries a secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    /// Two entities claim the same identity, or one that belongs to another.
    #[error("{what} belongs to another {owner} already; choose another, or remove it here")]
    Conflict {
        /// What is claimed.
        what: String,
        /// What it belongs to.
        owner: &'static str,
    },
    /// Two entities have the same name.
    #[error("{what} occurs a second time, first in line {first_line}; remove or rename one")]
    Duplicate {
        /// Kind and name.
        what: String,
        /// Line of the first.
        first_line: usize,
    },
    /// A JSON object has a member twice.
    #[error("member {0:?} occurs twice in one object; remove one")]
    DuplicateMember(String),
    /// A member that must be there is not.
    #[error("{0} is missing; add it")]
    Missing(&'static str),
    /// A name with a wrong length or character.
    #[error("{what} {error}")]
    Name {
        /// What the name is for.
        what: &'static str,
        /// What is wrong with it.
        error: NameError,
    },
    /// No argon2id hash that is accepted.
    #[error("passwordHash {0}")]
    Password(PasswordHashError),
    /// A number that cannot be.
    #[error("must be a whole number from {min} to {max}")]
    Range {
        /// Smallest allowed.
        min: i64,
        /// Largest allowed.
        max: i64,
    },
    /// An app attribute under `dormouse.` has no meaning.
    #[error("{0}")]
    Setting(SettingError),
    /// No JSON.
    #[error("this is not JSON: {0}")]
    Syntax(String),
    /// A control character where none may be.
    #[error("contains a control character; remove it")]
    Control,
    /// Longer than allowed.
    #[error("has {length} bytes; at most {limit} are allowed")]
    TooLong {
        /// Bytes given.
        length: usize,
        /// Most bytes allowed.
        limit: usize,
    },
    /// More elements than allowed.
    #[error("has {count} elements; at most {limit} are allowed")]
    TooMany {
        /// Elements given.
        count: usize,
        /// Most elements allowed.
        limit: usize,
    },
    /// Another JSON type.
    #[error("must be {expected}, is {found}")]
    Type {
        /// What is allowed, in words.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// An app names a developer that is neither in the files nor known already.
    #[error(
        "no developer is called {0:?}; add one to developers.json, or correct developerEmail or developerId"
    )]
    UnknownDeveloper(String),
    /// A word out of a closed list was expected.
    #[error("must be one of {0}")]
    Word(&'static str),
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.path)
    }
}
