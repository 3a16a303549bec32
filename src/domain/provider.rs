//! Providers that people sign in through.

use crate::base::clock::Time;
use crate::protocol::provider::Settings;

#[derive(Clone, Debug)]
pub struct Provider {
    pub id: String,
    pub settings: Settings,
    pub sealed_secret: Option<Vec<u8>>,
    /// Grows with every change; the `ETag` of the admin API.
    pub version: i64,
    pub created_at: Time,
    pub updated_at: Time,
}

impl Provider {
    pub fn name(&self) -> &str {
        self.settings.display_name(&self.id)
    }
}
