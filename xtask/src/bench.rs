//! `cargo xtask bench`: builds the binary and the benchmarks for release, and measures.

use anyhow::Context as _;
use std::io::Write;
use std::process::Command;

/// The line that the help shows.
pub(crate) const ABOUT: &str =
    "measure against baselines (cargo xtask bench --help lists the parts and options)";

/// Arguments go to the benchmarks.
pub(crate) fn run(arguments: &[String], output: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(output, "==> building for release")?;
    output.flush()?;
    cargo(&["build", "--release", "--locked", "--package", "dormouse", "--package", "benches"])?;
    let mut measure = vec!["run", "--quiet", "--release", "--locked", "--package", "benches", "--"];
    measure.extend(arguments.iter().map(String::as_str));
    cargo(&measure)
}

fn cargo(arguments: &[&str]) -> anyhow::Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo).args(arguments).status().context("cargo does not start")?;
    anyhow::ensure!(status.success(), "`cargo {}` failed", arguments.join(" "));
    Ok(())
}
