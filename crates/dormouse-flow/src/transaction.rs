//! One request on its way through the flows: its messages and its variables (Apigee: "Flow variables reference").

use crate::context::{Arrival, Phase, Place};
use crate::fault::Fault;
use crate::host::{Deployment, Host};
use crate::local_proxies::{LocalCall, LocalCallFuture, LocalProxies, LocalTarget};
use crate::message::Message;
use crate::message_store::{MessageId, MessageStore};
use crate::property::Property;
use crate::system::{scheme, uuid};
use crate::value::{Text, Value};
use crate::variable::{Access, Root, Variable};
use crate::variables::{VariableSource, Variables};
use crate::write_error::WriteError;
use http::header::HOST;
use std::any::{Any, TypeId};
use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::Arc;

/// A request, what became of it so far, and everything that policies noted down.
pub struct Transaction {
    host: Arc<Host>,
    deployment: Arc<Deployment>,
    arrival: Arrival,
    /// The endpoint and flow that are running.
    pub place: Place,
    phase: Phase,
    messages: MessageStore,
    request: MessageId,
    response: Option<MessageId>,
    error: Option<ErrorState>,
    variables: Variables,
    message_id: OnceCell<Text>,
    original_url: Text,
    extensions: HashMap<TypeId, Box<dyn Any + Send>>,
    /// Proxies that this one may call, and how many local calls contain this transaction.
    neighbours: Option<(Arc<dyn LocalProxies>, usize)>,
}

/// The error flow.
struct ErrorState {
    fault: Fault,
    message: MessageId,
    /// The phase in which the first fault happened.
    phase: Phase,
}

impl Transaction {
    /// Begins a transaction in the request phase.
    pub fn new(host: Arc<Host>, deployment: Arc<Deployment>, arrival: Arrival, request: Message) -> Self {
        let original_url = url(&request, arrival.secure).into();
        Self {
            host,
            deployment,
            arrival,
            place: Place::default(),
            phase: Phase::Request,
            messages: MessageStore::new(request),
            request: MessageStore::FIRST,
            response: None,
            error: None,
            variables: Variables::default(),
            message_id: OnceCell::new(),
            original_url,
            extensions: HashMap::new(),
            neighbours: None,
        }
    }

    /// The value of a variable; null when there is none.
    pub fn read(&self, variable: &Variable) -> Value {
        match variable.access() {
            Access::System(system) => system.read(self),
            Access::Message(root, property) => match (self.root(*root), property) {
                (None, _) => Value::Null,
                (Some(id), None) => id.into(),
                (Some(id), Some(property)) => self.read_property(id, property),
            },
            Access::Custom(property) => match (self.variables.read(variable.name()), property) {
                (Value::Null, Some((base, property))) => match self.variables.read(base) {
                    Value::Message(id) => self.read_property(id, property),
                    _ => Value::Null,
                },
                (value, _) => value,
            },
        }
    }

    /// [`Transaction::read`] by name, for names that are not known when a bundle is compiled.
    pub fn get(&self, name: &str) -> Value {
        self.read(&Variable::parse(name))
    }

    /// The textual form of a variable: `None` for null, the content for a message.
    pub fn text(&self, variable: &Variable) -> Option<Text> {
        self.text_of(self.read(variable))
    }

    /// The textual form of a value: `None` for null, the content for a message.
    pub fn text_of(&self, value: Value) -> Option<Text> {
        match value {
            Value::String(text) => Some(text),
            Value::Message(id) => Some(self.message(id).content().into()),
            other => other.text().map(Into::into),
        }
    }

    /// Sets a variable. Null unsets it, or removes a header or parameter.
    ///
    /// # Errors
    /// [`WriteError`]; the variable then keeps its value.
    pub fn write(&mut self, variable: &Variable, value: impl Into<Value>) -> Result<(), WriteError> {
        let value = value.into();
        match variable.access() {
            Access::System(crate::system::SystemVariable::ProxyPathsuffix) => {
                self.place.path_suffix = self.text_of(value).unwrap_or_default();
                Ok(())
            }
            Access::System(_) => Err(WriteError::ReadOnly),
            Access::Message(root, None) => self.write_root(*root, &value),
            Access::Message(root, Some(property)) => {
                let id = self.root(*root).ok_or(WriteError::NoSuchMessage)?;
                self.write_property(id, property, value)
            }
            Access::Custom(property) => {
                if let Some((base, property)) = property
                    && let Value::Message(id) = self.variables.read(base)
                {
                    return self.write_property(id, property, value);
                }
                self.variables.write(variable.name(), value);
                Ok(())
            }
        }
    }

