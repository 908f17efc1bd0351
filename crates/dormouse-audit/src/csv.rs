//! The report as CSV (RFC 4180), for spreadsheets: one line for each client, source, grant and day of issue.

use crate::cohort::Cohort;
use crate::report::Report;
use crate::row::Row;

/// A heading and the lines, ended by CR LF. Look-ups, replays and repeated answers are not known by day: they stand in one
/// line of each row, whose day is empty and whose other counts are the sums.
pub fn csv(report: &Report) -> String {
    let mut text = line(HEADINGS.iter().map(|heading| (*heading).to_owned()));
    for row in &report.rows {
        text += &line(names(row).into_iter().chain(sums(row)));
        for cohort in &row.cohorts {
            text += &line(names(row).into_iter().chain(day(cohort)));
        }
    }
    text
}

fn names(row: &Row) -> [String; 4] {
    [&row.client, row.app.as_ref().unwrap_or(&String::new()), &row.source, &row.grant].map(|name| field(name))
}

fn sums(row: &Row) -> Vec<String> {
    let ages = row.first_redeemed_at_age;
    let counts = [
        row.issued,
        row.imported,
        row.redeemed,
        row.never_redeemed,
        row.dormant,
        ages.hour,
        ages.day,
        ages.week,
        ages.month,
        ages.older,
        row.redemptions,
        row.grace,
        row.replays,
        row.looked_up,
        row.looked_up_dormant,
    ];
    std::iter::once(String::new()).chain(counts.map(|count| count.to_string())).collect()
}

fn day(cohort: &Cohort) -> Vec<String> {
    let ages = cohort.first_redeemed_at_age;
    let counts = [
        cohort.issued,
        cohort.imported,
        cohort.redeemed,
        cohort.never_redeemed,
        cohort.dormant,
        ages.hour,
        ages.day,
        ages.week,
        ages.month,
        ages.older,
    ];
    let unknown = std::iter::repeat_n(String::new(), HEADINGS.len() - 5 - counts.len());
    std::iter::once(cohort.day.clone()).chain(counts.map(|count| count.to_string())).chain(unknown).collect()
}

fn line(fields: impl Iterator<Item = String>) -> String {
    fields.collect::<Vec<_>>().join(",") + "\r\n"
}

/// A name that a spreadsheet takes for nothing but text: quoted, and with an apostrophe before what begins a formula.
fn field(name: &str) -> String {
    let is_formula = name.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let guarded = if is_formula { format!("'{name}") } else { name.to_owned() };
    if guarded.contains(['"', ',', '\r', '\n', ';', '\t', '\'']) || guarded.trim() != guarded {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}

const HEADINGS: [&str; 20] = [
    "client",
    "app",
    "source",
    "grant",
    "day",
    "issued",
    "imported",
    "redeemed",
    "never_redeemed",
    "dormant",
    "first_redeemed_below_1h",
    "first_redeemed_below_1d",
    "first_redeemed_below_7d",
    "first_redeemed_below_30d",
    "first_redeemed_later",
    "redemptions",
    "grace",
    "replays",
    "looked_up",
    "looked_up_dormant",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::sample;

    #[test]
    fn a_line_for_each_row_and_each_of_its_days() {
        let csv = csv(&sample());
        let lines: Vec<&str> = csv.split("\r\n").collect();
        assert_eq!(lines.len(), 7, "{csv}");
        assert!(lines[..6].iter().all(|line| line.split(',').count() == HEADINGS.len()), "{csv}");
        assert_eq!(lines[1], "b,,oauth/Generate,password,,100,0,0,100,100,0,0,0,0,0,0,0,0,6,5");
        assert_eq!(lines[4], "a,shop,oauth/Generate,password,2024-10-04,10,0,3,7,7,3,0,0,0,0,,,,,");
    }

    #[track_caller]
    fn check(name: &str, expected: &str) {
        assert_eq!(field(name), expected);
    }

    #[test]
    fn names_are_never_formulas_nor_end_a_field() {
        check("oauth/Generate", "oauth/Generate");
        check("a,b", "\"a,b\"");
        check("say \"x\"", "\"say \"\"x\"\"\"");
        check("=HYPERLINK(\"http://x\")", "\"'=HYPERLINK(\"\"http://x\"\")\"");
        check("-1+1", "\"'-1+1\"");
        check("@SUM(A1)", "\"'@SUM(A1)\"");
        check("\t=1", "\"'\t=1\"");
        check("a\r\nb", "\"a\r\nb\"");
        check(" a", "\" a\"");
        check("", "");
    }
}
