//! "Why was I logged out?": told once to the person on the login page, and to the clients that took part.

use doorward::base::id::{SessionId, UserId};
use doorward::domain::revocation::{EndReason, Initiator, Target};
use doorward::flows::ending;
use reqwest::Method;
use serde_json::json;

use crate::browser::Browser;
use crate::client::claims;
use crate::stage::{HOME, PASSWORD};
use crate::world::{World, on_both};

const SESSION: &str = "doorward-session";

/// The notice of the login page.
async fn notice(browser: &Browser) -> Option<String> {
    let page = browser.open("/account").await;
    assert_eq!(page.url.path(), "/login");
    let (_, rest) = page.body.split_once("role=\"status\">")?;
    Some(rest.split('<').next().unwrap().to_owned())
}

async fn end(world: &World, session: SessionId, reason: EndReason, initiator: Initiator) {
    ending::revoke(&world.authority, Target::Session(session), reason, initiator).await.unwrap();
}

/// The only open session.
async fn open_session(world: &World) -> SessionId {
    let sql = "SELECT id FROM sessions WHERE ended_at IS NULL";
    world.db().read().await.unwrap().sql(sql).one::<(SessionId,)>().await.unwrap().0
}

on_both! {
    async fn every_involuntary_end_is_told_once(world) {
        for (reason, initiator, says) in [
            (EndReason::Limit, Initiator::System, "signed in elsewhere"),
            (EndReason::Admin, Initiator::Admin, "An administrator"),
            (EndReason::Logout, Initiator::Admin, "An administrator"),
            (EndReason::Logout, Initiator::User, "from another one of yours"),
            (EndReason::Theft, Initiator::System, "old copy"),
            (EndReason::PasswordChanged, Initiator::Admin, "your password was changed"),
            (EndReason::CredentialRemoved, Initiator::Admin, "a way of signing in was removed"),
            (EndReason::UserDisabled, Initiator::Admin, "was disabled"),
            (EndReason::UserDeleted, Initiator::Admin, "was deleted"),
            (EndReason::ClientRemoved, Initiator::Admin, "the application was removed"),
            (EndReason::UpstreamLogout, Initiator::System, "where you sign in from"),
            (EndReason::Policy, Initiator::System, "security rule"),
        ] {
            let browser = world.browser();
            browser.sign_in("alice").await;
            end(world, open_session(world).await, reason, initiator).await;
            let said = notice(&browser).await.unwrap_or_default();
            assert!(said.contains(says) && said.contains("today at "), "{reason:?} {initiator:?}: {said}");
            assert_eq!(browser.cookie(SESSION), None, "the cookie is gone");
            assert_eq!(notice(&browser).await, None, "{reason:?}: told once");
            browser.sign_in("alice").await;
            end(world, open_session(world).await, EndReason::Admin, Initiator::Admin).await;
        }
    }

    async fn the_clock_is_told_too(world) {
        let browser = world.browser();
        browser.sign_in("alice").await;
        world.advance(3_600);
        let said = notice(&browser).await.unwrap();
        assert!(said.contains("nothing had happened for 1 hour"), "{said}");
        browser.sign_in("alice").await;
        for _ in 0..24 {
            world.advance(3_500);
            browser.get("/account").await.is(200);
        }
        world.advance(3_000);
        world.jobs().await;
        let said = notice(&browser).await.unwrap();
        assert!(said.contains("a sign-in lasts 24 hours at most"), "{said}");
    }

    async fn nobody_is_told_of_their_own_logout(world) {
        let app = world.app("app").await;
        let (browser, tokens) = world.signed_in(&app).await;
        let page = browser.get("/logout").await;
        browser.submit(&page, "/logout", &[]).await.is(200);
        assert_eq!(notice(&browser).await, None);

        let (browser, _) = world.signed_in(&app).await;
        let page = browser.get("/account").await;
        browser.submit(&page, "/account/sessions/end", &[]).await.is(303);
        assert_eq!(notice(&browser).await, None);

        // A client's request that brought no cookie.
        let (browser, tokens) = { let _ = tokens; world.signed_in(&app).await };
        world.browser().get(&format!("/oauth2/logout?id_token_hint={}", tokens.id)).await.is(200);
        assert_eq!(notice(&browser).await, None);
    }

    async fn the_page_of_a_waiting_request_tells_it_and_goes_on(world) {
        world.app("app").await;
        let browser = world.browser();
        browser.sign_in("alice").await;
        world.advance(3_600);
        let page = browser.authorize("app", &[("state", "s")]).await;
        assert!(page.body.contains("nothing had happened for 1 hour"), "{}", page.body);
        let answer = browser.log_in(&page, "alice", PASSWORD).await;
        assert_eq!(browser.follow(answer).await.home(HOME)["state"], "s");
    }

    async fn clients_that_took_part_hear_the_reason(world) {
        let (app, other) = (world.app("app").await, world.app("other").await);
        let (browser, tokens) = world.signed_in(&app).await;
        let sid: SessionId = claims(&tokens.access)["sid"].as_str().unwrap().parse().unwrap();
        end(world, sid, EndReason::Admin, Initiator::Admin).await;
        let silent = [("prompt", "none"), ("state", "s")];
        let told = browser.authorize(&app.id, &silent).await.home(HOME);
        assert_eq!((told["error"].as_str(), told["error_description"].as_str()), ("login_required", "session ended: admin"));
        let told = browser.authorize(&other.id, &silent).await.home(HOME);
        assert_eq!(told["error_description"], "the person must sign in", "none of its business");
        let told = world.browser().authorize(&app.id, &silent).await.home(HOME);
        assert_eq!(told["error_description"], "the person must sign in");
        let told = app.refresh(&tokens.refresh).await.refused("invalid_grant");
        assert_eq!(told["error_description"], "session ended: admin");
        // The silence kept the notice for the person.
        assert!(notice(&browser).await.unwrap().contains("An administrator"));
    }

    async fn a_code_of_an_ended_session_says_why(world) {
        let app = world.app("app").await;
        let browser = world.browser();
        let code = browser.code("app", "alice", "openid").await;
        end(world, open_session(world).await, EndReason::PasswordChanged, Initiator::Admin).await;
        let told = app.redeem(&code).await.refused("invalid_grant");
        assert_eq!(told["error_description"], "session ended: password_changed");
    }

    async fn introspection_stays_bare_and_the_gateway_says_the_reason(world) {
        let app = world.backend("app").await;
        let (browser, tokens) = world.signed_in(&app).await;
        world.advance(3_600);
        assert_eq!(app.introspect(&tokens.access).await, json!({"active": false}));
        let answer = browser.send(Method::GET, "/gateway/check", &[], None).await;
        let told = answer.is(401).header("www-authenticate").unwrap().to_owned();
        assert!(told.contains("error=\"invalid_token\"") && told.contains("session ended: idle"), "{told}");
        let nobody = world.browser().send(Method::GET, "/gateway/check", &[], None).await;
        assert!(!nobody.is(401).header("www-authenticate").unwrap().contains("error"));
    }

    async fn an_ended_cookie_opens_nothing(world) {
        let app = world.app("app").await;
        let (browser, tokens) = world.signed_in(&app).await;
        let page = browser.get("/account").await;
        let csrf = page.form("/account/sessions/end")[0].1.clone();
        let user: UserId = claims(&tokens.access)["sub"].as_str().unwrap().parse().unwrap();
        ending::revoke(&world.authority, Target::User(user, None), EndReason::Admin, Initiator::Admin).await.unwrap();
        world.jobs().await;
        for path in ["/account/sessions/end", "/account/sessions/others/end", "/account/apps/app/revoke"] {
            browser.post(path, &[("csrf", &csrf)]).await.error_page("access_denied");
        }
        for path in ["/account", "/account/apps"] {
            assert_eq!(browser.get(path).await.is(303).location().path(), "/login");
        }
        assert_eq!(browser.authorize("app", &[]).await.url.path(), "/login");
    }
}
