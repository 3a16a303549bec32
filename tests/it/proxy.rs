//! Two nodes behind nginx, in two ways: nginx as `.docker/nginx-proxy.conf` sets it up in front of Doorward, and nginx as
//! the gateway of `docs/proxies.md` in front of an application. What ends at one node is refused by the other at once.

use std::fs;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::answer::Answer;
use crate::binary::{Home, Process};
use crate::browser::Browser;
use crate::client::{Client, Tokens, claims};
use crate::engines::Folder;
use crate::postgres::cluster;
use crate::stage::{HOME, PASSWORD, form};
use crate::tools::root;
use crate::world::http;

/// A free port.
fn port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// What the documentation tells people to write for `auth_request`.
fn documented_gateway() -> String {
    let text = fs::read_to_string(root().join("docs/proxies.md")).unwrap();
    let (_, gateway) = text.split_once("## The gateway check").unwrap();
    let (_, snippet) = gateway.split_once("```nginx\n").unwrap();
    snippet.split_once("```").unwrap().0.to_owned()
}

struct Nginx {
    child: Child,
    folder: Folder,
    /// Where the application is that Doorward guards.
    guarded: u16,
}

impl Nginx {
    /// In front of nodes at these ports.
    async fn start(front: u16, nodes: [u16; 2]) -> Self {
        let (folder, guarded, app) = (Folder::new(), port(), port());
        fs::create_dir_all(&folder.0).unwrap();
        let [here, proxy, gateway] = [
            folder.0.display().to_string(),
            root().join(".docker/nginx-proxy.conf").display().to_string(),
            documented_gateway(),
        ];
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {here}/{kind};"))
            .join("\n");
        let config = format!(
            "daemon off; master_process off; pid {here}/pid; error_log {here}/log warn;
             events {{ worker_connections 256; }}
             http {{
                 access_log off; {temporary}
                 upstream doorward {{
                     server 127.0.0.1:{}; server 127.0.0.1:{};
                     keepalive 8;
                 }}
                 upstream app {{ server 127.0.0.1:{app}; }}
                 server {{ listen 127.0.0.1:{front}; server_name _; include {proxy}; }}
                 server {{ listen 127.0.0.1:{guarded}; server_name _; {gateway} }}
                 server {{ listen 127.0.0.1:{app}; location / {{ return 200 '$http_x_auth_subject'; }} }}
             }}",
            nodes[0], nodes[1]
        );
        let file = folder.0.join("nginx.conf");
        fs::write(&file, config).unwrap();
        // Debian keeps it where only root looks.
        let program =
            ["/usr/sbin/nginx", "nginx"].into_iter().find(|path| fs::exists(path).unwrap_or(false)).unwrap_or("nginx");
        let mut command = Command::new(program);
        command.arg("-c").arg(&file).arg("-e").arg(folder.0.join("log")).stdin(Stdio::null());
        let nginx =
            Self { child: command.spawn().expect("the tests need nginx: tests/run installs it"), folder, guarded };
        for _ in 0..500 {
            if tokio::net::TcpStream::connect(("127.0.0.1", guarded)).await.is_ok() {
                return nginx;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("nginx does not start: {}", nginx.said());
    }

    /// What an application behind the gateway answers to this cookie or token.
    async fn guarded(&self, header: (&str, &str)) -> Answer {
        let request = http().get(format!("http://127.0.0.1:{}/", self.guarded)).header(header.0, header.1);
        Answer::of(request.send().await.unwrap()).await
    }

    fn said(&self) -> String {
        fs::read_to_string(self.folder.0.join("log")).unwrap_or_default()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Somebody who is signed in by the way through nginx.
struct Guest {
    browser: Browser,
    tokens: Tokens,
    cookie: String,
}

async fn guest(app: &Client) -> Guest {
    let browser = Browser::new(http(), &app.issuer);
    let tokens = app.tokens(&browser.code(&app.id, "alice", "openid").await).await;
    let cookies = browser.cookies();
    let cookie = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
    Guest { browser, tokens, cookie }
}

/// A person and a confidential application, made by the admin client at this node.
pub async fn furnish(node: &Process<'_>) -> Option<String> {
    let alice = json!({"username": "alice", "password": PASSWORD});
    node.admin(Method::POST, "/users", alice.into()).await.is(201);
    let shop = json!({
        "client_id": "shop", "client_name": "Shop", "redirect_uris": [HOME], "skip_consent": true,
        "grant_types": ["authorization_code", "refresh_token"], "token_endpoint_auth_method": "client_secret_basic",
    });
    let made = node.admin(Method::POST, "/clients", shop.into()).await.is(201).json();
    made["client_secret"].as_str().map(str::to_owned)
}

/// Which paths let the guest in: asked at this node, and through the gateway.
async fn open_paths(at: &Client, nginx: &Nginx, guest: &Guest) -> Vec<&'static str> {
    let (access, bearer) = (&guest.tokens.access, format!("Bearer {}", guest.tokens.access));
    let mut open = Vec::new();
    let mut note = |path, is_open: bool| open.extend(is_open.then_some(path));
    note("introspection", at.introspect(access).await["active"] == true);
    note("userinfo", at.userinfo(access).await.status == 200);
    note("gateway by token", at.gateway(access).await.status == 200);
    let browser = guest.browser.stolen();
    note("gateway by cookie", browser.get(&format!("{}/gateway/check", at.issuer)).await.status == 200);
    note("account page", browser.get(&format!("{}/account", at.issuer)).await.status == 200);
    note("nginx by token", nginx.guarded(("authorization", &bearer)).await.status == 200);
    note("nginx by cookie", nginx.guarded(("cookie", &guest.cookie)).await.status == 200);
    open
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_at_one_node_is_refused_by_the_other_and_by_the_gateway_at_once() {
    let (database, front) = (cluster().empty().await, port());
    let issuer = format!("http://localhost:{front}");
    let usual = [("DATABASE__URL", database.as_str()), ("ISSUER", &issuer), ("SERVER__TRUSTED_PROXIES", "127.0.0.1")];
    let first = Home::new(&usual);
    let keys = first.path().join("keys").display().to_string();
    let second = Home::new(&[usual.as_slice(), &[("KEYS__DIRECTORY", &keys)]].concat());
    let one = first.serve().await;
    let two = second.serve().await;
    let nginx = Nginx::start(front, [first.port, second.port]).await;

    let app = Client { http: http(), issuer: issuer.clone(), id: "shop".into(), secret: furnish(&one).await };
    let at = |home: &Home| Client { issuer: format!("http://localhost:{}", home.port), ..app.clone() };
    for (round, (here, there)) in [(&first, &second), (&second, &first)].into_iter().cycle().take(6).enumerate() {
        let (here, there) = (at(here), at(there));
        let guest = guest(&app).await;
        for node in [&here, &there] {
            assert_eq!(open_paths(node, &nginx, &guest).await.len(), 7, "round {round}: all of them before");
        }
        let subject = claims(&guest.tokens.access)["sub"].clone();
        let passed = nginx.guarded(("cookie", &guest.cookie)).await;
        assert_eq!(passed.body, subject.as_str().unwrap(), "the application hears who it is");
        match round % 3 {
            0 => {
                let page = guest.browser.get(&format!("{}/logout", here.issuer)).await;
                let fields = page.form("/logout");
                let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                let answer = guest.browser.stolen().post(&format!("{}/logout", here.issuer), &fields).await;
                assert!(!answer.status.is_client_error(), "{}", answer.body);
            }
            1 => {
                let admin = Client { issuer: here.issuer.clone(), ..first.client("admin_client") };
                let token = Tokens::of(admin.client_credentials(&[]).await.ok()).access;
                let sid = claims(&guest.tokens.access)["sid"].as_str().unwrap().to_owned();
                let end = http().delete(format!("{}/api/v1/sessions/{sid}", here.issuer)).bearer_auth(token);
                assert_eq!(end.send().await.unwrap().status(), 204);
            }
            _ => {
                let page = guest.browser.get(&format!("{}/account", here.issuer)).await;
                let fields = page.form("/account/sessions/end");
                let body =
                    form(&fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>());
                let headers = [("origin", issuer.as_str())];
                let everywhere = format!("{}/account/sessions/end", here.issuer);
                guest.browser.stolen().send(Method::POST, &everywhere, &headers, Some(body)).await.is(303);
            }
        }
        assert_eq!(open_paths(&there, &nginx, &guest).await, Vec::<&str>::new(), "round {round}");
        there.refresh(&guest.tokens.refresh).await.refused("invalid_grant");
    }
    drop((one, two));
    for said in [first.said(), second.said(), nginx.said()] {
        assert!(!said.contains("ERROR") && !said.contains("panicked") && !said.contains("[error]"), "{said}");
    }
}
