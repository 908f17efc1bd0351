//! How an OAuth policy reports success and failure: fault variables, faults, and generated error bodies (Apigee: OAuthV2
//! "Flow variables", `GenerateResponse`, `GenerateErrorResponse`; RFC 6749 §5.2, RFC 6750 §3).

use crate::oauth::body::{Field, response};
use crate::oauth::failure::Failure;
use crate::oauth::inputs::TextSource;
use dormouse_bundle::{GeneratedResponse, Policy};
use dormouse_flow::{Fault, Message, Outcome, Phase, Text, Transaction, standard_message};

/// What a policy says about how it ended.
pub(crate) struct Reporter {
    names: Names,
    /// Whether the policy answers by itself.
    generates: bool,
    /// Whether generated bodies are those of the RFC.
    is_rfc: bool,
    after_failure: AfterFailure,
    /// The `realm` of challenges. Apigee sends the word `null` when it has none.
    realm: Option<TextSource>,
    /// Whether failures challenge the client for a bearer token.
    challenges: bool,
}

/// How the flow goes on after a failure.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AfterFailure {
    /// `continueOnError`: with the next step.
    Continues,
    /// `continueOnError` and `GenerateErrorResponse`, which means nothing alone: with the next step, and an answer.
    ContinuesWithAnswer,
    /// It does not.
    Ends,
}

/// The variables that tell how a policy ended.
struct Names {
    failed_any: Text,
    failed: Text,
    fault_name: Text,
    fault_cause: Text,
    fault_message: Text,
}

impl Reporter {
    /// For policies that never answer by themselves.
    pub(crate) fn new(policy: &Policy) -> Self {
        let name = &policy.name;
        let variable = |suffix: &str| Text::from(format!("oauthV2.{name}.{suffix}"));
        Self {
            names: Names {
                failed_any: "oauthV2.failed".into(),
                failed: variable("failed"),
                fault_name: variable("fault.name"),
                fault_cause: variable("fault.cause"),
                fault_message: variable("fault.message"),
            },
            generates: false,
            is_rfc: false,
            after_failure: if policy.continue_on_error {
                AfterFailure::Continues
            } else {
                AfterFailure::Ends
            },
            realm: None,
            challenges: false,
        }
    }

    /// For VerifyAccessToken.
    pub(crate) fn challenging(self, error_response: &GeneratedResponse) -> Self {
        let realm = error_response.realm.as_ref().map(TextSource::new);
        Self { challenges: true, realm, ..self }
    }

    /// For operations that may answer by themselves.
    pub(crate) fn generating(
        self,
        response: &GeneratedResponse,
        error_response: &GeneratedResponse,
        is_rfc: bool,
    ) -> Self {
        Self {
            generates: response.enabled,
            after_failure: match self.after_failure {
                AfterFailure::Continues if error_response.enabled => AfterFailure::ContinuesWithAnswer,
                other => other,
            },
            is_rfc,
            realm: error_response.realm.as_ref().map(TextSource::new),
            ..self
        }
    }

    /// Notes how the policy ended, and decides what happens next.
    pub(crate) fn outcome(&self, transaction: &mut Transaction, result: Result<(), Failure>) -> Outcome {
        let Err(failure) = result else {
            transaction.note(&self.names.failed_any, false);
            transaction.note(&self.names.failed, false);
            return Outcome::Continue;
        };
        self.note(transaction, &failure);
        if self.after_failure == AfterFailure::ContinuesWithAnswer {
            let message = self.generated(transaction, &failure);
            respond(transaction, message);
        }
        if self.after_failure != AfterFailure::Ends {
            // The gateway goes on with the next step.
            return Fault::step(failure.row.code, failure.text()).with_status(failure.row.status).into();
        }
        if !self.generates {
            return self.fault(transaction, &failure).into();
        }
        let message = self.generated(transaction, &failure);
        if failure.row.is_final {
            respond(transaction, message);
            return Outcome::Respond;
        }
        let status = failure.row.generated.status;
        Fault::step(failure.row.code, failure.generated_text())
            .with_status(status)
            .with_response(message)
            .into()
    }

