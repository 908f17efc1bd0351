//! Files that hold secrets: how they are made so that nobody else can read them, and what is checked before one is
//! believed (TOKENS §1 "roots").

use rustix::fs::{Mode, OFlags};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Why a file with secrets is not used. The texts say what to do.
#[derive(Debug, thiserror::Error)]
pub enum PrivateFileError {
    /// There is no such file.
    #[error("{} does not exist", .0.display())]
    Missing(PathBuf),
    /// A symbolic link where a file of our own must be.
    #[error("{} is a symbolic link; put the file itself there", .0.display())]
    SymbolicLink(PathBuf),
    /// A directory, device or pipe.
    #[error("{} is not a regular file", .0.display())]
    NotRegular(PathBuf),
    /// It has further names, under which others may reach or replace it.
    #[error("{} has {links} names (hard links); remove the others, or copy it to a file of its own", path.display())]
    Linked {
        /// Which file.
        path: PathBuf,
        /// How many names.
        links: u64,
    },
    /// It belongs to somebody else.
    #[error("{} belongs to user {owner}, but this process runs as user {user}; change its owner with chown", path.display())]
    WrongOwner {
        /// Which file.
        path: PathBuf,
        /// To whom it belongs.
        owner: u32,
        /// Effective user of the process.
        user: u32,
    },
    /// Others have access.
    #[error("{} is open to others (mode {mode:04o}); close it with: chmod {wanted:04o} {}", path.display(), path.display())]
    TooOpen {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// Those it should have.
        wanted: u32,
    },
    /// Longer than any such file.
    #[error("{} is longer than {MAX} bytes, which no file of its kind is", .0.display())]
    TooLong(PathBuf),
    /// The system refused.
    #[error("{} cannot be read or written: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Reads a file that we have made: regular, not a link, with one name, of the effective user, closed to all others.
///
/// # Errors
/// [`PrivateFileError`] when it is anything else.
pub fn read_own(path: &Path) -> Result<Zeroizing<Vec<u8>>, PrivateFileError> {
    let file = open(path, OFlags::NOFOLLOW)?;
    let metadata = metadata(&file, path)?;
    let user = rustix::process::geteuid().as_raw();
    if metadata.nlink() != 1 {
        return Err(PrivateFileError::Linked { path: path.into(), links: metadata.nlink() });
    }
    if metadata.uid() != user {
        return Err(PrivateFileError::WrongOwner { path: path.into(), owner: metadata.uid(), user });
    }
    check_mode(path, metadata.mode(), 0o600)?;
    read(file, path)
}

/// Reads a file that configuration names: it may be reached through links, belong to root or to the effective user, and
/// be readable by its group, as orchestrators mount secrets.
///
/// # Errors
/// [`PrivateFileError`] when it is anything else.
pub fn read_configured(path: &Path) -> Result<Zeroizing<Vec<u8>>, PrivateFileError> {
    let file = open(path, OFlags::empty())?;
    let metadata = metadata(&file, path)?;
    let user = rustix::process::geteuid().as_raw();
    if metadata.uid() != user && metadata.uid() != 0 {
        return Err(PrivateFileError::WrongOwner { path: path.into(), owner: metadata.uid(), user });
    }
    check_mode(path, metadata.mode(), 0o640)?;
    read(file, path)
}

/// Makes or replaces a file with mode 0600: written beside it, made durable, then renamed, and the directory made durable,
/// so that at any moment the old or the new content is there as a whole.
///
/// # Errors
/// [`PrivateFileError::Io`] when the system refuses.
pub fn write(path: &Path, content: &[u8]) -> Result<(), PrivateFileError> {
    write_durably(path, content).map_err(|source| PrivateFileError::Io { path: path.into(), source })
}

fn write_durably(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    // What a crash has left of an earlier attempt.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    sync_parent(path)
}

/// Makes the entry of a path in its directory durable.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

fn open(path: &Path, links: OFlags) -> Result<File, PrivateFileError> {
    // Without NONBLOCK, opening a pipe would wait for its writer.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | links;
    rustix::fs::open(path, flags, Mode::empty()).map(File::from).map_err(|error| match error {
        rustix::io::Errno::NOENT => PrivateFileError::Missing(path.into()),
        rustix::io::Errno::LOOP if links == OFlags::NOFOLLOW => PrivateFileError::SymbolicLink(path.into()),
        error => PrivateFileError::Io { path: path.into(), source: error.into() },
    })
}

fn metadata(file: &File, path: &Path) -> Result<fs::Metadata, PrivateFileError> {
    let metadata = file.metadata().map_err(|source| PrivateFileError::Io { path: path.into(), source })?;
    if metadata.is_file() { Ok(metadata) } else { Err(PrivateFileError::NotRegular(path.into())) }
}

fn check_mode(path: &Path, mode: u32, wanted: u32) -> Result<(), PrivateFileError> {
    let mode = mode & 0o7777;
    // The owner's own bits are the owner's business.
    if mode & 0o077 & !wanted != 0 {
        return Err(PrivateFileError::TooOpen { path: path.into(), mode, wanted });
    }
    Ok(())
}

fn read(file: File, path: &Path) -> Result<Zeroizing<Vec<u8>>, PrivateFileError> {
    let mut content = Zeroizing::new(Vec::with_capacity(MAX + 1));
    file.take(MAX as u64 + 1)
        .read_to_end(&mut content)
        .map_err(|source| PrivateFileError::Io { path: path.into(), source })?;
    if content.len() > MAX { Err(PrivateFileError::TooLong(path.into())) } else { Ok(content) }
}

/// Bytes that such a file may have.
const MAX: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_was_written_is_read_and_is_private() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        fs::write(directory.path().join("secret.new"), "left by a crash").unwrap();
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(read_own(&path).unwrap().as_slice(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn own_files_are_refused_when_others_reach_them() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        assert!(matches!(read_own(&path), Err(PrivateFileError::Missing(_))));
        write(&path, b"x").unwrap();
        for mode in [0o640, 0o604, 0o620, 0o610] {
            chmod(&path, mode);
            let error = read_own(&path).unwrap_err();
            assert!(matches!(error, PrivateFileError::TooOpen { .. }));
            assert!(error.to_string().contains("chmod 0600"), "{error}");
        }
        chmod(&path, 0o400);
        assert!(read_own(&path).is_ok());
        fs::hard_link(&path, directory.path().join("other")).unwrap();
        assert!(matches!(read_own(&path), Err(PrivateFileError::Linked { links: 2, .. })));
        let link = directory.path().join("link");
        symlink(&path, &link).unwrap();
        assert!(matches!(read_own(&link), Err(PrivateFileError::SymbolicLink(_))));
        assert!(matches!(read_own(directory.path()), Err(PrivateFileError::NotRegular(_))));
        fs::write(directory.path().join("long"), vec![0; MAX + 1]).unwrap();
        chmod(&directory.path().join("long"), 0o600);
        assert!(matches!(read_own(&directory.path().join("long")), Err(PrivateFileError::TooLong(_))));
    }

    #[test]
    fn configured_files_may_be_linked_and_shared_with_the_group() {
        let directory = tempfile::tempdir().unwrap();
        let (path, link) = (directory.path().join("secret"), directory.path().join("link"));
        write(&path, b"x").unwrap();
        symlink(&path, &link).unwrap();
        chmod(&path, 0o640);
        assert_eq!(read_configured(&link).unwrap().as_slice(), b"x");
        for mode in [0o644, 0o660, 0o641] {
            chmod(&path, mode);
            assert!(matches!(read_configured(&link), Err(PrivateFileError::TooOpen { .. })));
        }
        assert!(matches!(read_configured(directory.path()), Err(PrivateFileError::NotRegular(_))));
    }

    #[test]
    fn files_of_others_are_refused() {
        // Only root can give a file away; anybody else finds root's files everywhere.
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        write(&path, b"x").unwrap();
        let foreign = if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(&path, Some(12_345), None).unwrap();
            path
        } else {
            PathBuf::from("/etc/hostname")
        };
        assert!(matches!(read_own(&foreign), Err(PrivateFileError::WrongOwner { .. })));
    }
}
