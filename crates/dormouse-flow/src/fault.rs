//! Faults: what a policy or the gateway reports when it cannot go on, and the message that says so to the client
//! (Apigee: "Handling faults", "Policy error reference").

use crate::message::Message;
use std::borrow::Cow;
use std::fmt::Write as _;

/// An error that sends the transaction into the error flow.
#[derive(Clone)]
pub struct Fault {
    /// The status of the response, unless a fault rule changes it.
    pub status: u16,
    /// The whole error code, such as `steps.raisefault.RaiseFault`.
    pub code: Cow<'static, str>,
    /// The text for people, `faultstring` in the body. Never a token or secret.
    pub text: String,
    /// The broad kind.
    pub category: Category,
    /// The response to send instead of the standard JSON body, with its own status.
    pub response: Option<Box<Message>>,
}

/// Apigee's `fault.category`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// Routing, sizes, syntax of messages.
    Messaging,
    /// A policy.
    Step,
    /// The gateway itself.
    System,
    /// Connections and timeouts.
    Transport,
}

impl Category {
    /// The text of `fault.category`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Messaging => "Messaging",
            Self::Step => "Step",
            Self::System => "System",
            Self::Transport => "Transport",
        }
    }
}

impl Fault {
    /// A fault of a policy with Apigee's default status, 500.
    pub fn step(code: impl Into<Cow<'static, str>>, text: impl Into<String>) -> Self {
        Self { status: 500, code: code.into(), text: text.into(), category: Category::Step, response: None }
    }

    /// A fault of the gateway.
    pub fn messaging(status: u16, code: impl Into<Cow<'static, str>>, text: impl Into<String>) -> Self {
        Self { status, code: code.into(), text: text.into(), category: Category::Messaging, response: None }
    }

    /// The same fault with another status.
    #[must_use]
    pub fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// The same fault with a response of its own.
    #[must_use]
    pub fn with_response(self, response: Message) -> Self {
        Self { response: Some(Box::new(response)), ..self }
    }

    /// The last segment of the code: `fault.name`.
    pub fn name(&self) -> &str {
        self.code.rsplit('.').next().unwrap_or_default()
    }

    /// The message that goes to the client when no fault rule changes it.
    pub fn into_message(self) -> Message {
        self.response
            .map_or_else(|| standard_message(self.status, &self.code, &self.text), |response| *response)
    }
}

/// The standard response of a fault: JSON with text and code.
pub fn standard_message(status: u16, code: &str, text: &str) -> Message {
    let mut message = Message::response(status);
    // The value is a constant, so it cannot be refused.
    drop(message.set_content_type("application/json"));
    let (text, code) = (json_string(text), json_string(code));
    message.set_body(format!(r#"{{"fault":{{"faultstring":{text},"detail":{{"errorcode":{code}}}}}}}"#));
    message
}

/// A JSON string literal, quotes included (RFC 8259 §7).
pub fn json_string(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    json.push('"');
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            // Writing to a string cannot fail.
            control if u32::from(control) < 0x20 => {
                let _ = write!(json, "\\u{:04x}", u32::from(control));
            }
            other => json.push(other),
        }
    }
    json.push('"');
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_body() {
        let fault = Fault::step("oauth.v2.InvalidApiKey", "Invalid \"ApiKey\"\n\u{1}").with_status(401);
        assert_eq!(fault.name(), "InvalidApiKey");
        let message = fault.into_message();
        assert_eq!(message.status(), Some(401));
        assert_eq!(message.content_type().as_deref(), Some("application/json"));
        assert_eq!(
            message.content(),
            r#"{"fault":{"faultstring":"Invalid \"ApiKey\"\n\u0001","detail":{"errorcode":"oauth.v2.InvalidApiKey"}}}"#
        );
    }

    #[test]
    fn a_response_of_its_own_replaces_the_standard_body() {
        let mut response = Message::response(302);
        response.set_body("moved");
        let message = Fault::step("steps.raisefault.RaiseFault", "x").with_response(response).into_message();
        assert_eq!((message.status(), message.content().as_ref()), (Some(302), "moved"));
    }

    #[test]
    fn a_code_without_dots_is_its_own_name() {
        assert_eq!(Fault::step("invalid_client", "").name(), "invalid_client");
    }
}
