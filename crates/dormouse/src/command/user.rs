//! `dormouse user`: people who sign in with a password.

use crate::administrator::Target;
use crate::exit::{Failure, Outcome, print};
use crate::show::{self, list, text};
use anyhow::anyhow;
use dormouse_report::visible;
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
    /// Add a person, or replace the password.
    #[command(visible_alias = "create")]
    Set {
        /// The name.
        name: String,
        /// A file with the password, - for standard input.
        #[arg(long, value_name = "FILE")]
        password_file: PathBuf,
    },
    /// List the names.
    List,
    /// Tell whether there is such a person.
    Show {
        /// The name.
        name: String,
    },
    /// Delete a person. Tokens live on until they are revoked.
    Delete {
        /// The name.
        name: String,
    },
}

pub(crate) fn run(args: &Args) -> Outcome {
    let administrator = args.target.connect()?;
    let format = args.target.format;
    match &args.action {
        Action::Set { name, password_file } => {
            let password = show::read_secret(password_file)?;
            if password.is_empty() {
                return Err(Failure::Usage(anyhow!("{} holds no password", password_file.display())));
            }
            administrator.own("PUT", &["users", name], &json!({ "password": password })).map(drop)
        }
        Action::List => {
            let answer = administrator.own("GET", &["users"], &Value::Null)?;
            let line = |user: &Value| format!("{}\n", visible(&text(user, "username")));
            show::show(format, &answer, |answer| list(answer, "user").iter().map(line).collect())
        }
        Action::Show { name } => {
            let answer = administrator.own("GET", &["users", name], &Value::Null)?;
            show::show(format, &answer, |user| show::lines(&[("user", text(user, "username"))]))
        }
        Action::Delete { name } => {
            administrator.own("DELETE", &["users", name], &Value::Null)?;
            print(format_args!("deleted user {}\n", visible(name)));
            Ok(())
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  dormouse user set ann --password-file - < password
  dormouse user list --data /var/lib/dormouse";
