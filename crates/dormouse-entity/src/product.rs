//! API products: what a key may call (Apigee's `apiproducts` resource).

use crate::{Name, PathPattern};
use dormouse_token::{Attributes, Scope, Timestamp};

/// An API product. An empty list restricts nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiProduct {
    /// Unique in the organization.
    pub name: Name,
    /// May be empty.
    pub display_name: String,
    /// May be empty.
    pub description: String,
    /// Whether new keys get the product approved or pending.
    pub approval_type: ApprovalType,
    /// Custom attributes.
    pub attributes: Attributes,
    /// Environments in which the product counts.
    pub environments: Vec<Name>,
    /// API proxies that it covers; ignored when there is an operation group.
    pub proxies: Vec<String>,
    /// Paths that it covers; ignored when there is an operation group.
    pub api_resources: Vec<PathPattern>,
    /// What its tokens may be granted.
    pub scopes: Scope,
    /// Calls allowed per key, for the Quota policy.
    pub quota: Quota,
    /// Proxies, paths and verbs together.
    pub operation_group: Option<OperationGroup>,
    /// When the product was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub last_modified_at: Timestamp,
}

/// Whether a new key gets a product approved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ApprovalType {
    /// At once.
    #[default]
    Auto,
    /// When somebody approves it; pending until then.
    Manual,
}

/// A quota as Apigee configures it. The policy resolves it, so the numbers stay texts; empty is unset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// Calls allowed in an interval.
    pub limit: String,
    /// Length of the interval in units.
    pub interval: String,
    /// `minute`, `hour`, `day`, `month`.
    pub time_unit: String,
}

/// The operations that a product covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationGroup {
    /// `proxy` or `remoteservice`.
    pub kind: String,
    /// One for each proxy and set of operations.
    pub configs: Vec<OperationConfig>,
}

/// Operations of one proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationConfig {
    /// Name of the proxy; none covers every proxy.
    pub api_source: Option<String>,
    /// Paths and verbs; empty covers all.
    pub operations: Vec<Operation>,
    /// Overrides the product's quota where it is set.
    pub quota: Quota,
    /// Read by policies as `apiproduct.operation.attributes.NAME`.
    pub attributes: Attributes,
}

/// A path and the verbs allowed on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The path.
    pub resource: PathPattern,
    /// Verbs; empty allows all.
    pub methods: Vec<String>,
}

impl ApprovalType {
    /// Apigee's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Manual => "manual",
        }
    }
}

impl Quota {
    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.limit.is_empty() && self.interval.is_empty() && self.time_unit.is_empty()
    }
}
