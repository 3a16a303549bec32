//! Clients that nobody uses go, and those in use stay.

use doorward::flows::registration::sweep;
use reqwest::Method;
use serde_json::json;

use super::Registered;
use crate::stage::HOME;
use crate::world::{World, on_both_with};

const DAY: i64 = 86_400;

async fn sweeps(world: &World) -> usize {
    sweep(&world.authority, 100).await.unwrap()
}

on_both_with! {
    crate::registration::open();

    async fn clients_that_nobody_uses_go(world) {
        let (used, unused) = (Registered::new(world, json!({"redirect_uris": [HOME]})).await, Registered::new(world, json!({"redirect_uris": [HOME]})).await);
        world.app("admins-own").await;
        world.advance(29 * DAY);
        world.signed_in(&used.client(world)).await;
        assert_eq!(sweeps(world).await, 0);
        world.advance(DAY);
        assert_eq!(sweeps(world).await, 1);
        unused.manage(world, Method::GET, None).await.refused("invalid_token");
        used.manage(world, Method::GET, None).await.ok();
        assert!(doorward::store::client::find(world.db(), "admins-own").await.unwrap().is_some());
        // Its last session is history, and even that is over.
        world.jobs().await;
        world.advance(32 * DAY);
        world.jobs().await;
        assert_eq!(sweeps(world).await, 1);
        used.manage(world, Method::GET, None).await.refused("invalid_token");
    }
}
