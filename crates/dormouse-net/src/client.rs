//! The client: a connection, one exchange on it, and another try where that is harmless (RFC 9110 §9.2.2, RFC 9112
//! §9.3.1).

use crate::body::{ResponseBody, Reuse};
use crate::connect::connect;
use crate::exchange::Exchange;
use crate::framing::Framing;
use crate::pool;
use crate::request::{Method, Outgoing, OutgoingBody, encode};
use crate::response::take_head;
use crate::stream::Stream;
use crate::trust::Trust;
use dormouse_flow::{CallError, CallFuture, CallLimits, Destination, HttpClient, Message, OutgoingCall};
use http::header::CONNECTION;
use std::sync::Arc;

/// The real HTTP client. Cloning is cheap; threads may share it, and each keeps its own connections.
#[derive(Clone, Default)]
pub struct Client(Arc<Trust>);

impl HttpClient for Client {
    fn send(&self, call: OutgoingCall) -> CallFuture {
        let trust = Arc::clone(&self.0);
        let request = encode(&call.request, &call.destination);
        let OutgoingCall { destination, limits, streams_response, .. } = call;
        let plan = Plan { destination, limits, streams_response };
        Box::pin(async move {
            let request = request?;
            match plan.limits.total_time_max {
                None => send(&plan, request, &trust).await,
                Some(time_max) => {
                    let sent = tokio::time::timeout(time_max, send(&plan, request, &trust)).await;
                    sent.unwrap_or(Err(CallError::Timeout))
                }
            }
        })
    }
}

/// What of a call is left once its request is encoded.
struct Plan {
    destination: Destination,
    limits: CallLimits,
    streams_response: bool,
}

async fn send(call: &Plan, request: Outgoing, trust: &Trust) -> Result<Message, CallError> {
    let Some(idle) = pool::take(&call.destination) else {
        let stream = connect(&call.destination, trust, call.limits.connect_time_max).await?;
        return exchange(call, request, stream).await.map_err(|failure| failure.error);
    };
    let again = request.repeatable();
    match (exchange(call, request, idle).await, again) {
        (Err(Failure { error: CallError::ClosedEarly, before_response: true }), Some(request)) => {
            // The server closed an idle connection while the request was under way.
            let stream = connect(&call.destination, trust, call.limits.connect_time_max).await?;
            exchange(call, request, stream).await.map_err(|failure| failure.error)
        }
        (result, _) => result.map_err(|failure| failure.error),
    }
}

/// An exchange that failed.
struct Failure {
    error: CallError,
    /// Whether not a byte of a response came.
    before_response: bool,
}

async fn exchange(call: &Plan, request: Outgoing, stream: Stream) -> Result<Message, Failure> {
    let method = request.method;
    let mut exchange = Exchange::new(stream, request, call.limits.io_time_max);
    let head = match read_head(&mut exchange).await {
        Ok(head) => head,
        Err(error) => return Err(Failure { error, before_response: !exchange.has_received }),
    };
    receive(call, head, exchange, method).await.map_err(|error| Failure { error, before_response: false })
}

/// The head of the final response. Provisional ones are the connection's own (RFC 9110 §15.2).
async fn read_head(exchange: &mut Exchange) -> Result<Message, CallError> {
    let mut provisional = 0;
    loop {
        while let Some(head) = take_head(&mut exchange.input)? {
            match head.status() {
                Some(101) => return Err(CallError::Malformed("it switches protocols, unasked")),
                Some(100..200) if provisional < PROVISIONAL_MAX => provisional += 1,
                Some(100..200) => return Err(CallError::Malformed("it never becomes final")),
                _ => return Ok(head),
            }
        }
        if exchange.fill().await? == 0 {
            return Err(CallError::ClosedEarly);
        }
    }
}

async fn receive(
    call: &Plan,
    mut head: Message,
    exchange: Exchange,
    method: Method,
) -> Result<Message, CallError> {
    let status = head.status().unwrap_or_default();
    let (framing, is_certain) = Framing::of(status, head.headers(), method.is_head)?;
    let persists = is_certain && framing != Framing::UntilClose && persists(&head);
    let reuse = persists
        .then(|| Reuse { destination: call.destination.clone(), idle_time_max: call.limits.idle_time_max });
    let streams = call.streams_response && framing.exact() != Some(0);
    let body = ResponseBody::new(exchange, framing, reuse);
    if streams {
        head.set_stream(dormouse_flow::StreamedBody::new(body));
    } else {
        head.set_body(body.whole(call.limits.body_bytes_max).await?);
    }
    Ok(head)
}

/// Whether the server keeps the connection open (RFC 9112 §9.3).
fn persists(head: &Message) -> bool {
    let says = |option: &str| head.headers().values(&CONNECTION).any(|own| own.eq_ignore_ascii_case(option));
    if head.version() == "1.0" { says("keep-alive") } else { !says("close") }
}

impl Outgoing {
    /// The same request once more, if sending it twice does no more than sending it once.
    fn repeatable(&self) -> Option<Self> {
        match &self.body {
            OutgoingBody::Whole(body) if self.method.is_idempotent => Some(Self {
                head: self.head.clone(),
                body: OutgoingBody::Whole(body.clone()),
                method: self.method,
            }),
            _ => None,
        }
    }
}

/// More than any server sends; stops one that sends nothing else.
const PROVISIONAL_MAX: usize = 32;
