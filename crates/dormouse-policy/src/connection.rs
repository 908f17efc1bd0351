//! HTTP connections of target endpoints and callouts: where a request goes, what it may take and which answers count as
//! success (Apigee: "API proxy configuration reference", `HTTPTargetConnection`; "Endpoint properties reference").

use crate::connection_settings::{SuccessCode, bytes, ignores_validation_errors, properties, success_codes};
use crate::load_balancer::LoadBalancer;
use crate::message_actions::compile_template;
use dormouse_bundle::{Element, Located, Problem};
use dormouse_flow::{
    CallError, CallFuture, CallLimits, Destination, Host, LocalTarget, Message, OutgoingCall, Template, Text,
    Tls, Transaction, Unresolved,
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
    Local(LocalTarget),
    Url(Template),
    LoadBalancer(LoadBalancer),
}

/// Why a request was not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionError {
    /// The call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// A local connection names a proxy that is not deployed.
    #[error("no such proxy is deployed")]
    NoSuchProxy,
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
        let mut connection = Self {
            path,
            ignores_validation_errors: ignores_validation_errors(element, problems),
            ..Self::to(address)
        };
        for (name, value) in properties(element, problems) {
            connection.set_property(&name, &value);
        }
        Some(connection)
    }

    /// Compiles a `LocalTargetConnection`; `None` when it names neither a proxy nor a path.
    pub fn compile_local(element: &Element, problems: &mut Vec<Problem>) -> Option<Self> {
        let text = |name: &str| element.element_text(name).filter(|text| !text.as_str().is_empty());
        let path = text("Path").map(|path| compile_template(&path, problems));
        let name = |name: &str| text(name).map(|text| Text::from(text.as_str()));
        let target = match (name("APIProxy"), name("ProxyEndpoint"), &path) {
            (Some(proxy), endpoint, None) => {
                LocalTarget::Endpoint { proxy, endpoint: endpoint.unwrap_or_else(|| "default".into()) }
            }
            (_, _, Some(_)) => LocalTarget::BasePath,
            (None, _, None) => {
                let message = "the connection names neither an APIProxy nor a Path";
                problems
                    .push(Problem::error("connection-info-missing", message).at(element.name_span.clone()));
                return None;
            }
        };
        let mut connection = Self { path, ..Self::to(Address::Local(target)) };
        for (name, value) in properties(element, problems) {
            connection.set_property(&name, &value);
        }
        Some(connection)
    }

    /// A connection straight to a URL, with every default.
    pub fn to_url(url: &Located<String>, problems: &mut Vec<Problem>) -> Self {
        let (url_template, found) = Template::compile(&dormouse_bundle::Template::parse(&url.value));
        let problem = |problem: &dormouse_flow::TemplateProblem| {
            Problem::warning("template", problem.to_string()).at(url.span.clone())
        };
        problems.extend(found.iter().map(problem));
        Self::to(Address::Url(url_template))
    }

    fn to(address: Address) -> Self {
        Self {
            address,
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
        self.success.iter().any(|code| code.includes(status))
    }

    /// The configured URL with its variables filled in; `None` where there is none.
    pub fn url(&self, transaction: &Transaction) -> Option<Text> {
        match &self.address {
            // Only a function can fail here; the URL is then none, and that is told when it is used.
            Address::Url(url) => url.render(transaction, Unresolved::Empty).ok(),
            Address::LoadBalancer(_) | Address::Local(_) => None,
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
        match &self.address {
            Address::Local(target) => self.send_locally(target, request, transaction).await,
            Address::Url(_) => {
                let url = self.url(transaction).unwrap_or_default();
                self.send_to(&url, request, host).await
            }
            Address::LoadBalancer(balancer) => {
                let path = self.path(transaction).unwrap_or_default();
                self.send_balanced(balancer, request, &with_slash(&path), host).await
            }
        }
    }

    /// Begins to send a request whose response nobody waits for. It goes on alone, within the connection's time; a load
    /// balancer's next server gets it. `None` when the connection leads to a local proxy, which runs on this thread only.
    pub fn send_alone(
        &self,
        mut request: Message,
        transaction: &Transaction,
        host: &Host,
    ) -> Option<CallFuture> {
        let (mut destination, uri) = match &self.address {
            Address::Local(_) => return None,
            Address::Url(_) => Destination::parse(&self.url(transaction).unwrap_or_default()).ok()?,
            Address::LoadBalancer(balancer) => {
                let path = self.path(transaction).unwrap_or_default();
                let destination = balancer.turns(host).next()?.destination.clone();
                (destination, with_slash(&path))
            }
        };
        if let Some(tls) = &mut destination.tls {
            tls.ignores_validation_errors |= self.ignores_validation_errors;
        }
        prepare(&mut request, &destination, &uri);
        Some(self.begin(destination, request, host))
    }

    /// Whether the connection leads to a proxy of this program.
    pub fn is_local(&self) -> bool {
        matches!(self.address, Address::Local(_))
    }

    async fn send_locally(
        &self,
        target: &LocalTarget,
        mut request: Message,
        transaction: &Transaction,
    ) -> Result<Message, ConnectionError> {
        if let Some(path) = self.path(transaction) {
            let path = with_slash(&path);
            prepare_uri(&mut request, &path);
        }
        let call = transaction.local_call(request, target.clone()).ok_or(ConnectionError::NoSuchProxy)?;
        let response = match self.limits.total_time_max {
            None => call.await,
            Some(time_max) => tokio::time::timeout(time_max, call).await.map_err(|_| CallError::Timeout)?,
        };
        response.ok_or(ConnectionError::NoSuchProxy)
    }

    async fn send_balanced(
        &self,
        balancer: &LoadBalancer,
        request: Message,
        path: &str,
        host: &Host,
    ) -> Result<Message, ConnectionError> {
        let mut failure = ConnectionError::NoActiveTargets;
        for mut turn in balancer.turns(host) {
            if let Some(tls) = &mut turn.destination.tls {
                tls.ignores_validation_errors |= self.ignores_validation_errors;
            }
            let mut attempt = request.clone();
            prepare(&mut attempt, &turn.destination, path);
            match self.begin(turn.destination.clone(), attempt, host).await {
                Ok(response) => {
                    balancer.answered(&turn, response.status().unwrap_or_default(), host);
                    return Ok(response);
                }
                Err(error) => {
                    turn.failed(host);
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

    fn path(&self, transaction: &Transaction) -> Option<Text> {
        self.path.as_ref().and_then(|path| path.render(transaction, Unresolved::Empty).ok())
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
        Ok(self.begin(destination, request, host).await?)
    }

    fn begin(&self, destination: Destination, request: Message, host: &Host) -> CallFuture {
        let call = OutgoingCall { request, destination, limits: self.limits, streams_response: false };
        host.http_client.send(call)
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

/// Joins the configured path and query with the request's own, and names the host.
fn prepare(request: &mut Message, destination: &Destination, uri: &str) {
    prepare_uri(request, uri);
    if !request.headers().contains(&http::header::HOST) {
        // An authority that was parsed is a valid value.
        drop(request.headers_mut().set("Host", &destination.authority()));
    }
}

fn prepare_uri(request: &mut Message, uri: &str) {
    let (base, base_query) = uri.split_once('?').unwrap_or((uri, ""));
    let own = request.path().unwrap_or_default().to_owned();
    let base = if own.starts_with('/') { base.strip_suffix('/').unwrap_or(base) } else { base };
    request.set_path(&escaped(&format!("{base}{own}")));
    let query = request.query().unwrap_or_default();
    let separator = if query.is_empty() || base_query.is_empty() { "" } else { "&" };
    let query = escaped(&format!("{base_query}{separator}{query}"));
    request.set_query(&query);
}

/// What no request line may have, escaped; what is escaped already stays.
fn escaped(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, NOT_IN_A_URL).to_string()
}

fn with_slash(path: &str) -> String {
    let path = path.trim();
    if path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
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
}
