//! The policies, one file each. Each file has one `KIND`, which the registry lists.

pub(crate) mod assert_condition;
pub(crate) mod assign_message;
pub(crate) mod basic_authentication;
pub(crate) mod delete_oauth_v2_info;
pub(crate) mod extract_variables;
pub(crate) mod flow_callout;
pub(crate) mod get_oauth_v2_info;
pub(crate) mod invalidate_cache;
pub(crate) mod javascript;
pub(crate) mod json_threat_protection;
pub(crate) mod key_value_map_operations;
pub(crate) mod lookup_cache;
pub(crate) mod oauth_v2;
pub(crate) mod populate_cache;
pub(crate) mod quota;
pub(crate) mod raise_fault;
pub(crate) mod response_cache;
pub(crate) mod revoke_oauth_v2;
pub(crate) mod service_callout;
pub(crate) mod set_oauth_v2_info;
pub(crate) mod spike_arrest;
pub(crate) mod verify_api_key;
