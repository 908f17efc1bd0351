//! Telling an observer what was decided about tokens that somebody may ask about later: revocations, replays, second uses.
//!
//! It is told after the decision is durable, on the thread that asked for it, so that the observer knows who asked.

use crate::Engine;
use dormouse_token::{Claims, CutOffRow};

/// What was decided.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A family, or a side of it, changed its state by one of its tokens.
    Changed(Act, &'a Claims),
    /// A code was deleted before it was used.
    CodeDeleted(&'a Claims),
    /// A used code was presented again; whether its family was ended.
    CodeReplayed(&'a Claims, bool),
    /// A superseded refresh token was presented again; whether its family was ended.
    RefreshReplayed(&'a Claims, bool),
    /// Tokens were cut off, or keys burned.
    CutOff(&'a CutOffRow),
}

/// What is done to a family by one of its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// It is approved again.
    Approve,
    /// It becomes unknown.
    Delete,
    /// It is revoked.
    Revoke,
}

/// Whoever is told. It must not wait for anything.
pub type Observer = Box<dyn Fn(Event<'_>) + Send + Sync>;

impl Engine {
    /// Tells `observer` from now on. The first one stays: `false` when there is one already.
    pub fn observe(&self, observer: Observer) -> bool {
        self.observer.set(observer).is_ok()
    }

    pub(crate) fn tell(&self, event: Event<'_>) {
        if let Some(observer) = self.observer.get() {
            observer(event);
        }
    }
}
