//! InvalidateToken and ValidateToken: revoke tokens, or take that back (Apigee: OAuthV2, "Approve and revoke access
//! tokens").

use crate::oauth::failure::{During, Failure, INVALID_TOKEN_TYPE, TOKEN_UNRESOLVED};
use dormouse_bundle::{OAuthV2, TokenKind, TokenReference};
use dormouse_engine::StatusChange;
use dormouse_flow::{Host, Transaction, Variable};
use dormouse_token::Kind;

/// The compiled operation.
pub(crate) struct ChangeStatus {
    tokens: Vec<TokenOrder>,
    change: StatusChange,
}

/// One token to change.
struct TokenOrder {
    variable: Variable,
    /// Nothing for a type that does not exist.
    kind: Option<Kind>,
    cascade: bool,
}

impl ChangeStatus {
    /// Compiles the operation of a policy.
    pub(crate) fn new(typed: &OAuthV2, change: StatusChange) -> Self {
        let order = |token: &TokenReference| TokenOrder {
            variable: Variable::parse(&token.variable.value),
            kind: token.kind.map(|kind| match kind {
                TokenKind::Access => Kind::Access,
                TokenKind::Refresh => Kind::Refresh,
            }),
            cascade: token.cascade,
        };
        Self { tokens: typed.tokens.iter().map(order).collect(), change }
    }

    /// Runs the operation. Unknown tokens, and tokens that are in the wanted state, are no failures.
    pub(crate) async fn run(&self, transaction: &Transaction, host: &Host) -> Result<(), Failure> {
        for order in &self.tokens {
            let kind = order.kind.ok_or_else(|| Failure::of(&INVALID_TOKEN_TYPE))?;
            let token = transaction.text(&order.variable).filter(|token| !token.is_empty());
            let token = token.ok_or_else(|| Failure::about(&TOKEN_UNRESOLVED, &**order.variable.name()))?;
            let changed = host.engine.set_status(&token, kind, order.cascade, self.change).await;
            changed.map_err(|error| Failure::from_engine(&error, During::Revoke))?;
        }
        Ok(())
    }
}
