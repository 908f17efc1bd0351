//! `dormouse audit`: the audit of a running server, or of a data directory that nothing serves.

use crate::administrator::Reach;
use crate::exit::{self, OrFailure as _, Outcome};
use anyhow::Context as _;
use clap::ValueEnum;
use dormouse_audit::{Look, Report, csv, html, text};
use dormouse_report::visible;
use serde_json::Value;
use std::io::IsTerminal as _;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    reach: Reach,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Tables, storage and advice, for people.
    Text,
    /// Everything, as docs/audit.md documents it.
    Json,
    /// A line for each client, source, grant and day of issue, for spreadsheets.
    Csv,
    /// One page that loads nothing.
    Html,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let answer = args.reach.connect()?.own("GET", &["audit"], &Value::Null)?;
    let report: Report =
        serde_json::from_value(answer).context("this is not the audit expected").or_refused()?;
    match args.format {
        Format::Json => {
            exit::print(format_args!("{}\n", serde_json::to_string_pretty(&report).or_internal()?));
        }
        Format::Csv => exit::print(format_args!("{}", csv(&report))),
        Format::Html => exit::print(format_args!("{}", html(&report))),
        Format::Text => exit::print(format_args!("{}", text(&report.with_names(visible), look()))),
    }
    Ok(())
}

/// As wide as `COLUMNS` says. Bold headings on a terminal alone, and where nobody asked for none.
fn look() -> Look {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    Look {
        width: std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()),
        colour: std::io::stdout().is_terminal() && !is_set("NO_COLOR") && !is_dumb,
    }
}

const EXAMPLES: &str = "\
Examples:
  dormouse audit
  dormouse audit --admin http://127.0.0.1:8081 --admin-token-file /var/lib/dormouse/admin-token --format json
  dormouse audit --data /var/lib/dormouse
  dormouse audit --format csv > audit.csv
  dormouse audit --format html > audit.html";
