//! Somebody who is told what ended: a small web server on this machine that keeps what it hears.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::client::claims;

/// How it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    Status(u16),
    /// It takes what is said and never answers.
    Silence,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Heard {
    pub line: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
    /// What it was answered.
    pub manner: Manner,
    /// When it came.
    pub at: Instant,
}

impl Heard {
    /// The form field of a back-channel logout.
    #[track_caller]
    pub fn logout_token(&self) -> String {
        assert!(self.line.starts_with("POST "), "{}", self.line);
        assert_eq!(self.headers["content-type"], "application/x-www-form-urlencoded");
        let fields: Vec<_> = url::form_urlencoded::parse(self.body.as_bytes()).into_owned().collect();
        let [(name, token)] = fields.as_slice() else { panic!("{}", self.body) };
        assert_eq!(name, "logout_token");
        token.clone()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

#[derive(Clone)]
pub struct Receiver {
    pub url: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    manner: Arc<Mutex<Manner>>,
}

impl Receiver {
    pub async fn new(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/told", listener.local_addr().unwrap());
        let receiver = Self { url, heard: Arc::default(), manner: Arc::new(Mutex::new(manner)) };
        let serving = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        receiver
    }

    async fn serve(self, mut stream: TcpStream) {
        while let Some((line, headers, body)) = read(&mut stream).await {
            let manner = *self.manner.lock().unwrap();
            self.heard.lock().unwrap().push(Heard { line, headers, body, manner, at: Instant::now() });
            match manner {
                Manner::Silence => return std::future::pending().await,
                Manner::Status(status) => {
                    let answer = format!("HTTP/1.1 {status} So\r\ncontent-length: 0\r\n\r\n");
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    pub fn answers(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// What it heard and answered well.
    pub fn taken(&self) -> Vec<Heard> {
        self.heard().into_iter().filter(|heard| heard.manner == Manner::Status(200)).collect()
    }

    /// The only thing it ever heard.
    #[track_caller]
    pub fn only(&self) -> Heard {
        let heard = self.heard();
        assert_eq!(heard.len(), 1, "{heard:?}");
        heard.into_iter().next().unwrap()
    }

    /// Waits until it has heard as much.
    pub async fn hears(&self, count: usize, patience: Duration) {
        let start = Instant::now();
        while self.heard().len() < count {
            assert!(start.elapsed() < patience, "{} of {count}: {:?}", self.heard().len(), self.heard());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// When it heard that this session ended.
    pub async fn hears_of(&self, sid: &str, patience: Duration) -> Instant {
        let start = Instant::now();
        let is_it = |heard: &&Heard| claims(&heard.logout_token())["sid"] == sid;
        let mut seen = 0;
        while start.elapsed() < patience {
            let heard = self.heard.lock().unwrap()[seen..].to_vec();
            if let Some(heard) = heard.iter().find(is_it) {
                return heard.at;
            }
            seen += heard.len();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        panic!("it never hears of {sid}");
    }
}

/// One request; `None` when the connection is closed.
async fn read(stream: &mut TcpStream) -> Option<(String, BTreeMap<String, String>, String)> {
    let mut bytes = Vec::new();
    let ((line, headers), body) = loop {
        let mut more = [0; 4_096];
        let count = stream.read(&mut more).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&more[..count]);
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let mut lines = head.split("\r\n");
        let line = lines.next().unwrap().to_owned();
        let headers: BTreeMap<_, _> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let length: usize = headers.get("content-length").map_or(0, |text| text.parse().unwrap());
        if bytes.len() >= end + 4 + length {
            let body = String::from_utf8(bytes[end + 4..end + 4 + length].to_vec()).unwrap();
            break ((line, headers), body);
        }
    };
    Some((line, headers, body))
}
