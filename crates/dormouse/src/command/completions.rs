//! `dormouse completions SHELL`: generated from the same definition as `--help`.

use crate::Cli;
use crate::exit;
use clap::CommandFactory as _;

#[derive(clap::Args)]
#[command(after_help = "Example:\n  dormouse completions bash > /etc/bash_completion.d/dormouse")]
pub(crate) struct Args {
    /// The shell.
    shell: clap_complete::Shell,
}

pub(crate) fn run(args: &Args) {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "dormouse", &mut script);
    exit::print(format_args!("{}", String::from_utf8_lossy(&script)));
}
