//! `dormouse demo`: the whole story, self-contained.

use crate::demo;
use crate::exit::{Failure, OrFailure as _, Outcome};

#[derive(clap::Args)]
#[command(
    after_help = "It starts this binary as a child on a temporary directory, talks to it over HTTP, and leaves nothing behind."
)]
pub(crate) struct Args {
    /// Token pairs to issue.
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1_000..))]
    pairs: u64,
}

pub(crate) fn run(args: &Args) -> Outcome {
    if demo::tell(args.pairs).or_refused()? { Ok(()) } else { Err(Failure::Found) }
}
