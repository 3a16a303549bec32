//! A row, and the columns that all rows of a statement have in common.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::{ColumnIndex, Error, Row as _};

use super::driver::Direct;
use super::value::{Kind, Value};

/// A row, read to its end.
pub struct Row {
    columns: Arc<Columns>,
    values: Vec<Value>,
}

pub(super) struct Columns {
    list: Vec<Column>,
    places: HashMap<String, usize>,
}

#[derive(Debug)]
pub struct Column {
    ordinal: usize,
    name: String,
}

impl Columns {
    /// Of columns with the same name the first is found.
    pub(super) fn named(names: &[&str]) -> Self {
        let list: Vec<_> =
            names.iter().enumerate().map(|(ordinal, name)| Column { ordinal, name: (*name).to_owned() }).collect();
        let places = list.iter().rev().map(|column| (column.name.clone(), column.ordinal)).collect();
        Self { list, places }
    }
}

impl Row {
    pub(super) fn read(columns: &Arc<Columns>, row: &rusqlite::Row<'_>) -> Result<Self, rusqlite::Error> {
        let value = |column: &Column| row.get(column.ordinal).map(Value);
        let values = columns.list.iter().map(value).collect::<Result<_, _>>()?;
        Ok(Self { columns: columns.clone(), values })
    }
}

impl sqlx::Row for Row {
    type Database = Direct;

    fn columns(&self) -> &[Column] {
        &self.columns.list
    }

    fn try_get_raw<I: ColumnIndex<Self>>(&self, index: I) -> Result<&Value, Error> {
        Ok(&self.values[index.index(self)?])
    }
}

impl sqlx::Column for Column {
    type Database = Direct;

    fn ordinal(&self) -> usize {
        self.ordinal
    }

    fn name(&self) -> &str {
        &self.name
    }

    /// SQLite gives types to values, not to columns.
    fn type_info(&self) -> &Kind {
        &Kind::Null
    }
}

impl ColumnIndex<Row> for usize {
    fn index(&self, row: &Row) -> Result<usize, Error> {
        let len = row.len();
        if *self < len { Ok(*self) } else { Err(Error::ColumnIndexOutOfBounds { index: *self, len }) }
    }
}

impl ColumnIndex<Row> for &'_ str {
    fn index(&self, row: &Row) -> Result<usize, Error> {
        row.columns.places.get(*self).copied().ok_or_else(|| Error::ColumnNotFound((*self).to_owned()))
    }
}
