//! Tables with short names for their rows.

use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::Hash,
    ops::{Index, IndexMut},
};

use foldhash::fast::FixedState;

/// A map that is the same in each run of the checker.
pub(super) type Map<K, V> = HashMap<K, V, FixedState>;

/// The number of a row.
pub(super) type Row = u32;

/// No row.
pub(super) const NONE: Row = Row::MAX;

/// Rows that are found by a key, and afterwards by their number.
#[derive(Debug)]
pub(super) struct Rows<K, V> {
    index: Map<K, Row>,
    rows: Vec<V>,
}

impl<K, V> Default for Rows<K, V> {
    fn default() -> Self {
        Self {
            index: Map::default(),
            rows: Vec::new(),
        }
    }
}

impl<K: Hash + Eq, V> Rows<K, V> {
    /// The row of `key`, which is made if there is none.
    pub(super) fn row<Q>(&mut self, key: &Q, new: impl FnOnce() -> (K, V)) -> Row
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        if let Some(row) = self.index.get(key) {
            return *row;
        }
        let row = Row::try_from(self.rows.len()).unwrap_or(NONE);
        let (key, value) = new();
        self.index.insert(key, row);
        self.rows.push(value);
        row
    }

    pub(super) fn find<Q>(&self, key: &Q) -> Option<Row>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.index.get(key).copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &V> {
        self.rows.iter()
    }

    pub(super) fn get(&self, row: Row) -> Option<&V> {
        self.rows.get(row as usize)
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }
}

impl<K, V> Index<Row> for Rows<K, V> {
    type Output = V;

    fn index(&self, row: Row) -> &V {
        &self.rows[row as usize]
    }
}

impl<K, V> IndexMut<Row> for Rows<K, V> {
    fn index_mut(&mut self, row: Row) -> &mut V {
        &mut self.rows[row as usize]
    }
}
