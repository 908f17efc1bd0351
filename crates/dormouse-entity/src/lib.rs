//! Developers, apps, credentials, API products and their relatives: Apigee's entity model, its JSON forms, and which
//! product covers a call.
//!
//! Pure: no I/O, no clock, no global randomness. What comes from outside is checked once and is a typed value from then on.

mod app;
mod client;
mod credential;
mod developer;
mod directory;
mod key_value_map;
mod matching;
mod name;
mod password;
mod pattern;
mod product;
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
pub use dormouse_token::Attributes;
pub use key_value_map::{KeyValueMap, MapScope};
pub use matching::{Call, Matched, Mismatch, examine, grant_scope, grantable_scope, match_product, why_not};
pub use name::{ConsumerKey, Email, EntityId, Name, NameError, PlainName};
pub use password::{PasswordHash, PasswordHashError, hash_password};
pub use pattern::PathPattern;
pub use product::{ApiProduct, ApprovalType, Operation, OperationConfig, OperationGroup, Quota};
pub use setting::{AppSettings, Grants, PREFIX as SETTING_PREFIX, SettingError};
pub use status::{AppStatus, DeveloperStatus, KeyStatus, UnknownStatus};
pub use target_server::{TargetServer, TargetTls};
pub use user::{IncomingPassword, IncomingUser, User};
