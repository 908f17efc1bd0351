//! What flows are made of: values, messages, transactions, faults, and the evaluation of conditions and templates.
//!
//! Invariants: one transaction belongs to one request and runs on one thread; names, conditions and templates are
//! compiled once per deployment; a variable that nobody reads costs nothing; nothing here does I/O, and time and
//! randomness come from the [`Host`].

mod body_stream;
mod cache;
mod compare;
mod condition;
mod context;
mod date_format;
mod executable;
mod fault;
mod headers;
mod host;
mod http_client;
mod key_value_cache;
mod local_proxies;
mod message;
mod message_store;
mod node_state;
mod outcome;
mod parameters;
mod property;
mod quota;
mod reply_headers;
mod spike_arrest;
mod system;
mod template;
#[cfg(test)]
mod testing;
mod transaction;
mod value;
mod variable;
mod variables;
mod wildcard;
mod write_error;

pub use body_stream::StreamedBody;
pub use cache::{CacheKey, CachedValue, Caches, Entry, EntryTooLarge, Found};
pub use condition::{Condition, EvaluationError, InvalidPattern};
pub use context::{Arrival, Phase, Place};
pub use date_format::{DateFormat, InvalidDateFormat};
pub use executable::{Executable, ImmediatePolicy, OutcomeFuture, WaitingPolicy};
pub use fault::{Category, Fault, json_string, standard_message};
pub use headers::{Headers, InvalidHeader};
pub use host::{Deployment, Host, PropertySets};
pub use http_client::{
    CallError, CallFuture, CallLimits, Destination, HttpClient, InvalidUrl, Offline, OutgoingCall, Tls,
};
pub use key_value_cache::{KeyValueCache, KeyValueName};
pub use local_proxies::{LocalCall, LocalCallFuture, LocalProxies, LocalTarget};
pub use message::{FORM, Message, MessageKind};
pub use message_store::MessageId;
pub use node_state::NodeState;
pub use outcome::{FlowCall, Outcome};
pub use parameters::Parameters;
pub use property::parse_status;
pub use quota::{
    QuotaCounters, QuotaDemand, QuotaKey, QuotaKind, QuotaMode, QuotaPeriod, QuotaReading, QuotaUnit,
};
pub use reply_headers::ReplyHeaders;
pub use spike_arrest::{SpikeArrestKey, SpikeArrestRate, SpikeArrests};
pub use system::uuid;
pub use template::{Template, TemplateError, TemplateProblem, Unresolved};
pub use transaction::Transaction;
pub use value::{Text, Value};
pub use variable::Variable;
pub use variables::VariableSource;
pub use wildcard::Wildcard;
pub use write_error::WriteError;
