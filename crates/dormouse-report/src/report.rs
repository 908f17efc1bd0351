//! What a run of the linter has to tell, as every output format takes it.

use dormouse_bundle::Level;
use std::collections::HashMap;

use crate::excerpt::Colour;
use crate::finding::{Finding, RuleInfo};

/// The findings of one run and what they rest on. It has no time, host or directory, so that two runs on the same
/// bundles can be compared byte by byte.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// In the order in which they are told; by file and place.
    pub findings: &'a [Finding],
    /// Every rule that was looked for, whether it found something or not.
    pub rules: &'a [&'static RuleInfo],
    /// The names of the bundles that were read, the clean ones too.
    pub bundles: &'a [String],
    /// How many more findings a suppression comment or the baseline hides.
    pub suppressed: usize,
    /// The level from which on a finding fails the run.
    pub deny: Level,
    /// The program's version.
    pub version: &'a str,
    /// Whether text may have colours. Files never have.
    pub colour: Colour,
}

impl<'a> Report<'a> {
    /// The findings by bundle, each bundle once: those that were read, clean ones too, then those that only findings
    /// name. What concerns no bundle counts as a bundle with an empty name.
    pub(crate) fn by_bundle(&self) -> Vec<(&'a str, Vec<&'a Finding>)> {
        let mut groups: Vec<(&str, Vec<&Finding>)> = Vec::new();
        let mut index: HashMap<&str, usize> = HashMap::new();
        let read = self.bundles.iter().map(|name| (name.as_str(), None));
        let found = self.findings.iter().map(|finding| (finding.bundle.as_str(), Some(finding)));
        for (name, finding) in read.chain(found) {
            let at = *index.entry(name).or_insert(groups.len());
            if at == groups.len() {
                groups.push((name, Vec::new()));
            }
            if let Some((_, findings)) = groups.get_mut(at) {
                findings.extend(finding);
            }
        }
        groups
    }

    /// Every rule that was looked for or found something, by its code.
    pub(crate) fn all_rules(&self) -> Vec<&'static RuleInfo> {
        let mut rules: Vec<&'static RuleInfo> = self.rules.to_vec();
        rules.extend(self.findings.iter().map(|finding| finding.rule));
        rules.sort_by_key(|rule| (rule.code, rule.name));
        rules.dedup_by_key(|rule| rule.code);
        rules
    }

    /// How many findings are of a level.
    pub(crate) fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }
}

/// From the worst down, as people read them.
pub(crate) const LEVELS: [Level; 3] = [Level::Error, Level::Warning, Level::Info];

#[cfg(test)]
mod tests {
    use crate::sample::with_report;

    #[test]
    fn rules_and_bundles_are_told_once() {
        with_report(|report| {
            let codes: Vec<&str> = report.all_rules().iter().map(|rule| rule.code).collect();
            assert_eq!(codes, ["OAU001", "OAU007", "OAU016"]);
            let bundles: Vec<(&str, usize)> =
                report.by_bundle().iter().map(|(name, findings)| (*name, findings.len())).collect();
            assert_eq!(bundles, [("clean", 0), ("oauth", 2), ("", 1)]);
        });
    }
}
