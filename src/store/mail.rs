//! Mails on their way out.

use super::db::{Db, Fault, Tx};
use crate::base::clock::Time;
use crate::base::id::{MailId, UserId};
use crate::domain::delivery::Next;
use crate::domain::mail::{Mail, MailState, kept};

#[derive(sqlx::FromRow)]
struct MailRow {
    id: MailId,
    user_id: Option<UserId>,
    kind: String,
    sealed: Option<Vec<u8>>,
    state: String,
    attempts: i64,
    created_at: Time,
    due_at: Option<Time>,
    useless_at: Option<Time>,
}

impl MailRow {
    fn into_mail(self) -> Result<Mail, Fault> {
        let Self { id, kind, sealed, attempts, created_at, due_at, useless_at, .. } = self;
        let state = MailState::named(&self.state).ok_or_else(|| Fault::contradiction("mail", "unknown state"))?;
        Ok(Mail { id, user: self.user_id, kind, sealed, state, attempts, created_at, due_at, useless_at })
    }
}

macro_rules! mail_columns {
    () => {
        "id, user_id, kind, sealed, state, attempts, created_at, due_at, useless_at"
    };
}

/// Queues a mail, and wakes whoever sends it once it is durable.
pub async fn insert(tx: &mut Tx, mail: &Mail) -> Result<(), Fault> {
    tx.sql(
        "INSERT INTO mails (id, user_id, kind, sealed, state, attempts, created_at, due_at, useless_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(mail.id)
    .bind(mail.user)
    .bind(mail.kind.clone())
    .bind(mail.sealed.clone())
    .bind(mail.state.as_str())
    .bind(mail.attempts)
    .bind(mail.created_at)
    .bind(mail.due_at)
    .bind(mail.useless_at)
    .execute()
    .await?;
    Ok(())
}

/// As [`insert`], of one that nobody is to get: its row says what a sent one says, and its text is gone.
pub async fn insert_settled(tx: &mut Tx, mail: &Mail, kept_until: Time) -> Result<(), Fault> {
    tx.sql(
        "INSERT INTO mails (id, user_id, kind, sealed, state, attempts, created_at, settled_at, kept_until)
         VALUES ($1, $2, $3, NULL, $4, 1, $5, $5, $6)",
    )
    .bind(mail.id)
    .bind(mail.user)
    .bind(mail.kind.clone())
    .bind(mail.state.as_str())
    .bind(mail.created_at)
    .bind(kept_until)
    .execute()
    .await?;
    Ok(())
}

/// Whether any is to be sent by now.
pub async fn is_due(db: &Db, now: Time) -> Result<bool, Fault> {
    let sql = "SELECT COUNT(*) FROM (SELECT id FROM mails WHERE state = 'pending' AND due_at <= $1 LIMIT 1) due";
    Ok(db.read().await?.sql(sql).bind(now).scalar::<i64>().await? > 0)
}

/// Begins at most `limit` attempts, the longest due first, which belong to the caller until `until`.
pub async fn claim(tx: &mut Tx, limit: i64, now: Time, until: Time) -> Result<Vec<Mail>, Fault> {
    let sql = concat!(
        "UPDATE mails SET attempts = attempts + 1, due_at = $3
         WHERE state = 'pending' AND due_at <= $1 AND id IN (
             SELECT id FROM mails WHERE state = 'pending' AND due_at <= $1 ORDER BY due_at LIMIT $2)
         RETURNING ",
        mail_columns!()
    );
    let rows = tx.sql(sql).bind(now).bind(limit).bind(until).all::<MailRow>().await?;
    rows.into_iter().map(MailRow::into_mail).collect()
}

/// What stays of the text of a mail that is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remains {
    Nothing,
    /// For the mailbox of a developer.
    Everything,
}

/// What an attempt came to.
pub struct Settled {
    pub next: Next,
    pub error: Option<String>,
    pub remains: Remains,
}

/// Writes down what an attempt came to; false when it took so long that it belongs to somebody else by now.
pub async fn settle(tx: &mut Tx, claimed: &Mail, settled: Settled, now: Time) -> Result<bool, Fault> {
    let (state, due_at) = match settled.next {
        Next::Delivered => (MailState::Sent, None),
        Next::Again(at) => (MailState::Pending, Some(at)),
        Next::Dead => (MailState::Dead, None),
    };
    let kept_until = kept(state).map(|period| now + period.delta());
    let stays = kept_until.is_none() || settled.remains == Remains::Everything;
    let changed = tx
        .sql(
            "UPDATE mails SET state = $3, due_at = $4, settled_at = $5, kept_until = $6,
                              last_error = COALESCE($7, last_error), sealed = CASE WHEN $8 THEN sealed ELSE NULL END
             WHERE id = $1 AND state = 'pending' AND due_at = $2",
        )
        .bind(claimed.id)
        .bind(claimed.due_at)
        .bind(state.as_str())
        .bind(due_at)
        .bind(kept_until.map(|_| now))
        .bind(kept_until)
        .bind(settled.error)
        .bind(stays)
        .execute()
        .await?;
    Ok(changed == 1)
}

