//! The messages of webhooks, signed as Standard Webhooks 1.0.0 says (<https://www.standardwebhooks.com>).

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::base::clock::Time;
use crate::base::secret::base64;
use crate::base::vault::TagKey;

/// How a secret begins where it is shown.
pub const SECRET_PREFIX: &str = "whsec_";

/// A message. Members that have no value are null.
#[derive(Clone, Debug, Serialize)]
pub struct Message {
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// When it happened.
    pub timestamp: DateTime<Utc>,
    pub data: Data,
}

/// What a message tells.
#[derive(Clone, Debug, Serialize)]
pub struct Data {
    pub sid: String,
    pub user_id: Option<String>,
    pub client_id: Option<String>,
    pub grant_id: Option<String>,
    pub jti: Option<String>,
    /// How far the act went that ended this.
    pub scope: &'static str,
    pub reason: &'static str,
    pub initiator: &'static str,
}

/// The secret as its holder is shown it.
pub fn shown(secret: &[u8]) -> String {
    format!("{SECRET_PREFIX}{}", base64(secret))
}

/// The headers of a message. The id stays the same however often it is sent; the time is that of this attempt.
pub fn headers(secret: &[u8], id: &str, now: Time, body: &[u8]) -> Vec<(&'static str, String)> {
    let time = now.timestamp().to_string();
    let mut signed = format!("{id}.{time}.").into_bytes();
    signed.extend_from_slice(body);
    let signature = format!("v1,{}", base64(&TagKey::shared(secret).tag(&signed)));
    vec![
        ("content-type", "application/json".into()),
        ("webhook-id", id.into()),
        ("webhook-timestamp", time),
        ("webhook-signature", signature),
    ]
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    /// The example that the libraries of Standard Webhooks are tested with.
    #[test]
    fn signs_as_the_libraries_do() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let now = DateTime::from_timestamp(1_614_265_330, 0).unwrap();
        let headers = headers(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", now, br#"{"test": 2432232314}"#);
        assert_eq!(headers[3], ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=".into()));
        assert_eq!(headers[2], ("webhook-timestamp", "1614265330".into()));
        assert_eq!(shown(&secret), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    }
}
