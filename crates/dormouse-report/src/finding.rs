//! What a lint rule found: which rule, how bad, where, what to do, and how a program can repair it. Every output
//! format shows this one type.

use dormouse_bundle::{Level, SourceFile, Span};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// A rule as people read about it. All texts are plain, without markup; the two examples are XML or text to be
/// shown as it is, with line ends.
#[derive(Debug, PartialEq, Eq)]
pub struct RuleInfo {
    /// The stable code, `OAU001`.
    pub code: &'static str,
    /// The name of the bad pattern in kebab-case; reads well after "allow".
    pub name: &'static str,
    /// The level that its findings have unless the rule or a configuration says otherwise.
    pub level: Level,
    /// One line without a full stop.
    pub summary: &'static str,
    /// What is looked for, and when the rule stays silent.
    pub what: &'static str,
    /// Why it matters, with the arithmetic of its cost.
    pub why: &'static str,
    /// An example that is found.
    pub bad: &'static str,
    /// The example repaired.
    pub good: &'static str,
    /// When it is right to suppress the rule.
    pub when_to_suppress: &'static str,
    /// Apigee's page on the matter.
    pub link: &'static str,
}

/// One occurrence of what a rule looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule, with its code, name and documentation.
    pub rule: &'static RuleInfo,
    /// How bad this occurrence is.
    pub level: Level,
    /// The name of the bundle, or empty if no bundle is concerned.
    pub bundle: String,
    /// Where; absent if no text file is concerned (an unreadable archive). Line, column and end are the span's.
    pub span: Option<Span>,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// Ways to repair it, the best first. They exclude each other.
    pub fixes: Vec<Fix>,
    /// Other places that explain the finding.
    pub related: Vec<Related>,
}

/// A way to repair a finding: all edits together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as an imperative: `add <RefreshTokenExpiresIn>`.
    pub title: String,
    /// Whether behaviour that anybody can rely on stays as it was. Others need a person's eye.
    pub safe: bool,
    /// In ascending order, without overlaps.
    pub edits: Vec<Edit>,
}

/// Bytes of a file to replace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The file.
    pub file: Arc<SourceFile>,
    /// Byte offsets in the file's text; empty for an insertion.
    pub range: Range<usize>,
    /// What stands there afterwards.
    pub replacement: String,
}

/// A place that explains a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// Where.
    pub span: Span,
    /// What is there: `the flow that takes its requests`.
    pub message: String,
}

impl Finding {
    /// The path of the file inside its bundle, `apiproxy/policies/Token.xml`, however the bundle was named when
    /// it was read; the whole path if it lies in no bundle directory, empty without a place.
    pub fn path_in_bundle(&self) -> &str {
        let path = self.span.as_ref().map_or("", |span| span.file.path.as_str());
        let start = BUNDLE_FOLDERS.iter().filter_map(|folder| folder_start(path, folder)).max();
        start.and_then(|start| path.get(start..)).unwrap_or(path)
    }
}

/// A fingerprint for each finding: 32 hexadecimal digits that stay the same when lines move, when the bundle is
/// read from elsewhere and when other findings come or go. Equal findings of one file are numbered.
pub fn fingerprints(findings: &[Finding]) -> Vec<String> {
    let mut seen: HashMap<u128, u64> = HashMap::new();
    let number = |finding| {
        let hash = content_hash(finding);
        let times = seen.entry(hash).or_default();
        *times += 1;
        format!("{:032x}", hashed(hash, &times.to_le_bytes()))
    };
    findings.iter().map(number).collect()
}

fn content_hash(finding: &Finding) -> u128 {
    let marked = finding.span.as_ref().and_then(|span| span.file.text.get(span.range.clone()));
    let marked: Vec<&str> = marked.unwrap_or_default().split_whitespace().collect();
    let parts =
        [finding.rule.code, &finding.bundle, finding.path_in_bundle(), &finding.message, &marked.join(" ")];
    parts.iter().fold(FNV_OFFSET, |hash, part| hashed(hashed(hash, part.as_bytes()), &[0]))
}

/// FNV-1a: nobody gains by a collision, so that a hash without a secret is enough.
fn hashed(hash: u128, bytes: &[u8]) -> u128 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(FNV_PRIME))
}

fn folder_start(path: &str, folder: &str) -> Option<usize> {
    let at = path.rfind(folder)?;
    (at == 0 || path.get(..at)?.ends_with('/')).then_some(at)
}

const BUNDLE_FOLDERS: [&str; 2] = ["apiproxy/", "sharedflowbundle/"];
const FNV_OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const FNV_PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

#[cfg(test)]
mod tests {
    use super::*;

    static RULE: RuleInfo = RuleInfo {
        code: "OAU999",
        name: "sample",
        level: Level::Error,
        summary: "",
        what: "",
        why: "",
        bad: "",
        good: "",
        when_to_suppress: "",
        link: "",
    };

    fn finding(path: &str, text: &str, message: &str) -> Finding {
        let file = SourceFile::new(path, text);
        let start = text.find("<a").unwrap_or(0);
        Finding {
            rule: &RULE,
            level: Level::Error,
            bundle: "oauth".to_owned(),
            span: Some(Span::new(&file, start..text.len())),
            message: message.to_owned(),
            help: None,
            fixes: Vec::new(),
            related: Vec::new(),
        }
    }

    #[track_caller]
    fn check_path(path: &str, expected: &str) {
        assert_eq!(finding(path, "<a/>", "x").path_in_bundle(), expected);
    }

    #[test]
    fn the_path_in_a_bundle_does_not_depend_on_where_it_is_read_from() {
        check_path("a/b/apiproxy/policies/T.xml", "apiproxy/policies/T.xml");
        check_path("apiproxy/policies/T.xml", "apiproxy/policies/T.xml");
        check_path("apiproxy/x/sharedflowbundle/T.xml", "sharedflowbundle/T.xml");
        check_path("myapiproxy/T.xml", "myapiproxy/T.xml");
    }

    #[test]
    fn fingerprints_survive_moved_lines_and_folders_only() {
        let of = |path: &str, text: &str, message: &str| fingerprints(&[finding(path, text, message)]);
        let one = of("x/apiproxy/T.xml", "<a/>", "m");
        assert_eq!(one, of("/y/z/apiproxy/T.xml", "\n\n  <a/>", "m"));
        assert_ne!(one, of("x/apiproxy/U.xml", "<a/>", "m"));
        assert_ne!(one, of("x/apiproxy/T.xml", "<a b='c'/>", "m"));
        assert_ne!(one, of("x/apiproxy/T.xml", "<a/>", "n"));
        assert!(one.iter().all(|print| print.len() == 32));
    }

    #[test]
    fn equal_findings_are_numbered() {
        let twice = fingerprints(&[finding("a.xml", "<a/>", "m"), finding("a.xml", "<a/>", "m")]);
        assert_ne!(twice.first(), twice.get(1));
    }
}
