//! Reading an `--entities` directory, and the throw-away entities of a start without one.

use crate::exit::{Failure, OrFailure as _, say};
use anyhow::Context as _;
use dormouse_engine::{Engine, ProvisionError, Provisioned};
use dormouse_entity::FILE_NAMES;
use std::path::Path;
use std::{fs, io};

/// The files that an entities directory may hold, with their texts.
pub(crate) fn read(directory: &Path) -> Result<Vec<(String, String)>, Failure> {
    if !directory.is_dir() {
        let error = anyhow::anyhow!("{}: not a directory", directory.display());
        return Err(Failure::Usage(error));
    }
    let mut files = Vec::new();
    for name in FILE_NAMES {
        let path = directory.join(name);
        match read_file(&path) {
            Ok(text) => files.push((path.display().to_string(), text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display())).or_refused();
            }
        }
    }
    if files.is_empty() {
        let known = FILE_NAMES.join(", ");
        say(format_args!("warning: {} holds none of {known}: no client exists", directory.display()));
    }
    Ok(files)
}

/// A file's text. Only a file has an end: a pipe or a device would be read for ever.
fn read_file(path: &Path) -> io::Result<String> {
    let refuse = |why: String| Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return refuse("it is not a file".to_owned());
    }
    if metadata.len() > FILE_BYTES_MAX {
        return refuse(format!("it is larger than {FILE_BYTES_MAX} bytes"));
    }
    fs::read_to_string(path)
}

/// Applies files and says what came of it.
pub(crate) async fn apply(engine: &Engine, files: &[(String, String)]) -> Result<Provisioned, Failure> {
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (&**name, &**text)).collect();
    match engine.provision(&files).await {
        Ok(provisioned) => Ok(provisioned),
        Err(ProvisionError::Files(errors)) => {
            for error in &errors {
                say(format_args!("error: {error}"));
            }
            Err(Failure::Found)
        }
        Err(error) => Err(error).or_refused(),
    }
}

/// One developer, one product that restricts nothing, and one app whose key and secret are generated.
pub(crate) fn throw_away() -> Vec<(String, String)> {
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    vec![
        // The quota is there for proxies that take theirs from the product; nothing else looks at it.
        file(
            "products.json",
            r#"[{"name": "trial-product", "quota": "1000", "quotaInterval": "1", "quotaTimeUnit": "minute"}]"#,
        ),
        file(
            "developers.json",
            r#"[{"email": "trial@dormouse.example", "firstName": "Trial", "lastName": "Developer"}]"#,
        ),
        file(
            "developerapps.json",
            r#"[{"name": "trial-app", "developerEmail": "trial@dormouse.example",
                "credentials": [{"apiProducts": [{"apiproduct": "trial-product"}]}]}]"#,
        ),
    ]
}

/// Some hundred thousand apps.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;
