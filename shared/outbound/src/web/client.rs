//! One request, one answer: resolve, vet, connect to what was vetted, TLS, HTTP/1.1 (RFC 9112).

use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use http::{Request, header, response::Parts};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper_util::rt::TokioIo;
use lychgate_aws::Tls;
use lychgate_core::ports::outside::{FetchError, OutsideError};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{RootCertStore, pki_types::ServerName},
};

use super::{
    TOO_LARGE, not_saml,
    public::is_public,
    refused,
    target::{Asked, Reach, Target},
    unreachable,
};
use crate::outside;

/// The largest body that is read, in bytes.
pub const BODY_BYTES_MAX: usize = 1_024 * 1_024;
/// How long one attempt to connect may take, in milliseconds.
pub const CONNECT_TIMEOUT_MILLIS: u64 = 3_000;
/// How many addresses of a host are tried.
pub const CONNECTS_MAX: usize = 3;
/// How many addresses a host may have.
pub const ADDRESSES_MAX: usize = 32;
/// How many header fields an answer may have.
const HEADERS_MAX: usize = 100;
/// How many bytes of header fields an answer may have.
const HEADER_BYTES_MAX: usize = 32 * 1_024;
const USER_AGENT: &str = concat!("Lychgate/", env!("CARGO_PKG_VERSION"));

/// Finds the addresses of a host.
pub trait Resolver: Send + Sync {
    /// All of them. It is asked once for each request, and nobody resolves the name again.
    fn resolve(&self, host: &str) -> impl Future<Output = io::Result<Vec<IpAddr>>> + Send;
}

