//! `dormouse audit`: the audit of a running server.

use crate::client::AdminClient;
use crate::exit::{self, OrFailure as _, Outcome};
use clap::ValueEnum;
use dormouse_audit::{Report, table};
use std::path::PathBuf;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The admin address of the server.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8081")]
    admin: String,
    /// The file that holds the admin token.
    #[arg(long, value_name = "FILE")]
    admin_token_file: Option<PathBuf>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let client = AdminClient::new(&args.admin, args.admin_token_file.as_deref())?;
    let report: Report = client.get("/audit").or_refused()?;
    match args.format {
        Format::Json => {
            exit::print(format_args!("{}\n", serde_json::to_string_pretty(&report).or_internal()?));
        }
        Format::Text if report.rows.is_empty() => {
            exit::print(format_args!("No refresh token was issued or imported so far.\n"));
        }
        Format::Text => exit::print(format_args!("{}", table(&report))),
    }
    Ok(())
}

const EXAMPLES: &str = "\
Examples:
  dormouse audit
  dormouse audit --admin http://127.0.0.1:8081 --admin-token-file /var/lib/dormouse/admin-token --format json";
