//! Environment variables that set what the file could: `DORMOUSE__OAUTH__LISTEN=0.0.0.0:8080`. Lists are written as TOML
//! writes them. Paths are relative to the working directory.

use crate::config::Config;
use crate::config::error::{ConfigError, one_line};
use std::ffi::OsString;

/// Applies the variables of the process that are meant for Dormouse.
pub(super) fn apply(
    config: &mut Config,
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Result<(), ConfigError> {
    for (name, value) in variables {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
        let wrong = |message: String| ConfigError::Variable { name: name.to_owned(), message };
        let value = value.to_str().ok_or_else(|| wrong("is not UTF-8".to_owned()))?;
        let key = name.trim_start_matches(PREFIX).to_ascii_lowercase();
        config.overlay(setting(&key, value).map_err(wrong)?);
    }
    Ok(())
}

/// What one variable says. It is taken as a text, and where none is wanted, as TOML.
fn setting(key: &str, value: &str) -> Result<Config, String> {
    let (section, key) = key.split_once("__").unwrap_or(("", key));
    if key.is_empty() || key.contains(|symbol: char| !symbol.is_ascii_lowercase() && symbol != '_') {
        return Err("has no name of a setting".to_owned());
    }
    let document = |value: &str| match section {
        "" => format!("{key} = {value}\n"),
        section => format!("[{section}]\n{key} = {value}\n"),
    };
    let text = toml::Value::String(value.to_owned()).to_string();
    let as_text = toml::from_str::<Config>(&document(&text));
    as_text.or_else(|error| {
        let is_toml = toml::from_str::<toml::Table>(&document(value)).is_ok();
        let error_of = |error: &toml::de::Error| one_line(error.message());
        if is_toml {
            toml::from_str(&document(value)).map_err(|error| error_of(&error))
        } else {
            Err(error_of(&error))
        }
    })
}

const PREFIX: &str = "DORMOUSE__";

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn applied(variables: &[(&str, &str)]) -> Result<Config, String> {
        let mut config: Config = toml::from_str("workers = 1\n[oauth]\nlisten = \"127.0.0.1:1\"\n")
            .map_err(|it| it.to_string())?;
        let variables = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        apply(&mut config, variables).map_err(|error| error.to_string())?;
        Ok(config)
    }

    #[test]
    fn variables_win_over_the_file() {
        let config = applied(&[
            ("DORMOUSE__OAUTH__LISTEN", "0.0.0.0:80"),
            ("DORMOUSE__WORKERS", "4"),
            ("DORMOUSE__DATA", "/var/lib/dormouse"),
            ("DORMOUSE__ADMIN__HOSTS", r#"["a.example", "b.example"]"#),
            ("DORMOUSE__GATEWAY__STRICT", "true"),
            ("DORMOUSE_LOG", "debug"),
            ("HOME", "/"),
        ]);
        let config = config.expect("is right");
        assert_eq!(config.oauth.listen, "0.0.0.0:80".parse().ok());
        assert_eq!(config.workers.map(usize::from), Some(4));
        assert_eq!(config.data.as_deref(), Some(Path::new("/var/lib/dormouse")));
        assert_eq!(config.admin.hosts.as_deref().map(<[_]>::len), Some(2));
        assert_eq!(config.gateway.strict, Some(true));
    }

    #[track_caller]
    fn check(name: &str, value: &str, expected: &str) {
        let error = applied(&[(name, value)]).map(|_| ()).expect_err("is wrong");
        assert!(error.starts_with(&format!("environment variable {name}: {expected}")), "{error}");
    }

    #[test]
    fn mistakes_name_the_variable() {
        check("DORMOUSE__OAUTH__LISTN", "x", "unknown field `listn`");
        check("DORMOUSE__WORKERS", "many", "invalid type");
        check("DORMOUSE__WORKERS", "0", "invalid value");
        check("DORMOUSE__OAUTH__ACCESS_TTL", "soon", "expected a duration");
        check("DORMOUSE__OAUTH__LISTEN", "\"\nx = 1", "invalid socket address");
        check("DORMOUSE__", "x", "has no name");
        check("DORMOUSE__A]__B", "x", "");
    }
}
