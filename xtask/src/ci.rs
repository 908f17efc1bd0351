//! `cargo xtask ci`: every check that a change must pass, cheapest first, each with its time; stops at the first that fails.

use std::io::Write;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context;

/// The line that the help shows.
pub(crate) const ABOUT: &str = "format, lints, tests, docs, licences: all that a change must pass \
                                (--skip-tests: when they have just been run)";

/// Runs the steps in order. The only argument is `--skip-tests`.
pub(crate) fn run(arguments: &[String], output: &mut dyn Write) -> anyhow::Result<()> {
    let mut skip_tests = false;
    for argument in arguments {
        match argument.as_str() {
            "--skip-tests" => skip_tests = true,
            _ => anyhow::bail!("`ci` has no argument `{argument}`; it takes only --skip-tests"),
        }
    }
    let steps: Vec<&Step> = STEPS.iter().filter(|step| !(skip_tests && step.name == TEST)).collect();
    run_steps(&steps, output)
}

/// One call of cargo.
struct Step {
    name: &'static str,
    arguments: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
    /// What a person does when the step fails.
    repair: &'static str,
}

impl Step {
    /// The line that repeats the step in a shell.
    fn command_line(&self) -> String {
        let environment = self.environment.iter().map(|(name, value)| format!("{name}='{value}' "));
        environment.collect::<String>() + "cargo " + &self.arguments.join(" ")
    }
}

fn run_steps(steps: &[&Step], output: &mut dyn Write) -> anyhow::Result<()> {
    let mut total = Duration::ZERO;
    for step in steps {
        writeln!(output, "==> {}: {}", step.name, step.command_line())?;
        output.flush()?;
        let (succeeded, elapsed) = timed(step)?;
        total += elapsed;
        anyhow::ensure!(
            succeeded,
            "{} failed after {:.1} s\n  repeat: {}\n  repair: {}",
            step.name,
            elapsed.as_secs_f64(),
            step.command_line(),
            step.repair
        );
        writeln!(output, "==> {}: {:.1} s", step.name, elapsed.as_secs_f64())?;
    }
    writeln!(output, "==> all steps passed: {:.1} s", total.as_secs_f64())?;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "how long a build really took is what a person wants to know")]
fn timed(step: &Step) -> anyhow::Result<(bool, Duration)> {
    let start = Instant::now();
    // Cargo names itself here when it starts us, so that a `cargo +toolchain xtask` stays on that toolchain.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(step.arguments)
        .envs(step.environment.iter().copied())
        .status()
        .with_context(|| format!("cannot start `{}`", step.command_line()))?;
    Ok((status.success(), start.elapsed()))
}

const TEST: &str = "test";

const STEPS: &[Step] = &[
    Step {
        name: "format",
        arguments: &["fmt", "--all", "--check"],
        environment: &[],
        repair: "cargo fmt --all",
    },
    Step {
        // The licence check works without a network, and needs the manifests of every platform's packages for it.
        name: "fetch",
        arguments: &["fetch", "--locked"],
        environment: &[],
        repair: "when Cargo.lock is behind a manifest, `cargo check --workspace` updates it: commit the result",
    },
    Step {
        name: "licences",
        arguments: &["deny", "--offline", "check", "licenses", "bans", "sources"],
        environment: &[],
        repair: "deny.toml says what is allowed and why; if cargo has no command `deny`: cargo install cargo-deny --locked",
    },
    Step {
        name: "lint",
        arguments: &["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"],
        environment: &[],
        repair: "correct each warning; where a lint is wrong, #[expect(LINT, reason = \"...\")] at the narrowest place",
    },
    Step {
        name: TEST,
        arguments: &["test", "--workspace", "--locked"],
        environment: &[],
        repair: "run the failing test alone: cargo test -p CRATE NAME; a failing `tidy` names the file and the rule",
    },
    Step {
        name: "docs",
        arguments: &["doc", "--workspace", "--no-deps", "--document-private-items", "--locked"],
        environment: &[("RUSTDOCFLAGS", "--deny warnings")],
        repair: "correct the link or the text that rustdoc names",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    const PASSES: Step =
        Step { name: "passes", arguments: &["--version"], environment: &[("A", "b c")], repair: "nothing" };
    const FAILS: Step =
        Step { name: "fails", arguments: &["--no-such-flag"], environment: &[], repair: "drop the flag" };

    #[track_caller]
    fn check(steps: &[&Step], expected: Result<(), &str>, printed: &[&str], not_printed: &[&str]) {
        let mut output = Vec::new();
        let result = run_steps(steps, &mut output).map_err(|error| error.to_string());
        let output = String::from_utf8(output).unwrap();
        match (&result, expected) {
            (Ok(()), Ok(())) => {}
            (Err(error), Err(part)) => assert!(error.contains(part), "`{part}` is not in:\n{error}"),
            _ => panic!("expected {expected:?}, got {result:?}"),
        }
        for part in printed {
            assert!(output.contains(part), "`{part}` is not in:\n{output}");
        }
        for part in not_printed {
            assert!(!output.contains(part), "`{part}` is in:\n{output}");
        }
    }

    #[test]
    fn each_step_is_shown_with_its_command_and_time() {
        let expected = ["==> passes: A='b c' cargo --version\n", "==> passes: 0", "==> all steps passed"];
        check(&[&PASSES], Ok(()), &expected, &[]);
    }

    #[test]
    fn the_first_failure_ends_the_run_and_says_what_to_do() {
        check(&[&FAILS, &PASSES], Err("repair: drop the flag"), &["==> fails"], &["passes"]);
        check(
            &[&PASSES, &FAILS],
            Err("repeat: cargo --no-such-flag"),
            &["==> passes"],
            &["all steps passed"],
        );
    }

    #[test]
    fn the_test_step_exists_under_the_name_that_skipping_uses() {
        assert_eq!(STEPS.iter().filter(|step| step.name == TEST).count(), 1);
    }
}
