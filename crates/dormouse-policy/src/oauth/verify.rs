//! VerifyAccessToken: lets a call pass whose access token is alive, covers the call, and has a scope that the policy wants
//! (Apigee: OAuthV2; RFC 6750 §2.1).

use crate::oauth::failure::{
    ACCESS_TOKEN_MISSING, ACCESS_TOKEN_UNRESOLVED, During, Failure, INSUFFICIENT_SCOPE,
};
use crate::oauth::variables::{OwnedCall, VerifiedVariables};
use dormouse_bundle::OAuthV2;
use dormouse_flow::{Host, Transaction, Variable};

/// The compiled operation.
pub(crate) struct VerifyAccessToken {
    token: TokenPlace,
    /// One of them is enough; none asks for none.
    scopes: Vec<String>,
}

/// Where the access token is.
enum TokenPlace {
    /// In the Authorization header, after `Bearer`.
    Header(Variable),
    /// In a variable, as it is; after `Bearer` when the policy says so.
    Named { variable: Variable, needs_prefix: bool },
}

impl VerifyAccessToken {
    /// Compiles the operation of a policy.
    pub(crate) fn new(typed: &OAuthV2) -> Self {
        let token = match &typed.access_token {
            None => TokenPlace::Header(Variable::parse("request.header.authorization")),
            Some(named) => TokenPlace::Named {
                variable: Variable::parse(&named.value),
                needs_prefix: typed.access_token_prefix.is_some(),
            },
        };
        let scopes = typed.required_scopes.as_ref().map(|scopes| scopes.value.clone()).unwrap_or_default();
        Self { token, scopes }
    }

    /// Runs the operation.
    pub(crate) async fn run(&self, transaction: &mut Transaction, host: &Host) -> Result<(), Failure> {
        let token = self.token.read(transaction)?;
        let call = OwnedCall::of(transaction);
        let verified = host.engine.verify(&token, Some(&call.as_call())).await;
        let verified = verified.map_err(|error| Failure::from_engine(&error, During::Verify))?;
        let granted = &verified.claims.scope;
        if !self.scopes.is_empty() && !self.scopes.iter().any(|scope| granted.contains(scope)) {
            return Err(Failure::about(&INSUFFICIENT_SCOPE, self.scopes.join(", ")));
        }
        transaction.publish(Box::new(VerifiedVariables::new(token, verified, call, host)));
        Ok(())
    }
}

impl TokenPlace {
    fn read(&self, transaction: &Transaction) -> Result<String, Failure> {
        let missing = || Failure::of(&ACCESS_TOKEN_MISSING);
        let token = match self {
            Self::Header(variable) => {
                let header = transaction.text(variable).ok_or_else(missing)?;
                bearer(&header).map(str::to_owned)
            }
            Self::Named { variable, needs_prefix } => {
                let text = transaction.text(variable).ok_or_else(|| unresolved(variable))?;
                let bare = if *needs_prefix { None } else { Some(text.trim()) };
                bearer(&text).or(bare).map(str::to_owned)
            }
        };
        token.filter(|token| !token.is_empty()).ok_or_else(missing)
    }
}

/// A part of the request that the client left out is a missing token; any other variable is the bundle's mistake.
fn unresolved(variable: &Variable) -> Failure {
    let name = variable.name();
    if name.starts_with("request.") || name.starts_with("message.") {
        Failure::of(&ACCESS_TOKEN_MISSING)
    } else {
        Failure::about(&ACCESS_TOKEN_UNRESOLVED, &**name)
    }
}

/// What follows `Bearer`, which is case-sensitive here as on Apigee. Clients in use put the whole value in quotes.
fn bearer(header: &str) -> Option<&str> {
    let header = header.trim();
    let unquoted = header.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(header);
    let rest = unquoted.trim().strip_prefix("Bearer")?;
    rest.starts_with([' ', '\t']).then(|| rest.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: &str, expected: Option<&str>) {
        assert_eq!(bearer(header), expected, "{header}");
    }

    #[test]
    fn the_token_of_a_header() {
        check("Bearer abc", Some("abc"));
        check("Bearer   abc ", Some("abc"));
        check("\"Bearer abc\"", Some("abc"));
        check("Bearer ", None);
        check("Bearer", None);
        check("bearer abc", None);
        check("Bearerabc", None);
        check("Basic abc", None);
        check("\"", None);
        check("", None);
    }
}
