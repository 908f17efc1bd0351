//! Default lifetimes of the platforms, and what is said at load about tokens that would never expire (DESIGN §5
//! `--platform`; Apigee: "Setting no expiration for OAuth tokens").

use crate::compile_context::Platform;
use dormouse_bundle::{Lifetime, Located, OAuthV2, Operation, Problem, Span, ValueOrReference};
use dormouse_token::LIFETIME_MAX;
use std::time::Duration;

/// Lifetimes that hold where a policy names none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetimes {
    pub(crate) access: Duration,
    pub(crate) refresh: Duration,
}

impl Lifetimes {
    /// The defaults of a platform.
    pub(crate) const fn of(platform: Platform) -> Self {
        let refresh = match platform {
            Platform::X => REFRESH_TTL_X,
            Platform::Edge => LIFETIME_MAX,
        };
        Self { access: ACCESS_TTL, refresh }
    }
}

/// Tells which lifetimes of a policy are capped.
pub(crate) fn capped_lifetimes(typed: &OAuthV2, platform: Platform, at: &Span) -> Vec<Problem> {
    let mut problems = Vec::new();
    let elements =
        [("ExpiresIn", &typed.expires_in), ("RefreshTokenExpiresIn", &typed.refresh_token_expires_in)];
    for (name, element) in elements {
        if let Some(literal) = element.as_ref().and_then(too_long) {
            let message = format!("{name} is capped at two years; no token lives longer");
            let problem = Problem::warning("lifetime-capped", message).at(literal.span.clone());
            problems.push(problem.help("name a lifetime in milliseconds"));
        }
    }
    if platform == Platform::Edge && issues_refresh_token(typed) && typed.refresh_token_expires_in.is_none() {
        let message = "without RefreshTokenExpiresIn, refresh tokens live for two years, the cap; on Edge they never expire";
        let problem = Problem::warning("lifetime-capped", message).at(at.clone());
        problems.push(problem.help("add <RefreshTokenExpiresIn>…</RefreshTokenExpiresIn>, in milliseconds"));
    }
    problems
}

fn too_long(element: &ValueOrReference<Lifetime>) -> Option<&Located<Lifetime>> {
    element.literal.as_ref().filter(|literal| match literal.value {
        Lifetime::Never => true,
        Lifetime::Milliseconds(milliseconds) => Duration::from_millis(milliseconds) > LIFETIME_MAX,
    })
}

fn issues_refresh_token(typed: &OAuthV2) -> bool {
    match typed.operation.value {
        Operation::RefreshAccessToken => !typed.reuses_refresh_token(),
        Operation::GenerateAccessToken => typed.grants().iter().any(|grant| grant.yields_refresh_token()),
        _ => false,
    }
}

const ACCESS_TTL: Duration = Duration::from_mins(30);
const REFRESH_TTL_X: Duration = Duration::from_hours(30 * 24);
