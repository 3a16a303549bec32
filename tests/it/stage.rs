//! An authority with a clock set by hand and dice that always fall alike, on either engine, before anybody talks HTTP.

use std::sync::{Arc, LazyLock};

use chrono::TimeDelta;
use doorward::base::clock::{Clock, HandClock, SystemClock, Time};
use doorward::base::entropy::SeededEntropy;
use doorward::base::id::{ClientSecretId, CredentialId, UserId};
use doorward::base::secret::{Secret, Typed};
use doorward::base::vault::RootKey;
use doorward::domain::client::{Client, ClientSecret};
use doorward::domain::language::Languages;
use doorward::domain::lifetime::Stay;
use doorward::domain::password::Cost;
use doorward::domain::policy::Policy;
use doorward::domain::session::Session;
use doorward::domain::user::{Password, User};
use doorward::flows::authorize::Step;
use doorward::flows::login::{Aim, Attempt, SignIn};
use doorward::flows::mail::Mailing;
use doorward::flows::mail::letters::Letters;
use doorward::flows::passwords::Passwords;
use doorward::flows::{Activity, Authority, Failure, Means, Sources, authorize, consent, login, token};
use doorward::jose::keyring::KeyRecord;
use doorward::protocol::client_auth::Presented;
use doorward::protocol::params::Params;
use doorward::protocol::token::{TokenAnswer, TokenRequest};
use doorward::remote::directory::Directory;
use doorward::remote::egress::{Egress, Rules};
use doorward::remote::geo::Geo;
use doorward::remote::mail::Mailer;
use doorward::store;
use doorward::store::db::Db;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use url::form_urlencoded::Serializer;

use crate::engines::Folder;
use crate::postgres::cluster;
use crate::verifier;

/// Everybody's password here.
pub const PASSWORD: &str = "correct horse battery";
/// Every secret client's secret here is its own, but their verifier is one (RFC 7636 appendix B).
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// Where the clients here are answered.
pub const HOME: &str = "https://app.example/callback";

/// Cheap: these tests are about everything else.
const COST: Cost = Cost { memory: 64, passes: 1, lanes: 1 };

/// When every stage begins: now, because real clients look at their own clock.
static START: LazyLock<Time> = LazyLock::new(|| SystemClock.now());

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

pub struct Stage {
    pub authority: Arc<Authority>,
    pub clock: HandClock,
    /// Where its database is.
    pub url: String,
    folder: Folder,
}

/// The defaults of the contract.
pub fn policy(issuer: &str) -> Policy {
    Policy::usual(issuer)
}

/// A form as a client or a browser writes one.
pub fn form(fields: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(fields).finish()
}

pub fn params(fields: &[(&str, &str)]) -> Params {
    Params::parse(form(fields).as_bytes()).unwrap()
}

/// The word that a failed flow tells the outside.
pub fn code_of<T>(outcome: Result<T, Failure>) -> Result<T, &'static str> {
    outcome.map_err(|failure| match failure {
        Failure::Refused(refusal) => refusal.code.as_str(),
        other => panic!("a fault: {other}"),
    })
}

impl Stage {
    pub async fn on(engine: Engine) -> Self {
        Self::with(engine, policy("http://localhost:8080")).await
    }

    pub async fn with(engine: Engine, policy: Policy) -> Self {
        Self::among(engine, policy, Around::default()).await
    }

    /// With other surroundings than usual.
    pub async fn among(engine: Engine, policy: Policy, around: Around) -> Self {
        let folder = Folder::new();
        let url = match engine {
            Engine::Sqlite => folder.url(),
            Engine::Postgres => cluster().database().await,
        };
        let db = Db::open(&url).await.unwrap();
        db.migrate().await.unwrap();
        for key in keys().await {
            db.write(async move |tx| store::key::insert(tx, key).await).await.unwrap();
        }
        let clock = HandClock::at(*START);
        let authority = Box::pin(open(policy, db, (&clock, 7), around)).await;
        Self { authority: Arc::new(authority), clock, url, folder }
    }

