//! What the Quota policy is made of. The policy itself is in `policies`.

mod limits;
mod product;
mod settings;
mod variables;

pub(crate) use limits::{Limits, QuotaFault};
pub(crate) use product::ProductQuota;
pub(crate) use settings::{Weight, kind, mode};
pub(crate) use variables::QuotaVariables;
