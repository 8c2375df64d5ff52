//! The columns of a row, one after the other.

use std::error::Error;
use std::str::FromStr;

use rusqlite::Row;
use rusqlite::types::{FromSql, Value};

use crate::row::{self, count};
use crate::{StoreError, row::unsigned_if_known};

/// The columns of a row, from the first on. So a group of columns is written and read in the same order, and needs no
/// numbers.
pub(super) struct Columns<'r, 'stmt> {
    row: &'r Row<'stmt>,
    next: usize,
}

impl<'r, 'stmt> Columns<'r, 'stmt> {
    /// Those behind the first `identity` columns, which say whose row it is.
    pub(super) fn behind(identity: usize, row: &'r Row<'stmt>) -> Columns<'r, 'stmt> {
        Columns { row, next: identity }
    }

    /// The next one as it is.
    pub(super) fn get<T: FromSql>(&mut self) -> rusqlite::Result<T> {
        self.row.get(self.index())
    }

    /// The next one, a count.
    pub(super) fn count<T: TryFrom<i64>>(&mut self) -> rusqlite::Result<Option<T>> {
        unsigned_if_known(self.row, self.index())
    }

    /// The next one, a count that is always known.
    pub(super) fn known_count<T: TryFrom<i64>>(&mut self) -> rusqlite::Result<T> {
        row::unsigned(self.row, self.index())
    }

    /// The next one, a text of a closed list.
    pub(super) fn parsed<T>(&mut self) -> rusqlite::Result<T>
    where
        T: FromStr<Err: Error + Send + Sync + 'static>,
    {
        row::parsed(self.row, self.index())
    }

    /// Passes over so many that follow from others.
    pub(super) fn skip(&mut self, columns: usize) {
        self.next += columns;
    }

    fn index(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }
}

/// A count as the database holds it, if it is known.
pub(super) fn whole(value: Option<u64>, what: &'static str) -> Result<Value, StoreError> {
    Ok(value.map(|value| count(value, what)).transpose()?.into())
}
