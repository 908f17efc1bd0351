//! Runs all rules over a set of bundles: analysis, rules, levels, suppressions, order.

use crate::analysis::program::{Program, units};
use crate::gather::Input;
use crate::parallel::map;
use crate::registry::RULES;
use crate::rules::lnt001;
use crate::settings::Settings;
use crate::suppress::suppress;
use dormouse_bundle::Bundle;
use dormouse_report::Finding;
use std::collections::HashMap;

/// What linting has found.
#[derive(Clone, Debug, Default)]
pub struct Linted {
    /// In the order of files, places and rules.
    pub findings: Vec<Finding>,
    /// How many more findings comments suppress.
    pub suppressed: usize,
}

/// Lints a set of bundles as one program.
pub fn lint(input: &Input, settings: &Settings) -> Linted {
    let units = units(&input.bundles);
    let program = Program::new(&units, settings);
    let numbers: Vec<usize> = (0..units.len()).collect();
    let found = map(&numbers, |number| check_unit(&program, *number));
    let mut findings: Vec<Finding> = found.into_iter().flatten().collect();
    findings.extend(lnt001::findings(&input.problems));
    name_bundles(&mut findings, &input.bundles);
    findings.retain_mut(|finding| level(finding, settings));
    let suppressed = suppress(&mut findings, &input.bundles);
    findings.sort_by(|one, other| sort_key(one).cmp(&sort_key(other)));
    findings.dedup();
    Linted { findings, suppressed }
}

fn check_unit(program: &Program<'_>, unit: usize) -> Vec<Finding> {
    RULES.iter().flat_map(|rule| (rule.check)(&rule.info, program, unit)).collect()
}

fn name_bundles(findings: &mut [Finding], bundles: &[Bundle]) {
    let files =
        bundles.iter().flat_map(|bundle| bundle.files.iter().map(move |file| (file.path.as_str(), bundle)));
    let names: HashMap<&str, &Bundle> = files.collect();
    for finding in findings {
        let path = finding.span.as_ref().map_or("", |span| span.file.path.as_str());
        if let Some(bundle) = names.get(path) {
            finding.bundle.clone_from(&bundle.name);
        }
    }
}

/// Applies the configured level. What the rule itself lowered is not raised again. False if the rule is off.
fn level(finding: &mut Finding, settings: &Settings) -> bool {
    match settings.levels.get(finding.rule.code) {
        None => true,
        Some(None) => false,
        Some(Some(level)) => {
            finding.level =
                if finding.level == finding.rule.level { *level } else { finding.level.min(*level) };
            true
        }
    }
}

fn sort_key(finding: &Finding) -> (Option<(&str, usize, usize)>, &str, &str) {
    let place = finding.span.as_ref().map(|span| (span.file.path.as_str(), span.range.start, span.range.end));
    (place, finding.rule.code, &finding.message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{PASSWORD, endpoint, flow, input, oauth};
    use dormouse_bundle::Level;

    #[track_caller]
    fn check_level(settings: &str, expected: Option<Level>) {
        let input = input(&(endpoint(&flow("", &["Token"])) + &oauth("Token", PASSWORD)));
        let linted = lint(&input, &Settings::parse(settings).unwrap());
        let found = linted.findings.iter().find(|finding| finding.rule.code == "OAU001");
        assert_eq!(found.map(|finding| finding.level), expected);
    }

    #[test]
    fn levels_can_be_set() {
        check_level("", Some(Level::Error));
        check_level("rules.OAU001 = 'info'", Some(Level::Info));
        check_level("rules.refresh-never-redeemed = 'off'", None);
    }
}
