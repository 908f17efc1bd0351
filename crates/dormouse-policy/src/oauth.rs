//! What the five OAuth policies are made of. The policies themselves are in `policies`.

mod body;
mod browser;
mod client;
mod entity_variables;
mod inputs;
mod lifetimes;
mod output;
mod source;
mod storing;
mod variables;

pub(crate) mod access_token;
pub(crate) mod api_key;
pub(crate) mod authorization_code;
pub(crate) mod failure;
pub(crate) mod implicit_grant;
pub(crate) mod refresh;
pub(crate) mod report;
pub(crate) mod token_status;
pub(crate) mod verify;
pub(crate) mod view;

pub(crate) use inputs::{AttributeSources, TextSource};
pub(crate) use lifetimes::{Lifetimes, capped_lifetimes};
pub(crate) use source::source_of;
pub use source::token_sources;
pub(crate) use variables::{OwnedCall, TokenVariables};
