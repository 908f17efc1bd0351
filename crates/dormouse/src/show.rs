//! Printing what an administrator asked for: JSON as it came, or aligned lines for people.

use crate::administrator::Format;
use crate::exit::{Failure, OrFailure as _, Outcome, print};
use dormouse_report::visible;
use serde_json::Value;
use std::fs;
use std::io::Read as _;
use std::path::Path;

/// Prints an answer as JSON, or the lines that are made of it.
pub(crate) fn show(format: Format, answer: &Value, lines: impl Fn(&Value) -> String) -> Outcome {
    match format {
        Format::Json => print(format_args!("{}\n", serde_json::to_string_pretty(answer).or_internal()?)),
        Format::Text => print(format_args!("{}", lines(answer))),
    }
    Ok(())
}

/// Lines of a label and a value; those without a value are left out.
pub(crate) fn lines(pairs: &[(&str, String)]) -> String {
    let shown = pairs.iter().filter(|(_, value)| !value.is_empty());
    shown.flat_map(|(label, value)| [format!("{label:<12} "), visible(value), "\n".to_owned()]).collect()
}

/// A member as text; empty when there is none.
pub(crate) fn text(form: &Value, member: &str) -> String {
    match &form[member] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The elements of a list.
pub(crate) fn list<'a>(form: &'a Value, member: &str) -> &'a [Value] {
    form[member].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A member in milliseconds since 1970, as a date; `-1` is never.
pub(crate) fn time(form: &Value, member: &str) -> String {
    let text = text(form, member);
    if text == "-1" {
        return "never".to_owned();
    }
    let parsed = text.parse().ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    parsed.map_or(text, |timestamp| timestamp.to_string())
}

/// A consumer key with its secret, where it is told.
pub(crate) fn credential(form: &Value) -> String {
    let product = |product: &Value| format!("{} ({})", text(product, "apiproduct"), text(product, "status"));
    let products: Vec<String> = list(form, "apiProducts").iter().map(product).collect();
    lines(&[
        ("key", text(form, "consumerKey")),
        ("secret", text(form, "consumerSecret")),
        ("status", text(form, "status")),
        ("issued", time(form, "issuedAt")),
        ("expires", time(form, "expiresAt")),
        ("products", products.join(", ")),
    ])
}

/// A secret from a file, or from standard input for `-`; never from the command line, which others can read.
pub(crate) fn read_secret(path: &Path) -> Result<String, Failure> {
    use anyhow::Context as _;
    let mut content = String::new();
    if path == Path::new("-") {
        std::io::stdin().take(SECRET_BYTES_MAX).read_to_string(&mut content).or_refused()?;
    } else {
        let file =
            fs::File::open(path).with_context(|| format!("cannot read {}", path.display())).or_refused()?;
        file.take(SECRET_BYTES_MAX).read_to_string(&mut content).or_refused()?;
    }
    Ok(content.trim_end_matches(['\r', '\n']).to_owned())
}

/// Longer than any token or password that is accepted.
const SECRET_BYTES_MAX: u64 = 32 * 1024;
