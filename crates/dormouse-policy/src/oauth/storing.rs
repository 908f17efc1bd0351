//! `StoreToken`, `ExternalAuthorization` and the `External…` elements: whether a token lives here, and under which string
//! (Apigee: OAuthV2, "Using third-party OAuth systems"; TOKENS §1 "StoreToken").

use crate::oauth::failure::{ACCESS_TOKEN_UNRESOLVED, Failure, REFRESH_TOKEN_UNRESOLVED};
use crate::oauth::inputs::{optional, variable};
use crate::oauth::view::{APPROVED, RefreshView, TokenView};
use dormouse_bundle::OAuthV2;
use dormouse_flow::{Text, Transaction, Variable};
use dormouse_token::Entropy;
use std::time::Duration;

/// Whether tokens are stored, that is: whether they will ever verify.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Storing {
    asked: Option<bool>,
    is_external: bool,
}

/// Where foreign tokens are.
pub(crate) struct ExternalSource {
    access: Option<Variable>,
    refresh: Option<Variable>,
}

/// Foreign tokens of a request. Secret.
pub(crate) struct ExternalTokens {
    pub(crate) access: Option<Text>,
    pub(crate) refresh: Option<Text>,
}

impl Storing {
    /// What the policy says.
    pub(crate) fn new(typed: &OAuthV2) -> Self {
        Self { asked: typed.store_token.as_ref().map(|it| it.value), is_external: typed.is_external() }
    }

    /// Whether a token will verify. What the policy says holds. When it says nothing, foreign strings that an external
    /// server vouches for are not stored; all else is.
    pub(crate) fn stores(self, has_external: bool) -> bool {
        self.asked.unwrap_or(!(self.is_external && has_external))
    }
}

impl ExternalSource {
    /// What the policy names.
    pub(crate) fn new(typed: &OAuthV2) -> Self {
        Self {
            access: variable(typed.external_access_token.as_ref()),
            refresh: variable(typed.external_refresh_token.as_ref()),
        }
    }

    /// The foreign tokens.
    ///
    /// # Errors
    /// When the policy names variables and none of them resolves.
    pub(crate) fn read(&self, transaction: &Transaction) -> Result<ExternalTokens, Failure> {
        let access = optional(self.access.as_ref(), transaction);
        let refresh = optional(self.refresh.as_ref(), transaction);
        let tokens = ExternalTokens { access, refresh };
        match (&self.access, &self.refresh) {
            _ if tokens.is_some() => Ok(tokens),
            (Some(variable), _) => Err(Failure::about(&ACCESS_TOKEN_UNRESOLVED, &**variable.name())),
            (None, Some(variable)) => Err(Failure::about(&REFRESH_TOKEN_UNRESOLVED, &**variable.name())),
            (None, None) => Ok(tokens),
        }
    }
}

impl ExternalTokens {
    /// Whether there is any.
    pub(crate) fn is_some(&self) -> bool {
        self.access.is_some() || self.refresh.is_some()
    }
}

/// Replaces the strings of a pair that is not stored: by the foreign ones, or by random ones that nothing recognises.
pub(crate) fn replace_strings(
    view: &mut TokenView,
    external: &ExternalTokens,
    refresh_ttl: Option<Duration>,
    entropy: &dyn Entropy,
) {
    let access = external.access.as_deref().map(str::to_owned);
    view.access_token = Some(access.unwrap_or_else(|| random_text(ACCESS_TOKEN_LENGTH, entropy)));
    let refresh = external.refresh.as_deref().map(str::to_owned);
    let refresh = refresh.or_else(|| refresh_ttl.map(|_| random_text(REFRESH_TOKEN_LENGTH, entropy)));
    let lifetime = refresh_ttl.unwrap_or_default();
    view.refresh = refresh.map(|token| RefreshView {
        token: Some(token),
        issued_at: view.issued_at,
        expires_in: crate::oauth::view::remaining(view.issued_at.saturating_add(lifetime), view.issued_at),
        status: APPROVED,
    });
}

/// A random text without a prefix of ours, so that it never verifies.
pub(crate) fn random_text(length: usize, entropy: &dyn Entropy) -> String {
    let secret = dormouse_entity::generate_secret(entropy);
    secret.expose().chars().take(length).collect()
}

/// As long as Apigee's own.
pub(crate) const CODE_LENGTH: usize = 8;
const ACCESS_TOKEN_LENGTH: usize = 28;
const REFRESH_TOKEN_LENGTH: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(asked: Option<bool>, is_external: bool, has_external: bool, expected: bool) {
        assert_eq!(Storing { asked, is_external }.stores(has_external), expected);
    }

    #[test]
    fn when_tokens_are_stored() {
        check(Some(true), true, true, true);
        check(Some(false), false, true, false);
        check(Some(false), false, false, false);
        check(None, true, true, false);
        check(None, true, false, true);
        check(None, false, true, true);
        check(None, false, false, true);
    }

    #[test]
    fn random_texts_are_fresh_and_carry_no_prefix() {
        let entropy = dormouse_token::SeededEntropy::new(1);
        let (first, second) = (random_text(28, &entropy), random_text(28, &entropy));
        assert_ne!(first, second);
        assert!(first.len() == 28 && dormouse_token::Kind::of(&first).is_none());
    }
}
