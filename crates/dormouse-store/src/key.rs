//! Keys and small values of the tables, in bytes that order as the things do.

use crate::tables::{Failure, Table};
use dormouse_token::{
    Attempt, CodeMark, Collection, CutOffRow, Document, DocumentKey, RowKey, Target, Timestamp,
};

/// `hour ‖ table ‖ key`: where expiry finds an entry of another table.
pub(crate) fn expiry_key(hour: u32, table: Table, key: &[u8]) -> Vec<u8> {
    [&hour.to_be_bytes()[..], &[table.number()], key].concat()
}

/// The inverse of [`expiry_key`].
pub(crate) fn read_expiry_key(bytes: &[u8]) -> Option<(u32, Table, &[u8])> {
    let (hour, rest) = bytes.split_first_chunk::<4>()?;
    let (table, key) = rest.split_first()?;
    Some((u32::from_be_bytes(*hour), Table::from_number(*table)?, key))
}

/// `attempt ‖ latest expiry ‖ retention`.
pub(crate) fn code_mark_value(mark: &CodeMark) -> Vec<u8> {
    [mark.attempt.0, mark.family_expires_at.as_ms(), mark.retention.as_ms()].map(u64::to_be_bytes).concat()
}

/// The inverse of [`code_mark_value`].
pub(crate) fn read_code_mark(bytes: &[u8]) -> Result<CodeMark, Failure> {
    let malformed = || Failure::corrupt(Table::CodeMarks);
    let ([attempt, family_expires_at, retention], []) = bytes.as_chunks::<8>() else {
        return Err(malformed());
    };
    Ok(CodeMark {
        attempt: Attempt(u64::from_be_bytes(*attempt)),
        family_expires_at: Timestamp::from_ms(u64::from_be_bytes(*family_expires_at)),
        retention: Timestamp::from_ms(u64::from_be_bytes(*retention)),
    })
}

/// Which table holds a row.
pub(crate) const fn row_table(key: &RowKey) -> Table {
    match key {
        RowKey::Import { .. } => Table::Imports,
        RowKey::Overflow { .. } => Table::Overflows,
    }
}

/// What the cut-offs and burns that can replace each other share: the beginning of their keys.
pub(crate) fn cut_off_prefix(row: &CutOffRow) -> Vec<u8> {
    let (kind, parts): (u8, [&[u8]; 2]) = match row {
        CutOffRow::Burn(burn) => (0, [&burn.root.0, &[]]),
        CutOffRow::CutOff(cut_off) => match &cut_off.target {
            Target::Client(name) => (1, [name.as_bytes(), &[]]),
            Target::App(name) => (2, [name.as_bytes(), &[]]),
            Target::User(name) => (3, [name.as_bytes(), &[]]),
            Target::AppUser { app, user } => (4, [app.as_bytes(), user.as_bytes()]),
            Target::Developer(name) => (5, [name.as_bytes(), &[]]),
            Target::Product(name) => (6, [name.as_bytes(), &[]]),
            Target::Organization => (7, [&[], &[]]),
        },
    };
    let mut bytes = vec![kind];
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

/// The key of a cut-off or burn.
pub(crate) fn cut_off_key(row: &CutOffRow) -> Vec<u8> {
    let mut bytes = cut_off_prefix(row);
    bytes.extend_from_slice(&row.number().to_be_bytes());
    bytes
}

/// `collection ‖ name`.
pub(crate) fn document_key(key: &DocumentKey) -> Vec<u8> {
    [&[key.collection as u8], key.name.as_bytes()].concat()
}

/// The inverse of [`document_key`].
pub(crate) fn read_document_key(bytes: &[u8]) -> Result<DocumentKey, Failure> {
    let malformed = || Failure::corrupt(Table::Documents);
    let (number, name) = bytes.split_first().ok_or_else(malformed)?;
    let collection = Collection::ALL.into_iter().find(|it| *it as u8 == *number).ok_or_else(malformed)?;
    Ok(DocumentKey { collection, name: std::str::from_utf8(name).map_err(|_| malformed())?.into() })
}

/// `version ‖ value`.
pub(crate) fn document_value(document: &Document) -> Vec<u8> {
    [&document.version.to_be_bytes()[..], &document.value].concat()
}

/// The inverse of [`document_value`].
pub(crate) fn read_document(bytes: &[u8]) -> Result<Document, Failure> {
    let (version, value) = bytes.split_first_chunk().ok_or_else(|| Failure::corrupt(Table::Documents))?;
    Ok(Document { version: u64::from_be_bytes(*version), value: value.into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use dormouse_token::{CutOff, Reach, Reason};
    use proptest::prelude::*;

    #[test]
    fn expiry_keys_order_by_hour_and_round_trip() {
        let early = expiry_key(1, Table::Overflows, b"z");
        let late = expiry_key(256, Table::Families, b"a");
        assert!(early < late);
        assert_eq!(read_expiry_key(&late), Some((256, Table::Families, &b"a"[..])));
        assert_eq!(read_expiry_key(&late[..4]), None);
        assert_eq!(read_expiry_key(&[0, 0, 0, 0, 99, 1]), None);
    }

    #[test]
    fn targets_never_share_a_prefix() {
        let prefix = |target| {
            cut_off_prefix(&CutOffRow::CutOff(CutOff {
                number: 1,
                target,
                reach: Reach::Both,
                reason: Reason::Token,
                before: None,
                kept_until: Timestamp::EPOCH,
            }))
        };
        let pair = |app: &str, user: &str| prefix(Target::AppUser { app: app.into(), user: user.into() });
        assert_ne!(pair("ab", "c"), pair("a", "bc"));
        assert!(!prefix(Target::Client("ab".into())).starts_with(&prefix(Target::Client("a".into()))));
        assert_ne!(prefix(Target::Client("a".into())), prefix(Target::App("a".into())));
    }

    #[test]
    fn values_round_trip() {
        let mark = CodeMark {
            attempt: Attempt(3),
            family_expires_at: Timestamp::from_ms(4),
            retention: Timestamp::from_ms(5),
        };
        assert_eq!(read_code_mark(&code_mark_value(&mark)), Ok(mark.clone()));
        assert!(read_code_mark(&code_mark_value(&mark)[1..]).is_err());
        let key = DocumentKey { collection: Collection::Apps, name: "ä".into() };
        assert_eq!(read_document_key(&document_key(&key)), Ok(key));
        assert!(read_document_key(&[99, b'a']).is_err());
        let document = Document { version: 7, value: Box::from(*b"v") };
        assert_eq!(read_document(&document_value(&document)), Ok(document));
        assert!(read_document(b"short").is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = (read_expiry_key(&bytes), read_code_mark(&bytes), read_document(&bytes));
            if let Ok(key) = read_document_key(&bytes) {
                prop_assert_eq!(document_key(&key), bytes);
            }
        }
    }
}
