//! A client that is told of logouts: it takes every request and counts those.

use std::cell::Cell;
use std::rc::Rc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::spawn_local;

use crate::outcome::Outcome;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncache-control: no-store\r\ncontent-length: 0\r\n\r\n";

/// Listens from now on, within a local set.
pub struct Receiver {
    pub port: u16,
    told: Rc<Cell<u64>>,
}

impl Receiver {
    pub async fn listen() -> Outcome<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (port, told) = (listener.local_addr()?.port(), Rc::new(Cell::new(0)));
        let count = told.clone();
        spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                spawn_local(take(stream, count.clone()));
            }
        });
        Ok(Self { port, told })
    }

    /// How many requests came.
    pub fn told(&self) -> u64 {
        self.told.get()
    }
}

/// Requests come one at a time on a connection; each says how long its body is.
async fn take(mut stream: TcpStream, told: Rc<Cell<u64>>) {
    let mut buffer = Vec::new();
    while stream.read_buf(&mut buffer).await.is_ok_and(|count| count > 0) {
        while let Some(whole) = length(&buffer).filter(|whole| *whole <= buffer.len()) {
            buffer.drain(..whole);
            told.set(told.get() + 1);
            if stream.write_all(ANSWER).await.is_err() {
                return;
            }
        }
    }
}

/// How long the first request in the buffer is, once its head is there.
fn length(buffer: &[u8]) -> Option<usize> {
    let head = buffer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let text = std::str::from_utf8(&buffer[..head]).ok()?.to_ascii_lowercase();
    let body = text.split("content-length:").nth(1).and_then(|rest| rest.split("\r\n").next());
    Some(head + 4 + body.and_then(|value| value.trim().parse().ok()).unwrap_or(0))
}
