//! BasicAuthentication: makes the value of a Basic Authorization header, or takes one apart (Apigee: "BasicAuthentication
//! policy"; RFC 7617). It checks no password.

use crate::compile_context::CompileContext;
use crate::configuration::{TextOrVariable, parse_truth, refused, text_of, truth, variable_of, warn_unknown};
use crate::registry::{Compiled, PolicyKind};
use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use dormouse_bundle::{Policy, Problem};
use dormouse_flow::{
    Executable, Fault, Host, ImmediatePolicy, Outcome, Text, Transaction, Variable, WriteError,
};

/// See [`crate::registry`].
pub(crate) const KIND: PolicyKind = PolicyKind {
    tag: "BasicAuthentication",
    summary: "Makes the value of a Basic Authorization header, or takes one apart.",
    failure_prefix: "BasicAuthentication",
    may_continue: true,
    compile,
};

struct BasicAuthentication {
    name: Text,
    operation: Operation,
    /// Whether an input that is missing is an empty text, or nothing to do.
    ignores_unresolved: bool,
}

enum Operation {
    Encode { user: TextOrVariable, password: TextOrVariable, target: Variable, overwrites: bool },
    Decode { source: Variable, user: Variable, password: Variable },
}

/// Why the policy failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("Unresolved variable : {0}")]
    Unresolved(Text),
    #[error("Source variable : {source_name} for basic decode policy : {policy} is not valid")]
    InvalidSource { source_name: Text, policy: Text },
    #[error("failed to set variable {name}: {error}")]
    Write { name: Text, error: WriteError },
}

fn compile(policy: &Policy, _: &CompileContext<'_>) -> Compiled {
    let mut problems = Vec::new();
    warn_unknown(&policy.element, ELEMENTS, &mut problems);
    let operation = text_of(&policy.element, "Operation");
    let operation = match operation.as_ref().map(dormouse_bundle::SourceText::as_str) {
        Some("Encode") => encode(policy, &mut problems),
        Some("Decode") => decode(policy, &mut problems),
        _ => {
            let problem = refused(
                "invalid-operation",
                policy,
                "InvalidOperation",
                "the operation is missing or unknown",
            );
            problems
                .push(problem.help("write <Operation>Encode</Operation> or <Operation>Decode</Operation>"));
            None
        }
    };
    let ignores_unresolved = truth(&policy.element, "IgnoreUnresolvedVariables", false);
    let compiled = operation.map(|operation| BasicAuthentication {
        name: policy.name.as_str().into(),
        operation,
        ignores_unresolved,
    });
    (compiled.map(|compiled| Executable::Immediate(Box::new(compiled))), problems)
}

fn encode(policy: &Policy, problems: &mut Vec<Problem>) -> Option<Operation> {
    let user = TextOrVariable::of_child(&policy.element, "User");
    let password = TextOrVariable::of_child(&policy.element, "Password");
    let assign = policy.element.element("AssignTo");
    let target = assign.map(|assign| assign.text().trimmed()).filter(|name| !name.as_str().is_empty());
    for (is_missing, apigee, what) in [
        (user.is_none(), "UserNameRequired", "User"),
        (password.is_none(), "PasswordRequired", "Password"),
        (target.is_none(), "AssignToRequired", "AssignTo"),
    ] {
        if is_missing {
            problems.push(missing(policy, apigee, what));
        }
    }
    let overwrites = assign.and_then(|assign| assign.attribute_value("createNew")).and_then(parse_truth);
    Some(Operation::Encode {
        user: user?,
        password: password?,
        target: Variable::parse(target?.as_str()),
        overwrites: overwrites.unwrap_or(false),
    })
}

fn decode(policy: &Policy, problems: &mut Vec<Problem>) -> Option<Operation> {
    let destination =
        |name: &str| policy.element.element(name).and_then(|element| variable_of(element, "ref"));
    let (user, password) = (destination("User"), destination("Password"));
    let source = text_of(&policy.element, "Source");
    for (is_missing, apigee, what) in [
        (source.is_none(), "SourceRequired", "Source"),
        (user.is_none(), "UserNameRequired", "the attribute ref of User"),
        (password.is_none(), "PasswordRequired", "the attribute ref of Password"),
    ] {
        if is_missing {
            problems.push(missing(policy, apigee, what));
        }
    }
    Some(Operation::Decode { source: Variable::parse(source?.as_str()), user: user?, password: password? })
}

