//! JUnit's XML, which every CI server shows as tests: a suite for each bundle, a failed test for each finding from the
//! denied level on, a passed one with output for each other, and one passed test for a clean bundle.

use quick_junit::{NonSuccessKind, Report as Junit, TestCase, TestCaseStatus, TestSuite};

use crate::finding::Finding;
use crate::path::repository_path;
use crate::report::Report;
use crate::visible::visible;

use super::text::plain;

pub(super) fn write(report: &Report<'_>, text: &mut String) {
    let mut document = Junit::new("dormouse lint");
    for (bundle, findings) in report.by_bundle() {
        let name = if bundle.is_empty() { "(no bundle)".to_owned() } else { visible(bundle) };
        let mut suite = TestSuite::new(&name);
        suite.add_test_cases(findings.iter().map(|finding| case(finding, &name, report)));
        if findings.is_empty() {
            let mut clean = TestCase::new("lint", TestCaseStatus::success());
            clean.set_classname(name);
            suite.add_test_case(clean);
        }
        document.add_test_suite(suite);
    }
    // Writing to a string cannot fail, and no text is left that XML has no form for.
    text.push_str(&document.to_string().unwrap_or_default());
}

fn case(finding: &Finding, bundle: &str, report: &Report<'_>) -> TestCase {
    let rule = finding.rule;
    let mut name = format!("{} {}", rule.code, rule.name);
    if let Some(span) = &finding.span {
        // The place keeps two findings of one rule apart; servers take tests of one name for one.
        let start = span.start();
        let path = visible(finding.path_in_bundle());
        name = format!("{name} at {path}:{}:{}", start.line, start.column);
    }
    let fails = finding.level >= report.deny;
    let mut status = TestCaseStatus::success();
    if fails {
        status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_type(finding.level.as_str()).set_message(visible(&finding.message));
        status.set_description(plain(finding));
    }
    let mut case = TestCase::new(name, status);
    case.set_classname(bundle);
    if !fails {
        case.set_system_out(plain(finding));
    }
    if let Some(span) = &finding.span {
        let place =
            [("file", visible(&repository_path(&span.file.path))), ("line", span.start().line.to_string())];
        case.extra.extend(place.map(|(name, value)| (name.into(), value.into())));
    }
    case
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{with_nasty_report, with_report};
    use dormouse_bundle::{Level, SourceFile, parse_xml};

    #[test]
    fn the_document() {
        let mut text = String::new();
        with_report(|report| write(report, &mut text));
        insta::assert_snapshot!(text, @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="dormouse lint" tests="4" skipped="0" failures="1" errors="0">
            <testsuite name="clean" tests="1" skipped="0" errors="0" failures="0">
                <testcase name="lint" classname="clean"/>
            </testsuite>
            <testsuite name="oauth" tests="2" skipped="0" errors="0" failures="1">
                <testcase name="OAU001 refresh-never-redeemed at apiproxy/policies/Token.xml:1:1" classname="oauth" file="api/oauth/apiproxy/policies/Token.xml" line="1">
                    <failure message="nobody redeems the refresh tokens that `Token` issues" type="error">error[OAU001 refresh-never-redeemed]: nobody redeems the refresh tokens that `Token` issues
         --&gt; ./api/oauth/apiproxy/policies/Token.xml:1:1
          |
        1 | &lt;OAuthV2 name=&quot;Token&quot;&gt;
          | ^^^^^^^^^^^^^^^^^^^^^^
          |
          = help: attach a RefreshAccessToken policy
        note: it is attached here
         --&gt; ./api/oauth/apiproxy/proxies/default.xml:2:3
          |
        2 |   &lt;PreFlow/&gt;
          |   ^^^^^^^^^^</failure>
                </testcase>
                <testcase name="OAU007 refresh-ttl-long at apiproxy/policies/Token.xml:3:26" classname="oauth" file="api/oauth/apiproxy/policies/Token.xml" line="3">
                    <system-out>warning[OAU007 refresh-ttl-long]: refresh tokens never expire
         --&gt; ./api/oauth/apiproxy/policies/Token.xml:3:26
          |
        3 |   &lt;RefreshTokenExpiresIn&gt;-1&lt;/RefreshTokenExpiresIn&gt;
          |                          ^^
          |
          = fix, needs review: set it to 30 days
          = fix: leave it</system-out>
                </testcase>
            </testsuite>
            <testsuite name="(no bundle)" tests="1" skipped="0" errors="0" failures="0">
                <testcase name="OAU016 operation-missing-or-invalid" classname="(no bundle)">
                    <system-out>info[OAU016 operation-missing-or-invalid]: cannot read b.zip: it is cut off</system-out>
                </testcase>
            </testsuite>
        </testsuites>
        "#);
    }

    #[test]
    fn the_denied_level_decides_what_fails() {
        let failures = |deny| {
            let mut text = String::new();
            with_report(|report| write(&Report { deny, ..*report }, &mut text));
            text.matches("<failure ").count()
        };
        assert_eq!([Level::Error, Level::Warning, Level::Info].map(failures), [1, 2, 3]);
    }

    #[test]
    fn hostile_text_stays_where_it_belongs() {
        let mut text = String::new();
        with_nasty_report(|report| write(report, &mut text));
        let root = parse_xml(&SourceFile::new("a.xml", text)).expect("well-formed");
        assert_eq!(root.name, "testsuites");
    }
}
