//! Checkstyle's XML, which Jenkins, SonarQube and many review tools read. A file is an element, a finding an `error`
//! in it, whatever its level.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use dormouse_bundle::{Position, Span};

use crate::finding::Finding;
use crate::report::Report;
use crate::visible::visible;

use super::{file_or_bundle, message_and_help};

pub(super) fn write(report: &Report<'_>, text: &mut String) {
    let mut files: BTreeMap<String, Vec<&Finding>> = BTreeMap::new();
    for finding in report.findings {
        files.entry(file_or_bundle(finding)).or_default().push(finding);
    }
    text.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<checkstyle version=\"4.3\">\n");
    // Writing to a string cannot fail.
    for (file, findings) in files {
        let _ = writeln!(text, "  <file name=\"{}\">", attribute(&file));
        for finding in findings {
            let _ = writeln!(text, "    {}", element(finding));
        }
        text.push_str("  </file>\n");
    }
    text.push_str("</checkstyle>\n");
}

fn element(finding: &Finding) -> String {
    let Position { line, column } = finding.span.as_ref().map_or(START, Span::start);
    format!(
        "<error line=\"{line}\" column=\"{column}\" severity=\"{}\" message=\"{}\" source=\"dormouse.{}.{}\"/>",
        finding.level.as_str(),
        attribute(&message_and_help(finding)),
        finding.rule.code,
        finding.rule.name,
    )
}

/// Text for an attribute's value. What XML 1.0 forbids (§2.2), line ends among it here, is replaced.
fn attribute(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in visible(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ => escaped.push(character),
        }
    }
    escaped
}

const START: Position = Position { line: 1, column: 1 };

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{with_nasty_report, with_report};

    #[test]
    fn the_document() {
        let mut text = String::new();
        with_report(|report| write(report, &mut text));
        insta::assert_snapshot!(text, @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <checkstyle version="4.3">
          <file name=".">
            <error line="1" column="1" severity="info" message="cannot read b.zip: it is cut off" source="dormouse.OAU016.operation-missing-or-invalid"/>
          </file>
          <file name="api/oauth/apiproxy/policies/Token.xml">
            <error line="1" column="1" severity="error" message="nobody redeems the refresh tokens that `Token` issues (attach a RefreshAccessToken policy)" source="dormouse.OAU001.refresh-never-redeemed"/>
            <error line="3" column="26" severity="warning" message="refresh tokens never expire" source="dormouse.OAU007.refresh-ttl-long"/>
          </file>
        </checkstyle>
        "#);
    }

    #[test]
    fn hostile_text_stays_in_its_attribute() {
        let mut text = String::new();
        with_nasty_report(|report| write(report, &mut text));
        let file = dormouse_bundle::SourceFile::new("a.xml", text);
        let root = dormouse_bundle::parse_xml(&file).expect("well-formed");
        assert_eq!(root.name, "checkstyle");
        assert_eq!(attribute("a\u{ffff}\n"), "a\u{fffd}\u{fffd}");
    }
}
