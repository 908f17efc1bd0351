//! Looking after a data directory that no process serves: a copy of it, a check of it, and a new root that seals.

use crate::database;
use crate::directory::{Directory, exists};
use crate::open_error::OpenError;
use crate::private_file;
use crate::redb_store::{Place, StoreSettings};
use dormouse_token::{Head, Root, RootId};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// What a check found.
#[derive(Clone, Copy, Debug)]
pub struct Checked {
    /// The store's epoch and highest cut-off.
    pub head: Head,
    /// Whether the file was whole. Otherwise it has been repaired as far as it can be.
    pub was_whole: bool,
    /// How many roots open tokens.
    pub roots: usize,
}

/// Copies the store, and the directory's own key file, into a directory that is made for it, closed to others. Returns the
/// bytes copied.
///
/// The mark is not copied: what is put back from a copy is older than what was served, and must go through
/// [`crate::restore()`].
///
/// # Errors
/// [`OpenError`] when the directory is in use or incomplete, and when the copy cannot be written or is there already.
pub fn backup(directory: &Path, copy: &Path, settings: &StoreSettings) -> Result<u64, OpenError> {
    let place = Place::new(Directory::open(directory)?, settings);
    let store = existing_store(&place)?;
    place.roots()?;
    // Opening repairs what a crash left behind; closing makes the file whole.
    drop(database::open(&store, &place.restore)?);
    let unusable = |source| OpenError::Unusable { path: copy.into(), source };
    DirBuilder::new().mode(0o700).create(copy).map_err(unusable)?;
    let mut bytes = 0;
    // A shared key file is kept where it is made.
    let own_roots = place.configured_roots.is_none().then(|| place.directory.roots());
    for file in [Some(store), own_roots].iter().flatten() {
        let name = file.file_name().unwrap_or_default();
        bytes += copy_durably(file, &copy.join(name)).map_err(unusable)?;
    }
    private_file::sync_parent(&copy.join("store.redb")).map_err(unusable)?;
    private_file::sync_parent(copy).map_err(unusable)?;
    Ok(bytes)
}

/// Checks key file, store and mark as a start does, and every page of the store.
///
/// # Errors
/// [`OpenError`] for what would keep a node from starting.
pub fn check(directory: &Path, settings: &StoreSettings) -> Result<Checked, OpenError> {
    let place = Place::new(Directory::open(directory)?, settings);
    let mark = place.read_mark()?;
    let store = existing_store(&place)?;
    let roots = place.roots()?.roots.len();
    let (mut database, state) = database::open(&store, &place.restore)?;
    let file = place.mark_place(settings)?.file;
    place.check(&state, mark, file, settings.clock.now())?;
    let was_whole = database.check_integrity().map_err(|error| OpenError::NotAStore {
        path: store.clone(),
        reason: error.to_string().into(),
        restore: place.restore.clone(),
    })?;
    Ok(Checked { head: state.head(), was_whole, roots })
}

/// Makes a fresh root seal from the next start on. The others go on opening what they sealed. Returns the new one.
///
/// # Errors
/// [`OpenError`] when the directory is in use, when its key file is not what it must be, and
/// [`OpenError::RootsConfigured`] when it has none of its own.
pub fn rotate_root(directory: &Path, settings: &StoreSettings) -> Result<RootId, OpenError> {
    let place = Place::new(Directory::open(directory)?, settings);
    if let Some(path) = place.configured_roots {
        return Err(OpenError::RootsConfigured { path });
    }
    existing_store(&place)?;
    let mut roots = place.roots()?;
    let root = Root::generate(&*settings.entropy);
    roots.sealing = root.id();
    roots.roots.push(root);
    roots.replace(&place.directory.roots())?;
    Ok(roots.sealing)
}

/// The store, which must be there.
fn existing_store(place: &Place) -> Result<PathBuf, OpenError> {
    let store = place.directory.store();
    if exists(&store)? {
        return Ok(store);
    }
    Err(OpenError::StoreMissing { path: store, restore: place.restore.clone() })
}

fn copy_durably(from: &Path, to: &Path) -> io::Result<u64> {
    let mut source = File::open(from)?;
    let mut target = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    let bytes = io::copy(&mut source, &mut target)?;
    target.sync_all()?;
    Ok(bytes)
}