    /// [`Transaction::write`] by name, for names that are not known when a bundle is compiled.
    ///
    /// # Errors
    /// [`WriteError`]; the variable then keeps its value.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) -> Result<(), WriteError> {
        self.write(&Variable::parse(name), value)
    }

    /// Notes a fact down under a name that is no computed variable and no message, such as `oauthV2.P.failed`.
    pub fn note(&mut self, name: &Text, value: impl Into<Value>) {
        self.variables.write(name, value.into());
    }

    /// Offers a group of variables that are computed when somebody reads them. They go before variables of the same
    /// names that were set or published earlier, and yield to later ones.
    pub fn publish(&mut self, group: Box<dyn VariableSource>) {
        self.variables.publish(group);
    }

    /// What policies of one kind keep for each other beside the variables, made when first asked for.
    pub fn extension<T: Any + Default + Send>(&mut self) -> &mut T {
        let slot = self.extensions.entry(TypeId::of::<T>()).or_insert_with(|| Box::new(T::default()));
        match slot.downcast_mut() {
            Some(extension) => extension,
            None => unreachable!("what is found under a type's id is of that type"),
        }
    }

    /// A message by its handle.
    pub fn message(&self, id: MessageId) -> &Message {
        self.messages.get(id)
    }

    /// A message by its handle, to change it.
    pub fn message_mut(&mut self, id: MessageId) -> &mut Message {
        self.messages.get_mut(id)
    }

    /// Adds a message that no variable names yet.
    pub fn add_message(&mut self, message: Message) -> MessageId {
        self.messages.add(message)
    }

    /// The request.
    pub fn request(&self) -> &Message {
        self.messages.get(self.request)
    }

    /// The request, to change it.
    pub fn request_mut(&mut self) -> &mut Message {
        self.messages.get_mut(self.request)
    }

    /// The response, once the target answered or a policy made one.
    pub fn response(&self) -> Option<&Message> {
        self.response.map(|id| self.messages.get(id))
    }

    /// Makes a message the request; what was the request keeps its handle only.
    pub fn set_request(&mut self, message: Message) -> MessageId {
        self.request = self.messages.add(message);
        self.request
    }

    /// Makes a message the response.
    pub fn set_response(&mut self, message: Message) -> MessageId {
        let id = self.messages.add(message);
        self.response = Some(id);
        id
    }

    /// The message that `message` names in this phase. In the response phase before there is a response, the request.
    pub fn ambient(&self) -> MessageId {
        match (self.phase, &self.error) {
            (Phase::Error | Phase::PostClient, Some(error)) => error.message,
            (Phase::Request, _) => self.request,
            _ => self.response.unwrap_or(self.request),
        }
    }

    /// Makes another message the ambient one: the request, the response or the error message, by the phase.
    pub fn set_ambient(&mut self, message: Message) -> MessageId {
        match (self.phase, &self.error) {
            (Phase::Error, Some(_)) => {
                let id = self.messages.add(message);
                if let Some(error) = &mut self.error {
                    error.message = id;
                }
                id
            }
            (Phase::Request, _) => self.set_request(message),
            _ => self.set_response(message),
        }
    }

    /// The running phase.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Moves to another phase. The error phase is entered by [`Transaction::enter_error_flow`].
    pub fn set_phase(&mut self, phase: Phase) {
        self.phase = phase;
    }

    /// Enters the error flow, or replaces the fault there. `error` is then the message that the fault would send.
    pub fn enter_error_flow(&mut self, fault: Fault) {
        let message = self.messages.add(fault.clone().into_message());
        let phase = self.error.as_ref().map_or(self.phase, |error| error.phase);
        self.error = Some(ErrorState { fault, message, phase });
        self.phase = Phase::Error;
    }

    /// The fault of the error flow.
    pub fn fault(&self) -> Option<&Fault> {
        self.error.as_ref().map(|error| &error.fault)
    }

    /// The message of the error flow.
    pub fn error_message(&self) -> Option<&Message> {
        self.error.as_ref().map(|error| self.messages.get(error.message))
    }

    pub(crate) fn phase_of_fault(&self) -> Phase {
        self.error.as_ref().map_or(self.phase, |error| error.phase)
    }

    /// Lets policies call proxies of the same program. `depth` says how many such calls contain this transaction.
    pub fn set_local_proxies(&mut self, proxies: Arc<dyn LocalProxies>, depth: usize) {
        self.neighbours = Some((proxies, depth));
    }

    /// Begins a call to a proxy of the same program; `None` where there is no program.
    pub fn local_call(&self, request: Message, target: LocalTarget) -> Option<LocalCallFuture> {
        let (proxies, depth) = self.neighbours.as_ref()?;
        let call = LocalCall { request, target, arrival: self.arrival, depth: depth + 1 };
        Some(Arc::clone(proxies).call(call))
    }

    /// The shared environment.
    pub fn host(&self) -> &Arc<Host> {
        &self.host
    }

    /// The deployed proxy.
    pub fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// How the request came in.
    pub fn arrival(&self) -> &Arrival {
        &self.arrival
    }

    /// `messageid`: one random id for the whole transaction.
    pub fn message_id(&self) -> Text {
        self.message_id.get_or_init(|| uuid(&*self.host.entropy).into()).clone()
    }

    pub(crate) fn original_url(&self) -> &Text {
        &self.original_url
    }

    fn root(&self, root: Root) -> Option<MessageId> {
        match root {
            Root::Request => Some(self.request),
            Root::Response => self.response,
            Root::Ambient => Some(self.ambient()),
            Root::Error => self.error.as_ref().map(|error| error.message),
        }
    }

    /// `request = other` makes another message the request; a text becomes the content.
    fn write_root(&mut self, root: Root, value: &Value) -> Result<(), WriteError> {
        match (root, value) {
            (Root::Request, Value::Message(id)) => self.request = *id,
            (Root::Response, Value::Message(id)) => self.response = Some(*id),
            (Root::Error, _) | (_, Value::Null) => return Err(WriteError::ReadOnly),
            (Root::Ambient, Value::Message(id)) => drop(self.set_ambient(self.message(*id).clone())),
            (_, text) => {
                let id = self.root(root).ok_or(WriteError::NoSuchMessage)?;
                return self.write_property(id, &Property::Content, text.clone());
            }
        }
        Ok(())
    }

    fn read_property(&self, id: MessageId, property: &Property) -> Value {
        match property {
            Property::TransportMessage => id.into(),
            Property::Url => Value::from(self.message(id).uri().is_some().then(|| self.url_of(id))),
            _ => property.read(self.message(id)),
        }
    }

    fn url_of(&self, id: MessageId) -> String {
        url(self.message(id), self.arrival.secure)
    }

    fn write_property(&mut self, id: MessageId, property: &Property, value: Value) -> Result<(), WriteError> {
        let text = self.text_of(value);
        property.write(self.message_mut(id), text.as_deref())
    }
}

