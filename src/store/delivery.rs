//! Deliveries: what each of those who hear has to be told, tried, and told.

use super::db::{Db, Fault, Tx};
use super::outbox::{OutboxRow, outbox_columns};
use crate::base::clock::Time;
use crate::base::id::{DeliveryId, RevocationId, SessionId, UserId};
use crate::domain::delivery::{Delivery, DeliveryState, Next, Projection, kept};
use crate::domain::revocation::Recorded;
use crate::store::session::open_at;

/// The columns of [`DeliveryRow`], for statements in which deliveries are called `d`.
macro_rules! delivery_columns {
    () => {
        "d.id AS d_id, d.projection AS d_projection, d.revocation_id AS d_revocation_id, d.position AS d_position, \
         d.target AS d_target, d.session_id AS d_session_id, d.state AS d_state, d.attempts AS d_attempts, \
         d.created_at AS d_created_at, d.due_at AS d_due_at, d.settled_at AS d_settled_at, \
         d.last_error AS d_last_error"
    };
}

#[derive(sqlx::FromRow)]
#[expect(clippy::struct_field_names, reason = "the prefix keeps the columns of joined tables apart")]
struct DeliveryRow {
    d_id: DeliveryId,
    d_projection: String,
    d_revocation_id: RevocationId,
    d_position: i64,
    d_target: String,
    d_session_id: SessionId,
    d_state: String,
    d_attempts: i64,
    d_created_at: Time,
    d_due_at: Option<Time>,
    d_settled_at: Option<Time>,
    d_last_error: Option<String>,
}

impl DeliveryRow {
    fn into_delivery(self) -> Result<Delivery, Fault> {
        let wrong = |what| Fault::contradiction("delivery", format!("{}: {what}", self.d_id));
        Ok(Delivery {
            id: self.d_id,
            projection: Projection::named(&self.d_projection).ok_or_else(|| wrong("unknown projection"))?,
            revocation: self.d_revocation_id,
            position: self.d_position,
            state: DeliveryState::named(&self.d_state).ok_or_else(|| wrong("unknown state"))?,
            target: self.d_target,
            session: self.d_session_id,
            attempts: self.d_attempts,
            created_at: self.d_created_at,
            due_at: self.d_due_at,
            settled_at: self.d_settled_at,
            last_error: self.d_last_error,
        })
    }
}

#[derive(sqlx::FromRow)]
struct Joined {
    #[sqlx(flatten)]
    delivery: DeliveryRow,
    #[sqlx(flatten)]
    outbox: OutboxRow,
}

impl Joined {
    fn into_both(self) -> Result<(Delivery, Recorded), Fault> {
        Ok((self.delivery.into_delivery()?, self.outbox.into_recorded()?))
    }
}

pub async fn insert(tx: &mut Tx, delivery: &Delivery) -> Result<(), Fault> {
    tx.sql(
        "INSERT INTO deliveries (id, projection, revocation_id, position, target, session_id, state, attempts, created_at,
                                 due_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(delivery.id)
    .bind(delivery.projection.as_str())
    .bind(delivery.revocation)
    .bind(delivery.position)
    .bind(delivery.target.clone())
    .bind(delivery.session)
    .bind(delivery.state.as_str())
    .bind(delivery.attempts)
    .bind(delivery.created_at)
    .bind(delivery.due_at)
    .execute()
    .await?;
    Ok(())
}

/// For one projection, each of those who have to be told something and since when: a step in the index for each of them, however
/// much there is to tell.
pub(super) const DUE: &str = "WITH RECURSIVE heard (target) AS (
         SELECT MIN(target) FROM deliveries WHERE state = 'pending' AND projection = $1
         UNION ALL
         SELECT (SELECT MIN(d.target) FROM deliveries d
                 WHERE d.state = 'pending' AND d.projection = $1 AND d.target > heard.target)
         FROM heard WHERE heard.target IS NOT NULL)
     SELECT heard.target, (SELECT MIN(d.due_at) FROM deliveries d
                           WHERE d.state = 'pending' AND d.projection = $1 AND d.target = heard.target) AS since
     FROM heard WHERE heard.target IS NOT NULL";

