//! A site of somebody else's, on another host: it answers every address with one page and keeps what it was asked for.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[derive(Clone)]
pub struct RelyingParty {
    /// `http://127.0.0.1:…`: for browsers another site than `localhost`.
    pub origin: String,
    page: Arc<String>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl RelyingParty {
    pub async fn with(page: impl Into<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let site = Self { origin, page: Arc::new(page.into()), asked: Arc::default() };
        let serving = site.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().answer(stream));
            }
        });
        site
    }

    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// What browsers asked for at addresses that begin so.
    pub fn asked(&self, path: &str) -> Vec<String> {
        self.asked.lock().unwrap().iter().filter(|target| target.starts_with(path)).cloned().collect()
    }

    /// One request on each connection; an address below `/silent` gets no answer.
    async fn answer(self, mut stream: TcpStream) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if stream.read_exact(&mut byte).await.is_err() {
                return;
            }
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
        self.asked.lock().unwrap().push(target.clone());
        if target.starts_with("/silent") {
            tokio::time::sleep(Duration::from_mins(1)).await;
            return;
        }
        let (length, page) = (self.page.len(), &self.page);
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{page}"
        );
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}
