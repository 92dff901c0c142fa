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
                    let (_, addressed) = head.split_once(' ').unwrap();
                    assert!(addressed.starts_with("/path?q=1 HTTP/1.1\r\n"), "{head}");
                    assert!(head.contains(&format!("host: {address}\r\n")), "{head}");
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            });
        }
    });
    (format!("http://{address}/path?q=1"), count)
}

async fn get(client: &Client, url: &str) -> Result<u16, ConnectorError> {
    let (status, body) = call(client, "GET", url).await?;
    assert_eq!(body, b"{}");
    Ok(status)
}

async fn call(client: &Client, method: &str, url: &str) -> Result<(u16, Vec<u8>), ConnectorError> {
    let mut request = HttpRequest::empty();
    request.set_uri(url).unwrap();
    request.set_method(method).unwrap();
    let response = client.call(request).await?;
    Ok((response.status().as_u16(), response.body().bytes().unwrap().to_vec()))
}

fn kept(client: &Client) -> usize {
    client.kept.lock().unwrap().len()
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
    assert_eq!(kept(&client), 2);
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
async fn an_answer_ends_where_its_head_says() {
    for (method, answer, status, body) in [
        (
            "GET",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
            200,
            "{}",
        ),
        ("HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", 200, ""),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n", 204, ""),
        (
            "GET",
            "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
            200,
            "{}",
        ),
    ] {
        let (url, connections) = server(Box::leak(Box::new([answer, OK]))).await;
        let client = Client::new(None);
        let answered = call(&client, method, &url).await.unwrap();
        assert_eq!(answered, (status, body.as_bytes().to_vec()), "{answer}");
        // Nothing of it is left for the next call on that connection.
        assert_eq!(get(&client, &url).await.unwrap(), 200);
        assert_eq!(connections.load(Ordering::SeqCst), 1, "{answer}");
    }
}

#[tokio::test]
async fn what_comes_after_an_answer_is_nobodys_answer() {
    const TWO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n{}";
    let (url, connections) = server(&[TWO, TWO]).await;
    let client = Client::new(None);
    for _ in 0..3 {
        assert_eq!(get(&client, &url).await.unwrap(), 200);
    }
    assert_eq!(connections.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_connection_that_the_peer_will_close_is_not_used_again() {
    for answer in [
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}",
        "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\n{}",
    ] {
        // It would answer again, if it were asked.
        let (url, connections) = server(Box::leak(Box::new([answer, FAILED]))).await;
        let client = Client::new(None);
        for _ in 0..3 {
            assert_eq!(get(&client, &url).await.unwrap(), 200);
        }
        assert_eq!(connections.load(Ordering::SeqCst), 3, "{answer}");
    }
}

/// A server that answers with this and then says nothing, on connections that stay open.
async fn stuck(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut open = Vec::new();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            head(&mut stream).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
            open.push(stream);
        }
    });
    url
}

#[tokio::test]
async fn a_body_that_does_not_end_is_left() {
    let url = stuck("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{").await;
    let mut client = Client::new(None);
    client.read_timeout = Some(Duration::from_millis(20));
    assert!(get(&client, &url).await.unwrap_err().is_timeout());
    assert_eq!(kept(&client), 0);
}

#[tokio::test]
async fn who_gives_up_takes_the_connection_along() {
    for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"] {
        let url = stuck(answer).await;
        let client = Client::new(None);
        let limit = Duration::from_millis(20);
        assert!(tokio::time::timeout(limit, get(&client, &url)).await.is_err());
        assert_eq!(kept(&client), 0, "{answer}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_for_good() {
    let size = RESPONSE_BYTES_MAX + 1;
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n\r\n{}", " ".repeat(size));
    let (url, _) = server(Box::leak(Box::new([answer.leak() as &str]))).await;
    let client = Client::new(None);
    let error = call(&client, "GET", &url).await.unwrap_err();
    assert!(error.is_other() && error.as_other().is_none(), "{error:?}");
    assert_eq!(kept(&client), 0);
}

#[test]
fn the_host_is_written_as_it_was_signed() {
    let tls = Tls::RING.config(RootCertStore::empty()).unwrap();
    let secure = Client::new(Some(TlsConnector::from(Arc::new(tls))));
    let plain = Client::new(None);
    for (client, authority, host) in [
        (&secure, "kms.eu-west-1.amazonaws.com", "kms.eu-west-1.amazonaws.com"),
        (&secure, "kms.eu-west-1.amazonaws.com:443", "kms.eu-west-1.amazonaws.com"),
        (&secure, "localhost:80", "localhost:80"),
        (&plain, "localhost:80", "localhost"),
        (&plain, "[::1]:8000", "[::1]:8000"),
        (&plain, "name:secret@localhost:8000", "localhost:8000"),
    ] {
        assert_eq!(client.host(&authority.parse().unwrap()), host);
    }
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
