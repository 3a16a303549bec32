//! The speed of light: a server that does nothing but read a form, sign once, and answer. No look-up, no proof, no storage:
//! nobody reaches it, everybody can be measured against it.

use std::io;
use std::sync::Arc;

use actix_web::http::header;
use actix_web::web::{Data, Form, Path, ServiceConfig, get, post};
use actix_web::{App, HttpResponse, HttpServer};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use josekit::jws::{ES256, EdDSA, JwsSigner, RS256};
use serde::Deserialize;
use serde_json::json;

use crate::outcome::Outcome;
use crate::request::base64url;

/// What it can sign with, by the last part of its path.
pub const SIGNERS: [&str; 6] =
    ["ES256/aws-lc-rs", "EdDSA/aws-lc-rs", "RS256/aws-lc-rs", "ES256/josekit", "EdDSA/josekit", "RS256/josekit"];

/// Everything is ready before the first request.
struct Keys {
    es256: EcdsaKeyPair,
    eddsa: Ed25519KeyPair,
    rs256: RsaKeyPair,
    slow: [Box<dyn JwsSigner>; 3],
}

#[derive(Deserialize)]
struct Asked {
    grant_type: String,
    client_id: String,
    scope: Option<String>,
}

/// Serves until it is stopped.
pub async fn serve(port: u16) -> Outcome<()> {
    let keys = Data::from(Arc::new(Keys::new()?));
    let server = HttpServer::new(move || App::new().app_data(keys.clone()).configure(routes)).workers(2);
    Ok(server.bind(("127.0.0.1", port))?.run().await?)
}

fn routes(config: &mut ServiceConfig) {
    config.route("/hello", get().to(hello)).route("/token/{algorithm}/{library}", post().to(token));
}

async fn hello() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(include_str!("hello.json"))
}

async fn token(keys: Data<Keys>, path: Path<(String, String)>, Form(asked): Form<Asked>) -> HttpResponse {
    let (algorithm, library) = path.into_inner();
    let claims = json!({
        "iss": "http://localhost", "sub": asked.client_id, "aud": "http://localhost", "exp": 1_900_000_300,
        "iat": 1_900_000_000, "jti": "0Jb0mF3Rk1hRJx7tq0G1rV9s8nq2f3y4Zk5p6w7e8r9",
        "client_id": asked.client_id, "scope": asked.scope, "sid": "0198b7a0-0000-7000-8000-000000000000",
    });
    let head = json!({ "alg": algorithm, "kid": "4mFUQb7mZ8x9b1Qk3yq1Zt0v2w3x4y5z6a7b8c9d0e1", "typ": "at+jwt" });
    let input = format!("{}.{}", base64url(head.to_string().as_bytes()), base64url(claims.to_string().as_bytes()));
    let Ok(signature) = keys.sign(&algorithm, &library, input.as_bytes()) else {
        return HttpResponse::NotFound().finish();
    };
    let token = format!("{input}.{}", base64url(&signature));
    let answer = json!({ "access_token": token, "token_type": "Bearer", "expires_in": 300, "grant": asked.grant_type });
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(answer)
}

impl Keys {
    fn new() -> Outcome<Self> {
        let rs256 = RsaKeyPair::generate(KeySize::Rsa2048)?;
        let der: Pkcs8V1Der<'_> = rs256.as_der()?;
        let rsa = RS256.signer_from_der(der.as_ref())?;
        let on_curve = ES256.signer_from_jwk(&ES256.generate_key_pair()?.to_jwk_private_key())?;
        let curve = josekit::jwk::alg::ed::EdCurve::Ed25519;
        let edwards = EdDSA.signer_from_jwk(&EdDSA.generate_key_pair(curve)?.to_jwk_private_key())?;
        Ok(Self {
            es256: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?,
            eddsa: Ed25519KeyPair::generate()?,
            rs256,
            slow: [Box::new(on_curve), Box::new(edwards), Box::new(rsa)],
        })
    }

    fn sign(&self, algorithm: &str, library: &str, input: &[u8]) -> Outcome<Vec<u8>> {
        let [es256, eddsa, rs256] = &self.slow;
        Ok(match (algorithm, library) {
            ("ES256", "aws-lc-rs") => self.es256.sign(&SystemRandom::new(), input)?.as_ref().to_vec(),
            ("EdDSA", "aws-lc-rs") => self.eddsa.sign(input).as_ref().to_vec(),
            ("RS256", "aws-lc-rs") => {
                let mut signature = vec![0; self.rs256.public_modulus_len()];
                self.rs256.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), input, &mut signature)?;
                signature
            }
            ("ES256", "josekit") => es256.sign(input)?,
            ("EdDSA", "josekit") => eddsa.sign(input)?,
            ("RS256", "josekit") => rs256.sign(input)?,
            _ => return Err(io::Error::from(io::ErrorKind::NotFound).into()),
        })
    }
}
