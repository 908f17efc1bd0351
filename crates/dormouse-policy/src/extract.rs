//! What the ExtractVariables policy is made of. The policy itself is in `policies`.

mod from_xml;
mod pattern;
mod target;

pub(crate) use from_xml::{FromXml, namespaces};
pub(crate) use pattern::{CapturePattern, PatternKind};
pub(crate) use target::{Cast, cast};

use dormouse_flow::Message;

/// Whether the message says that its body is JSON.
pub(crate) fn is_json(message: &Message) -> bool {
    let content_type = message.content_type().unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type.ends_with("/json") || media_type.ends_with("+json")
}

/// Whether the message says that its body is XML.
pub(crate) fn is_xml(message: &Message) -> bool {
    let content_type = message.content_type().unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type.ends_with("/xml") || media_type.ends_with("+xml")
}
