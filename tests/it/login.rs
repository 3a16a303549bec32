//! Sign-in by password: its form, its refusals, its waits (OWASP ASVS 5.0 V6, V7).

use std::time::Duration;

use reqwest::Method;
use tokio::time::{sleep, timeout};

use crate::raw;
use crate::stage::{HOME, PASSWORD, form};
use crate::world::on_both;

const SESSION: &str = "doorward-session";
const BINDING: &str = "doorward-browser";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

on_both! {
    async fn every_sign_in_gets_a_new_secret(world) {
        let browser = world.browser();
        browser.sign_in("alice").await;
        let first = browser.cookie(SESSION).unwrap();
        let thief = browser.stolen();
        thief.get("/account").await.is(200);
        let page = browser.get("/login?switch=1").await;
        browser.log_in(&page, "alice", PASSWORD).await.is(303);
        assert_ne!(browser.cookie(SESSION).unwrap(), first);
        browser.get("/account").await.is(200);
        world.advance(10);
        assert_eq!(thief.get("/account").await.is(303).location().path(), "/login", "the old secret is worth nothing");
    }

    async fn a_cookie_set_by_somebody_else_is_not_taken_over(world) {
        let browser = world.browser();
        let planted = "A".repeat(43);
        browser.set_cookie(SESSION, &planted);
        browser.sign_in("alice").await;
        assert_ne!(browser.cookie(SESSION).unwrap(), planted);
    }

    async fn another_person_at_the_same_browser_ends_the_first_session(world) {
        let app = world.app("app").await;
        let (browser, tokens) = world.signed_in(&app).await;
        let page = browser.get("/login?switch=1").await;
        browser.log_in(&page, "bob", PASSWORD).await.is(303);
        app.refresh(&tokens.refresh).await.refused("invalid_grant");
        app.userinfo(&tokens.access).await.refused("invalid_token");
        assert!(browser.get("/account").await.body.contains("bob"));
    }

    async fn every_refusal_looks_alike(world) {
        world.db().write(async |tx| {
            tx.sql("UPDATE users SET disabled = TRUE WHERE username = 'bob'").execute().await
        }).await.unwrap();
        let mut seen = Vec::new();
        for (username, password) in [("alice", "wrong"), ("nobody", "wrong"), ("bob", PASSWORD), ("alice", ""), ("", "")] {
            let browser = world.browser();
            let page = browser.get("/login").await;
            let answer = browser.log_in(&page, username, password).await;
            assert!(answer.is(401).header("set-cookie").is_none_or(|cookie| !cookie.starts_with(SESSION)));
            let csrf = &answer.form("/login")[0].1;
            let body = answer.body.replace(csrf, "").replace(&format!("value=\"{username}\""), "value=\"\"");
            seen.push(same_questions(&body.replace(" autofocus", "")));
            assert_eq!(browser.get("/account").await.location().path(), "/login");
        }
        seen.dedup_by(|one, other| normal(one) == normal(other));
        assert_eq!(seen.len(), 1, "{}", seen.join("\n-----\n"));
    }

    async fn names_are_compared_as_people_read_them(world) {
        for name in ["ALICE", "Alice", "ａｌｉｃｅ"] {
            world.browser().sign_in(name).await;
        }
    }

    async fn a_form_from_elsewhere_does_nothing(world) {
        let browser = world.browser();
        let page = browser.get("/login").await;
        let token = page.form("/login")[0].1.clone();
        let other = world.browser();
        let foreign = other.get("/login").await.form("/login")[0].1.clone();
        let send = async |csrf: &str, headers: &[(&str, &str)]| {
            let body = form(&[("csrf", csrf), ("username", "alice"), ("password", PASSWORD)]);
            browser.send(Method::POST, "/login", headers, Some(body)).await
        };
        for (csrf, headers) in [
            ("", &[][..]),
            ("x", &[]),
            (&foreign, &[]),
            (&token, &[("origin", "https://evil.example")]),
            (&token, &[("origin", "null")]),
            (&token, &[("sec-fetch-site", "cross-site")]),
            (&token, &[("sec-fetch-site", "same-site")]),
        ] {
            let answer = send(csrf, headers).await;
            assert_eq!(answer.status, 403, "{csrf} {headers:?}");
            assert!(browser.cookie(SESSION).is_none(), "{csrf} {headers:?}");
        }
        let bound = browser.cookie(BINDING).unwrap();
        browser.forget(BINDING);
        send(&token, &[]).await.is(403);
        browser.set_cookie(BINDING, &bound);
        send(&token, &[("sec-fetch-site", "same-origin")]).await.is(303);
    }

    async fn nothing_is_read_from_the_address(world) {
        let browser = world.browser();
        let target = format!("/login?username=alice&password={}", PASSWORD.replace(' ', "+"));
        let page = browser.get(&target).await;
        assert!(page.is(200).form("/login").len() == 1 && browser.cookie(SESSION).is_none());
        let csrf = page.form("/login")[0].1.clone();
        let target = format!("{target}&csrf={csrf}");
        browser.post(&target, &[]).await.is(403);
    }

    async fn too_many_attempts_must_wait(world) {
        let browser = world.browser();
        let mut page = browser.get("/login").await;
        for _ in 0..5 {
            page = browser.log_in(&page, "alice", "wrong").await;
            page.is(401);
        }
        let answer = browser.log_in(&page, "alice", PASSWORD).await;
        let wait: i64 = answer.is(429).header("retry-after").unwrap().parse().unwrap();
        assert!((1..=31).contains(&wait), "{wait}");
        assert!(browser.cookie(SESSION).is_none(), "the right password does not help");
        let page = browser.get("/login").await;
        browser.log_in(&page, "bob", PASSWORD).await.is(303);
        world.advance(wait);
        world.browser().sign_in("alice").await;
    }

    async fn where_the_line_is_full_people_are_sent_away_before_the_account_is_read(world) {
        let (browser, mut places) = (world.browser(), Vec::new());
        let page = browser.get("/login").await;
        while let Ok(place) = world.authority.passwords.place() {
            places.push(place);
        }
        let rename = async |text: &'static str| world.db().write(async move |tx| tx.sql(text).execute().await).await.unwrap();
        rename("ALTER TABLE users RENAME TO away").await;
        for password in [PASSWORD, "wrong"] {
            let answer = browser.log_in(&page, "alice", password).await;
            assert_eq!(answer.is(503).header("retry-after"), Some("2"));
        }
        rename("ALTER TABLE away RENAME TO users").await;
        drop(places);
        browser.log_in(&page, "alice", PASSWORD).await.is(303);
    }

    async fn whoever_goes_away_in_time_has_guessed_all_the_same(world) {
        let browser = world.browser();
        let csrf = browser.get("/login").await.form("/login")[0].1.clone();
        let body = form(&[("csrf", &csrf), ("username", "alice"), ("password", "wrong")]);
        let cookie = format!("Cookie: {BINDING}={}", browser.cookie(BINDING).unwrap());
        // Nobody can read anything, so that the attempt waits.
        let mut readers = Vec::new();
        while let Ok(reader) = timeout(Duration::from_millis(500), world.db().read()).await {
            readers.push(reader.unwrap());
        }
        let away = raw::begin(world.port, "POST /login", &[&cookie, FORM], body.as_bytes()).await;
        sleep(Duration::from_millis(200)).await;
        away.set_zero_linger().unwrap();
        drop(away);
        sleep(Duration::from_millis(200)).await;
        drop(readers);
        let counted = async || {
            let sql = "SELECT COUNT(*) FROM throttles";
            world.db().read().await.unwrap().sql(sql).scalar::<i64>().await.unwrap()
        };
        let counting = async {
            while counted().await == 0 {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(Duration::from_secs(20), counting).await.expect("a guess that was not counted");
    }

    async fn attempts_at_once_cannot_outrun_the_count(world) {
        let attempts = (0..20).map(|_| async {
            let browser = world.browser();
            let page = browser.get("/login").await;
            browser.log_in(&page, "alice", "wrong").await.status.as_u16()
        });
        let answers = futures_util::future::join_all(attempts).await;
        let tried = answers.iter().filter(|status| **status == 401).count();
        assert_eq!(tried, 5, "{answers:?}");
        assert_eq!(answers.iter().filter(|status| **status == 429).count(), 15, "{answers:?}");
    }

    async fn a_hundred_failures_disable_the_password_alone(world) {
        let browser = world.browser();
        let mut page = browser.get("/login").await;
        for _ in 0..100 {
            world.advance(3_601);
            page = browser.log_in(&page, "bob", "wrong").await;
            page.is(401);
        }
        world.advance(3_601);
        browser.log_in(&page, "bob", PASSWORD).await.is(401);
        world.advance(3_601);
        world.browser().sign_in("alice").await;
    }

    async fn a_tab_goes_on_to_its_own_target(world) {
        world.app("one").await;
        world.app("two").await;
        let browser = world.browser();
        let one = browser.authorize("one", &[("state", "1")]).await;
        let two = browser.authorize("two", &[("state", "2")]).await;
        let answer = browser.log_in(&two, "alice", PASSWORD).await;
        assert_eq!(browser.follow(answer).await.home(HOME)["state"], "2");
        let again = browser.open(one.url.as_str()).await;
        assert_eq!(again.home(HOME)["state"], "1", "reloading the first tab is enough");
        let answer = browser.log_in(&one, "alice", PASSWORD).await;
        assert_eq!(browser.follow(answer).await.home(HOME)["state"], "1", "and so is its old form");
    }
}

/// A page without what is drawn anew for each: the question for a passkey, and the nonce.
fn same_questions(page: &str) -> String {
    let cut = |text: String, before: &str| match text.split_once(before) {
        Some((head, rest)) => format!("{head}{}", rest.split_once('"').unwrap().1),
        None => panic!("{before} is not there"),
    };
    let page = cut(page.to_owned(), "data-options=\"");
    cut(cut(page, "name=\"handle\" value=\""), "nonce=\"")
}

fn normal(page: &str) -> String {
    page.split_whitespace().collect::<Vec<_>>().join(" ")
}