fn missing(policy: &Policy, apigee: &str, what: &str) -> Problem {
    refused("missing-element", policy, apigee, format!("{what} is missing")).help(format!("add {what}"))
}

impl ImmediatePolicy for BasicAuthentication {
    fn run(&self, transaction: &mut Transaction, _: &Host) -> Outcome {
        let result = match &self.operation {
            Operation::Encode { .. } => self.encode(transaction),
            Operation::Decode { source, user, password } => {
                self.decode(transaction, source, [user, password])
            }
        };
        result.map_err(|failure| failure.fault()).into()
    }
}

impl BasicAuthentication {
    fn encode(&self, transaction: &mut Transaction) -> Result<(), Failure> {
        let Operation::Encode { user, password, target, overwrites } = &self.operation else { return Ok(()) };
        if !overwrites && !transaction.read(target).is_null() {
            return Ok(());
        }
        let (user, password) = (self.input(transaction, user)?, self.input(transaction, password)?);
        let encoded = BASE64.encode(format!("{user}:{password}"));
        write(transaction, target, &format!("Basic {encoded}"))
    }

    fn input(&self, transaction: &Transaction, source: &TextOrVariable) -> Result<Text, Failure> {
        match source.read(transaction) {
            Some(text) => Ok(text),
            None if self.ignores_unresolved => Ok(Text::default()),
            None => Err(Failure::Unresolved(source.variable_name().into())),
        }
    }

    fn decode(
        &self,
        transaction: &mut Transaction,
        source: &Variable,
        [user, password]: [&Variable; 2],
    ) -> Result<(), Failure> {
        let Some(value) = transaction.text(source) else {
            return if self.ignores_unresolved {
                Ok(())
            } else {
                Err(Failure::Unresolved(source.name().clone()))
            };
        };
        let invalid =
            || Failure::InvalidSource { source_name: source.name().clone(), policy: self.name.clone() };
        let credentials = credentials(&value).ok_or_else(invalid)?;
        let (decoded_user, decoded_password) = credentials.split_once(':').ok_or_else(invalid)?;
        write(transaction, user, decoded_user)?;
        write(transaction, password, decoded_password)
    }
}

/// What stands behind `Basic`, decoded; the scheme in any case (RFC 9110 §11.1).
fn credentials(value: &str) -> Option<String> {
    let (scheme, encoded) = value.trim().split_once([' ', '\t'])?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    String::from_utf8(BASE64.decode(encoded.trim()).ok()?).ok()
}

fn write(transaction: &mut Transaction, variable: &Variable, value: &str) -> Result<(), Failure> {
    let failed = |error| Failure::Write { name: variable.name().clone(), error };
    transaction.write(variable, value).map_err(failed)
}

impl Failure {
    fn fault(&self) -> Fault {
        let code = match self {
            Self::Unresolved(_) => "steps.basicauthentication.UnresolvedVariable",
            Self::InvalidSource { .. } => "steps.basicauthentication.InvalidBasicAuthenticationSource",
            Self::Write { .. } => "steps.basicauthentication.SetVariableFailed",
        };
        Fault::step(code, self.to_string())
    }
}

const ELEMENTS: &[&str] = &["AssignTo", "Operation", "Password", "Source", "User"];

/// Clients leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, expected: Option<&str>) {
        assert_eq!(credentials(value).as_deref(), expected, "{value}");
    }

    #[test]
    fn credentials_of_a_header() {
        check("Basic YTpi", Some("a:b"));
        check("basic  YTpi ", Some("a:b"));
        check("Basic YQ", Some("a"));
        check("Basic YQ==", Some("a"));
        check("Basic", None);
        check("YTpi", None);
        check("Bearer YTpi", None);
        check("Basic !", None);
        check("Basic /////w==", None);
        check("", None);
    }
}
