//! How people find the way to their provider: links on the login page, an e-mail address, a hint of the client.

use serde_json::json;

use super::impostor::{Impostor, callback};
use super::{api, is_signed_in, parameter, way};
use crate::stage::HOME;
use crate::world::on_both;

on_both! {
    async fn the_login_page_links_every_provider_that_is_on(world) {
        let admin = api(world).await;
        assert!(!world.browser().get("/login").await.body.contains("/sso/"));
        for (id, name, enabled) in [("b", "Bakery", true), ("a", "Zoo", true), ("off", "Closed", false)] {
            let asked = json!({"id": id, "name": name, "issuer": format!("https://{id}.example"), "client_id": "x", "enabled": enabled});
            admin.post("/providers", asked).await.is(201);
        }
        let page = world.browser().get("/login").await;
        let links: Vec<_> = page.body.match_indices("href=\"/sso/").map(|(at, _)| &page.body[at + 11..at + 12]).collect();
        assert_eq!(links, ["b", "a"], "by name");
        assert!(page.body.contains("Bakery") && !page.body.contains("Closed"));
        assert_eq!(page.body.matches("type=\"submit\"").count(), 1);
    }

    async fn several_tabs_come_back_to_their_own_apps(world) {
        let (one, two) = (Impostor::join(world, "one", json!({})).await, Impostor::join(world, "two", json!({})).await);
        let browser = world.browser();
        let mut trips = Vec::new();
        for (app, impostor) in [("first", &one), ("second", &two)] {
            world.app(app).await;
            let page = browser.authorize(app, &[("state", app)]).await;
            let address = impostor.set_out(&browser, &way(&page, impostor.id)).await;
            trips.push((app, impostor, parameter(&address, "state")));
        }
        for (app, impostor, state) in trips.into_iter().rev() {
            assert_eq!(impostor.come_back(&browser, &state).await.home(HOME)["state"], app);
        }
    }

    async fn an_address_of_a_domain_leads_to_its_provider(world) {
        let impostor = Impostor::join(world, "corp", json!({"domains": ["corp.example"]})).await;
        world.app("app").await;
        let browser = world.browser();
        let page = browser.authorize("app", &[("state", "kept")]).await;
        assert!(page.body.contains("leave this empty"));
        let to = |username: &'static str| {
            let (browser, page) = (&browser, &page);
            async move { browser.submit(page, "/login", &[("username", username), ("password", "")]).await }
        };
        let start = to("Ann@CORP.example").await.is(303).location();
        assert_eq!((start.path(), parameter(&start, "login_hint")), ("/sso/corp/start", "Ann@CORP.example".into()));
        let address = impostor.set_out(&browser, start.as_str()).await;
        assert_eq!(parameter(&address, "login_hint"), "Ann@CORP.example");
        assert_eq!(impostor.come_back(&browser, &parameter(&address, "state")).await.home(HOME)["state"], "kept");
        for stranger in ["ann@other.example", "a@evil.example@corp.example", "corp.example", "alice"] {
            let stranger: &'static str = stranger;
            to(stranger).await.is(401);
        }
        // Whoever types a password signs in by it.
        let own = world.browser();
        let page = own.get("/login").await;
        own.log_in(&page, "alice@corp.example", "wrong").await.is(401);
    }

    async fn a_client_may_name_the_domain(world) {
        let impostor = Impostor::join(world, "corp", json!({"domains": ["corp.example"]})).await;
        world.app("app").await;
        let browser = world.browser();
        let asked = [("domain_hint", "corp.example"), ("login_hint", "ann@corp.example")];
        let login = browser.get(&crate::browser::authorization("app", &asked)).await.is(303).location();
        let start = browser.get(login.as_str()).await.is(303).location();
        assert_eq!(start.path(), "/sso/corp/start");
        let address = impostor.set_out(&browser, start.as_str()).await;
        assert_eq!(parameter(&address, "login_hint"), "ann@corp.example");
        // Whoever turns back there is shown the page and not sent away again.
        let back = browser.get(&callback("corp", &[("error", "access_denied"), ("state", &parameter(&address, "state"))])).await;
        assert!(back.is(403).body.contains("You did not sign in at corp") && back.body.contains("name=\"password\""));
        let unknown = browser.authorize("app", &[("domain_hint", "other.example")]).await;
        assert_eq!(unknown.is(200).url.path(), "/login");
        let silent = browser.authorize("app", &[("domain_hint", "corp.example"), ("prompt", "none")]).await;
        assert_eq!(silent.home(HOME)["error"], "login_required");
        assert!(!is_signed_in(&browser).await);
    }
}
