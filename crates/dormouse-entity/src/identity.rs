//! Ids of entities whose files give none: UUIDs of version 5 (RFC 9562 §5.5), the same at every start.

use crate::EntityId;
use dormouse_token::{Entropy, random};
use uuid::{Builder, Uuid};

/// A fresh id (UUID of version 4), for what administration makes: what is deleted and made again is another thing.
pub fn random_id(entropy: &dyn Entropy) -> EntityId {
    EntityId::from_uuid(Builder::from_random_bytes(random(entropy)).into_uuid())
}

/// The id of a developer.
pub fn developer_id(organization: &str, email: &str) -> EntityId {
    derive(["developer", organization, email, ""])
}

/// The id of an app; `developer` is its owner's e-mail address.
pub fn app_id(organization: &str, developer: &str, name: &str) -> EntityId {
    derive(["app", organization, developer, name])
}

/// Zero bytes occur in none of the parts, so different parts never give the same text.
fn derive(parts: [&str; 4]) -> EntityId {
    EntityId::from_uuid(Uuid::new_v5(&NAMESPACE, parts.join("\0").as_bytes()))
}

/// Drawn once for this project.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f1d_1c52_53c1_4e0f_9d3a_7b5c_0e82_a4d7);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_fixed_and_distinct() {
        let id = developer_id("local", "a@example.com");
        assert_eq!(id, developer_id("local", "a@example.com"));
        assert_ne!(id, developer_id("other", "a@example.com"));
        assert_ne!(app_id("local", "a", "b"), app_id("local", "ab", ""));
        assert_ne!(app_id("local", "a@example.com", ""), id);
    }
}
