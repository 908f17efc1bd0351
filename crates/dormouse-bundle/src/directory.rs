//! Reads a bundle from a directory. Symbolic links are followed as long as they stay inside the directory, so
//! that a bundle of unknown origin cannot take in files of the machine that reads it.

use std::fs::{self, DirEntry, File};
use std::io::{self, Read};
use std::path::Path;

use crate::file_tree::{FILES_MAX, FileTree, LIMIT, belongs_to_bundle, size_max, too_large};
use crate::problem::Problem;

/// Reads the files below the bundle directories (`apiproxy`, `sharedflowbundle`) in `directory`. Files that cannot
/// be read, are too large or lead outside are left out and told among the tree's problems.
///
/// # Errors
/// A directory that cannot be read, an exceeded limit on the whole.
pub(crate) fn read_directory(directory: &Path) -> Result<FileTree, Problem> {
    let root = directory.canonicalize().map_err(|error| unreadable(directory, &error))?;
    let mut tree = FileTree::default();
    let mut entries_left = ENTRIES_MAX;
    let mut pending = vec![(root.clone(), String::new())];
    while let Some((path, prefix)) = pending.pop() {
        for entry in fs::read_dir(&path).map_err(|error| unreadable(&path, &error))? {
            let entry = entry.map_err(|error| unreadable(&path, &error))?;
            let Some(inside) = path_inside(&prefix, &entry)? else { continue };
            entries_left = entries_left.checked_sub(1).ok_or_else(too_many_entries)?;
            match read_entry(&entry.path(), &inside, &root) {
                Ok(Content::Directory) => pending.push((entry.path(), format!("{inside}/"))),
                Ok(Content::File(bytes)) => tree.insert(inside, bytes)?,
                Ok(Content::Other) => {}
                Err(problem) => tree.problems.push(problem),
            }
        }
    }
    Ok(tree)
}

/// Reads a file up to a limit that depends on what it is.
fn read_file(path: &Path, inside: &str) -> Result<Vec<u8>, Problem> {
    let limit = size_max(inside);
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes));
    match read {
        Ok(_) if bytes.len() as u64 > limit => Err(too_large(&path.display().to_string(), limit)),
        Ok(_) => Ok(bytes),
        Err(error) => Err(unreadable(path, &error)),
    }
}

/// The entry's path below the directory that is read, with `/`; `None` if it belongs to no bundle.
fn path_inside(prefix: &str, entry: &DirEntry) -> Result<Option<String>, Problem> {
    if prefix.matches('/').count() > DEPTH_MAX {
        let message = format!("{} is nested deeper than {DEPTH_MAX} directories", entry.path().display());
        return Err(Problem::error(LIMIT, message));
    }
    let name = entry.file_name();
    let Some(name) = name.to_str() else {
        let inside = !prefix.is_empty();
        let message = format!("the name of {} is not UTF-8", entry.path().display());
        return if inside { Err(Problem::error("file-name", message)) } else { Ok(None) };
    };
    let inside = format!("{prefix}{name}");
    Ok(belongs_to_bundle(&format!("{inside}/")).then_some(inside))
}

enum Content {
    Directory,
    File(Vec<u8>),
    /// A socket, a pipe, a device: reading it could wait for ever.
    Other,
}

fn read_entry(path: &Path, inside: &str, root: &Path) -> Result<Content, Problem> {
    let metadata = fs::symlink_metadata(path).map_err(|error| unreadable(path, &error))?;
    let metadata = if metadata.is_symlink() {
        let target = path.canonicalize().map_err(|error| unreadable(path, &error))?;
        stays_inside(path, &target, root)?;
        fs::metadata(target).map_err(|error| unreadable(path, &error))?
    } else {
        metadata
    };
    if metadata.is_file() {
        return read_file(path, inside).map(Content::File);
    }
    Ok(if metadata.is_dir() { Content::Directory } else { Content::Other })
}

fn stays_inside(link: &Path, target: &Path, root: &Path) -> Result<(), Problem> {
    if target.starts_with(root) {
        return Ok(());
    }
    let message = format!("{} is a symbolic link that leads out of the bundle", link.display());
    Err(Problem::error("symlink-outside", message).help("replace the link by a copy of the file"))
}

fn too_many_entries() -> Problem {
    Problem::error(LIMIT, format!("the bundle has more than {FILES_MAX} files"))
}

pub(crate) fn unreadable(path: &Path, error: &io::Error) -> Problem {
    Problem::error("unreadable", format!("cannot read {}: {error}", path.display()))
}

/// Resources may be sorted into folders; a link to a directory above itself must end somewhere.
const DEPTH_MAX: usize = 16;
/// Files and directories.
const ENTRIES_MAX: usize = 2 * FILES_MAX;
