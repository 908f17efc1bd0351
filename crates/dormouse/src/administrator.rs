//! Who asks on the command line's behalf: a client of a server's admin listener, or the same endpoints in this process on
//! a data directory that nobody serves.

use crate::client::{self, Trust, read_token};
use crate::data::{self, StorePlan};
use crate::exit::{Failure, OrFailure as _, say};
use crate::serving;
use anyhow::{Context as _, anyhow};
use clap::ValueEnum;
use dormouse_engine::{Engine, Settings};
use dormouse_policy::Platform;
use dormouse_server::{Service, administer};
use dormouse_store::RedbStore;
use dormouse_token::Secret;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where to administer, and how to print.
#[derive(clap::Args)]
pub(crate) struct Target {
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text, global = true)]
    pub(crate) format: Format,
}

/// Where to administer.
#[derive(clap::Args)]
pub(crate) struct Reach {
    /// The admin address of a running server [default: http://127.0.0.1:8081, unless --data is given].
    #[arg(long, value_name = "URL", global = true)]
    admin: Option<String>,
    /// The file that holds the admin token.
    #[arg(long, value_name = "FILE", global = true)]
    admin_token_file: Option<PathBuf>,
    #[command(flatten)]
    trust: Trust,
    /// A data directory. With --admin, its admin token is used; without, the directory itself, which nothing may be serving.
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,
    /// The configuration file of the data directory's server, which says where mark and roots are. Without it, dormouse.toml
    /// is read if it exists.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// The organization.
    #[arg(long, value_name = "NAME", default_value = "local", global = true)]
    org: String,
}

/// How results are printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

/// An administrator of one organization.
pub(crate) struct Administrator {
    organization: String,
    way: Way,
}

enum Way {
    Remote { agent: ureq::Agent, base: String, token: Option<Secret> },
    Local { runtime: tokio::runtime::Runtime, service: Arc<Service> },
}

/// An answer that is not a success.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Refused {
    pub(crate) status: u16,
    message: String,
}

impl Target {
    /// Connects, or opens the data directory.
    pub(crate) fn connect(&self) -> Result<Administrator, Failure> {
        self.reach.connect()
    }
}

impl Reach {
    /// The data directory that is administered in this process, and its store; none where a server is asked.
    pub(crate) fn local(&self) -> Result<Option<(&Path, StorePlan)>, Failure> {
        match (&self.admin, &self.data) {
            (None, Some(directory)) => {
                let plan = StorePlan::load(self.config.as_deref(), Some(directory))?;
                Ok(Some((directory, plan)))
            }
            _ => Ok(None),
        }
    }

    /// Connects, or opens the data directory.
    pub(crate) fn connect(&self) -> Result<Administrator, Failure> {
        let way = if let Some((directory, plan)) = self.local()? {
            self.open(directory, &plan)?
        } else {
            let base = self.admin.as_deref().unwrap_or("http://127.0.0.1:8081");
            let agent = client::agent_for(base, &self.trust)?;
            let own = self.data.as_ref().map(|directory| directory.join("admin-token"));
            let file = self.admin_token_file.clone().or(own);
            let token = file.as_deref().map(read_token).transpose().or_refused()?;
            Way::Remote { agent, base: base.trim_end_matches('/').to_owned(), token }
        };
        Ok(Administrator { organization: self.org.clone(), way })
    }

    fn open(&self, directory: &Path, plan: &StorePlan) -> Result<Way, Failure> {
        if !directory.join("store.redb").exists() {
            return Err(Failure::Usage(anyhow!("{} holds no store", directory.display())));
        }
        let settings = plan.settings();
        let failed = |error: &dormouse_token::StoreError| {
            say(format_args!("error: the store's medium has failed: {error}"));
            std::process::exit(3);
        };
        let opened = RedbStore::open(directory, &settings, Box::new(failed))
            .with_context(|| "a served directory is administered through --admin URL")
            .or_refused()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().or_internal()?;
        let roots = (opened.roots.roots, opened.roots.sealing);
        let ambient = (settings.clock, settings.entropy);
        let start = Engine::start(Arc::new(opened.store), roots, &self.org, ambient, Settings::default());
        let engine = runtime.block_on(start).or_refused()?;
        let log = data::audit_log(directory, Arc::clone(engine.clock()))?;
        let (program, _) = serving::program(&engine, &[], "none", Platform::X);
        Ok(Way::Local { runtime, service: Arc::new(Service::new(engine, program).with_audit_log(log)) })
    }
}

