//! HTTP connections of target endpoints and callouts: where a request goes, what it may take and which answers count as
//! success (Apigee: "API proxy configuration reference", `HTTPTargetConnection`; "Endpoint properties reference").

use crate::load_balancer::LoadBalancer;
use crate::message_actions::compile_template;
use dormouse_bundle::{Element, Problem};
use dormouse_flow::{
    CallError, CallLimits, Destination, Host, Message, OutgoingCall, Template, Text, Tls, Transaction,
    Unresolved,
};
use std::time::Duration;

/// A compiled connection.
pub struct HttpConnection {
    address: Address,
    path: Option<Template>,
    limits: CallLimits,
    success: Vec<SuccessCode>,
    ignores_validation_errors: bool,
}

enum Address {
    Url(Template),
    LoadBalancer(LoadBalancer),
}

/// Why a request was not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionError {
    /// The call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The URL, once its variables are filled in, is none.
    #[error("the URL of the target is no http or https URL")]
    InvalidUrl,
    /// No server of the load balancer takes requests.
    #[error("no target server takes requests")]
    NoActiveTargets,
}

impl HttpConnection {
    /// Compiles an `HTTPTargetConnection`; `None` when it names neither a URL nor servers.
    pub fn compile(element: &Element, problems: &mut Vec<Problem>) -> Option<Self> {
        if let Some(authentication) = element.element("Authentication") {
            let message = "Google authentication is not available here; requests go out without it";
            problems.push(
                Problem::warning("google-authentication", message).at(authentication.name_span.clone()),
            );
        }
        let mut template = |name: &str| {
            let text = element.element(name)?.text().trimmed();
            (!text.as_str().is_empty()).then(|| compile_template(&text, problems))
        };
        let (url, path) = (template("URL"), template("Path"));
        let address = match (url, element.element("LoadBalancer")) {
            (Some(url), _) => Address::Url(url),
            (None, Some(balancer)) => Address::LoadBalancer(LoadBalancer::compile(balancer)),
            (None, None) => {
                let message = "the connection names neither a URL nor a LoadBalancer (Apigee: URLMissing)";
                problems.push(Problem::error("url-missing", message).at(element.name_span.clone()));
                return None;
            }
        };
        let ignores_validation_errors = tls_settings(element, problems);
        let mut connection = Self {
            address,
            path,
            limits: CallLimits::default(),
            success: DEFAULT_SUCCESS.to_vec(),
            ignores_validation_errors,
        };
        let lists = element.elements_named("Properties");
        for property in lists.flat_map(|list| list.elements_named("Property")) {
            let name = property.attribute_value("name").unwrap_or_default().trim();
            connection.set_property(name, property.text().trimmed().as_str());
        }
        Some(connection)
    }

    /// A connection straight to a URL, with every default.
    pub fn to_url(url: Template) -> Self {
        Self {
            address: Address::Url(url),
            path: None,
            limits: CallLimits::default(),
            success: DEFAULT_SUCCESS.to_vec(),
            ignores_validation_errors: false,
        }
    }

    /// Bounds the time until the response is whole, as a callout's `Timeout` does.
    #[must_use]
    pub fn within(mut self, time_max: Duration) -> Self {
        self.limits.total_time_max = Some(time_max);
        self
    }

    /// Whether an answer with this status counts as success (`success.codes`).
    pub fn is_success(&self, status: u16) -> bool {
        self.success.iter().any(|code| match code {
            SuccessCode::Class(class) => status / 100 == *class,
            SuccessCode::One(code) => *code == status,
        })
    }

    /// The configured URL with its variables filled in; `None` with a load balancer.
    pub fn url(&self, transaction: &Transaction) -> Option<Text> {
        match &self.address {
            // Only a function can fail here; the URL is then none, and that is told when it is used.
            Address::Url(url) => url.render(transaction, Unresolved::Empty).ok(),
            Address::LoadBalancer(_) => None,
        }
    }

    /// Sends a request to the connection's URL or servers. The path of `request` follows the configured one, its query
    /// the configured query.
    ///
    /// # Errors
    /// [`ConnectionError`] when there is no response.
    pub async fn send(
        &self,
        request: Message,
        transaction: &Transaction,
        host: &Host,
    ) -> Result<Message, ConnectionError> {
        let path = self.path.as_ref().and_then(|path| path.render(transaction, Unresolved::Empty).ok());
        let path = path.unwrap_or_default();
        match &self.address {
            Address::Url(_) => {
                let url = self.url(transaction).unwrap_or_default();
                self.send_to(&url, request, host).await
            }
            Address::LoadBalancer(balancer) => {
                let mut failure = ConnectionError::NoActiveTargets;
                for mut turn in balancer.turns(host) {
                    if let Some(tls) = &mut turn.destination.tls {
                        tls.ignores_validation_errors |= self.ignores_validation_errors;
                    }
                    let mut attempt = request.clone();
                    prepare(&mut attempt, &turn.destination, &with_slash(&path));
                    match self.call(turn.destination.clone(), attempt, host).await {
                        Ok(response) => {
                            turn.succeeded();
                            return Ok(response);
                        }
                        Err(error) => {
                            turn.failed();
                            let may_retry = balancer.may_retry(&error);
                            failure = error.into();
                            if !may_retry {
                                break;
                            }
                        }
                    }
                }
                Err(failure)
            }
        }
    }