/// Connects.
pub trait Connector: Send + Sync {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// To exactly this address.
    fn connect(&self, address: SocketAddr)
    -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

/// The system's resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        // The dot keeps the resolver from trying the name in search domains of its own.
        let name = if host.contains('.') { format!("{host}.") } else { host.to_owned() };
        let found = tokio::net::lookup_host((name, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

/// TCP.
#[derive(Debug, Clone, Copy, Default)]
pub struct TcpConnector;

impl Connector for TcpConnector {
    type Stream = TcpStream;

    async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        TcpStream::connect(address).await
    }
}

/// Asks addresses that somebody else wrote down. It fetches metadata
/// ([`MetadataFetcher`](lychgate_core::ports::outside::MetadataFetcher)) and delivers logout tokens
/// ([`LogoutNotifier`](lychgate_core::ports::outside::LogoutNotifier)).
pub struct WebClient<R = SystemResolver, C = TcpConnector> {
    reach: Reach,
    resolver: R,
    connector: C,
    tls: TlsConnector,
}

impl WebClient {
    /// With the system's resolver, TCP, and the roots that Mozilla trusts, which are built in.
    ///
    /// # Errors
    /// [`OutsideError`] when TLS cannot be set up, which depends on nothing that is given.
    pub fn new(reach: Reach, tls: Tls) -> Result<Self, OutsideError> {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        Self::with(reach, SystemResolver, TcpConnector, roots, tls)
    }
}

impl<R: Resolver, C: Connector> WebClient<R, C> {
    /// With parts of one's own, for tests.
    ///
    /// # Errors
    /// As [`WebClient::new`].
    pub fn with(
        reach: Reach,
        resolver: R,
        connector: C,
        roots: RootCertStore,
        tls: Tls,
    ) -> Result<Self, OutsideError> {
        let tls = TlsConnector::from(Arc::new(tls.config(roots).map_err(outside)?));
        Ok(Self { reach, resolver, connector, tls })
    }

    pub(super) const fn reach(&self) -> Reach {
        self.reach
    }

    /// Sends `request` and gives the answer's head. The body is read where `wants` says so; it may refuse instead.
    pub(super) async fn ask(
        &self,
        target: &Target,
        request: Request<Full<Bytes>>,
        wants: impl Fn(&Parts) -> Result<bool, FetchError> + Send,
    ) -> Result<(Parts, Vec<u8>), FetchError> {
        let host = target.host();
        let stream = self.connect(target).await?;
        if !target.is_secure() {
            return exchange(host, stream, request, wants).await;
        }
        let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(bare)
            .map_err(|_| refused(format!("{host} is no name that a certificate could have.")))?;
        let stream = self.tls.connect(name, stream).await.map_err(|error| {
            unreachable(format!("No secure connection to {host} can be made: {error}."))
        })?;
        exchange(host, stream, request, wants).await
    }

    async fn connect(&self, target: &Target) -> Result<C::Stream, FetchError> {
        let host = target.host();
        for address in self.addresses(target).await?.into_iter().take(CONNECTS_MAX) {
            let socket = SocketAddr::new(address, target.port());
            let limit = Duration::from_millis(CONNECT_TIMEOUT_MILLIS);
            if let Ok(Ok(stream)) = timeout(limit, self.connector.connect(socket)).await {
                return Ok(stream);
            }
        }
        Err(unreachable(format!("{host} takes no connection on port {}.", target.port())))
    }

    /// All vetted: one that is not public, and none is used.
    async fn addresses(&self, target: &Target) -> Result<Vec<IpAddr>, FetchError> {
        let host = target.host();
        let (name, fits): (_, fn(IpAddr) -> bool) = match target.asked() {
            Asked::Loopback(address) => return Ok(vec![*address]),
            Asked::Localhost => ("localhost", |address| address.is_loopback()),
            Asked::Public(name) => (name.as_str(), is_public),
        };
        let mut found = self.resolver.resolve(name).await.unwrap_or_default();
        if found.is_empty() {
            return Err(unreachable(format!("The name {host} is not known. Is it spelled right?")));
        }
        if found.len() > ADDRESSES_MAX {
            return Err(refused(format!("{host} has more than {ADDRESSES_MAX} addresses.")));
        }
        if !found.iter().all(|address| fits(*address)) {
            return Err(refused(format!(
                "{host} leads into a private network. It must be reachable from the Internet."
            )));
        }
        // Lambda reaches IPv4 everywhere, and IPv6 only where somebody has set it up.
        found.sort_by_key(IpAddr::is_ipv6);
        Ok(found)
    }
}

/// The header fields that every request has.
pub(super) fn request(method: http::Method, target: &Target) -> http::request::Builder {
    Request::builder()
        .method(method)
        .uri(target.path_and_query())
        .header(header::HOST, target.authority())
        .header(header::USER_AGENT, USER_AGENT)
        .header(header::ACCEPT_ENCODING, "identity")
        .header(header::CONNECTION, "close")
}

async fn exchange<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    host: &str,
    stream: S,
    request: Request<Full<Bytes>>,
    wants: impl Fn(&Parts) -> Result<bool, FetchError> + Send,
) -> Result<(Parts, Vec<u8>), FetchError> {
    let broken = |error: hyper::Error| {
        unreachable(format!("{host} does not answer as a web server does: {error}."))
    };
    let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEADER_BYTES_MAX)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let answer = async {
        let (parts, body) = sender.send_request(request).await.map_err(broken)?.into_parts();
        let body = if wants(&parts)? { read(host, body).await? } else { Vec::new() };
        Ok((parts, body))
    };
    // Driven here and not in a task of its own: what is dropped at a deadline is gone.
    let (mut answer, mut connection) = (std::pin::pin!(answer), std::pin::pin!(connection));
    tokio::select! {
        biased;
        done = &mut answer => done,
        _ = &mut connection => answer.await,
    }
}

/// Not a byte more than may be: what a peer says of the length is believed only when it is too much.
async fn read(host: &str, mut body: Incoming) -> Result<Vec<u8>, FetchError> {
    let too_large = || FetchError {
        code: TOO_LARGE,
        detail: format!("{host} sends more than {} KiB.", BODY_BYTES_MAX / 1_024),
    };
    let limit = u64::try_from(BODY_BYTES_MAX).unwrap_or(u64::MAX);
    if body.size_hint().lower() > limit {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            unreachable(format!("{host} breaks off in the middle of its answer: {error}."))
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if bytes.len() + data.len() > BODY_BYTES_MAX {
            return Err(too_large());
        }
        bytes.extend_from_slice(&data);
    }
    if bytes.is_empty() {
        return Err(not_saml(format!("{host} answers with nothing.")));
    }
    Ok(bytes)
}
