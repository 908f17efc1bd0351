//! Tables of bytes over transactions of redb.

use crate::tables::{Entry, Failure, ReadTables, Table, WriteTables};
use redb::{ReadOnlyTable, ReadTransaction, ReadableTable, TableDefinition, WriteTransaction};

/// Each table's definition, by its number.
const fn definition(table: Table) -> TableDefinition<'static, &'static [u8], &'static [u8]> {
    TableDefinition::new(match table {
        Table::Families => "families",
        Table::CodeMarks => "code_marks",
        Table::Imports => "imports",
        Table::Overflows => "overflows",
        Table::TokenExpiry => "token_expiry",
        Table::CutOffs => "cut_offs",
        Table::CutOffExpiry => "cut_off_expiry",
        Table::Documents => "documents",
        Table::Counters => "counters",
        Table::State => "state",
    })
}

/// The tables of a snapshot, each opened when it is first read.
pub(crate) struct Snapshot<'t> {
    transaction: &'t ReadTransaction,
    open: [Option<ReadOnlyTable<&'static [u8], &'static [u8]>>; Table::ALL.len()],
}

impl<'t> Snapshot<'t> {
    pub(crate) const fn new(transaction: &'t ReadTransaction) -> Self {
        Self { transaction, open: [const { None }; Table::ALL.len()] }
    }

    fn table(&mut self, table: Table) -> Result<&ReadOnlyTable<&'static [u8], &'static [u8]>, Failure> {
        let slot = self.open.get_mut(usize::from(table.number())).ok_or_else(|| Failure::corrupt(table))?;
        if slot.is_none() {
            *slot = Some(self.transaction.open_table(definition(table)).map_err(Failure::broken)?);
        }
        slot.as_ref().ok_or_else(|| Failure::corrupt(table))
    }
}

impl ReadTables for Snapshot<'_> {
    fn get(&mut self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        get(self.table(table)?, key)
    }

    fn scan(&mut self, table: Table, from: &[u8], limit: usize) -> Result<Vec<Entry>, Failure> {
        scan(self.table(table)?, from, limit)
    }
}

/// The tables of a write transaction, each opened when it is first used. Dropped before the commit.
pub(crate) struct OpenTables<'t> {
    transaction: &'t WriteTransaction,
    open: [Option<redb::Table<'t, &'static [u8], &'static [u8]>>; Table::ALL.len()],
}

impl<'t> OpenTables<'t> {
    pub(crate) const fn new(transaction: &'t WriteTransaction) -> Self {
        Self { transaction, open: [const { None }; Table::ALL.len()] }
    }

    /// Makes a table that does not exist yet.
    pub(crate) fn create(&mut self, table: Table) -> Result<(), Failure> {
        self.table(table).map(drop)
    }

    fn table(&mut self, table: Table) -> Result<&mut redb::Table<'t, &'static [u8], &'static [u8]>, Failure> {
        let slot = self.open.get_mut(usize::from(table.number())).ok_or_else(|| Failure::corrupt(table))?;
        if slot.is_none() {
            *slot = Some(self.transaction.open_table(definition(table)).map_err(Failure::broken)?);
        }
        slot.as_mut().ok_or_else(|| Failure::corrupt(table))
    }
}

impl ReadTables for OpenTables<'_> {
    fn get(&mut self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        get(self.table(table)?, key)
    }

    fn scan(&mut self, table: Table, from: &[u8], limit: usize) -> Result<Vec<Entry>, Failure> {
        scan(self.table(table)?, from, limit)
    }
}

impl WriteTables for OpenTables<'_> {
    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<Option<usize>, Failure> {
        let old = self.table(table)?.insert(key, value).map_err(Failure::broken)?;
        Ok(old.map(|old| old.value().len()))
    }

    fn remove(&mut self, table: Table, key: &[u8]) -> Result<Option<usize>, Failure> {
        let old = self.table(table)?.remove(key).map_err(Failure::broken)?;
        Ok(old.map(|old| old.value().len()))
    }
}

fn get(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    key: &[u8],
) -> Result<Option<Vec<u8>>, Failure> {
    Ok(table.get(key).map_err(Failure::broken)?.map(|value| value.value().to_vec()))
}

fn scan(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    from: &[u8],
    limit: usize,
) -> Result<Vec<Entry>, Failure> {
    let range = table.range(from..).map_err(Failure::broken)?;
    range
        .take(limit)
        .map(|entry| {
            let (key, value) = entry.map_err(Failure::broken)?;
            Ok((key.value().to_vec(), value.value().to_vec()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use redb::ReadableDatabase;
    use redb::backends::InMemoryBackend;
    use std::collections::BTreeMap;

    #[derive(Clone, Debug)]
    enum Step {
        Put(Vec<u8>, Vec<u8>),
        Remove(Vec<u8>),
        Get(Vec<u8>),
        Scan(Vec<u8>, usize),
        Commit,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        // Short keys, so that steps meet.
        let key = || prop::collection::vec(prop::sample::select(vec![0_u8, 1, 255]), 0..3);
        let value = prop::collection::vec(any::<u8>(), 0..4);
        let step = prop_oneof![
            (key(), value).prop_map(|(key, value)| Step::Put(key, value)),
            key().prop_map(Step::Remove),
            key().prop_map(Step::Get),
            (key(), 0_usize..5).prop_map(|(from, limit)| Step::Scan(from, limit)),
            Just(Step::Commit),
        ];
        prop::collection::vec(step, 0..60)
    }

    fn expected(model: &BTreeMap<Vec<u8>, Vec<u8>>, from: &[u8], limit: usize) -> Vec<Entry> {
        model.range(from.to_vec()..).take(limit).map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    proptest! {
        /// Both backends offer the same tables: this one is held against the map that the other is made of.
        #[test]
        fn tables_behave_as_a_map(steps in steps()) {
            let database = redb::Builder::new().create_with_backend(InMemoryBackend::new()).unwrap();
            let mut model = BTreeMap::new();
            for steps in steps.split(|step| matches!(step, Step::Commit)) {
                let transaction = database.begin_write().unwrap();
                let mut tables = OpenTables::new(&transaction);
                tables.create(Table::Imports).unwrap();
                for step in steps {
                    match step {
                        Step::Put(key, value) => {
                            let old = model.insert(key.clone(), value.clone()).map(|old| old.len());
                            prop_assert_eq!(tables.put(Table::Imports, key, value).unwrap(), old);
                        }
                        Step::Remove(key) => {
                            let old = model.remove(key).map(|old| old.len());
                            prop_assert_eq!(tables.remove(Table::Imports, key).unwrap(), old);
                        }
                        Step::Get(key) => {
                            prop_assert_eq!(tables.get(Table::Imports, key).unwrap(), model.get(key).cloned());
                        }
                        Step::Scan(from, limit) => {
                            let found = tables.scan(Table::Imports, from, *limit).unwrap();
                            prop_assert_eq!(found, expected(&model, from, *limit));
                        }
                        Step::Commit => {}
                    }
                }
                drop(tables);
                transaction.commit().unwrap();
                let snapshot = database.begin_read().unwrap();
                let mut snapshot = Snapshot::new(&snapshot);
                let found = snapshot.scan(Table::Imports, &[], usize::MAX).unwrap();
                prop_assert_eq!(found, expected(&model, &[], usize::MAX));
            }
        }
    }
}
