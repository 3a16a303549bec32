//! Being known by another provider too: by the person alone, after a fresh proof, in the session that began it
//! (CVE-2026-9087 and its kin: a proof of one thing is none of another).

use std::collections::BTreeMap;

use doorward::store;
use futures_util::future::join;
use serde_json::{Value, json};

use super::impostor::{Impostor, Says, callback};
use super::{api, is_signed_in, parameter};
use crate::admin::id_of;
use crate::answer::Answer;
use crate::browser::Browser;
use crate::client::claims;
use crate::directory::{newcomer, shown};
use crate::mail::mailed;
use crate::slapd::{dn, slapd};
use crate::stage::PASSWORD;
use crate::world::{World, on_both, on_both_with};

/// Sends the form of the account page that links this provider.
pub async fn ask(browser: &Browser, provider: &str) -> Answer {
    let page = browser.get("/account/identities").await;
    let fields = page.is(200).form("/account/identities/link");
    let (_, csrf) = fields.iter().find(|(name, _)| name == "csrf").unwrap();
    browser.post("/account/identities/link", &[("csrf", csrf), ("provider", provider)]).await
}

/// Sets out to link; gives the state.
async fn begin(impostor: &Impostor, browser: &Browser) -> String {
    let answer = ask(browser, impostor.id).await;
    let address = answer.is(303).location();
    impostor.expect(&address);
    parameter(&address, "state")
}

async fn link(impostor: &Impostor, browser: &Browser) -> Answer {
    let state = begin(impostor, browser).await;
    impostor.come_back(browser, &state).await
}

/// Whom a browser that comes through the provider is signed in as.
async fn who(world: &World, impostor: &Impostor) -> Value {
    let browser = world.browser();
    impostor.round_trip(&browser).await.is(303);
    let page = browser.get("/account").await;
    let shown = page.is(200).body.clone();
    let admin = api(world).await;
    let people = admin.get("/users?limit=100").await.ok();
    let mut found = Value::Null;
    for person in people["items"].as_array().unwrap() {
        let sessions = admin.get(&format!("/users/{}/sessions", person["id"].as_str().unwrap())).await.ok();
        let sids = crate::admin::column(&sessions, "sid");
        if sids.iter().any(|sid| shown.contains(sid.as_str())) {
            found = person["id"].clone();
        }
    }
    found
}

/// The address of the form that takes the only link away.
pub fn removal(page: &Answer) -> String {
    let (_, rest) = page.body.split_once("action=\"/account/identities/").unwrap();
    format!("/account/identities/{}", rest.split('"').next().unwrap())
}

