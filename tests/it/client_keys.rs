//! Keys that a client publishes for itself (`jwks_uri`): fetched when needed, again for an unknown key, and never from
//! where a call must not go.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use doorward::base::clock::Clock;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::answer::Answer;
use crate::client_auth::{Key, present};
use crate::world::{World, on_both};

/// A web server that says one thing to everybody, and counts.
pub struct Publisher {
    pub address: String,
    says: Arc<Mutex<String>>,
    asked: Arc<AtomicUsize>,
}

impl Publisher {
    pub async fn new(says: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/keys", listener.local_addr().unwrap());
        let (says, asked) = (Arc::new(Mutex::new(says.to_owned())), Arc::new(AtomicUsize::new(0)));
        let (answer, count) = (Arc::clone(&says), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let _ = stream.read(&mut [0; 4_096]).await;
                let text = answer.lock().unwrap().clone();
                let _ = stream.write_all(text.as_bytes()).await;
            }
        });
        Self { address, says, asked }
    }

    pub fn says(&self, text: String) {
        *self.says.lock().unwrap() = text;
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

pub fn document(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

async fn robot(world: &World, jwks_uri: &str) {
    world.machine("robot", json!({"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": jwks_uri})).await;
}

async fn prove(world: &World, key: &Key, (kid, jti): (&str, &str)) -> Answer {
    let now = world.clock.now().timestamp();
    let claims = json!({"iss": "robot", "sub": "robot", "aud": world.issuer, "jti": jti, "iat": now, "exp": now + 60});
    present(world, &key.sign(&json!({"alg": "ES256", "kid": kid}), &claims)).await
}

fn named(key: &Key, kid: &str) -> Value {
    let mut set = key.jwks();
    set["keys"][0]["kid"] = kid.into();
    set
}

on_both! {
    async fn keys_are_fetched_once_and_again_for_a_new_one(world) {
        let (old, new) = (Key::new(), Key::new());
        let publisher = Publisher::new(&document(&named(&old, "old").to_string())).await;
        robot(world, &publisher.address).await;
        prove(world, &old, ("old", "1")).await.ok();
        prove(world, &old, ("old", "2")).await.ok();
        assert_eq!(publisher.asked(), 1);

        publisher.says(document(&named(&new, "new").to_string()));
        prove(world, &new, ("new", "3")).await.refused("invalid_client");
        assert_eq!(publisher.asked(), 1, "an unknown key is asked for at most once a minute");
        world.clock.advance(chrono::TimeDelta::seconds(61));
        prove(world, &new, ("new", "4")).await.ok();
        prove(world, &old, ("old", "5")).await.refused("invalid_client");
        assert_eq!(publisher.asked(), 2);
    }

    async fn what_is_published_is_not_trusted(world) {
        let key = Key::new();
        let publisher = Publisher::new(&document("{}")).await;
        robot(world, &publisher.address).await;
        let good = named(&key, "k").to_string();
        let elsewhere = Publisher::new(&document(&good)).await;
        let redirect =
            format!("HTTP/1.1 302 Found\r\nlocation: {}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", elsewhere.address);
        let large = document(&format!("{good}{}", " ".repeat(70_000)));
        for (jti, says) in ["HTTP/1.1 500 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".into(), redirect, large,
                            document("no json"), document("{}"), String::new()].into_iter().enumerate() {
            publisher.says(says);
            world.advance(61);
            prove(world, &key, ("k", &jti.to_string())).await.refused("invalid_client");
        }
        assert_eq!(elsewhere.asked(), 0, "a redirect is not followed");
        publisher.says(document(&good));
        let asked = publisher.asked();
        prove(world, &key, ("k", "soon")).await.refused("invalid_client");
        assert_eq!(publisher.asked(), asked, "what gave nothing is not asked again within a minute");
        world.advance(61);
        prove(world, &key, ("k", "good")).await.ok();
    }

    async fn private_addresses_are_not_called(world) {
        let key = Key::new();
        robot(world, "https://10.255.255.1/keys").await;
        prove(world, &key, ("k", "1")).await.refused("invalid_client");
    }
}
