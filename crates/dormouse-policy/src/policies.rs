//! The policies, one file each. Each file has one `KIND`, which the registry lists.

pub(crate) mod assign_message;
pub(crate) mod flow_callout;
pub(crate) mod raise_fault;
