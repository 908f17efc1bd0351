//! The one row that changes with every commit: identity, counters, time floor and sizes of the store (TOKENS §1, §2, §4).

use crate::tables::{Failure, Table};
use dormouse_token::{Head, StoreEpoch, StoreStatistics, Timestamp};
use minicbor::{Decoder, Encoder};

/// What a store knows of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Identity of the store since its creation or last restoration.
    pub epoch: StoreEpoch,
    /// The last number given to a cut-off or burn.
    pub cut_off: u64,
    /// Number of commits. What the mark is compared with, and what orders the feed.
    pub commits: u64,
    /// No expiry happens past this instant. Never decreases.
    pub floor: Timestamp,
    /// Whether a mark was written for this epoch. Until then no operation is served.
    pub is_marked: bool,
    /// Entries and bytes of each table, by its number.
    pub sizes: [Size; Table::ALL.len()],
}

/// Size of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Number of entries.
    pub entries: u64,
    /// Bytes of keys and values.
    pub bytes: u64,
}

impl State {
    /// A new store.
    pub const fn new(epoch: StoreEpoch, now: Timestamp) -> Self {
        Self {
            epoch,
            cut_off: 0,
            commits: 0,
            floor: now,
            is_marked: false,
            sizes: [Size { entries: 0, bytes: 0 }; Table::ALL.len()],
        }
    }

    /// The state of the cut-off sequence.
    pub const fn head(&self) -> Head {
        Head { epoch: self.epoch, cut_off: self.cut_off }
    }

    /// Size of one table.
    pub fn size(&self, table: Table) -> Size {
        self.sizes.get(usize::from(table.number())).copied().unwrap_or_default()
    }

    /// Size of one table, to be changed.
    pub fn size_mut(&mut self, table: Table) -> Option<&mut Size> {
        self.sizes.get_mut(usize::from(table.number()))
    }

    /// What the store holds.
    pub fn statistics(&self, file_bytes: u64) -> StoreStatistics {
        let entries = |table| self.size(table).entries;
        StoreStatistics {
            families: entries(Table::Families),
            code_marks: entries(Table::CodeMarks),
            imports: entries(Table::Imports),
            overflows: entries(Table::Overflows),
            cut_offs: entries(Table::CutOffs),
            documents: entries(Table::Documents),
            counters: entries(Table::Counters),
            token_bytes: TOKEN_TABLES.iter().map(|table| self.size(*table).bytes).sum(),
            file_bytes,
        }
    }

    /// CBOR form.
    pub fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(160);
        let written = write(&self, &mut Encoder::new(&mut bytes));
        debug_assert!(written.is_ok(), "writing to a Vec cannot fail");
        bytes
    }

    /// The inverse of [`State::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Failure> {
        read(&mut Decoder::new(bytes)).ok().flatten().ok_or_else(|| Failure::corrupt(Table::State))
    }
}

fn write(
    state: &State,
    out: &mut Encoder<&mut Vec<u8>>,
) -> Result<(), minicbor::encode::Error<std::convert::Infallible>> {
    out.array(7)?.u32(FORMAT)?.bytes(&state.epoch.0)?.u64(state.cut_off)?.u64(state.commits)?;
    out.u64(state.floor.as_ms())?.bool(state.is_marked)?.array(state.sizes.len() as u64 * 2)?;
    for size in &state.sizes {
        out.u64(size.entries)?.u64(size.bytes)?;
    }
    Ok(())
}

fn read(input: &mut Decoder<'_>) -> Result<Option<State>, minicbor::decode::Error> {
    if input.array()? != Some(7) || input.u32()? != FORMAT {
        return Ok(None);
    }
    let Ok(epoch) = input.bytes()?.try_into() else {
        return Ok(None);
    };
    let mut state = State::new(StoreEpoch(epoch), Timestamp::EPOCH);
    state.cut_off = input.u64()?;
    state.commits = input.u64()?;
    state.floor = Timestamp::from_ms(input.u64()?);
    state.is_marked = input.bool()?;
    if input.array()? != Some(state.sizes.len() as u64 * 2) {
        return Ok(None);
    }
    for size in &mut state.sizes {
        *size = Size { entries: input.u64()?, bytes: input.u64()? };
    }
    Ok(Some(state))
}

/// The key of the one row.
pub(crate) const STATE_KEY: &[u8] = b"state";

/// Raised when older versions could misread what is written.
const FORMAT: u32 = 1;

/// The tables that tokens may cost something in.
const TOKEN_TABLES: [Table; 5] =
    [Table::Families, Table::CodeMarks, Table::Imports, Table::Overflows, Table::TokenExpiry];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_round_trip() {
        let mut state = State::new(StoreEpoch([7; 16]), Timestamp::from_ms(5));
        state.cut_off = 1 << 40;
        state.commits = 9;
        state.is_marked = true;
        state.sizes[3] = Size { entries: 2, bytes: 300 };
        let bytes = state.to_bytes();
        assert_eq!(State::from_bytes(&bytes), Ok(state));
        assert!(State::from_bytes(&bytes[..bytes.len() - 1]).is_err());
        assert!(State::from_bytes(b"").is_err());
    }
}
