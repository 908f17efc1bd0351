//! Where settings come from, so that a mistake that only several of them make together can be shown at a place.

use crate::config::error::{ConfigError, Excerpt};
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// The file and the environment that a configuration was read from.
#[derive(Default)]
pub(crate) struct Origin {
    /// The path and the content of the file, if there was one.
    file: Option<(PathBuf, String)>,
}

impl Origin {
    /// A file.
    pub(super) fn file(path: &Path, content: String) -> Self {
        Self { file: Some((path.to_owned(), content)) }
    }

    /// Which file it was.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.file.as_ref().map(|(path, _)| path.as_path())
    }

    /// A mistake at a setting: where the variable or the file sets it, else nowhere, as when it comes from a flag.
    pub(crate) fn mistake(&self, section: &str, key: &str, message: &str) -> ConfigError {
        let name = format!("DORMOUSE__{section}__{key}").to_ascii_uppercase();
        let message = message.to_owned();
        if std::env::var_os(&name).is_some() {
            return ConfigError::Variable { name, message };
        }
        let place =
            self.file.as_ref().and_then(|(path, text)| Some((path, text, place(text, section, key)?)));
        match place {
            Some((path, text, range)) => ConfigError::Content(Excerpt::at(path, text, range, message)),
            None => ConfigError::Combination(message),
        }
    }
}

/// Where the key of a setting stands in a text.
fn place(text: &str, section: &str, key: &str) -> Option<Range<usize>> {
    let root = DeTable::parse(text).ok()?;
    let (_, section) = root.get_ref().iter().find(|(name, _)| name.get_ref() == section)?;
    let DeValue::Table(section) = section.get_ref() else { return None };
    section.iter().find(|(name, _)| name.get_ref() == key).map(|(name, _)| name.span())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content: &str, expected: &str) {
        let origin = Origin::file(Path::new("d.toml"), content.to_owned());
        assert_eq!(origin.mistake("oauth", "tls_key", "no certificate").to_string(), expected);
    }

    #[test]
    fn mistakes_are_placed_where_the_setting_stands() {
        check(
            "[oauth]\nlisten = \"127.0.0.1:0\"\ntls_key = \"key.pem\"\n",
            "d.toml:3:1: no certificate\n  |\n3 | tls_key = \"key.pem\"\n  | ^^^^^^^",
        );
        check(
            "oauth = { tls_key = \"k\" }",
            "d.toml:1:11: no certificate\n  |\n1 | oauth = { tls_key = \"k\" }\n  |           ^^^^^^^",
        );
        check(
            "oauth.\"tls_key\" = \"k\"",
            "d.toml:1:7: no certificate\n  |\n1 | oauth.\"tls_key\" = \"k\"\n  |       ^^^^^^^^^",
        );
        check("[admin]\ntls_key = \"k\"", "no certificate");
        assert_eq!(Origin::default().mistake("oauth", "tls_key", "x").to_string(), "x");
    }
}
