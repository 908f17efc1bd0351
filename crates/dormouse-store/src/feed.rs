//! The feed of an embedded store: its recent changes, by the commit that made them, and the state that they lead to.

use crate::state::State;
use dormouse_token::{Change, FeedBatch, FeedPosition, Head};
use parking_lot::Mutex;
use std::collections::VecDeque;

/// Recent changes and the newest state. What is published is durable.
///
/// The position of a change is the number of its commit, which the store keeps: a position is therefore still good after
/// a restart, as long as nothing happened that this process has not seen.
pub struct RecentChanges(Mutex<Recent>);

struct Recent {
    state: State,
    commits: VecDeque<(u64, Vec<Change>)>,
    kept: usize,
    /// The newest commit whose changes are no longer here.
    forgotten: u64,
}

impl RecentChanges {
    /// The feed of a store that was just opened.
    pub(crate) fn new(state: State) -> Self {
        let forgotten = state.commits;
        Self(Mutex::new(Recent { state, commits: VecDeque::new(), kept: 0, forgotten }))
    }

    /// Takes in a durable batch.
    pub(crate) fn publish(&self, state: State, changes: Vec<Change>) {
        let mut recent = self.0.lock();
        if !changes.is_empty() {
            recent.kept += changes.len();
            recent.commits.push_back((state.commits, changes));
        }
        recent.state = state;
        while recent.kept > KEPT_MAX
            && let Some((commit, changes)) = recent.commits.pop_front()
        {
            recent.kept -= changes.len();
            recent.forgotten = commit;
        }
    }

    /// The newest state.
    pub(crate) fn state(&self) -> State {
        self.0.lock().state
    }

    pub(crate) fn head(&self) -> Head {
        self.0.lock().state.head()
    }

    pub(crate) fn position(&self) -> FeedPosition {
        FeedPosition(self.0.lock().state.commits)
    }

    /// Everything after a position, in the order of the commits. `None` when something after it was forgotten, or when it
    /// lies ahead, as after the store was put back.
    pub(crate) fn poll(&self, after: FeedPosition) -> Option<FeedBatch> {
        let recent = self.0.lock();
        if after.0 < recent.forgotten || after.0 > recent.state.commits {
            return None;
        }
        let first = recent.commits.partition_point(|(commit, _)| *commit <= after.0);
        let changes =
            recent.commits.range(first..).flat_map(|(_, changes)| changes.iter().cloned()).collect();
        Some(FeedBatch { changes, position: FeedPosition(recent.state.commits), head: recent.state.head() })
    }
}

/// Changes that are kept for readers who poll late: some megabytes.
const KEPT_MAX: usize = 32_768;

#[cfg(test)]
mod tests {
    use super::*;
    use dormouse_token::{FamilyId, FamilyRecord, StoreEpoch, Timestamp};

    fn state(commits: u64) -> State {
        State { commits, ..State::new(StoreEpoch([0; 16]), Timestamp::EPOCH) }
    }

    fn changes(count: usize) -> Vec<Change> {
        vec![Change::Family(FamilyId([0; 16]), FamilyRecord::untouched()); count]
    }

    #[test]
    fn polls_continue_where_they_ended() {
        let feed = RecentChanges::new(state(7));
        assert_eq!(feed.position(), FeedPosition(7));
        feed.publish(state(8), changes(2));
        feed.publish(state(9), changes(0));
        let batch = feed.poll(FeedPosition(7)).unwrap();
        assert_eq!((batch.changes.len(), batch.position), (2, FeedPosition(9)));
        assert_eq!(feed.poll(FeedPosition(8)).unwrap().changes.len(), 0);
        assert_eq!(feed.poll(FeedPosition(6)), None, "another life of the store");
        assert_eq!(feed.poll(FeedPosition(10)), None, "the store was put back");
    }

    #[test]
    fn what_was_forgotten_cannot_be_continued() {
        let feed = RecentChanges::new(state(0));
        feed.publish(state(1), changes(KEPT_MAX));
        assert!(feed.poll(FeedPosition(0)).is_some());
        feed.publish(state(2), changes(1));
        assert_eq!(feed.poll(FeedPosition(0)), None);
        assert_eq!(feed.poll(FeedPosition(1)).unwrap().changes.len(), 1);
    }
}
