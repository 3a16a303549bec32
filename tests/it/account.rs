//! The account page: a person sees their own sessions and ends them.

use serde_json::json;

use crate::answer::Answer;
use crate::client::claims;
use crate::world::on_both;

/// The paths of the forms on the page that end a session.
fn endings(page: &Answer) -> Vec<String> {
    let body = page.body.replace("&#x2f;", "/");
    let forms = body.split("action=\"/account/sessions/").skip(1);
    let paths = forms.map(|rest| format!("/account/sessions/{}", rest.split('"').next().unwrap()));
    paths.filter(|path| !path.ends_with("/sessions/end") && !path.ends_with("/others/end")).collect()
}

on_both! {
    async fn shows_the_sessions_of_this_person_alone(world) {
        let app = world.client("shop", json!({"client_name": "The <b>Shop</b>"})).await;
        let (browser, _) = world.signed_in(&app).await;
        world.browser().sign_in("alice").await;
        world.browser().sign_in("bob").await;
        let page = browser.get("/account").await;
        assert_eq!(endings(page.is(200)).len(), 2);
        assert!(page.body.contains("This browser") && page.body.contains("alice@example.com"));
        assert!(page.body.contains("The &lt;b&gt;Shop&lt;&#x2f;b&gt;") && !page.body.contains("<b>Shop"));
        assert!(!page.body.contains("bob"));
    }

    async fn a_session_can_be_ended_from_another(world) {
        let app = world.app("app").await;
        let (_, tokens) = world.signed_in(&app).await;
        let browser = world.browser();
        browser.sign_in("alice").await;
        let page = browser.get("/account").await;
        let sid = claims(&tokens.access)["sid"].as_str().unwrap().to_owned();
        let path = endings(&page).into_iter().find(|path| path.contains(&sid)).unwrap();
        assert_eq!(browser.submit(&page, &path, &[]).await.is(303).location().path(), "/account");
        app.refresh(&tokens.refresh).await.refused("invalid_grant");
        app.userinfo(&tokens.access).await.refused("invalid_token");
        assert_eq!(endings(&browser.get("/account").await).len(), 1);
        let own = endings(&browser.get("/account").await).remove(0);
        let page = browser.get("/account").await;
        assert_eq!(browser.submit(&page, &own, &[]).await.is(303).location().path(), "/login");
        assert_eq!(browser.get("/account").await.location().path(), "/login");
    }

    async fn everywhere_means_offline_too(world) {
        let app = world.client("app", json!({})).await;
        let browser = world.browser();
        let offline = app.tokens(&browser.code("app", "alice", "openid offline_access").await).await;
        let page = browser.get("/account").await;
        assert!(page.body.contains("While you are away"));
        let csrf = page.form("/account/sessions/end")[0].1.clone();
        browser.post("/account/sessions/end", &[("csrf", &csrf)]).await.is(303);
        app.refresh(&offline.refresh).await.refused("invalid_grant");
        assert_eq!(browser.get("/account").await.location().path(), "/login");
    }

    async fn all_others_end_and_this_one_stays(world) {
        let app = world.client("app", json!({})).await;
        let other = world.browser();
        let left = app.tokens(&other.code("app", "alice", "openid offline_access").await).await;
        let browser = world.browser();
        browser.sign_in("alice").await;
        let bob = world.browser();
        bob.sign_in("bob").await;
        let page = browser.get("/account").await;
        let answer = browser.submit(&page, "/account/sessions/others/end", &[]).await;
        assert_eq!(answer.is(303).location().path(), "/account");
        let page = browser.get("/account").await;
        assert_eq!(endings(page.is(200)).len(), 1);
        assert!(!page.body.contains("Sign out all others"), "there are none");
        assert_eq!(other.get("/account").await.location().path(), "/login");
        app.refresh(&left.refresh).await.refused("invalid_grant");
        bob.get("/account").await.is(200);
    }

    async fn what_happened_is_told_in_words(world) {
        let app = world.client("shop", json!({"client_name": "The Shop"})).await;
        let (old, _) = world.signed_in(&app).await;
        let page = old.get("/logout").await;
        old.submit(&page, "/logout", &[]).await.is(200);
        let idle = world.browser();
        idle.sign_in("alice").await;
        world.advance(3_700);
        let browser = world.browser();
        browser.sign_in("alice").await;
        let page = browser.get("/account").await;
        for words in [
            "Signed in to The Shop",
            "First time in this browser",
            "Signed out",
            "Nothing happened for too long",
            "You signed out",
        ] {
            assert!(page.body.contains(words), "{words}: {}", page.body);
        }
        world.advance(31 * 24 * 3_600);
        browser.sign_in("alice").await;
        let page = browser.get("/account").await;
        assert!(!page.body.contains("Signed in to The Shop") && !page.body.contains("You signed out"), "long ago");
    }

    async fn apps_are_shown_with_what_they_have_and_can_be_removed(world) {
        let shop = world.client("shop", json!({"client_name": "The Shop"})).await;
        let house = world.app("house").await;
        let browser = world.browser();
        let tokens = shop.tokens(&browser.code("shop", "alice", "openid email offline_access").await).await;
        let own = house.tokens(&browser.code("house", "alice", "openid").await).await;
        world.browser().code("house", "bob", "openid").await;
        let page = browser.get("/account/apps").await;
        for words in ["The Shop", "While you are away", "<code>email</code>", "You allowed it", "In use since"] {
            assert!(page.is(200).body.contains(words), "{words}: {}", page.body);
        }
        browser.submit(&page, "/account/apps/shop/revoke", &[]).await.is(303);
        shop.refresh(&tokens.refresh).await.refused("invalid_grant");
        house.refresh(&own.refresh).await.ok();
        let page = browser.get("/account/apps").await;
        assert!(!page.body.contains("The Shop") && page.body.contains("house"));
        browser.submit(&page, "/account/apps/house/revoke", &[]).await.is(303);
        assert!(browser.get("/account/apps").await.body.contains("None yet"));
        assert_eq!(world.browser().get("/account/apps").await.location().path(), "/login");
    }

    async fn every_page_of_somebody_signed_in_has_a_way_out(world) {
        let browser = world.browser();
        browser.sign_in("alice").await;
        for path in ["/account", "/account/apps"] {
            let page = browser.get(path).await;
            assert!(page.is(200).body.contains("href=\"/logout\""), "{path}");
        }
    }

    async fn nobody_ends_what_is_anothers(world) {
        let (alice, bob) = (world.browser(), world.browser());
        alice.sign_in("alice").await;
        bob.sign_in("bob").await;
        let page = alice.get("/account").await;
        let csrf = page.form("/account/sessions/end")[0].1.clone();
        let bobs = endings(&bob.get("/account").await).remove(0);
        let odd = ["/account/sessions/x/end", "/account/sessions/00000000-0000-0000-0000-000000000000/end"];
        for path in odd.into_iter().chain([bobs.as_str()]) {
            alice.post(path, &[("csrf", &csrf)]).await.error_page("access_denied");
        }
        bob.get("/account").await.is(200);
        for path in ["/account/sessions/end", "/account/sessions/others/end", &bobs, "/account/apps/app/revoke"] {
            bob.post(path, &[]).await.error_page("access_denied");
            bob.post(path, &[("csrf", &csrf)]).await.error_page("access_denied");
            world.browser().post(path, &[("csrf", &csrf)]).await.error_page("access_denied");
        }
        bob.get("/account").await.is(200);
    }

    async fn a_strange_user_agent_is_shown_as_text(world) {
        let browser = world.browser();
        let page = browser.get("/login").await;
        let fields = page.form("/login");
        let body = crate::stage::form(&[("csrf", &fields[0].1), ("username", "alice"), ("password", crate::stage::PASSWORD)]);
        let agent = format!("<script>alert(1)</script>{}", "x".repeat(3_000));
        browser.send(reqwest::Method::POST, "/login", &[("user-agent", &agent)], Some(body)).await.is(303);
        let page = browser.get("/account").await;
        assert!(!page.is(200).body.contains("<script"));
    }
}
