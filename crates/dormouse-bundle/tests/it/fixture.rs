//! Bundles in strings: files separated by lines that begin with `//- /path`.

use std::fs;
use std::path::Path;

use dormouse_bundle::{Bundle, BundleSource, Problem, diagnose, load};
use tempfile::TempDir;

/// Files on disk that vanish with the value.
pub(crate) struct Fixture {
    directory: TempDir,
}

impl Fixture {
    /// Writes the files of a fixture string.
    pub(crate) fn new(files: &str) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        for file in files.split("//- /").skip(1) {
            let (path, content) = file.split_once('\n').expect("a path and a content");
            let path = directory.path().join(path.trim());
            fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
            fs::write(path, content).expect("a file");
        }
        Self { directory }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Loads what is at a path inside the fixture.
    pub(crate) fn load(&self, inside: &str) -> (Vec<Bundle>, Vec<Problem>) {
        load(&BundleSource { name: None, path: self.path().join(inside) })
    }

    /// Problems as `level code file:line:column message`, paths relative to the fixture.
    pub(crate) fn shown(&self, problems: &[Problem]) -> Vec<String> {
        let root = format!("{}/", self.path().display());
        let show = |problem: &Problem| {
            let place = problem.span.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
            let text = format!("{} {} {place} {}", problem.level.as_str(), problem.code, problem.message);
            text.replace(&root, "")
        };
        problems.iter().map(show).collect()
    }
}

/// Loads and diagnoses the fixture's root, and compares all problems.
#[track_caller]
pub(crate) fn check(files: &str, expected: &[&str]) {
    let fixture = Fixture::new(files);
    let (bundles, mut problems) = fixture.load("");
    problems.extend(diagnose(&bundles));
    assert_eq!(fixture.shown(&problems), expected);
}

/// A proxy bundle with one flow that runs the given steps, and further files.
pub(crate) fn proxy(steps: &str, files: &str) -> String {
    format!(
        "//- /apiproxy/proxies/default.xml\n<ProxyEndpoint name='default'><PreFlow><Request>{steps}</Request></PreFlow>\
         <HTTPProxyConnection><BasePath>/a</BasePath></HTTPProxyConnection><RouteRule name='none'/></ProxyEndpoint>\n{files}"
    )
}
