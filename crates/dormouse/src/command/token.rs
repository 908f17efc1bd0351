//! `dormouse token`: explains, revokes and approves a token by its string.

use crate::administrator::{Administrator, Target};
use crate::exit::{Failure, Outcome};
use crate::show::{self, list, text, time};
use anyhow::anyhow;
use serde_json::{Value, json};
use std::path::Path;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    target: Target,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Tell what a token says, what is known of its family, and why it would be accepted (exit code 0) or refused (1) now.
    Inspect {
        /// The token; - reads it from standard input, which other people of this machine cannot see.
        token: String,
    },
    /// Revoke a token.
    Revoke(Switched),
    /// Undo a revocation by the token's string.
    Approve(Switched),
}

#[derive(clap::Args)]
struct Switched {
    /// The access or refresh token; - reads it from standard input.
    token: String,
    /// The other token of the pair as well.
    #[arg(long)]
    cascade: bool,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let administrator = args.target.connect()?;
    match &args.action {
        Action::Inspect { token } => {
            let body = json!({ "token": read(token)? });
            let answer = administrator.own("POST", &["token", "inspect"], &body)?;
            show::show(args.target.format, &answer, describe)?;
            if answer["accepted"] == true { Ok(()) } else { Err(Failure::Found) }
        }
        Action::Revoke(switched) => switch(&administrator, switched, "revoke"),
        Action::Approve(switched) => switch(&administrator, switched, "approve"),
    }
}

fn switch(administrator: &Administrator, switched: &Switched, action: &str) -> Outcome {
    let token = read(&switched.token)?;
    let body = json!({ "token": token });
    // The service knows which of the two it is, also of an imported string.
    let inspected = administrator.own("POST", &["token", "inspect"], &body)?;
    let resource = match inspected["kind"].as_str() {
        Some("access token") => "accesstokens",
        Some("refresh token") => "refreshtokens",
        _ => {
            return Err(Failure::Refused(anyhow!(
                "this is neither an access token nor a refresh token of this service"
            )));
        }
    };
    administrator.act_with_cascade(&["oauth2", resource, &token], action, switched.cascade)
}

fn read(token: &str) -> Result<String, Failure> {
    if token == "-" { Ok(show::read_secret(Path::new("-"))?.trim().to_owned()) } else { Ok(token.to_owned()) }
}

fn describe(answer: &Value) -> String {
    let verdict = if answer["accepted"] == true {
        "accepted now".to_owned()
    } else {
        format!("refused: {}", text(answer, "refusal"))
    };
    let claims = &answer["claims"];
    let imported = if answer["imported"] == true { " (imported)" } else { "" };
    let kind = text(answer, "kind");
    let key = |key: &Value| format!("root {}, hour {}", text(key, "root"), text(key, "hour"));
    let mut lines =
        vec![("verdict", verdict), ("kind", if kind.is_empty() { kind } else { kind + imported })];
    if claims.is_object() {
        lines.extend([
            ("client", text(claims, "client")),
            ("user", text(claims, "user")),
            ("scope", text(claims, "scope")),
            ("grant", text(claims, "grant")),
            ("issued", time(claims, "issuedAt")),
            ("expires", time(claims, "expiresAt")),
            ("family", text(claims, "family")),
            ("generation", text(claims, "generation")),
            ("source", text(claims, "source")),
            ("sealed under", key(&claims["sealedUnder"])),
            ("born under", key(&claims["born"])),
            ("in the store", record(&answer["family"])),
        ]);
    }
    let check = |check: &Value| {
        let outcome = if check["passed"] == true { "passed".to_owned() } else { text(check, "detail") };
        format!("  {:<18} {outcome}\n", text(check, "check"))
    };
    let checks: String = list(answer, "checks").iter().map(check).collect();
    show::lines(&lines) + if checks.is_empty() { "" } else { "checks\n" } + &checks
}

fn record(family: &Value) -> String {
    if family.is_null() {
        return "nothing: never redeemed, revoked or edited".to_owned();
    }
    format!(
        "refresh generation {} ({}), access generation {} ({}), {} changes",
        text(family, "refreshGeneration"),
        text(family, "refreshStatus"),
        text(family, "accessGeneration"),
        text(family, "accessStatus"),
        text(family, "version"),
    )
}

const EXAMPLES: &str = "\
Examples:
  dormouse token inspect - < token.txt
  dormouse token inspect - --data /var/lib/dormouse --format json < token.txt
  dormouse token revoke - --cascade < token.txt";
