//! Counts of what happens to tokens beside issuing and verifying: the engine tells it once it is durable.

use dormouse_engine::{Act, Event};
use dormouse_token::CutOffRow;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

/// The counters. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub(crate) struct TokenEvents(pub(crate) Family<EventLabels, Counter>);

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct EventLabels {
    event: &'static str,
}

impl TokenEvents {
    pub(crate) fn count(&self, event: Event<'_>) {
        self.0.get_or_create(&EventLabels { event: name(event) }).inc();
    }
}

/// A name for each kind of event, and nothing of whose it is: the label stays bounded.
const fn name(event: Event<'_>) -> &'static str {
    match event {
        Event::Changed(Act::Approve, _) => "approved",
        Event::Changed(Act::Delete, _) | Event::CodeDeleted(_) => "deleted",
        Event::Changed(Act::Revoke, _) => "revoked",
        Event::CodeReplayed(_, true) => "code_replayed_family_revoked",
        Event::CodeReplayed(_, false) => "code_replayed",
        Event::RefreshReplayed(_, true) => "refresh_replayed_family_revoked",
        Event::RefreshReplayed(_, false) => "refresh_replayed",
        Event::CutOff(CutOffRow::CutOff(_)) => "cut_off",
        Event::CutOff(CutOffRow::Burn(_)) => "burn",
    }
}
