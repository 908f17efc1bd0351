//! Embedded stores: memory and redb. Both evaluate the same operations over tables of bytes and differ only in what
//! becomes of a batch (TOKENS §6, §7).

mod batch;
mod embedded;
mod feed;
mod floor;
mod job;
mod key;
mod memory;
mod operation;
mod state;
mod tables;

pub use embedded::Embedded;
pub use memory::MemoryStore;
