//! HTTP/1.1 (RFC 9112) for the SDK's clients: a connection carries one call at a time and is kept for the next.

use std::{
    error::Error,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        http::{
            HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings,
            SharedHttpClient, SharedHttpConnector,
        },
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{body::SdkBody, retry::ErrorKind};
use http::{
    HeaderValue, Request, Response, Uri,
    header::HOST,
    uri::{Authority, Scheme},
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::{
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, pki_types::ServerName},
};

/// How many connections without a call are kept.
pub const CONNECTIONS_KEPT_MAX: usize = 32;
/// How long a connection without a call is kept, in milliseconds.
pub const IDLE_MILLIS_MAX: u64 = 60_000;
/// The largest body of an answer, in bytes. A `BatchGetItem`, the largest that is ever asked for, may bring 16 MB.
pub const RESPONSE_BYTES_MAX: usize = 32 * 1_024 * 1_024;

const HTTP_PORT: u16 = 80;
const HTTPS_PORT: u16 = 443;

/// A client without TLS: for an emulator. It refuses `https://`.
#[must_use]
pub fn plain() -> SharedHttpClient {
    SharedHttpClient::new(Client::new(None))
}

/// A client that refuses `http://`.
pub(crate) fn secure(tls: ClientConfig) -> SharedHttpClient {
    SharedHttpClient::new(Client::new(Some(TlsConnector::from(Arc::new(tls)))))
}

/// One type for TCP and TLS, so that hyper is in a binary once.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

type Sender = SendRequest<SdkBody>;

#[derive(Clone)]
struct Client {
    tls: Option<TlsConnector>,
    kept: Arc<Mutex<Vec<Kept>>>,
    connect_timeout: Option<Duration>,
    read_timeout: Option<Duration>,
}

struct Kept {
    authority: Authority,
    sender: Sender,
    since: Instant,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("secure", &self.tls.is_some()).finish_non_exhaustive()
    }
}

impl HttpClient for Client {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Self {
            connect_timeout: settings.connect_timeout(),
            read_timeout: settings.read_timeout(),
            ..self.clone()
        })
    }
}

impl HttpConnector for Client {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.clone();
        HttpConnectorFuture::new(async move { client.exchange(request).await })
    }
}

