//! `cargo xtask lint-truth DIRECTORY`: measures the linter on bundles of which a person has said what is wrong, and
//! prints a table with precision and recall. The directory holds the bundles and a file `antipattern-truth.tsv`.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use dormouse_bundle::Level;
use dormouse_lint::{Settings, gather, lint};

/// The line that the help shows.
pub(crate) const ABOUT: &str =
    "precision and recall of the linter on judged bundles (a directory with antipattern-truth.tsv)";

/// Fails unless precision and recall are 1.
pub(crate) fn run(arguments: &[String], output: &mut dyn Write) -> anyhow::Result<()> {
    let [directory] = arguments else {
        anyhow::bail!("`lint-truth` takes one argument: the directory of the bundles");
    };
    let directory = Path::new(directory);
    let path = directory.join("antipattern-truth.tsv");
    let truth = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let mut count = Count::default();
    for row in rows(&truth) {
        let found = found(&directory.join(row.bundle))?;
        let outcome = count.add(row.verdict, !found.is_empty());
        let codes = found.into_iter().collect::<Vec<_>>().join(" ");
        writeln!(output, "{outcome:<15} {:<14} {codes:<24} {}", row.verdict.as_str(), row.bundle)?;
    }
    writeln!(output, "{count}")?;
    anyhow::ensure!(count.is_perfect(), "the linter and the verdicts differ");
    Ok(())
}

/// The codes that count as the antipattern and are found in a bundle by itself, at warning or error.
fn found(bundle: &Path) -> anyhow::Result<BTreeSet<&'static str>> {
    let input = gather(&[PathBuf::from(bundle)])?;
    anyhow::ensure!(!input.bundles.is_empty(), "{} holds no bundle", bundle.display());
    let findings = lint(&input, &Settings::default()).findings;
    let counted = findings.iter().filter(|it| it.level >= Level::Warning && POSITIVE.contains(&it.rule.code));
    Ok(counted.map(|finding| finding.rule.code).collect())
}

struct Row<'a> {
    bundle: &'a str,
    verdict: Verdict,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Verdict {
    Antipattern,
    Clean,
    /// A verdict of low confidence is not counted.
    Uncertain,
}

impl Verdict {
    fn as_str(self) -> &'static str {
        match self {
            Self::Antipattern => "antipattern",
            Self::Clean => "clean",
            Self::Uncertain => "uncertain",
        }
    }
}

fn rows(truth: &str) -> impl Iterator<Item = Row<'_>> {
    truth.lines().skip(1).filter(|line| !line.trim().is_empty()).map(|line| {
        let mut columns = line.split('\t');
        let (bundle, verdict) = (columns.next().unwrap_or_default(), columns.next().unwrap_or_default());
        let verdict = match verdict {
            _ if line.contains("confidence=low") => Verdict::Uncertain,
            "antipattern" => Verdict::Antipattern,
            _ => Verdict::Clean,
        };
        Row { bundle, verdict }
    })
}

#[derive(Default)]
struct Count {
    hits: u32,
    false_alarms: u32,
    misses: u32,
}

impl Count {
    fn add(&mut self, verdict: Verdict, found: bool) -> &'static str {
        match (verdict, found) {
            (Verdict::Uncertain, _) => "not counted",
            (Verdict::Antipattern, true) => {
                self.hits += 1;
                "hit"
            }
            (Verdict::Antipattern, false) => {
                self.misses += 1;
                "MISS"
            }
            (Verdict::Clean, true) => {
                self.false_alarms += 1;
                "FALSE ALARM"
            }
            (Verdict::Clean, false) => "rightly silent",
        }
    }

    fn is_perfect(&self) -> bool {
        self.false_alarms == 0 && self.misses == 0
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ratio = |of: u32| if of == 0 { 1.0 } else { f64::from(self.hits) / f64::from(of) };
        let (precision, recall) = (ratio(self.hits + self.false_alarms), ratio(self.hits + self.misses));
        write!(formatter, "precision {precision:.2}, recall {recall:.2}")
    }
}

const POSITIVE: [&str; 6] = ["OAU001", "OAU002a", "OAU002b", "OAU004", "OAU004b", "OAU006"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_of_low_confidence_are_not_counted() {
        let truth = "bundle\tverdict\na\tantipattern\tx\nb\tantipattern\tconfidence=low\nc\tnot-applicable\n";
        let verdicts: Vec<Verdict> = rows(truth).map(|row| row.verdict).collect();
        assert_eq!(verdicts, [Verdict::Antipattern, Verdict::Uncertain, Verdict::Clean]);
    }

    #[test]
    fn precision_and_recall() {
        let mut count = Count::default();
        for (verdict, found) in
            [(Verdict::Antipattern, true), (Verdict::Clean, true), (Verdict::Uncertain, true)]
        {
            count.add(verdict, found);
        }
        assert_eq!(count.to_string(), "precision 0.50, recall 1.00");
        assert!(!count.is_perfect());
    }
}
