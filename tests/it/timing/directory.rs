//! The door behind which a directory judges: somebody in it, and a name of nobody.

use std::time::Duration;

use doorward::base::secret::Typed;
use doorward::protocol::ldap::Privacy;

use super::doors::{COST, ISSUER, PEOPLE, fail};
use super::{ROUNDS, compare, is_found_out, keeps_quiet, timed};
use crate::slapd::slapd;
use crate::stage::{Around, Engine, Stage, policy};

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_takes_as_long_for_somebody_in_the_directory_as_for_nobody() {
    crate::world::http();
    for at in 0..PEOPLE {
        slapd().person(&format!("known-{at}"));
    }
    let plain = || slapd().directory(|rules| rules.address = slapd().address(Privacy::None));
    let around = Around { cost: COST, directory: Some(plain()), ..Around::default() };
    let stage = Stage::among(Engine::Sqlite, policy(ISSUER), around).await;
    keeps_quiet("directory", async || {
        compare(ROUNDS, async |which, round| fail(&stage, (which, round), "not the right one").await).await
    })
    .await;
    // A server that does not bind where nobody was found.
    let directory = plain();
    let ask = async |which: usize, round: usize| -> Duration {
        let name = ["known", "nobody"][which];
        timed(async {
            let candidate = directory.look_for(Some(&format!("{name}-{}", round % PEOPLE)), "decoy").await.unwrap();
            if candidate.id().is_some() {
                assert_eq!(candidate.prove(Typed::new("not the right one".into())).await, Ok(None));
            }
        })
        .await
    };
    is_found_out("directory", &compare(ROUNDS / 4, ask).await);
    stage.verify().await;
}
