//! People who sign in or use the password grant.

use crate::{PasswordHash, PlainName};
use dormouse_token::Secret;

/// A person as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Unique in the organization, at most 256 bytes.
    pub username: PlainName,
    /// The password, hashed.
    pub password_hash: PasswordHash,
}

/// A person as `users.json` gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncomingUser {
    /// Unique in the organization, at most 256 bytes.
    pub username: PlainName,
    /// The password in one of its two forms.
    pub password: IncomingPassword,
}

/// A password that is still to be hashed, or already is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IncomingPassword {
    /// To be hashed and not kept.
    Clear(Secret),
    /// Hashed elsewhere.
    Hashed(PasswordHash),
}
