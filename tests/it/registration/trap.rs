//! Addresses that a client registers lead nowhere inside the network: a trap on loopback counts who comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use doorward::base::clock::Clock;
use doorward::remote::egress::Rules;
use serde_json::{Value, json};

use super::{open, register};
use crate::client_auth::{Key, present};
use crate::client_keys::{Publisher, document};
use crate::stage::HOME;
use crate::world::{Setting, World, on_both_with};

/// As in production: nothing on this machine may be called.
pub fn guarded() -> Setting {
    Setting { egress: Rules::default, ..open() }
}

/// A port that nobody may connect to.
struct Trap {
    port: u16,
    visits: Arc<AtomicUsize>,
}

impl Trap {
    async fn set() -> Self {
        let listener = match tokio::net::TcpListener::bind("[::]:0").await {
            Ok(listener) => listener,
            Err(_) => tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap(),
        };
        let (port, visits) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&visits);
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { port, visits }
    }

    fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }

    /// The ways to write this machine that others were fooled by.
    fn addresses(&self) -> Vec<String> {
        let hosts = [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "127.0.0.1.",
            "localhost",
            "localhost.",
            "LOCALHOST",
            "0.0.0.0",
            "0",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
            "[fe80::1]",
            "[fc00::1]",
            "10.0.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.168.0.1",
        ];
        let schemes = ["https", "http"];
        hosts.iter().flat_map(|host| schemes.map(|scheme| format!("{scheme}://{host}:{}/x", self.port))).collect()
    }
}

async fn asserts_with(world: &World, id: &str, key: &Key) {
    let now = world.clock.now().timestamp();
    let claims = json!({"iss": id, "sub": id, "aud": world.issuer, "jti": id, "iat": now, "exp": now + 60});
    present(world, &key.sign(&json!({"alg": "ES256", "kid": "k"}), &claims)).await.refused("invalid_client");
}

on_both_with! {
    crate::registration::trap::guarded();

    async fn no_registered_address_leads_inside(world) {
        let (trap, key) = (Trap::set().await, Key::new());
        let (mut registered, mut asked) = (0, 0);
        for address in trap.addresses() {
            let sector = json!({"redirect_uris": [HOME], "sector_identifier_uri": address});
            assert_eq!(register(world, sector).await.status, 400, "{address}");
            let keys = json!({"redirect_uris": [HOME], "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": address});
            let answer = register(world, keys).await;
            if answer.status == 201 {
                registered += 1;
                asserts_with(world, answer.json()["client_id"].as_str().unwrap(), &key).await;
            }
            // What nobody calls is only kept.
            for member in ["logo_uri", "client_uri", "policy_uri", "tos_uri", "backchannel_logout_uri", "frontchannel_logout_uri"] {
                register(world, json!({"redirect_uris": [HOME], member: address})).await;
            }
            let answer = register(world, json!({"redirect_uris": [HOME], "request_uris": [address]})).await;
            if answer.status == 201 {
                asked += 1;
                let id = answer.json()["client_id"].as_str().unwrap().to_owned();
                let more = [("redirect_uri", HOME), ("request_uri", address.as_str())];
                let told = world.browser().authorize(&id, &more).await.home(HOME);
                assert_eq!(told["error"], "invalid_request_uri", "{address}");
            }
        }
        assert!(asked > 20, "{asked}");
        assert!(registered > 20, "{registered}");
        assert_eq!(trap.visits(), 0, "somebody came into the trap");
    }
}

on_both_with! {
    crate::registration::open();

    async fn a_list_that_leads_on_is_not_followed(world) {
        let inner = Publisher::new(&document(&json!([HOME]).to_string())).await;
        for status in ["301 Moved", "302 Found", "303 See", "307 Temporary", "308 Permanent"] {
            let redirect = format!("HTTP/1.1 {status}\r\nlocation: {}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", inner.address);
            let outer = Publisher::new(&redirect).await;
            let body: Value = json!({"redirect_uris": [HOME], "sector_identifier_uri": outer.address});
            register(world, body).await.refused("invalid_client_metadata");
            assert_eq!((outer.asked(), inner.asked()), (1, 0), "{status}");
        }
    }
}
