//! What proofs amount to, and random walks over sign-ins.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use uuid::Uuid;

use super::*;
use crate::domain::session::tests::at;
use crate::protocol::acr::{BOUND, LEVELS, MAIL, MFA, PASSKEY, PASSWORD};

fn id(number: u128) -> CredentialId {
    CredentialId(Uuid::from_u128(number))
}

fn password() -> Authentication {
    Authentication { at: at(0), acr: PASSWORD.into(), amr: vec!["pwd".into()], credentials: vec![id(1)] }
}

#[test]
fn a_proof_is_told_by_its_level_and_methods() {
    let mail = Authentication { acr: "urn:doorward:acr:less".into(), amr: vec!["other".into()], ..password() };
    let mailed = Authentication { acr: MAIL.into(), amr: vec!["otp".into()], credentials: Vec::new(), ..password() };
    // One and the same app is one factor, however often it is shown.
    let app = Authentication { amr: vec!["otp".into()], credentials: vec![id(2)], ..password() };
    for (before, way, acr, amr) in [
        (Some(password()), Way::Code, MFA, "pwd otp mfa"),
        (None, Way::Passkey { device_bound: false }, PASSKEY, "swk user mfa"),
        (None, Way::Passkey { device_bound: true }, BOUND, "hwk user mfa"),
        (Some(password()), Way::Passkey { device_bound: true }, BOUND, "pwd hwk user mfa"),
        // What is typed by hand is never called safe from those who ask for it, and what is less than a password never
        // makes two factors.
        (Some(mail), Way::Code, PASSWORD, "other otp"),
        (Some(mailed), Way::Code, PASSWORD, "otp"),
        (Some(app), Way::Code, PASSWORD, "otp"),
        (None, Way::Code, PASSWORD, "otp"),
    ] {
        let proof = proved(before.as_ref(), way, id(2), at(9));
        assert_eq!((proof.acr.as_str(), proof.amr.join(" ").as_str(), proof.at), (acr, amr, at(9)), "{way:?}");
        assert_eq!(proof.credentials.last(), Some(&id(2)));
    }
    let twice = proved(Some(&proved(Some(&password()), Way::Code, id(2), at(1))), Way::Code, id(2), at(2));
    assert_eq!((twice.amr.join(" ").as_str(), twice.credentials.len()), ("pwd otp mfa", 2));
}

#[test]
fn the_page_asks_for_what_is_missing_alone() {
    let nothing = Held::default();
    let app = Held { factors: 1, app: true, ..nothing };
    let both = Held { factors: 2, app: true, passkeys: 1, device_bound: 0, codes: 3 };
    let broken = Held { factors: 1, ..nothing };
    let second = |code, passkey| Next::Second(Offer { code, passkey });
    for (reached, held, needed, goal, expected) in [
        (PASSWORD, nothing, None, None, Next::Enough),
        (PASSWORD, nothing, Some(MFA), None, Next::Enrol),
        (PASSWORD, nothing, None, Some(MFA), Next::Enough),
        (PASSWORD, app, None, None, second(true, false)),
        (PASSWORD, app, Some(PASSKEY), None, second(true, false)),
        (MFA, app, Some(PASSKEY), None, Next::Enrol),
        (MFA, app, None, Some(PASSKEY), Next::Enough),
        (PASSWORD, both, None, None, second(true, true)),
        (PASSWORD, both, None, Some(PASSKEY), second(false, true)),
        (PASSWORD, both, Some(PASSKEY), None, second(false, true)),
        (PASSWORD, both, Some(BOUND), None, second(true, true)),
        (PASSWORD, both, None, Some(BOUND), second(true, true)),
        (MFA, both, Some(PASSKEY), None, second(false, true)),
        (PASSKEY, both, Some(MFA), None, Next::Enough),
        (PASSKEY, nothing, None, None, Next::Enough),
        (PASSWORD, broken, None, None, second(false, false)),
        (PASSWORD, broken, Some(MFA), None, second(false, false)),
    ] {
        assert_eq!(next(reached, &held, needed, goal), expected, "{reached} {held:?} {needed:?} {goal:?}");
    }
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Password,
    Code,
    Passkey(bool),
}

fn acts() -> impl Strategy<Value = Act> {
    prop_oneof![Just(Act::Password), Just(Act::Code), any::<bool>().prop_map(Act::Passkey)]
}

fn helds() -> impl Strategy<Value = Held> {
    (0_usize..3, any::<bool>(), 0_usize..3, 0_i64..3).prop_map(|(bound, app, synced, codes)| Held {
        factors: bound + synced + usize::from(app),
        app,
        passkeys: bound + synced,
        device_bound: bound,
        codes,
    })
}

fn level() -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![Just(None), (0..LEVELS.len()).prop_map(|at| Some(LEVELS[at]))]
}

proptest! {
    /// However a sign-in goes on: its level is never above what was proved, never falls, and it is never enough while
    /// policy needs more or while somebody who holds a second factor showed one alone.
    #[test]
    fn no_walk_ends_without_what_is_needed(
        held in helds(), needed in level(), goal in level(), walk in vec(acts(), 0..8),
    ) {
        let mut proof: Option<Authentication> = None;
        let (mut knows, mut coded, mut key) = (false, false, None);
        for act in walk {
            let before = proof.clone();
            proof = Some(match act {
                Act::Password => { knows = true; proof.unwrap_or_else(password) }
                Act::Code => { coded = true; proved(proof.as_ref(), Way::Code, id(2), at(1)) }
                Act::Passkey(device_bound) => {
                    key = key.max(Some(device_bound));
                    proved(proof.as_ref(), Way::Passkey { device_bound }, id(3), at(1))
                }
            });
            let now = proof.as_ref().unwrap();
            prop_assert!(before.is_none_or(|before| acr::is_at_least(&now.acr, &before.acr)), "a level fell");
            let most = match (key, coded) {
                (Some(true), _) => BOUND,
                (Some(false), _) => PASSKEY,
                (None, true) if knows => MFA,
                (None, _) => PASSWORD,
            };
            prop_assert!(acr::is_at_least(most, &now.acr), "{} out of nothing", now.acr);
            prop_assert_eq!(now.amr.iter().any(|method| method == "mfa"), acr::is_at_least(&now.acr, MFA));
            if next(&now.acr, &held, needed, goal) == Next::Enough {
                prop_assert!(needed.is_none_or(|needed| acr::is_at_least(&now.acr, needed)));
                prop_assert!(held.factors == 0 || key.is_some() || coded, "one factor was enough");
            }
        }
        prop_assert!(knows || coded || key.is_some() || proof.is_none());
    }
}
