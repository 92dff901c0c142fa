//! A request and an answer as they are on the wire, and a client that sends exactly what it is given: no
//! `User-Agent`, no normalised path, no header that a test did not ask for.

use std::{io::Read, time::Duration};

use flate2::read::GzDecoder;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// How long an answer may take before the test fails.
const ANSWER_SECS_MAX: u64 = 60;

/// A request.
#[derive(Debug, Clone, Default)]
pub struct Wire {
    /// The method.
    pub method: String,
    /// Path and query, percent-encoded.
    pub target: String,
    /// Header fields in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<Vec<u8>>,
}

/// An answer.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Header fields, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, decompressed.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header field's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.headers.iter();
        fields.find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; `null` when there is none.
    ///
    /// # Panics
    /// When there is a body that is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        if self.body.is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("not JSON ({error}): {}", String::from_utf8_lossy(&self.body))
        })
    }

    /// Decompresses the body if a header says that it is compressed.
    ///
    /// # Panics
    /// When it says so and it is not.
    #[must_use]
    pub fn plain(mut self) -> Self {
        if self.header("content-encoding") == Some("gzip") {
            let mut plain = Vec::new();
            GzDecoder::new(self.body.as_slice()).read_to_end(&mut plain).expect("gzip");
            self.body = plain;
        }
        self
    }
}

/// Sends a request to `host:port` over a connection of its own.
///
/// # Panics
/// When there is no answer, or none that is HTTP.
pub async fn send(authority: &str, wire: &Wire) -> Answer {
    let sent = timeout(Duration::from_secs(ANSWER_SECS_MAX), exchange(authority, wire)).await;
    sent.unwrap_or_else(|_| panic!("no answer to {} {}", wire.method, wire.target))
}

async fn exchange(authority: &str, wire: &Wire) -> Answer {
    let mut stream = TcpStream::connect(authority).await.expect("the server listens");
    let mut head = format!("{} {} HTTP/1.1\r\nHost: {authority}\r\n", wire.method, wire.target);
    for (name, value) in &wire.headers {
        if !name.eq_ignore_ascii_case("connection") {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    if let Some(body) = &wire.body {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    head.push_str("Connection: close\r\n\r\n");
    let (mut reader, mut writer) = stream.split();
    let mut bytes = Vec::new();
    let write = async {
        // A server may answer and close before it has read a body that is too large for it.
        let _ = writer.write_all(head.as_bytes()).await;
        let _ = writer.write_all(wire.body.as_deref().unwrap_or_default()).await;
    };
    let read = async {
        let _ = reader.read_to_end(&mut bytes).await;
    };
    tokio::join!(write, read);
    parsed(&bytes).unwrap_or_else(|| {
        panic!(
            "no HTTP answer to {} {}: {:?}",
            wire.method,
            wire.target,
            String::from_utf8_lossy(&bytes)
        )
    })
}

/// Sends the beginning of a request and hangs up.
///
/// # Panics
/// When nobody listens.
pub async fn cut(authority: &str, beginning: &[u8]) {
    let mut stream = TcpStream::connect(authority).await.expect("the server listens");
    let _ = stream.write_all(beginning).await;
    let _ = stream.shutdown().await;
    drop(stream);
}

fn parsed(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(bytes.get(..end)?).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut body = bytes.get(end + 4..)?.to_vec();
    if headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked") {
        body = unchunked(&body)?;
    }
    Some(Answer { status, headers, body }.plain())
}

fn unchunked(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = bytes.windows(2).position(|window| window == b"\r\n")?;
        let size = std::str::from_utf8(bytes.get(..line)?).ok()?.split(';').next()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(bytes.get(line + 2..line + 2 + size)?);
        bytes = bytes.get(line + 4 + size..)?;
    }
}
