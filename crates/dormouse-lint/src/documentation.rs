//! What people read about rules: one rule, the list, the page of all rules, and the bill of an antipattern.

use crate::registry::RULES;
use crate::rule::grouped;
use dormouse_report::RuleInfo;

/// The page of a rule, found by code or name without regard to case. `None` if there is no such rule.
pub fn explain(name: &str) -> Option<String> {
    let is_named =
        |info: &RuleInfo| info.code.eq_ignore_ascii_case(name) || info.name.eq_ignore_ascii_case(name);
    let info = &RULES.iter().find(|rule| is_named(&rule.info))?.info;
    let sections = [
        ("", info.what.to_owned()),
        ("Why", info.why.to_owned()),
        ("Found", info.bad.to_owned()),
        ("Good", info.good.to_owned()),
        ("When to suppress", info.when_to_suppress.to_owned()),
        ("See", info.link.to_owned()),
    ];
    let mut text = format!("{} {} ({})\n{}\n", info.code, info.name, info.level.as_str(), info.summary);
    for (title, body) in sections {
        text.push('\n');
        if !title.is_empty() {
            text.extend([title, "\n"]);
        }
        for line in wrapped(&body) {
            text.extend([if title.is_empty() { "" } else { "  " }, &line, "\n"]);
        }
    }
    Some(text)
}

/// One line for each rule: code, level, name, summary.
pub fn list() -> String {
    let width = RULES.iter().map(|rule| rule.info.name.len()).max().unwrap_or_default();
    let line = |info: &RuleInfo| {
        format!("{:<8}{:<9}{:<width$}  {}\n", info.code, info.level.as_str(), info.name, info.summary)
    };
    RULES.iter().map(|rule| line(&rule.info)).collect()
}

/// The page of all rules, in Markdown.
pub fn rules_page() -> String {
    let mut page = PAGE_HEAD.to_owned();
    for rule in RULES {
        let info = &rule.info;
        page.extend([format!(
            "| [{0}](#{1}) | {2} | {3} | {4} |\n",
            info.code,
            anchor(info),
            info.name,
            info.level.as_str(),
            info.summary
        )]);
    }
    for rule in RULES {
        let info = &rule.info;
        let what = escaped(info.what);
        let (why, suppress) = (escaped(info.why), escaped(info.when_to_suppress));
        page.extend([format!(
            "\n## {} {}\n\n{what}\n\n**Why.** {why}\n\n**Found:**\n\n```xml\n{}\n```\n\n**Good:**\n\n```xml\n{}\n```\n\n\
             **When to suppress.** {suppress}\n\n[Apigee's page]({})\n",
            info.code, info.name, info.bad, info.good, info.link
        )]);
    }
    page
}

/// What refresh tokens that nobody redeems cost at a rate of token requests a second.
pub fn bill(requests_per_second: u64) -> String {
    let per_day = requests_per_second.saturating_mul(SECONDS_PER_DAY);
    let mut text = format!(
        "At {} token requests a second, refresh tokens that nobody redeems write:\n\n",
        grouped(requests_per_second)
    );
    text.extend([format!(
        "  each day          {:>22} rows {:>12}\n",
        grouped(per_day),
        size(per_day.saturating_mul(ROW_BYTES))
    )]);
    for (name, days) in LIFETIMES_DAYS {
        let rows = per_day.saturating_mul(days);
        text.extend([format!(
            "  alive, {name:<10} {:>22} rows {:>12}\n",
            grouped(rows),
            size(rows.saturating_mul(ROW_BYTES))
        )]);
    }
    text.extend([format!(
        "\nA row is counted as {} bytes, as measured in a relational token store; replication multiplies it.\n\
         With Dormouse a refresh token that nobody redeems takes 0 bytes.\n",
        grouped(ROW_BYTES)
    )]);
    text
}

/// Lines of at most so many characters; lines of the text itself, such as those of examples, are kept.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        let is_example = text.contains('\n') || text.starts_with('<') || text.starts_with("https:");
        for word in if is_example { vec![paragraph] } else { paragraph.split(' ').collect() } {
            if !line.is_empty() && line.chars().count() + word.chars().count() >= WIDTH {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

/// Angle brackets in prose would be read as tags.
fn escaped(text: &str) -> String {
    text.replace('<', "&lt;").replace('>', "&gt;").replace('*', "\\*")
}

fn anchor(info: &RuleInfo) -> String {
    format!("{}-{}", info.code, info.name).to_lowercase()
}

fn size(bytes: u64) -> String {
    let (mut whole, mut unit) = (bytes, 0);
    let mut tenths = 0;
    while whole >= 1000 && unit + 1 < UNITS.len() {
        tenths = whole % 1000 / 100;
        whole /= 1000;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or_default();
    if unit == 0 { format!("{whole} {name}") } else { format!("{whole}.{tenths} {name}") }
}

const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
const LIFETIMES_DAYS: [(&str, u64); 3] = [("30 days", 30), ("200 days", 200), ("2 years", 730)];
/// 357 GB for 172.8 million rows, with their indexes.
const ROW_BYTES: u64 = 2_066;
const SECONDS_PER_DAY: u64 = 86_400;
const WIDTH: usize = 98;
const PAGE_HEAD: &str = "# Rules of `dormouse lint`\n\n<!-- Written by `cargo xtask rules`; edit the rules instead. -->\n\n\
`dormouse explain CODE` shows a rule on the terminal. Levels are set in `dormouse-lint.toml`:\n\n```toml\nredeemed-by = \
[\"other-proxy\"]     # proxies elsewhere that redeem the refresh tokens\n\n[rules]\nOAU018 = \"off\"                   # \
error, warning, info or off, by code or name\n\n[limits]\nrefresh-ttl-max-days = 30        # OAU007\naccess-ttl-max-hours \
= 24        # OAU008\n```\n\nRules that the nearest `.apigeelintrc` excludes (`--excluded OAU018`) are off as well.\n\nA comment in a file suppresses rules for that file, with a reason:\n\n```xml\n<!-- dormouse-lint \
disable=OAU001 reason=\"redeemed by the legacy proxy\" -->\n```\n\n| code | name | level | what is found |\n|---|---|---|---|\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_found_by_code_and_name() {
        assert_eq!(explain("oau001"), explain("Refresh-Never-Redeemed"));
        assert!(explain("OAU001").unwrap().contains("172.8 million"));
        assert_eq!(explain("OAU"), None);
    }

    #[test]
    fn prose_is_wrapped_and_examples_are_not() {
        for rule in RULES {
            let text = explain(rule.info.code).unwrap();
            let prose = text.lines().filter(|line| !line.contains('<') && !line.contains("https:"));
            assert!(prose.into_iter().all(|line| line.chars().count() <= WIDTH + 2), "{text}");
            assert!(rule.info.bad.lines().all(|line| text.contains(line)));
        }
    }

    #[test]
    fn the_bill_is_arithmetic() {
        let bill = bill(10);
        for part in ["864,000 rows", "172,800,000 rows", "357.0 GB"] {
            assert!(bill.contains(part), "{part}: {bill}");
        }
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!([size(0), size(999), size(1_500), size(2_000_000)], ["0 B", "999 B", "1.5 kB", "2.0 MB"]);
    }
}
