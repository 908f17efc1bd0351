//! The few things that a backend must offer: ordered tables of bytes. Everything above them is shared by all embedded
//! backends, so that they can differ in durability only.

use std::fmt;

/// The tables of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// Family id → record.
    Families,
    /// Family id → attempt, latest expiry, retention: one row per used code.
    CodeMarks,
    /// Row key → row of an imported token.
    Imports,
    /// Row key → row of overflow attributes.
    Overflows,
    /// Retention hour ‖ owning table ‖ its key → nothing: where expiry finds families, code marks, imports and overflows.
    TokenExpiry,
    /// Target ‖ number → cut-off or burn.
    CutOffs,
    /// Retention hour ‖ owning table ‖ its key → nothing: where expiry finds cut-offs.
    CutOffExpiry,
    /// Collection ‖ name → version ‖ value.
    Documents,
    /// Counter key → total.
    Counters,
    /// One row: [`crate::state::State`].
    State,
}

impl Table {
    /// Every table, by ascending number.
    pub const ALL: [Self; 10] = [
        Self::Families,
        Self::CodeMarks,
        Self::Imports,
        Self::Overflows,
        Self::TokenExpiry,
        Self::CutOffs,
        Self::CutOffExpiry,
        Self::Documents,
        Self::Counters,
        Self::State,
    ];

    /// The number that stands for the table inside keys, and its place in [`Table::ALL`].
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The inverse of [`Table::number`].
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

/// A key and its value.
pub(crate) type Entry = (Vec<u8>, Vec<u8>);

/// Reads of one consistent snapshot, or of an open transaction.
pub trait ReadTables {
    /// The value of a key.
    fn get(&mut self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Failure>;

    /// At most `limit` entries whose keys are not less than `from`, ascending.
    fn scan(&mut self, table: Table, from: &[u8], limit: usize) -> Result<Vec<Entry>, Failure>;
}

/// Changes of an open transaction. Both report how many bytes the old value had, if there was one.
pub trait WriteTables: ReadTables {
    /// Sets a key.
    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<Option<usize>, Failure>;

    /// Removes a key.
    fn remove(&mut self, table: Table, key: &[u8]) -> Result<Option<usize>, Failure>;
}

/// Why an operation could not be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// What the operation read was not written by this version. Nothing was changed; other operations can go on.
    #[error("{0}")]
    Corrupt(Box<str>),
    /// The medium failed. No operation of the batch can be kept.
    #[error("{0}")]
    Broken(Box<str>),
}

impl Failure {
    /// Something in a table has not the form that it must have.
    pub fn corrupt(table: Table) -> Self {
        Self::Corrupt(format!("an entry of the table {table:?} has an unknown form").into())
    }

    /// The medium reported an error.
    pub fn broken(error: impl fmt::Display) -> Self {
        Self::Broken(error.to_string().into())
    }
}
