//! Failed attempts, forgotten by an admin.

use doorward::base::secret::Typed;
use doorward::domain::lifetime::Stay;
use doorward::domain::session::Source;
use doorward::flows::login::{Aim, Attempt, SignIn, sign_in};

use super::{Api, id_of};
use crate::stage::PASSWORD;
use crate::world::{World, on_both};

/// A sign-in as alice from the address of this number.
async fn try_from(world: &World, number: u8, password: &str) -> SignIn {
    let attempt = Attempt {
        username: "alice".into(),
        password: Typed::new(password.into()),
        source: Source { address: Some(format!("198.51.100.{number}")), ..Source::default() },
        stay: Stay::Visit,
        aim: Aim::default(),
    };
    sign_in(&world.authority, attempt, None).await.unwrap()
}

on_both! {
    async fn an_admin_forgets_what_makes_a_person_wait(world) {
        let api = Api::of(world).await;
        for number in 0..20 {
            assert!(matches!(try_from(world, number, "wrong").await, SignIn::Refused), "{number}");
        }
        assert!(matches!(try_from(world, 100, PASSWORD).await, SignIn::Wait { .. }), "from wherever");
        let path = format!("/users/{}/failures", id_of(&api, "alice").await);
        api.delete(&path).await.is(204);
        assert!(matches!(try_from(world, 100, PASSWORD).await, SignIn::Done { .. }));
        api.delete(&path).await.is(204);
        api.delete("/users/00000000-0000-7000-8000-000000000000/failures").await.problem(404);
    }
}
