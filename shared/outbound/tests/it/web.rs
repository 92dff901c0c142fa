//! Every way that is known to make a server fetch what it should not, and what a good address gives.

use std::time::Duration;

use lychgate_aws::Tls;
use lychgate_core::ports::outside::{FetchError, LogoutNotifier, MetadataFetcher};
use lychgate_outbound::web::{
    NOT_SAML, Reach, TOO_LARGE, UNREACHABLE, URL_REFUSED, WebClient, client::BODY_BYTES_MAX,
    metadata::FETCH_TIMEOUT_MILLIS,
};
use lychgate_testkit::FakeWorld;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    time::timeout,
};

use crate::wires::{Serves, Wires};

const XML: &str = "<EntityDescriptor/>";
const GOOD: &str = "https://idp.example.com/metadata";

fn ok(headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn redirect(location: &str) -> Serves {
    Serves::Bytes(
        format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")
            .into_bytes(),
    )
}

async fn fetch_with(wires: &Wires, reach: Reach, url: &str) -> Result<Vec<u8>, FetchError> {
    let world = FakeWorld::new(1);
    wires.client(reach).fetch(&world.ctx(), url).await
}

async fn fetch(wires: &Wires, url: &str) -> Result<Vec<u8>, FetchError> {
    fetch_with(wires, Reach::Public, url).await
}

#[tokio::test]
async fn a_good_address_is_asked_once_and_gives_its_bytes() {
    let body = "\u{feff}<?xml version=\"1.0\"?><EntityDescriptor/>";
    let wires =
        Wires::idp(Serves::Bytes(ok("Content-Type: application/samlmetadata+xml\r\n", body)));
    let url = "https://IDP.example.com:443/a%20b/metadata?tenant=1&x=%2f#fragment";
    assert_eq!(fetch(&wires, url).await.unwrap(), body.as_bytes());
    assert_eq!(wires.resolved(), ["idp.example.com"]);
    assert_eq!(wires.connected(), ["1.2.3.4:443"]);
    let requests = wires.requests();
    let head = requests[0].to_ascii_lowercase();
    assert!(requests[0].starts_with("GET /a%20b/metadata?tenant=1&x=%2f HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("\r\nhost: idp.example.com\r\n"), "{head}");
    assert!(head.contains("\r\naccept-encoding: identity\r\n"), "{head}");
    assert!(!head.contains("cookie") && !head.contains("authorization"), "{head}");
}

/// Each of these would reach something on a client that is not careful.
const TRICKS: &[&str] = &[
    "",
    "idp.example.com",
    "https:",
    "https://",
    "https:///etc/passwd",
    "https:///idp.example.com/",
    "https:///user@idp.example.com/",
    "https:idp.example.com",
    "https:/idp.example.com/",
    "https:\\\\idp.example.com\\",
    "https://idp.example.com\\@127.0.0.1/",
    "http://idp.example.com/",
    "http://169.254.169.254/latest/meta-data/",
    "http://localhost/",
    "file:///etc/passwd",
    "file://localhost/etc/passwd",
    "ftp://idp.example.com/",
    "gopher://127.0.0.1:6379/_INFO",
    "data:text/xml,<a/>",
    "jar:https://idp.example.com!/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[fd00:ec2::254]/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://127.0.0.1./",
    "https://0/",
    "https://0.0.0.0/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.0.1/",
    "https://100.64.0.1/",
    "https://8.8.8.8/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0x0.0x0.0x1/",
    "https://017700000001/",
    "https://0177.0.0.1/",
    "https://127.0.0.0x1/",
    "https://2852039166/",
    "https://%31%32%37.0.0.1/",
    "https://１２７.0.0.1/",
    "https://127。0。0。1/",
    "https://①②⑦.⓪.⓪.①/",
    "https://256.256.256.256/",
    "https://1.2.3.4.5/",
    "https://127.0.0.1com/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[2606:4700:4700::1111]/",
    "https://[fe80::1%25eth0]/",
    "https://localhost/",
    "https://LOCALHOST/",
    "https://localhost./",
    "https://ⓛocalhost/",
    "https://x.localhost/",
    "https://printer.local/",
    "https://ip-10-0-0-1.ec2.internal/",
    "https://metadata.google.internal/",
    "https://router.home.arpa/",
    "https://intranet/",
    "https://idp.example.com./",
    "https://.example.com/",
    "https://idp..example.com/",
    "https://idp.example.com:80/",
    "https://idp.example.com:8443/",
    "https://idp.example.com:0/",
    "https://idp.example.com:65536/",
    "https://idp.example.com:443:443/",
    "https://good@127.0.0.1/",
    "https://idp.example.com@127.0.0.1/",
    "https://user:password@idp.example.com/",
    "https://@idp.example.com/",
    "https://:@idp.example.com/",
    " https://idp.example.com/",
    "https://idp.example.com/ ",
    "https://idp.example.com/\r\nX: y",
    "https://idp.exa\nmple.com/",
    "https://idp.example.com/\ta",
    "https://idp.example.com/\0",
    "https://idp.example.com\u{a0}/",
    "ht\ntps://idp.example.com/",
];

#[tokio::test]
async fn addresses_that_are_refused_by_their_text() {
    let long = format!("https://idp.example.com/{}", "x".repeat(2_048));
    for trick in TRICKS.iter().copied().chain([long.as_str()]) {
        let wires = Wires::idp(Serves::Bytes(ok("", XML)));
        let error = fetch(&wires, trick).await.expect_err(trick);
        // Not even its name is looked up.
        assert_eq!(error.code, URL_REFUSED, "{trick}: {error:?}");
        assert!(error.detail.ends_with('.'), "{error:?}");
        assert!(wires.resolved().is_empty() && wires.connected().is_empty(), "{trick}");
    }
}

#[tokio::test]
async fn a_name_with_an_address_that_is_not_public_is_refused() {
    for answer in [
        vec!["127.0.0.1"],
        vec!["::1"],
        vec!["0.0.0.0"],
        vec!["10.1.2.3"],
        vec!["172.31.0.1"],
        vec!["192.168.1.1"],
        vec!["100.100.100.200"],
        vec!["169.254.169.254"],
        vec!["169.254.170.2"],
        vec!["192.0.0.192"],
        vec!["198.18.0.1"],
        vec!["224.0.0.251"],
        vec!["255.255.255.255"],
        vec!["fd00:ec2::254"],
        vec!["fe80::1"],
        vec!["::ffff:169.254.169.254"],
        vec!["64:ff9b::a9fe:a9fe"],
        vec!["2002:a9fe:a9fe::"],
        // One good address among bad ones makes nothing good.
        vec!["1.2.3.4", "10.0.0.1"],
        vec!["10.0.0.1", "1.2.3.4"],
        vec!["1.2.3.4", "2606:4700::1", "::1"],
    ] {
        let wires = Wires::default()
            .name("idp.example.com", &answer)
            .server("1.2.3.4:443", Serves::Bytes(ok("", XML)));
        let error = fetch(&wires, GOOD).await.expect_err(answer[0]);
        assert_eq!(error.code, URL_REFUSED, "{answer:?}");
        assert_eq!(
            error.detail,
            "idp.example.com leads into a private network. It must be reachable from the Internet."
        );
        assert!(wires.connected().is_empty(), "{answer:?}");
    }
    let many: Vec<String> = (0..33).map(|last| format!("1.2.3.{last}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let error = fetch(&Wires::default().name("idp.example.com", &many), GOOD).await.unwrap_err();
    assert_eq!(error.code, URL_REFUSED);
}

/// DNS rebinding: public when it is vetted, private a moment later. There is no later.
#[tokio::test]
async fn a_name_is_resolved_once_and_the_vetted_address_is_the_one_connected_to() {
    let wires = Wires::default()
        .name("idp.example.com", &["1.2.3.4"])
        .name("idp.example.com", &["127.0.0.1"])
        .server("1.2.3.4:443", Serves::Bytes(ok("", XML)))
        .server("127.0.0.1:443", Serves::Bytes(ok("", "<secret/>")));
    assert_eq!(fetch(&wires, GOOD).await.unwrap(), XML.as_bytes());
    assert_eq!(wires.resolved(), ["idp.example.com"]);
    assert_eq!(wires.connected(), ["1.2.3.4:443"]);
    // The next fetch asks anew, and sees it.
    assert_eq!(fetch(&wires, GOOD).await.unwrap_err().code, URL_REFUSED);
    assert_eq!(wires.connected(), ["1.2.3.4:443"]);
}

#[tokio::test]
async fn a_redirect_is_vetted_as_the_first_address_was() {
    for location in [
        "http://idp.example.com/",
        "https://127.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "https://[::ffff:169.254.169.254]/",
        "https://2852039166/",
        "//127.0.0.1/x",
        "//localhost/x",
        "\\\\127.0.0.1\\x",
        "/\\127.0.0.1/x",
        "https://inside.example.com/",
        "https://idp.example.com:22/",
        "https://u:p@login.example.org/",
        "file:///etc/passwd",
        "data:text/xml,<a/>",
        "https://",
    ] {
        let wires = Wires::idp(redirect(location))
            .name("inside.example.com", &["10.0.0.1"])
            .server("10.0.0.1:443", Serves::Bytes(ok("", "<secret/>")));
        let error = fetch(&wires, GOOD).await.expect_err(location);
        assert_eq!(error.code, URL_REFUSED, "{location}: {error:?}");
        assert_eq!(wires.connected(), ["1.2.3.4:443"], "{location}");
    }
    // The same name, which has become private meanwhile.
    let wires = Wires::idp(redirect("/again")).name("idp.example.com", &["10.0.0.1"]);
    assert_eq!(fetch(&wires, GOOD).await.unwrap_err().code, URL_REFUSED);
    assert_eq!(wires.connected(), ["1.2.3.4:443"]);
}

#[tokio::test]
async fn three_redirects_are_followed() {
    let wires = Wires::idp(redirect("https://login.example.org/a/b?c"))
        .name("login.example.org", &["5.6.7.8"])
        .server("5.6.7.8:443", redirect("../d"))
        .server("5.6.7.8:443", redirect("//idp.example.com/e"))
        .server("1.2.3.4:443", Serves::Bytes(ok("", XML)));
    assert_eq!(fetch(&wires, GOOD).await.unwrap(), XML.as_bytes());
    let paths: Vec<String> = wires
        .requests()
        .iter()
        .map(|request| request.split(' ').nth(1).unwrap().to_owned())
        .collect();
    assert_eq!(paths, ["/metadata", "/a/b?c", "/d", "/e"]);

    let wires = (0..9).fold(Wires::idp(redirect("/0")), |wires, number| {
        wires.server("1.2.3.4:443", redirect(&format!("/{number}")))
    });
    let error = fetch(&wires, GOOD).await.unwrap_err();
    assert_eq!(error.code, UNREACHABLE);
    assert_eq!(error.detail, "idp.example.com redirects more than 3 times.");
    assert_eq!(wires.connected().len(), 4);
}

#[tokio::test]
async fn a_body_is_read_to_its_limit_and_no_further() {
    let bytes = |length: usize| Serves::Bytes(ok("", &" ".repeat(length)));
    let full = fetch(&Wires::idp(bytes(BODY_BYTES_MAX)), GOOD).await.unwrap();
    assert_eq!(full.len(), BODY_BYTES_MAX);
    let head = |headers: &str| format!("HTTP/1.1 200 OK\r\n{headers}\r\n").into_bytes();
    let chunk = format!("{:x}\r\n{}\r\n", BODY_BYTES_MAX, " ".repeat(BODY_BYTES_MAX));
    let mut chunked = head("Transfer-Encoding: chunked\r\n");
    chunked.extend_from_slice(chunk.as_bytes());
    chunked.extend_from_slice(b"1\r\n \r\n0\r\n\r\n");
    for serves in [
        bytes(BODY_BYTES_MAX + 1),
        Serves::Flood(head("Content-Length: 10485760\r\n")),
        Serves::Flood(head("Content-Length: 9223372036854775807\r\n")),
        Serves::Flood(head("")),
        Serves::Flood(head("Transfer-Encoding: chunked\r\n\r\nffffffff")),
        Serves::Bytes(chunked),
    ] {
        let error = fetch(&Wires::idp(serves), GOOD).await.expect_err("too large");
        assert_eq!(error.code, TOO_LARGE, "{error:?}");
        assert_eq!(error.detail, "idp.example.com sends more than 1024 KiB.");
    }
}

/// The clock of these tests jumps when nobody has anything to do, so they take no time.
#[tokio::test(start_paused = true)]
async fn slow_servers_end_at_the_deadline() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n".to_vec();
    for serves in [
        Serves::Drip(head),
        Serves::Drip(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n<a".to_vec()),
        Serves::Drip(b"HTTP/1.1 200 OK\r\nX: y".to_vec()),
        Serves::Drip(Vec::new()),
        Serves::Nothing,
        Serves::NoConnection,
    ] {
        let shown = format!("{serves:?}");
        let limit = Duration::from_millis(FETCH_TIMEOUT_MILLIS + 1);
        let wires = Wires::idp(serves);
        let fetched = timeout(limit, fetch(&wires, GOOD)).await;
        let error = fetched.expect("within the deadline").expect_err(&shown);
        assert_eq!(error.code, UNREACHABLE, "{shown}: {error:?}");
    }
    // A length that is too much is believed at once.
    let long = b"HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n".to_vec();
    let error = fetch(&Wires::idp(Serves::Drip(long)), GOOD).await.unwrap_err();
    assert_eq!(error.code, TOO_LARGE);
    // Slow redirects share one deadline.
    let wires = Wires::idp(redirect("/a"))
        .server("1.2.3.4:443", redirect("/b"))
        .server("1.2.3.4:443", Serves::Nothing);
    let error = fetch(&wires, GOOD).await.unwrap_err();
    assert_eq!(error.detail, "idp.example.com takes too long: 10 seconds and more.");
}

#[tokio::test(start_paused = true)]
async fn the_request_that_fetches_has_a_deadline_too() {
    let (world, wires) = (FakeWorld::new(1), Wires::idp(Serves::Nothing));
    let ctx = world.ctx();
    world.advance_secs(18);
    let client = wires.client(Reach::Public);
    let fetched = timeout(Duration::from_millis(2_001), client.fetch(&ctx, GOOD)).await;
    assert_eq!(fetched.expect("two seconds were left").unwrap_err().code, UNREACHABLE);
}

#[tokio::test]
async fn headers_are_bounded() {
    let many = "X: y\r\n".repeat(200);
    let long = format!("X: {}\r\n", "y".repeat(70_000));
    for headers in [many, long] {
        let error = fetch(&Wires::idp(Serves::Bytes(ok(&headers, XML))), GOOD).await.unwrap_err();
        assert_eq!(error.code, UNREACHABLE);
    }
}

#[tokio::test]
async fn what_is_answered_must_look_like_metadata() {
    for kind in [
        "",
        "Content-Type: application/samlmetadata+xml\r\n",
        "Content-Type: application/xml; charset=utf-8\r\n",
        "Content-Type: Text/XML\r\n",
        "Content-Type: text/plain\r\n",
        "Content-Type: application/octet-stream\r\n",
        "Content-Encoding: identity\r\n",
        "Content-Disposition: attachment\r\n",
    ] {
        let wires = Wires::idp(Serves::Bytes(ok(kind, XML)));
        assert_eq!(fetch(&wires, GOOD).await.expect(kind), XML.as_bytes());
    }
    let page = "This address gives a web page. Copy the metadata URL: the one that shows XML.";
    let compressed = "idp.example.com compresses its answer without being asked.";
    for (headers, body, detail) in [
        ("Content-Type: text/html\r\n", XML, page),
        ("Content-Type: text/html;charset=utf-8\r\n", XML, page),
        ("Content-Type: application/xhtml+xml\r\n", XML, page),
        ("", "\u{feff}\n<!DOCTYPE HTML><html></html>", page),
        ("Content-Type: text/plain\r\n", " <html lang=en>", page),
        ("Content-Encoding: gzip\r\n", "\x1f", compressed),
        ("Content-Encoding: br\r\n", XML, compressed),
        ("Content-Encoding: identity\r\nContent-Encoding: deflate\r\n", XML, compressed),
        (
            "Content-Type: application/json\r\n",
            "{}",
            "idp.example.com sends application/json, not XML. Copy the metadata URL.",
        ),
        ("", "", "idp.example.com answers with nothing."),
    ] {
        let error = fetch(&Wires::idp(Serves::Bytes(ok(headers, body))), GOOD).await.unwrap_err();
        assert_eq!((error.code, error.detail.as_str()), (NOT_SAML, detail), "{headers}{body}");
    }
}

#[tokio::test]
async fn only_200_is_an_answer() {
    for (status, detail) in [
        ("204 No Content", "idp.example.com answers with status 204, not 200."),
        ("206 Partial Content", "idp.example.com answers with status 206, not 200."),
        ("304 Not Modified", "idp.example.com answers with status 304, not 200."),
        ("302 Found", "idp.example.com answers with status 302, not 200."),
        (
            "403 Forbidden",
            "idp.example.com answers with status 403, not 200. The metadata must be readable without signing in.",
        ),
        (
            "404 Not Found",
            "idp.example.com answers with status 404, not 200. Copy the metadata URL again.",
        ),
        ("500 Oops", "idp.example.com answers with status 500, not 200."),
    ] {
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").into_bytes();
        let error = fetch(&Wires::idp(Serves::Bytes(answer)), GOOD).await.unwrap_err();
        assert_eq!((error.code, error.detail.as_str()), (UNREACHABLE, detail));
    }
    for broken in ["", "SSH-2.0-OpenSSH_9\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<a/>"]
    {
        let error = fetch(&Wires::idp(Serves::Bytes(broken.into())), GOOD).await.unwrap_err();
        assert_eq!(error.code, UNREACHABLE, "{broken}");
    }
}

#[tokio::test]
async fn a_server_must_prove_its_name() {
    let refused = |error: FetchError| {
        assert_eq!(error.code, UNREACHABLE);
        assert!(error.detail.starts_with("No secure connection to "), "{error:?}");
    };
    let good = || Serves::Bytes(ok("", XML));
    let other =
        Wires::default().name("evil.example.com", &["1.2.3.4"]).server("1.2.3.4:443", good());
    refused(fetch(&other, "https://evil.example.com/").await.unwrap_err());
    assert!(other.requests().is_empty(), "something was asked of a server that proved nothing");

    let wires = Wires::idp(good());
    refused(wires.stranger().fetch(&FakeWorld::new(1).ctx(), GOOD).await.unwrap_err());
    for greeting in [b"SSH-2.0-OpenSSH_9\r\n".as_slice(), b"HTTP/1.1 400 Bad Request\r\n\r\n", b""]
    {
        let wires = Wires::idp(Serves::Greets(greeting));
        refused(fetch(&wires, GOOD).await.unwrap_err());
    }
}

#[tokio::test]
async fn the_next_address_is_tried_and_an_unknown_name_says_so() {
    let wires = Wires::default()
        .name("idp.example.com", &["2606:4700::1", "1.2.3.4", "5.6.7.8"])
        .server("5.6.7.8:443", Serves::Bytes(ok("", XML)));
    assert_eq!(fetch(&wires, GOOD).await.unwrap(), XML.as_bytes());
    assert_eq!(wires.connected(), ["1.2.3.4:443", "5.6.7.8:443"]);

    let error = fetch(&Wires::default(), GOOD).await.unwrap_err();
    assert_eq!(error.code, UNREACHABLE);
    assert_eq!(error.detail, "The name idp.example.com is not known. Is it spelled right?");
    let addresses = ["1.0.0.1", "1.0.0.2", "1.0.0.3", "1.0.0.4"];
    let wires = Wires::default().name("idp.example.com", &addresses);
    let error = fetch(&wires, GOOD).await.unwrap_err();
    assert_eq!(error.detail, "idp.example.com takes no connection on port 443.");
    assert_eq!(wires.connected().len(), 3);
}

/// The local server has an identity provider of its own, on this machine and without TLS. Nothing else changes.
#[tokio::test]
async fn the_local_server_also_reaches_this_machine() {
    let reach = Reach::PublicAndThisMachine;
    let plain = || Serves::Plain(ok("", XML));
    for (url, address) in [
        ("http://127.0.0.1:8081/metadata", "127.0.0.1:8081"),
        ("http://127.9.9.9/metadata", "127.9.9.9:80"),
        ("http://[::1]:8081/metadata", "[::1]:8081"),
        ("http://localhost:8081/metadata", "127.0.0.1:8081"),
    ] {
        let wires = Wires::default().name("localhost", &["127.0.0.1"]).server(address, plain());
        assert_eq!(fetch_with(&wires, reach, url).await.expect(url), XML.as_bytes());
        assert_eq!(wires.connected(), [address]);
        let host = url.split('/').nth(2).unwrap();
        assert!(
            wires.requests()[0].contains(&format!("host: {host}\r\n")),
            "{:?}",
            wires.requests()
        );
    }
    let secure = Wires::default()
        .name("localhost", &["127.0.0.1"])
        .server("127.0.0.1:8443", Serves::Bytes(ok("", XML)));
    let fetched = fetch_with(&secure, reach, "https://localhost:8443/metadata").await;
    assert_eq!(fetched.unwrap(), XML.as_bytes());

    for url in [
        "http://idp.example.com/",
        "http://10.0.0.1/",
        "http://169.254.169.254/",
        "https://inside.example.com/",
        "http://[::ffff:127.0.0.1]/",
        "http://0.0.0.0/",
        "http://good@127.0.0.1/",
        "http://localhost.example.com/",
        "ftp://127.0.0.1/",
    ] {
        let wires = Wires::default().name("inside.example.com", &["127.0.0.1"]);
        let error = fetch_with(&wires, reach, url).await.expect_err(url);
        assert_eq!(error.code, URL_REFUSED, "{url}");
        assert!(wires.connected().is_empty(), "{url}");
    }
    // A name for this machine that leads elsewhere, and a stranger who leads here.
    let wires = Wires::default().name("localhost", &["10.0.0.1"]);
    let error = fetch_with(&wires, reach, "http://localhost/").await.unwrap_err();
    assert_eq!(error.code, URL_REFUSED);
    let wires = Wires::idp(redirect("http://127.0.0.1:8080/")).server("127.0.0.1:8080", plain());
    assert_eq!(fetch_with(&wires, reach, GOOD).await.unwrap_err().code, URL_REFUSED);
    assert_eq!(wires.connected(), ["1.2.3.4:443"]);
}

/// The system's own resolver and TCP, as far as they go without leaving this machine.
#[tokio::test]
async fn a_server_of_this_machine_is_fetched_from() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4_096];
        let read = stream.read(&mut request).await.unwrap();
        stream.write_all(&ok("Content-Type: text/xml\r\n", XML)).await.unwrap();
        String::from_utf8(request[..read].to_vec()).unwrap()
    });
    let world = FakeWorld::new(1);
    let url = format!("http://localhost:{port}/saml/metadata");
    let near = WebClient::new(Reach::PublicAndThisMachine, Tls::RING).unwrap();
    assert_eq!(near.fetch(&world.ctx(), &url).await.unwrap(), XML.as_bytes());
    assert!(server.await.unwrap().starts_with("GET /saml/metadata HTTP/1.1\r\n"));
    // Nobody listens any more.
    assert_eq!(near.fetch(&world.ctx(), &url).await.unwrap_err().code, UNREACHABLE);
    let far = WebClient::new(Reach::Public, Tls::RING).unwrap();
    assert_eq!(far.fetch(&world.ctx(), &url).await.unwrap_err().code, URL_REFUSED);
}

#[tokio::test]
async fn a_logout_token_is_posted_as_a_form() {
    let world = FakeWorld::new(1);
    let (uri, token) = ("https://app.example.net/logout?tenant=1", "a.b-c_d.e+f&g=h");
    let app = |status: &str| {
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").into_bytes();
        Wires::default()
            .name("app.example.net", &["5.6.7.8"])
            .server("5.6.7.8:443", Serves::Bytes(answer))
    };
    for status in ["200 OK", "204 No Content"] {
        let wires = app(status);
        wires.client(Reach::Public).notify(&world.ctx(), uri, token).await.unwrap();
        let requests = wires.requests();
        let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /logout?tenant=1 HTTP/1.1\r\n"), "{head}");
        let kind = "\r\ncontent-type: application/x-www-form-urlencoded\r\n";
        assert!(head.contains(kind), "{head}");
        assert_eq!(body, "logout_token=a.b-c_d.e%2Bf%26g%3Dh");
    }
    for status in ["400 Bad Request", "500 Oops", "302 Found\r\nLocation: /x", "201 Created"] {
        let wires = app(status);
        let error = wires.client(Reach::Public).notify(&world.ctx(), uri, token).await.unwrap_err();
        assert!(error.private.starts_with("app.example.net answers with "), "{error:?}");
        assert!(!error.private.contains(token), "{error:?}");
        assert_eq!(wires.connected().len(), 1, "a token went elsewhere");
    }
    for uri in ["http://app.example.net/", "https://127.0.0.1/", "https://inside.example.com/"] {
        let wires = Wires::default().name("inside.example.com", &["10.0.0.1"]);
        let client = wires.client(Reach::Public);
        client.notify(&world.ctx(), uri, token).await.expect_err(uri);
        assert!(wires.connected().is_empty(), "{uri}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_application_that_sleeps_does_not_hold_us() {
    let wires = Wires::default()
        .name("app.example.net", &["5.6.7.8"])
        .server("5.6.7.8:443", Serves::Nothing);
    let world = FakeWorld::new(1);
    let (client, ctx) = (wires.client(Reach::Public), world.ctx());
    let notified = client.notify(&ctx, "https://app.example.net/", "x");
    let error = timeout(Duration::from_millis(5_001), notified).await.expect("five seconds");
    assert_eq!(error.unwrap_err().private, "app.example.net takes longer than 5000 ms");
}
