//! Headers that are put on whatever response leaves in the end, also that of a fault (Apigee: "CORS policy").

use crate::value::Text;

/// Headers to set on the reply, beside those of its message. They replace headers of the same names. An extension of the
/// transaction.
#[derive(Default)]
pub struct ReplyHeaders(pub Vec<(&'static str, Text)>);
