//! A disk for tests: it remembers which writes were synced, loses the others when the power fails, fails on demand, and
//! holds syncs back. `RedbStore::over_disk` opens a store on it.

use dormouse_token::{Entropy, random};
use parking_lot::{Condvar, Mutex};
use redb::StorageBackend;
use std::io;
use std::sync::Arc;

/// A disk whose failures are scripted. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct FaultyDisk(Arc<Inner>);

/// What a failing sync does before it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncFault {
    /// Nothing becomes durable.
    Lost,
    /// All becomes durable, and the caller is told otherwise.
    Applied,
}

#[derive(Debug, Default)]
struct Inner {
    disk: Mutex<Disk>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Disk {
    /// What reads see.
    current: Vec<u8>,
    /// What a power loss leaves for certain.
    durable: Vec<u8>,
    /// What was written since the last sync.
    pending: Vec<Pending>,
    writes: u64,
    syncs: u64,
    failing_write: Option<u64>,
    failing_sync: Option<(u64, SyncFault)>,
    are_syncs_held: bool,
    /// Syncs that are under way.
    held: u64,
    is_off: bool,
}

#[derive(Clone, Debug)]
enum Pending {
    Len(usize),
    Data(usize, Vec<u8>),
}

impl FaultyDisk {
    /// An empty disk that works.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing was ever written to it.
    pub fn is_empty(&self) -> bool {
        self.0.disk.lock().current.is_empty()
    }

    /// Its length.
    pub fn len_bytes(&self) -> u64 {
        self.0.disk.lock().current.len() as u64
    }

    /// All bytes, as whoever steals the disk sees them.
    pub fn content(&self) -> Vec<u8> {
        self.0.disk.lock().current.clone()
    }

    /// How many syncs have succeeded.
    pub fn syncs(&self) -> u64 {
        self.0.disk.lock().syncs
    }

    /// Lets the write after `more` further ones fail, and all after it, as on a full disk.
    pub fn fail_write_after(&self, more: u64) {
        let mut disk = self.0.disk.lock();
        disk.failing_write = Some(disk.writes + more);
    }

    /// Lets the sync after `more` further ones fail, and all after it.
    pub fn fail_sync_after(&self, more: u64, fault: SyncFault) {
        let mut disk = self.0.disk.lock();
        disk.failing_sync = Some((disk.syncs + more, fault));
    }

    /// Lets syncs wait until they are released: a slow disk, without a clock.
    pub fn hold_syncs(&self) {
        self.0.disk.lock().are_syncs_held = true;
    }

    /// Waits until a sync is held.
    pub fn wait_until_held(&self) {
        let mut disk = self.0.disk.lock();
        while disk.held == 0 {
            self.0.changed.wait(&mut disk);
        }
    }

    /// Ends [`FaultyDisk::hold_syncs`].
    pub fn release_syncs(&self) {
        self.0.disk.lock().are_syncs_held = false;
        self.0.changed.notify_all();
    }

    /// Cuts the power: this disk fails from now on. Returns the disk as it is found afterwards: what was synced, and of the
    /// rest an arbitrary part, sector by sector.
    #[must_use]
    pub fn power_loss(&self, entropy: &dyn Entropy) -> Self {
        let mut disk = self.0.disk.lock();
        disk.is_off = true;
        let mut found = disk.durable.clone();
        for pending in &disk.pending {
            match pending {
                Pending::Len(len) => {
                    if coin(entropy) {
                        found.resize(*len, 0);
                    }
                }
                Pending::Data(offset, data) => {
                    for (sector, bytes) in data.chunks(SECTOR_BYTES).enumerate() {
                        if coin(entropy) {
                            put(&mut found, offset + sector * SECTOR_BYTES, bytes);
                        }
                    }
                }
            }
        }
        drop(disk);
        self.release_syncs();
        let disk = Disk { current: found.clone(), durable: found, ..Disk::default() };
        Self(Arc::new(Inner { disk: Mutex::new(disk), changed: Condvar::new() }))
    }

