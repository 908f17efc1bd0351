//! `dormouse store restore`: makes a store servable again that was lost, put back, copied, or whose clock was wrong.

use crate::data;
use crate::exit::{self, OrFailure as _, Outcome};
use dormouse_store::{EarlierTokens, restore};
use std::path::PathBuf;

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Accept the store as it is: draw a new epoch, so that no token from before is honoured any more, and write its mark anew.
    #[command(after_help = RESTORE_HELP)]
    Restore {
        /// The data directory. No process may be serving it.
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// Keep honouring the tokens from before. What the store has forgotten is forgotten: a token that was revoked or
        /// redeemed after the copy was made may live again. Only after a deliberate move of an up-to-date store.
        #[arg(long)]
        keep_tokens: bool,
    },
}

pub(crate) fn run(args: &Args) -> Outcome {
    let Action::Restore { data, keep_tokens } = &args.action;
    let tokens = if *keep_tokens { EarlierTokens::Kept } else { EarlierTokens::Refused };
    let head = restore(data, tokens, &data::store_settings()).or_refused()?;
    let fate = match tokens {
        EarlierTokens::Kept => "tokens from before are honoured as far as this store remembers them",
        EarlierTokens::Refused => "no token from before is honoured any more",
    };
    exit::print(format_args!("restored {}: epoch {}, {fate}\n", data.display(), head.epoch));
    Ok(())
}

const RESTORE_HELP: &str = "\
Run it after a backup or a snapshot of the volume was put back, after a store file was copied or exchanged, after the clock
ran far ahead, and after the key file was lost.

Examples:
  dormouse store restore --data /var/lib/dormouse
  dormouse store restore --data /mnt/new-disk/dormouse --keep-tokens";