on_both! {
    async fn a_person_links_signs_in_that_way_and_unlinks(world) {
        let impostor = Impostor::join(world, "idp", json!({"name": "Other"})).await;
        let alice = world.browser();
        alice.sign_in("alice").await;
        let answer = link(&impostor, &alice).await;
        let page = alice.follow(answer).await;
        assert!(page.is(200).body.contains("You can sign in that way") && page.body.contains("ann@corp.example"));
        let admin = api(world).await;
        assert_eq!(who(world, &impostor).await, id_of(&admin, "alice").await);
        // What the provider says of a person that it did not bring is not taken over.
        let person = admin.get(&format!("/users/{}", id_of(&admin, "alice").await)).await.ok();
        assert_eq!((&person["email"], &person["email_verified"]), (&json!("alice@example.com"), &json!(true)));
        let through = world.browser();
        impostor.round_trip(&through).await.is(303);
        let page = alice.get("/account/identities").await;
        assert!(page.body.contains("Sign out the 2 sessions that came from it"), "who() left one, and this one");
        let removed = alice.submit(&page, &removal(&page), &[("sessions", "end")]).await;
        assert_eq!(removed.is(303).location().path(), "/account/identities");
        assert!(is_signed_in(&alice).await && !is_signed_in(&through).await, "what came from it has ended");
        let told = through.get("/login").await;
        assert!(told.is(200).body.contains("role=\"status\""));
        let subjects: Vec<_> = mailed(world, "alice@example.com").await.iter().map(|mail| mail["subject"].clone()).collect();
        let count = |subject: &str| subjects.iter().filter(|told| *told == subject).count();
        assert_eq!((count("A way of signing in was added"), count("A way of signing in was removed")), (1, 1), "{subjects:?}");
    }

    async fn what_came_from_a_link_goes_on_where_the_person_does_not_say_otherwise(world) {
        let impostor = Impostor::join(world, "idp", json!({})).await;
        let (alice, through) = (world.browser(), world.browser());
        alice.sign_in("alice").await;
        link(&impostor, &alice).await.is(303);
        impostor.round_trip(&through).await.is(303);
        let page = alice.get("/account/identities").await;
        alice.submit(&page, &removal(&page), &[]).await.is(303);
        assert!(is_signed_in(&alice).await && is_signed_in(&through).await);
        assert_ne!(who(world, &impostor).await, id_of(&api(world).await, "alice").await, "nobody comes in by it any more");
    }

    /// Judged before the write, each would find the other one still there.
    async fn of_two_ways_in_that_go_at_once_one_stays(world) {
        let (one, two) = (Impostor::join(world, "one", json!({})).await, Impostor::join(world, "two", json!({})).await);
        for sub in ["first", "second", "third"] {
            let (browser, said) = (world.browser(), [("sub", json!(sub))]);
            for impostor in [&one, &two] {
                impostor.says(Says { claims: said.clone().into(), userinfo: said.clone().into(), ..Says::default() });
            }
            one.round_trip(&browser).await.is(303);
            link(&two, &browser).await.is(303);
            let page = browser.get("/account/identities").await;
            let forms: Vec<_> = page.body.split("action=\"/account/identities/").skip(1)
                .map(|form| format!("/account/identities/{}", form.split('"').next().unwrap()))
                .filter(|path| path.ends_with("/remove")).collect();
            let (first, second) = join(browser.submit(&page, &forms[0], &[]), browser.submit(&page, &forms[1], &[])).await;
            let statuses = [first.status.as_u16(), second.status.as_u16()];
            assert!(statuses.contains(&303) && statuses.contains(&409), "{statuses:?}");
        }
    }

    /// A provider that lets nobody in is no way in.
    async fn a_provider_that_is_off_is_no_way_in(world) {
        let (one, two) = (Impostor::join(world, "one", json!({})).await, Impostor::join(world, "two", json!({})).await);
        let browser = world.browser();
        one.round_trip(&browser).await.is(303);
        world.advance(1);
        link(&two, &browser).await.is(303);
        api(world).await.patch("/providers/two", json!({"enabled": false})).await.is(200);
        let page = browser.get("/account/identities").await;
        browser.submit(&page, &removal(&page), &[]).await.is(409);
    }

    /// A session rests on the last proof: whoever proved it again elsewhere signs out there, and is signed out from there.
    async fn the_provider_that_proved_last_is_the_one_that_signs_out(world) {
        let (one, two) = (Impostor::join(world, "one", json!({})).await, Impostor::join(world, "two", json!({})).await);
        let alice = world.browser();
        alice.sign_in("alice").await;
        link(&one, &alice).await.is(303);
        link(&two, &alice).await.is(303);
        let tell = async |impostor: &Impostor, jti: &str| {
            let token = impostor.logout_token(jti, &BTreeMap::new(), &[]);
            super::received::tell(world, impostor.id, &token).await.is(200);
        };
        let twice = async || {
            let browser = world.browser();
            one.round_trip(&browser).await.is(303);
            let address = two.set_out(&browser, "/sso/two/start").await;
            two.come_back(&browser, &parameter(&address, "state")).await.is(303);
            browser
        };
        let browser = twice().await;
        tell(&one, "one").await;
        assert!(is_signed_in(&browser).await, "it rests on the other one now");
        tell(&two, "two").await;
        assert!(!is_signed_in(&browser).await);
        let browser = twice().await;
        let page = browser.get("/logout").await;
        let way = browser.submit(&page, "/logout", &[("scope", "browser")]).await.is(303).location();
        assert!(way.as_str().starts_with(&two.issuer), "{way}");
        assert_eq!(claims(&parameter(&way, "id_token_hint"))["iss"], json!(two.issuer));
        // A provider that proves who somebody is without an ID token leaves no hint of another one's.
        let bare = api(world).await;
        bare.patch("/providers/two", json!({"kind": "oauth2", "authorization_endpoint": format!("{}/authorize", two.issuer),
            "token_endpoint": format!("{}/token", two.issuer), "userinfo_endpoint": format!("{}/userinfo", two.issuer),
            "claims": {"sub": "sub"}, "scopes": []})).await.is(200);
        let browser = world.browser();
        one.round_trip(&browser).await.is(303);
        let answer = browser.get("/sso/two/start").await;
        two.come_back(&browser, &parameter(&answer.is(303).location(), "state")).await.is(303);
        let page = browser.get("/logout").await;
        let end = browser.submit(&page, "/logout", &[("scope", "browser")]).await;
        assert!(end.status == 200 || !end.location().as_str().starts_with(&one.issuer), "{:?}", end.status);
        let kept = "SELECT COUNT(*) FROM upstream_hints h JOIN sessions s ON s.id = h.session_id WHERE s.upstream_provider = 'two' AND s.ended_at IS NULL";
        assert_eq!(world.db().read().await.unwrap().sql(kept).scalar::<i64>().await.unwrap(), 0);
    }

    async fn a_stale_proof_goes_round_by_the_login_page(world) {
        let impostor = Impostor::join(world, "idp", json!({})).await;
        let alice = world.browser();
        alice.sign_in("alice").await;
        world.advance(301);
        let answer = ask(&alice, "idp").await;
        assert!(answer.is(303).location().as_str().contains("/login?errand="));
        let login = alice.follow(answer).await;
        alice.log_in(&login, "alice", PASSWORD).await.is(303);
        assert!(link(&impostor, &alice).await.is(303).location().as_str().contains("linked"));
    }

    async fn nobody_ends_what_somebody_else_began(world) {
        let impostor = Impostor::join(world, "idp", json!({})).await;
        let (alice, bob) = (world.browser(), world.browser());
        alice.sign_in("alice").await;
        bob.sign_in("bob").await;
        let state = begin(&impostor, &alice).await;
        impostor.come_back(&bob, &state).await.error_page("access_denied");
        // The same browser, another person by now.
        let page = alice.get("/logout").await;
        alice.submit(&page, "/logout", &[("scope", "browser")]).await;
        alice.sign_in("bob").await;
        impostor.come_back(&alice, &state).await.error_page("access_denied");
        // Signed out.
        let carol = world.browser();
        carol.sign_in("alice").await;
        let state = begin(&impostor, &carol).await;
        carol.forget("doorward-session");
        impostor.come_back(&carol, &state).await.error_page("access_denied");
        // The same person in another session.
        let again = world.browser();
        again.sign_in("alice").await;
        let state = begin(&impostor, &again).await;
        again.forget("doorward-session");
        again.sign_in("alice").await;
        impostor.come_back(&again, &state).await.error_page("access_denied");
        let known = api(world).await;
        let sub = who(world, &impostor).await;
        assert!(sub != id_of(&known, "alice").await && sub != id_of(&known, "bob").await, "nothing was linked");
    }

    async fn a_link_that_was_begun_is_good_once_and_for_its_provider_alone(world) {
        let (one, two) = (Impostor::join(world, "one", json!({})).await, Impostor::join(world, "two", json!({})).await);
        let alice = world.browser();
        alice.sign_in("alice").await;
        let state = begin(&one, &alice).await;
        alice.get(&callback("two", &[("code", "code"), ("state", &state)])).await.error_page("access_denied");
        assert!(two.heard("/token").is_empty());
        one.come_back(&alice, &state).await.is(303);
        let page = alice.get("/account/identities").await;
        alice.submit(&page, &removal(&page), &[]).await.is(303);
        one.come_back(&alice, &state).await.error_page("access_denied");
        // A sign-in is no link, and the reverse.
        let sign_in = parameter(&one.set_out(&alice, "/sso/one/start").await, "state");
        one.come_back(&alice, &sign_in).await.is(303);
        assert_ne!(who(world, &one).await, id_of(&api(world).await, "alice").await);
    }

    async fn an_account_there_belongs_to_one_person_here(world) {
        let impostor = Impostor::join(world, "idp", json!({})).await;
        let (alice, bob) = (world.browser(), world.browser());
        alice.sign_in("alice").await;
        bob.sign_in("bob").await;
        link(&impostor, &alice).await.is(303);
        let answer = link(&impostor, &bob).await;
        assert!(answer.is(409).body.contains("belongs to somebody else"));
        link(&impostor, &alice).await.is(303);
        assert_eq!(who(world, &impostor).await, id_of(&api(world).await, "alice").await);
        let hers = alice.get("/account/identities").await;
        let own = bob.get("/account/identities").await;
        let csrf = own.form("/account/identities/link").into_iter().find(|(name, _)| name == "csrf").unwrap().1;
        bob.post(&removal(&hers), &[("csrf", &csrf)]).await.error_page("access_denied");
    }

    async fn the_last_way_in_stays(world) {
        let impostor = Impostor::join(world, "idp", json!({})).await;
        let browser = world.browser();
        impostor.round_trip(&browser).await.is(303);
        let page = browser.get("/account/identities").await;
        let refused = browser.submit(&page, &removal(&page), &[]).await;
        assert!(refused.is(409).body.contains("only way you can sign in"));
        assert!(is_signed_in(&browser).await);
        impostor.round_trip(&world.browser()).await.is(303);
    }

    async fn who_came_by_a_provider_has_no_password(world) {
        let impostor = Impostor::join(world, "idp", json!({})).await;
        let named = |name: &str| Says { userinfo: [("preferred_username", json!(name))].into(), ..Says::default() };
        impostor.says(named("newcomer"));
        impostor.round_trip(&world.browser()).await.is(303);
        for password in ["", "newcomer", PASSWORD] {
            let browser = world.browser();
            let page = browser.get("/login").await;
            browser.log_in(&page, "newcomer", password).await.is(401);
        }
    }

    async fn where_nobody_new_is_let_in_only_those_who_are_known_are(world) {
        let impostor = Impostor::join(world, "idp", json!({"create_users": false})).await;
        let stranger = world.browser();
        assert!(impostor.round_trip(&stranger).await.is(403).body.contains("Ask for an account first"));
        let alice = world.browser();
        alice.sign_in("alice").await;
        link(&impostor, &alice).await.is(303);
        impostor.round_trip(&stranger).await.is(303);
        // A person who is disabled is nowhere let in.
        let admin = api(world).await;
        admin.patch(&format!("/users/{}", id_of(&admin, "alice").await), json!({"disabled": true})).await.is(200);
        assert!(impostor.round_trip(&world.browser()).await.is(403).body.contains("You cannot sign in here"));
    }

    async fn an_account_that_was_made_first_under_somebodys_address_gets_nothing(world) {
        // The attacker has an account here with the victim's address, which nobody verified.
        let admin = api(world).await;
        let attacker = json!({"username": "attacker", "password": PASSWORD, "email": "ann@corp.example"});
        let attacker = admin.post("/users", attacker).await.is(201).json();
        let impostor = Impostor::join(world, "idp", json!({"trust_email": true})).await;
        let sub = who(world, &impostor).await;
        assert_ne!(sub, attacker["id"]);
    }
}

