//! The `dormouse` binary: reads the command line, picks a backend, and prints for people. Everything else is a library.

mod administrator;
mod announce;
mod check;
mod client;
mod command;
mod config;
mod data;
mod demo;
mod entities;
mod exit;
mod hint;
mod log;
mod lsp;
mod plan;
mod process;
mod repair;
mod serving;
mod show;
mod tls;

use clap::Parser;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Run your Apigee OAuth proxies anywhere. Refresh tokens cost nothing until they are redeemed.
#[derive(Parser)]
#[command(name = "dormouse", version, after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: command::Command,
}

fn main() -> ExitCode {
    exit::code(command::run(Cli::parse().command))
}

const EXAMPLES: &str = "\
Examples:
  dormouse run ./oauth                  serve the proxy in ./oauth/apiproxy on 127.0.0.1:8080
  dormouse serve --entities ./entities --data ./state
  dormouse run --check ./oauth.zip      say what is wrong with a bundle, and exit
  dormouse demo                         see the whole story in under a minute
  dormouse audit --admin http://127.0.0.1:8081

Exit codes: 0 success, 1 findings or refused, 2 usage, 3 internal error.";
