//! Mail: queued in the write that makes what it tells, put into words and sent afterwards.
//!
//! 1. [`Clerk::tell`] and [`Clerk::send`] write a sealed letter into the queue, within somebody's write.
//! 2. [`claim`]: an attempt belongs to this node for a minute; one that dies with its node is tried again after that.
//! 3. [`attempt`] opens the letter, puts it into words and hands it to the mail server.
//! 4. What became of it is written down; what the mail said is gone then, but on a developer's machine.

pub mod letters;
pub mod words;

use std::sync::Arc;
use std::time::Duration;

use super::{Authority, Outcome};
use crate::base::clock::Time;
use crate::base::entropy::{Entropy, draw};
use crate::base::id::{MailId, UserId};
use crate::base::vault::SealKey;
use crate::domain::delivery::Next;
use crate::domain::mail::{Content, LEASE, Letter, Mail, MailState, Miss, Notice, Origin, after};
use crate::domain::session::Source;
use crate::domain::user::User;
use crate::remote::mail::{Mailer, Outgoing, Unsent};
use crate::store;
use crate::store::db::{Fault, Tx};
use crate::store::mail::{Remains, Settled};
use letters::Letters;
use words::Words;

/// How mail is written and sent.
pub struct Mailing {
    pub letters: Letters,
    pub mailer: Mailer,
    /// Whether a developer may read what was mailed.
    pub mailbox: bool,
}

/// A mail as it was sent.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Sent {
    pub at: Time,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// Writes the mails of one write.
#[derive(Clone)]
pub struct Clerk {
    now: Time,
    entropy: Arc<dyn Entropy>,
    seal: SealKey,
    source: Option<Origin>,
    /// Whether anybody sends what is queued.
    sends: bool,
}

impl Authority {
    /// Writes mails about what happens now, done by this browser where it was one.
    pub fn clerk(&self, now: Time, source: Option<&Source>) -> Clerk {
        Clerk {
            now,
            entropy: Arc::clone(&self.entropy),
            seal: self.secrets.mail.clone(),
            source: source.map(Origin::from),
            sends: self.sends_mail(),
        }
    }

    /// Whether mail leaves this server; where it does not, nothing is offered that needs it.
    pub fn sends_mail(&self) -> bool {
        self.mailing.mailbox || self.mailing.mailer.sends()
    }
}

impl Clerk {
    /// Tells a person of a change to their account, in the write that makes it. Whoever has no mail address is told
    /// nothing.
    pub async fn tell(&self, tx: &mut Tx, user: UserId, notice: Notice) -> Result<(), Fault> {
        if !self.sends {
            return Ok(());
        }
        let Some(user) = store::user::read(tx, user).await? else { return Ok(()) };
        match user.email().map(str::to_owned) {
            Some(to) => self.send(tx, &user, to, Content::Notice(notice)).await,
            None => Ok(()),
        }
    }

    /// Queues a mail for a person to this address, whatever theirs is.
    pub async fn send(&self, tx: &mut Tx, user: &User, to: String, content: Content) -> Result<(), Fault> {
        if !self.sends {
            return Ok(());
        }
        let (name, username) = (user.display_name().to_owned(), user.username.clone());
        let letter = Letter { to, name, username, at: self.now, source: self.source.clone(), content };
        store::mail::insert(tx, &self.sealed(Some(user.id), &letter)?).await
    }
}

impl Clerk {
    /// Does all that [`Clerk::send`] does but that nobody is mailed: for an address that is nobody's, so that asking costs
    /// the same.
    pub(super) async fn pretend(&self, tx: &mut Tx, to: &str, content: Content, until: Time) -> Result<(), Fault> {
        let letter = Letter {
            to: to.to_owned(),
            name: to.to_owned(),
            username: to.to_owned(),
            at: self.now,
            source: self.source.clone(),
            content,
        };
        let mail = self.sealed(None, &letter)?;
        store::mail::insert_settled(tx, &Mail { state: MailState::Sent, ..mail }, until).await
    }

