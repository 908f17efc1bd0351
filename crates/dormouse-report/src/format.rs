//! The output formats, one file each. A new one is a file and a line in the list here.

mod checkstyle;
mod github;
mod gitlab;
mod html;
mod json;
mod junit;
mod sarif;
mod text;

use crate::finding::Finding;
use crate::path::repository_path;
use crate::report::Report;

/// A way to write a report.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// As it is named on the command line.
    pub name: &'static str,
    /// The usual extension of its files, without a dot.
    pub extension: &'static str,
    /// Appends the whole report, with a line end.
    pub write: fn(&Report<'_>, &mut String),
}

/// Every format; the first is the default.
pub const FORMATS: &[Format] = &[
    Format { name: "text", extension: "txt", write: text::write },
    Format { name: "json", extension: "json", write: json::write },
    Format { name: "sarif", extension: "sarif", write: sarif::write },
    Format { name: "junit", extension: "xml", write: junit::write },
    Format { name: "checkstyle", extension: "xml", write: checkstyle::write },
    Format { name: "github", extension: "txt", write: github::write },
    Format { name: "gitlab", extension: "json", write: gitlab::write },
    Format { name: "html", extension: "html", write: html::write },
];

/// For formats that have one text only: `message (help)`.
fn message_and_help(finding: &Finding) -> String {
    let help = finding.help.as_ref().map(|help| format!(" ({help})"));
    finding.message.clone() + &help.unwrap_or_default()
}

/// For formats that know files only: the file with `/`, in its stead the bundle, or `.` where not even that is known.
fn file_or_bundle(finding: &Finding) -> String {
    match &finding.span {
        Some(span) => repository_path(&span.file.path),
        None if finding.bundle.is_empty() => ".".to_owned(),
        None => finding.bundle.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{NASTY, with_nasty_report, with_report};

    fn written(format: &Format, report: &Report<'_>) -> String {
        let mut text = String::new();
        (format.write)(report, &mut text);
        text
    }

    #[test]
    fn the_same_report_gives_the_same_bytes() {
        for format in FORMATS {
            let once = with_report(|report| written(format, report));
            assert_eq!(once, with_report(|report| written(format, report)), "{}", format.name);
            assert!(once.ends_with('\n'), "{}", format.name);
        }
    }

    #[test]
    fn nothing_in_a_bundle_reaches_a_file_as_a_control_character_or_a_tag() {
        for format in FORMATS {
            let text = with_nasty_report(|report| written(format, report));
            let json = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            // JSON is not for terminals, and asks for escapes below the space only.
            let control =
                text.chars().find(|it| *it != '\n' && if json { *it < ' ' } else { it.is_control() });
            assert_eq!(control, None, "{}", format.name);
            assert!(!text.contains("\n::warning"), "{}", format.name);
            if matches!(format.name, "html" | "junit" | "checkstyle") {
                assert!(!text.contains("<script") && !text.contains("]]>"), "{}", format.name);
            }
        }
    }

    #[test]
    fn json_formats_give_the_text_back() {
        for name in ["json", "sarif", "gitlab"] {
            let format = FORMATS.iter().find(|format| format.name == name).expect("a format");
            let text = with_nasty_report(|report| written(format, report));
            let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            assert!(contains(&value, NASTY), "{name}");
        }
    }

    fn contains(value: &serde_json::Value, text: &str) -> bool {
        match value {
            serde_json::Value::String(string) => string.contains(text),
            serde_json::Value::Array(values) => values.iter().any(|value| contains(value, text)),
            serde_json::Value::Object(members) => members.values().any(|value| contains(value, text)),
            _ => false,
        }
    }
}
