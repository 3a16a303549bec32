//! One statement: its text, its values, and what is wanted of it.

use sqlx::error::BoxDynError;
use sqlx::postgres::PgArguments;
use sqlx::{Arguments, Encode, Type};

use super::bind::{Bind, Record};
use super::direct::{Connection, Error, Values};
use super::fault::Fault;
use super::postgres;

/// A statement that waits for its values. Its text is a literal, with `$1`, `$2`, … where the values go.
#[must_use = "a statement does nothing until it is run"]
pub struct Query<'c> {
    text: &'static str,
    line: Line<'c>,
    bound: Result<(), BoxDynError>,
    spoiled: Option<&'c mut bool>,
}

/// Where the statement will go, and the values it has so far.
enum Line<'c> {
    Sqlite(On<'c>, Values),
    Postgres(&'c mut Option<postgres::Connection>, PgArguments),
}

/// Through which connection to a SQLite file.
pub(super) enum On<'c> {
    Connection(&'c mut Connection),
    Held(&'c mut Option<Connection>, Haste),
}

/// Where a statement for SQLite runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Haste {
    /// On the thread that asks: it takes some microseconds.
    Here,
    /// On a thread that may wait.
    Apart,
}

impl On<'_> {
    async fn run<T, F>(self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, Error> + Send + 'static,
    {
        match self {
            Self::Connection(connection) => work(connection),
            Self::Held(held, Haste::Here) => held.as_mut().map_or(Err(Error::Lost), work),
            Self::Held(held, Haste::Apart) => Connection::apart(held, work).await,
        }
    }
}

impl<'c> Query<'c> {
    pub(super) fn sqlite(on: On<'c>, text: &'static str) -> Self {
        Self { text, line: Line::Sqlite(on, Values::default()), bound: Ok(()), spoiled: None }
    }

    pub(super) fn postgres(on: &'c mut Option<postgres::Connection>, text: &'static str) -> Self {
        Self { text, line: Line::Postgres(on, PgArguments::default()), bound: Ok(()), spoiled: None }
    }

    /// Raises the flag when the statement fails, and refuses to run when it is up already.
    pub(super) fn spoiling(self, flag: &'c mut bool) -> Self {
        Self { spoiled: Some(flag), ..self }
    }

    /// The next value, in the order of the placeholders.
    pub fn bind(mut self, value: impl Bind) -> Self {
        let added = match &mut self.line {
            Line::Sqlite(_, values) => add(values, value.column()),
            Line::Postgres(_, values) => add(values, value.column()),
        };
        self.bound = self.bound.and(added);
        self
    }

    /// How many rows it changed.
    pub async fn execute(self) -> Result<u64, Fault> {
        let (text, line, verdict) = self.ready()?;
        let result = match line {
            Line::Sqlite(on, values) => {
                return verdict.on(on.run(move |connection| connection.execute(text, &values)).await);
            }
            Line::Postgres(on, values) => {
                postgres::Connection::run(on, async |on| sqlx::query_with(text, values).execute(on).await).await
            }
        };
        verdict.on(result.map(|done| done.rows_affected()))
    }

    /// The first row, if there is one.
    pub async fn optional<R: Record>(self) -> Result<Option<R>, Fault> {
        let (text, line, verdict) = self.ready()?;
        let result = match line {
            Line::Sqlite(on, values) => {
                let found = on.run(move |connection| rows(connection, text, &values, Some(1))).await;
                return verdict.on(found.map(|mut found| found.pop()));
            }
            Line::Postgres(on, values) => {
                postgres::Connection::run(on, async |on| sqlx::query_as_with(text, values).fetch_optional(on).await)
                    .await
            }
        };
        verdict.on(result)
    }

    /// Every row.
    pub async fn all<R: Record>(self) -> Result<Vec<R>, Fault> {
        let (text, line, verdict) = self.ready()?;
        let result = match line {
            Line::Sqlite(on, values) => {
                return verdict.on(on.run(move |connection| rows(connection, text, &values, None)).await);
            }
            Line::Postgres(on, values) => {
                postgres::Connection::run(on, async |on| sqlx::query_as_with(text, values).fetch_all(on).await).await
            }
        };
        verdict.on(result)
    }

    /// The first row of a statement that always has one.
    pub async fn one<R: Record>(self) -> Result<R, Fault> {
        let text = self.text;
        self.optional().await?.ok_or_else(|| Fault::new(format!("no row from: {}", brief(text))))
    }

    /// The first column of a statement that always has a row.
    pub async fn scalar<T>(self) -> Result<T, Fault>
    where
        (T,): Record,
    {
        self.one::<(T,)>().await.map(|(value,)| value)
    }

    fn ready(self) -> Result<(&'static str, Line<'c>, Verdict<'c>), Fault> {
        let verdict = Verdict { text: self.text, spoiled: self.spoiled };
        if verdict.spoiled.as_deref() == Some(&true) {
            return Err(Fault::new(format!("an earlier statement failed, so this was not run: {}", brief(self.text))));
        }
        let verdict = verdict.checked(self.bound)?;
        Ok((self.text, self.line, verdict))
    }
}

/// The rows of a statement that SQLite runs here and now, all or so many.
fn rows<R: Record>(
    on: &mut Connection,
    text: &'static str,
    values: &Values,
    most: Option<usize>,
) -> Result<Vec<R>, Error> {
    let mut found = Vec::new();
    on.each(text, values, |row| {
        found.push(R::from_row(&row)?);
        Ok(most.is_none_or(|most| found.len() < most))
    })?;
    Ok(found)
}

fn add<'q, A: Arguments, V: Encode<'q, A::Database> + Type<A::Database>>(
    to: &mut A,
    value: V,
) -> Result<(), BoxDynError> {
    to.add(value)
}

/// Judges how a statement ended.
struct Verdict<'c> {
    text: &'static str,
    spoiled: Option<&'c mut bool>,
}

impl Verdict<'_> {
    fn checked(mut self, bound: Result<(), BoxDynError>) -> Result<Self, Fault> {
        match bound {
            Ok(()) => Ok(self),
            Err(cause) => Err(self.fault(sqlx::Error::Encode(cause))),
        }
    }

    fn on<T, E: std::error::Error + Send + Sync + 'static>(mut self, result: Result<T, E>) -> Result<T, Fault> {
        result.map_err(|cause| self.fault(cause))
    }

    fn fault(&mut self, cause: impl std::error::Error + Send + Sync + 'static) -> Fault {
        if let Some(spoiled) = self.spoiled.as_deref_mut() {
            *spoiled = true;
        }
        Fault::because(format!("statement failed: {}", brief(self.text)), cause)
    }
}

/// A statement on one line.
fn brief(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