    /// Sends a request to another URL than the configured one.
    ///
    /// # Errors
    /// [`ConnectionError`] when there is no response.
    pub async fn send_to(
        &self,
        url: &str,
        mut request: Message,
        host: &Host,
    ) -> Result<Message, ConnectionError> {
        let (mut destination, uri) = Destination::parse(url).map_err(|_| ConnectionError::InvalidUrl)?;
        if let Some(tls) = &mut destination.tls {
            *tls = Tls { ignores_validation_errors: self.ignores_validation_errors };
        }
        prepare(&mut request, &destination, &uri);
        Ok(self.call(destination, request, host).await?)
    }

    async fn call(
        &self,
        destination: Destination,
        request: Message,
        host: &Host,
    ) -> Result<Message, CallError> {
        let call = OutgoingCall { request, destination, limits: self.limits, streams_response: false };
        host.http_client.send(call).await
    }

    fn set_property(&mut self, name: &str, value: &str) {
        let time = value.parse().ok().map(Duration::from_millis);
        match (name, time) {
            ("connect.timeout.millis", Some(time)) => self.limits.connect_time_max = time,
            ("io.timeout.millis", Some(time)) => self.limits.io_time_max = time,
            ("keepalive.timeout.millis", Some(time)) => self.limits.idle_time_max = time,
            ("success.codes", _) => self.success = success_codes(value),
            ("response.payload.parse.limit", _) => {
                if let Some(bytes) = bytes(value) {
                    self.limits.body_bytes_max = bytes.min(PAYLOAD_LIMIT_MAX);
                }
            }
            _ => {}
        }
    }
}

#[derive(Clone, Copy)]
enum SuccessCode {
    /// `2xx`
    Class(u16),
    One(u16),
}

/// Joins the configured path and query with the request's own, and names the host.
fn prepare(request: &mut Message, destination: &Destination, uri: &str) {
    let (base, base_query) = uri.split_once('?').unwrap_or((uri, ""));
    let own = request.path().unwrap_or_default().to_owned();
    let base = if own.starts_with('/') { base.strip_suffix('/').unwrap_or(base) } else { base };
    request.set_path(&escaped(&format!("{base}{own}")));
    let query = request.query().unwrap_or_default();
    let separator = if query.is_empty() || base_query.is_empty() { "" } else { "&" };
    let query = escaped(&format!("{base_query}{separator}{query}"));
    request.set_query(&query);
    if !request.headers().contains(&http::header::HOST) {
        // An authority that was parsed is a valid value.
        drop(request.headers_mut().set("Host", &destination.authority()));
    }
}

/// What no request line may have, escaped; what is escaped already stays.
fn escaped(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, NOT_IN_A_URL).to_string()
}

fn with_slash(path: &str) -> String {
    let path = path.trim();
    if path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
}

/// Reads `SSLInfo`; what has no meaning without a key store is named.
fn tls_settings(element: &Element, problems: &mut Vec<Problem>) -> bool {
    let Some(tls) = element.element("SSLInfo") else { return false };
    let is_true =
        |name: &str| tls.element_text(name).is_some_and(|text| text.as_str().eq_ignore_ascii_case("true"));
    if is_true("ClientAuthEnabled") {
        let message = "client certificates are not available here; requests go out without one";
        problems.push(Problem::warning("client-certificate", message).at(tls.name_span.clone()));
    }
    is_true("IgnoreValidationErrors") && !is_true("Enforce")
}

fn success_codes(list: &str) -> Vec<SuccessCode> {
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
fn bytes(text: &str) -> Option<usize> {
    let text = text.trim().to_ascii_lowercase();
    let text = text.strip_suffix('b').unwrap_or(&text);
    let (digits, factor) = match text.strip_suffix('m') {
        Some(digits) => (digits, 1024 * 1024),
        None => text.strip_suffix('k').map_or((text, 1), |digits| (digits, 1024)),
    };
    digits.parse::<usize>().ok()?.checked_mul(factor)
}

const DEFAULT_SUCCESS: [SuccessCode; 3] =
    [SuccessCode::Class(1), SuccessCode::Class(2), SuccessCode::Class(3)];

/// Apigee's upper bound of the payload limits.
const PAYLOAD_LIMIT_MAX: usize = 30 * 1024 * 1024;

const NOT_IN_A_URL: &percent_encoding::AsciiSet =
    &percent_encoding::CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'\\').add(b'#');

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, own: &str, expected: &str) {
        let (destination, uri) = Destination::parse(url).expect("a URL");
        let mut request = Message::request("GET", own);
        prepare(&mut request, &destination, &uri);
        assert_eq!(request.uri().as_deref(), Some(expected), "{url} with {own}");
    }

    #[test]
    fn paths_and_queries_are_joined() {
        check("http://a", "", "/");
        check("http://a/", "/x", "/x");
        check("http://a/v1", "/x?q=1", "/v1/x?q=1");
        check("http://a/v1?k=0", "/x?q=1", "/v1/x?k=0&q=1");
        check("http://a/v1?k=0", "", "/v1?k=0");
        check("http://a//", "/x", "//x");
    }

    #[test]
    fn sizes_and_codes() {
        assert_eq!(
            (bytes("10M"), bytes("512k"), bytes("7"), bytes("x")),
            (Some(10_485_760), Some(524_288), Some(7), None)
        );
        assert_eq!(success_codes("2xx, 404,x").len(), 2);
    }
}
