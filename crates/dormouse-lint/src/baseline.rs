//! A baseline: the findings that are known already, by fingerprint, so that only new ones are reported.

use dormouse_report::{Finding, fingerprints};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Findings that are known already.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    version: u32,
    fingerprints: BTreeSet<String>,
}

/// Why a baseline cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// It is no baseline.
    #[error("{0}")]
    Syntax(#[from] serde_json::Error),
    /// It was written in a form that this version does not know.
    #[error("version {0} of the format is not known; write the baseline again")]
    Version(u32),
}

impl Baseline {
    /// The baseline of these findings.
    pub fn of(findings: &[Finding]) -> Self {
        Self { version: VERSION, fingerprints: fingerprints(findings).into_iter().collect() }
    }

    /// Reads a baseline.
    ///
    /// # Errors
    /// The text is none.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let baseline: Self = serde_json::from_str(text)?;
        if baseline.version == VERSION { Ok(baseline) } else { Err(BaselineError::Version(baseline.version)) }
    }

    /// The text to keep in a file.
    ///
    /// # Errors
    /// None that is known.
    pub fn to_text(&self) -> Result<String, BaselineError> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Removes the findings that are known. Returns how many there were.
    pub fn remove_known(&self, findings: &mut Vec<Finding>) -> usize {
        let before = findings.len();
        let mut known = fingerprints(findings).into_iter().map(|print| self.fingerprints.contains(&print));
        findings.retain(|_| !known.next().unwrap_or(false));
        before - findings.len()
    }
}

const VERSION: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{PASSWORD, endpoint, flow, input, oauth};
    use crate::{Settings, lint};

    fn found(names: &[&str]) -> Vec<Finding> {
        let policies: String = names.iter().map(|name| oauth(name, PASSWORD)).collect();
        lint(&input(&(endpoint(&flow("", names)) + &policies)), &Settings::default()).findings
    }

    #[test]
    fn known_findings_go_and_new_ones_stay() {
        let old = found(&["A"]);
        assert!(!old.is_empty());
        let baseline = Baseline::parse(&Baseline::of(&old).to_text().unwrap()).unwrap();
        let mut new = found(&["A", "B"]);
        let count = new.len();
        assert_eq!(baseline.remove_known(&mut new), old.len());
        assert_eq!(new.len(), count - old.len());
        assert!(new.iter().all(|finding| finding.path_in_bundle().ends_with("B.xml")));
    }

    #[test]
    fn other_texts_are_refused() {
        assert!(matches!(Baseline::parse("{}"), Err(BaselineError::Syntax(_))));
        let other = "{\"version\":7,\"fingerprints\":[]}";
        assert!(matches!(Baseline::parse(other), Err(BaselineError::Version(7))));
    }
}
