//! The files of a bundle in memory, however they were stored, and the limits that both ways of storing share.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::decode::FILE_MAX_BYTES;
use crate::problem::Problem;

/// Files by their path below the bundle directory, with `/`; in the order of paths.
#[derive(Default)]
pub(crate) struct FileTree {
    files: BTreeMap<String, Vec<u8>>,
    bytes: u64,
    /// What is wrong with single files, which are left out.
    pub(crate) problems: Vec<Problem>,
}

impl FileTree {
    /// Adds a file.
    ///
    /// # Errors
    /// The bundle has too many files, or too large ones.
    pub(crate) fn insert(&mut self, path: String, content: Vec<u8>) -> Result<(), Problem> {
        self.bytes += content.len() as u64;
        if self.files.len() >= FILES_MAX {
            return Err(Problem::error(LIMIT, format!("the bundle has more than {FILES_MAX} files")));
        }
        if self.bytes > BYTES_MAX {
            return Err(Problem::error(
                LIMIT,
                format!("the bundle's files have more than {BYTES_MAX} bytes"),
            ));
        }
        match self.files.entry(path) {
            Entry::Vacant(vacant) => {
                vacant.insert(content);
                Ok(())
            }
            Entry::Occupied(occupied) => {
                let message = format!("{} occurs twice", occupied.key().escape_debug());
                Err(Problem::error("duplicate-file", message))
            }
        }
    }

    /// All files below a folder (a path that ends in `/`), with their paths below it.
    pub(crate) fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        let files = self.files.range(folder.to_owned()..);
        files.map_while(move |(path, bytes)| Some((path.strip_prefix(folder)?, bytes.as_slice())))
    }

    /// The XML files that stand directly in a folder.
    pub(crate) fn xml_files<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        self.below(folder).filter(|(path, _)| !path.contains('/') && is_xml(path))
    }
}

/// How many bytes of the file at a path are read at most.
pub(crate) fn size_max(path: &str) -> u64 {
    if is_xml(path) && !path.contains("/resources/") { FILE_MAX_BYTES as u64 } else { RESOURCE_MAX_BYTES }
}

/// Whether a path, from its bundle directory on, belongs to a bundle. What editors and archivers leave behind
/// (`.DS_Store`, `._a.xml`, `__MACOSX/`) does not.
pub(crate) fn belongs_to_bundle(path: &str) -> bool {
    ROOTS.iter().any(|root| path.starts_with(root)) && !path.split('/').any(|part| part.starts_with('.'))
}

fn is_xml(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("xml"))
}

/// A file that is larger than allowed.
pub(crate) fn too_large(path: &str, limit: u64) -> Problem {
    let message = format!("{} is larger than {limit} bytes", path.escape_debug());
    Problem::error("file-too-large", message)
}

/// The two directories that make a bundle.
pub(crate) const ROOTS: [&str; 2] = ["apiproxy/", "sharedflowbundle/"];
/// Code of problems with sizes and counts of whole bundles.
pub(crate) const LIMIT: &str = "bundle-limit";
/// Apigee accepts bundles of 15 MB; these bounds are for those who attack, not for those who build.
pub(crate) const FILES_MAX: usize = 10_000;
const BYTES_MAX: u64 = 128 * 1024 * 1024;
const RESOURCE_MAX_BYTES: u64 = 16 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_by_folder() {
        let mut tree = FileTree::default();
        for path in [
            "apiproxy/policies/b.xml",
            "apiproxy/policies/a.XML",
            "apiproxy/policies/x/c.xml",
            "apiproxy/policies.xml",
            "apiproxy/policies/d.txt",
        ] {
            tree.insert(path.to_owned(), Vec::new()).expect("within limits");
        }
        let names: Vec<&str> = tree.xml_files("apiproxy/policies/").map(|(name, _)| name).collect();
        assert_eq!(names, ["a.XML", "b.xml"]);
        let again = tree.insert("apiproxy/policies/b.xml".to_owned(), Vec::new()).expect_err("twice");
        assert_eq!(again.message, "apiproxy/policies/b.xml occurs twice");
    }

    #[test]
    fn limits() {
        let mut tree = FileTree::default();
        for index in 0..FILES_MAX {
            tree.insert(index.to_string(), Vec::new()).expect("within limits");
        }
        assert_eq!(tree.insert("x".to_owned(), Vec::new()).expect_err("too many").code, LIMIT);
        assert_eq!(
            (size_max("apiproxy/a.xml"), size_max("apiproxy/resources/xsl/a.xml")),
            (1 << 20, 16 << 20)
        );
    }

    #[test]
    fn litter_is_left_out() {
        assert!(belongs_to_bundle("apiproxy/policies/a.xml"));
        for path in [
            "apiproxy/policies/._a.xml",
            "apiproxy/.git/x",
            "__MACOSX/apiproxy/a.xml",
            "README.md",
            "apiproxyx/a",
        ] {
            assert!(!belongs_to_bundle(path), "{path}");
        }
    }
}
