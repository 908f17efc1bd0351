//! One line: what happened to what, how it ended, and by whom. There is never a token or a secret in it.

use super::actor::{Actor, current};
use dormouse_token::Kind;
use serde_json::{Map, Value, json};

/// What a line tells.
#[derive(Clone, Debug)]
pub struct Record {
    actor: Actor,
    what: &'static str,
    target: Map<String, Value>,
    outcome: Value,
    /// What repeats are folded by; none for lines that stand alone.
    pub(super) fold: Option<String>,
}

impl Record {
    /// An act of whoever acts now, and how it ended.
    pub fn new(what: &'static str, outcome: impl Into<Value>) -> Self {
        Self { actor: current(), what, target: Map::new(), outcome: outcome.into(), fold: None }
    }

    /// An act of somebody else.
    #[must_use]
    pub fn by(self, actor: Actor) -> Self {
        Self { actor, ..self }
    }

    /// Names something that it is about. What looks like a token is left out: it may stand where a name should.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        let shown = if Kind::of(value).is_some() { "(a token)" } else { value };
        let cut: String = shown.chars().take(NAME_CHARACTERS_MAX).collect();
        self.target.insert(name.to_owned(), cut.into());
        self
    }

    /// Folds it with its repeats: what has the same key is told once a minute.
    #[must_use]
    pub(crate) fn folded_by(mut self, key: &str) -> Self {
        self.fold = Some(format!("{} {} {key}", self.what, self.outcome));
        self
    }

    /// The line, without its end.
    pub(super) fn line(&self, time: &str, count: u64, lost: u64) -> String {
        let mut line = Map::new();
        line.insert("v".to_owned(), FORMAT.into());
        line.insert("time".to_owned(), time.into());
        line.insert("actor".to_owned(), self.actor.to_json());
        line.insert("what".to_owned(), self.what.into());
        line.insert("target".to_owned(), json!(self.target));
        line.insert("outcome".to_owned(), self.outcome.clone());
        line.insert("count".to_owned(), count.into());
        if lost > 0 {
            line.insert("lost".to_owned(), lost.into());
        }
        Value::Object(line).to_string()
    }
}

/// The version of the format.
const FORMAT: u64 = 1;

/// Names of outsiders are cut here: a line stays a few KiB.
const NAME_CHARACTERS_MAX: usize = 256;