impl Client {
    fn new(tls: Option<TlsConnector>) -> Self {
        Self { tls, kept: Arc::default(), connect_timeout: None, read_timeout: None }
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = request.try_into_http1x().map_err(|error| user(error.into()))?;
        let (authority, request) = self.addressed(request)?;
        let (sender, response) =
            within(self.read_timeout, self.send(&authority, request)).await??;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, RESPONSE_BYTES_MAX).collect();
        let body = within(self.read_timeout, body).await?.map_err(unread)?;
        // Where a server failed, the next attempt takes another connection, and with it perhaps another server.
        if !parts.status.is_server_error() {
            self.keep(authority, sender);
        }
        let body = SdkBody::from(body.to_bytes());
        HttpResponse::try_from(Response::from_parts(parts, body))
            .map_err(|error| user(error.into()))
    }

    /// The request as it is written on a connection (RFC 9112 §3.2.1), and where to.
    fn addressed(
        &self,
        mut request: Request<SdkBody>,
    ) -> Result<(Authority, Request<SdkBody>), ConnectorError> {
        let scheme = if self.tls.is_some() { Scheme::HTTPS } else { Scheme::HTTP };
        let uri = request.uri();
        let authority = match uri.authority() {
            Some(authority) if uri.scheme() == Some(&scheme) => authority.clone(),
            _ => return Err(user(format!("not an address with {scheme}").into())),
        };
        if !request.headers().contains_key(HOST) {
            let host = HeaderValue::from_str(&self.host(&authority));
            request.headers_mut().insert(HOST, host.map_err(|error| user(error.into()))?);
        }
        let path = request.uri().path_and_query().cloned();
        *request.uri_mut() = path.map_or_else(Uri::default, Uri::from);
        Ok((authority, request))
    }

    /// As the SDK has signed it: without the port that goes without saying, and without a user (RFC 9110 §7.2).
    fn host(&self, authority: &Authority) -> String {
        match authority.port_u16() {
            Some(port) if port != self.default_port() => format!("{}:{port}", authority.host()),
            _ => authority.host().to_owned(),
        }
    }

    fn default_port(&self) -> u16 {
        if self.tls.is_some() { HTTPS_PORT } else { HTTP_PORT }
    }

    /// Sends on a kept connection, or on a new one when there is none that still stands.
    async fn send(
        &self,
        authority: &Authority,
        mut request: Request<SdkBody>,
    ) -> Result<(Sender, Response<Incoming>), ConnectorError> {
        while let Some(mut sender) = self.kept(authority) {
            if sender.ready().await.is_err() {
                continue;
            }
            match sender.try_send_request(request).await {
                Ok(response) => return Ok((sender, response)),
                // The peer had closed it before anything was sent.
                Err(mut error) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(broken(error.into_error())),
                },
            }
        }
        let mut sender = within(self.connect_timeout, self.connect(authority))
            .await
            .and_then(|connected| connected)
            .map_err(ConnectorError::never_connected)?;
        let response = sender.send_request(request).await.map_err(broken)?;
        Ok((sender, response))
    }

    fn kept(&self, authority: &Authority) -> Option<Sender> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|kept| {
            kept.since.elapsed() < Duration::from_millis(IDLE_MILLIS_MAX)
                && !kept.sender.is_closed()
        });
        // The one that was used last is the likeliest to stand.
        let found = kept.iter().rposition(|kept| kept.authority == *authority)?;
        Some(kept.remove(found).sender)
    }

    fn keep(&self, authority: Authority, sender: Sender) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < CONNECTIONS_KEPT_MAX {
            #[expect(
                clippy::disallowed_methods,
                reason = "the age of a connection decides no answer"
            )]
            let since = Instant::now();
            kept.push(Kept { authority, sender, since });
        }
    }

    async fn connect(&self, authority: &Authority) -> Result<Sender, ConnectorError> {
        let failed = |error: std::io::Error| ConnectorError::io(error.into());
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        let port = authority.port_u16().unwrap_or(self.default_port());
        let tcp = TcpStream::connect((host, port)).await.map_err(failed)?;
        tcp.set_nodelay(true).map_err(failed)?;
        let stream: Box<dyn Stream> = match &self.tls {
            None => Box::new(tcp),
            Some(tls) => {
                let name =
                    ServerName::try_from(host.to_owned()).map_err(|error| user(error.into()))?;
                Box::new(tls.connect(name, tcp).await.map_err(failed)?)
            }
        };
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        // It ends when the peer closes, or when nobody can send on it any more; who waits for an answer learns why.
        tokio::spawn(async move { drop(connection.await) });
        Ok(sender)
    }
}

async fn within<T>(
    limit: Option<Duration>,
    what: impl Future<Output = T>,
) -> Result<T, ConnectorError> {
    match limit {
        None => Ok(what.await),
        Some(limit) => tokio::time::timeout(limit, what)
            .await
            .map_err(|error| ConnectorError::timeout(error.into())),
    }
}

fn user(error: BoxError) -> ConnectorError {
    ConnectorError::user(error)
}

/// What the SDK shall think of it: it tries again after whatever the network did.
fn broken(error: hyper::Error) -> ConnectorError {
    let network = error.is_closed() || error.is_canceled() || of_the_network(&error);
    if error.is_user() {
        ConnectorError::user(error.into())
    } else if error.is_incomplete_message() {
        ConnectorError::other(error.into(), Some(ErrorKind::TransientError))
    } else if network {
        ConnectorError::io(error.into())
    } else {
        ConnectorError::other(error.into(), None)
    }
}

/// A body that is too large would be so again.
fn unread(error: BoxError) -> ConnectorError {
    if error.is::<LengthLimitError>() {
        ConnectorError::other(error, None)
    } else {
        ConnectorError::io(error)
    }
}

fn of_the_network(error: &hyper::Error) -> bool {
    error.source().is_some_and(|source| source.is::<std::io::Error>())
}

#[cfg(test)]
mod tests;
