//! The benchmarks. Every figure stands beside a baseline that was measured in the same run, because machines differ and are
//! noisy; what counts is the ratio. `cargo xtask bench` builds what is measured and starts this program.

mod ambient;
mod bare;
mod child;
mod load;
mod machine;
mod organization;
mod part;
mod requests;
mod sample;
mod stored;
mod table;

use clap::Parser;
use part::{PARTS, Setting};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// The allocator of the measured binary, so that what runs in process here costs the same.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures Dormouse beside baselines of the same run, and prints tables in Markdown.
#[derive(Parser)]
#[command(after_help = "Examples:\n  cargo xtask bench\n  cargo xtask bench token serve\n  \
                        cargo xtask bench verify --families 10000000")]
struct Arguments {
    /// What to measure; everything when nothing is named.
    parts: Vec<String>,
    /// The binary to measure.
    #[arg(long, value_name = "FILE", default_value = "target/release/dormouse")]
    dormouse: PathBuf,
    /// A directory for stores, on the disk that is to be measured.
    #[arg(long, value_name = "DIR", default_value = "target")]
    directory: PathBuf,
    /// How long each measurement lasts, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0)]
    seconds: f64,
    /// How often baseline and candidate take turns. The medians count.
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: usize,
    /// Families in the store of `verify`.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    families: u32,
    /// Live exceptions in the store of `start`.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    exceptions: u32,
    /// Be the bare server that others are compared with: answers every request with the answer in this file.
    #[arg(long, value_name = "FILE", hide = true)]
    bare: Option<PathBuf>,
    /// Threads of the bare server.
    #[arg(long, value_name = "N", default_value_t = 1, hide = true)]
    workers: usize,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do when standard error is closed.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if let Some(answer) = &arguments.bare {
        return bare::serve(answer, arguments.workers);
    }
    for name in &arguments.parts {
        let names = || PARTS.iter().map(|part| part.name).collect::<Vec<_>>().join(", ");
        anyhow::ensure!(
            PARTS.iter().any(|part| part.name == name),
            "no part `{name}`; there are {}",
            names()
        );
    }
    let scratch = tempfile::Builder::new().prefix("bench-").tempdir_in(&arguments.directory)?;
    let setting = Setting {
        dormouse: arguments.dormouse.canonicalize()?,
        scratch: scratch.path().to_owned(),
        time: Duration::try_from_secs_f64(arguments.seconds)?,
        rounds: arguments.rounds.max(1),
        families: arguments.families,
        exceptions: arguments.exceptions,
    };
    let mut output = io::stdout().lock();
    writeln!(output, "{}\n", machine::describe(&arguments.directory))?;
    for part in PARTS {
        if arguments.parts.is_empty() || arguments.parts.iter().any(|name| name == part.name) {
            writeln!(io::stderr(), "measuring {}: {}", part.name, part.about)?;
            let table = (part.run)(&setting)?;
            writeln!(output, "## {}: {}\n\n{table}", part.name, part.about)?;
            output.flush()?;
        }
    }
    Ok(())
}
