//! `dormouse man`: the manual page, generated from the same definition as `--help`.

use crate::Cli;
use crate::exit::{self, OrFailure as _, Outcome};
use clap::CommandFactory as _;

pub(crate) fn run() -> Outcome {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page).or_internal()?;
    exit::print(format_args!("{}", String::from_utf8_lossy(&page)));
    Ok(())
}
