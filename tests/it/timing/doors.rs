//! The doors at which somebody might be told from nobody: the password, the forgotten password, the mailed code, the passkey.

use std::time::Duration;

use doorward::base::id::{CredentialId, DeviceId, UserId};
use doorward::base::secret::Typed;
use doorward::domain::lifetime::Stay;
use doorward::domain::password::{self, Cost, Workspace};
use doorward::domain::session::Source;
use doorward::domain::user::{Password, User};
use doorward::flows::authenticator::{Adding, add_passkey};
use doorward::flows::login::{Aim, Attempt, SignIn, sign_in};
use doorward::flows::passkey::{Arrival, Response, ask_for_new, challenge, sign_in as sign_in_by_passkey};
use doorward::flows::{mail_code, reset};
use doorward::store;
use serde_json::Value;

use super::{ROUNDS, compare, is_found_out, keeps_quiet, timed};
use crate::factors::softkey::{Manner, SoftKey};
use crate::stage::{Around, Engine, Stage, policy};

/// People who are known, and names of nobody: each is tried once in so many rounds, and less often than anybody must wait.
pub const PEOPLE: usize = 50;
/// So dear that a hash that is left out shows, and so cheap that it can be made often.
pub const COST: Cost = Cost { memory: 2_048, passes: 1, lanes: 1 };
pub const ISSUER: &str = "http://localhost:8080";
const ENGINES: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];

async fn stage(engine: Engine) -> Stage {
    let stage = Stage::among(engine, policy(ISSUER), Around { cost: COST, ..Around::default() }).await;
    for at in 0..PEOPLE {
        stage.person(&format!("known-{at}")).await;
    }
    stage
}

/// Somebody known, or nobody.
fn name(which: usize, round: usize) -> String {
    format!("{}-{}", ["known", "nobody"][which], round % PEOPLE)
}

/// Each attempt from elsewhere, and the next one of the same name after everybody may try again.
fn source(stage: &Stage, which: usize, round: usize) -> Source {
    stage.advance(80);
    let address = format!("10.{which}.{}.{}", round / 250, round % 250);
    Source { address: Some(address), device: Some(device()), ..Source::default() }
}

fn device() -> DeviceId {
    DeviceId(uuid::Uuid::from_u128(7))
}

/// A sign-in that fails.
pub async fn fail(stage: &Stage, (which, round): (usize, usize), password: &str) -> Duration {
    let attempt = Attempt {
        username: name(which, round),
        password: Typed::new(password.into()),
        source: source(stage, which, round),
        stay: Stay::Visit,
        aim: Aim::default(),
    };
    timed(async {
        let answer = sign_in(&stage.authority, attempt, None).await.unwrap();
        assert!(matches!(answer, SignIn::Refused));
    })
    .await
}