    fn note(&self, transaction: &mut Transaction, failure: &Failure) {
        let text = if self.generates { failure.generated_text() } else { failure.text() };
        let (code, generated) = (failure.row.code, &failure.row.generated);
        let name = match (self.generates, self.is_rfc) {
            (true, true) => generated.rfc,
            (true, false) => generated.legacy,
            // Verification keeps the prefix of what its store look-up found.
            (false, _) if self.challenges && code.starts_with(KEY_MANAGEMENT) => code,
            (false, _) => code.rsplit('.').next().unwrap_or_default(),
        };
        transaction.note(&self.names.failed_any, true);
        transaction.note(&self.names.failed, true);
        transaction.note(&self.names.fault_name, name);
        transaction.note(&self.names.fault_cause, text.clone());
        transaction.note(&self.names.fault_message, text);
    }

    fn fault(&self, transaction: &Transaction, failure: &Failure) -> Fault {
        let (row, text) = (failure.row, failure.text());
        let fault = Fault::step(row.code, text.clone()).with_status(row.status);
        let challenge = self.challenges && matches!(row.status, 401 | 403);
        if !challenge && failure.retry_after.is_none() {
            return fault;
        }
        let mut message = standard_message(row.status, row.code, &text);
        set_retry_after(&mut message, failure);
        if challenge {
            let error = if row.status == 403 { "insufficient_scope" } else { "invalid_token" };
            let description = format!("{}: {text}", row.code);
            let realm = self.realm(transaction);
            let value = format!(
                "Bearer realm=\"{}\",error=\"{error}\",error_description=\"{}\"",
                quoted(&realm),
                quoted(&description)
            );
            set_header(&mut message, "WWW-Authenticate", &value);
        }
        fault.with_response(message)
    }

    fn generated(&self, transaction: &Transaction, failure: &Failure) -> Message {
        let (generated, text) = (&failure.row.generated, failure.generated_text());
        let fields = if self.is_rfc {
            [Field::text("error", generated.rfc), Field::text("error_description", text)]
        } else {
            [Field::text("ErrorCode", generated.legacy), Field::text("Error", text)]
        };
        let mut message = response(generated.status, &fields);
        set_retry_after(&mut message, failure);
        if self.is_rfc {
            forbid_storing(&mut message);
        }
        if generated.status == 401 && (self.is_rfc || self.realm.is_some()) {
            let value = format!("Basic realm=\"{}\"", quoted(&self.realm(transaction)));
            set_header(&mut message, "WWW-Authenticate", &value);
        }
        message
    }

    fn realm(&self, transaction: &Transaction) -> Text {
        self.realm.as_ref().and_then(|realm| realm.read(transaction)).unwrap_or_else(|| "null".into())
    }
}

/// Makes a generated message the response. In fault rules it is the error message that goes out.
pub(crate) fn respond(transaction: &mut Transaction, message: Message) {
    match transaction.phase() {
        Phase::Error | Phase::PostClient => drop(transaction.set_ambient(message)),
        Phase::Request | Phase::Response => drop(transaction.set_response(message)),
    }
}

/// Tokens are not to be cached (RFC 6749 §5.1).
pub(crate) fn forbid_storing(message: &mut Message) {
    set_header(message, "Cache-Control", "no-store");
    set_header(message, "Pragma", "no-cache");
}

fn set_retry_after(message: &mut Message, failure: &Failure) {
    if let Some(seconds) = failure.retry_after {
        set_header(message, "Retry-After", &seconds.to_string());
    }
}

/// A value that no header can hold is left out.
fn set_header(message: &mut Message, name: &str, value: &str) {
    drop(message.headers_mut().set(name, value));
}

/// The inside of a quoted string (RFC 9110 §5.6.4).
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for character in text.chars().filter(|character| !character.is_control()) {
        if matches!(character, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted
}

const KEY_MANAGEMENT: &str = "keymanagement.service.";