    /// Another node on the same database.
    pub async fn twin(&self) -> Arc<Authority> {
        let db = Db::open(&self.url).await.unwrap();
        Arc::new(Box::pin(open(self.authority.policy.clone(), db, (&self.clock, 8), Around::default())).await)
    }

    pub fn folder(&self) -> &std::path::Path {
        &self.folder.0
    }

    pub fn db(&self) -> &Db {
        &self.authority.db
    }

    pub fn advance(&self, seconds: i64) {
        self.clock.advance(TimeDelta::seconds(seconds));
    }

    /// Somebody who can sign in with [`PASSWORD`].
    pub async fn person(&self, username: &str) -> UserId {
        let (now, dice) = (self.clock.now(), self.authority.entropy.clone());
        let (passwords, password) = (&self.authority.passwords, Typed::new(PASSWORD.into()));
        let hash = passwords.hash(passwords.place().unwrap(), password, dice.clone()).await.unwrap();
        let claims = json!({"email": format!("{username}@example.com"), "email_verified": true, "name": username});
        let Value::Object(claims) = claims else { unreachable!() };
        let user = User {
            id: UserId::new(now, dice.as_ref()),
            username: username.into(),
            password: Some(Password { id: CredentialId::new(now, dice.as_ref()), hash }),
            password_disabled: false,
            must_change_password: false,
            disabled: false,
            roles: vec!["reader".into()],
            required_acr: None,
            claims,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let id = user.id;
        assert!(self.db().write(async move |tx| store::user::insert(tx, &user).await).await.unwrap());
        id
    }

    /// A client with this metadata over sensible ones; gives its secret, which a public one has not.
    pub async fn client(&self, id: &str, metadata: Value) -> Option<String> {
        let (now, dice) = (self.clock.now(), self.authority.entropy.clone());
        let mut whole = json!({
            "redirect_uris": [HOME], "post_logout_redirect_uris": ["https://app.example/bye"],
            "grant_types": ["authorization_code", "refresh_token"], "client_name": id,
        });
        for (member, value) in metadata.as_object().unwrap() {
            whole[member] = value.clone();
        }
        let secret = Secret::new(dice.as_ref());
        let client = Client {
            id: id.into(),
            metadata: serde_json::from_value(whole).unwrap(),
            secrets: Vec::new(),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        client.metadata.check().unwrap();
        let own = ClientSecret {
            id: ClientSecretId::new(now, dice.as_ref()),
            digest: secret.digest(),
            sealed: None,
            created_at: now,
            expires_at: None,
        };
        let has_secret = client.metadata.has_secret();
        let written = self.db().write(async move |tx| {
            assert!(store::client::insert(tx, &client).await?);
            if has_secret { store::client::insert_secret(tx, &client.id, &own).await } else { Ok(()) }
        });
        written.await.unwrap();
        has_secret.then(|| secret.reveal())
    }

    /// A public client that nobody is asked about.
    pub async fn app(&self, id: &str) {
        let metadata = json!({"token_endpoint_auth_method": "none", "skip_consent": true});
        assert_eq!(self.client(id, metadata).await, None);
    }

    /// Signs in with a new browser.
    pub async fn sign_in(&self, username: &str) -> Session {
        let attempt = Attempt {
            username: username.into(),
            password: Typed::new(PASSWORD.into()),
            source: doorward::domain::session::Source::default(),
            stay: Stay::Visit,
            aim: Aim::default(),
        };
        match login::sign_in(&self.authority, attempt, None).await.unwrap() {
            SignIn::Done { session, .. } => *session,
            _ => panic!("{username} was not let in"),
        }
    }

    /// A code for this client, consented to where it must be.
    pub async fn code(&self, client_id: &str, session: &Session, scope: &str) -> String {
        let asked = params(&[
            ("client_id", client_id),
            ("redirect_uri", HOME),
            ("response_type", "code"),
            ("scope", scope),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        let mut step = authorize::begin(&self.authority, &asked, Some(session.clone())).await.unwrap();
        if let Step::Consent(asking) = step {
            let allow = consent::Decision::Allow;
            step = consent::decide(&self.authority, asking.pending, session.clone(), allow).await.unwrap();
        }
        let Step::Answer(answer) = step else { panic!("no answer for {client_id}") };
        let code = answer.fields.iter().find(|(name, _)| *name == "code");
        code.unwrap_or_else(|| panic!("no code: {:?}", answer.fields)).1.clone()
    }

    /// The token endpoint, as a public client or with its secret.
    pub async fn token(&self, fields: &[(&str, &str)]) -> Result<TokenAnswer, &'static str> {
        let params = params(fields);
        let presented = Presented::parse(None, &params).unwrap();
        let request = TokenRequest::parse(&params).unwrap();
        code_of(token::answer(&self.authority, presented, request, Activity::Person).await)
    }

    pub async fn redeem(&self, client_id: &str, code: &str) -> Result<TokenAnswer, &'static str> {
        let proof = [("code", code), ("redirect_uri", HOME), ("code_verifier", VERIFIER), ("client_id", client_id)];
        self.token(&[&[("grant_type", "authorization_code")], proof.as_slice()].concat()).await
    }

    pub async fn refresh(&self, client_id: &str, refresh_token: &str) -> Result<TokenAnswer, &'static str> {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", refresh_token), ("client_id", client_id)]).await
    }

    /// The last act of every test: the database is looked over.
    pub async fn verify(&self) {
        let found = verifier::findings(self.db(), self.clock.now()).await;
        assert!(found.is_empty(), "the database is not as it must be:\n{}", found.join("\n"));
    }

    /// And once more, after the jobs of this moment.
    pub async fn verify_after_the_jobs(&self) {
        let found = verifier::findings_after_the_jobs(self.db(), self.clock.now()).await;
        assert!(found.is_empty(), "after the jobs the database is not as it must be:\n{}", found.join("\n"));
    }
}

/// What a server has around it.
pub struct Around {
    /// Where it may call.
    pub egress: Rules,
    /// What it knows about addresses.
    pub geo: Geo,
    /// Where its mail goes.
    pub mailing: Mailing,
    /// Where passwords are kept that are not kept here.
    pub directory: Option<Directory>,
    /// What a password costs.
    pub cost: Cost,
}

impl Default for Around {
    fn default() -> Self {
        Self { egress: developer(), geo: Geo::default(), mailing: mailing(), directory: None, cost: COST }
    }
}

/// A developer's machine: loopback may be called, over http too.
pub fn developer() -> Rules {
    Rules { loopback: true, ..Rules::default() }
}

/// Mail that a developer reads and nobody gets.
pub fn mailing() -> Mailing {
    Mailing { letters: Letters::new(None).unwrap(), mailer: Mailer::Nowhere, mailbox: true }
}

/// Two nodes never throw the same dice: `seed` is theirs.
async fn open(policy: Policy, db: Db, (clock, seed): (&HandClock, u64), around: Around) -> Authority {
    let entropy = Arc::new(SeededEntropy::new(seed));
    let passwords = Passwords::start(2, around.cost, entropy.as_ref()).unwrap();
    let sources = Sources { clock: Arc::new(clock.clone()), entropy };
    let egress = Egress::new(around.egress).unwrap();
    let languages = Languages::new(&[]).unwrap();
    let Around { geo, mailing, directory, .. } = around;
    let means = Means { passwords, egress, geo, mailing, languages, directory };
    Authority::open(policy, db, &root_key(), sources, means).await.unwrap()
}

pub fn root_key() -> RootKey {
    RootKey::new([7; 32])
}

/// One set of signing keys for all stages: an RSA key takes its time.
async fn keys() -> &'static [KeyRecord] {
    static KEYS: OnceCell<Vec<KeyRecord>> = OnceCell::const_new();
    KEYS.get_or_init(async || {
        let folder = Folder::new();
        let db = Db::open(&folder.url()).await.unwrap();
        db.migrate().await.unwrap();
        let made = open(policy("http://localhost:8080"), db, (&HandClock::at(*START), 7), Around::default()).await;
        let keys = store::key::all(&made.db).await.unwrap();
        made.db.close().await;
        keys
    })
    .await
}
