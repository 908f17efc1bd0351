//! The files of the repository, as the rules see them.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// A text file of the repository.
pub(crate) struct File {
    /// From the repository's root, with `/` between names.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// The folder of the workspace's manifest.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every file with this extension, sorted by path; what builds and tools leave behind is passed over.
pub(crate) fn files(extension: &str) -> io::Result<Vec<File>> {
    let root = root();
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let left_behind = LEFT_BEHIND.iter().any(|prefix| name.starts_with(prefix));
            if path.is_dir() && !left_behind {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == extension) {
                found.push(File { path: relative(&root, &path), text: fs::read_to_string(&path)? });
            }
        }
    }
    found.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(found)
}

/// The manifests of the workspace's packages, without the root's.
pub(crate) fn manifests() -> io::Result<Vec<File>> {
    let all = files("toml")?;
    Ok(all
        .into_iter()
        .filter(|file| file.path.ends_with("/Cargo.toml") && !file.path.starts_with("fuzz/"))
        .collect())
}

/// Fails with one line per problem.
#[track_caller]
pub(crate) fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

/// Checks the problems that a rule finds in a text made for it: one expected part per problem, in order.
#[track_caller]
pub(crate) fn assert_problems(problems: &[String], expected: &[&str]) {
    let as_expected = problems.len() == expected.len()
        && problems.iter().zip(expected).all(|(problem, part)| problem.contains(part));
    assert!(as_expected, "expected {expected:#?}\nfound {problems:#?}");
}

fn relative(root: &Path, path: &Path) -> String {
    let inside = path.strip_prefix(root).unwrap_or(path);
    inside.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

const LEFT_BEHIND: &[&str] = &[".git", "target", "mutants.out", "node_modules"];
