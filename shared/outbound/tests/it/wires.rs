//! An Internet of a test's own: names, addresses and servers with real TLS, all in memory.

use std::{
    collections::{BTreeMap, VecDeque},
    future::pending,
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};

use lychgate_aws::Tls;
use lychgate_outbound::web::{Connector, Reach, Resolver, WebClient};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, duplex},
    time::sleep,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer},
    },
};

/// The names that the certificate of every server has.
const NAMES: [&str; 4] = ["idp.example.com", "login.example.org", "app.example.net", "localhost"];

static CERTIFICATE: LazyLock<(CertificateDer<'static>, Arc<ServerConfig>)> = LazyLock::new(|| {
    let names: Vec<String> = NAMES.map(str::to_owned).to_vec();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    (certificate, Arc::new(config))
});

/// What a server does with one connection.
#[derive(Debug, Clone)]
pub(crate) enum Serves {
    /// TLS, reads the request, answers this and closes.
    Bytes(Vec<u8>),
    /// TLS, this, and then a byte each second for ever.
    Drip(Vec<u8>),
    /// TLS, this, and then as much as the other side takes.
    Flood(Vec<u8>),
    /// No TLS; else as [`Serves::Bytes`].
    Plain(Vec<u8>),
    /// No TLS; says this without having been asked.
    Greets(&'static [u8]),
    /// Takes the connection and says nothing, not even of TLS.
    Nothing,
    /// Does not even take the connection.
    NoConnection,
}

#[derive(Debug, Default)]
struct Inner {
    /// What each name resolves to: the answers in their order, the last one for ever.
    names: Mutex<BTreeMap<String, VecDeque<Vec<IpAddr>>>>,
    servers: Mutex<BTreeMap<SocketAddr, VecDeque<Serves>>>,
    resolved: Mutex<Vec<String>>,
    connected: Mutex<Vec<SocketAddr>>,
    requests: Mutex<Vec<String>>,
}

/// Names, addresses, servers, and what happened to them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wires(Arc<Inner>);

impl Wires {
    /// The name has these addresses, after those it was given before.
    pub(crate) fn name(self, name: &str, addresses: &[&str]) -> Self {
        let addresses = addresses.iter().map(|text| text.parse().unwrap()).collect();
        self.0.names.lock().unwrap().entry(name.to_owned()).or_default().push_back(addresses);
        self
    }

    /// The next connection to this address is served so.
    pub(crate) fn server(self, address: &str, serves: Serves) -> Self {
        let address = address.parse().unwrap();
        self.0.servers.lock().unwrap().entry(address).or_default().push_back(serves);
        self
    }

    /// A host with one public address that serves this.
    pub(crate) fn idp(serves: Serves) -> Self {
        Self::default().name("idp.example.com", &["1.2.3.4"]).server("1.2.3.4:443", serves)
    }

    pub(crate) fn client(&self, reach: Reach) -> WebClient<Self, Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CERTIFICATE.0.clone()).unwrap();
        WebClient::with(reach, self.clone(), self.clone(), roots, Tls::RING).unwrap()
    }

    pub(crate) fn stranger(&self) -> WebClient<Self, Self> {
        WebClient::with(
            Reach::Public,
            self.clone(),
            self.clone(),
            RootCertStore::empty(),
            Tls::RING,
        )
        .unwrap()
    }

    pub(crate) fn resolved(&self) -> Vec<String> {
        self.0.resolved.lock().unwrap().clone()
    }

    pub(crate) fn connected(&self) -> Vec<String> {
        self.0.connected.lock().unwrap().iter().map(ToString::to_string).collect()
    }

    /// What servers read: the head, and the body where there is one.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.0.requests.lock().unwrap().clone()
    }
}

impl Resolver for Wires {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        self.0.resolved.lock().unwrap().push(host.to_owned());
        let mut names = self.0.names.lock().unwrap();
        let Some(answers) = names.get_mut(host) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        match answers.len() {
            1 => Ok(answers.front().unwrap().clone()),
            _ => Ok(answers.pop_front().unwrap()),
        }
    }
}

impl Connector for Wires {
    type Stream = DuplexStream;

    async fn connect(&self, address: SocketAddr) -> io::Result<DuplexStream> {
        self.0.connected.lock().unwrap().push(address);
        let serves = self.0.servers.lock().unwrap().get_mut(&address).and_then(VecDeque::pop_front);
        let Some(serves) = serves else {
            return Err(io::ErrorKind::ConnectionRefused.into());
        };
        if let Serves::NoConnection = serves {
            return pending().await;
        }
        let (ours, theirs) = duplex(64 * 1_024);
        // A client that has enough goes away: the server's error is no failure.
        tokio::spawn(serve(self.clone(), theirs, serves));
        Ok(ours)
    }
}

async fn serve(wires: Wires, mut stream: DuplexStream, serves: Serves) -> io::Result<()> {
    let (head, tail) = match serves {
        Serves::Plain(bytes) => return answer(&wires, stream, &bytes, None).await,
        Serves::Greets(bytes) => return stream.write_all(bytes).await,
        Serves::Nothing | Serves::NoConnection => return hold(stream).await,
        Serves::Bytes(bytes) => (bytes, None),
        Serves::Drip(bytes) => (bytes, Some((1, Duration::from_secs(1)))),
        Serves::Flood(bytes) => (bytes, Some((16 * 1_024, Duration::ZERO))),
    };
    let stream = TlsAcceptor::from(CERTIFICATE.1.clone()).accept(stream).await?;
    answer(&wires, stream, &head, tail).await
}

async fn hold(_stream: DuplexStream) -> io::Result<()> {
    pending().await
}

async fn answer(
    wires: &Wires,
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    head: &[u8],
    tail: Option<(usize, Duration)>,
) -> io::Result<()> {
    let mut request = Vec::new();
    let complete = |request: &[u8]| {
        let text = String::from_utf8_lossy(request).to_ascii_lowercase();
        text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let length = head.split_once("content-length: ").map_or("0", |(_, rest)| rest);
            let length = length.split("\r\n").next().unwrap();
            body.len() >= length.parse().unwrap()
        })
    };
    while !complete(&request) {
        let mut buffer = [0_u8; 4_096];
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            read => request.extend_from_slice(&buffer[..read]),
        }
    }
    wires.0.requests.lock().unwrap().push(String::from_utf8_lossy(&request).into_owned());
    stream.write_all(head).await?;
    while let Some((bytes, pause)) = tail {
        stream.write_all(&vec![b' '; bytes]).await?;
        stream.flush().await?;
        sleep(pause).await;
    }
    stream.shutdown().await
}