/// The URL of a request as its client wrote it, without the port.
fn url(request: &Message, secure: bool) -> String {
    let host = request.headers().first(&HOST).unwrap_or(Cow::Borrowed(""));
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let name = name.map_or(&*host, |(name, _)| name);
    format!("{}://{name}{}", scheme(secure), request.uri().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::transaction;

    #[track_caller]
    fn check(transaction: &Transaction, name: &str, expected: Option<&str>) {
        assert_eq!(transaction.text(&Variable::parse(name)).as_deref(), expected, "{name}");
    }

    #[test]
    fn computed_variables() {
        let mut sample = transaction("GET", "/base/a?b=c");
        sample.request_mut().headers_mut().set("Host", "example.com:8443").expect("valid");
        sample.place = Place {
            proxy_endpoint: "default".into(),
            base_path: "/base".into(),
            path_suffix: "/a".into(),
            flow: "PreFlow".into(),
            shared_flow: Some("common".into()),
            route: Some("r".into()),
            ..Place::default()
        };
        for (name, expected) in [
            ("apiproxy.name", "orders"),
            ("apiproxy.revision", "3"),
            ("proxy.name", "default"),
            ("proxy.basepath", "/base"),
            ("proxy.pathsuffix", "/a"),
            ("client.ip", "192.0.2.7"),
            ("client.port", "4711"),
            ("client.scheme", "https"),
            ("client.ssl.enabled", "true"),
            ("virtualhost.name", "secure"),
            ("current.flow.name", "PreFlow"),
            ("environment.name", "test"),
            ("organization.name", "local"),
            ("route.name", "r"),
            ("apigee.edge.sharedflow.name", "common"),
            ("client.received.start.timestamp", "1377112607413"),
            ("client.received.end.time", "Wed, 21 Aug 2013 19:16:47 UTC"),
            ("system.timestamp", "1377112607413"),
            ("system.time", "Wed, 21 Aug 2013 19:16:47 UTC"),
            ("system.time.year", "2013"),
            ("system.time.dayofweek", "Wed"),
            ("system.time.millisecond", "413"),
            ("system.time.zone", "UTC"),
            ("is.error", "false"),
            ("propertyset.own.a.b", "of proxy"),
            ("private.propertyset.own.a.b", "of proxy"),
            ("propertyset.shared.key", "of environment"),
            ("request.url", "https://example.com/base/a?b=c"),
            ("message.uri", "/base/a?b=c"),
        ] {
            check(&sample, name, Some(expected));
        }
        for absent in
            ["fault.name", "error.content", "error", "response", "response.status.code", "propertyset.own.x"]
        {
            check(&sample, absent, None);
        }
        assert_eq!(sample.get("messageid"), sample.get("messageid"));
        assert_ne!(sample.get("system.uuid"), sample.get("system.uuid"));
        assert_eq!(sample.get("client.port"), Value::Int(4711));
        assert_eq!(sample.get("is.error"), Value::Bool(false));
        assert_eq!(sample.get("system.timestamp"), Value::Long(1_377_112_607_413));
    }

    #[test]
    fn what_message_names_in_each_phase() {
        let mut sample = transaction("GET", "/r");
        check(&sample, "message.verb", Some("GET"));
        sample.set_phase(Phase::Response);
        check(&sample, "message.verb", Some("GET"));
        sample.set_response(Message::response(204));
        check(&sample, "message.status.code", Some("204"));
        check(&sample, "request.verb", Some("GET"));
        sample.enter_error_flow(Fault::step("a.b.Broken", "no").with_status(401));
        check(&sample, "message.status.code", Some("401"));
        check(&sample, "error.status.code", Some("401"));
        check(&sample, "response.status.code", Some("204"));
        check(&sample, "fault.name", Some("Broken"));
        check(&sample, "is.error", Some("true"));
        check(&sample, "error.state", Some("PROXY_RESP_FLOW"));
        sample.set_ambient(Message::response(418));
        check(&sample, "error.status.code", Some("418"));
        sample.set_phase(Phase::PostClient);
        check(&sample, "message.status.code", Some("418"));
    }

    #[test]
    fn messages_are_shared_between_names() {
        let mut sample = transaction("GET", "/r");
        let id = sample.add_message(Message::response(200));
        sample.set("my.call", id).expect("writable");
        sample.set("alias", id).expect("writable");
        sample.set("my.call.status.code", 404).expect("writable");
        sample.set("my.call.header.X", "1").expect("writable");
        check(&sample, "alias.status.code", Some("404"));
        check(&sample, "my.call.header.x", Some("1"));
        check(&sample, "my.other.status.code", None);
        sample.set("my.call.content", "body").expect("writable");
        check(&sample, "alias", Some("body"));
        sample.set("response", id).expect("writable");
        check(&sample, "response.content", Some("body"));
    }

    #[test]
    fn custom_variables_keep_their_types() {
        let mut sample = transaction("GET", "/r");
        sample.set("private.a", true).expect("writable");
        sample.set("a.b", Value::list(["x"])).expect("writable");
        assert_eq!(sample.get("private.a"), Value::Bool(true));
        check(&sample, "a.b", Some("[x]"));
        sample.set("a.b", Value::Null).expect("writable");
        check(&sample, "a.b", None);
        check(&sample, "A.b", None);
    }

    #[test]
    fn what_cannot_be_set() {
        let mut sample = transaction("GET", "/r");
        for (name, expected) in [
            ("apiproxy.name", WriteError::ReadOnly),
            ("system.timestamp", WriteError::ReadOnly),
            ("fault.name", WriteError::ReadOnly),
            ("error", WriteError::ReadOnly),
            ("response.content", WriteError::NoSuchMessage),
            ("error.header.X", WriteError::NoSuchMessage),
            ("request.status.code", WriteError::WrongKind),
            ("request.headers.count", WriteError::ReadOnly),
        ] {
            assert_eq!(sample.set(name, "x"), Err(expected), "{name}");
        }
        sample.set("proxy.pathsuffix", "/moved").expect("writable");
        check(&sample, "proxy.pathsuffix", Some("/moved"));
        sample.set("request", "text").expect("writable");
        check(&sample, "request.content", Some("text"));
    }
}
