//! Requests that no decent client would send, byte by byte.

use std::fmt::Write;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// An answer as it came over the wire.
#[derive(Debug)]
pub struct Wire {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Wire {
    /// Every value of this header.
    pub fn headers(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers(name).first().copied()
    }
}

/// Sends these bytes and reads until the server closes or has nothing more to say; `None` when it says nothing at all.
pub async fn send(port: u16, bytes: &[u8]) -> Option<Wire> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    // The server may refuse and close before it has read everything.
    let _ = stream.write_all(bytes).await;
    let mut read = Vec::new();
    let _ = timeout(Duration::from_secs(20), stream.read_to_end(&mut read)).await;
    let text = String::from_utf8_lossy(&read).into_owned();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Wire { status, head: head.to_owned(), body: body.to_owned() })
}

/// A whole request with these lines between its first line and its body.
pub async fn request(port: u16, first: &str, headers: &[&str], body: &[u8]) -> Wire {
    let answer = send(port, &whole(first, headers, body)).await;
    answer.unwrap_or_else(|| panic!("no answer to {first} {headers:?}"))
}

/// Sends a whole request on a connection that is then the caller's, for the issuer's name.
pub async fn begin(port: u16, first: &str, headers: &[&str], body: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let host = format!("Host: localhost:{port}");
    stream.write_all(&whole(first, &[&[&*host], headers].concat(), body)).await.unwrap();
    stream
}

fn whole(first: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let mut head = format!("{first} HTTP/1.1\r\nConnection: close\r\n");
    for line in headers {
        head.push_str(line);
        head.push_str("\r\n");
    }
    if !body.is_empty() {
        let _ = write!(head, "Content-Length: {}\r\n", body.len());
    }
    head.push_str("\r\n");
    [head.as_bytes(), body].concat()
}
