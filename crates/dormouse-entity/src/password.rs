//! Passwords of people, kept as argon2id (RFC 9106) in PHC string form.

use argon2::password_hash::phc::PasswordHash as PhcString;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use dormouse_token::{Entropy, Secret, random};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// A password as argon2id PHC string whose cost is bounded.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(Box<str>);

/// Why a text is not a password hash that is accepted, or a password cannot be hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PasswordHashError {
    /// No PHC string.
    #[error("is not a PHC string; expected `$argon2id$v=19$m=…,t=…,p=…$salt$hash`")]
    NotPhc,
    /// Another function or version.
    #[error("is not argon2id of version 19; hash the password with argon2id, or give `password` instead")]
    NotArgon2id,
    /// No salt or no hash, or one that is too short.
    #[error("has no salt of at least 8 bytes or no hash of at least 16")]
    Incomplete,
    /// Checking a password against it would take too much memory or time.
    #[error(
        "is too costly to check: memory at most {MEMORY_KIB_MAX} KiB, memory times passes at most {WORK_KIB_MAX} KiB, lanes at most {LANES_MAX}"
    )]
    TooCostly,
    /// The password is longer than passwords may be.
    #[error("has more than {PASSWORD_BYTES_MAX} bytes")]
    PasswordTooLong,
    /// There was not enough memory.
    #[error("cannot be hashed: out of memory")]
    OutOfMemory,
}

impl PasswordHash {
    /// The PHC string, for the store. Never log it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `presented` is the password. Takes tens of milliseconds and as much memory as the hash says: never call it
    /// on a thread that serves requests.
    pub fn verify(&self, presented: &Secret) -> bool {
        let password = presented.expose().as_bytes();
        let verified = PhcString::new(&self.0).map(|hash| Argon2::default().verify_password(password, &hash));
        password.len() <= PASSWORD_BYTES_MAX && verified.is_ok_and(|result| result.is_ok())
    }
}

/// Hashes a password with a fresh salt and the parameters that OWASP recommends (19 MiB, two passes, one lane). Takes
/// tens of milliseconds: never call it on a thread that serves requests.
///
/// # Errors
/// [`PasswordHashError::PasswordTooLong`], [`PasswordHashError::OutOfMemory`].
pub fn hash_password(password: &Secret, entropy: &dyn Entropy) -> Result<PasswordHash, PasswordHashError> {
    let bytes = password.expose().as_bytes();
    if bytes.len() > PASSWORD_BYTES_MAX {
        return Err(PasswordHashError::PasswordTooLong);
    }
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT);
    let hash = argon2.hash_password_with_salt(bytes, &random::<SALT_BYTES>(entropy));
    hash.map(|hash| PasswordHash(hash.to_string().into())).map_err(|_| PasswordHashError::OutOfMemory)
}

impl FromStr for PasswordHash {
    type Err = PasswordHashError;

    fn from_str(text: &str) -> Result<Self, PasswordHashError> {
        let hash = PhcString::new(text).map_err(|_| PasswordHashError::NotPhc)?;
        if hash.algorithm.as_str() != "argon2id" || hash.version != Some(Version::V0x13.into()) {
            return Err(PasswordHashError::NotArgon2id);
        }
        let complete =
            hash.salt.is_some_and(|salt| salt.len() >= 8) && hash.hash.is_some_and(|hash| hash.len() >= 16);
        if !complete {
            return Err(PasswordHashError::Incomplete);
        }
        let params = Params::try_from(&hash).map_err(|_| PasswordHashError::NotPhc)?;
        let work = u64::from(params.m_cost()) * u64::from(params.t_cost());
        if params.m_cost() > MEMORY_KIB_MAX || work > WORK_KIB_MAX || params.p_cost() > LANES_MAX {
            return Err(PasswordHashError::TooCostly);
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// Longer passwords are refused unread: hashing reads the whole text.
const PASSWORD_BYTES_MAX: usize = 1024;
/// Size of a fresh salt (RFC 9106 §3.1 recommends 128 bits).
const SALT_BYTES: usize = 16;
/// 256 MiB: four times RFC 9106's second recommendation.
const MEMORY_KIB_MAX: u32 = 262_144;
/// Sixteen passes over 64 MiB, about a second.
const WORK_KIB_MAX: u64 = 1_048_576;
const LANES_MAX: u32 = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use dormouse_token::SeededEntropy;

    #[test]
    fn only_the_password_verifies() {
        let entropy = SeededEntropy::new(1);
        let password = Secret::new("correct horse");
        let hash = hash_password(&password, &entropy).expect("hashes");
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.as_str());
        assert!(hash.verify(&password));
        assert!(!hash.verify(&Secret::new("correct horsf")) && !hash.verify(&Secret::new("")));
        assert_eq!(hash.as_str().parse(), Ok(hash.clone()));
        assert_ne!(hash_password(&password, &entropy), Ok(hash.clone()), "a fresh salt each time");
        assert_eq!(format!("{hash:?}"), "PasswordHash(…)");
        let long = Secret::new("x".repeat(1025));
        assert_eq!(hash_password(&long, &entropy), Err(PasswordHashError::PasswordTooLong));
        assert!(!hash.verify(&long));
    }

    #[track_caller]
    fn check(text: &str, expected: Result<(), PasswordHashError>) {
        assert_eq!(text.parse::<PasswordHash>().map(|_| ()), expected, "{text}");
    }

    #[test]
    fn hashes_from_outside_are_bounded() {
        let tail = "$c29tZXNhbHRzYWx0$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ";
        check(&format!("$argon2id$v=19$m=65536,t=3,p=4{tail}"), Ok(()));
        check(&format!("$argon2id$v=19$m=4294967295,t=1,p=1{tail}"), Err(PasswordHashError::TooCostly));
        check(&format!("$argon2id$v=19$m=65536,t=17,p=1{tail}"), Err(PasswordHashError::TooCostly));
        check(&format!("$argon2id$v=19$m=65536,t=1,p=17{tail}"), Err(PasswordHashError::TooCostly));
        check(&format!("$argon2i$v=19$m=65536,t=3,p=4{tail}"), Err(PasswordHashError::NotArgon2id));
        check(&format!("$argon2id$v=16$m=65536,t=3,p=4{tail}"), Err(PasswordHashError::NotArgon2id));
        check(&format!("$argon2id$m=65536,t=3,p=4{tail}"), Err(PasswordHashError::NotArgon2id));
        check("$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ", Err(PasswordHashError::Incomplete));
        check(
            "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzYWx0$9sTbSlTio3Biev89",
            Err(PasswordHashError::Incomplete),
        );
        for text in ["", "secret", "$2b$12$abcdefghijklmnopqrstuv", "$argon2id$v=19$m=x,t=3,p=4$a$b"] {
            assert!(text.parse::<PasswordHash>().is_err(), "{text}");
        }
    }
}
