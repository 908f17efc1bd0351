//! `dormouse store`: burning what tokens are sealed under, and looking after a data directory.

use crate::administrator::{Administrator, Target};
use crate::data::{self, StorePlan};
use crate::exit::{self, Failure, OrFailure as _, Outcome, say};
use crate::show::{self, list, text};
use anyhow::anyhow;
use dormouse_store::{EarlierTokens, StoreSettings, backup, check, restore, rotate_root};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Copy store and key file into a new directory.
    Backup {
        #[command(flatten)]
        stopped: Stopped,
        /// The directory to make. Whoever can read it can forge tokens.
        #[arg(long, value_name = "NEW_DIR")]
        to: PathBuf,
    },
    /// Burn an hour: everything that was sealed in it dies, and all that may descend from a forgery.
    #[command(after_help = BURN_HELP)]
    BurnHour {
        /// The hour, as 2026-01-31T09:00Z, or in hours since 1970.
        hour: String,
        /// The root [default: the one that seals].
        #[arg(long, value_name = "ROOT")]
        root: Option<String>,
        #[command(flatten)]
        target: Target,
    },
    /// Burn a root, with all its hours. What the store keeps under it is sealed anew.
    #[command(after_help = BURN_HELP)]
    BurnRoot {
        /// The root, as `dormouse store roots` names it.
        root: String,
        #[command(flatten)]
        target: Target,
    },
    /// Check key file, store and mark as a start does, and every page of the store.
    Check(Stopped),
    /// Accept the store as it is: draw a new epoch, so that no token from before is honoured any more, and write its mark anew.
    #[command(after_help = RESTORE_HELP)]
    Restore {
        #[command(flatten)]
        stopped: Stopped,
        /// Keep honouring the tokens from before. What the store has forgotten is forgotten: a token that was revoked or
        /// redeemed after the copy was made may live again. Only after a deliberate move of an up-to-date store.
        #[arg(long)]
        keep_tokens: bool,
    },
    /// List what tokens are sealed under.
    Roots(Target),
    /// Make a fresh root seal from the next start on. Tokens under the others stay valid.
    RotateRoot(Stopped),
    /// Show what the store holds.
    Show(Target),
}

/// A data directory that nothing serves.
#[derive(clap::Args)]
struct Stopped {
    /// The data directory. No process may be serving it.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The configuration file of its server, which says where directory, mark and roots are. Without it, dormouse.toml is read
    /// if it exists.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Stopped {
    /// The directory and what its store is opened with.
    fn place(&self) -> Result<(PathBuf, StoreSettings), Failure> {
        let plan = StorePlan::load(self.config.as_deref(), self.data.as_deref())?;
        let settings = plan.settings();
        let none =
            || Failure::Usage(anyhow!("which data directory? give --data DIR, or a --config FILE with data"));
        Ok((plan.directory.ok_or_else(none)?, settings))
    }
}

pub(crate) fn run(args: &Args) -> Outcome {
    match &args.action {
        Action::Backup { stopped, to } => back_up(stopped, to),
        Action::BurnHour { hour, root, target } => burn_hour(target, hour, root.as_deref()),
        Action::BurnRoot { root, target } => burn_root(target, root),
        Action::Check(stopped) => check_store(stopped),
        Action::Restore { stopped, keep_tokens } => restore_store(stopped, *keep_tokens),
        Action::Roots(target) => {
            let roots = target.connect()?.own("GET", &["roots"], &Value::Null)?;
            show::show(target.format, &roots, |answer| list(answer, "roots").iter().map(root_line).collect())
        }
        Action::RotateRoot(stopped) => {
            let (directory, settings) = stopped.place()?;
            let root = rotate_root(&directory, &settings).or_refused()?;
            data::log_act(&directory, "store.rotate-root", &[("root", &root.to_string())]);
            exit::print(format_args!("root {root} seals from the next start on; the others still open\n"));
            Ok(())
        }
        Action::Show(target) => {
            let answer = target.connect()?.own("GET", &["store"], &Value::Null)?;
            show::show(target.format, &answer, describe)
        }
    }
}

fn back_up(stopped: &Stopped, to: &Path) -> Outcome {
    let (directory, settings) = stopped.place()?;
    let bytes = backup(&directory, to, &settings).or_refused()?;
    data::log_act(&directory, "store.backup", &[("to", &to.display().to_string())]);
    exit::print(format_args!(
        "copied {bytes} bytes to {}; when it is put back, run dormouse store restore\n",
        to.display()
    ));
    Ok(())
}