impl Administrator {
    /// Reads what is at a path of segments under the organization.
    pub(crate) fn get(&self, path: &[&str]) -> Result<Value, Failure> {
        self.ask("GET", &self.organization_path(path), &Value::Null).or_refused()
    }

    /// Sends a request to a path of segments under the organization; `null` sends no body.
    pub(crate) fn send(&self, method: &str, path: &[&str], body: &Value) -> Result<Value, Failure> {
        self.ask(method, &self.organization_path(path), body).or_refused()
    }

    /// An action on what is at a path under the organization.
    pub(crate) fn act(&self, path: &[&str], action: &str) -> Result<(), Failure> {
        let path = format!("{}?action={action}", self.organization_path(path));
        self.ask("POST", &path, &Value::Null).map(drop).or_refused()
    }

    /// An action on a token under the organization, on its pair as well with `cascade`.
    pub(crate) fn act_with_cascade(&self, path: &[&str], action: &str, cascade: bool) -> Result<(), Failure> {
        let path = format!("{}?action={action}&cascade={cascade}", self.organization_path(path));
        self.ask("POST", &path, &Value::Null).map(drop).or_refused()
    }

    /// Reads a list under the organization with whole elements.
    pub(crate) fn get_expanded(&self, path: &[&str]) -> Result<Value, Failure> {
        self.ask("GET", &format!("{}?expand=true", self.organization_path(path)), &Value::Null).or_refused()
    }

    /// Sends a request to one of the endpoints that are not Apigee's.
    pub(crate) fn own(&self, method: &str, path: &[&str], body: &Value) -> Result<Value, Failure> {
        self.ask(method, &encoded(path), body).or_refused()
    }

    /// Sends a request to a path of segments under the organization, whose refusal the caller looks at.
    pub(crate) fn attempt(&self, method: &str, path: &[&str], body: &Value) -> anyhow::Result<Value> {
        self.ask(method, &self.organization_path(path), body)
    }

    fn organization_path(&self, path: &[&str]) -> String {
        format!("/v1/organizations{}{}", encoded(&[&self.organization]), encoded(path))
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> anyhow::Result<Value> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request =
            ureq::http::Request::builder().method(method).header("Content-Type", "application/json");
        let (status, text) = match &self.way {
            Way::Remote { agent, base, token } => {
                let mut request = request.uri(format!("{base}{path}"));
                if let Some(token) = token {
                    request = request.header("Authorization", format!("Bearer {}", token.expose()));
                }
                // Paths may hold tokens, so errors name the server alone.
                let mut response =
                    agent.run(request.body(body)?).with_context(|| format!("cannot reach {base}"))?;
                let text =
                    response.body_mut().read_to_string().with_context(|| format!("{base} broke off"))?;
                (response.status().as_u16(), text)
            }
            Way::Local { runtime, service } => {
                let request = request.uri(path).body(body.into())?;
                let (status, bytes) = runtime.block_on(administer(service, request));
                (status.as_u16(), String::from_utf8_lossy(&bytes).into_owned())
            }
        };
        let parsed = serde_json::from_str::<Value>(&text).ok();
        match status {
            200..=299 if text.is_empty() => Ok(Value::Null),
            200..=299 => {
                parsed.context("the server did not answer with JSON: is it a dormouse admin address?")
            }
            401 => Err(Refused { status, message: TOKEN_WANTED.to_owned() }.into()),
            _ => {
                let message = parsed.as_ref().and_then(|body| body["error"]["message"].as_str());
                let message =
                    message.map_or_else(|| format!("answered {status}: {}", text.trim()), str::to_owned);
                Err(Refused { status, message }.into())
            }
        }
    }
}

fn encoded(path: &[&str]) -> String {
    path.iter()
        .flat_map(|segment| ["/".to_owned(), utf8_percent_encode(segment, NON_ALPHANUMERIC).to_string()])
        .collect()
}

const TOKEN_WANTED: &str = "the server wants the admin token: name its file with --admin-token-file, or the data directory with --data";
