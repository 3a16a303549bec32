//! The search for sessions: one condition for lists and for ends, with a first part that an index answers.

use super::db::{Db, Fault, Query};
use super::session::{SessionRow, open_at, session_columns};
use crate::base::clock::Time;
use crate::base::id::SessionId;
use crate::domain::filter::{AddressRange, Filter, Network};
use crate::domain::revocation::EndReason;
use crate::domain::session::{Session, State};

/// Sessions `s` that fit a filter, but for their state; what [`bind`] binds begins with `$5`. The word chooses the part
/// that leads, and with it the index; the rest is written so that no index answers it. `all` and `live` are led by the ids.
macro_rules! fits {
    (rest) => {
        "($16 IS NULL OR s.id >= $16) AND ($17 IS NULL OR s.id <= $17) AND ($5 IS NULL OR s.user_id = $5) \
         AND ($6 IS NULL OR s.client_id = $6 \
              OR EXISTS (SELECT 1 FROM grants fg WHERE fg.session_id = s.id AND fg.client_id = $6)) \
         AND ($7 IS NULL OR s.network = $7) AND ($8 IS NULL OR s.address_key BETWEEN $8 AND $9) \
         AND ($10 IS NULL OR s.country = $10) AND ($11 IS NULL OR s.device = $11) \
         AND ($12 IS NULL OR s.created_at >= $12) AND ($13 IS NULL OR s.created_at < $13) \
         AND ($14 IS NULL OR s.last_active_at >= $14) AND ($15 IS NULL OR s.last_active_at < $15)"
    };
    (all) => {
        concat!("s.id >= $16 AND s.id <= $17 AND ", fits!(rest))
    };
    (live) => {
        concat!("s.ended_at IS NULL AND ", fits!(all))
    };
    (user) => {
        concat!("s.user_id = $5 AND ", fits!(rest))
    };
    (device) => {
        concat!("s.device = $11 AND ", fits!(rest))
    };
    (addresses) => {
        concat!("s.address_key BETWEEN $8 AND $9 AND ", fits!(rest))
    };
    (client) => {
        concat!(
            "s.id IN (SELECT fg.session_id FROM grants fg WHERE fg.client_id = $6 \
                      UNION SELECT fs.id FROM sessions fs WHERE fs.client_id = $6) AND ",
            fits!(rest)
        )
    };
}
pub(super) use fits;

/// The part of a filter that leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lead {
    User,
    Device,
    Addresses,
    Client,
    Live,
    All,
}

impl Lead {
    /// The one that finds the fewest, mostly.
    pub(super) const fn of(filter: &Filter) -> Self {
        match filter {
            Filter { user: Some(_), .. } => Self::User,
            Filter { device: Some(_), .. } => Self::Device,
            Filter { network: Some(Network::Addresses(_)), .. } => Self::Addresses,
            Filter { client_id: Some(_), .. } => Self::Client,
            Filter { state: Some(State::Live), .. } => Self::Live,
            _ => Self::All,
        }
    }
}

pub(super) fn bind<'c>(query: Query<'c>, filter: &Filter) -> Query<'c> {
    let (lowest, highest) = filter.created.ids();
    let (name, range) = match &filter.network {
        Some(Network::Name(name)) => (Some(name.clone()), None),
        Some(Network::Addresses(range)) => (None, Some(range)),
        None => (None, None),
    };
    let edge = |edge: fn(&AddressRange) -> &[u8; 16]| range.map(|range| edge(range).to_vec());
    query
        .bind(filter.user)
        .bind(&filter.client_id)
        .bind(name)
        .bind(edge(|range| &range.first))
        .bind(edge(|range| &range.last))
        .bind(&filter.country)
        .bind(filter.device)
        .bind(filter.created.after)
        .bind(filter.created.before)
        .bind(filter.active.after)
        .bind(filter.active.before)
        .bind(lowest)
        .bind(highest)
}

/// Of the sessions that fit, those in the state `$2` and ended for the reason `$18`, before `$3` in the order of ids.
macro_rules! page {
    ($lead:ident) => {
        concat!(
            "SELECT ",
            session_columns!(),
            " FROM sessions s WHERE ",
            fits!($lead),
            " AND s.id < $3 AND ($2 IS NULL OR $2 = (CASE WHEN ",
            open_at!("s.", "$1"),
            " THEN 'live' ELSE 'ended' END)) AND ($18 IS NULL OR $18 = (CASE WHEN s.end_reason IS NOT NULL THEN s.end_reason WHEN ",
            open_at!("s.", "$1"),
            " THEN '' WHEN s.idle_end < s.absolute_end THEN 'idle' ELSE 'absolute' END)) ORDER BY s.id DESC LIMIT $4"
        )
    };
}

/// The statement of a page.
pub(super) const fn listing(filter: &Filter) -> &'static str {
    match Lead::of(filter) {
        Lead::User => page!(user),
        Lead::Device => page!(device),
        Lead::Addresses => page!(addresses),
        Lead::Client => page!(client),
        Lead::Live => page!(live),
        Lead::All => page!(all),
    }
}

/// One page, newest first, of sessions older than `after`.
pub async fn page(
    db: &Db,
    filter: &Filter,
    after: Option<SessionId>,
    limit: i64,
    now: Time,
) -> Result<Vec<Session>, Fault> {
    let mut reader = db.read_long().await?;
    let query = reader.sql(listing(filter)).bind(now).bind(filter.state.map(State::as_str));
    let query = query.bind(after.unwrap_or(SessionId::LAST)).bind(limit);
    let rows = bind(query, filter).bind(filter.reason.map(EndReason::as_str)).all::<SessionRow>().await?;
    rows.into_iter().map(SessionRow::into_session).collect()
}
