//! Typed configuration of the five OAuth policies: OAuthV2, GetOAuthV2Info, SetOAuthV2Info, DeleteOAuthV2Info
//! and RevokeOAuthV2. Typing a policy tells every problem of its configuration: deployment errors by the names
//! that Apigee gives them, wrong values, elements without effect.

use crate::model::Policy;
use crate::oauth_info::{
    DeleteOAuthV2Info, GetOAuthV2Info, RevokeOAuthV2, SetOAuthV2Info, delete_info, get_info, revoke, set_info,
};
use crate::oauth_reader::Reader;
use crate::oauth_v2::OAuthV2;
use crate::oauth_v2_reader::oauth_v2;
use crate::problem::Problem;

/// One of the five OAuth policies, typed.
#[derive(Clone, Debug)]
pub enum OAuthPolicy {
    /// `DeleteOAuthV2Info`
    Delete(DeleteOAuthV2Info),
    /// `GetOAuthV2Info`
    Get(GetOAuthV2Info),
    /// `OAuthV2`
    OAuthV2(Box<OAuthV2>),
    /// `RevokeOAuthV2`
    Revoke(RevokeOAuthV2),
    /// `SetOAuthV2Info`
    Set(SetOAuthV2Info),
}

/// Types a policy. There is no result if the policy is of another kind, or so wrong that nothing can run it; in
/// the second case at least one problem is an error.
pub fn oauth_policy(policy: &Policy) -> (Option<OAuthPolicy>, Vec<Problem>) {
    let mut reader = Reader::new(&policy.element);
    let typed = match policy.kind.as_str() {
        "DeleteOAuthV2Info" => delete_info(&mut reader).map(OAuthPolicy::Delete),
        "GetOAuthV2Info" => get_info(&mut reader).map(OAuthPolicy::Get),
        "OAuthV2" => oauth_v2(&mut reader).map(|typed| OAuthPolicy::OAuthV2(Box::new(typed))),
        "RevokeOAuthV2" => Some(OAuthPolicy::Revoke(revoke(&mut reader))),
        "SetOAuthV2Info" => set_info(&mut reader).map(OAuthPolicy::Set),
        _ => return (None, Vec::new()),
    };
    (typed, reader.problems)
}
