//! The JSON form of people: `{"username": …, "password" | "passwordHash": …}`.

use super::node::{Fault, Node, TEXT_MAX};
use crate::{IncomingPassword, IncomingUser, PlainName, Problem};
use dormouse_token::Secret;

/// Reads a person. Where both forms of the password are given the hash counts.
pub(crate) fn read_user(node: Node<'_>) -> Result<IncomingUser, Fault> {
    let object = node.object()?;
    let username = object.required("username")?.name("username", PlainName::parse)?;
    if let Some(hash) = object.get("passwordHash") {
        let parsed = hash.text(TEXT_MAX)?.parse().map_err(|error| hash.fault(Problem::Password(error)))?;
        return Ok(IncomingUser { username, password: IncomingPassword::Hashed(parsed) });
    }
    let password = object.required("password")?;
    let text = password.text(PASSWORD_MAX)?;
    if text.is_empty() {
        return Err(password.fault(Problem::Missing("password")));
    }
    Ok(IncomingUser { username, password: IncomingPassword::Clear(Secret::new(text)) })
}

/// As long as passwords may be.
const PASSWORD_MAX: usize = 1024;
