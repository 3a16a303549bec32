//! People of a directory and what they added here.

use super::{add_passkey, prove, signed_in};
use crate::directory::newcomer;
use crate::slapd::{dn, slapd};
use crate::world::on_both_with;

const LOGIN: &str = "/login/passkey";

on_both_with! {
    crate::directory::corporate();

    async fn a_passkey_is_worth_nothing_once_its_person_left_the_directory(world) {
        let uid = newcomer(world, "peggy");
        // A directory that shows nobody says nothing about anybody.
        newcomer(world, "stays");
        let mut key = add_passkey(world, &signed_in(world, &uid).await, "My key").await;
        let browser = world.browser();
        let page = browser.open("/login").await;
        prove(world, &browser, &mut key, (&page, LOGIN)).await.is(303);
        slapd().change(&format!("dn: {}\nchangetype: delete\n", dn(&uid)));
        let browser = world.browser();
        let page = browser.open("/login").await;
        prove(world, &browser, &mut key, (&page, LOGIN)).await.is(401);
    }

    async fn a_second_factor_is_asked_for_after_the_directory_too(world) {
        let uid = newcomer(world, "quentin");
        let mut key = add_passkey(world, &signed_in(world, &uid).await, "My key").await;
        let browser = world.browser();
        let page = browser.open("/login").await;
        let answer = browser.log_in(&page, &uid, crate::stage::PASSWORD).await;
        let page = browser.follow(answer).await;
        assert_eq!(page.url.path(), "/login/factor");
        prove(world, &browser, &mut key, (&page, "/login/factor")).await.is(303);
        browser.get("/account").await.is(200);
    }
}
