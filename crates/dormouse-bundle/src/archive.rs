//! Reads a bundle from a zip archive, as Apigee's console and management API export it. Nothing is extracted to
//! disk. Names that are absolute or climb out, links, encrypted or repeated entries, overlapping data and
//! compression bombs are refused.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use zip::ZipArchive;
use zip::read::ZipFile;
use zip::result::ZipError;

use crate::directory::unreadable;
use crate::file_tree::{FILES_MAX, FileTree, LIMIT, belongs_to_bundle, size_max, too_large};
use crate::problem::Problem;

/// Reads the archive at a path.
///
/// # Errors
/// The file cannot be read, is no zip archive, or holds something that is refused.
pub(crate) fn read_archive_file(path: &Path) -> Result<FileTree, Problem> {
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    let bytes = file.metadata().map_err(|error| unreadable(path, &error))?.len();
    if bytes > ARCHIVE_MAX_BYTES {
        return Err(too_large(&path.display().to_string(), ARCHIVE_MAX_BYTES));
    }
    read_archive(BufReader::new(file))
}

/// Reads an archive.
///
/// # Errors
/// It is no zip archive, or holds something that is refused.
pub(crate) fn read_archive(reader: impl Read + Seek) -> Result<FileTree, Problem> {
    let mut archive = ZipArchive::new(reader).map_err(|error| broken(&error))?;
    if archive.len() > FILES_MAX {
        return Err(Problem::error(LIMIT, format!("the archive has more than {FILES_MAX} entries")));
    }
    if archive.has_duplicate_names() {
        return Err(Problem::error(REFUSED, "the archive holds two entries of the same name"));
    }
    if archive.has_overlapping_entries().map_err(|error| broken(&error))? {
        return Err(Problem::error(REFUSED, "the archive's entries overlap"));
    }
    let mut tree = FileTree::default();
    for index in 0..archive.len() {
        let path = {
            let entry = archive.by_index_raw(index).map_err(|error| broken(&error))?;
            let path = checked_name(&entry)?;
            if entry.is_dir() || !belongs_to_bundle(&path) {
                continue;
            }
            path
        };
        let entry = archive.by_index(index).map_err(|error| broken(&error))?;
        let bytes = read_entry(entry, &path)?;
        tree.insert(path, bytes)?;
    }
    Ok(tree)
}

/// The entry's name with `/`, if it leads nowhere but into the archive. Checked for every entry, those that
/// belong to no bundle too: such an archive is not what it seems.
fn checked_name<R: Read>(entry: &ZipFile<'_, R>) -> Result<String, Problem> {
    let raw = entry.name_raw();
    let shown = String::from_utf8_lossy(raw).escape_debug().to_string();
    let refuse = |what: &str| Err(Problem::error(REFUSED, format!("the archive's entry {shown} {what}")));
    let Ok(name) = entry.name() else { return refuse("has no readable name") };
    // Archives made by old .NET tools have backslashes.
    let name = name.replace('\\', "/");
    if name.is_empty() || name.contains('\0') {
        return refuse("has no readable name");
    }
    if name.starts_with('/') || name.split('/').next().is_some_and(|first| first.ends_with(':')) {
        return refuse("has an absolute name");
    }
    if name.split('/').any(|part| part == "..") {
        return refuse("leads out of the archive");
    }
    if entry.is_symlink() {
        return refuse("is a symbolic link");
    }
    if entry.encrypted() {
        return refuse("is encrypted");
    }
    Ok(name.split('/').filter(|part| !matches!(*part, "" | ".")).collect::<Vec<_>>().join("/"))
}

/// The sizes in an archive can lie, so what is read is counted.
fn read_entry<R: Read>(entry: ZipFile<'_, R>, path: &str) -> Result<Vec<u8>, Problem> {
    let limit = size_max(path);
    let compressed = entry.compressed_size();
    let mut bytes = Vec::new();
    let read = entry.take(limit + 1).read_to_end(&mut bytes);
    if let Err(error) = read {
        let message = format!("cannot read the archive's entry {}: {error}", path.escape_debug());
        return Err(Problem::error(BROKEN, message));
    }
    let length = bytes.len() as u64;
    if length > limit {
        return Err(too_large(path, limit));
    }
    if length > RATIO_FREE_BYTES && length / compressed.max(1) > RATIO_MAX {
        let message =
            format!("the archive's entry {} grows more than {RATIO_MAX} times", path.escape_debug());
        return Err(Problem::error(REFUSED, message));
    }
    Ok(bytes)
}

fn broken(error: &ZipError) -> Problem {
    Problem::error(BROKEN, format!("cannot read the zip archive: {error}"))
}

const BROKEN: &str = "archive-broken";
const REFUSED: &str = "archive-refused";
const ARCHIVE_MAX_BYTES: u64 = 64 * 1024 * 1024;
/// Text compresses ten times, white space a thousand times.
const RATIO_MAX: u64 = 200;
/// What may grow by any factor, because it stays small.
const RATIO_FREE_BYTES: u64 = 1024 * 1024;
