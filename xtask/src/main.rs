//! The project's own commands, started as `cargo xtask COMMAND`: one file per command, listed in [`COMMANDS`].

mod bench;
mod bench_lint;
mod ci;
mod lint_truth;
mod rules;

use std::io::{self, Write};
use std::process::ExitCode;

/// A command of `cargo xtask`.
struct Command {
    /// What is typed.
    name: &'static str,
    /// The line that the help shows.
    about: &'static str,
    /// Runs it with the arguments behind its name. An error is printed, and the exit code is 1.
    run: fn(arguments: &[String], output: &mut dyn Write) -> anyhow::Result<()>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments, &mut io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do when standard error is closed.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String], output: &mut dyn Write) -> anyhow::Result<()> {
    let Some((name, rest)) = arguments.split_first() else {
        return help(output);
    };
    if matches!(name.as_str(), "help" | "-h" | "--help") {
        return help(output);
    }
    match COMMANDS.iter().find(|command| command.name == name) {
        Some(command) => (command.run)(rest, output),
        None => anyhow::bail!("there is no command `{name}`; `cargo xtask` lists the commands"),
    }
}

fn help(output: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(output, "Usage: cargo xtask COMMAND\n\nCommands:")?;
    for command in COMMANDS {
        writeln!(output, "  {:<10} {}", command.name, command.about)?;
    }
    Ok(())
}

const COMMANDS: &[Command] = &[
    Command { name: "bench", about: bench::ABOUT, run: bench::run },
    Command { name: "bench-lint", about: bench_lint::ABOUT, run: bench_lint::run },
    Command { name: "ci", about: ci::ABOUT, run: ci::run },
    Command { name: "lint-truth", about: lint_truth::ABOUT, run: lint_truth::run },
    Command { name: "rules", about: rules::ABOUT, run: rules::run },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(arguments: &[&str], expected: Result<&str, &str>) {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        let mut output = Vec::new();
        let result = dispatch(&arguments, &mut output).map_err(|error| error.to_string());
        let output = String::from_utf8(output).unwrap();
        match (result, expected) {
            (Ok(()), Ok(part)) => assert!(output.contains(part), "`{part}` is not in:\n{output}"),
            (Err(error), Err(part)) => assert!(error.contains(part), "`{part}` is not in:\n{error}"),
            (result, expected) => panic!("expected {expected:?}, got {result:?}"),
        }
    }

    #[test]
    fn without_a_command_the_commands_are_listed() {
        check(&[], Ok("ci"));
        check(&["--help"], Ok("Usage: cargo xtask COMMAND"));
    }

    #[test]
    fn an_unknown_command_or_flag_is_named() {
        check(&["deploy"], Err("`deploy`"));
        check(&["ci", "--fast"], Err("`--fast`"));
    }
}
