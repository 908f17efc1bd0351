//! Where to read a bundle from, as it is written on a command line: `PATH` or `NAME=PATH`.

use std::path::PathBuf;

/// A place to read bundles from, and the name to deploy them under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleSource {
    /// The name to deploy under, in place of the manifest's.
    pub name: Option<String>,
    /// A directory that holds `apiproxy/` or `sharedflowbundle/` or both, one of these two, or a zip archive.
    pub path: PathBuf,
}

impl BundleSource {
    /// Reads an argument. Text before the first `=` is a name unless it has a path separator.
    ///
    /// # Errors
    /// A sentence that says why the name or path cannot be one.
    pub fn parse(argument: &str) -> Result<Self, BundleSourceError> {
        let Some((name, path)) = argument.split_once('=').filter(|(name, _)| !name.contains(['/', '\\']))
        else {
            return Self::with(None, argument);
        };
        if !is_bundle_name(name) {
            return Err(BundleSourceError::Name(name.to_owned()));
        }
        Self::with(Some(name.to_owned()), path)
    }

    fn with(name: Option<String>, path: &str) -> Result<Self, BundleSourceError> {
        if path.is_empty() {
            return Err(BundleSourceError::NoPath);
        }
        Ok(Self { name, path: PathBuf::from(path) })
    }
}

/// Why an argument names no bundle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleSourceError {
    /// The name has characters that Apigee does not allow.
    #[error("`{0}` cannot be the name of a bundle: 1 to 255 letters, digits and `._-@$% ` are allowed")]
    Name(String),
    /// There is no path.
    #[error("a bundle needs a path: PATH or NAME=PATH")]
    NoPath,
}

/// Whether a name is one that Apigee allows for proxies and shared flows.
pub(crate) fn is_bundle_name(name: &str) -> bool {
    (1..=255).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._ @$%-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(argument: &str, name: Option<&str>, path: &str) {
        let expected = BundleSource { name: name.map(str::to_owned), path: PathBuf::from(path) };
        assert_eq!(BundleSource::parse(argument), Ok(expected));
    }

    #[test]
    fn paths_and_names() {
        check("a/b.zip", None, "a/b.zip");
        check("oauth v1=a/b", Some("oauth v1"), "a/b");
        check("./a=b", None, "./a=b");
        check("a=b=c", Some("a"), "b=c");
    }

    #[test]
    fn what_is_no_name_or_path() {
        assert_eq!(BundleSource::parse("ä=x"), Err(BundleSourceError::Name("ä".to_owned())));
        assert_eq!(BundleSource::parse("=x"), Err(BundleSourceError::Name(String::new())));
        assert_eq!(BundleSource::parse("a="), Err(BundleSourceError::NoPath));
        assert_eq!(BundleSource::parse(""), Err(BundleSourceError::NoPath));
    }
}
