//! `dormouse store restore`: makes a store servable again that was lost, put back, moved, or whose clock was wrong
//! (TOKENS §1 "store epoch", §5 "Roll-back").

use crate::database;
use crate::directory::{Directory, exists};
use crate::mark::Mark;
use crate::open_error::OpenError;
use crate::redb_store::{Place, StoreSettings};
use crate::roots::Roots;
use crate::tables::Failure;
use dormouse_token::Head;
use std::fs;
use std::io;
use std::path::Path;

/// What becomes of the tokens from before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EarlierTokens {
    /// A new epoch is drawn, and none of them opens any more.
    Refused,
    /// The epoch stays. Whatever the store has forgotten is forgotten: revoked tokens may live again. The cut-off counter is
    /// raised by 2^32, so that nothing from before claims to have seen what comes.
    Kept,
}

/// Restores the store of a data directory that no process serves, and writes its mark anew.
///
/// With [`EarlierTokens::Refused`] the time floor begins at the present clock, a missing store is begun anew, and a missing
/// key file is replaced by a new one. A store whose key file is missing is put aside under another name and begun anew too:
/// nothing that is sealed in it can be read.
///
/// # Errors
/// [`OpenError`] when the directory is in use or its files are not readable, and [`OpenError::NothingToKeep`] when tokens
/// shall be kept of a store that never served.
pub fn restore(directory: &Path, tokens: EarlierTokens, settings: &StoreSettings) -> Result<Head, OpenError> {
    let place = Place::new(Directory::open(directory)?, settings);
    match tokens {
        EarlierTokens::Refused => refuse_earlier(&place, settings),
        EarlierTokens::Kept => keep_earlier(&place, settings),
    }
}

fn refuse_earlier(place: &Place, settings: &StoreSettings) -> Result<Head, OpenError> {
    let (roots, store, now) = (place.directory.roots(), place.directory.store(), settings.clock.now());
    if place.configured_roots.is_some() || exists(&roots)? {
        place.roots()?;
    } else {
        if exists(&store)? {
            put_aside(&store)?;
        }
        Roots::create(&roots, &*settings.entropy)?;
    }
    let (database, mut state) = if exists(&store)? {
        database::open(&store, &place.restore)?
    } else {
        // The mark speaks of the store that was lost. Without it, a crash from here on leaves a new store that is begun again.
        remove(&place.mark)?;
        database::create(&store, now)?
    };
    // From this commit on the store has no epoch that it may serve under, whatever becomes of the mark.
    state.is_marked = false;
    state.floor = now;
    let failed =
        |failure: Failure| OpenError::Unusable { path: store.clone(), source: io::Error::other(failure) };
    let state = database::commit(&database, state).map_err(failed)?;
    let mark = place.mark_place(settings)?;
    Ok(database::begin_epoch(&database, state, Some(&mark), &*settings.entropy)?.head())
}

fn keep_earlier(place: &Place, settings: &StoreSettings) -> Result<Head, OpenError> {
    let store = place.directory.store();
    let nothing = || OpenError::NothingToKeep(place.directory.path.clone());
    if !exists(&store)? {
        return Err(nothing());
    }
    place.roots()?;
    let (database, mut state) = database::open(&store, &place.restore)?;
    if !state.is_marked {
        return Err(nothing());
    }
    state.cut_off = state.cut_off.saturating_add(RAISED_BY);
    let failed =
        |failure: Failure| OpenError::Unusable { path: store.clone(), source: io::Error::other(failure) };
    let state = database::commit(&database, state).map_err(failed)?;
    let mark = place.mark_place(settings)?;
    Mark::of(&state, mark.file).write(&mark.path).map_err(OpenError::MarkUnwritable)?;
    Ok(state.head())
}

/// A store whose key file is lost: its secrets open for nobody, so that no node could start on it. It is not deleted, for
/// the key file may be found yet.
fn put_aside(store: &Path) -> Result<(), OpenError> {
    let aside = (1..).map(|number| store.with_extension(format!("redb.unreadable-{number}")));
    for path in aside {
        if !exists(&path)? {
            return fs::rename(store, &path).map_err(|source| OpenError::Unusable { path, source });
        }
    }
    Ok(())
}

fn remove(path: &Path) -> Result<(), OpenError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(OpenError::Unusable { path: path.into(), source })
        }
        _ => Ok(()),
    }
}

/// More cut-offs than a lost store can have numbered since the copy was made.
const RAISED_BY: u64 = 1 << 32;
