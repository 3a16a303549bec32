//! One keep-alive connection that asks and waits for the answer (RFC 9112), as lean as a load driver must be.

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longest head of an answer that is taken, in bytes.
const LONGEST_HEAD: usize = 64 * 1024;

/// A connection. It is made anew when the server has closed it.
pub struct Wire {
    address: SocketAddr,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
}

/// An answer that was read to its end.
pub struct Answer<'w> {
    pub status: u16,
    /// The lines of the head, without the blank one.
    pub head: &'w str,
    pub body: &'w [u8],
}

impl Wire {
    pub fn new(address: SocketAddr) -> Self {
        Self { address, stream: None, buffer: Vec::with_capacity(8192) }
    }

    /// Sends a whole request and reads the whole answer. A connection that turns out to be closed before a byte came back
    /// is made anew, once.
    pub async fn ask(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        let kept = self.stream.is_some();
        let frame = match self.exchange(request).await {
            Err(error) if kept && self.buffer.is_empty() && is_closed(&error) => {
                self.stream = None;
                self.exchange(request).await
            }
            other => other,
        };
        if frame.as_ref().map_or(true, |frame| frame.closes) {
            self.stream = None;
        }
        let frame = frame?;
        let (head, rest) = self.buffer.split_at(frame.head);
        let head = std::str::from_utf8(head).map_err(|_| wrong("a head that is no text"))?;
        Ok(Answer { status: frame.status, head, body: &rest[4..4 + frame.body] })
    }

    async fn exchange(&mut self, request: &[u8]) -> Result<Frame> {
        self.buffer.clear();
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(self.address).await?,
        };
        stream.write_all(request).await?;
        let frame = read(&mut stream, &mut self.buffer).await?;
        self.stream = Some(stream);
        Ok(frame)
    }
}

impl Answer<'_> {
    /// The value of a header; of several the first.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(self.head, name)
    }

    /// The first cookie of this name that is set.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let set = headers(self.head, "set-cookie").find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
        set.split(';').next().map(str::to_owned)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.body).into_owned()
    }
}

pub async fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// What is known of an answer once it lies in the buffer, its body joined behind the blank line.
struct Frame {
    status: u16,
    head: usize,
    body: usize,
    closes: bool,
}

async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<Frame> {
    let head = loop {
        if let Some(end) = find(buffer, b"\r\n\r\n") {
            break end;
        }
        if buffer.len() > LONGEST_HEAD {
            return Err(wrong("a head without an end"));
        }
        more(stream, buffer).await?;
    };
    let text = std::str::from_utf8(&buffer[..head]).map_err(|_| wrong("a head that is no text"))?;
    let status = text.split(' ').nth(1).and_then(|word| word.parse().ok()).ok_or_else(|| wrong("no status"))?;
    let closes = header(text, "connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
    let chunked = header(text, "transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"));
    let length: Option<usize> = header(text, "content-length").and_then(|value| value.parse().ok());
    let start = head + 4;
    let body = match length {
        _ if chunked => join_chunks(stream, buffer, start).await?,
        Some(length) => {
            while buffer.len() < start + length {
                more(stream, buffer).await?;
            }
            length
        }
        None if matches!(status, 204 | 304) => 0,
        None => return Err(wrong("an answer of unknown length")),
    };
    Ok(Frame { status, head, body, closes })
}

/// Reads chunks to the last one and joins them where they lie; gives the length of the whole.
async fn join_chunks(stream: &mut TcpStream, buffer: &mut Vec<u8>, start: usize) -> Result<usize> {
    let (mut at, mut joined) = (start, start);
    loop {
        let line = loop {
            if let Some(end) = find(&buffer[at..], b"\r\n") {
                break at + end;
            }
            more(stream, buffer).await?;
        };
        let size = std::str::from_utf8(&buffer[at..line]).ok().and_then(|text| text.split(';').next());
        let size = size.and_then(|text| usize::from_str_radix(text.trim(), 16).ok()).ok_or_else(|| wrong("a chunk"))?;
        let next = line + 2 + size + 2;
        while buffer.len() < next {
            more(stream, buffer).await?;
        }
        buffer.copy_within(line + 2..line + 2 + size, joined);
        (joined, at) = (joined + size, next);
        if size == 0 {
            return Ok(joined - start);
        }
    }
}

async fn more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<()> {
    if stream.read_buf(buffer).await? == 0 {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

fn find(in_bytes: &[u8], what: &[u8]) -> Option<usize> {
    in_bytes.windows(what.len()).position(|window| window == what)
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    headers(head, name).next()
}

fn headers<'h>(head: &'h str, name: &str) -> impl Iterator<Item = &'h str> {
    head.split("\r\n").skip(1).filter_map(move |line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn is_closed(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
}

fn wrong(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}
