//! Values on their way into a statement and out of a row. What stands in a column is what sqlx's own driver would put there.

use std::borrow::Cow;
use std::fmt;

use chrono::{DateTime, Utc};
use rusqlite::types::Value as Raw;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::types::Json;
use sqlx::{Decode, Encode, Type, TypeInfo};
use uuid::Uuid;

use super::driver::Direct;

/// What SQLite keeps in a cell.
#[derive(Clone, Debug)]
pub struct Value(pub(super) Raw);

/// The five types of SQLite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Null,
    Integer,
    Real,
    Text,
    Blob,
}

impl Value {
    pub const NULL: Self = Self(Raw::Null);

    fn kind(&self) -> Kind {
        match &self.0 {
            Raw::Null => Kind::Null,
            Raw::Integer(_) => Kind::Integer,
            Raw::Real(_) => Kind::Real,
            Raw::Text(_) => Kind::Text,
            Raw::Blob(_) => Kind::Blob,
        }
    }

    fn integer(&self) -> Result<i64, BoxDynError> {
        if let Raw::Integer(value) = &self.0 { Ok(*value) } else { Err(self.unexpected("a number")) }
    }

    fn text(&self) -> Result<&str, BoxDynError> {
        if let Raw::Text(value) = &self.0 { Ok(value) } else { Err(self.unexpected("a text")) }
    }

    fn bytes(&self) -> Result<&[u8], BoxDynError> {
        match &self.0 {
            Raw::Blob(value) => Ok(value),
            Raw::Text(value) => Ok(value.as_bytes()),
            _ => Err(self.unexpected("bytes")),
        }
    }

    fn unexpected(&self, wanted: &str) -> BoxDynError {
        format!("expected {wanted}, found {}", self.kind()).into()
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl TypeInfo for Kind {
    fn is_null(&self) -> bool {
        *self == Self::Null
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Null => "NULL",
            Self::Integer => "INTEGER",
            Self::Real => "REAL",
            Self::Text => "TEXT",
            Self::Blob => "BLOB",
        }
    }
}

impl sqlx::Value for Value {
    type Database = Direct;

    fn as_ref(&self) -> &Value {
        self
    }

    fn type_info(&self) -> Cow<'_, Kind> {
        Cow::Owned(self.kind())
    }

    fn is_null(&self) -> bool {
        self.kind() == Kind::Null
    }
}

impl<'r> sqlx::ValueRef<'r> for &'r Value {
    type Database = Direct;

    fn to_owned(&self) -> Value {
        Value::clone(self)
    }

    fn type_info(&self) -> Cow<'_, Kind> {
        Cow::Owned(self.kind())
    }

    fn is_null(&self) -> bool {
        self.kind() == Kind::Null
    }
}

/// `type: how it is kept, how it is written, how it is read;`
macro_rules! values {
    ($($type:ty: $kind:ident, $write:expr, $read:expr;)*) => {$(
        impl Type<Direct> for $type {
            fn type_info() -> Kind {
                Kind::$kind
            }
        }

        impl Encode<'_, Direct> for $type {
            fn encode_by_ref(&self, buffer: &mut Vec<Value>) -> Result<IsNull, BoxDynError> {
                let write: fn(&$type) -> Raw = $write;
                buffer.push(Value(write(self)));
                Ok(IsNull::No)
            }
        }

        impl Decode<'_, Direct> for $type {
            fn decode(value: &Value) -> Result<Self, BoxDynError> {
                let read: fn(&Value) -> Result<$type, BoxDynError> = $read;
                read(value)
            }
        }
    )*};
}

values! {
    bool: Integer, |own| Raw::Integer(i64::from(*own)), |value| Ok(value.integer()? != 0);
    i64: Integer, |own| Raw::Integer(*own), Value::integer;
    String: Text, |own| Raw::Text(own.clone()), |value| Ok(value.text()?.to_owned());
    Vec<u8>: Blob, |own| Raw::Blob(own.clone()), |value| Ok(value.bytes()?.to_vec());
    Uuid: Blob, |own| Raw::Blob(own.as_bytes().to_vec()), |value| Ok(Uuid::from_slice(value.bytes()?)?);
}

impl Type<Direct> for DateTime<Utc> {
    fn type_info() -> Kind {
        Kind::Text
    }
}

impl Decode<'_, Direct> for DateTime<Utc> {
    fn decode(value: &Value) -> Result<Self, BoxDynError> {
        Ok(DateTime::parse_from_rfc3339(value.text()?)?.to_utc())
    }
}

impl<T> Type<Direct> for Json<T> {
    fn type_info() -> Kind {
        Kind::Text
    }
}

impl<T: Serialize> Encode<'_, Direct> for Json<T> {
    fn encode_by_ref(&self, buffer: &mut Vec<Value>) -> Result<IsNull, BoxDynError> {
        buffer.push(Value(Raw::Text(serde_json::to_string(&self.0)?)));
        Ok(IsNull::No)
    }
}

impl<T: DeserializeOwned> Decode<'_, Direct> for Json<T> {
    fn decode(value: &Value) -> Result<Self, BoxDynError> {
        Ok(Self(serde_json::from_slice(value.bytes()?)?))
    }
}

impl<'q, T: Encode<'q, Direct> + Type<Direct> + 'q> Encode<'q, Direct> for Option<T> {
    fn encode_by_ref(&self, buffer: &mut Vec<Value>) -> Result<IsNull, BoxDynError> {
        if let Some(value) = self {
            return value.encode_by_ref(buffer);
        }
        buffer.push(Value::NULL);
        Ok(IsNull::Yes)
    }
}
