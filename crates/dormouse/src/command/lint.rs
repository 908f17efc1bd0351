//! `dormouse lint`: finds refresh tokens that nobody redeems, and their relatives, in bundles.

use crate::exit::{self, Failure, OrFailure as _, Outcome, say};
use crate::lsp;
use crate::repair::{Choice, repair};
use anyhow::{Context as _, anyhow};
use clap::ValueEnum;
use dormouse_bundle::Level;
use dormouse_lint::{Baseline, Input, RULES, Settings, bill, gather, lint, list};
use dormouse_report::{Colour, FORMATS, Finding, Format, Report, RuleInfo};
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Args {
    /// Bundles: directories, zip archives, a folder with many of them, loose policy files.
    #[arg(value_name = "PATH", required_unless_present_any = ["list", "lsp", "rps"])]
    paths: Vec<PathBuf>,
    /// How to report: text, json, sarif, junit, checkstyle, github, gitlab or html.
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = format)]
    format: &'static Format,
    /// Write the report to a file.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The level from which on a finding makes the exit code 1.
    #[arg(long, value_enum, default_value_t = Deny::Error)]
    deny: Deny,
    /// The configuration; without it, dormouse-lint.toml in the first path or above it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Leave out the findings that this file lists.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write the findings that there are to the file of --baseline.
    #[arg(long, requires = "baseline")]
    write_baseline: bool,
    /// Apply the safe fixes, and report what is left.
    #[arg(long)]
    fix: bool,
    /// With --fix: apply the others too, which change behaviour.
    #[arg(long, requires = "fix")]
    unsafe_fixes: bool,
    /// With --fix: show what would change, and change nothing.
    #[arg(long, requires = "fix")]
    dry_run: bool,
    /// Serve an editor by the Language Server Protocol, on standard input and output.
    #[arg(long, conflicts_with_all = ["paths", "output", "baseline", "fix"])]
    lsp: bool,
    /// List the rules.
    #[arg(long)]
    list: bool,
    /// Print what refresh tokens that nobody redeems cost at so many token requests a second.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    rps: Option<u64>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Deny {
    Error,
    Warning,
    Info,
}

impl Deny {
    fn level(self) -> Level {
        match self {
            Self::Error => Level::Error,
            Self::Warning => Level::Warning,
            Self::Info => Level::Info,
        }
    }
}

pub(crate) fn run(args: &Args) -> Outcome {
    if args.list {
        exit::print(format_args!("{}", list()));
        return Ok(());
    }
    if args.lsp {
        let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
        return lsp::serve(&mut input, &mut output, &|folders| lint_folders(args, folders));
    }
    if args.paths.is_empty() {
        exit::print(format_args!("{}", bill(args.rps.unwrap_or(1))));
        return Ok(());
    }
    let mut settings = settings(args.config.as_deref(), &args.paths)?;
    if let Some(rate) = args.rps {
        settings.requests_per_second = rate;
    }
    let mut input = gather(&args.paths).or_usage()?;
    for path in &input.empty {
        say(format_args!("note: {} holds no bundle and no policy", path.display()));
    }
    let mut linted = lint(&input, &settings);
    if args.fix {
        fix(args, &linted.findings);
        if args.dry_run {
            return verdict(args, &linted.findings);
        }
        // What is left is reported, and decides.
        input = gather(&args.paths).or_usage()?;
        linted = lint(&input, &settings);
    }
    if let Some(path) = &args.baseline {
        if args.write_baseline {
            return write_baseline(path, &linted.findings);
        }
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string()).or_usage()?;
        let baseline = Baseline::parse(&text).with_context(|| path.display().to_string()).or_usage()?;
        linted.suppressed += baseline.remove_known(&mut linted.findings);
    }
    report(args, &input, (&linted.findings, linted.suppressed))?;
    if let Some(rate) = args.rps.filter(|_| args.format.name == "text") {
        say(format_args!("{}", bill(rate)));
    }
    verdict(args, &linted.findings)
}

fn verdict(args: &Args, findings: &[Finding]) -> Outcome {
    let denied = findings.iter().any(|finding| finding.level >= args.deny.level());
    if denied { Err(Failure::Found) } else { Ok(()) }
}

