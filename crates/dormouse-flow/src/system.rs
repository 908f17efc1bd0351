//! Variables that the gateway computes when they are read (Apigee: "Flow variables reference"). Their names are looked
//! up once, when a bundle is compiled.

use crate::date_format::DateFormat;
use crate::transaction::Transaction;
use crate::value::{Text, Value};
use dormouse_token::{Entropy, Timestamp, random};
use std::net::IpAddr;

/// A computed variable. In the order of Apigee's reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SystemVariable {
    ApiproxyName,
    ApiproxyRevision,
    ProxyName,
    ProxyBasepath,
    ProxyPathsuffix,
    ProxyUrl,
    ClientIp,
    ClientPort,
    ClientScheme,
    ClientSecure,
    CurrentFlowName,
    CurrentFlowDescription,
    EnvironmentName,
    OrganizationName,
    MessageId,
    ReceivedAt(Moment, TimeForm),
    RouteName,
    RouteTarget,
    SharedFlowName,
    SystemTime(TimeForm),
    SystemUuid,
    VirtualhostName,
    IsError,
    Fault(FaultProperty),
    PropertySet(Box<str>, Box<str>),
}

/// The first or the last moment of reading the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    Start,
    End,
}

/// How a time is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeForm {
    /// Milliseconds since 1970, a Long.
    Timestamp,
    /// A pattern of `SimpleDateFormat`.
    Text(&'static str),
}

/// What is known about the fault of the error flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultProperty {
    Category,
    Message,
    Name,
    Reason,
    State,
}

impl SystemVariable {
    /// The computed variable of this name, or `None`.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "apiproxy.name" => Self::ApiproxyName,
            "apiproxy.revision" => Self::ApiproxyRevision,
            "proxy.name" => Self::ProxyName,
            "proxy.basepath" | "apiproxy.basepath" => Self::ProxyBasepath,
            "proxy.pathsuffix" => Self::ProxyPathsuffix,
            "proxy.url" => Self::ProxyUrl,
            "client.ip" | "client.host" | "client.resolved.ip" | "proxy.client.ip" => Self::ClientIp,
            "client.port" => Self::ClientPort,
            "client.scheme" => Self::ClientScheme,
            "client.ssl.enabled" | "virtualhost.ssl.enabled" => Self::ClientSecure,
            "current.flow.name" | "proxy.flow.name" => Self::CurrentFlowName,
            "current.flow.description" | "proxy.flow.description" => Self::CurrentFlowDescription,
            "environment.name" => Self::EnvironmentName,
            "organization.name" => Self::OrganizationName,
            "messageid" => Self::MessageId,
            "route.name" => Self::RouteName,
            "route.target" => Self::RouteTarget,
            "apigee.edge.sharedflow.name" => Self::SharedFlowName,
            "system.timestamp" => Self::SystemTime(TimeForm::Timestamp),
            "system.uuid" => Self::SystemUuid,
            "virtualhost.name" => Self::VirtualhostName,
            "is.error" => Self::IsError,
            "error.message" => Self::Fault(FaultProperty::Message),
            "error.state" => Self::Fault(FaultProperty::State),
            "fault.category" | "fault.subcategory" | "fault.type" => Self::Fault(FaultProperty::Category),
            "fault.name" => Self::Fault(FaultProperty::Name),
            "fault.reason" => Self::Fault(FaultProperty::Reason),
            _ => return Self::parse_time(name).or_else(|| Self::parse_property_set(name)),
        })
    }

    fn parse_time(name: &str) -> Option<Self> {
        let received = |moment, suffix| match suffix {
            "time" => Some(Self::ReceivedAt(moment, TimeForm::Text(HTTP_TIME))),
            "timestamp" => Some(Self::ReceivedAt(moment, TimeForm::Timestamp)),
            _ => None,
        };
        if let Some(suffix) = name.strip_prefix("client.received.start.") {
            return received(Moment::Start, suffix);
        }
        if let Some(suffix) = name.strip_prefix("client.received.end.") {
            return received(Moment::End, suffix);
        }
        let pattern = match name.strip_prefix("system.time")? {
            "" => HTTP_TIME,
            ".year" => "y",
            ".month" => "M",
            ".day" => "d",
            ".dayofweek" => "EEE",
            ".hour" => "H",
            ".minute" => "m",
            ".second" => "s",
            ".millisecond" => "S",
            ".zone" => "z",
            _ => return None,
        };
        Some(Self::SystemTime(TimeForm::Text(pattern)))
    }

    fn parse_property_set(name: &str) -> Option<Self> {
        let (set, key) =
            name.strip_prefix("private.").unwrap_or(name).strip_prefix("propertyset.")?.split_once('.')?;
        Some(Self::PropertySet(set.into(), key.into()))
    }

    /// Computes the value.
    pub(crate) fn read(&self, transaction: &Transaction) -> Value {
        let (host, place, arrival) = (transaction.host(), &transaction.place, transaction.arrival());
        match self {
            Self::ApiproxyName => transaction.deployment().name.clone().into(),
            Self::ApiproxyRevision => transaction.deployment().revision.clone().into(),
            Self::ProxyName => place.proxy_endpoint.clone().into(),
            Self::ProxyBasepath => place.base_path.clone().into(),
            Self::ProxyPathsuffix => place.path_suffix.clone().into(),
            Self::ProxyUrl => transaction.original_url().clone().into(),
            Self::ClientIp => plain_ip(arrival.client.ip()).to_string().into(),
            Self::ClientPort => i32::from(arrival.client.port()).into(),
            Self::ClientScheme => scheme(arrival.secure).into(),
            Self::ClientSecure => arrival.secure.into(),
            Self::CurrentFlowName => place.flow.clone().into(),
            Self::CurrentFlowDescription => place.flow_description.clone().into(),
            Self::EnvironmentName => host.environment.clone().into(),
            Self::OrganizationName => host.organization.clone().into(),
            Self::MessageId => transaction.message_id().into(),
            Self::ReceivedAt(Moment::Start, form) => form.show(arrival.started_at, transaction),
            Self::ReceivedAt(Moment::End, form) => form.show(arrival.ended_at, transaction),
            Self::RouteName => place.route.clone().into(),
            Self::RouteTarget => place.route_target.clone().into(),
            Self::SharedFlowName => place.shared_flow.clone().into(),
            Self::SystemTime(form) => form.show(host.clock.now(), transaction),
            Self::SystemUuid => uuid(&*host.entropy).into(),
            Self::VirtualhostName => if arrival.secure { "secure" } else { "default" }.into(),
            Self::IsError => transaction.fault().is_some().into(),
            Self::Fault(property) => property.read(transaction),
            Self::PropertySet(set, key) => read_property_set(transaction, set, key).into(),
        }
    }
}

