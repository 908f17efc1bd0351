//! The mark (TOKENS §5 "Roll-back"): what the store was when it was last seen, kept beside it, so that a store file that
//! was put back, copied from elsewhere or swapped is noticed before it is served.
//!
//! It is a text file: `dormouse-mark-1`, then `epoch`, `commits` and, where the file system tells, `inode` and `born` (of
//! the store's file, in nanoseconds since 1970), each on a line with its value.

use crate::hex;
use crate::private_file;
use crate::state::State;
use dormouse_token::StoreEpoch;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

/// How a store's file is told from a copy of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MarkIdentity {
    /// By epoch, commits, inode and birth time: a copy is noticed even when it is complete.
    #[default]
    File,
    /// By epoch and commits alone, for volumes that give a file another inode at each mount. The price: a copy that was
    /// made after the last mark is taken for the original, with what it misses.
    Counter,
}

/// What the mark says of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) epoch: StoreEpoch,
    /// A number of commits that were durable when the mark was written.
    pub(crate) commits: u64,
    pub(crate) file: FileIdentity,
}

/// What the file system says of the store's file; nothing where it is not asked or does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FileIdentity {
    pub(crate) inode: Option<u64>,
    pub(crate) born_ns: Option<u64>,
}

/// How a store differs from what its mark says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    /// It lacks commits that were durable once.
    Behind,
    /// It is another file, or another store.
    Other,
}

impl FileIdentity {
    /// The identity of a file, as far as it shall be looked at.
    pub(crate) fn of(path: &Path, kind: MarkIdentity) -> io::Result<Self> {
        if kind == MarkIdentity::Counter {
            return Ok(Self::default());
        }
        let metadata = fs::metadata(path)?;
        let born = metadata.created().ok().and_then(|born| born.duration_since(UNIX_EPOCH).ok());
        Ok(Self {
            inode: Some(metadata.ino()),
            born_ns: born.and_then(|born| u64::try_from(born.as_nanos()).ok()),
        })
    }

    /// Whether two identities contradict each other in what both of them know.
    fn contradicts(self, other: Self) -> bool {
        let differ =
            |own: Option<u64>, other: Option<u64>| matches!((own, other), (Some(a), Some(b)) if a != b);
        differ(self.inode, other.inode) || differ(self.born_ns, other.born_ns)
    }
}

impl Mark {
    /// What a store should say of itself now.
    pub(crate) const fn of(state: &State, file: FileIdentity) -> Self {
        Self { epoch: state.epoch, commits: state.commits, file }
    }

    /// How a store that was opened now differs from this mark, if it does.
    pub(crate) fn difference(&self, state: &State, file: FileIdentity) -> Option<Difference> {
        if self.epoch != state.epoch || self.file.contradicts(file) {
            return Some(Difference::Other);
        }
        (state.commits < self.commits).then_some(Difference::Behind)
    }

    /// Reads a mark; `None` when there is none, an error of kind `InvalidData` when it is not a mark.
    pub(crate) fn read(path: &Path) -> io::Result<Option<Self>> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let malformed = || io::Error::new(io::ErrorKind::InvalidData, "it is not a mark of a store");
        Self::parse(&text).map(Some).ok_or_else(malformed)
    }

    /// Writes the mark whole, or leaves the old one.
    pub(crate) fn write(&self, path: &Path) -> Result<(), private_file::PrivateFileError> {
        private_file::write(path, self.to_text().as_bytes())
    }

    fn to_text(self) -> String {
        let inode = self.file.inode.map(|inode| format!("inode {inode}\n")).unwrap_or_default();
        let born = self.file.born_ns.map(|born| format!("born {born}\n")).unwrap_or_default();
        format!("{HEADER}\nepoch {}\ncommits {}\n{inode}{born}", self.epoch, self.commits)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let (mut epoch, mut commits, mut file) = (None, None, FileIdentity::default());
        if lines.next() != Some(HEADER) {
            return None;
        }
        for line in lines {
            match line.split_once(' ')? {
                ("epoch", value) => epoch = Some(StoreEpoch(hex::read(value.as_bytes())?)),
                ("commits", value) => commits = Some(value.parse().ok()?),
                ("inode", value) => file.inode = Some(value.parse().ok()?),
                ("born", value) => file.born_ns = Some(value.parse().ok()?),
                _ => return None,
            }
        }
        Some(Self { epoch: epoch?, commits: commits?, file })
    }
}

/// The mark of an open store, written again from time to time.
pub(crate) struct MarkFile {
    path: PathBuf,
    mark: Mark,
    written_at: Duration,
}

impl MarkFile {
    /// A mark that was written just now.
    pub(crate) const fn new(path: PathBuf, mark: Mark, monotonic: Duration) -> Self {
        Self { path, mark, written_at: monotonic }
    }

    /// Writes the mark if there are commits that it does not name, and the last writing is long enough ago.
    pub(crate) fn write_if_due(
        &mut self,
        commits: u64,
        monotonic: Duration,
        every: Duration,
    ) -> Result<(), private_file::PrivateFileError> {
        if commits == self.mark.commits || monotonic.saturating_sub(self.written_at) < every {
            return Ok(());
        }
        // Also after a failure: the next try is not sooner.
        self.written_at = monotonic;
        let mark = Mark { commits, ..self.mark };
        mark.write(&self.path)?;
        self.mark = mark;
        Ok(())
    }
}

const HEADER: &str = "dormouse-mark-1";

#[cfg(test)]
mod tests {
    use super::*;
    use dormouse_token::Timestamp;

    const EPOCH: StoreEpoch = StoreEpoch([0xa1; 16]);

    fn mark() -> Mark {
        Mark {
            epoch: EPOCH,
            commits: 10,
            file: FileIdentity { inode: Some(5), born_ns: Some(1_800_000_000_000_000_000) },
        }
    }

    #[track_caller]
    fn check(epoch: StoreEpoch, commits: u64, file: FileIdentity, expected: Option<Difference>) {
        let state = State { commits, ..State::new(epoch, Timestamp::EPOCH) };
        assert_eq!(mark().difference(&state, file), expected);
    }

    #[test]
    fn marks_round_trip() {
        for mark in [mark(), Mark { file: FileIdentity::default(), ..mark() }] {
            assert_eq!(Mark::parse(&mark.to_text()), Some(mark));
        }
        let text = mark().to_text();
        for cut in 0..text.len() {
            let read = Mark::parse(&text[..cut]);
            assert!(read.is_none_or(|read| read.commits == 10), "cut at {cut}");
        }
        assert_eq!(Mark::parse(&text.replace("mark-1", "mark-2")), None);
        assert_eq!(Mark::parse(&text.replace("a1", "+1")), None);
    }

    #[test]
    fn a_store_that_went_on_is_the_same() {
        check(EPOCH, 10, mark().file, None);
        check(EPOCH, 999, mark().file, None);
    }

    #[test]
    fn what_lies_behind_or_is_another_is_noticed() {
        check(EPOCH, 9, mark().file, Some(Difference::Behind));
        check(StoreEpoch([2; 16]), 10, mark().file, Some(Difference::Other));
        check(EPOCH, 11, FileIdentity { inode: Some(6), ..mark().file }, Some(Difference::Other));
        check(EPOCH, 11, FileIdentity { born_ns: Some(1), ..mark().file }, Some(Difference::Other));
    }

    #[test]
    fn what_the_file_system_does_not_tell_is_not_compared() {
        check(EPOCH, 10, FileIdentity { born_ns: None, ..mark().file }, None);
        check(EPOCH, 10, FileIdentity::default(), None);
    }
}
