//! Sign-in by password, and how every sign-in goes on.
//!
//! 1. Wait for other attempts on the same account: no two on one node are judged on the same count of failures. Then take
//!    a place in the line of passwords, or be sent away before anything of the account is read.
//! 2. After too many failures nobody looks at anything.
//! 3. Check the password on the bounded pool, against a decoy when there is no account.
//! 4. Decide; where there is no password here, a directory does ([`super::directory`]). A failure is counted, a success
//!    forgets the account's.
//! 5. Ask [`super::factor`] whether that is enough, or what else is to be proved.
//! 6. Let [`super::entrance`] write the session under a new secret: a rise of privilege never keeps an old one.

use super::attempt::{self, Guessed};
use super::directory::{self, Pause, Vouched, Whose};
use super::entrance::Entrance;
use super::factor::{self, Proving};
use super::passwords::Place;
use super::{Authority, Outcome, reset};
use crate::base::clock::Time;
use crate::base::id::CredentialId;
use crate::base::secret::{Secret, Typed};
use crate::domain::lifetime::Stay;
use crate::domain::login::{Counted, Verdict, decide, network};
use crate::domain::session::{Authentication, Session, Source};
use crate::domain::user::{User, username_key};
use crate::protocol::acr;
use crate::store;

/// What somebody typed, and from where.
pub struct Attempt {
    pub username: String,
    pub password: Typed,
    pub source: Source,
    /// What the person wants of this browser; it is kept only where the operator allows it.
    pub stay: Stay,
    /// What the waiting request wants.
    pub aim: Aim,
}

/// Levels that a sign-in is for, beside what policy needs of the person.
#[derive(Clone, Debug, Default)]
pub struct Aim {
    /// What policy needs for the client that waits.
    pub client: Option<String>,
    /// What its request asks for: tried where the person holds something that reaches it.
    pub goal: Option<String>,
}

pub enum SignIn {
    /// The cookie's secret goes to the browser.
    Done { secret: Secret, session: Box<Session> },
    /// One answer for every cause.
    Refused,
    /// The person holds as many sessions as are allowed.
    Full,
    /// As `Full`, and the person is to choose which of them end: what was proved waits in this ticket.
    Choose { ticket: String },
    /// The password must be changed first, on this page, below the issuer.
    MustChange { page: String },
    /// Nobody may try before then.
    Wait { until: Time },
    /// The directory that keeps most passwords cannot be asked, and the password is none that is kept here.
    Away,
    /// Something else that the person holds is to be proved: what was proved so far waits in this ticket.
    Second { ticket: String },
    /// Something else is to be added first, for the person holds nothing that reaches the level that is needed.
    Enrol { ticket: String },
}

/// Signs in, with the browser's current session if it has one: the same person proves again, another one takes its place.
pub async fn sign_in(authority: &Authority, attempt: Attempt, current: Option<Session>) -> Outcome<SignIn> {
    let name = username_key(&attempt.username);
    let source = attempt.source.address.as_deref().map(network).unwrap_or_default();
    let turn = authority.turnstile.pass(Counted::account(&name)).await?;
    let place = authority.passwords.place()?;
    let now = authority.now();
    let user = store::user::by_username(&authority.db, &attempt.username).await?;
    let hash = user.as_ref().and_then(|user| user.password.as_ref()).map(|password| password.hash.as_str());
    let key = |counted: Counted| counted.key(&name, &source, hash.unwrap_or_default());
    let every = [Counted::Pair, Counted::Account, Counted::Source, Counted::Crowd].map(key);
    let [pair, account, from_here, crowd] = every;
    let (keys, unjudged) = ([pair, account, from_here], [pair, account, crowd]);
    if let Some(until) = attempt::must_wait(authority, &every, now).await? {
        return Ok(SignIn::Wait { until });
    }
    let known = user.as_ref().map(|user| user.id);
    let (user, by) = match check(authority, place, user, &attempt, now).await? {
        Checked::Fits(user) => {
            attempt::forget(authority, keys).await?;
            if user.must_change_password {
                return Ok(SignIn::MustChange { page: reset::renewal(authority, &user, now).await? });
            }
            let by = user.password.iter().map(|password| password.id).collect();
            (user, by)
        }
        Checked::Vouched(user, by) => {
            attempt::forget(authority, keys).await?;
            (user, vec![by])
        }
        Checked::Wrong { reason, guessed, away, pause } => {
            // What was typed as a name stays out of the log: it may be a password.
            let (user, address) = (known.map(|id| id.to_string()), attempt.source.address);
            tracing::info!(reason, user, address, "a sign-in was refused");
            if away {
                attempt::miss(authority, unjudged, guessed, now).await?;
                return Ok(SignIn::Away);
            }
            attempt::fail(authority, keys, guessed, now).await?;
            drop(turn);
            if let Some(pause) = pause {
                pause.end().await;
            }
            return Ok(SignIn::Refused);
        }
    };
    let proof = Authentication { at: now, acr: acr::PASSWORD.into(), amr: vec!["pwd".into()], credentials: by };
    let Attempt { source, stay, aim, .. } = attempt;
    let entrance = Entrance { proof, spends: Vec::new(), of: None, stay, source, from: None };
    factor::go_on(authority, &user, Proving { entrance, aim }, current).await
}

/// What came of looking at the password.
enum Checked {
    /// It is the one that is kept here.
    Fits(Box<User>),
    /// A directory said who this is.
    Vouched(Box<User>, CredentialId),
    /// It is wrong, or nobody could look at it. `away` where the directory could not be asked, which makes the one answer
    /// for everybody then, and counts for everybody: else the count would tell who has a password here.
    Wrong { reason: &'static str, guessed: Guessed, away: bool, pause: Option<Pause> },
}

/// Checks the password here, and where it is not kept here, in the directory.
async fn check(
    authority: &Authority,
    place: Place,
    user: Option<User>,
    attempt: &Attempt,
    now: Time,
) -> Outcome<Checked> {
    let hash = user.as_ref().and_then(|user| user.password.as_ref()).map(|password| password.hash.as_str());
    let (name, ours) = (&attempt.username, hash.is_some());
    let whose = if ours { Whose::Ours(name) } else { Whose::Theirs(name) };
    let fits = authority.passwords.verify(place, attempt.password.clone(), hash).await?;
    let guessed = user.as_ref().map_or(Guessed::Nothing, |user| Guessed::Password(user.id));
    let reason = match decide(user, fits) {
        Verdict::SignedIn(user) => return Ok(Checked::Fits(user)),
        Verdict::Refused(reason) => reason,
    };
    let Some(directory) = &authority.directory else {
        return Ok(Checked::Wrong { reason, guessed, away: false, pause: None });
    };
    let pause = Some(Pause::begun(directory));
    let vouched = directory::vouch(authority, directory, (whose, attempt.password.clone()), now).await?;
    let (theirs, away) = match vouched {
        Vouched::For(user, by) => return Ok(Checked::Vouched(user, by)),
        Vouched::Away => ("the directory cannot be asked", true),
        Vouched::Refused(reason) => (reason, false),
    };
    // Where no password of ours was guessed, none is put out of use.
    let (reason, guessed) = if ours { (reason, guessed) } else { (theirs, Guessed::Nothing) };
    Ok(Checked::Wrong { reason, guessed, away, pause })
}
