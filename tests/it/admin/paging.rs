//! Lists: pages, their order and their ends, and what is asked of them in a wrong way.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Api, column, fields};
use crate::world::on_both;

/// Every item of a list, in pages of this size.
async fn walk(api: &Api, path: &str, member: &str, limit: usize) -> Vec<String> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api.get(&format!("{path}?limit={limit}{cursor}")).await.ok();
        let items = column(&page, member);
        assert!(items.len() <= limit, "{page}");
        all.extend(items);
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
        assert!(all.len() < 1_000, "{path} never ends");
    }
}

on_both! {
    async fn pages_hold_everything_once_and_in_order(world) {
        let api = Api::of(world).await;
        for name in ["one", "two", "three"] {
            api.post("/users", json!({"username": name})).await.is(201);
            world.app(name).await;
            world.browser().sign_in("alice").await;
            world.advance(1);
        }
        for (path, member, least) in [("/users", "id", 5), ("/clients", "client_id", 4), ("/sessions", "sid", 4), ("/keys", "kid", 2), ("/mails", "id", 3)] {
            let whole = walk(&api, path, member, 200).await;
            assert!(whole.len() >= least, "{path}: {whole:?}");
            assert_eq!(whole.iter().collect::<BTreeSet<_>>().len(), whole.len(), "{path} has one twice");
            for limit in [1, 2, whole.len()] {
                assert_eq!(walk(&api, path, member, limit).await, whole, "{path} by {limit}");
            }
            let mut sorted = whole.clone();
            sorted.sort();
            if path == "/sessions" || path == "/mails" {
                sorted.reverse();
            }
            assert_eq!(whole, sorted, "{path}");
        }
    }

    async fn a_page_that_cannot_be_is_named(world) {
        let api = Api::of(world).await;
        api.post("/users", json!({"username": "one"})).await.is(201);
        let next = api.get("/users?limit=1").await.ok()["next"].as_str().unwrap().to_owned();
        let mut forged = next.clone();
        forged.replace_range(20..21, if &next[20..21] == "A" { "B" } else { "A" });
        for (query, field) in [
            ("limit=0", "limit"),
            ("limit=201", "limit"),
            ("limit=-1", "limit"),
            ("limit=1.5", "limit"),
            ("limit=ten", "limit"),
            ("limit=", "limit"),
            ("limit=5&limit=6", "limit"),
            ("cursor=nonsense", "cursor"),
            (&format!("cursor={forged}"), "cursor"),
            (&format!("cursor={}", &next[1..]), "cursor"),
            ("user=x", "user"),
            ("username=", "username"),
            ("username=%20x", "username"),
        ] {
            assert_eq!(fields(&api.get(&format!("/users?{query}")).await, 400), [field], "{query}");
        }
        for path in ["/clients", "/sessions", "/keys"] {
            let answer = api.get(&format!("{path}?cursor={next}")).await;
            assert_eq!(fields(&answer, 400), ["cursor"], "{path} takes the cursor of another list");
        }
        api.get("/users?username=%00").await.problem(400);
        api.get("/users?username=%ff").await.problem(400);
        api.get("/users?username=%").await.problem(400);
    }

    async fn a_list_is_narrowed_by_its_filters(world) {
        let api = Api::of(world).await;
        assert_eq!(column(&api.get("/users?username=ALICE").await.ok(), "username"), ["alice"]);
        assert!(column(&api.get("/users?username=nobody").await.ok(), "username").is_empty());
        for (query, field) in [
            ("user_id=x", "user_id"),
            ("client_id=a%20b", "client_id"),
            ("state=open", "state"),
            ("state=live&state=ended", "state"),
            ("username=alice", "username"),
        ] {
            assert_eq!(fields(&api.get(&format!("/sessions?{query}")).await, 400), [field], "{query}");
        }
    }
}