fn report(args: &Args, input: &Input, (findings, suppressed): (&[Finding], usize)) -> Outcome {
    let rules: Vec<&'static RuleInfo> = RULES.iter().map(|rule| &rule.info).collect();
    let bundles: Vec<String> = input.bundles.iter().map(|bundle| bundle.name.clone()).collect();
    let on_terminal = args.output.is_none() && std::io::stdout().is_terminal();
    let colour = if on_terminal { Colour::Always } else { Colour::Never };
    let deny = args.deny.level();
    let version = env!("CARGO_PKG_VERSION");
    let report = Report { findings, rules: &rules, bundles: &bundles, suppressed, deny, version, colour };
    let mut text = String::new();
    (args.format.write)(&report, &mut text);
    if let Some(path) = &args.output {
        return std::fs::write(path, text).with_context(|| path.display().to_string()).or_usage();
    }
    exit::print(format_args!("{text}"));
    Ok(())
}

fn fix(args: &Args, findings: &[Finding]) {
    let choice = Choice { unsafe_too: args.unsafe_fixes, dry_run: args.dry_run };
    let repaired = repair(findings, choice);
    // In the formats for programs, standard output holds the report alone.
    if args.format.name == "text" {
        exit::print(format_args!("{}", repaired.diff));
    }
    let verb = if args.dry_run { "would repair" } else { "repaired" };
    say(format_args!(
        "{verb} {} of {} findings in {} file{}",
        repaired.findings,
        findings.len(),
        repaired.files,
        if repaired.files == 1 { "" } else { "s" }
    ));
    for note in repaired.notes {
        say(format_args!("note: {note}"));
    }
}

fn write_baseline(path: &Path, findings: &[Finding]) -> Outcome {
    let text = Baseline::of(findings).to_text().or_internal()?;
    std::fs::write(path, text).with_context(|| path.display().to_string()).or_usage()?;
    say(format_args!("{} findings are known now", findings.len()));
    Ok(())
}

/// The folders of an editor, as one program. What is wrong is told there.
fn lint_folders(args: &Args, folders: &[PathBuf]) -> anyhow::Result<Vec<Finding>> {
    let settings = settings(args.config.as_deref(), folders).map_err(Failure::into_error)?;
    Ok(lint(&gather(folders)?, &settings).findings)
}

/// The configuration that is named, else the nearest one, wherever the command is started; and the exclusions of the
/// nearest file of apigeelint.
fn settings(config: Option<&Path>, paths: &[PathBuf]) -> Result<Settings, Failure> {
    let near = |name: &str| {
        let first = paths.first()?.canonicalize().ok()?;
        first.ancestors().map(|directory| directory.join(name)).find(|file| file.is_file())
    };
    let read =
        |path: &Path| std::fs::read_to_string(path).with_context(|| path.display().to_string()).or_usage();
    let mut settings = match config.map(Path::to_path_buf).or_else(|| near(SETTINGS_FILE)) {
        Some(path) => {
            Settings::parse(&read(&path)?).with_context(|| path.display().to_string()).or_usage()?
        }
        None => Settings::default(),
    };
    if let Some(path) = near(APIGEELINT_FILE) {
        settings.exclude(&read(&path)?);
    }
    Ok(settings)
}

fn format(name: &str) -> anyhow::Result<&'static Format> {
    let names = || FORMATS.iter().map(|format| format.name).collect::<Vec<_>>().join(", ");
    FORMATS.iter().find(|format| format.name == name).ok_or_else(|| anyhow!("the formats are {}", names()))
}

const APIGEELINT_FILE: &str = ".apigeelintrc";
const SETTINGS_FILE: &str = "dormouse-lint.toml";
const EXAMPLES: &str = "\
Examples:
  dormouse lint ./oauth                         one bundle
  dormouse lint ./org-export                    all bundles of an organization, as one program
  dormouse lint . --format sarif --output lint.sarif
  dormouse lint . --fix --dry-run               show the safe fixes as a diff
  dormouse lint . --baseline known.json --write-baseline
  dormouse lint --rps 50                        the bill of refresh tokens that nobody redeems

Exit codes: 0 nothing at or above --deny, 1 findings, 2 usage, 3 internal error.";
