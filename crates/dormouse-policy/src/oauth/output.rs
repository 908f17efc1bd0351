//! How an operation that issues tokens hands them over: variables always, a response when the policy generates one
//! (Apigee: OAuthV2 `GenerateResponse`).

use crate::oauth::body::response;
use crate::oauth::inputs::AttributeSources;
use crate::oauth::report::{forbid_storing, respond};
use crate::oauth::variables::TokenVariables;
use crate::oauth::view::TokenView;
use dormouse_bundle::OAuthV2;
use dormouse_flow::{Message, Text, Transaction};

/// What a policy does with the tokens it issued.
pub(crate) struct Output {
    /// Whether the policy makes the response.
    pub(crate) generates: bool,
    pub(crate) is_rfc: bool,
    /// Prefix of the variables.
    prefix: Text,
}

impl Output {
    /// For tokens of a policy.
    pub(crate) fn new(policy: &str, typed: &OAuthV2) -> Self {
        Self {
            generates: typed.generate_response.enabled,
            is_rfc: typed.is_rfc_compliant(),
            prefix: format!("oauthv2accesstoken.{policy}.").into(),
        }
    }

    /// Offers the variables, and makes the response of a token endpoint.
    pub(crate) fn token_response(
        &self,
        transaction: &mut Transaction,
        view: TokenView,
        attributes: &AttributeSources,
    ) {
        if self.generates {
            let fields = view.response_fields(|name| attributes.shows(name));
            let mut message = response(200, &fields);
            if self.is_rfc {
                forbid_storing(&mut message);
            }
            respond(transaction, message);
        }
        self.variables(transaction, view);
    }

    /// Sends the browser on.
    pub(crate) fn redirect(&self, transaction: &mut Transaction, location: &str) {
        if self.generates {
            let mut message = Message::response(302);
            // The location was percent-encoded, so that it cannot be refused.
            drop(message.headers_mut().set("Location", location));
            respond(transaction, message);
        }
    }

    /// Offers the variables of an access token.
    pub(crate) fn variables(&self, transaction: &mut Transaction, view: TokenView) {
        transaction.publish(Box::new(TokenVariables { prefix: self.prefix.clone(), view, is_new: true }));
    }
}
