//! The rules, one file each: documentation, logic, cases. Each is listed in [`crate::registry`].

pub(crate) mod lnt001;
pub(crate) mod lnt002;
pub(crate) mod oau001;
pub(crate) mod oau002a;
pub(crate) mod oau002b;
pub(crate) mod oau004;
pub(crate) mod oau004b;
pub(crate) mod oau006;
