//! Reading `dormouse.toml`. Paths in it are relative to it.

use crate::config::Config;
use crate::config::error::{ConfigError, Excerpt};
use crate::config::origin::Origin;
use std::path::{Path, PathBuf};

pub(super) fn read(path: &Path) -> Result<(Config, Origin), ConfigError> {
    let content = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::File { path: path.to_owned(), source })?;
    let mut config = parse(path, &content)?;
    if let Some(directory) = path.parent() {
        anchor(&mut config, directory);
    }
    Ok((config, Origin::file(path, content)))
}

fn parse(path: &Path, content: &str) -> Result<Config, ConfigError> {
    toml::from_str(content).map_err(|error| ConfigError::Content(Excerpt::new(path, content, &error)))
}

fn anchor(config: &mut Config, directory: &Path) {
    let paths = [
        &mut config.entities,
        &mut config.data,
        &mut config.oauth.tls_certificate,
        &mut config.oauth.tls_key,
        &mut config.gateway.tls_certificate,
        &mut config.gateway.tls_key,
        &mut config.admin.tls_certificate,
        &mut config.admin.tls_key,
        &mut config.admin.token_file,
        &mut config.store.mark,
        &mut config.store.roots,
    ];
    for path in paths.into_iter().flatten() {
        *path = directory.join(&*path);
    }
    for bundle in config.gateway.bundles.iter_mut().flatten() {
        let (name, path) = bundle.split_once('=').map_or(("", &**bundle), |(name, path)| (name, path));
        let path: PathBuf = directory.join(path);
        let path = path.display();
        *bundle = if name.is_empty() { path.to_string() } else { format!("{name}={path}") };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content: &str, expected: &str) {
        let error = parse(Path::new("dormouse.toml"), content).map(|_| ()).expect_err("is wrong");
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn errors_point_into_the_file() {
        check(
            "[oauth]\n  access_ttl = \"30 minutes\"\n",
            "dormouse.toml:2:16: expected a duration such as 90s, 30m, 12h or 30d, at most 730d\n  |\n\
             2 |   access_ttl = \"30 minutes\"\n  |                ^^^^^^^^^^^^",
        );
        check(
            "[oauth]\nisuer = \"https://a.example\"\n",
            "dormouse.toml:2:1: unknown field `isuer`, expected one of `listen`, `tls_certificate`, `tls_key`, `issuer`, \
             `authorization_endpoint`, `cors_origins`, `access_ttl`, `refresh_ttl`, `family_ttl`, `rotation`, \
             `grace`\n  |\n\
             2 | isuer = \"https://a.example\"\n  | ^^^^^",
        );
        check(
            "[oauth]\nissuer = \"http://a.example\"\n",
            "dormouse.toml:2:10: must begin with https:// unless its host is a loopback address: tokens would \
             travel in the clear\n  |\n2 | issuer = \"http://a.example\"\n  |          ^^^^^^^^^^^^^^^^^^",
        );
        check(
            "[oauth]\nrotation = \"never\"",
            "dormouse.toml:2:12: expected \"reuse\" or \"apigee\" or \"rotate\" or \"strict\"\n  |\n\
             2 | rotation = \"never\"\n  |            ^^^^^^^",
        );
    }

    #[test]
    fn other_mistakes_are_placed_as_well() {
        for (content, place) in [
            ("workers = 0", ":1:11:"),
            ("[oauth]\nlisten = 8080", ":2:10:"),
            ("[oauth]\nlisten = \"8080\"", ":2:10:"),
            ("[admin]\nmetrics = \"public\"", ":2:11:"),
            ("[store]\nmark_identity = \"inode\"", ":2:17:"),
            ("platform = \"y\"", ":1:12:"),
            ("[oauth\n", ":1:7:"),
            ("data = \"a\"\ndata = \"b\"", ":2:1:"),
        ] {
            let error = parse(Path::new("c.toml"), content).map(|_| ()).expect_err(content).to_string();
            assert!(error.contains(place), "{content}: {error}");
        }
    }

    #[test]
    fn paths_are_relative_to_the_file() {
        let content = "data = \"state\"\nentities = \"/etc/e\"\n[gateway]\nbundles = [\"a\", \"n=b.zip\"]\n";
        let mut config = parse(Path::new("x"), content).expect("is right");
        anchor(&mut config, Path::new("/etc/dormouse"));
        assert_eq!(config.data.as_deref(), Some(Path::new("/etc/dormouse/state")));
        assert_eq!(config.entities.as_deref(), Some(Path::new("/etc/e")));
        let bundles = config.gateway.bundles.unwrap_or_default();
        assert_eq!(bundles, ["/etc/dormouse/a", "n=/etc/dormouse/b.zip"]);
    }
}
