//! Developers, apps, credentials, API products and their relatives: Apigee's entity model, its JSON forms, and which
//! product covers a call.
//!
//! Pure: no I/O, no clock, no global randomness. What comes from outside is checked once and is a typed value from then on.

mod app;
mod client;
mod credential;
mod developer;
mod directory;
mod document;
mod error;
mod form;
pub mod identity;
mod json;
mod key_value_map;
mod ledger;
mod matching;
mod name;
mod owned;
mod password;
mod pattern;
mod plan;
mod planner;
mod product;
mod reconcile;
mod set;
mod setting;
mod sharded;
mod status;
mod target_server;
mod user;

pub use app::App;
pub use client::{ClientView, Unusable};
pub use credential::{Credential, CredentialProduct};
pub use developer::Developer;
pub use directory::Directory;
pub use document::{Document, DocumentError, NotSealed, Vault};
pub use dormouse_token::Attributes;
pub use error::{EntityError, Position, Problem};
pub use json::{
    DeveloperReference, IncomingApp, IncomingCredential, KeyRequest, Secrets, attributes_from_json,
    write_attributes,
};
pub use key_value_map::{KeyValueMap, MapScope};
pub use ledger::{Applied, DigestKey, EntityKey, Ledger};
pub use matching::{Call, Matched, Mismatch, examine, grant_scope, grantable_scope, match_product, why_not};
pub use name::{ConsumerKey, Email, EntityId, Name, NameError, PlainName, generate_secret};
pub use password::{PasswordHash, PasswordHashError, hash_password};
pub use pattern::PathPattern;
pub use plan::{Change, Generated, Plan, Unapplied, plan};
pub use product::{ApiProduct, ApprovalType, Operation, OperationConfig, OperationGroup, Quota};
pub use reconcile::Reason;
pub use set::{EntitySet, FILE_NAMES, ParseContext, Placed};
pub use setting::{AppSettings, Grants, PREFIX as SETTING_PREFIX, SettingError};
pub use status::{AppStatus, DeveloperStatus, KeyStatus, UnknownStatus};
pub use target_server::{TargetServer, TargetTls};
pub use user::{IncomingPassword, IncomingUser, User};
