//! The report as a table for a terminal.

use crate::{Report, Row};
use std::fmt::Write as _;

/// A table of aligned columns, with a total when there is more than one row.
pub fn table(report: &Report) -> String {
    let mut lines = vec![HEADINGS.map(str::to_owned)];
    lines.extend(report.rows.iter().map(|row| cells(&row.client, row)));
    if report.rows.len() > 1 {
        lines.push(cells("total", &report.total));
    }
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..HEADINGS.len()).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
            let pad = " ".repeat(width - cell.chars().count());
            // Names read from the left, numbers from the right. Writing to a string cannot fail.
            let _ =
                if column < NAMES { write!(text, "{cell}{pad}  ") } else { write!(text, "{pad}{cell}  ") };
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

fn cells(client: &str, row: &Row) -> [String; 10] {
    let all = row.issued + row.imported;
    let per_mille = (row.never_redeemed * 1000).checked_div(all);
    let share = per_mille.map_or_else(|| "-".to_owned(), |share| format!("{}.{} %", share / 10, share % 10));
    let number = |count: u64| count.to_string();
    [
        client.to_owned(),
        row.source.clone(),
        row.grant.clone(),
        number(row.issued),
        number(row.imported),
        number(row.redeemed),
        number(row.never_redeemed),
        share,
        number(row.replays),
        number(row.looked_up),
    ]
}

const HEADINGS: [&str; 10] = [
    "client",
    "source",
    "grant",
    "issued",
    "imported",
    "redeemed",
    "never redeemed",
    "share",
    "replays",
    "looked up",
];

/// Leading columns that hold names.
const NAMES: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report;
    use dormouse_token::{Age, CountedEvent, CounterKey, Grant, SourceId};

    #[test]
    fn columns_are_aligned_and_totalled() {
        let key = |client: &str, event| CounterKey {
            client: client.into(),
            source: SourceId([0; 8]),
            grant: Grant::Password,
            day: 1,
            event,
        };
        let counters = [
            (key("web", CountedEvent::Issued), 1000),
            (key("web", CountedEvent::FirstRedeemed(Age::Day)), 125),
            (key("m", CountedEvent::Issued), 1),
        ];
        let text = table(&report(counters, |_| Some("oauth/Generate".to_owned())));
        let expected = "\
client  source          grant     issued  imported  redeemed  never redeemed    share  replays  looked up
web     oauth/Generate  password    1000         0       125             875   87.5 %        0          0
m       oauth/Generate  password       1         0         0               1  100.0 %        0          0
total                               1001         0       125             876   87.5 %        0          0
";
        assert_eq!(text, expected);
    }
}
