//! Webhooks: who asked to hear of ends, and of which.

use super::revocation::What;
use crate::base::clock::Time;
use crate::base::id::WebhookId;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    pub id: WebhookId,
    pub url: String,
    /// What it hears of.
    pub events: Vec<What>,
    pub enabled: bool,
    /// The key of the signatures, sealed for this id.
    pub sealed_secret: Vec<u8>,
    pub version: i64,
    pub created_at: Time,
    pub updated_at: Time,
}

impl Webhook {
    pub fn hears(&self, what: What) -> bool {
        self.enabled && self.events.contains(&what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::entropy::SeededEntropy;
    use crate::domain::session::tests::at;

    #[test]
    fn hears_what_it_asked_for_while_it_is_on() {
        let webhook = Webhook {
            id: WebhookId::new(at(0), &SeededEntropy::new(1)),
            url: "https://app.example/hook".into(),
            events: vec![What::SessionEnded],
            enabled: true,
            sealed_secret: Vec::new(),
            version: 1,
            created_at: at(0),
            updated_at: at(0),
        };
        assert!(webhook.hears(What::SessionEnded) && !webhook.hears(What::GrantEnded));
        assert!(!Webhook { enabled: false, ..webhook }.hears(What::SessionEnded));
    }
}
