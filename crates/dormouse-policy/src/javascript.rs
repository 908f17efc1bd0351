//! What the Javascript policy needs: the files of its script, and a transaction that answers a running script.

mod exchanges;
mod files;
mod serve;

pub(crate) use files::Files;
pub(crate) use serve::{serve, stage};
