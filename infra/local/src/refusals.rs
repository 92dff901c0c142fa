//! What hyper refuses by itself (no HTTP, an address of more than 64 KB, headers without end) it answers without a
//! body. An administrator reads the body, so those answers are replaced on their way out by SCIM errors.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use lychgate_edge::{
    reply::Reply,
    request::{Method, QUERY_BYTES_MAX, Request},
    routes::SCIM_ROOT,
};
use lychgate_scim::{Error, ErrorKind};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection whose bare refusals get a body.
pub struct Explained<S> {
    stream: S,
    /// What is written instead of hyper's own bytes, and how much of it has been.
    instead: Option<(Vec<u8>, usize)>,
}

impl<S> Explained<S> {
    /// Around this connection.
    pub const fn new(stream: S) -> Self {
        Self { stream, instead: None }
    }
}

/// The answer that replaces `head`, when that is one of hyper's own. Ours all carry a request id.
fn replacement(head: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(head).ok()?;
    let status = text.strip_prefix("HTTP/1.1 ")?.get(..3)?;
    // The sample application's have none, but they have a body.
    if text.contains("x-request-id") || !text.contains("content-length: 0\r\n") {
        return None;
    }
    let error = match status {
        "400" => Error::invalid_syntax("This is not a request of HTTP/1.1."),
        "414" => Error::new(
            ErrorKind::InvalidFilter,
            format!(
                "The query is longer than {QUERY_BYTES_MAX} bytes. Send it as POST to `.search` instead."
            ),
        ),
        "431" => Error::new(
            ErrorKind::BadRequest,
            "The request has too many headers, or too large ones.",
        ),
        _ => return None,
    };
    let request = Request::new(Method::Get, SCIM_ROOT);
    let reply = Reply::error(error, &request).finish(&request);
    let body = reply.body.unwrap_or_default();
    let mut answer = format!("HTTP/1.1 {} Bad Request\r\nconnection: close\r\n", reply.status_code);
    for (name, value) in reply.headers.iter().filter(|(name, _)| *name != "x-request-id") {
        answer.push_str(&format!("{name}: {value}\r\n"));
    }
    answer.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    Some(answer.into_bytes())
}

impl<S: AsyncRead + Unpin> AsyncRead for Explained<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Explained<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.instead.is_none() {
            this.instead = replacement(bytes).map(|answer| (answer, 0));
        }
        let Some((answer, written)) = &mut this.instead else {
            return Pin::new(&mut this.stream).poll_write(context, bytes);
        };
        while let Some(rest) = answer.get(*written..).filter(|rest| !rest.is_empty()) {
            match ready!(Pin::new(&mut this.stream).poll_write(context, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                more => *written += more,
            }
        }
        this.instead = None;
        // As far as hyper knows, its own bytes went out.
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bare_refusals_are_replaced() {
        let bare = b"HTTP/1.1 414 URI Too Long\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        let answer = String::from_utf8(replacement(bare).unwrap()).unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        assert!(answer.contains("\"scimType\":\"invalidFilter\""), "{answer}");
        assert!(replacement(b"HTTP/1.1 400 Bad Request\r\nx-request-id: 1\r\n\r\n").is_none());
        assert!(replacement(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 7\r\n\r\n").is_none());
        assert!(replacement(b"HTTP/1.1 200 OK\r\n\r\n").is_none());
        assert!(replacement(b"{\"HTTP/1.1 400").is_none());
    }
}
