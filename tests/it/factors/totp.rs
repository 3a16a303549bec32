//! An app for codes: added, asked for, each code once (RFC 6238; OWASP ASVS 5.0 6.5.1, 6.5.3, 6.5.5, 6.5.8; NIST SP
//! 800-63B-4 section 3.1.4).

use doorward::base::id::DeviceId;
use doorward::base::secret::Typed;
use doorward::domain::lifetime::Stay;
use doorward::domain::session::Source;
use doorward::flows::factor::{Half, by_code};
use doorward::flows::login::{Aim, Attempt, SignIn, sign_in};
use doorward::protocol::acr::MFA;
use futures_util::future::join_all;
use serde_json::json;

use super::{App, SESSION, add_app, enter, half_way, is_in, signed_in};
use crate::client::claims;
use crate::stage::{HOME, PASSWORD};
use crate::world::on_both;

on_both! {
    async fn an_app_is_asked_for_after_the_password(world) {
        let app = world.app("app").await;
        let browser = signed_in(world, "alice").await;
        let phone = add_app(world, &browser).await;
        let browser = world.browser();
        let page = browser.authorize("app", &[("state", "s")]).await;
        let answer = browser.log_in(&page, "alice", PASSWORD).await;
        assert!(browser.cookie(SESSION).is_none());
        let page = browser.follow(answer).await;
        assert!(page.is(200).body.contains("name=\"code\"") && page.body.contains("autocomplete=\"one-time-code\""));
        let wrong = enter(&browser, &page, "000000").await;
        assert!(wrong.is(401).body.contains("role=\"alert\"") && browser.cookie(SESSION).is_none());
        let answer = enter(&browser, &wrong, &phone.code(world)).await;
        let home = browser.follow(answer).await.home(HOME);
        assert_eq!(home["state"], "s", "the way goes on to the client");
        let tokens = app.tokens(&home["code"]).await;
        let told = claims(&tokens.id);
        assert_eq!((&told["acr"], &told["amr"]), (&json!(MFA), &json!(["pwd", "otp", "mfa"])));
        assert_eq!(claims(&tokens.access)["amr"], json!(["pwd", "otp", "mfa"]));
    }

    async fn nothing_is_added_without_a_code_that_fits(world) {
        let browser = signed_in(world, "alice").await;
        let page = browser.get("/account/totp").await;
        let secret = page.is(200).element("totp-secret").unwrap();
        for code in ["", "12345", "000000", "abcdef"] {
            let answer = browser.submit(&page, "/account/totp", &[("code", code)]).await;
            assert_eq!(answer.is(422).element("totp-secret").as_ref(), Some(&secret), "the same secret once more");
        }
        let stranger = signed_in(world, "bob").await;
        let own = stranger.get("/account/totp").await;
        let fields = page.form("/account/totp");
        let handle = &fields.iter().find(|(name, _)| name == "handle").unwrap().1;
        let csrf = &own.form("/account/totp")[0].1;
        let code = App::typed(&secret).code(world);
        let fields = [("csrf", csrf.as_str()), ("handle", handle), ("code", &code)];
        stranger.post("/account/totp", &fields).await.is(422);
        world.browser().sign_in("alice").await;
        world.browser().sign_in("bob").await;
    }

    async fn secrets_are_sealed_and_never_shown_again(world) {
        let browser = signed_in(world, "alice").await;
        let app = add_app(world, &browser).await;
        let sql = "SELECT sealed FROM authenticators WHERE kind = 'totp'";
        let sealed: Vec<u8> = world.db().read().await.unwrap().sql(sql).scalar().await.unwrap();
        assert!(!sealed.windows(20).any(|part| part == app.0.expose()), "the database does not hold the secret");
        let page = browser.open("/account/totp").await;
        let another = page.element("totp-secret").unwrap();
        assert_eq!(another.len(), 32, "160 bits");
        assert_ne!(another, app.0.text());
        // One byte in the database that is another opens nothing.
        let mut turned = sealed.clone();
        turned[20] ^= 1;
        let put = "UPDATE authenticators SET sealed = $1 WHERE kind = 'totp'";
        world.db().write(async move |tx| tx.sql(put).bind(turned).execute().await).await.unwrap();
        let (browser, page) = half_way(world, "alice").await;
        enter(&browser, &page, &app.code(world)).await.is(401);
        assert!(!is_in(&browser).await);
    }

    async fn a_code_works_once(world) {
        let browser = signed_in(world, "alice").await;
        let app = add_app(world, &browser).await;
        let code = app.code(world);
        let (browser, page) = half_way(world, "alice").await;
        enter(&browser, &page, &code).await.is(303);
        assert!(is_in(&browser).await);
        let (again, page) = half_way(world, "alice").await;
        enter(&again, &page, &code).await.is(401);
        enter(&again, &page, &app.later(world, -1)).await.is(401);
        assert!(!is_in(&again).await, "neither again nor an earlier one");
        enter(&again, &page, &app.later(world, 1)).await.is(303);
        assert!(is_in(&again).await, "a later one is another one");
    }

    async fn the_code_that_added_an_app_is_used_up(world) {
        let browser = signed_in(world, "alice").await;
        let app = add_app(world, &browser).await;
        let (browser, page) = half_way(world, "alice").await;
        enter(&browser, &page, &app.later(world, -1)).await.is(401);
        assert!(!is_in(&browser).await);
    }

    async fn a_code_counts_for_its_step_and_the_ones_beside_it(world) {
        let browser = signed_in(world, "alice").await;
        let app = add_app(world, &browser).await;
        world.advance(300);
        for (steps, fits) in [(-2, false), (2, false), (-1, true), (1, true)] {
            let (browser, page) = half_way(world, "alice").await;
            enter(&browser, &page, &app.later(world, steps)).await;
            assert_eq!(is_in(&browser).await, fits, "{steps}");
        }
    }

    async fn of_many_hands_with_one_code_one_gets_in(world) {
        let browser = signed_in(world, "alice").await;
        let app = add_app(world, &browser).await;
        let twin = world.twin().await;
        let source = |number: usize| Source {
            address: Some(format!("192.0.2.{number}")),
            device: Some(DeviceId::of(&number.to_string())),
            ..Source::default()
        };
        let mut halves = Vec::new();
        for number in 0..64 {
            let attempt = Attempt {
                username: "alice".into(),
                password: Typed::new(PASSWORD.into()),
                source: source(number),
                stay: Stay::Visit,
                aim: Aim::default(),
            };
            let SignIn::Second { ticket } = sign_in(&world.authority, attempt, None).await.unwrap() else { panic!() };
            halves.push(Half::open(&world.authority, &ticket, &source(number)).unwrap());
        }
        let code = Typed::new(app.code(world));
        let hands = halves.iter().enumerate().map(|(number, half)| {
            let authority = if number % 2 == 0 { &world.authority } else { &twin };
            by_code(authority, half.clone(), &code, (source(number), None))
        });
        let answers = join_all(hands).await;
        let inside = answers.iter().filter(|answer| matches!(answer, Ok(SignIn::Done { .. }))).count();
        assert_eq!(inside, 1);
        for half in halves {
            let late = by_code(&twin, half, &code, (source(99), None)).await.unwrap();
            assert!(!matches!(late, SignIn::Done { .. }));
        }
    }

    async fn a_hundred_failures_put_the_app_alone_out_of_use(world) {
        let browser = signed_in(world, "alice").await;
        let app = add_app(world, &browser).await;
        let page = browser.open("/account/recovery-codes").await;
        let page = browser.submit(&page, "/account/recovery-codes", &[]).await;
        let recovery = super::recovery::shown(&page);
        for turn in 0..100 {
            world.advance(3_601);
            // A password that fits forgives nothing of the app's.
            let (browser, page) = half_way(world, "alice").await;
            enter(&browser, &page, "000000").await.is(401);
            if turn == 5 {
                enter(&browser, &page, &app.code(world)).await.is(429);
            }
        }
        world.advance(3_601);
        let (browser, page) = half_way(world, "alice").await;
        enter(&browser, &page, &app.code(world)).await.is(401);
        assert!(!is_in(&browser).await, "the right code is worth nothing now");
        // The account is not locked: a recovery code lets its owner in, and another app takes the place of this one.
        enter(&browser, &page, &recovery[0]).await.is(303);
        assert!(browser.get("/account/totp").await.body.contains("Out of use"));
        let app = add_app(world, &browser).await;
        let (browser, page) = half_way(world, "alice").await;
        enter(&browser, &page, &app.code(world)).await.is(303);
    }

    async fn guesses_at_once_cannot_outrun_the_count(world) {
        let browser = signed_in(world, "alice").await;
        add_app(world, &browser).await;
        let mut ways = Vec::new();
        for _ in 0..20 {
            ways.push(half_way(world, "alice").await);
        }
        let answers = join_all(ways.iter().map(|(browser, page)| async {
            enter(browser, page, "000000").await.status.as_u16()
        })).await;
        assert_eq!(answers.iter().filter(|status| **status == 401).count(), 5, "{answers:?}");
        assert_eq!(answers.iter().filter(|status| **status == 429).count(), 15, "{answers:?}");
    }

    async fn another_app_takes_the_place_of_the_first(world) {
        let browser = signed_in(world, "alice").await;
        let other = signed_in(world, "alice").await;
        let first = add_app(world, &browser).await;
        let page = other.open("/account/totp").await;
        assert_eq!(page.is(200).url.path(), "/login/factor", "whoever has a factor proves it first");
        let answer = enter(&other, &page, &first.code(world)).await;
        assert_eq!(answer.is(303).location().path(), "/account/totp");
        let second = add_app(world, &other).await;
        let (browser, page) = half_way(world, "alice").await;
        enter(&browser, &page, &first.code(world)).await.is(401);
        enter(&browser, &page, &second.code(world)).await.is(303);
    }
}