impl TimeForm {
    fn show(self, at: Timestamp, transaction: &Transaction) -> Value {
        let zone = &transaction.host().time_zone;
        match self {
            Self::Timestamp => at.as_ms().into(),
            Self::Text(pattern) => {
                let format = DateFormat::parse(pattern).ok();
                format.and_then(|format| format.format(i64::try_from(at.as_ms()).ok()?, zone)).into()
            }
        }
    }
}

impl FaultProperty {
    fn read(self, transaction: &Transaction) -> Value {
        let Some(fault) = transaction.fault() else { return Value::Null };
        match self {
            Self::Category => fault.category.name().into(),
            Self::Message | Self::Reason => fault.text.clone().into(),
            Self::Name => fault.name().into(),
            Self::State => match transaction.phase_of_fault() {
                crate::Phase::Request => "PROXY_REQ_FLOW".into(),
                _ => "PROXY_RESP_FLOW".into(),
            },
        }
    }
}

fn read_property_set(transaction: &Transaction, set: &str, key: &str) -> Option<Text> {
    let own = transaction.deployment().property_sets.get(set).and_then(|entries| entries.get(key));
    own.or_else(|| transaction.host().property_sets.get(set)?.get(key)).cloned()
}

/// `http` or `https`.
pub(crate) fn scheme(secure: bool) -> &'static str {
    if secure { "https" } else { "http" }
}

/// A random UUID (RFC 9562 §5.4).
pub fn uuid(entropy: &dyn Entropy) -> String {
    let mut number = u128::from_be_bytes(random::<16>(entropy));
    number = number & !(0xf000_u128 << 64) | (0x4000_u128 << 64);
    number = number & !(0xc000_u128 << 48) | (0x8000_u128 << 48);
    let digits = format!("{number:032x}");
    let part = |range| digits.get(range).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0..8), part(8..12), part(12..16), part(16..20), part(20..32))
}

/// An IPv4 client of a dual-stack listener is shown as IPv4.
fn plain_ip(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

const HTTP_TIME: &str = "EEE, dd MMM yyyy HH:mm:ss z";

#[cfg(test)]
mod tests {
    use super::*;
    use dormouse_token::SeededEntropy;

    #[test]
    fn uuids_have_version_and_variant() {
        let uuid = uuid(&SeededEntropy::new(1));
        let shape: String = uuid.chars().map(|c| if c.is_ascii_hexdigit() { 'x' } else { c }).collect();
        assert_eq!(shape, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
        assert_eq!(uuid.get(14..15), Some("4"));
        assert!(["8", "9", "a", "b"].contains(&uuid.get(19..20).unwrap_or_default()), "{uuid}");
    }

    #[test]
    fn names() {
        assert_eq!(SystemVariable::parse("proxy.pathsuffix"), Some(SystemVariable::ProxyPathsuffix));
        assert_eq!(
            SystemVariable::parse("private.propertyset.a.b.c"),
            Some(SystemVariable::PropertySet("a".into(), "b.c".into()))
        );
        for other in
            ["proxy", "Proxy.pathsuffix", "system.time.era", "client.received.start.x", "propertyset.a", "x"]
        {
            assert_eq!(SystemVariable::parse(other), None, "{other}");
        }
    }
}
