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

/// All findings, in the order of files, places and rules.
pub fn lint(input: &Input, settings: &Settings) -> Vec<Finding> {
    let units = units(&input.bundles);
    let program = Program::new(&units, settings);
    let numbers: Vec<usize> = (0..units.len()).collect();
    let found = map(&numbers, |number| check_unit(&program, *number));
    let mut findings: Vec<Finding> = found.into_iter().flatten().collect();
    findings.extend(lnt001::findings(&input.problems));
    name_bundles(&mut findings, &input.bundles);
    suppress(&mut findings, &input.bundles);
    findings.retain_mut(|finding| level(finding, settings));
    findings.sort_by(|one, other| sort_key(one).cmp(&sort_key(other)));
    findings.dedup();
    findings
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
