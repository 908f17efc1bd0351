//! `cargo xtask bench-lint DIRECTORY [APIGEELINT]`: bundles per second of the linter on all bundles below a directory
//! and, if the program apigeelint is named, its time on the same bundles in the same run. Meaningful in release only.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use dormouse_lint::{Settings, gather, lint};

/// The line that the help shows.
pub(crate) const ABOUT: &str =
    "bundles per second of the linter (a directory, and perhaps the program apigeelint)";

/// Prints the rates.
pub(crate) fn run(arguments: &[String], output: &mut dyn Write) -> anyhow::Result<()> {
    let (directory, apigeelint) = match arguments {
        [directory] => (directory, None),
        [directory, apigeelint] => (directory, Some(Path::new(apigeelint))),
        _ => anyhow::bail!("`bench-lint` takes a directory of bundles, and perhaps the program apigeelint"),
    };
    if cfg!(debug_assertions) {
        writeln!(
            output,
            "note: this is a debug build; run it with cargo run --release -p xtask -- bench-lint"
        )?;
    }
    let paths = bundles(Path::new(directory))?;
    let many: Vec<PathBuf> = paths.iter().cycle().take(MANY).cloned().collect();
    let all = fastest(|| timed(&many))?;
    let rate = per_second(MANY, all);
    writeln!(output, "{MANY} bundles as one program   {:>9.1} ms  {rate:>9.0} bundles/s", milliseconds(all))?;
    let each = fastest(|| paths.iter().map(|path| timed(std::slice::from_ref(path))).sum())?;
    let rate = per_second(paths.len(), each);
    writeln!(
        output,
        "{:<3} bundles one by one      {:>9.1} ms  {rate:>9.0} bundles/s",
        paths.len(),
        milliseconds(each)
    )?;
    let Some(apigeelint) = apigeelint else { return Ok(()) };
    let other = apigeelint_time(apigeelint, &paths)?;
    let rate = per_second(paths.len(), other);
    writeln!(
        output,
        "{:<3} bundles by apigeelint   {:>9.1} ms  {rate:>9.1} bundles/s",
        paths.len(),
        milliseconds(other)
    )?;
    writeln!(output, "ratio {:.0}", other.as_secs_f64() / each.as_secs_f64())?;
    Ok(())
}

/// The bundle directories below a directory, as apigeelint wants them named.
fn bundles(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let input = gather(&[directory.to_owned()])?;
    let folder = |bundle: &dormouse_bundle::Bundle| match bundle.kind {
        dormouse_bundle::BundleKind::Proxy => "apiproxy",
        dormouse_bundle::BundleKind::SharedFlow => "sharedflowbundle",
    };
    let paths = input.bundles.iter().map(|bundle| Path::new(&bundle.path).join(folder(bundle)));
    let paths: Vec<PathBuf> = paths.filter(|path| path.is_dir()).collect();
    anyhow::ensure!(!paths.is_empty(), "{} holds no bundle", directory.display());
    Ok(paths)
}

/// The time to read and lint bundles as one program.
fn timed(paths: &[PathBuf]) -> anyhow::Result<Duration> {
    let started = now();
    let mut input = gather(&[])?;
    for path in paths {
        let mut read = gather(std::slice::from_ref(path))?;
        input.bundles.append(&mut read.bundles);
        input.problems.append(&mut read.problems);
    }
    let linted = lint(&input, &Settings::default());
    std::hint::black_box(linted);
    Ok(started.elapsed())
}

fn fastest(mut once: impl FnMut() -> anyhow::Result<Duration>) -> anyhow::Result<Duration> {
    let mut best = once()?;
    for _ in 1..ROUNDS {
        best = best.min(once()?);
    }
    Ok(best)
}

/// One process for each bundle, which is all that it can do.
fn apigeelint_time(program: &Path, paths: &[PathBuf]) -> anyhow::Result<Duration> {
    let started = now();
    for path in paths {
        let mut command = Command::new(program);
        command.arg("-s").arg(path).args(["-f", "json.js"]).stdout(Stdio::null()).stderr(Stdio::null());
        // It exits with 1 where it finds errors.
        command.status().with_context(|| program.display().to_string())?;
    }
    Ok(started.elapsed())
}

#[expect(clippy::disallowed_methods, reason = "a measurement needs the machine's own clock")]
fn now() -> Instant {
    Instant::now()
}

fn per_second(count: usize, time: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / time.as_secs_f64()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The budget is a second for so many.
const MANY: usize = 200;
const ROUNDS: usize = 5;
