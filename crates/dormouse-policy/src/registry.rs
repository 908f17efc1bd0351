//! The policies that this program runs, as plain data. A new policy is a file in `policies` and a line here.

use crate::compile_context::CompileContext;
use crate::policies::{
    access_entity, assert_condition, assign_message, basic_authentication, cors, data_capture,
    delete_oauth_v2_info, extract_variables, flow_callout, get_oauth_v2_info, invalidate_cache, javascript,
    json_threat_protection, key_value_map_operations, lookup_cache, message_logging, oauth_v2,
    populate_cache, quota, raise_fault, read_property_set, regular_expression_protection, response_cache,
    revoke_oauth_v2, service_callout, set_oauth_v2_info, spike_arrest, statistics_collector, verify_api_key,
    xml_threat_protection, xml_to_json,
};
use dormouse_bundle::{Policy, Problem};
use dormouse_flow::Executable;

/// What compiling a policy gives: nothing to run when an error is among the problems.
pub type Compiled = (Option<Executable>, Vec<Problem>);

/// One kind of policy.
pub struct PolicyKind {
    /// The root tag of its files.
    pub tag: &'static str,
    /// One sentence for people: what it does.
    pub summary: &'static str,
    /// When policy `P` fails, the variable `<prefix>.P.failed` is set to true.
    pub failure_prefix: &'static str,
    /// Whether `continueOnError` keeps the flow going. RaiseFault exists to end it.
    pub may_continue: bool,
    /// Compiles one policy.
    pub compile: fn(&Policy, &CompileContext<'_>) -> Compiled,
}

/// Every kind, in alphabetical order of the tags.
pub const POLICIES: &[PolicyKind] = &[
    access_entity::KIND,
    assert_condition::KIND,
    assign_message::KIND,
    basic_authentication::KIND,
    cors::KIND,
    data_capture::KIND,
    delete_oauth_v2_info::KIND,
    extract_variables::KIND,
    flow_callout::KIND,
    get_oauth_v2_info::KIND,
    invalidate_cache::KIND,
    json_threat_protection::KIND,
    javascript::KIND,
    key_value_map_operations::KIND,
    lookup_cache::KIND,
    message_logging::KIND,
    oauth_v2::KIND,
    populate_cache::KIND,
    quota::KIND,
    raise_fault::KIND,
    read_property_set::KIND,
    regular_expression_protection::KIND,
    response_cache::KIND,
    revoke_oauth_v2::KIND,
    service_callout::KIND,
    set_oauth_v2_info::KIND,
    spike_arrest::KIND,
    statistics_collector::KIND,
    verify_api_key::KIND,
    xml_threat_protection::KIND,
    xml_to_json::KIND,
];

/// The kind of a root tag.
pub fn find(tag: &str) -> Option<&'static PolicyKind> {
    POLICIES.iter().find(|kind| kind.tag == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_sorted_and_unique() {
        assert!(POLICIES.windows(2).all(|pair| pair[0].tag < pair[1].tag));
    }

    #[test]
    fn tags_are_found_exactly() {
        assert_eq!(find("RaiseFault").map(|kind| kind.failure_prefix), Some("raisefault"));
        assert!(find("raisefault").is_none());
    }
}
