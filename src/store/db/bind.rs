//! Which values go into a statement and come out of a row on both engines.

use std::convert::identity;

use chrono::{Datelike, SecondsFormat};
use serde_json::Value;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgRow, PgTypeInfo};
use sqlx::types::Json;
use sqlx::{Encode, FromRow, Postgres, Type};
use uuid::Uuid;

use super::direct::{Direct, Kind, Row, Value as Cell};
use crate::base::clock::{Time, to_micros};

/// A value that can stand for a `$n`. An absent one is a typed `None`, so that `$1 IS NULL` works on both engines.
pub trait Bind {
    /// What the drivers are given.
    type Column: Portable;

    fn column(self) -> Self::Column;
}

/// A value that both drivers can write.
pub trait Portable: for<'q> Encode<'q, Direct> + Type<Direct> + for<'q> Encode<'q, Postgres> + Type<Postgres> {}

impl<T> Portable for T where T: for<'q> Encode<'q, Direct> + Type<Direct> + for<'q> Encode<'q, Postgres> + Type<Postgres>
{}

/// A row that both engines can produce; `#[derive(sqlx::FromRow)]` makes one.
pub trait Record: for<'r> FromRow<'r, Row> + for<'r> FromRow<'r, PgRow> + Send + Unpin + 'static {}

impl<T> Record for T where T: for<'r> FromRow<'r, Row> + for<'r> FromRow<'r, PgRow> + Send + Unpin + 'static {}

/// Values that are given as they are, or after one step.
macro_rules! binds {
    ($($given:ty => $column:ty: $step:expr;)*) => {$(
        impl Bind for $given {
            type Column = $column;

            fn column(self) -> $column {
                $step(self)
            }
        }
    )*};
}

binds! {
    bool => bool: identity;
    i64 => i64: identity;
    Uuid => Uuid: identity;
    String => String: identity;
    &str => String: str::to_owned;
    Vec<u8> => Vec<u8>: identity;
    &[u8] => Vec<u8>: <[u8]>::to_vec;
    Value => Json<Value>: Json;
    Time => Moment: Moment;
}

impl<T> Bind for Json<T>
where
    Self: Portable,
{
    type Column = Self;

    fn column(self) -> Self {
        self
    }
}

impl<T: Bind> Bind for Option<T>
where
    Option<T::Column>: Portable,
{
    type Column = Option<T::Column>;

    fn column(self) -> Self::Column {
        self.map(T::column)
    }
}

impl<T: Bind + Clone> Bind for &T {
    type Column = T::Column;

    fn column(self) -> T::Column {
        self.clone().column()
    }
}

/// A time on its way into the database, cut to microseconds. SQLite keeps and compares text, so there all times have
/// one width: `2026-01-31T12:00:00.000000Z`.
pub struct Moment(Time);

impl Type<Direct> for Moment {
    fn type_info() -> Kind {
        <Time as Type<Direct>>::type_info()
    }
}

impl Encode<'_, Direct> for Moment {
    fn encode_by_ref(&self, buffer: &mut Vec<Cell>) -> Result<IsNull, BoxDynError> {
        if !(0..=9999).contains(&self.0.year()) {
            return Err(format!("the year {} does not sort as text", self.0.year()).into());
        }
        Encode::<Direct>::encode(self.0.to_rfc3339_opts(SecondsFormat::Micros, true), buffer)
    }
}

impl Type<Postgres> for Moment {
    fn type_info() -> PgTypeInfo {
        <Time as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for Moment {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Encode::<Postgres>::encode(to_micros(self.0), buffer)
    }
}
