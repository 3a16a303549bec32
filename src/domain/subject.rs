//! Who somebody is for a client: the same for every client, or one name for each sector (OpenID Connect Core 1.0 section 8).

use super::client::Client;
use super::session::Subject;
use crate::base::secret::base64url;
use crate::base::vault::TagKey;

/// The `sub` of everything this client reads about a subject. A pairwise one is 43 characters of base64url: two sectors
/// cannot tell that they speak of the same person, and nobody finds the person without the key.
pub fn sub(subject: &Subject, client: &Client, key: &TagKey) -> String {
    match (subject, client.metadata.sector()) {
        (Subject::Person(id), Some(sector)) => base64url(&key.tag(format!("{sector}\n{id}").as_bytes())),
        _ => subject.sub(),
    }
}

/// Whether a `sub` that this client was told is this subject's.
pub fn is_called(subject: &Subject, client: &Client, key: &TagKey, sub: &str) -> bool {
    self::sub(subject, client, key) == sub
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::base::vault::RootKey;
    use crate::domain::client::tests::client;
    use crate::domain::session::tests::session;

    #[test]
    fn a_sector_has_its_own_name_for_everybody() {
        let key = RootKey::new([7; 32]).tag_key("pairwise subject");
        let of = |metadata| sub(&session().subject, &client(metadata), &key);
        let public = of(json!({"redirect_uris": ["https://a.example/"]}));
        assert_eq!(public, session().subject.sub());
        let one = of(json!({"redirect_uris": ["https://a.example/"], "subject_type": "pairwise"}));
        let same =
            of(json!({"redirect_uris": ["https://a.example/x", "https://a.example/y"], "subject_type": "pairwise"}));
        let other = of(json!({"redirect_uris": ["https://b.example/"], "subject_type": "pairwise"}));
        let listed = of(json!({"redirect_uris": ["https://b.example/"], "subject_type": "pairwise",
                               "sector_identifier_uri": "https://a.example/list.json"}));
        assert_eq!((one.len(), &one, &one), (43, &same, &listed));
        assert!(one != other && one != public);
        let machine = Subject::Machine("robot".into());
        let pairwise = client(json!({"redirect_uris": ["https://a.example/"], "subject_type": "pairwise"}));
        assert_eq!(sub(&machine, &pairwise, &key), "robot");
    }
}
