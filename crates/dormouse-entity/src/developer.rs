//! Developers: the owners of apps (Apigee's `developers` resource).

use crate::{DeveloperStatus, Email, EntityId};
use dormouse_token::{Attributes, Timestamp};

/// An app developer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Developer {
    /// Unique in the organization, compared exactly.
    pub email: Email,
    /// Never changes.
    pub developer_id: EntityId,
    /// May be empty.
    pub user_name: String,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// Whether the developer's apps may be used.
    pub status: DeveloperStatus,
    /// Custom attributes.
    pub attributes: Attributes,
    /// When the developer was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub last_modified_at: Timestamp,
}
