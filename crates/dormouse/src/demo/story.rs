//! The story that the demo tells: every number in it is read back from the server or counted from its answers.

use crate::demo::bundle::{self, BATCH, Client, WEB};
use crate::demo::server::Server;
use crate::demo::traffic::{Caller, Tokens};
use crate::exit;
use anyhow::{Context as _, bail};
use dormouse_audit::{Report, table};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal as _;
use std::sync::Mutex;
use std::thread;

/// Tells the story with so many token pairs. Returns whether it ended well.
pub(crate) fn tell(pairs: u64) -> anyhow::Result<bool> {
    let directory = tempfile::tempdir().context("cannot make a temporary directory")?;
    bundle::write(directory.path()).context("cannot write the demo's bundle")?;
    say("1. A server of its own: the same binary, an Apigee bundle, an embedded store, real sockets.");
    let server = Server::start(directory.path())?;
    let before = Held::read(&server)?;

    say(&format!("2. Issue {pairs} pairs of access and refresh tokens by the password grant."));
    let kept = issue(&server, pairs)?;
    let issued = Held::read(&server)?;
    report_held(&issued, &before, pairs);

    say(&format!("3. Redeem {} of them, revoke {}.", kept.redeem.len(), kept.revoke.len()));
    let caller = Caller::new(&server.proxy);
    let redeemed = redeem_all(&caller, &kept.redeem)?;
    for tokens in &kept.revoke {
        expect("revoking", caller.revoke(&tokens.refresh_token)?, 200)?;
    }
    let touched = Held::read(&server)?;
    note(&format!(
        "family records in the store: {}, {} bytes with their expiry index",
        touched.families, touched.token_bytes
    ));

    say("4. Present a redeemed refresh token again: it was stolen, or its owner is confused.");
    show_replays(&caller)?;

    say(
        "5. Kill the server with SIGKILL, without a word of warning, and start it again on the same directory.",
    );
    server.kill()?;
    let server = Server::start(directory.path())?;
    let lost = check_after_restart(&Caller::new(&server.proxy), &kept, &redeemed)?;

    say("6. The audit: which client and which policy issue refresh tokens that nobody redeems.");
    let report: Report = server.admin.get("/audit")?;
    exit::print(format_args!("\n{}\n", table(&report, None)));
    Ok(lost == 0)
}

/// What the server holds, as it says itself.
struct Held {
    families: u64,
    token_rows: u64,
    token_bytes: u64,
    file_bytes: u64,
}

impl Held {
    fn read(server: &Server) -> anyhow::Result<Self> {
        let rows = |table: &str| server.metric(&format!("dormouse_store_rows{{table=\"{table}\"}}"));
        let families = rows("families")?;
        Ok(Self {
            families,
            token_rows: families + rows("code_marks")? + rows("imports")? + rows("overflows")?,
            token_bytes: server.metric("dormouse_store_token_bytes")?,
            file_bytes: server.metric("dormouse_store_file_bytes")?,
        })
    }
}

fn report_held(issued: &Held, before: &Held, pairs: u64) {
    note(&format!("rows about tokens: {}", issued.token_rows));
    note(&format!("stored per dormant token: {} bytes", issued.token_bytes / pairs.max(1)));
    note(&format!("store file: {} bytes before, {} bytes after", before.file_bytes, issued.file_bytes));
}

/// Pairs that the rest of the story needs.
struct Kept {
    redeem: Vec<Tokens>,
    revoke: Vec<Tokens>,
    dormant: Vec<Tokens>,
}

/// Issues through several connections; of the web shop's pairs some are kept.
fn issue(server: &Server, pairs: u64) -> anyhow::Result<Kept> {
    let progress = progress(pairs);
    let kept = Mutex::new(Vec::new());
    let failed = Mutex::new(None);
    thread::scope(|scope| {
        for connection in 0..CONNECTIONS {
            let (progress, kept, failed) = (&progress, &kept, &failed);
            scope.spawn(move || {
                let caller = Caller::new(&server.proxy);
                let own = (connection..pairs).step_by(usize::try_from(CONNECTIONS).unwrap_or(1));
                if let Err(error) = issue_some(&caller, own, progress, kept) {
                    failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get_or_insert(error);
                }
            });
        }
    });
    progress.finish_and_clear();
    if let Some(error) = failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
        return Err(error);
    }
    let mut kept = kept.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).into_iter();
    let redeem = kept.by_ref().take(usize::try_from(pairs / 50).unwrap_or(usize::MAX)).collect();
    let revoke = kept.by_ref().take(REVOKED).collect();
    Ok(Kept { redeem, revoke, dormant: kept.take(DORMANT).collect() })
}

