//! Results as a Markdown table: what, baseline, ours, ratio, budget.

use std::fmt;

/// A table of results.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
    notes: Vec<String>,
}

/// One result.
pub(crate) struct Row {
    /// What was measured.
    pub(crate) what: String,
    /// What it is compared with.
    pub(crate) baseline: String,
    /// What was measured of us.
    pub(crate) ours: String,
    /// Ours by baseline, if the two compare.
    pub(crate) ratio: Option<f64>,
    /// What was promised.
    pub(crate) budget: Option<Budget>,
}

/// A bound of the design.
#[derive(Clone, Copy)]
pub(crate) enum Budget {
    /// The ratio is at least this.
    RatioAtLeast(f64),
    /// The ratio is at most this.
    RatioAtMost(f64),
    /// The measured value, which this is, stays below a bound in some unit.
    Below { measured: f64, bound: f64, unit: &'static str },
}

impl Table {
    /// Adds a row.
    pub(crate) fn row(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Adds a line below the table.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }
}

impl Budget {
    fn is_met(self, ratio: Option<f64>) -> bool {
        match self {
            Self::RatioAtLeast(bound) => ratio.is_some_and(|ratio| ratio >= bound),
            Self::RatioAtMost(bound) => ratio.is_some_and(|ratio| ratio <= bound),
            Self::Below { measured, bound, .. } => measured < bound,
        }
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RatioAtLeast(bound) => write!(formatter, "≥ {bound}"),
            Self::RatioAtMost(bound) => write!(formatter, "≤ {bound}"),
            Self::Below { bound, unit, .. } => write!(formatter, "< {bound} {unit}"),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "| what | baseline | ours | ratio | budget |\n|---|--:|--:|--:|---|")?;
        for Row { what, baseline, ours, ratio, budget } in &self.rows {
            let shown = ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
            write!(formatter, "| {what} | {baseline} | {ours} | {shown} | ")?;
            if let Some(budget) = budget {
                write!(formatter, "{budget}: {}", if budget.is_met(*ratio) { "met" } else { "**missed**" })?;
            }
            writeln!(formatter, " |")?;
        }
        for note in &self.notes {
            writeln!(formatter, "\n{note}")?;
        }
        Ok(())
    }
}

/// A number with its thousands set apart.
#[expect(clippy::cast_possible_truncation, reason = "shown to people, rounded")]
pub(crate) fn grouped(number: f64) -> String {
    let digits = (number.round() as i64).to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        for (number, expected) in
            [(0.4, "0"), (999.6, "1,000"), (12_345.0, "12,345"), (1_234_567.0, "1,234,567")]
        {
            assert_eq!(grouped(number), expected);
        }
    }

    #[test]
    fn a_missed_budget_is_told() {
        let row = |ratio| Row {
            what: "verify".to_owned(),
            baseline: String::new(),
            ours: String::new(),
            ratio: Some(ratio),
            budget: Some(Budget::RatioAtMost(1.5)),
        };
        let mut table = Table::default();
        table.row(row(1.2));
        table.row(row(1.7));
        let text = table.to_string();
        assert!(text.contains("1.20 | ≤ 1.5: met"), "{text}");
        assert!(text.contains("1.70 | ≤ 1.5: **missed**"), "{text}");
    }
}
