//! The rules, one file each: documentation, logic, cases. Each is listed in [`crate::registry`].

pub(crate) mod lnt001;
pub(crate) mod lnt002;
pub(crate) mod oau001;
pub(crate) mod oau002a;
pub(crate) mod oau002b;
pub(crate) mod oau003;
pub(crate) mod oau004;
pub(crate) mod oau004b;
pub(crate) mod oau005;
pub(crate) mod oau006;
pub(crate) mod oau007;
pub(crate) mod oau008;
pub(crate) mod oau009;
pub(crate) mod oau010;
pub(crate) mod oau011;
pub(crate) mod oau012;
pub(crate) mod oau013;
pub(crate) mod oau014;
pub(crate) mod oau015;
pub(crate) mod oau016;
pub(crate) mod oau017;
pub(crate) mod oau018;
pub(crate) mod oau023;
