//! How the values of `base` become columns, on every engine that can keep what is inside them.

use sqlx::error::BoxDynError;
use sqlx::{Database, Decode, Type};
use uuid::Uuid;

use super::db::Bind;
use crate::base::id::{
    ChangeId, ClientSecretId, CredentialId, DeliveryId, DeviceId, EventId, FamilyId, GrantId, MailCodeId, MailId,
    RegistrationTokenId, RevocationId, SessionId, UserId, WebhookId,
};
use crate::base::secret::Digest;

/// Ids are `UUID` columns.
macro_rules! ids {
    ($($name:ident)*) => {$(
        impl Bind for $name {
            type Column = Uuid;

            fn column(self) -> Uuid {
                self.0
            }
        }

        impl<DB: Database> Type<DB> for $name
        where
            Uuid: Type<DB>,
        {
            fn type_info() -> DB::TypeInfo {
                Uuid::type_info()
            }

            fn compatible(found: &DB::TypeInfo) -> bool {
                Uuid::compatible(found)
            }
        }

        impl<'r, DB: Database> Decode<'r, DB> for $name
        where
            Uuid: Decode<'r, DB>,
        {
            fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
                Uuid::decode(value).map(Self)
            }
        }
    )*};
}

ids! {
    UserId SessionId GrantId FamilyId EventId ClientSecretId CredentialId DeviceId RevocationId DeliveryId WebhookId
    RegistrationTokenId MailId ChangeId MailCodeId
}

/// Digests are `BYTEA` columns of 32 bytes.
impl Bind for Digest {
    type Column = Vec<u8>;

    fn column(self) -> Vec<u8> {
        self.0.to_vec()
    }
}

impl<DB: Database> Type<DB> for Digest
where
    Vec<u8>: Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        <Vec<u8>>::type_info()
    }

    fn compatible(found: &DB::TypeInfo) -> bool {
        <Vec<u8>>::compatible(found)
    }
}

impl<'r, DB: Database> Decode<'r, DB> for Digest
where
    Vec<u8>: Decode<'r, DB>,
{
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
        let bytes = <Vec<u8>>::decode(value)?;
        let bytes = bytes.try_into().map_err(|bytes: Vec<u8>| format!("a digest of {} bytes", bytes.len()))?;
        Ok(Self(bytes))
    }
}
