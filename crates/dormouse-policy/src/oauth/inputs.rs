//! Where the OAuth policies read their data: variables that elements name, and Apigee's default places for each datum
//! (Apigee: OAuthV2 "Elements").

use dormouse_bundle::{Lifetime, Located, TokenAttribute, ValueOrReference};
use dormouse_flow::{Text, Transaction, Variable};
use dormouse_token::{Attributes, LIFETIME_MAX};
use std::time::Duration;

/// Where a datum of a request is.
pub(crate) enum Locator {
    /// The variable that an element names. There is no other place when it does not resolve.
    Named(Variable),
    /// The documented place.
    Default(Variable),
    /// A parameter of a browser's request: the query on GET; the form, then the query, otherwise.
    Browser { form: Variable, query: Variable },
}

impl Locator {
    /// The element's variable, or a default place.
    pub(crate) fn new(element: Option<&Located<String>>, default: &str) -> Self {
        element.map_or_else(|| Self::Default(Variable::parse(default)), Self::named)
    }

    /// The element's variable, or a parameter of a browser's request.
    pub(crate) fn browser(element: Option<&Located<String>>, parameter: &str) -> Self {
        let default = || Self::Browser {
            form: Variable::parse(&format!("request.formparam.{parameter}")),
            query: Variable::parse(&format!("request.queryparam.{parameter}")),
        };
        element.map_or_else(default, Self::named)
    }

    fn named(element: &Located<String>) -> Self {
        Self::Named(Variable::parse(&element.value))
    }

    /// The datum. An empty text counts as none.
    pub(crate) fn read(&self, transaction: &Transaction) -> Option<Text> {
        let text = match self {
            Self::Named(variable) | Self::Default(variable) => transaction.text(variable),
            Self::Browser { query, .. } if matches!(transaction.request().verb(), Some("GET" | "HEAD")) => {
                transaction.text(query)
            }
            Self::Browser { form, query } => transaction.text(form).or_else(|| transaction.text(query)),
        };
        text.filter(|text| !text.is_empty())
    }

    /// The variable that an element names, for messages.
    pub(crate) fn named_variable(&self) -> Option<&str> {
        match self {
            Self::Named(variable) => Some(variable.name()),
            Self::Default(_) | Self::Browser { .. } => None,
        }
    }
}

/// A variable that an element names; nothing without the element.
pub(crate) fn variable(element: Option<&Located<String>>) -> Option<Variable> {
    element.map(|element| Variable::parse(&element.value))
}

/// The text of an optional variable. An empty text counts as none.
pub(crate) fn optional(variable: Option<&Variable>, transaction: &Transaction) -> Option<Text> {
    transaction.text(variable?).filter(|text| !text.is_empty())
}

/// A literal, a variable that goes before it, or both.
pub(crate) struct TextSource {
    reference: Option<Variable>,
    literal: Option<Text>,
}

impl TextSource {
    /// What an element says.
    pub(crate) fn new(value: &ValueOrReference<String>) -> Self {
        Self {
            reference: variable(value.reference.as_ref()),
            literal: value.literal.as_ref().map(|literal| literal.value.as_str().into()),
        }
    }

    /// The variable's text if it resolves, else the literal.
    pub(crate) fn read(&self, transaction: &Transaction) -> Option<Text> {
        let referred = self.reference.as_ref().and_then(|variable| transaction.text(variable));
        referred.or_else(|| self.literal.clone())
    }

    /// The variable, for messages.
    pub(crate) fn variable(&self) -> &str {
        self.reference.as_ref().map_or("", |variable| variable.name())
    }
}

/// `ExpiresIn` and `RefreshTokenExpiresIn`.
pub(crate) struct LifetimeSource {
    reference: Option<Variable>,
    fallback: Duration,
}

impl LifetimeSource {
    /// What an element says, or the platform's default.
    pub(crate) fn new(element: Option<&ValueOrReference<Lifetime>>, default: Duration) -> Self {
        let literal = element.and_then(|element| element.literal.as_ref());
        Self {
            reference: element.and_then(|element| variable(element.reference.as_ref())),
            fallback: literal.map_or(default, |literal| match literal.value {
                Lifetime::Milliseconds(milliseconds) => Duration::from_millis(milliseconds),
                Lifetime::Never => LIFETIME_MAX,
            }),
        }
    }

    /// The lifetime. A variable without a positive number or -1 is passed over, as on Apigee.
    pub(crate) fn read(&self, transaction: &Transaction) -> Duration {
        let referred = self.reference.as_ref().and_then(|variable| transaction.text(variable));
        let lifetime = referred.as_deref().and_then(parse_lifetime).unwrap_or(self.fallback);
        lifetime.min(LIFETIME_MAX)
    }
}

fn parse_lifetime(text: &str) -> Option<Duration> {
    match text.trim() {
        "-1" => Some(LIFETIME_MAX),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().ok().filter(|milliseconds| *milliseconds > 0).map(Duration::from_millis)
        }
        _ => None,
    }
}

/// `Attributes`.
pub(crate) struct AttributeSources(Vec<AttributeSource>);

struct AttributeSource {
    name: Text,
    value: Option<TextSource>,
    display: bool,
}

impl AttributeSources {
    /// What the elements say.
    pub(crate) fn new(attributes: &[TokenAttribute]) -> Self {
        let source = |attribute: &TokenAttribute| AttributeSource {
            name: attribute.name.value.as_str().into(),
            value: attribute.value.as_ref().map(TextSource::new),
            display: attribute.display,
        };
        Self(attributes.iter().map(source).collect())
    }

    /// The attributes that have a value now.
    pub(crate) fn read(&self, transaction: &Transaction) -> Attributes {
        let mut attributes = Attributes::default();
        for source in &self.0 {
            if let Some(value) = source.value.as_ref().and_then(|value| value.read(transaction)) {
                attributes.set(&source.name, &value);
            }
        }
        attributes
    }

    /// The variable of the first attribute that has no value now.
    pub(crate) fn unresolved(&self, transaction: &Transaction) -> Option<&str> {
        let values = self.0.iter().filter_map(|source| source.value.as_ref());
        values.into_iter().find(|value| value.read(transaction).is_none()).map(TextSource::variable)
    }

    /// Whether the response shows an attribute. Those that the policy does not name are shown.
    pub(crate) fn shows(&self, name: &str) -> bool {
        self.0.iter().all(|source| source.display || *source.name != *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<Duration>) {
        assert_eq!(parse_lifetime(text), expected, "{text}");
    }

    #[test]
    fn lifetimes_in_variables_are_digits_or_minus_one() {
        check("1800000", Some(Duration::from_mins(30)));
        check(" 1 ", Some(Duration::from_millis(1)));
        check("-1", Some(LIFETIME_MAX));
        for wrong in ["", "0", "-2", "1.8e6", "1800000.0", "+5", "99999999999999999999999"] {
            check(wrong, None);
        }
    }
}
