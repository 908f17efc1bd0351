//! Embedded stores: memory and redb. Both evaluate the same operations over tables of bytes and differ only in what
//! becomes of a batch (TOKENS §6, §7).

mod batch;
mod care;
mod database;
mod directory;
mod embedded;
mod faulty;
mod feed;
mod floor;
mod hex;
mod job;
mod key;
mod mark;
mod memory;
mod open_error;
mod operation;
pub mod private_file;
mod redb_store;
mod redb_tables;
mod restore;
mod roots;
mod shred;
mod state;
mod tables;
mod writer;

pub use care::{Checked, backup, check, rotate_root};
pub use embedded::Embedded;
pub use faulty::{FaultyDisk, SyncFault};
pub use mark::MarkIdentity;
pub use memory::MemoryStore;
pub use open_error::OpenError;
pub use private_file::PrivateFileError;
pub use redb_store::{Opened, RedbStore, StoreSettings};
pub use restore::{EarlierTokens, restore};
pub use roots::{FormProblem, Roots, RootsError};
pub use writer::OnFatal;
