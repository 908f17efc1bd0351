//! OAuthV2: issues, redeems, verifies and revokes tokens, by its operation (Apigee: "OAuthV2 policy").

use crate::compile_context::CompileContext;
use crate::oauth::access_token::GenerateAccessToken;
use crate::oauth::authorization_code::GenerateAuthorizationCode;
use crate::oauth::failure::{Failure, UNSUPPORTED_OPERATION};
use crate::oauth::implicit_grant::GenerateAccessTokenImplicitGrant;
use crate::oauth::refresh::RefreshAccessToken;
use crate::oauth::report::Reporter;
use crate::oauth::token_status::ChangeStatus;
use crate::oauth::verify::VerifyAccessToken;
use crate::oauth::{Lifetimes, capped_lifetimes, source_of};
use crate::registry::{Compiled, PolicyKind};
use dormouse_bundle::{OAuthPolicy, OAuthV2, Operation, Policy, Problem, ResponseFormat, oauth_policy};
use dormouse_engine::StatusChange;
use dormouse_flow::{Executable, Host, OutcomeFuture, Transaction, WaitingPolicy};

/// See [`crate::registry`].
pub(crate) const KIND: PolicyKind = PolicyKind {
    tag: "OAuthV2",
    summary: "Issues, redeems, verifies and revokes tokens.",
    failure_prefix: "oauthV2",
    may_continue: true,
    compile,
};

struct OAuthV2Policy {
    reporter: Reporter,
    operation: Compilation,
}

/// A compiled operation.
enum Compilation {
    ChangeStatus(ChangeStatus),
    Code(GenerateAuthorizationCode),
    Implicit(GenerateAccessTokenImplicitGrant),
    Refresh(RefreshAccessToken),
    Token(Box<GenerateAccessToken>),
    Unsupported(&'static str),
    Verify(VerifyAccessToken),
}

fn compile(policy: &Policy, context: &CompileContext<'_>) -> Compiled {
    let (typed, mut problems) = oauth_policy(policy);
    let Some(OAuthPolicy::OAuthV2(typed)) = typed else { return (None, problems) };
    problems.extend(ignored_format(policy, &typed));
    problems.extend(capped_lifetimes(&typed, context.platform, &policy.span()));
    if typed.operation.value.is_jwt() {
        let message = format!("the operation {} cannot be run yet", typed.operation.value.as_str());
        let problem = Problem::warning("unsupported-policy", message).at(typed.operation.span.clone());
        problems.push(problem.help("a request that reaches it is answered with a fault"));
    }
    let compiled =
        OAuthV2Policy { reporter: reporter(policy, &typed), operation: operation(policy, &typed, context) };
    (Some(Executable::Waiting(Box::new(compiled))), problems)
}

/// Bundles carry a `Format` from Apigee's first editors, and their clients read JSON.
fn ignored_format(policy: &Policy, typed: &OAuthV2) -> Option<Problem> {
    let formats = [typed.generate_response.format, typed.generate_error_response.format];
    let message = "the Format of generated responses has no effect; they are JSON";
    formats
        .iter()
        .any(|format| *format != ResponseFormat::Json)
        .then(|| Problem::info("format-without-effect", message).at(policy.span()))
}

fn reporter(policy: &Policy, typed: &OAuthV2) -> Reporter {
    let reporter = Reporter::new(policy);
    match typed.operation.value {
        operation if operation.verifies() => reporter.challenging(&typed.generate_error_response),
        operation if operation.issues() => reporter.generating(
            &typed.generate_response,
            &typed.generate_error_response,
            typed.is_rfc_compliant(),
        ),
        _ => reporter,
    }
}

fn operation(policy: &Policy, typed: &OAuthV2, context: &CompileContext<'_>) -> Compilation {
    let name = policy.name.as_str();
    let source = source_of(&context.bundle.name, name);
    let lifetimes = Lifetimes::of(context.platform);
    match typed.operation.value {
        Operation::GenerateAuthorizationCode => {
            Compilation::Code(GenerateAuthorizationCode::new(name, typed, source))
        }
        Operation::GenerateAccessToken => {
            Compilation::Token(Box::new(GenerateAccessToken::new(name, typed, source, lifetimes)))
        }
        Operation::GenerateAccessTokenImplicitGrant => Compilation::Implicit(
            GenerateAccessTokenImplicitGrant::new(name, typed, source, lifetimes.access),
        ),
        Operation::RefreshAccessToken => {
            Compilation::Refresh(RefreshAccessToken::new(name, typed, lifetimes))
        }
        Operation::VerifyAccessToken => Compilation::Verify(VerifyAccessToken::new(typed)),
        Operation::InvalidateToken => {
            Compilation::ChangeStatus(ChangeStatus::new(typed, StatusChange::Revoke))
        }
        Operation::ValidateToken => {
            Compilation::ChangeStatus(ChangeStatus::new(typed, StatusChange::Approve))
        }
        jwt @ (Operation::GenerateJWTAccessToken
        | Operation::GenerateJWTAccessTokenImplicitGrant
        | Operation::RefreshJWTAccessToken
        | Operation::VerifyJWTAccessToken) => Compilation::Unsupported(jwt.as_str()),
    }
}

impl WaitingPolicy for OAuthV2Policy {
    fn run<'a>(&'a self, transaction: &'a mut Transaction, host: &'a Host) -> OutcomeFuture<'a> {
        Box::pin(async move {
            let result = self.operation.run(transaction, host).await;
            self.reporter.outcome(transaction, result)
        })
    }
}

impl Compilation {
    async fn run(&self, transaction: &mut Transaction, host: &Host) -> Result<(), Failure> {
        match self {
            Self::ChangeStatus(operation) => operation.run(transaction, host).await,
            Self::Code(operation) => operation.run(transaction, host).await,
            Self::Implicit(operation) => operation.run(transaction, host).await,
            Self::Refresh(operation) => operation.run(transaction, host).await,
            Self::Token(operation) => operation.run(transaction, host).await,
            Self::Unsupported(name) => Err(Failure::about(&UNSUPPORTED_OPERATION, *name)),
            Self::Verify(operation) => operation.run(transaction, host).await,
        }
    }
}
