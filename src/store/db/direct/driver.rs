//! The rest of what sqlx wants of a driver before it lets its values and rows be used. Nobody connects or prepares through it,
//! so those parts are of a type that has no values.

use std::convert::Infallible;
use std::str::FromStr;
use std::time::Duration;

use log::LevelFilter;
use sqlx::error::BoxDynError;
use sqlx::query::{Query, QueryAs, QueryScalar};
use sqlx::{
    Arguments, ConnectOptions, Connection, Database, Either, Encode, Error, FromRow, IntoArguments, SqlStr, Statement,
    Transaction, Type,
};
use sqlx_core::transaction::TransactionManager;
use url::Url;

use super::row::{Column, Row};
use super::value::{Kind, Value};

/// SQLite, used by the thread that asks.
#[derive(Debug)]
pub struct Direct;

impl Database for Direct {
    type Connection = Nowhere;
    type TransactionManager = Nowhere;
    type Row = Row;
    type QueryResult = ();
    type Column = Column;
    type TypeInfo = Kind;
    type Value = Value;
    type ValueRef<'r> = &'r Value;
    type Arguments = Values;
    type ArgumentBuffer = Vec<Value>;
    type Statement = Nowhere;

    const NAME: &'static str = "SQLite";
    const URL_SCHEMES: &'static [&'static str] = &[];
}

/// The values of a statement.
#[derive(Default)]
pub struct Values(Vec<Value>);

impl Arguments for Values {
    type Database = Direct;

    fn reserve(&mut self, additional: usize, _size: usize) {
        self.0.reserve(additional);
    }

    fn add<'t, T: Encode<'t, Direct> + Type<Direct>>(&mut self, value: T) -> Result<(), BoxDynError> {
        value.encode(&mut self.0).map(drop)
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

impl Values {
    /// The value of `$n`, counted from 1.
    pub(super) fn get(&self, n: usize) -> Option<&Value> {
        self.0.get(n.checked_sub(1)?)
    }
}

/// What there is none of.
#[derive(Clone, Debug)]
pub struct Nowhere(Infallible);

impl Connection for Nowhere {
    type Database = Direct;
    type Options = Self;

    async fn close(self) -> Result<(), Error> {
        match self.0 {}
    }

    async fn close_hard(self) -> Result<(), Error> {
        match self.0 {}
    }

    async fn ping(&mut self) -> Result<(), Error> {
        match self.0 {}
    }

    async fn begin(&mut self) -> Result<Transaction<'_, Direct>, Error> {
        match self.0 {}
    }

    fn shrink_buffers(&mut self) {
        match self.0 {}
    }

    async fn flush(&mut self) -> Result<(), Error> {
        match self.0 {}
    }

    fn should_flush(&self) -> bool {
        match self.0 {}
    }
}

impl FromStr for Nowhere {
    type Err = Error;

    fn from_str(_: &str) -> Result<Self, Error> {
        Err(Error::Configuration("nobody connects so".into()))
    }
}

impl ConnectOptions for Nowhere {
    type Connection = Self;

    fn from_url(_: &Url) -> Result<Self, Error> {
        Self::from_str("")
    }

    async fn connect(&self) -> Result<Self, Error> {
        match self.0 {}
    }

    fn log_statements(self, _: LevelFilter) -> Self {
        match self.0 {}
    }

    fn log_slow_statements(self, _: LevelFilter, _: Duration) -> Self {
        match self.0 {}
    }
}

impl TransactionManager for Nowhere {
    type Database = Direct;

    async fn begin(on: &mut Nowhere, _: Option<SqlStr>) -> Result<(), Error> {
        match on.0 {}
    }

    async fn commit(on: &mut Nowhere) -> Result<(), Error> {
        match on.0 {}
    }

    async fn rollback(on: &mut Nowhere) -> Result<(), Error> {
        match on.0 {}
    }

    fn start_rollback(on: &mut Nowhere) {
        match on.0 {}
    }

    fn get_transaction_depth(on: &Nowhere) -> usize {
        match on.0 {}
    }
}

impl Statement for Nowhere {
    type Database = Direct;

    fn into_sql(self) -> SqlStr {
        match self.0 {}
    }

    fn sql(&self) -> &SqlStr {
        match self.0 {}
    }

    fn parameters(&self) -> Option<Either<&[Kind], usize>> {
        match self.0 {}
    }

    fn columns(&self) -> &[Column] {
        match self.0 {}
    }

    fn query(&self) -> Query<'_, Direct, Values> {
        match self.0 {}
    }

    fn query_with<A: IntoArguments<Direct>>(&self, _: A) -> Query<'_, Direct, A> {
        match self.0 {}
    }

    fn query_as<O: for<'r> FromRow<'r, Row>>(&self) -> QueryAs<'_, Direct, O, Values> {
        match self.0 {}
    }

    fn query_as_with<'s, O, A>(&'s self, _: A) -> QueryAs<'s, Direct, O, A>
    where
        O: for<'r> FromRow<'r, Row>,
        A: IntoArguments<Direct>,
    {
        match self.0 {}
    }

    fn query_scalar<O>(&self) -> QueryScalar<'_, Direct, O, Values>
    where
        (O,): for<'r> FromRow<'r, Row>,
    {
        match self.0 {}
    }

    fn query_scalar_with<'s, O, A>(&'s self, _: A) -> QueryScalar<'s, Direct, O, A>
    where
        (O,): for<'r> FromRow<'r, Row>,
        A: IntoArguments<Direct>,
    {
        match self.0 {}
    }
}
