//! Workflow commands, which GitHub Actions turns into annotations of the changed lines:
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>.

use dormouse_bundle::Level;

use crate::finding::Finding;
use crate::path::repository_path;
use crate::report::Report;
use crate::visible::visible;

use super::text::conclusion;

pub(super) fn write(report: &Report<'_>, text: &mut String) {
    for finding in report.findings {
        text.push_str(&command(finding));
        text.push('\n');
    }
    // A line that is no command is shown as it is.
    text.push_str(&conclusion(report));
    text.push('\n');
}

fn command(finding: &Finding) -> String {
    let name = match finding.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Info => "notice",
    };
    let title = format!("{} {}", finding.rule.code, finding.rule.name);
    let mut properties = vec![("title", title)];
    if let Some(span) = &finding.span {
        let (start, end) = (span.start(), span.end());
        properties.push(("file", repository_path(&span.file.path)));
        properties.push(("line", start.line.to_string()));
        // Columns of two lines would be refused as a pair.
        if start.line == end.line {
            properties.push(("col", start.column.to_string()));
            properties.push(("endColumn", end.column.to_string()));
        } else {
            properties.push(("endLine", end.line.to_string()));
        }
    }
    let properties: Vec<String> =
        properties.into_iter().map(|(name, value)| format!("{name}={}", property(&value))).collect();
    let mut message = data(&finding.message);
    if let Some(help) = &finding.help {
        message.extend(["%0A", &data(help)]);
    }
    format!("::{name} {}::{message}", properties.join(","))
}

/// Text behind the second `::`. Line ends could be escaped as well; like other control characters they are replaced,
/// so that a log can be read safely as it is.
fn data(text: &str) -> String {
    visible(text).replace('%', "%25")
}

/// The value of a property, in which the separators are escaped too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{with_nasty_report, with_report};

    #[test]
    fn a_command_for_each_finding() {
        let mut text = String::new();
        with_report(|report| write(report, &mut text));
        insta::assert_snapshot!(text, @"
        ::error title=OAU001 refresh-never-redeemed,file=api/oauth/apiproxy/policies/Token.xml,line=1,endLine=2::nobody redeems the refresh tokens that `Token` issues%0Aattach a RefreshAccessToken policy
        ::warning title=OAU007 refresh-ttl-long,file=api/oauth/apiproxy/policies/Token.xml,line=3,col=26,endColumn=28::refresh tokens never expire
        ::notice title=OAU016 operation-missing-or-invalid::cannot read b.zip: it is cut off
        1 error, 1 warning, 1 remark in 2 bundles, 2 suppressed
        ");
    }

    #[test]
    fn hostile_text_begins_no_command_and_no_property() {
        let mut text = String::new();
        with_nasty_report(|report| write(report, &mut text));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        let (properties, message) =
            lines[0].strip_prefix("::warning ").and_then(|rest| rest.split_once("::")).expect("a command");
        let names: Vec<&str> = properties.split(',').filter_map(|it| Some(it.split_once('=')?.0)).collect();
        assert_eq!(names, ["title", "file", "line", "col", "endColumn"]);
        assert!(message.contains("%250A%25,:"), "{message}");
    }
}
