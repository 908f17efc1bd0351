//! Loading bundles and saying what is wrong with them.

use crate::exit::{Failure, OrFailure as _, say};
use anyhow::anyhow;
use dormouse_bundle::{Bundle, BundleSource, Level, Problem, diagnose, load, sort_problems};
use dormouse_report::{Colour, excerpts, summary};
use std::io::IsTerminal as _;

/// Loads the bundles that arguments name.
pub(crate) fn load_all(arguments: &[String]) -> Result<(Vec<Bundle>, Vec<Problem>), Failure> {
    let (mut bundles, mut problems) = (Vec::new(), Vec::new());
    for argument in arguments {
        let source = BundleSource::parse(argument).or_usage()?;
        if !source.path.exists() {
            return Err(Failure::Usage(anyhow!("{}: no such file or directory", source.path.display())));
        }
        let (loaded, found) = load(&source);
        bundles.extend(loaded);
        problems.extend(found);
    }
    problems.extend(diagnose(&bundles));
    Ok((bundles, problems))
}

/// Under `--strict`, a policy that cannot run is an error.
pub(crate) fn make_strict(problems: &mut [Problem]) {
    for problem in problems.iter_mut().filter(|problem| STRICT.contains(&problem.code)) {
        if problem.level == Level::Warning {
            problem.level = Level::Error;
        }
    }
}

/// Prints problems to standard error, with excerpts; colour only on a terminal.
pub(crate) fn show(problems: &mut Vec<Problem>) {
    sort_problems(problems);
    if problems.is_empty() {
        return;
    }
    let colour = if std::io::stderr().is_terminal() { Colour::Always } else { Colour::Never };
    say(format_args!("{}{}", excerpts(problems, colour), summary(problems)));
}

/// Whether any problem is an error.
pub(crate) fn has_errors(problems: &[Problem]) -> bool {
    problems.iter().any(|problem| problem.level == Level::Error)
}

/// What the gateway reports about policies that it does not run.
const STRICT: [&str; 2] = ["unsupported-policy", "unsupported-operation"];
