//! Values on their way between a script's thread and the transaction's.

use std::sync::Arc;

/// A value that can leave its thread.
///
/// `Debug` shows the type alone, for a value may be a token or a secret.
#[derive(Clone, Default, PartialEq)]
pub enum Datum {
    /// Absent.
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// Any number.
    Number(f64),
    /// A text.
    Text(Arc<str>),
    /// A collection.
    List(Vec<Datum>),
    /// A whole message. Towards the script it says only that the variable is one; towards the transaction it names the
    /// variable that holds it.
    Message(Arc<str>),
}

impl std::fmt::Debug for Datum {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Null => "Null",
            Self::Bool(_) => "Bool(…)",
            Self::Number(_) => "Number(…)",
            Self::Text(_) => "Text(…)",
            Self::List(_) => "List(…)",
            Self::Message(_) => "Message(…)",
        })
    }
}
