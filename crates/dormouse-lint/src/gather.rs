//! Finds the bundles below the paths of a command line: bundle directories, archives, whole exported organizations,
//! folders of loose files.

use dormouse_bundle::{Bundle, BundleSource, LooseFile, Problem, load, load_loose};
use std::fs;
use std::path::{Path, PathBuf};

use crate::parallel::map;

/// What was read from some paths.
#[derive(Debug, Default)]
pub struct Input {
    /// In the order of the paths and of names below them.
    pub bundles: Vec<Bundle>,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// Paths that hold nothing to lint.
    pub empty: Vec<PathBuf>,
}

/// Why paths cannot be linted.
#[derive(Debug, thiserror::Error)]
pub enum GatherError {
    /// There is nothing of that name, or it cannot be looked at.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The path as given, or one below it.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// Reads everything below the paths, in parallel. Broken files are problems, never errors.
///
/// # Errors
/// A path that is not there.
pub fn gather(paths: &[PathBuf]) -> Result<Input, GatherError> {
    let mut places = Vec::new();
    let mut input = Input::default();
    for path in paths {
        let found = find(path)?;
        if found.is_empty() {
            input.empty.push(path.clone());
        }
        places.extend(found);
    }
    places.dedup();
    for (bundles, problems) in map(&places, read) {
        input.bundles.extend(bundles);
        input.problems.extend(problems);
    }
    Ok(input)
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// An archive that was found, and may be no bundle.
    Archive(PathBuf),
    Bundle(PathBuf),
    Loose(PathBuf, Vec<PathBuf>),
}

fn find(path: &Path) -> Result<Vec<Place>, GatherError> {
    let unreadable = |source| GatherError::Unreadable { path: path.to_owned(), source };
    if !fs::metadata(path).map_err(unreadable)?.is_dir() {
        let is_xml = path.extension().is_some_and(|extension| extension == "xml");
        let place = if is_xml {
            Place::Loose(path.to_owned(), vec![path.to_owned()])
        } else {
            Place::Bundle(path.to_owned())
        };
        return Ok(vec![place]);
    }
    let absolute = path.canonicalize().map_err(unreadable)?;
    if absolute.file_name().is_some_and(|name| BUNDLE_FOLDERS.iter().any(|folder| name == *folder)) {
        return Ok(vec![Place::Bundle(path.to_owned())]);
    }
    let mut search = Search { places: Vec::new(), loose: Vec::new(), entries_left: ENTRIES_MAX };
    search.directory(path, 0)?;
    if search.places.is_empty() && search.loose.iter().any(|file| is_file_of(file, "xml")) {
        search.places.push(Place::Loose(path.to_owned(), search.loose));
    }
    Ok(search.places)
}

struct Search {
    places: Vec<Place>,
    loose: Vec<PathBuf>,
    entries_left: usize,
}

impl Search {
    fn directory(&mut self, path: &Path, depth: usize) -> Result<(), GatherError> {
        let unreadable = |source| GatherError::Unreadable { path: path.to_owned(), source };
        let mut entries: Vec<PathBuf> = Vec::new();
        for entry in fs::read_dir(path).map_err(unreadable)? {
            entries.push(entry.map_err(unreadable)?.path());
        }
        entries.sort();
        let is_bundle =
            |entry: &PathBuf| BUNDLE_FOLDERS.iter().any(|folder| entry.ends_with(folder)) && entry.is_dir();
        if entries.iter().any(is_bundle) {
            self.places.push(Place::Bundle(path.to_owned()));
        }
        for entry in entries.iter().filter(|entry| !is_bundle(entry)) {
            let Some(left) = self.entries_left.checked_sub(1) else { return Ok(()) };
            self.entries_left = left;
            let name = entry.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            let is_link = entry.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
            if name.starts_with('.') || is_link || SKIPPED_FOLDERS.contains(&name.as_str()) {
                continue;
            }
            if entry.is_dir() {
                if depth < DEPTH_MAX {
                    self.directory(entry, depth + 1)?;
                }
            } else if is_file_of(entry, "zip") {
                self.places.push(Place::Archive(entry.clone()));
            } else if LOOSE_EXTENSIONS.iter().any(|extension| is_file_of(entry, extension)) {
                self.loose.push(entry.clone());
            }
        }
        Ok(())
    }
}

fn read(place: &Place) -> (Vec<Bundle>, Vec<Problem>) {
    match place {
        Place::Bundle(path) => load(&BundleSource { name: None, path: path.clone() }),
        Place::Archive(path) => {
            let (bundles, problems) = load(&BundleSource { name: None, path: path.clone() });
            // Archives of other things lie around in repositories.
            if bundles.is_empty() { Default::default() } else { (bundles, problems) }
        }
        Place::Loose(path, files) => read_loose(path, files),
    }
}

fn read_loose(path: &Path, paths: &[PathBuf]) -> (Vec<Bundle>, Vec<Problem>) {
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    for path in paths {
        let shown = path.display().to_string();
        let length = path.metadata().map_or(0, |metadata| metadata.len());
        if length > LOOSE_FILE_MAX_BYTES {
            problems.push(Problem::error(
                "file-too-large",
                format!("{shown} has {length} bytes and is left out"),
            ));
            continue;
        }
        match fs::read(path) {
            Ok(bytes) => files.push(LooseFile { path: shown, bytes }),
            Err(error) => problems.push(Problem::error("unreadable", format!("{shown}: {error}"))),
        }
    }
    let absolute = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let name = absolute.file_stem().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let (bundle, found) = load_loose(&name, &files);
    problems.extend(found);
    (vec![bundle], problems)
}

fn is_file_of(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

const BUNDLE_FOLDERS: [&str; 2] = ["apiproxy", "sharedflowbundle"];
const LOOSE_EXTENSIONS: [&str; 5] = ["xml", "js", "py", "xsl", "xslt"];
/// They hold copies and other people's files.
const SKIPPED_FOLDERS: [&str; 2] = ["node_modules", "target"];
const DEPTH_MAX: usize = 24;
const ENTRIES_MAX: usize = 1_000_000;
const LOOSE_FILE_MAX_BYTES: u64 = 16 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// Names of the bundles found in a directory of these files.
    #[track_caller]
    fn check(files: &[(&str, &str)], expected: &[&str]) {
        let directory = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let input = gather(&[directory.path().to_owned()]).unwrap();
        let names: Vec<&str> = input.bundles.iter().map(|bundle| bundle.name.as_str()).collect();
        assert_eq!(names, expected);
        assert_eq!(input.empty.is_empty(), !expected.is_empty());
    }

    #[test]
    fn bundles_are_found_wherever_they_are() {
        let manifest = |name: &str| format!("<APIProxy name=\"{name}\"/>");
        check(
            &[
                ("b/deep/er/apiproxy/b.xml", &manifest("b")),
                ("a/apiproxy/a.xml", &manifest("a")),
                ("a/sharedflows/c/sharedflowbundle/c.xml", "<SharedFlowBundle name=\"c\"/>"),
                ("node_modules/d/apiproxy/d.xml", &manifest("d")),
                (".hidden/apiproxy/d.xml", &manifest("d")),
                ("other.zip", "no archive"),
            ],
            &["a", "c", "b"],
        );
    }

    #[test]
    fn a_directory_without_xml_is_empty() {
        check(&[("README.md", "x")], &[]);
    }

    #[test]
    fn a_path_that_is_not_there_is_an_error() {
        assert!(gather(&[PathBuf::from("/nonexistent/path")]).is_err());
    }
}
