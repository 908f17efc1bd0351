//! The data directory: who may use it, what must be in it, and what is said when it is not.

use crate::support::{change, open, refused, wait};
use dormouse_store::{FormProblem, OpenError, PrivateFileError, RootsError};
use dormouse_token::FamilyStore;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use tempfile::TempDir;

/// A directory in which a store has been served.
fn served() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).unwrap().store;
    wait(store.change_family(change(1, 1))).unwrap();
    directory
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn a_new_directory_is_closed_to_others() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("a/b");
    drop(open(&path).unwrap());
    assert_eq!(mode(&path), 0o700);
    let mut names: Vec<_> = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["lock", "mark", "roots", "store.redb"]);
    for name in names {
        assert_eq!(mode(&path.join(name)), 0o600);
    }
}

#[test]
fn one_process_serves_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    let opened = open(directory.path()).unwrap();
    let error = refused(directory.path());
    assert!(matches!(error, OpenError::InUse(_)));
    assert!(error.to_string().contains("in use by another process"), "{error}");
    drop(opened);
    assert!(open(directory.path()).is_ok(), "free again");
}

#[test]
fn a_directory_that_cannot_be_used_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(matches!(refused(&file), OpenError::NotADirectory(_)));
    assert!(matches!(refused(&file.join("below")), OpenError::Unusable { .. }));
    // Nobody, not even root, can make files in these.
    for path in ["/proc/dormouse", "/proc/self"] {
        let error = refused(Path::new(path));
        assert!(matches!(error, OpenError::Unusable { .. }));
        assert!(error.to_string().starts_with(path), "{error}");
    }
}

#[test]
fn a_file_that_is_no_store_is_refused_and_kept() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.redb");
    for content in [vec![], b"x".to_vec(), b"redb".to_vec(), vec![0; 5000], vec![0xff; 100_000]] {
        fs::write(&path, &content).unwrap();
        fs::write(directory.path().join("roots"), format!("dormouse-roots-1\n{} seal\n", "ab".repeat(32)))
            .unwrap();
        fs::set_permissions(directory.path().join("roots"), fs::Permissions::from_mode(0o600)).unwrap();
        let error = refused(directory.path());
        assert!(matches!(error, OpenError::NotAStore { .. }), "{error:?}");
        assert!(error.to_string().contains("store restore --data"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), content, "it was left alone");
    }
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(matches!(refused(directory.path()), OpenError::Unusable { .. } | OpenError::NotAStore { .. }));
}

#[test]
fn a_database_of_another_program_is_refused() {
    let directory = served();
    let path = directory.path().join("store.redb");
    fs::remove_file(&path).unwrap();
    let database = redb::Database::create(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(redb::TableDefinition::<u64, u64>::new("state")).unwrap();
    transaction.commit().unwrap();
    drop(database);
    assert!(matches!(refused(directory.path()), OpenError::NotAStore { .. }));
}

#[test]
fn a_lost_key_file_is_never_replaced_in_silence() {
    let directory = served();
    let path = directory.path().join("roots");
    fs::remove_file(&path).unwrap();
    let error = refused(directory.path());
    assert!(matches!(error, OpenError::RootsMissing { .. }));
    assert!(error.to_string().contains("dormouse store restore --data"), "{error}");
    assert!(!path.exists());
}

#[test]
fn a_key_file_that_others_reach_is_refused() {
    let directory = served();
    let path = directory.path().join("roots");
    let file_error = || match refused(directory.path()) {
        OpenError::Roots(RootsError::File(error)) => error,
        error => panic!("{error}"),
    };
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(file_error(), PrivateFileError::TooOpen { mode: 0o644, .. }));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    fs::hard_link(&path, directory.path().join("copy")).unwrap();
    assert!(matches!(file_error(), PrivateFileError::Linked { links: 2, .. }));
    fs::remove_file(&path).unwrap();
    symlink(directory.path().join("copy"), &path).unwrap();
    assert!(matches!(file_error(), PrivateFileError::SymbolicLink(_)));
    fs::remove_file(directory.path().join("copy")).unwrap();
    assert!(
        matches!(file_error(), PrivateFileError::SymbolicLink(_)),
        "a dangling link is not an absent file"
    );
}

#[test]
fn a_short_key_file_is_refused() {
    let directory = served();
    let path = directory.path().join("roots");
    let whole = fs::read(&path).unwrap();
    for len in 0..whole.len() {
        fs::write(&path, &whole[..len]).unwrap();
        assert!(
            matches!(refused(directory.path()), OpenError::Roots(RootsError::Form { .. })),
            "{len} bytes"
        );
    }
    fs::write(&path, &whole[..40]).unwrap();
    let OpenError::Roots(RootsError::Form { problem, .. }) = refused(directory.path()) else {
        panic!("another error");
    };
    assert_eq!(problem, FormProblem::Unfinished);
    fs::write(&path, &whole).unwrap();
    assert!(open(directory.path()).is_ok());
}
