//! Settings of connections: properties, `SSLInfo`, status codes (Apigee: "Endpoint properties reference", "TLS/SSL
//! configuration").

use dormouse_bundle::{Element, Problem};

/// A status, or a class of them, of `success.codes`.
#[derive(Clone, Copy)]
pub(crate) enum SuccessCode {
    /// `2xx`
    Class(u16),
    /// One status.
    One(u16),
}

impl SuccessCode {
    /// Whether the status is one of these.
    pub(crate) fn includes(self, status: u16) -> bool {
        match self {
            Self::Class(class) => status / 100 == class,
            Self::One(code) => status == code,
        }
    }
}

/// The list of `success.codes`.
pub(crate) fn success_codes(list: &str) -> Vec<SuccessCode> {
    let code = |item: &str| {
        let item = item.trim().to_ascii_lowercase();
        match item.strip_suffix("xx") {
            Some(class) => class.parse().ok().map(SuccessCode::Class),
            None => item.parse().ok().map(SuccessCode::One),
        }
    };
    list.split(',').filter_map(code).collect()
}

/// `10M`, `512K` or a plain number of bytes.
pub(crate) fn bytes(text: &str) -> Option<usize> {
    let text = text.trim().to_ascii_lowercase();
    let text = text.strip_suffix('b').unwrap_or(&text);
    let (digits, factor) = match text.strip_suffix('m') {
        Some(digits) => (digits, 1024 * 1024),
        None => text.strip_suffix('k').map_or((text, 1), |digits| (digits, 1024)),
    };
    digits.parse::<usize>().ok()?.checked_mul(factor)
}

/// Name and value of each property. A name that Apigee does not know is most likely misspelled.
pub(crate) fn properties(element: &Element, problems: &mut Vec<Problem>) -> Vec<(String, String)> {
    let mut properties = Vec::new();
    let lists = element.elements_named("Properties");
    for property in lists.flat_map(|list| list.elements_named("Property")) {
        let name = property.attribute_value("name").unwrap_or_default().trim().to_owned();
        let known = PROPERTIES.iter().any(|known| match known.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => *known == name,
        });
        if !known {
            let message = format!("no property of a connection is called {name:?}; it has no effect");
            problems.push(Problem::warning("unknown-property", message).at(property.name_span.clone()));
        }
        properties.push((name, property.text().trimmed().as_str().to_owned()));
    }
    properties
}

/// Reads `SSLInfo`: whether any certificate is accepted. Parts that have no effect here are named.
pub(crate) fn ignores_validation_errors(element: &Element, problems: &mut Vec<Problem>) -> bool {
    let Some(tls) = element.element("SSLInfo") else { return false };
    let is_true =
        |name: &str| tls.element_text(name).is_some_and(|text| text.as_str().eq_ignore_ascii_case("true"));
    if is_true("ClientAuthEnabled") {
        let message = "client certificates are not available here; requests go out without one";
        problems.push(Problem::warning("client-certificate", message).at(tls.name_span.clone()));
    }
    for (name, instead) in WITHOUT_EFFECT {
        let part = tls.element(name);
        let is_empty =
            |part: &&Element| part.text().trimmed().as_str().is_empty() && part.elements().next().is_none();
        if let Some(part) = part.filter(|part| !is_empty(part)) {
            let message = format!("{name} has no effect here: {instead}");
            problems.push(Problem::warning("tls-setting", message).at(part.name_span.clone()));
        }
    }
    is_true("IgnoreValidationErrors") && !is_true("Enforce")
}

/// Parts of `SSLInfo`, and what holds instead.
const WITHOUT_EFFECT: [(&str, &str); 5] = [
    ("TrustStore", "the system's authorities are trusted, or those of SSL_CERT_FILE"),
    ("Protocols", "TLS 1.2 and 1.3 are spoken"),
    ("Ciphers", "the cipher suites are those of the TLS library"),
    ("CommonName", "the certificate must be for the host of the URL"),
    ("CRLStore", "revocation lists are not read"),
];

/// What Apigee knows; a star stands for any rest.
const PROPERTIES: [&str; 27] = [
    "GET.override.method",
    "allow.post.without.content.length",
    "allow.put.without.content.length",
    "allow.tls.session.resumption",
    "api.timeout",
    "compression.algorithm",
    "connect.timeout.millis",
    "enable.method.override",
    "HTTPHeader.*",
    "haproxy.*",
    "http.*",
    "ignore.allow.header.for.405",
    "io.timeout.millis",
    "keepalive.timeout.millis",
    "message.logging.enabled",
    "request.payload.parse.limit",
    "request.queryparams.ignore.content.type.charset",
    "request.retain.headers*",
    "request.streaming.enabled",
    "response.payload.parse.limit",
    "response.retain.headers*",
    "response.streaming.enabled",
    "retain.queryparams*",
    "success.codes",
    "supports.http1*",
    "type",
    "use.proxy*",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_codes() {
        assert_eq!(
            (bytes("10M"), bytes("512k"), bytes("7"), bytes("x")),
            (Some(10_485_760), Some(524_288), Some(7), None)
        );
        let codes = success_codes("2xx, 404,x");
        let check = |status| codes.iter().any(|code| code.includes(status));
        assert_eq!([299, 404, 405, 300].map(check), [true, true, false, false]);
    }
}