on_both_with! {
    crate::mail_code::offered();

    /// Nor does the owner's mail open an account that somebody made under their address, or the reverse: an address that a
    /// provider is not trusted with is mailed nothing that opens anything.
    async fn an_address_of_a_provider_that_is_not_trusted_opens_nothing(world) {
        let impostor = Impostor::join(world, "idp", json!({})).await;
        impostor.says(Says { userinfo: [("email_verified", json!(true))].into(), ..Says::default() });
        let sub = who(world, &impostor).await;
        let person = api(world).await.get(&format!("/users/{}", sub.as_str().unwrap())).await.ok();
        assert_eq!((&person["email"], &person["email_verified"]), (&json!("ann@corp.example"), &json!(false)));
        let asked = [("/password/forgot", "email", "ann@corp.example"), ("/login/code", "username", person["username"].as_str().unwrap())];
        for (form, field, typed) in asked {
            let browser = world.browser();
            let page = browser.open(form).await;
            browser.submit(&page, form, &[(field, typed)]).await.is(200);
        }
        // News are told there, but no mail has a link or a code.
        let mails = mailed(world, "ann@corp.example").await;
        assert!(mails.iter().all(|mail| mail["subject"] == "A new sign-in to your account"), "{mails:?}");
        // A changed address is no more believed, and one that an admin vouched for is as long as it stays.
        let at = format!("/users/{}", sub.as_str().unwrap());
        api(world).await.patch(&at, json!({"email_verified": null})).await.is(200);
        impostor.round_trip(&world.browser()).await.is(303);
        assert_eq!(api(world).await.get(&at).await.ok()["email_verified"], Value::Null);
        impostor.says(Says { userinfo: [("email", json!("victim@corp.example"))].into(), ..Says::default() });
        impostor.round_trip(&world.browser()).await.is(303);
        let person = api(world).await.get(&at).await.ok();
        assert_eq!((&person["email"], &person["email_verified"]), (&json!("victim@corp.example"), &json!(false)));
    }

    /// What somebody confirmed stays, whatever a provider says that is not trusted with addresses.
    async fn a_provider_does_not_undo_an_address_that_was_confirmed(world) {
        let impostor = Impostor::join(world, "idp", json!({})).await;
        let sub = who(world, &impostor).await;
        let at = format!("/users/{}", sub.as_str().unwrap());
        let admin = api(world).await;
        admin.patch(&at, json!({"email": "ann@home.example", "email_verified": true})).await.is(200);
        for said in [json!("ann@corp.example"), json!("evil@corp.example")] {
            let userinfo = [("email", said), ("email_verified", json!(true)), ("name", json!("Ann"))];
            impostor.says(Says { userinfo: userinfo.into(), ..Says::default() });
            impostor.round_trip(&world.browser()).await.is(303);
            let person = admin.get(&at).await.ok();
            let told = (&person["email"], &person["email_verified"], &person["name"]);
            assert_eq!(told, (&json!("ann@home.example"), &json!(true), &json!("Ann")));
        }
        // One that nobody confirmed is changed, and hears of it.
        admin.patch(&at, json!({"email_verified": false})).await.is(200);
        impostor.round_trip(&world.browser()).await.is(303);
        assert_eq!(admin.get(&at).await.ok()["email"], "evil@corp.example");
        let told = mailed(world, "ann@home.example").await;
        assert!(told.iter().any(|mail| mail["subject"] == "Your mail address was changed"), "{told:?}");
    }
}