/// Those who have to be told something by now, the longest waiting first.
pub async fn due(db: &Db, now: Time) -> Result<Vec<(Projection, String)>, Fault> {
    let mut reader = db.read().await?;
    let mut waiting = Vec::new();
    for projection in Projection::ALL {
        let rows = reader.sql(DUE).bind(projection.as_str()).all::<(String, Option<Time>)>().await?;
        let since = |(target, since): (String, Option<Time>)| Some((since?, *projection, target));
        waiting.extend(rows.into_iter().filter_map(since).filter(|(since, ..)| *since <= now));
    }
    waiting.sort_by_key(|(since, ..)| *since);
    Ok(waiting.into_iter().map(|(_, projection, target)| (projection, target)).collect())
}

/// Begins attempts for one of them, which belong to the caller until `until`; gives what is to be told. A webhook hears
/// about one session in order: what comes later waits.
pub async fn claim(
    tx: &mut Tx,
    (projection, target): &(Projection, String),
    limit: i64,
    now: Time,
    until: Time,
) -> Result<Vec<(Delivery, Recorded)>, Fault> {
    let sql = "UPDATE deliveries SET attempts = attempts + 1, due_at = $5
               WHERE state = 'pending' AND due_at <= $3 AND id IN (
                   SELECT d.id FROM deliveries d
                   WHERE d.state = 'pending' AND d.projection = $1 AND d.target = $2 AND d.due_at <= $3
                     AND (d.projection <> 'webhooks' OR NOT EXISTS (
                         SELECT 1 FROM deliveries e
                         WHERE e.state = 'pending' AND e.projection = d.projection AND e.target = d.target
                           AND e.session_id = d.session_id AND e.position < d.position))
                   ORDER BY d.due_at, d.position LIMIT $4)
               RETURNING id";
    let ids = tx.sql(sql).bind(projection.as_str()).bind(target).bind(now).bind(limit).bind(until);
    let ids = ids.all::<(DeliveryId,)>().await?;
    let mut claimed = Vec::new();
    for (id,) in ids {
        let sql = concat!(
            "SELECT ",
            delivery_columns!(),
            ", ",
            outbox_columns!(),
            " FROM deliveries d JOIN outbox o ON o.id = d.revocation_id WHERE d.id = $1"
        );
        claimed.push(tx.sql(sql).bind(id).one::<Joined>().await?.into_both()?);
    }
    claimed.sort_by_key(|(delivery, _)| delivery.position);
    Ok(claimed)
}

/// Writes down what an attempt came to; false when it took so long that it belongs to somebody else by now.
pub async fn settle(
    tx: &mut Tx,
    claimed: &Delivery,
    next: Next,
    error: Option<String>,
    now: Time,
) -> Result<bool, Fault> {
    let (state, due_at) = match next {
        Next::Delivered => (DeliveryState::Delivered, None),
        Next::Again(at) => (DeliveryState::Pending, Some(at)),
        Next::Dead => (DeliveryState::Dead, None),
    };
    let kept_until = kept(state).map(|period| now + period.delta());
    let changed = tx
        .sql(
            "UPDATE deliveries SET state = $3, due_at = $4, settled_at = $5, kept_until = $6,
                                   last_error = COALESCE($7, last_error)
             WHERE id = $1 AND state = 'pending' AND due_at = $2",
        )
        .bind(claimed.id)
        .bind(claimed.due_at)
        .bind(state.as_str())
        .bind(due_at)
        .bind(kept_until.map(|_| now))
        .bind(kept_until)
        .bind(error)
        .execute()
        .await?;
    Ok(changed == 1)
}