fn issue_some(
    caller: &Caller,
    numbers: impl Iterator<Item = u64>,
    progress: &ProgressBar,
    kept: &Mutex<Vec<Tokens>>,
) -> anyhow::Result<()> {
    for number in numbers {
        // One pair in ten is the web shop's, and enough of these are kept for everything that follows.
        let client: &Client = if (number / CONNECTIONS).is_multiple_of(10) { &WEB } else { &BATCH };
        let tokens = caller.issue(client, &format!("user-{number}"))?;
        if client.key == WEB.key {
            kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(tokens);
        }
        progress.inc(1);
    }
    Ok(())
}

/// Redeems pairs, and returns their successors.
fn redeem_all(caller: &Caller, pairs: &[Tokens]) -> anyhow::Result<Vec<Tokens>> {
    let mut successors = Vec::with_capacity(pairs.len());
    for tokens in pairs {
        let (status, body) = caller.redeem(&WEB, &tokens.refresh_token)?;
        expect("redeeming", status, 200)?;
        successors.push(serde_json::from_str(&body)?);
    }
    Ok(successors)
}

/// One replay under Apigee's own rules, one under replay detection.
fn show_replays(caller: &Caller) -> anyhow::Result<()> {
    let batch = caller.issue(&BATCH, "mallory")?;
    expect("redeeming", caller.redeem(&BATCH, &batch.refresh_token)?.0, 200)?;
    let (status, body) = caller.redeem(&BATCH, &batch.refresh_token)?;
    note(&format!("nightly-batch, Apigee's own rule: {status} {}", body.trim()));
    let web = caller.issue(&WEB, "mallory")?;
    let first: Tokens = serde_json::from_str(&caller.redeem(&WEB, &web.refresh_token)?.1)?;
    let second: Tokens = serde_json::from_str(&caller.redeem(&WEB, &first.refresh_token)?.1)?;
    // The loser of a race is spared for two seconds; a thief comes later.
    thread::park_timeout(std::time::Duration::from_millis(2_100));
    let (status, body) = caller.redeem(&WEB, &web.refresh_token)?;
    note(&format!("web-shop, with replay detection: {status} {}", body.trim()));
    note(&format!("and what the thief had made of it: access token {}", caller.call(&second.access_token)?));
    Ok(())
}

/// Asks for everything that was acknowledged before the kill. Returns how much of it was lost.
fn check_after_restart(caller: &Caller, kept: &Kept, redeemed: &[Tokens]) -> anyhow::Result<usize> {
    let mut lost = 0;
    // The successors first: a predecessor that is presented after them is a replay and ends the family.
    for successor in redeemed {
        lost += usize::from(caller.redeem(&WEB, &successor.refresh_token)?.0 != 200);
    }
    for old in &kept.redeem {
        lost += usize::from(caller.redeem(&WEB, &old.refresh_token)?.0 == 200);
    }
    for revoked in &kept.revoke {
        lost += usize::from(caller.redeem(&WEB, &revoked.refresh_token)?.0 == 200);
        lost += usize::from(caller.call(&revoked.access_token)? == 200);
    }
    let mut dormant = 0;
    for tokens in &kept.dormant {
        dormant += usize::from(caller.redeem(&WEB, &tokens.refresh_token)?.0 == 200);
    }
    lost += kept.dormant.len() - dormant;
    note(&format!("redemptions and revocations acknowledged before: {}", redeemed.len() + kept.revoke.len()));
    note(&format!("of {} dormant refresh tokens, redeemed now: {dormant}", kept.dormant.len()));
    note(&format!("lost: {lost}"));
    Ok(lost)
}

fn expect(what: &str, status: u16, expected: u16) -> anyhow::Result<()> {
    if status == expected { Ok(()) } else { bail!("{what} was answered with {status}") }
}

fn progress(pairs: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(pairs);
    if let Ok(style) = ProgressStyle::with_template("   {bar:40} {pos}/{len}  {per_sec}") {
        bar.set_style(style);
    }
    bar
}

fn say(line: &str) {
    exit::print(format_args!("{line}\n"));
}

fn note(line: &str) {
    exit::print(format_args!("   {line}\n"));
}

const CONNECTIONS: u64 = 8;
const REVOKED: usize = 100;
const DORMANT: usize = 100;
