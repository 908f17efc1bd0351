//! Why a variable could not be set. Each policy turns this into its own fault, usually `SetVariableFailed`.

use crate::headers::InvalidHeader;

/// Why a variable keeps the value that it had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// No header can look like this.
    #[error(transparent)]
    InvalidHeader(#[from] InvalidHeader),
    /// A status code is a number from 100 to 999.
    #[error("a status code is a number from 100 to 999")]
    InvalidStatus,
    /// The body is something else than a form, so that a form parameter would destroy it.
    #[error("the message has a body that is no form")]
    NotAForm,
    /// The message does not exist in this phase of the transaction.
    #[error("there is no such message in this phase")]
    NoSuchMessage,
    /// Only the gateway sets this variable.
    #[error("the variable is read-only")]
    ReadOnly,
    /// A request has no status, a response no verb, path or query.
    #[error("this kind of message has no such property")]
    WrongKind,
}
