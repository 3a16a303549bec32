//! From what ended to who has to be told.
//!
//! 1. Rows of the outbox that were committed are given positions, by one node at a time. Ids follow the clocks of nodes, not
//!    the order of commits: a reader that went by them would overlook what was committed late.
//! 2. Each projection reads on from its cursor. Who hears of a row, one delivery for each, is written together with the
//!    cursor that passes it: no row is read twice, and none is lost.

use std::collections::BTreeMap;

use super::{Authority, Outcome};
use crate::base::id::DeliveryId;
use crate::domain::delivery::{Delivery, DeliveryState, Projection, goes_on, hears};
use crate::domain::revocation::Recorded;
use crate::domain::webhook::Webhook;
use crate::store;

/// Rows in one write.
const BATCH: i64 = 200;

/// Until every row that was committed before is read by every projection.
pub async fn read_on(authority: &Authority) -> Outcome<()> {
    while store::outbox::has_unplaced(&authority.db).await? {
        let now = authority.now();
        authority.db.write(async move |tx| store::outbox::place(tx, now, BATCH).await).await?;
    }
    for projection in Projection::ALL {
        while read_batch(authority, *projection).await? {}
    }
    Ok(())
}

/// False when nothing was left to read.
async fn read_batch(authority: &Authority, projection: Projection) -> Outcome<bool> {
    let cursor = store::outbox::cursor(&authority.db, projection).await?;
    let rows = store::outbox::after(&authority.db, cursor, BATCH).await?;
    let Some(last) = rows.last().map(|row| row.position) else { return Ok(false) };
    let mut readers = Readers::of(authority, projection).await?;
    let mut deliveries = Vec::new();
    for row in &rows {
        for target in readers.that_hear(row).await? {
            deliveries.push(delivery(authority, projection, row, target));
        }
    }
    // Whoever comes second finds the cursor moved and reads again from there.
    let written = authority.db.write(async move |tx| {
        if store::outbox::advance(tx, projection, cursor, last).await? {
            for delivery in &deliveries {
                store::delivery::insert(tx, delivery).await?;
            }
        }
        Ok(())
    });
    written.await?;
    Ok(true)
}

fn delivery(authority: &Authority, projection: Projection, row: &Recorded, target: String) -> Delivery {
    let now = authority.now();
    Delivery {
        id: DeliveryId::new(now, authority.dice()),
        projection,
        revocation: row.revocation.id,
        position: row.position,
        target,
        session: row.revocation.revoked.session(),
        state: DeliveryState::Pending,
        attempts: 0,
        created_at: now,
        due_at: Some(now),
        settled_at: None,
        last_error: None,
    }
}

/// Those who may hear, as they are while one batch is read.
enum Readers<'a> {
    /// Whether a client has an address for logout tokens, once that was looked up.
    Clients(&'a Authority, BTreeMap<String, bool>),
    Webhooks(Vec<Webhook>),
}

impl<'a> Readers<'a> {
    async fn of(authority: &'a Authority, projection: Projection) -> Outcome<Self> {
        Ok(match projection {
            Projection::BackchannelLogout => Self::Clients(authority, BTreeMap::new()),
            Projection::Webhooks => Self::Webhooks(store::webhook::enabled(&authority.db).await?),
        })
    }

    async fn that_hear(&mut self, row: &Recorded) -> Outcome<Vec<String>> {
        match self {
            Self::Webhooks(all) => {
                let what = row.revocation.revoked.what();
                Ok(all.iter().filter(|webhook| webhook.hears(what)).map(|webhook| webhook.id.to_string()).collect())
            }
            Self::Clients(authority, known) => clients(authority, known, row).await,
        }
    }
}

async fn clients(authority: &Authority, known: &mut BTreeMap<String, bool>, row: &Recorded) -> Outcome<Vec<String>> {
    let session = row.revocation.revoked.session();
    let Some(stand) = store::outbox::stand(&authority.db, session).await? else { return Ok(Vec::new()) };
    let mut told = Vec::new();
    let members = store::outbox::members(&authority.db, session).await?;
    if goes_on(row, &members) {
        return Ok(told);
    }
    for member in members {
        let hears = hears(row, &stand, &member) && !told.contains(&member.client_id);
        if hears && has_address(authority, known, &member.client_id).await? {
            told.push(member.client_id);
        }
    }
    Ok(told)
}

async fn has_address(authority: &Authority, known: &mut BTreeMap<String, bool>, client_id: &str) -> Outcome<bool> {
    if let Some(has_address) = known.get(client_id) {
        return Ok(*has_address);
    }
    let client = store::client::find(&authority.db, client_id).await?;
    let has_address = client.is_some_and(|client| client.metadata.backchannel_logout_uri.is_some());
    known.insert(client_id.to_owned(), has_address);
    Ok(has_address)
}