/// The newest ones of which the text is still there, newest first.
pub async fn newest(db: &Db, limit: i64) -> Result<Vec<Mail>, Fault> {
    let sql = concat!(
        "SELECT ",
        mail_columns!(),
        " FROM mails WHERE sealed IS NOT NULL ORDER BY created_at DESC, id DESC LIMIT $1"
    );
    let rows = db.read().await?.sql(sql).bind(limit).all::<MailRow>().await?;
    rows.into_iter().map(MailRow::into_mail).collect()
}

/// What became of a mail, without what it says.
#[derive(Clone, Debug)]
pub struct Fate {
    pub id: MailId,
    pub user: UserId,
    pub kind: String,
    pub state: MailState,
    pub attempts: i64,
    pub last_error: Option<String>,
    pub created_at: Time,
    pub due_at: Option<Time>,
    pub settled_at: Option<Time>,
}

#[derive(sqlx::FromRow)]
struct FateRow {
    id: MailId,
    user_id: UserId,
    kind: String,
    state: String,
    attempts: i64,
    last_error: Option<String>,
    created_at: Time,
    due_at: Option<Time>,
    settled_at: Option<Time>,
}

impl FateRow {
    fn into_fate(self) -> Result<Fate, Fault> {
        let state = MailState::named(&self.state).ok_or_else(|| Fault::contradiction("mail", "unknown state"))?;
        let Self { id, user_id: user, kind, attempts, last_error, created_at, due_at, settled_at, .. } = self;
        Ok(Fate { id, user, kind, state, attempts, last_error, created_at, due_at, settled_at })
    }
}

/// What a list of mails is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub state: Option<MailState>,
    pub user: Option<UserId>,
}

/// One page, newest first, of mails older than `after` that were for somebody.
pub async fn page(db: &Db, filter: Filter, after: Option<MailId>, limit: i64) -> Result<Vec<Fate>, Fault> {
    let sql = "SELECT id, user_id, kind, state, attempts, last_error, created_at, due_at, settled_at FROM mails
               WHERE user_id IS NOT NULL AND ($1 IS NULL OR id < $1) AND ($2 IS NULL OR state = $2)
                 AND ($3 IS NULL OR user_id = $3)
               ORDER BY id DESC LIMIT $4";
    let state = filter.state.map(MailState::as_str);
    let mut reader = db.read().await?;
    let rows = reader.sql(sql).bind(after).bind(state).bind(filter.user).bind(limit).all::<FateRow>().await?;
    rows.into_iter().map(FateRow::into_fate).collect()
}

/// Lets a mail that waits for its next attempt be tried now; gives its state, `None` for one that is not there. What is
/// under way already waits for its outcome.
pub async fn hurry(tx: &mut Tx, id: MailId, now: Time) -> Result<Option<MailState>, Fault> {
    let sql = "UPDATE mails SET due_at = $2 WHERE id = $1 AND state = 'pending' AND due_at > $2 AND attempts > 0
               AND last_error IS NOT NULL";
    tx.sql(sql).bind(id).bind(now).execute().await?;
    let sql = "SELECT state FROM mails WHERE id = $1 AND user_id IS NOT NULL";
    let found = tx.sql(sql).bind(id).optional::<(String,)>().await?;
    let state = |text: &str| MailState::named(text).ok_or_else(|| Fault::contradiction("mail", "unknown state"));
    found.map(|(text,)| state(&text)).transpose()
}

/// When the oldest mail that is not settled was written, and how many are dead.
pub async fn backlog(db: &Db) -> Result<(Option<Time>, i64), Fault> {
    let mut reader = db.read().await?;
    let oldest =
        reader.sql("SELECT MIN(created_at) FROM mails WHERE state = 'pending'").scalar::<Option<Time>>().await?;
    Ok((oldest, reader.sql("SELECT COUNT(*) FROM mails WHERE state = 'dead'").scalar().await?))
}
