//! LNT001: a file that could not be read, or not as it was meant. The other files are linted all the same.

use crate::rule::Rule;
use dormouse_bundle::{Level, Problem};
use dormouse_report::{Finding, RuleInfo};

/// The rule. Its findings come with the bundles, not from a bundle's analysis.
pub(crate) static RULE: Rule = Rule { info: INFO, check: |_, _, _| Vec::new() };

/// One finding for each problem of reading. What only looks odd is a remark: other tools judge that.
pub(crate) fn findings(problems: &[Problem]) -> Vec<Finding> {
    let finding = |problem: &Problem| {
        let is_unread = UNREAD.contains(&problem.code) && problem.level == Level::Error;
        Finding {
            rule: &RULE.info,
            level: if is_unread { Level::Error } else { Level::Info },
            bundle: String::new(),
            span: problem.span.clone(),
            message: problem.message.clone(),
            help: problem.help.clone(),
            fixes: Vec::new(),
            related: Vec::new(),
        }
    };
    problems.iter().map(finding).collect()
}

const UNREAD: [&str; 12] = [
    "archive-broken",
    "archive-refused",
    "bundle-limit",
    "duplicate-file",
    "file-encoding",
    "file-name",
    "file-too-large",
    "symlink-outside",
    "unreadable",
    "xml-doctype",
    "xml-limit",
    "xml-malformed",
];

const INFO: RuleInfo = RuleInfo {
    code: "LNT001",
    name: "unreadable-file",
    level: Level::Error,
    summary: "a file cannot be read, or not as it was meant",
    what: "XML that is not well-formed, an encoding that is not known, a file or an archive over the limits; as a \
           remark also elements that have no meaning where they stand, and UTF-16 or Latin-1 instead of UTF-8. Each file is told once and the others are linted.",
    why: "What cannot be read is not checked, and Apigee will not deploy it either.",
    bad: "<OAuthV2 name=\"Token\">\n  <Operation>GenerateAccessToken\n</OAuthV2>",
    good: "<OAuthV2 name=\"Token\">\n  <Operation>GenerateAccessToken</Operation>\n</OAuthV2>",
    when_to_suppress: "Never for broken XML. If a template engine fills the file in before it is deployed, lint its \
                       output.",
    link: "https://docs.cloud.google.com/apigee/docs/api-platform/reference/api-proxy-configuration-reference",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, endpoint, flow, oauth};

    #[test]
    fn broken_files_are_errors() {
        let proxy = endpoint(&flow("", &["A"]));
        check(&RULE, &(proxy.clone() + "//- apiproxy/policies/A.xml\n<OAuthV2 name='A'>"), &["error A"]);
        check(&RULE, &(proxy.clone() + "//- apiproxy/policies/A.xml\nnothing"), &["error A"]);
        check(&RULE, &(proxy + "//- apiproxy/policies/A.xml\n<!DOCTYPE a><OAuthV2 name='A'/>"), &["error A"]);
    }

    #[test]
    fn an_unknown_encoding_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("A.xml"), b"<OAuthV2 name='\xe9'/>").unwrap();
        let input = crate::gather(&[directory.path().to_owned()]).unwrap();
        let found = findings(&input.problems);
        assert_eq!(found.iter().map(|it| it.level).collect::<Vec<_>>(), [Level::Error]);
    }

    #[test]
    fn odd_ones_are_remarks_and_good_ones_nothing() {
        check(&RULE, &endpoint("<Flow name='a'><Odd/></Flow>"), &["info default"]);
        check(&RULE, &endpoint(&flow("", &[])), &[]);
        check(&RULE, &(endpoint(&flow("", &["A"])) + &oauth("A", "<!-- {{ placeholder }} -->")), &[]);
    }
}