on_both_with! {
    crate::directory::corporate();

    async fn whoever_comes_from_there_goes_with_their_entry(world) {
        let uid = newcomer(world, "lena");
        // A directory that shows nobody says nothing about anybody.
        newcomer(world, "stays");
        let browser = world.browser();
        browser.sign_in(&uid).await;
        let impostor = Impostor::join(world, "idp", json!({})).await;
        link(&impostor, &browser).await.is(303);
        let page = browser.get("/account/identities").await;
        assert_eq!(page.is(200).body.matches("/remove\"").count(), 1, "the directory's has no way out: {}", page.body);
        let user = shown(world, &uid).await["id"].as_str().unwrap().parse().unwrap();
        let own = store::identity::of_user(world.db(), user).await.unwrap();
        let own = own.iter().find(|own| own.subject != "them" && own.made_person).unwrap();
        let (_, csrf) = page.form("/account/identities/link").into_iter().find(|(name, _)| name == "csrf").unwrap();
        let asked = browser.post(&format!("/account/identities/{}/remove", own.id), &[("csrf", &csrf)]).await;
        assert!(asked.is(409).body.contains("stays tied to it"), "{}", asked.body);
        impostor.round_trip(&world.browser()).await.is(303);
        slapd().change(&format!("dn: {}\nchangetype: delete\n", dn(&uid)));
        impostor.round_trip(&world.browser()).await.is(403);
    }
}
