//! A provider that nobody here wrote: oidc-provider of npm, with signed userinfo and back-channel logout.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use doorward::base::clock::{Clock, SystemClock};
use serde_json::json;

use super::{api, is_signed_in};
use crate::answer::Answer;
use crate::browser::Browser;
use crate::client::claims;
use crate::stage::HOME;
use crate::tools;
use crate::world::{World, on_both};

/// The running provider; it ends with its standard input.
struct Node {
    issuer: String,
    child: Child,
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Node {
    async fn start(world: &World) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let at = |path: &str| format!("{}/sso/node/{path}", world.issuer);
        let script = std::fs::read_to_string(tools::root().join("tests/clients/node/provider.mjs")).unwrap();
        let mut command = Command::new("node");
        command.args(["--input-type=module", "-e", &script]);
        command.current_dir(tools::installed("node_modules/oidc-provider").parent().unwrap().parent().unwrap());
        command.env("PORT", port.to_string()).env("REDIRECT_URI", at("callback"));
        command.env("POST_LOGOUT_URI", at("signed-out")).env("BACKCHANNEL_URI", at("backchannel-logout"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let said = child.stdout.take().unwrap();
        let listens = move || BufReader::new(said).lines().map_while(Result::ok).any(|line| line == "listening");
        assert!(tokio::task::spawn_blocking(listens).await.unwrap());
        Self { issuer: format!("http://127.0.0.1:{port}"), child }
    }
}

/// It looks at its own clock.
fn set_the_clock(world: &World) {
    world.clock.advance(SystemClock.now() - world.clock.now());
}

async fn join(world: &World, node: &Node) {
    set_the_clock(world);
    let asked = json!({
        "id": "node", "issuer": node.issuer, "client_id": "doorward", "client_secret": "a secret of the tests",
        "signed_userinfo": true, "trust_email": true, "claims": {"roles": "groups"}, "role_map": {"staff": ["employee"]},
    });
    api(world).await.post("/providers", asked).await.is(201);
}

/// Follows the way at both places, which keep their cookies apart.
async fn follow((world, node): (&World, &Node), (here, there): (&Browser, &Browser), mut answer: Answer) -> Answer {
    for _ in 0..20 {
        set_the_clock(world);
        if !answer.status.is_redirection() {
            return answer;
        }
        let next = answer.location();
        answer = match next.as_str() {
            url if url.starts_with(&node.issuer) => there.get(url).await,
            url if url.starts_with("http://localhost") => here.get(url).await,
            _ => return answer,
        };
    }
    panic!("in a circle");
}

async fn sign_in(world: &World, node: &Node, (here, there): (&Browser, &Browser)) -> serde_json::Value {
    let app = world.app("app").await;
    let page = here.authorize("app", &[("scope", "openid profile email roles")]).await;
    let answer = here.get(&super::way(&page, "node")).await;
    let home = follow((world, node), (here, there), answer).await.home(HOME);
    claims(&app.tokens(&home["code"]).await.id)
}

on_both! {
    async fn a_person_of_another_implementation_signs_in_and_out(world) {
        let node = Node::start(world).await;
        join(world, &node).await;
        let (here, there) = (world.browser(), Browser::new(world.http(), &node.issuer));
        let id_token = sign_in(world, &node, (&here, &there)).await;
        let person = api(world).await.get(&format!("/users/{}", id_token["sub"].as_str().unwrap())).await.ok();
        let told = [&person["username"], &person["email"], &person["email_verified"], &person["name"], &person["roles"]];
        assert_eq!(told, [&json!("ann"), &json!("ann@node.example"), &json!(true), &json!("Ann of Node"), &json!(["employee"])]);
        // Out, over there and back.
        let page = here.get("/logout").await;
        let answer = here.submit(&page, "/logout", &[("scope", "browser")]).await;
        let asked = follow((world, &node), (&here, &there), answer).await;
        let (_, rest) = asked.is(200).body.split_once("name=\"xsrf\" value=\"").unwrap();
        let xsrf = rest.split('"').next().unwrap();
        let action = format!("{}/session/end/confirm", node.issuer);
        let answer = there.post(&action, &[("xsrf", xsrf), ("logout", "yes")]).await;
        let end = follow((world, &node), (&here, &there), answer).await;
        assert_eq!(end.is(200).url.path(), "/sso/node/signed-out");
        assert!(!is_signed_in(&here).await);
    }

    async fn it_tells_us_that_somebody_was_signed_out_there(world) {
        let node = Node::start(world).await;
        join(world, &node).await;
        let (here, there) = (world.browser(), Browser::new(world.http(), &node.issuer));
        let id_token = sign_in(world, &node, (&here, &there)).await;
        let asked = there.get(&format!("{}/session/end", node.issuer)).await;
        set_the_clock(world);
        let (_, rest) = asked.is(200).body.split_once("name=\"xsrf\" value=\"").unwrap();
        let xsrf = rest.split('"').next().unwrap();
        there.post(&format!("{}/session/end/confirm", node.issuer), &[("xsrf", xsrf), ("logout", "yes")]).await;
        assert!(!is_signed_in(&here).await);
        let found = api(world).await.get(&format!("/sessions/{}", id_token["sid"].as_str().unwrap())).await.ok();
        assert_eq!(found["end_reason"], "upstream_logout", "{found}");
    }
}
