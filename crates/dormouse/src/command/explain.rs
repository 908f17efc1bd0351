//! `dormouse explain`: the page of a lint rule.

use crate::exit::{self, Failure, Outcome};
use anyhow::anyhow;
use dormouse_lint::explain;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The code or name of a rule.
    #[arg(value_name = "RULE")]
    rule: String,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let page = explain(&args.rule).ok_or_else(|| {
        Failure::Usage(anyhow!("there is no rule `{}`; `dormouse lint --list` shows them", args.rule))
    })?;
    exit::print(format_args!("{page}"));
    Ok(())
}

const EXAMPLES: &str = "\
Examples:
  dormouse explain OAU001
  dormouse explain refresh-flow-shadowed";
