//! What a running script asks of its transaction, which lives on another thread.

use crate::datum::Datum;
use crate::error::ScriptError;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

/// What comes from a running script, in order.
pub enum Event {
    /// It wants something done. A question with an [`Answer`] makes it wait.
    Question(Question),
    /// It has ended.
    End(Result<(), ScriptError>),
}

/// Something to do for a script.
pub enum Question {
    /// The value of a variable.
    Read(String, Answer<Datum>),
    /// Set a variable; what cannot be set stays as it is.
    Write(String, Datum),
    /// Unset a variable.
    Remove(String),
    /// What an earlier script of the transaction has stored as its session: JSON.
    LoadSession(Answer<Option<Arc<str>>>),
    /// The session for later scripts.
    StoreSession(Arc<str>),
    /// Send a request; the answer is the exchange's number.
    Send(HttpRequest, Answer<u32>),
    /// Whether an exchange has ended.
    IsComplete(u32, Answer<bool>),
    /// Wait for the end of an exchange. `Ok` names the variable that holds the response; the other is why there is none.
    Wait(u32, Answer<Result<String, String>>),
    /// `crypto.dateFormat`: a pattern, a time zone, milliseconds (now, if absent). `Err` says what is wrong with them.
    FormatDate(String, String, Option<f64>, Answer<Result<String, String>>),
    /// A line of debug output.
    Print(String),
}

/// A request of `httpClient`.
pub struct HttpRequest {
    /// The verb.
    pub method: String,
    /// Absolute.
    pub url: String,
    /// In order.
    pub headers: Vec<(String, String)>,
    /// The body; empty for none.
    pub body: String,
}

/// Where an answer goes. Dropping it ends the script.
pub struct Answer<T>(pub(crate) SyncSender<T>);

impl<T> Answer<T> {
    /// Answers; a script that has ended meanwhile does not hear it.
    pub fn give(self, value: T) {
        drop(self.0.try_send(value));
    }
}
