//! For people on a terminal: each finding as a compiler shows it, with the line and a caret, then one line that counts.

use annotate_snippets::{Group, Level as Severity, Renderer};

use crate::excerpt::{Colour, NOTHING, place, renderer, severity};
use crate::finding::Finding;
use crate::lines::{counted, tally};
use crate::report::Report;
use crate::visible::visible;

pub(super) fn write(report: &Report<'_>, text: &mut String) {
    let renderer = renderer(report.colour);
    for finding in report.findings {
        text.push_str(&render(finding, &renderer));
        text.push_str("\n\n");
    }
    text.push_str(&conclusion(report));
    text.push('\n');
}

/// One finding without colours and without a line end.
pub(super) fn plain(finding: &Finding) -> String {
    render(finding, &renderer(Colour::Never))
}

/// `2 errors, 1 warning in 3 bundles, 4 suppressed`
pub(super) fn conclusion(report: &Report<'_>) -> String {
    let levels: Vec<_> = report.findings.iter().map(|finding| finding.level).collect();
    let mut line = tally(&levels).unwrap_or_else(|| "nothing found".to_owned());
    if let Some(bundles) = counted(report.bundles.len(), "bundle") {
        line.extend([" in ", &bundles]);
    }
    if report.suppressed > 0 {
        line.extend([", ", &report.suppressed.to_string(), " suppressed"]);
    }
    line
}

fn render(finding: &Finding, renderer: &Renderer) -> String {
    let id = format!("{} {}", finding.rule.code, finding.rule.name);
    let title = severity(finding.level).primary_title(visible(&finding.message)).id(id);
    let mut main = place(title.elements(NOTHING), finding.span.as_ref());
    if let Some(help) = &finding.help {
        main = main.element(Severity::HELP.message(visible(help)));
    }
    for fix in &finding.fixes {
        let name = if fix.safe { "fix" } else { "fix, needs review" };
        main = main.element(Severity::HELP.with_name(name).message(visible(&fix.title)));
    }
    let related = finding.related.iter().map(|related| {
        let title = Severity::NOTE.secondary_title(visible(&related.message));
        place(title.elements(NOTHING), Some(&related.span))
    });
    let groups: Vec<Group<'_>> = std::iter::once(main).chain(related).collect();
    renderer.render(&groups)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::with_report;

    #[test]
    fn findings_are_shown_as_a_compiler_does() {
        let mut text = String::new();
        with_report(|report| write(report, &mut text));
        insta::assert_snapshot!(text, @r#"
        error[OAU001 refresh-never-redeemed]: nobody redeems the refresh tokens that `Token` issues
         --> ./api/oauth/apiproxy/policies/Token.xml:1:1
          |
        1 | <OAuthV2 name="Token">
          | ^^^^^^^^^^^^^^^^^^^^^^
          |
          = help: attach a RefreshAccessToken policy
        note: it is attached here
         --> ./api/oauth/apiproxy/proxies/default.xml:2:3
          |
        2 |   <PreFlow/>
          |   ^^^^^^^^^^

        warning[OAU007 refresh-ttl-long]: refresh tokens never expire
         --> ./api/oauth/apiproxy/policies/Token.xml:3:26
          |
        3 |   <RefreshTokenExpiresIn>-1</RefreshTokenExpiresIn>
          |                          ^^
          |
          = fix, needs review: set it to 30 days
          = fix: leave it

        info[OAU016 operation-missing-or-invalid]: cannot read b.zip: it is cut off

        1 error, 1 warning, 1 remark in 2 bundles, 2 suppressed
        "#);
    }

    #[test]
    fn colours_only_when_asked_for() {
        with_report(|report| {
            let (mut plain, mut coloured) = (String::new(), String::new());
            write(report, &mut plain);
            write(&Report { colour: Colour::Always, ..*report }, &mut coloured);
            assert!(!plain.contains('\u{1b}') && coloured.contains('\u{1b}'));
        });
    }

    #[test]
    fn the_conclusion_counts() {
        with_report(|report| {
            assert_eq!(conclusion(report), "1 error, 1 warning, 1 remark in 2 bundles, 2 suppressed");
            let clean = Report { findings: &[], suppressed: 0, ..*report };
            assert_eq!(conclusion(&clean), "nothing found in 2 bundles");
            assert_eq!(conclusion(&Report { bundles: &[], ..clean }), "nothing found");
        });
    }
}
