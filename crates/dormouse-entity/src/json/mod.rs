//! Apigee's JSON forms of the entities, in and out (management API and emulator).

mod app;
mod attributes;
mod credential;
mod developer;
mod key_value_map;
mod node;
mod product;
mod request;
mod target_server;
mod user;
mod views;

pub use app::{DeveloperReference, IncomingApp, IncomingCredential};
pub use attributes::write_attributes;
pub use credential::Secrets;
pub use request::{KeyRequest, attributes_from_json};

pub(crate) use app::{read_app, read_incoming};
pub(crate) use credential::read_credential;
pub(crate) use developer::read_developer;
pub(crate) use key_value_map::read_map;
pub(crate) use node::{Fault, Node, Place, Source};
pub(crate) use product::read_product;
pub(crate) use target_server::read_target_server;
pub(crate) use user::read_user;