/// Lets one that is dead, or waits, be tried now, as often as a new one. False when it is delivered or not there.
pub async fn revive(tx: &mut Tx, id: DeliveryId, now: Time) -> Result<bool, Fault> {
    let changed = tx
        .sql(
            "UPDATE deliveries SET state = 'pending', attempts = 0, due_at = $2, settled_at = NULL, kept_until = NULL
             WHERE id = $1 AND (state = 'dead' OR (state = 'pending' AND due_at > $2))",
        )
        .bind(id)
        .bind(now)
        .execute()
        .await?;
    tx.ring();
    Ok(changed == 1)
}

pub async fn find(db: &Db, id: DeliveryId) -> Result<Option<Delivery>, Fault> {
    let sql = concat!("SELECT ", delivery_columns!(), " FROM deliveries d WHERE d.id = $1");
    let row = db.read().await?.sql(sql).bind(id).optional::<DeliveryRow>().await?;
    row.map(DeliveryRow::into_delivery).transpose()
}

/// What a list of deliveries is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub session: Option<SessionId>,
    pub state: Option<DeliveryState>,
    pub projection: Option<Projection>,
    pub target: Option<String>,
}

macro_rules! page_led_by {
    ($lead:literal) => {
        concat!(
            "SELECT ",
            delivery_columns!(),
            ", ",
            outbox_columns!(),
            " FROM deliveries d JOIN outbox o ON o.id = d.revocation_id WHERE ",
            $lead,
            "($1 IS NULL OR d.id < $1) AND ($2 IS NULL OR d.session_id = $2) AND ($3 IS NULL OR d.state = $3)",
            " AND ($4 IS NULL OR d.projection = $4) AND ($5 IS NULL OR d.target = $5) ORDER BY d.id DESC LIMIT $6"
        )
    };
}

/// One page, newest first, of deliveries older than `after`.
pub async fn page(
    db: &Db,
    filter: Filter,
    after: Option<DeliveryId>,
    limit: i64,
) -> Result<Vec<(Delivery, Recorded)>, Fault> {
    // What is asked for most leads, so that its index is used.
    let sql = match (filter.session, &filter.target) {
        (Some(_), _) => page_led_by!("d.session_id = $2 AND "),
        (None, Some(_)) => page_led_by!("d.target = $5 AND "),
        (None, None) => page_led_by!(""),
    };
    let rows = db
        .read()
        .await?
        .sql(sql)
        .bind(after)
        .bind(filter.session)
        .bind(filter.state.map(DeliveryState::as_str))
        .bind(filter.projection.map(Projection::as_str))
        .bind(filter.target)
        .bind(limit)
        .all::<Joined>()
        .await?;
    rows.into_iter().map(Joined::into_both).collect()
}

/// When the oldest delivery of a projection that is not settled began to wait, and how many are dead.
pub async fn backlog(db: &Db, projection: Projection) -> Result<(Option<Time>, i64), Fault> {
    let mut reader = db.read().await?;
    let sql = "SELECT MIN(created_at) FROM deliveries WHERE state = 'pending' AND projection = $1";
    let oldest = reader.sql(sql).bind(projection.as_str()).scalar::<Option<Time>>().await?;
    let sql = "SELECT COUNT(*) FROM deliveries WHERE state = 'dead' AND projection = $1";
    Ok((oldest, reader.sql(sql).bind(projection.as_str()).scalar().await?))
}

/// Whether a person is signed in to a client at this moment.
pub async fn is_signed_in(db: &Db, user: UserId, client_id: &str, now: Time) -> Result<bool, Fault> {
    let sql = concat!(
        "SELECT COUNT(*) FROM sessions s JOIN grants g ON g.session_id = s.id",
        " WHERE s.user_id = $1 AND g.client_id = $2 AND g.ended_at IS NULL AND ",
        open_at!("s.", "$3")
    );
    Ok(db.read().await?.sql(sql).bind(user).bind(client_id).bind(now).scalar::<i64>().await? > 0)
}