fn check_store(stopped: &Stopped) -> Outcome {
    let (directory, settings) = stopped.place()?;
    let checked = check(&directory, &settings).or_refused()?;
    let (epoch, cut_off, roots) = (checked.head.epoch, checked.head.cut_off, checked.roots);
    exit::print(format_args!("epoch {epoch}, {cut_off} cut-offs, {roots} roots\n"));
    if checked.was_whole {
        exit::print(format_args!("the store is whole\n"));
        return Ok(());
    }
    Err(Failure::Refused(anyhow!(
        "the store was damaged and has been repaired as far as it can be; check it again"
    )))
}

fn restore_store(stopped: &Stopped, keep_tokens: bool) -> Outcome {
    let (directory, settings) = stopped.place()?;
    let tokens = if keep_tokens { EarlierTokens::Kept } else { EarlierTokens::Refused };
    let head = restore(&directory, tokens, &settings).or_refused()?;
    let fate = match tokens {
        EarlierTokens::Kept => "tokens from before are honoured as far as this store remembers them",
        EarlierTokens::Refused => "no token from before is honoured any more",
    };
    data::log_act(&directory, "store.restore", &[("epoch", &head.epoch.to_string())]);
    exit::print(format_args!("restored {}: epoch {}, {fate}\n", directory.display(), head.epoch));
    Ok(())
}

fn burn_hour(target: &Target, hour: &str, root: Option<&str>) -> Outcome {
    let hour = parse_hour(hour)?;
    let administrator = target.connect()?;
    let roots = administrator.own("GET", &["roots"], &Value::Null)?;
    let sealing = list(&roots, "roots").iter().find(|root| root["seals"] == true);
    let root = root.map_or_else(|| sealing.map(|root| text(root, "root")).unwrap_or_default(), str::to_owned);
    burn(target, &administrator, &root, &json!({ "hour": hour }))
}

/// The root that seals cannot be burned while it does. Nobody serves a local directory, so another one takes its place first.
fn burn_root(target: &Target, root: &str) -> Outcome {
    let administrator = target.connect()?;
    let roots = administrator.own("GET", &["roots"], &Value::Null)?;
    let seals = list(&roots, "roots").iter().any(|own| text(own, "root") == root && own["seals"] == true);
    let local = if seals { target.reach.local()? } else { None };
    let Some((directory, plan)) = local else { return burn(target, &administrator, root, &json!({})) };
    // It holds the directory's lock.
    drop(administrator);
    let fresh = rotate_root(directory, &plan.settings()).or_refused()?;
    data::log_act(directory, "store.rotate-root", &[("root", &fresh.to_string())]);
    say(format_args!("root {fresh} seals in its place"));
    burn(target, &target.connect()?, root, &json!({}))
}

fn burn(target: &Target, administrator: &Administrator, root: &str, body: &Value) -> Outcome {
    let answer = administrator.own("POST", &["roots", root, "burn"], body)?;
    show::show(target.format, &answer, |answer| format!("burned, as cut-off {}\n", text(answer, "number")))
}

/// Hours since 1970, or the hour that a time lies in.
fn parse_hour(text: &str) -> Result<i64, Failure> {
    let time = || text.parse::<jiff::Timestamp>().map(|time| time.as_second().div_euclid(3600));
    text.parse::<u32>().map(i64::from).or_else(|_| time()).map_err(|_| {
        Failure::Usage(anyhow!(
            "{text:?} is neither a time such as 2026-01-31T09:00Z nor a number of hours since 1970"
        ))
    })
}

fn root_line(root: &Value) -> String {
    format!("{} {}\n", text(root, "root"), if root["seals"] == true { "seals" } else { "opens" })
}

fn describe(store: &Value) -> String {
    let members = [
        "epoch",
        "families",
        "codeMarks",
        "imports",
        "overflows",
        "cutOffs",
        "documents",
        "tokenBytes",
        "fileBytes",
    ];
    show::lines(&members.map(|member| (member, text(store, member))))
}

const BURN_HELP: &str = "\
Burn an hour when tokens that were sealed in it may have leaked with their key, and a root when its secret has. The root
that seals is burned with --data, while nothing serves the directory: a fresh one takes its place first. For a server, rotate it
first: dormouse store rotate-root, then start again. Afterwards the burned root's line may leave the key file.

Examples:
  dormouse store roots
  dormouse store burn-hour 2026-01-31T09:00Z
  dormouse store burn-root 0a1b2c3d4e5f6071 --data /var/lib/dormouse";

const RESTORE_HELP: &str = "\
Run it after a backup or a snapshot of the volume was put back, after a store file was copied or exchanged, after the clock
ran far ahead, and after the key file was lost.

Examples:
  dormouse store restore --data /var/lib/dormouse
  dormouse store restore --data /mnt/new-disk/dormouse --keep-tokens";
