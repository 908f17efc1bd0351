//! `dormouse key`: consumer keys of apps. A secret is rotated as Apigee documents it: the app gets a further key, both are
//! in force, and the old one is revoked when nobody uses it any more.

use crate::administrator::{Administrator, Target};
use crate::exit::{Failure, Outcome, print, say};
use crate::show::{self, list, text};
use anyhow::anyhow;
use serde_json::{Value, json};
use std::path::PathBuf;

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
    /// Give an app a further key.
    Create {
        /// The name of the app.
        #[arg(long, value_name = "NAME")]
        app: String,
        /// The e-mail address of its developer.
        #[arg(long, value_name = "EMAIL")]
        developer: String,
        /// The consumer key [default: generated].
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
        /// A file with the secret, - for standard input [default: generated].
        #[arg(long, value_name = "FILE")]
        secret_file: Option<PathBuf>,
        /// An API product; may be repeated.
        #[arg(long, value_name = "PRODUCT")]
        product: Vec<String>,
        /// After how many seconds it expires [default: never].
        #[arg(long, value_name = "SECONDS")]
        expires_in: Option<u32>,
    },
    /// Show a key, and whose it is.
    Show {
        /// The consumer key.
        key: String,
    },
    /// Switch a key on, or one API product in it.
    Approve(Switched),
    /// Switch a key off, or one API product in it: its tokens are refused until it is approved again.
    Revoke(Switched),
    /// Make a key with a new secret beside this one, for the same API products. Both are in force.
    Rotate {
        /// The consumer key.
        key: String,
        /// After how many seconds the new key expires [default: never].
        #[arg(long, value_name = "SECONDS")]
        expires_in: Option<u32>,
    },
    /// Delete a key. Its tokens die, and stay dead.
    Delete {
        /// The consumer key.
        key: String,
    },
}

#[derive(clap::Args)]
struct Switched {
    /// The consumer key.
    key: String,
    /// The API product in the key.
    #[arg(long, value_name = "PRODUCT")]
    product: Option<String>,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let administrator = args.target.connect()?;
    let format = args.target.format;
    match &args.action {
        Action::Create { app, developer, key, secret_file, product, expires_in } => {
            let secret = secret_file.as_deref().map(show::read_secret).transpose()?;
            let body = json!({
                "consumerKey": key, "consumerSecret": secret, "apiProducts": product, "expiresInSeconds": expires_in,
            });
            let path = ["developers", developer, "apps", app, "keys"];
            show::show(format, &administrator.send("POST", &path, &body)?, show::credential)
        }
        Action::Show { key } => show::show(format, &owner(&administrator, key)?, describe),
        Action::Approve(switched) => switch(&administrator, switched, "approve"),
        Action::Revoke(switched) => switch(&administrator, switched, "revoke"),
        Action::Rotate { key, expires_in } => {
            let made = rotate(&administrator, key, *expires_in)?;
            show::show(format, &made, show::credential)?;
            say(format_args!("the old key goes on; when nobody uses it any more: dormouse key revoke {key}"));
            Ok(())
        }
        Action::Delete { key } => {
            let path = Place::of(&administrator, key)?;
            administrator.send("DELETE", &path.key(), &Value::Null)?;
            print(format_args!("deleted key {key}\n"));
            Ok(())
        }
    }
}

/// Where a key stands among Apigee's resources.
struct Place {
    developer: String,
    app: String,
    key: String,
}

impl Place {
    fn of(administrator: &Administrator, key: &str) -> Result<Self, Failure> {
        let owner = owner(administrator, key)?;
        Ok(Self { developer: text(&owner, "developer"), app: text(&owner, "app"), key: key.to_owned() })
    }

    fn app(&self) -> [&str; 4] {
        ["developers", &self.developer, "apps", &self.app]
    }

    fn key(&self) -> [&str; 6] {
        ["developers", &self.developer, "apps", &self.app, "keys", &self.key]
    }
}

fn owner(administrator: &Administrator, key: &str) -> Result<Value, Failure> {
    administrator.own("GET", &["keys", key], &Value::Null)
}

fn switch(administrator: &Administrator, switched: &Switched, action: &str) -> Outcome {
    let place = Place::of(administrator, &switched.key)?;
    match &switched.product {
        None => administrator.act(&place.key(), action),
        Some(product) => administrator.act(&[&place.key()[..], &["apiproducts", product]].concat(), action),
    }
}

/// The new key. API products that the old one may use, the new one may use too, whoever had to approve them.
fn rotate(administrator: &Administrator, key: &str, expires_in: Option<u32>) -> Result<Value, Failure> {
    let place = Place::of(administrator, key)?;
    let old = administrator.get(&place.key())?;
    let approved = list(&old, "apiProducts").iter().filter(|product| product["status"] == "approved");
    let products: Vec<String> = approved.map(|product| text(product, "apiproduct")).collect();
    let before = administrator.get(&place.app())?;
    let body = json!({ "apiProducts": products, "keyExpiresIn": expires_in.map(|seconds| u64::from(seconds) * 1000) });
    let after = administrator.send("POST", &place.app(), &body)?;
    let is_known = |made: &Value| {
        list(&before, "credentials").iter().any(|known| known["consumerKey"] == made["consumerKey"])
    };
    let made =
        list(&after, "credentials").iter().find(|made| !is_known(made) && made["consumerSecret"].is_string());
    let mut made = made.cloned().ok_or_else(|| Failure::Internal(anyhow!("the server made no key")))?;
    let place = Place { key: text(&made, "consumerKey"), ..place };
    for product in made["apiProducts"].as_array_mut().into_iter().flatten() {
        if product["status"] == "pending" {
            let name = text(product, "apiproduct");
            administrator.act(&[&place.key()[..], &["apiproducts", &name]].concat(), "approve")?;
            product["status"] = json!("approved");
        }
    }
    Ok(made)
}

fn describe(owner: &Value) -> String {
    let app = format!("{} ({})", text(owner, "app"), text(owner, "appStatus"));
    let developer = format!("{} ({})", text(owner, "developer"), text(owner, "developerStatus"));
    show::lines(&[("app", app), ("developer", developer)]) + &show::credential(&owner["credential"])
}

const EXAMPLES: &str = "\
Examples:
  dormouse key create --app shop --developer ann@example.com --product gold --key shop-2 --secret-file ./secret
  dormouse key rotate 6uxdBBLD --data /var/lib/dormouse
  dormouse key revoke 6uxdBBLD --product gold";
