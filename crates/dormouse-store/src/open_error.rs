//! Why a data directory is not served. Each text says what is wrong, where, and what to do.

use crate::private_file::PrivateFileError;
use crate::roots::RootsError;
use std::io;
use std::path::PathBuf;

/// Why a store was not opened, or not restored.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The system refused.
    #[error(
        "{} cannot be used: {source}; the data directory must be one that this user may read and write, with space left",
        path.display()
    )]
    Unusable {
        /// Which file or directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The data directory is something else.
    #[error("{} is not a directory; name a directory, it is made when there is none", .0.display())]
    NotADirectory(PathBuf),
    /// Another process serves the directory.
    #[error("{} is in use by another process; one process at a time serves a data directory", .0.display())]
    InUse(PathBuf),
    /// The key file is not acceptable.
    #[error(transparent)]
    Roots(#[from] RootsError),
    /// There is a store but no key file.
    #[error(
        "the key file {} is missing, although there is a store; put the file back from your backup. If it is lost, \
         `{restore}` makes a new one and begins a new store: every token, app and key from before is then gone, and \
         must be provisioned again",
        path.display()
    )]
    RootsMissing {
        /// Where it should be.
        path: PathBuf,
        /// The command.
        restore: Box<str>,
    },
    /// A key file that configuration names is not ours to change.
    #[error(
        "{} is named by store.roots and shared, so that it is not changed here: write a further line with a new root marked \
         `seal` into it, mark the others `open`, and start every node again",
        path.display()
    )]
    RootsConfigured {
        /// Which file.
        path: PathBuf,
    },
    /// There is a mark but no store.
    #[error(
        "{} is missing, although the mark says that there was a store; if it is lost, run `{restore}`, which begins a new \
         one and refuses every token from before",
        path.display()
    )]
    StoreMissing {
        /// Where it should be.
        path: PathBuf,
        /// The command.
        restore: Box<str>,
    },
    /// There is a store in use but no mark.
    #[error(
        "the mark {} is missing, so that nobody can tell whether the store is whole; run `{restore}`, which refuses every \
         token from before, or `{restore} --keep-tokens` if you are certain that no older file was put back",
        path.display()
    )]
    MarkMissing {
        /// Where it should be.
        path: PathBuf,
        /// The command.
        restore: Box<str>,
    },
    /// The mark cannot be read as one.
    #[error("{} is not a mark of a store; put it back from your backup, or remove it and run `{restore}`", path.display())]
    MarkMalformed {
        /// Where it is.
        path: PathBuf,
        /// The command.
        restore: Box<str>,
    },
    /// The mark cannot be written.
    #[error("the mark of the store cannot be written: {0}")]
    MarkUnwritable(#[source] PrivateFileError),
    /// The store lacks what was durable once.
    #[error(
        "{} is older than it was: it holds {commits} commits and had {marked}. Redemptions and revocations are missing, so \
         that dead tokens would live again. If an old file was put back, run `{restore}`, which refuses every token from before",
        path.display()
    )]
    StoreBehind {
        /// The store's file.
        path: PathBuf,
        /// Commits in the store.
        commits: u64,
        /// Commits that the mark names.
        marked: u64,
        /// The command.
        restore: Box<str>,
    },
    /// The store is another one, or another file, than the mark says.
    #[error(
        "{} is not the file that was served here: it was copied, moved or exchanged. Run `{restore}`, which refuses every \
         token from before, or, if you moved it on purpose and it is complete, `{restore} --keep-tokens`",
        path.display()
    )]
    StoreExchanged {
        /// The store's file.
        path: PathBuf,
        /// The command.
        restore: Box<str>,
    },
    /// The file holds no store that this version can read.
    #[error(
        "{} is not a readable store: {reason}. Put a good file back from your backup, or move this one away, and then run \
         `{restore}`",
        path.display()
    )]
    NotAStore {
        /// The store's file.
        path: PathBuf,
        /// What was found.
        reason: Box<str>,
        /// The command.
        restore: Box<str>,
    },
    /// The clock is behind what the store has seen.
    #[error(
        "the clock is {behind_s} seconds behind the time that the store in {} has seen; set the clock right. If the clock \
         is right and it was wrong before, run `{restore}`, which refuses every token from before",
        path.display()
    )]
    ClockBehind {
        /// The store's file.
        path: PathBuf,
        /// How many seconds.
        behind_s: u64,
        /// The command.
        restore: Box<str>,
    },
    /// Tokens can be kept only where a store was in use.
    #[error("there is no store in use in {} whose tokens could be kept; leave out --keep-tokens", .0.display())]
    NothingToKeep(PathBuf),
}
