//! The requests that scripts of a transaction have sent. They run beside the flow: a later script may wait for one, and
//! one that nobody waits for goes on by itself.

use dormouse_flow::{CallError, CallLimits, Destination, Host, Message, OutgoingCall, Transaction, Value};
use dormouse_script::HttpRequest;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// By number, from 1.
#[derive(Default)]
pub(crate) struct Exchanges(Vec<Exchange>);

enum Exchange {
    Running(JoinHandle<Result<Message, CallError>>),
    /// The variable that holds the response, or why there is none.
    Ended(Result<String, String>),
}

/// Sends a request, and returns the number of the exchange.
pub(crate) fn send(transaction: &mut Transaction, host: &Host, request: HttpRequest) -> u32 {
    let exchanges: &mut Exchanges = transaction.extension();
    let exchange = if exchanges.0.len() >= EXCHANGES_MAX {
        Exchange::Ended(Err(format!("a transaction sends at most {EXCHANGES_MAX} requests from scripts")))
    } else {
        start(host, request).unwrap_or_else(|error| Exchange::Ended(Err(error)))
    };
    exchanges.0.push(exchange);
    u32::try_from(exchanges.0.len()).unwrap_or(u32::MAX)
}

/// Whether an exchange has ended. One that does not exist has.
pub(crate) fn is_complete(transaction: &mut Transaction, number: u32) -> bool {
    let exchanges: &mut Exchanges = transaction.extension();
    match exchanges.find(number) {
        Some(Exchange::Running(task)) => task.is_finished(),
        Some(Exchange::Ended(_)) | None => true,
    }
}

/// Waits for the end of an exchange: the variable that holds the response, or why there is none.
pub(crate) async fn wait(transaction: &mut Transaction, number: u32) -> Result<String, String> {
    let exchanges: &mut Exchanges = transaction.extension();
    let result = match exchanges.find(number) {
        Some(Exchange::Running(task)) => task.await,
        Some(Exchange::Ended(result)) => return result.clone(),
        None => return Err("there is no such exchange".into()),
    };
    let result = match result {
        Ok(Ok(response)) => {
            let name = format!("dormouse.exchange.{number}");
            let id = transaction.add_message(response);
            transaction.note(&name.as_str().into(), Value::Message(id));
            Ok(name)
        }
        Ok(Err(error)) => Err(error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let exchanges: &mut Exchanges = transaction.extension();
    if let Some(exchange) = exchanges.find(number) {
        *exchange = Exchange::Ended(result.clone());
    }
    result
}

impl Exchanges {
    fn find(&mut self, number: u32) -> Option<&mut Exchange> {
        self.0.get_mut(usize::try_from(number.checked_sub(1)?).ok()?)
    }
}

fn start(host: &Host, request: HttpRequest) -> Result<Exchange, String> {
    let (destination, uri) = Destination::parse(&request.url).map_err(|error| error.to_string())?;
    let mut message = Message::request(request.method, &uri);
    for (name, value) in &request.headers {
        message.headers_mut().add(name, value).map_err(|error| error.to_string())?;
    }
    message.set_body(request.body);
    let runtime = Handle::try_current().map_err(|error| error.to_string())?;
    let (limits, streams_response) = (CallLimits::default(), false);
    let call =
        host.http_client.send(OutgoingCall { request: message, destination, limits, streams_response });
    Ok(Exchange::Running(runtime.spawn(call)))
}

/// More than any script needs; bounds what a loop can send.
const EXCHANGES_MAX: usize = 100;
