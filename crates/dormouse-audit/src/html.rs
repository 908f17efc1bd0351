//! The report as one HTML page that loads nothing and runs no script, for people who have no terminal.

use crate::cohort::percent;
use crate::report::Report;
use crate::row::Row;
use crate::text::{HEADINGS, STORAGE_HEADINGS, bytes, count};

/// The page.
pub fn html(report: &Report) -> String {
    let rows: String = report.rows.iter().map(row).collect();
    let total = row(&Row { client: "total".to_owned(), ..report.total.clone() });
    let advice: String = report
        .advice
        .iter()
        .map(|advice| format!("<li>{}.</li>\n", escaped(&advice.message)))
        .collect::<Vec<_>>()
        .concat();
    let storage = &report.storage;
    let design = |it: &crate::storage::Design| {
        let cells = [
            count(it.now.rows),
            bytes(it.now.bytes),
            count(it.steady_state.rows),
            bytes(it.steady_state.bytes),
        ];
        format!(
            "<tr><th scope=\"row\" title=\"{}\">{}</th>{}</tr>\n",
            escaped(&it.method),
            escaped(&it.name),
            numbers(&cells)
        )
    };
    let designs: String = storage.store_at_issue.iter().map(design).collect();
    let held = [count(storage.held.token_rows()), bytes(storage.held.token_bytes)];
    format!(
        "{HEAD}<h1>Dormouse audit</h1>\n<p class=\"conclusion\">{} of {} refresh tokens were never redeemed; {} are dormant now</p>\n\
         <p class=\"quiet\">{}</p>\n<h2>Clients and sources</h2>\n<table>\n<tr>{}</tr>\n{rows}{total}</table>\n\
         <h2>Advice</h2>\n<ul>\n{advice}</ul>\n\
         <h2>Storage</h2>\n<p>{:.1} a day are never redeemed and live for {:.1} days: {} at any time. Point at a name for how its \
         figure was come by.</p>\n<table>\n<tr>{}</tr>\n<tr><th scope=\"row\">this store, everything about tokens</th>{}<td></td>\
         <td></td></tr>\n{designs}</table>\n<p class=\"quiet\">{}</p>\n</body>\n</html>\n",
        count(report.total.never_redeemed),
        count(report.total.families()),
        count(storage.dormant),
        escaped(&made_at(report.at)),
        headings(&HEADINGS),
        storage.dormant_per_day,
        storage.mean_lifetime_days,
        count(storage.dormant_at_steady_state),
        headings(&STORAGE_HEADINGS),
        numbers(&held),
        escaped(&report.exactness),
    )
}

fn row(row: &Row) -> String {
    let names = [&row.client, row.app.as_ref().unwrap_or(&String::new()), &row.source, &row.grant]
        .map(|name| escaped(name));
    let [client, rest @ ..] = names;
    let rest: String = rest.iter().map(|name| format!("<td>{name}</td>")).collect::<Vec<_>>().concat();
    let share = format!("{:.1} %", percent(row.never_redeemed, row.families()));
    let before = [row.issued, row.imported, row.redeemed, row.never_redeemed].map(count);
    let after = [row.dormant, row.replays, row.grace, row.looked_up, row.looked_up_dormant].map(count);
    let cells: Vec<String> = before.into_iter().chain([share]).chain(after).collect();
    format!("<tr><th scope=\"row\">{client}</th>{rest}{}</tr>\n", numbers(&cells))
}

fn headings(texts: &[&str]) -> String {
    texts.iter().map(|text| format!("<th scope=\"col\">{text}</th>")).collect::<Vec<_>>().concat()
}

fn numbers(cells: &[String]) -> String {
    cells.iter().map(|cell| format!("<td class=\"number\">{cell}</td>")).collect::<Vec<_>>().concat()
}

fn made_at(at: u64) -> String {
    let instant = i64::try_from(at).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    instant.map_or_else(String::new, |instant| instant.to_string())
}

/// Text that neither ends an element or attribute nor changes the order of what is shown.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for symbol in text.chars() {
        match symbol {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => escaped.push('\u{fffd}'),
            symbol if symbol.is_control() => escaped.push('\u{fffd}'),
            symbol => escaped.push(symbol),
        }
    }
    escaped
}

const HEAD: &str = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
<meta name=\"viewport\" content=\"width=device-width\">\n<title>Dormouse audit</title>\n<style>\n\
:root { color-scheme: light dark; }\n\
body { font: 15px/1.5 system-ui, sans-serif; max-width: 90rem; margin: 2rem auto; padding: 0 1rem; }\n\
table { border-collapse: collapse; display: block; overflow-x: auto; }\n\
th, td { padding: .25rem .6rem; text-align: left; border-bottom: 1px solid #8884; font-weight: normal; white-space: nowrap; }\n\
th[scope=col] { font-weight: 600; }\n.number { text-align: right; font-variant-numeric: tabular-nums; }\n\
.quiet { opacity: .7; }\n.conclusion { font-size: 1.2rem; }\n</style>\n</head>\n<body>\n";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::sample;

    #[test]
    fn names_cannot_leave_their_place() {
        let report = sample().with_names(|_| "<script>\"&'\u{202e}\u{1b}".to_owned());
        let page = html(&report);
        assert!(page.contains("&lt;script&gt;&quot;&amp;&#39;\u{fffd}\u{fffd}"), "{page}");
        assert!(!page.contains("<script") && !page.contains('\u{1b}') && !page.contains('\u{202e}'));
    }

    #[test]
    fn the_page_says_what_the_table_says() {
        let page = html(&sample());
        for part in [
            "112 of 115 refresh tokens were never redeemed; 107 are dormant now",
            "oauth/Generate",
            "97.3 %",
            "Ory Hydra 26.2",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(!page.contains("http"), "it loads nothing");
    }
}
