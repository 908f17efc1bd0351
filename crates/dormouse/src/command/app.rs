//! `dormouse app`: apps of developers, through Apigee's management API.

use crate::administrator::{Administrator, Refused, Target};
use crate::exit::{Failure, OrFailure as _, Outcome, print, say};
use crate::show::{self, list, text};
use anyhow::anyhow;
use dormouse_report::visible;
use serde_json::{Value, json};

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
    /// Make an app with a generated key and secret. A developer that does not exist is made too.
    Create {
        #[command(flatten)]
        app: Named,
        /// An API product for the key; may be repeated.
        #[arg(long, value_name = "PRODUCT")]
        product: Vec<String>,
        /// The redirection URI.
        #[arg(long, value_name = "URL")]
        callback: Option<String>,
        /// A custom attribute, such as dormouse.grants=authorization_code; may be repeated.
        #[arg(long, value_name = "NAME=VALUE")]
        attribute: Vec<String>,
        /// After how many seconds the key expires [default: never].
        #[arg(long, value_name = "SECONDS")]
        expires_in: Option<u32>,
    },
    /// List apps.
    List {
        /// Those of one developer.
        #[arg(long, value_name = "EMAIL")]
        developer: Option<String>,
    },
    /// Show an app with its keys.
    Show(Named),
    /// Switch an app on.
    Approve(Named),
    /// Switch an app off: its tokens are refused until it is approved again.
    Revoke(Named),
    /// Delete an app with its keys. Their tokens die.
    Delete(Named),
}

/// An app.
#[derive(clap::Args)]
struct Named {
    /// The name of the app.
    name: String,
    /// The e-mail address of its developer.
    #[arg(long, value_name = "EMAIL")]
    developer: String,
}

impl Named {
    fn path(&self) -> [&str; 4] {
        ["developers", &self.developer, "apps", &self.name]
    }
}

pub(crate) fn run(args: &Args) -> Outcome {
    let administrator = args.target.connect()?;
    let format = args.target.format;
    match &args.action {
        Action::Create { app, product, callback, attribute, expires_in } => {
            let attributes =
                attribute.iter().map(|text| parse_attribute(text)).collect::<Result<Vec<_>, _>>()?;
            let mut body = json!({ "name": app.name, "apiProducts": product, "attributes": attributes });
            body["callbackUrl"] = json!(callback);
            body["keyExpiresIn"] = json!(expires_in.map(|seconds| u64::from(seconds) * 1000));
            let made = create(&administrator, app, &body)?;
            show::show(format, &made, describe)
        }
        Action::List { developer } => {
            let answer = apps(&administrator, developer.as_deref())?;
            show::show(format, &answer, |answer| list(answer, "app").iter().map(line).collect())
        }
        Action::Show(app) => show::show(format, &administrator.get(&app.path())?, describe),
        Action::Approve(app) => administrator.act(&app.path(), "approve"),
        Action::Revoke(app) => administrator.act(&app.path(), "revoke"),
        Action::Delete(app) => {
            administrator.send("DELETE", &app.path(), &Value::Null)?;
            print(format_args!("deleted app {}\n", app.name));
            Ok(())
        }
    }
}

fn create(administrator: &Administrator, app: &Named, body: &Value) -> Result<Value, Failure> {
    let path = ["developers", &app.developer, "apps"];
    let first = administrator.attempt("POST", &path, body);
    let is_missing =
        |error: &anyhow::Error| error.downcast_ref::<Refused>().is_some_and(|it| it.status == 404);
    match first {
        Err(error) if is_missing(&error) => {
            administrator.send("POST", &["developers"], &json!({ "email": app.developer }))?;
            say(format_args!("made developer {}", app.developer));
            administrator.send("POST", &path, body)
        }
        result => result.or_refused(),
    }
}

fn apps(administrator: &Administrator, developer: Option<&str>) -> Result<Value, Failure> {
    let Some(developer) = developer else { return administrator.get_expanded(&["apps"]) };
    administrator.get_expanded(&["developers", developer, "apps"])
}

fn parse_attribute(text: &str) -> Result<Value, Failure> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) =
        pair.ok_or_else(|| Failure::Usage(anyhow!("an attribute is NAME=VALUE, not {text:?}")))?;
    Ok(json!({ "name": name, "value": value }))
}

fn line(app: &Value) -> String {
    let keys: Vec<String> = list(app, "credentials").iter().map(|key| text(key, "consumerKey")).collect();
    let (name, status, id) = (text(app, "name"), text(app, "status"), text(app, "appId"));
    visible(&format!("{name:<24} {status:<9} {id} {}", keys.join(" "))) + "\n"
}

fn describe(app: &Value) -> String {
    let attribute = |it: &Value| format!("{}={}", text(it, "name"), text(it, "value"));
    let attributes: Vec<String> = list(app, "attributes").iter().map(attribute).collect();
    let head = show::lines(&[
        ("app", text(app, "name")),
        ("id", text(app, "appId")),
        ("status", text(app, "status")),
        ("callback", text(app, "callbackUrl")),
        ("attributes", attributes.join(", ")),
    ]);
    let keys: String =
        list(app, "credentials").iter().flat_map(|key| ["\n".to_owned(), show::credential(key)]).collect();
    head + &keys
}

const EXAMPLES: &str = "\
Examples:
  dormouse app create shop --developer ann@example.com --product gold
  dormouse app list
  dormouse app revoke shop --developer ann@example.com --admin http://127.0.0.1:8081 --data /var/lib/dormouse
  dormouse app show shop --developer ann@example.com --data /var/lib/dormouse --format json";
