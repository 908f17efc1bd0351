//! The data directory: `store.redb`, the key file `roots`, the `mark`, and the `lock` that keeps a second process out.

use crate::open_error::OpenError;
use crate::private_file;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A data directory that this process alone may use.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) path: PathBuf,
    /// The system releases the lock when the file is closed, also when the process is killed.
    _lock: File,
}

impl Directory {
    /// Takes a directory into use; makes it, closed to others, if there is none.
    pub(crate) fn create_or_open(path: &Path) -> Result<Self, OpenError> {
        if matches!(fs::metadata(path), Err(error) if error.kind() == io::ErrorKind::NotFound) {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
            made.and_then(|()| private_file::sync_parent(path)).map_err(|source| unusable(path, source))?;
        }
        Self::open(path)
    }

    /// Takes a directory into use that must be there.
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        let metadata = fs::metadata(path).map_err(|source| unusable(path, source))?;
        if !metadata.is_dir() {
            return Err(OpenError::NotADirectory(path.into()));
        }
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path.join("lock"))
            .map_err(|source| unusable(path, source))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.into(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse(path.into())),
            Err(TryLockError::Error(source)) => Err(unusable(path, source)),
        }
    }

    /// The file of the store.
    pub(crate) fn store(&self) -> PathBuf {
        self.path.join("store.redb")
    }

    /// The key file.
    pub(crate) fn roots(&self) -> PathBuf {
        self.path.join("roots")
    }

    /// The mark, unless the settings put it elsewhere.
    pub(crate) fn mark(&self) -> PathBuf {
        self.path.join("mark")
    }
}

/// Whether something is at a path, be it a dangling link.
pub(crate) fn exists(path: &Path) -> Result<bool, OpenError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(unusable(path, source)),
    }
}

fn unusable(path: &Path, source: io::Error) -> OpenError {
    OpenError::Unusable { path: path.into(), source }
}