    /// Changes bytes behind everybody's back, as a failing medium does.
    pub fn damage(&self, offset: usize, bytes: &[u8]) {
        let mut disk = self.0.disk.lock();
        put(&mut disk.current, offset, bytes);
        put(&mut disk.durable, offset, bytes);
    }
}

impl Disk {
    fn check(&self) -> io::Result<()> {
        if self.is_off { Err(io::Error::other("the power is off")) } else { Ok(()) }
    }

    fn count_write(&mut self) -> io::Result<()> {
        self.check()?;
        if self.failing_write.is_some_and(|failing| self.writes >= failing) {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        self.writes += 1;
        Ok(())
    }

    fn sync(&mut self) {
        self.durable.clone_from(&self.current);
        self.pending.clear();
    }
}

impl StorageBackend for FaultyDisk {
    fn len(&self) -> io::Result<u64> {
        let disk = self.0.disk.lock();
        disk.check()?;
        Ok(disk.current.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let disk = self.0.disk.lock();
        disk.check()?;
        let from = usize::try_from(offset).map_err(io::Error::other)?;
        let bytes = disk.current.get(from..).and_then(|rest| rest.get(..out.len()));
        out.copy_from_slice(bytes.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut disk = self.0.disk.lock();
        disk.count_write()?;
        let len = usize::try_from(len).map_err(io::Error::other)?;
        disk.current.resize(len, 0);
        disk.pending.push(Pending::Len(len));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut disk = self.0.disk.lock();
        disk.held += 1;
        self.0.changed.notify_all();
        while disk.are_syncs_held {
            self.0.changed.wait(&mut disk);
        }
        disk.held -= 1;
        disk.check()?;
        if let Some((failing, fault)) = disk.failing_sync
            && disk.syncs >= failing
        {
            if fault == SyncFault::Applied {
                disk.sync();
            }
            return Err(io::Error::other("the sync has failed"));
        }
        disk.sync();
        disk.syncs += 1;
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut disk = self.0.disk.lock();
        disk.count_write()?;
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        put(&mut disk.current, offset, data);
        disk.pending.push(Pending::Data(offset, data.to_vec()));
        Ok(())
    }
}

fn put(bytes: &mut Vec<u8>, offset: usize, data: &[u8]) {
    let end = offset + data.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    if let Some(place) = bytes.get_mut(offset..end) {
        place.copy_from_slice(data);
    }
}

fn coin(entropy: &dyn Entropy) -> bool {
    let [byte] = random::<1>(entropy);
    byte & 1 == 1
}

/// What a disk writes whole or not at all.
const SECTOR_BYTES: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;
    use dormouse_token::SeededEntropy;

    fn content(disk: &FaultyDisk, len: usize) -> Vec<u8> {
        let mut out = vec![0; len];
        StorageBackend::read(disk, 0, &mut out).unwrap();
        out
    }

    #[test]
    fn what_was_synced_survives_and_the_rest_may_not() {
        let (mut kept, mut lost) = (false, false);
        for seed in 0..16 {
            let disk = FaultyDisk::new();
            disk.set_len(4).unwrap();
            disk.write(0, b"safe").unwrap();
            disk.sync_data().unwrap();
            disk.write(0, b"risk").unwrap();
            assert_eq!(content(&disk, 4), b"risk");
            let found = disk.power_loss(&SeededEntropy::new(seed));
            assert!(disk.write(0, b"late").is_err());
            kept |= content(&found, 4) == b"risk";
            lost |= content(&found, 4) == b"safe";
        }
        assert!(kept && lost);
    }

    #[test]
    fn failures_come_when_they_were_ordered() {
        let disk = FaultyDisk::new();
        disk.fail_write_after(1);
        disk.write(0, b"a").unwrap();
        assert_eq!(disk.write(0, b"b").unwrap_err().kind(), io::ErrorKind::StorageFull);
        disk.fail_sync_after(0, SyncFault::Lost);
        assert!(disk.sync_data().is_err());
        assert!(disk.0.disk.lock().durable.is_empty());
        disk.fail_sync_after(0, SyncFault::Applied);
        assert!(disk.sync_data().is_err());
        assert_eq!(disk.0.disk.lock().durable, b"a");
        assert_eq!(disk.syncs(), 0);
    }
}
