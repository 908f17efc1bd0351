//! Destroying the keys that were removed from the store, or replaced in it (TOKENS §1 "wrapping key").
//!
//! The database writes a changed page elsewhere and leaves the old bytes where they are until somebody needs the place. For a
//! key that was taken out of use because the root has leaked under which it is sealed, that is not good enough: whoever steals
//! the file could still read it, and with it every secret. So the commit that removes a key notes how its bytes begin; after
//! the commit they are overwritten wherever they lie in the file, and the note is removed. Until then the note stays, so that
//! what a crash interrupted is done at the next start.
//!
//! The durable tree does not lead to those bytes any more, and the database never goes back to a tree before it, so that
//! overwriting them damages nothing.

use crate::batch::Batch;
use crate::faulty::FaultyDisk;
use crate::redb_tables::{OpenTables, Snapshot};
use crate::state::State;
use crate::tables::{Entry, Failure, ReadTables, Table};
use dormouse_token::Timestamp;
use redb::{Database, ReadableDatabase, StorageBackend};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

/// Where the bytes of a store are, below the database.
#[derive(Debug)]
pub(crate) enum Raw {
    File(PathBuf),
    Disk(FaultyDisk),
}

/// Notes that a value, which is about to be removed or replaced, must not stay behind in the medium.
pub(crate) fn note(batch: &mut Batch<'_>, value: &[u8]) -> Result<(), Failure> {
    // Shorter than any sealed key: it is none.
    let Some((beginning, _)) = value.split_first_chunk::<BEGINNING_LEN>() else { return Ok(()) };
    // The complement, so that the note is not found in place of what it speaks of.
    let key = [NOTE, &beginning.map(|byte| !byte)].concat();
    batch.put(Table::State, &key, &(value.len() as u64).to_be_bytes())?;
    batch.must_shred = true;
    Ok(())
}

/// Overwrites what is noted, and removes the notes. It must be called between two commits. The state counts one more commit
/// if there was anything to do.
pub(crate) fn finish(database: &Database, raw: &Raw, state: State) -> Result<State, Failure> {
    let notes = notes(database)?;
    if notes.is_empty() {
        return Ok(state);
    }
    let doomed: Vec<Doomed> = notes.iter().filter_map(Doomed::of).collect();
    match raw {
        Raw::File(path) => overwrite(&OpenOptions::new().read(true).write(true).open(path)?, &doomed)?,
        Raw::Disk(disk) => overwrite(disk, &doomed)?,
    }
    let transaction = database.begin_write().map_err(Failure::broken)?;
    let mut tables = OpenTables::new(&transaction);
    let mut batch = Batch::new(&mut tables, state, Timestamp::EPOCH);
    for (key, _) in &notes {
        batch.remove(Table::State, key)?;
    }
    let finished = batch.finish()?;
    drop(tables);
    transaction.commit().map_err(Failure::broken)?;
    Ok(finished.state)
}

fn notes(database: &Database) -> Result<Vec<Entry>, Failure> {
    let transaction = database.begin_read().map_err(Failure::broken)?;
    let found = Snapshot::new(&transaction).scan(Table::State, NOTE, NOTES_MAX)?;
    Ok(found.into_iter().filter(|(key, _)| key.starts_with(NOTE)).collect())
}

/// Bytes that must not stay.
struct Doomed {
    beginning: [u8; BEGINNING_LEN],
    len: usize,
}

impl Doomed {
    fn of((key, value): &Entry) -> Option<Self> {
        let beginning: [u8; BEGINNING_LEN] = key.strip_prefix(NOTE)?.try_into().ok()?;
        let len = u64::from_be_bytes(value.as_slice().try_into().ok()?);
        Some(Self { beginning: beginning.map(|byte| !byte), len: usize::try_from(len).ok()? })
    }
}

/// What can be read and written at any place.
trait Bytes {
    fn len(&self) -> io::Result<u64>;
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()>;
    fn sync(&self) -> io::Result<()>;
}

impl Bytes for File {
    fn len(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.read_exact_at(out, offset)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.write_all_at(data, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

impl Bytes for FaultyDisk {
    fn len(&self) -> io::Result<u64> {
        StorageBackend::len(self)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        StorageBackend::read(self, offset, out)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        StorageBackend::write(self, offset, data)
    }

    fn sync(&self) -> io::Result<()> {
        StorageBackend::sync_data(self)
    }
}

fn overwrite(bytes: &impl Bytes, doomed: &[Doomed]) -> io::Result<()> {
    let end = bytes.len()?;
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut from = 0;
    while from < end {
        let here = buffer.len().min(usize::try_from(end - from).unwrap_or(usize::MAX));
        let Some(chunk) = buffer.get_mut(..here) else { break };
        bytes.read(from, chunk)?;
        for (offset, window) in (from..).zip(chunk.windows(BEGINNING_LEN)) {
            if let Some(found) = doomed.iter().find(|doomed| doomed.beginning == *window) {
                let len = found.len.min(usize::try_from(end - offset).unwrap_or(usize::MAX));
                bytes.write(offset, &vec![0; len])?;
            }
        }
        if here < CHUNK_BYTES {
            break;
        }
        // What begins at the very end of this chunk is whole in the next.
        from += (here - BEGINNING_LEN) as u64;
    }
    bytes.sync()
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::broken(error)
    }
}

/// Keys of the notes in the table of the state.
const NOTE: &[u8] = b"shred/";

/// The root's name and the random IV of a sealed key: they occur nowhere else.
const BEGINNING_LEN: usize = 20;

/// More than a store has keys.
const NOTES_MAX: usize = 4_096;

const CHUNK_BYTES: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    const BEGINNING: [u8; BEGINNING_LEN] = *b"12345678abcdefghijkl";

    /// Puts a doomed value of 30 bytes at each place and checks that nothing else was changed.
    #[track_caller]
    fn check(len: usize, places: &[usize]) {
        let disk = FaultyDisk::new();
        let value = [&BEGINNING[..], b"0123456789"].concat();
        let clean = vec![b'.'; len];
        let mut expected = clean.clone();
        StorageBackend::write(&disk, 0, &clean).unwrap();
        for place in places {
            StorageBackend::write(&disk, *place as u64, &value).unwrap();
            expected[*place..*place + value.len()].fill(0);
        }
        overwrite(&disk, &[Doomed { beginning: BEGINNING, len: value.len() }]).unwrap();
        assert!(disk.content() == expected, "{len} {places:?}");
    }

    #[test]
    fn values_are_overwritten_wherever_they_lie() {
        check(30, &[0]);
        check(100, &[]);
        check(1000, &[0, 100, 970]);
        for back in [0, 1, 15, 20, 21, 29, 30, 31] {
            check(CHUNK_BYTES + 60, &[CHUNK_BYTES - back]);
        }
        check(CHUNK_BYTES, &[CHUNK_BYTES - 30]);
    }

    #[test]
    fn a_value_that_the_end_cuts_off_is_overwritten_as_far_as_it_goes() {
        let disk = FaultyDisk::new();
        StorageBackend::write(&disk, 0, &BEGINNING).unwrap();
        overwrite(&disk, &[Doomed { beginning: BEGINNING, len: 68 }]).unwrap();
        assert_eq!(disk.content(), [0; BEGINNING_LEN]);
    }
}
