use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{RootCertStore, ServerConfig, crypto::ring, pki_types::PrivatePkcs8KeyDer},
};

use super::*;
use crate::Tls;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
const FAILED: &str = "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 2\r\n\r\n{}";

/// Reads one request without a body, and gives its head.
async fn head(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

/// A server that gives these answers on each connection and then closes it. It counts its connections.
async fn server(answers: &'static [&'static str]) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            counted.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                for answer in answers {
                    let Some(head) = head(&mut stream).await else { return };
                    assert!(head.starts_with("GET /path?q=1 HTTP/1.1\r\n"), "{head}");
                    assert!(head.contains(&format!("host: {address}\r\n")), "{head}");
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            });
        }
    });
    (format!("http://{address}/path?q=1"), count)
}

async fn get(client: &Client, url: &str) -> Result<u16, ConnectorError> {
    let mut request = HttpRequest::empty();
    request.set_uri(url).unwrap();
    client.call(request).await.map(|response| {
        assert_eq!(response.body().bytes(), Some(b"{}".as_slice()));
        response.status().as_u16()
    })
}

#[tokio::test]
async fn a_connection_is_kept_for_the_next_call() {
    let (url, connections) = server(&[OK, OK, OK]).await;
    let client = Client::new(None);
    for _ in 0..3 {
        assert_eq!(get(&client, &url).await.unwrap(), 200);
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn two_calls_at_once_take_two_connections() {
    let (url, connections) = server(&[OK, OK]).await;
    let client = Client::new(None);
    let (one, two) = tokio::join!(get(&client, &url), get(&client, &url));
    assert_eq!((one.unwrap(), two.unwrap()), (200, 200));
    assert_eq!(connections.load(Ordering::SeqCst), 2);
    assert_eq!(client.kept.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_connection_that_the_peer_closed_is_not_used_again() {
    let (url, connections) = server(&[OK]).await;
    let client = Client::new(None);
    for _ in 0..20 {
        assert_eq!(get(&client, &url).await.unwrap(), 200);
        // Whoever sleeps here sees the end before the next call, and whoever does not meets it in the middle.
        tokio::task::yield_now().await;
    }
    assert_eq!(connections.load(Ordering::SeqCst), 20);
}

#[tokio::test]
async fn after_a_failure_another_connection_is_taken() {
    let (url, connections) = server(&[FAILED, OK]).await;
    let client = Client::new(None);
    assert_eq!(get(&client, &url).await.unwrap(), 500);
    assert_eq!(get(&client, &url).await.unwrap(), 500);
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn what_the_network_does_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    assert!(get(&Client::new(None), &url).await.unwrap_err().is_io());
    // Closed before an answer, and in the middle of one.
    for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"] {
        let (url, _) = server(Box::leak(Box::new([answer]))).await;
        let error = get(&Client::new(None), &url).await.unwrap_err();
        let again = error.is_io() || error.as_other() == Some(ErrorKind::TransientError);
        assert!(again, "{error:?}");
    }
}

#[tokio::test]
async fn a_peer_that_does_not_answer_is_left() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let mut client = Client::new(None);
    client.read_timeout = Some(Duration::from_millis(20));
    assert!(get(&client, &url).await.unwrap_err().is_timeout());
}

#[tokio::test]
async fn neither_client_speaks_the_other_way() {
    let tls = Tls::RING.config(RootCertStore::empty()).unwrap();
    let secure = Client::new(Some(TlsConnector::from(Arc::new(tls))));
    assert!(get(&secure, "http://127.0.0.1:1/").await.unwrap_err().is_user());
    assert!(get(&Client::new(None), "https://127.0.0.1:1/").await.unwrap_err().is_user());
    assert!(get(&Client::new(None), "/").await.unwrap_err().is_user());
}

#[tokio::test]
async fn both_libraries_believe_the_root_that_they_are_given_and_no_other() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key.into())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            if let Ok(mut stream) = acceptor.accept(stream).await
                && head(&mut stream).await.is_some()
            {
                stream.write_all(OK.as_bytes()).await.unwrap();
                let _ = stream.shutdown().await;
            }
        }
    });
    let mut ours = RootCertStore::empty();
    ours.add(certificate).unwrap();
    for tls in [Tls::RING, Tls::AWS_LC] {
        let client = |roots: RootCertStore| {
            Client::new(Some(TlsConnector::from(Arc::new(tls.config(roots).unwrap()))))
        };
        assert_eq!(get(&client(ours.clone()), &url).await.unwrap(), 200);
        let amazon = crate::tls::amazon().unwrap();
        assert!(get(&client(amazon), &url).await.unwrap_err().is_io());
    }
}