    fn sealed(&self, user: Option<UserId>, letter: &Letter) -> Result<Mail, Fault> {
        let id = MailId::new(self.now, self.entropy.as_ref());
        let plain = serde_json::to_vec(letter).map_err(|cause| Fault::contradiction("mail", cause.to_string()))?;
        Ok(Mail {
            id,
            user,
            kind: letter.content.kind().to_owned(),
            sealed: Some(self.seal.seal(&id.to_string(), &plain, self.entropy.as_ref())),
            state: MailState::Pending,
            attempts: 0,
            created_at: self.now,
            due_at: Some(self.now),
            useless_at: letter.content.useless_at(),
        })
    }
}

/// Begins at most so many attempts of what is due.
pub async fn claim(authority: &Authority, limit: i64) -> Result<Vec<Mail>, Fault> {
    let now = authority.now();
    if !store::mail::is_due(&authority.db, now).await? {
        return Ok(Vec::new());
    }
    authority.db.write(async move |tx| store::mail::claim(tx, limit, now, now + LEASE).await).await
}

/// How long the mail server may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Makes the attempt and writes down what became of it.
pub async fn attempt(authority: &Authority, mail: Mail) -> Outcome<Next> {
    let outcome = deliver(authority, &mail).await;
    let now = authority.now();
    let next = after(&mail, &outcome, now, u16::from_be_bytes(draw(authority.dice())));
    let error = outcome.err().map(|miss| miss.text());
    if let Some(error) = &error {
        tracing::warn!(mail = %mail.id, kind = mail.kind, error, attempts = mail.attempts, ?next, "not mailed");
    }
    let remains = if authority.mailing.mailbox { Remains::Everything } else { Remains::Nothing };
    let settled = Settled { next, error, remains };
    authority.db.write(async move |tx| store::mail::settle(tx, &mail, settled, now).await).await?;
    Ok(next)
}

async fn deliver(authority: &Authority, mail: &Mail) -> Result<(), Miss> {
    if mail.useless_at.is_some_and(|end| end <= authority.now()) {
        return Err(Miss::Late);
    }
    let (id, at) = (mail.id, mail.created_at);
    let Sent { to, subject, text, html, .. } = written(authority, mail).ok_or(Miss::Unwritable("cannot be read"))?;
    let host = authority.policy.issuer.split_once("://").map_or("", |(_, rest)| rest);
    let host = host.split(['/', ':']).next().unwrap_or_default();
    let outgoing = Outgoing { id: format!("<{id}@{host}>"), at, to, subject, text, html };
    match tokio::time::timeout(PATIENCE, authority.mailing.mailer.send(outgoing)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(Unsent::Unwritable(why))) => Err(Miss::Unwritable(why)),
        Ok(Err(Unsent::Refused(why))) => Err(Miss::Refused(why)),
        Ok(Err(Unsent::Failed(why))) => Err(Miss::Failed(why)),
        Err(_) => Err(Miss::Failed("timeout".into())),
    }
}

/// A letter that is opened and put into words.
fn written(authority: &Authority, mail: &Mail) -> Option<Sent> {
    let plain = authority.secrets.mail.open(&mail.id.to_string(), mail.sealed.as_deref()?)?;
    let letter: Letter = serde_json::from_slice(&plain).ok()?;
    let words = Words::of(&letter, &authority.policy.issuer);
    let (text, html) = authority.mailing.letters.write(&words)?;
    Some(Sent { at: mail.created_at, to: letter.to, subject: words.subject, text, html })
}

/// What was mailed, or is about to be, newest first: for a developer.
pub async fn mailbox(authority: &Authority, limit: i64) -> Outcome<Vec<Sent>> {
    let mails = store::mail::newest(&authority.db, limit).await?;
    Ok(mails.iter().filter_map(|mail| written(authority, mail)).collect())
}

/// How far behind the sending is.
pub struct Lag {
    /// Since the oldest mail was written that is still to be sent.
    pub seconds: i64,
    pub dead: i64,
}

pub async fn lag(authority: &Authority) -> Result<Lag, Fault> {
    let (oldest, dead) = store::mail::backlog(&authority.db).await?;
    let seconds = oldest.map_or(0, |oldest| (authority.now() - oldest).num_seconds().max(0));
    Ok(Lag { seconds, dead })
}
