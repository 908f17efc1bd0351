//! Names of flow variables, parsed once when a bundle is compiled, so that reading and writing them at run time does
//! not take a name apart again (Apigee: "Flow variables reference").

use crate::property::Property;
use crate::system::SystemVariable;
use crate::value::Text;

/// A parsed variable name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    name: Text,
    access: Access,
}

/// Where a variable's value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// One of the four messages with fixed names, whole or one property of it.
    Message(Root, Option<Property>),
    /// Computed by the gateway.
    System(SystemVariable),
    /// Set by policies. When a policy made a message with the first name, this is its property.
    Custom(Option<(Text, Property)>),
}

/// The messages that have fixed names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Root {
    Request,
    Response,
    /// `message`: the one that belongs to the phase.
    Ambient,
    Error,
}

impl Variable {
    /// Parses a name. Every text is the name of some variable.
    pub fn parse(name: &str) -> Self {
        let access = match Root::parse(name) {
            Some(root) => Access::Message(root, None),
            None => match SystemVariable::parse(name) {
                Some(system) => Access::System(system),
                None => Self::parse_property(name),
            },
        };
        Self { name: name.into(), access }
    }

    /// The name as written.
    pub fn name(&self) -> &Text {
        &self.name
    }

    pub(crate) fn access(&self) -> &Access {
        &self.access
    }

    /// Splits at the first dot after which a message property stands; names of messages may have dots themselves.
    fn parse_property(name: &str) -> Access {
        let split = name.match_indices('.').find_map(|(dot, _)| {
            let (base, suffix) = (name.get(..dot)?, name.get(dot + 1..)?);
            Some((base, Property::parse(suffix)?))
        });
        match split {
            Some((base, property)) => match Root::parse(base) {
                Some(root) => Access::Message(root, Some(property)),
                None => Access::Custom(Some((base.into(), property))),
            },
            None => Access::Custom(None),
        }
    }
}

impl Root {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "request" => Self::Request,
            "response" => Self::Response,
            "message" => Self::Ambient,
            "error" => Self::Error,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: &Access) {
        assert_eq!(Variable::parse(name).access(), expected, "{name}");
    }

    fn property(suffix: &str) -> Property {
        Property::parse(suffix).expect("a property")
    }

    #[test]
    fn where_names_lead() {
        check("request", &Access::Message(Root::Request, None));
        check("message.content", &Access::Message(Root::Ambient, Some(property("content"))));
        check("request.header.a.values", &Access::Message(Root::Request, Some(property("header.a.values"))));
        check("proxy.url", &Access::System(SystemVariable::ProxyUrl));
        check("my.call.status.code", &Access::Custom(Some(("my.call".into(), property("status.code")))));
        check("oauthv2accesstoken.P.scope", &Access::Custom(None));
        check("Request.verb", &Access::Custom(Some(("Request".into(), property("verb")))));
        check("request.foo", &Access::Custom(None));
        check("", &Access::Custom(None));
        check("ä.ö.content", &Access::Custom(Some(("ä.ö".into(), property("content")))));
    }
}