async fn look_up(stage: &Stage, username: &str) -> Option<User> {
    store::user::by_username(stage.db(), username).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_takes_as_long_for_somebody_as_for_nobody() {
    for engine in ENGINES {
        let stage = stage(engine).await;
        let door = format!("login on {engine:?}");
        keeps_quiet(&door, async || {
            compare(ROUNDS, async |which, round| fail(&stage, (which, round), "not the right one").await).await
        })
        .await;
        // A server that hashes nothing where there is nobody.
        let leaking = compare(ROUNDS / 4, async |which, round| match look_up(&stage, &name(which, round)).await {
            Some(_) => fail(&stage, (which, round), "not the right one").await,
            None => timed(look_up(&stage, &name(which, round))).await,
        });
        is_found_out(&door, &leaking.await);
        // A server whose hashes became dearer, and whose decoy did not.
        let dearer = Cost { memory: 4 * COST.memory, ..COST };
        for at in 0..PEOPLE {
            let user = look_up(&stage, &format!("known-{at}")).await.unwrap();
            let (workspace, dice) = (&mut Workspace::default(), stage.authority.entropy.as_ref());
            let hash = password::hash(&Typed::new("dear".into()), dearer, dice, workspace);
            let (now, set) = (stage.authority.now(), Password { id: user.password.unwrap().id, hash });
            let written =
                stage.db().write(async move |tx| store::user::set_password(tx, user.id, &set, None, now).await);
            written.await.unwrap();
        }
        let rounds = ROUNDS / 4;
        let leaking = compare(rounds, async |which, round| fail(&stage, (which, round), "not the right one").await);
        is_found_out(&door, &leaking.await);
        stage.verify().await;
    }
}

/// X191, X192: no password is so short, so long or so odd that the work is spared.
#[tokio::test(flavor = "multi_thread")]
async fn no_odd_password_takes_another_time_for_somebody_than_for_nobody() {
    let long = "x".repeat(100);
    let too_long = "x".repeat(2_000);
    let stage = stage(Engine::Sqlite).await;
    for (kind, password) in
        [("an empty one", ""), ("73 bytes and more", &long), ("too long a one", &too_long), ("a NUL", "a\0b")]
    {
        let rounds = ROUNDS / 4;
        keeps_quiet(kind, async || {
            compare(rounds, async |which, round| fail(&stage, (which, round), password).await).await
        })
        .await;
    }
}

/// X193: whether a mail leaves is seen by its reader alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_takes_as_long_for_somebody_as_for_nobody() {
    for engine in ENGINES {
        let stage = stage(engine).await;
        let door = format!("forgotten password on {engine:?}");
        let address = |which, round| format!("{}@example.com", name(which, round));
        let ask = async |which: usize, round: usize| {
            let (address, source) = (address(which, round), source(&stage, which, round));
            timed(async { reset::forget(&stage.authority, &address, source).await.unwrap() }).await
        };
        keeps_quiet(&door, async || compare(ROUNDS, async |which, round| ask(which, round).await).await).await;
        // A server that writes nothing for an address of nobody.
        let leaking = compare(ROUNDS / 4, async |which, round| {
            if which == 0 {
                return ask(which, round).await;
            }
            timed(async { store::user::by_email(stage.db(), &address(which, round), 5).await.unwrap() }).await
        });
        is_found_out(&door, &leaking.await);
        stage.verify().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailed_code_takes_as_long_for_somebody_as_for_nobody() {
    for engine in ENGINES {
        let stage = stage(engine).await;
        let door = format!("mailed code on {engine:?}");
        let ask = async |which: usize, round: usize| {
            let (name, source) = (name(which, round), source(&stage, which, round));
            timed(async { mail_code::ask(&stage.authority, &name, source).await.unwrap() }).await
        };
        keeps_quiet(&door, async || compare(ROUNDS, async |which, round| ask(which, round).await).await).await;
        // A server that makes no code where there is nobody to have it.
        let leaking = compare(ROUNDS / 4, async |which, round| {
            if which == 0 { ask(which, round).await } else { timed(look_up(&stage, &name(which, round))).await }
        });
        is_found_out(&door, &leaking.await);
        stage.verify().await;
    }
}

/// A passkey of each of these people.
async fn keys(stage: &Stage) -> Vec<SoftKey> {
    let mut keys = Vec::new();
    for at in 0..PEOPLE {
        let user = look_up(stage, &format!("known-{at}")).await.unwrap();
        keys.push(key(stage, &user).await);
    }
    keys
}

async fn key(stage: &Stage, user: &User) -> SoftKey {
    let source = Source { device: Some(device()), ..Source::default() };
    let asked = ask_for_new(&stage.authority, user, &source).await.unwrap().unwrap();
    let options: Value = serde_json::from_str(&asked.options).unwrap();
    let (key, answer) = SoftKey::create(&options, &Manner::honest(ISSUER, "webauthn.create"));
    let adding = Adding { user: user.id, session: None, source, by: Vec::<CredentialId>::new(), root: None };
    let response = Response { handle: asked.handle, answer };
    add_passkey(&stage.authority, adding, (&response, "key")).await.unwrap().expect("a passkey");
    key
}

/// An answer by this key to a fresh question, with a signature that does not fit.
fn forged(stage: &Stage, key: &mut SoftKey, source: &Source) -> Response {
    let asked = challenge(&stage.authority, source).unwrap();
    let options: Value = serde_json::from_str(&asked.options).unwrap();
    let manner = Manner { forged: true, ..Manner::honest(ISSUER, "webauthn.get") };
    Response { handle: asked.handle, answer: key.get(&options, &manner) }
}

/// Keys that nobody here knows, of people who are not here.
fn strangers() -> Vec<SoftKey> {
    let stranger = |at: usize| {
        let user = UserId(uuid::Uuid::from_u128(at as u128));
        let options =
            serde_json::json!({"challenge": "x", "user": {"id": doorward::base::secret::base64url(user.0.as_bytes())}});
        SoftKey::create(&options, &Manner::honest(ISSUER, "webauthn.create")).0
    };
    (0..PEOPLE).map(stranger).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_takes_as_long_where_it_is_known_as_where_it_is_not() {
    for engine in ENGINES {
        let stage = stage(engine).await;
        let mut held = [keys(&stage).await, strangers()];
        let door = format!("passkey on {engine:?}");
        let mut try_it = async |which: usize, round: usize| {
            let source = source(&stage, which, round);
            let response = forged(&stage, &mut held[which][round % PEOPLE], &source);
            let arrival = Arrival { response, source, stay: Stay::Visit, aim: Aim::default() };
            timed(async {
                let answer = sign_in_by_passkey(&stage.authority, arrival, None).await.unwrap();
                assert!(matches!(answer, SignIn::Refused));
            })
            .await
        };
        keeps_quiet(&door, async || compare(ROUNDS, async |which, round| try_it(which, round).await).await).await;
        // A server that counts nothing where there is nothing to guess at.
        let leaking = compare(ROUNDS / 4, async |which, round| {
            if which == 0 {
                try_it(which, round).await
            } else {
                timed(store::factor::passkey(stage.db(), "none")).await
            }
        });
        is_found_out(&door, &leaking.await);
        stage.verify().await;
    }
}
