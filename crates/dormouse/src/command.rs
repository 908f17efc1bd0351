//! The commands, one file each. A new one is a file and a line in each list here.

mod app;
mod audit;
mod completions;
mod demo;
mod explain;
mod key;
mod lint;
mod man;
mod run;
mod serve;
mod store;
mod token;
mod user;

use crate::exit::Outcome;
use clap::Subcommand;

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Serve Apigee proxy bundles.
    Run(run::Args),
    /// Serve OAuth 2.0: token, introspection, revocation and metadata endpoints, and bundles beside them.
    Serve(serve::Args),
    /// Show the whole story in under a minute: issue, redeem, replay, revoke, crash, restart.
    Demo(demo::Args),
    /// Show which clients and policies issue refresh tokens that nobody redeems.
    Audit(audit::Args),
    /// Find refresh tokens that nobody redeems, and their relatives, in bundles.
    Lint(lint::Args),
    /// Explain a rule of the linter.
    Explain(explain::Args),
    /// Make, show, approve, revoke and delete apps.
    App(app::Args),
    /// Make, show, approve, revoke, rotate and delete consumer keys.
    Key(key::Args),
    /// Explain, revoke and approve tokens.
    Token(token::Args),
    /// Add people who sign in with a password, list and delete them.
    User(user::Args),
    /// Burn keys of tokens; copy, check and restore the store of a data directory.
    Store(store::Args),
    /// Print a completion script for a shell.
    Completions(completions::Args),
    /// Print the manual page.
    Man,
}

/// Carries a command out.
pub(crate) fn run(command: Command) -> Outcome {
    match command {
        Command::Run(args) => run::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Audit(args) => audit::run(&args),
        Command::Lint(args) => lint::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::App(args) => app::run(&args),
        Command::Key(args) => key::run(&args),
        Command::Token(args) => token::run(&args),
        Command::User(args) => user::run(&args),
        Command::Store(args) => store::run(&args),
        Command::Completions(args) => {
            completions::run(&args);
            Ok(())
        }
        Command::Man => man::run(),
    }
}
