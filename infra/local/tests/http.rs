//! The running server, spoken to over bare sockets: what no well-behaved client sends, and what is left after a stop.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use lychgate_core::{
    event::EventKind,
    operator::members,
    organization::Organization,
    ports::{Directory, Organizations, Wanted},
    record::{Origin, User},
    settings::{
        link::Admits,
        links::{self, NotOpened, Opened},
    },
};
use lychgate_edge::routes::ROUTES;
use lychgate_local::{Options, Running, StoreKind, start};
use lychgate_testkit::{FakeWorld, build};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const PATIENCE: Duration = Duration::from_secs(60);

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

fn address(running: &Running) -> String {
    running.base_url.strip_prefix("http://").unwrap().to_owned()
}

/// Sends these bytes and reads until the server closes.
async fn raw(running: &Running, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address(running)).await.unwrap();
    // The server may close before it has read everything.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    let _ = read.unwrap();
    answer
}

async fn send(running: &Running, method: &str, target: &str, fields: &str, body: &[u8]) -> Answer {
    let mut request =
        format!("{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{fields}")
            .into_bytes();
    if !body.is_empty() {
        request.extend(format!("Content-Length: {}\r\n", body.len()).bytes());
    }
    request.extend(b"\r\n");
    request.extend(body);
    let bytes = raw(running, &request).await;
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let (head, body) = bytes.split_at(end + 4);
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head, body: body.to_vec() }
}

fn bearer(running: &Running) -> String {
    format!("Authorization: Bearer {}\r\n", running.demo.scim_token)
}

const JSON: &str = "Content-Type: application/scim+json\r\n";

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    folder
}

fn on_file(folder: &Path) -> Options {
    Options { data: Some(folder.to_owned()), store: StoreKind::File, ..Options::in_memory() }
}

async fn refusal(options: Options) -> String {
    match start(options).await {
        Ok(_) => panic!("it started"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_are_understood_as_idps_write_them() {
    let running = start(Options::in_memory()).await.unwrap();
    let token = &running.demo.scim_token;
    for authorization in [
        format!("Bearer {token}"),
        token.clone(),
        format!("bearer {token}"),
        format!("Bearer Bearer {token}"),
        format!("  Bearer   {token}  "),
    ] {
        let fields = format!("Authorization: {authorization}\r\n");
        // The demo's owner is there from the start.
        for (target, found) in [
            ("/scim/v2/Users?filter=userName+eq+%22ada%40example.com%22&", 0),
            ("/scim/v2/Users?filter=userName+eq+%22ada%40acme.test%22&", 1),
            ("/scim/v2/Users?", 1),
            ("/scim/v2/Users/?aadOptscim062020&filter=userName%20eq%20%22ada%22", 0),
            ("/scim/v2/Users?aadOptscim062020", 1),
            ("/scim/v2/Users?startIndex=1&count=2&unknown=%20", 1),
        ] {
            let answer = send(&running, "GET", target, &fields, b"").await;
            assert_eq!(answer.status, 200, "{authorization} {target}");
            assert_eq!(answer.value()["totalResults"], found, "{target}");
        }
    }
    running.stop().await;
}

/// Method, target, header fields, body; status and `scimType` of the answer.
type Case<'a> = (&'a str, &'a str, &'a str, &'a [u8], u16, Option<&'a str>);

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_wrong_is_a_scim_error() {
    let running = start(Options::in_memory()).await.unwrap();
    let auth = bearer(&running);
    let deep = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
    let large = vec![b' '; 3 * 1024 * 1024];
    let filter_of_20_kb = format!("/scim/v2/Users?filter=userName+eq+%22{}%22", "a".repeat(20_000));
    let huge = vec![b' '; 11 * 1024 * 1024];
    let filter_of_100_kb =
        format!("/scim/v2/Users?filter=userName+eq+%22{}%22", "a".repeat(100_000));
    let xml = "Content-Type: application/xml\r\n";
    let cases: &[Case<'_>] = &[
        ("POST", "/scim/v2/Users", JSON, b"{", 400, Some("invalidSyntax")),
        ("POST", "/scim/v2/Users", JSON, b"", 400, Some("invalidSyntax")),
        ("POST", "/scim/v2/Users", JSON, b"\xff\xfe", 400, Some("invalidSyntax")),
        ("POST", "/scim/v2/Users", JSON, b"{\"userName\":\"\\ud800\"}", 400, Some("invalidSyntax")),
        ("POST", "/scim/v2/Users", JSON, &deep, 400, Some("invalidSyntax")),
        ("POST", "/scim/v2/Users", JSON, b"[]", 400, Some("invalidSyntax")),
        ("POST", "/scim/v2/Users", JSON, &large, 413, None),
        ("POST", "/scim/v2/Users", JSON, &huge, 413, None),
        ("POST", "/scim/v2/Users", xml, b"<User/>", 415, None),
        ("GET", "/scim/v2/Users?filter=%FF", "", b"", 400, Some("invalidValue")),
        ("GET", &filter_of_20_kb, "", b"", 400, Some("invalidFilter")),
        ("GET", &filter_of_100_kb, "", b"", 400, Some("invalidFilter")),
        ("GET", "/scim/v2/Users?count=many", "", b"", 400, Some("invalidValue")),
        ("GET", "/scim/v2/Users/%00", "", b"", 404, None),
        ("GET", "/scim/v2/Nothing", "", b"", 404, None),
        ("GET", "/scim/v2/Users/1/2", "", b"", 404, None),
        ("PUT", "/scim/v2/Users", JSON, b"{}", 405, None),
        ("BREW", "/scim/v2/Users", "", b"", 405, None),
        ("GET", "/scim/v2/Me", "", b"", 501, None),
        ("GET", "/scim/v2/Schemas?filter=id+pr", "", b"", 403, None),
        ("GET", "/scim/v2/Schemas/urn:none", "", b"", 404, None),
    ];
    for (method, target, fields, body, status, scim_type) in cases {
        let answer = send(&running, method, target, &format!("{auth}{fields}"), body).await;
        let shown: String = target.chars().take(60).collect();
        let value = answer.value();
        assert_eq!(answer.status, *status, "{method} {shown}: {value}");
        assert!(answer.head.contains("application/scim+json; charset=utf-8"), "{method} {shown}");
        assert_eq!(value["status"], status.to_string(), "{method} {shown}");
        assert_eq!(value["scimType"].as_str(), *scim_type, "{method} {shown}: {value}");
        assert!(!value["detail"].as_str().unwrap().is_empty(), "{method} {shown}");
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_learns_nothing() {
    let running = start(Options::in_memory()).await.unwrap();
    let mut foreign = running.demo.scim_token.clone();
    foreign.replace_range(4..20, "0000000000000000");
    let mut wrong = running.demo.scim_token.clone();
    wrong.replace_range(wrong.len() - 1.., if wrong.ends_with('0') { "1" } else { "0" });
    let mut details = Vec::new();
    for fields in [
        String::new(),
        "Authorization: Bearer non-token\r\n".to_owned(),
        "Authorization: Basic YTpi\r\n".to_owned(),
        format!("Authorization: Bearer {foreign}\r\n"),
        format!("Authorization: Bearer {wrong}\r\n"),
        format!("Authorization: Bearer {}\r\n", "x".repeat(5_000)),
    ] {
        // The body is wrong too: that is not told.
        let answer =
            send(&running, "POST", "/scim/v2/Users", &format!("{fields}{JSON}"), b"{").await;
        assert_eq!(answer.status, 401, "{fields}");
        assert!(answer.head.contains("www-authenticate: bearer realm"), "{}", answer.head);
        details.push(answer.value()["detail"].clone());
    }
    details.dedup();
    assert_eq!(details.len(), 1);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_connections_and_noise_leave_the_server_well() {
    let running = start(Options::in_memory()).await.unwrap();
    let refused = raw(&running, b"HELO mail\r\n\r\n").await;
    assert!(String::from_utf8_lossy(&refused).contains("invalidSyntax"));
    for noise in [
        &b"\x16\x03\x01\x02\x00\x01\x00"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: nine\r\n\r\n",
        b"\r\n\r\n\r\n\r\n",
        b"POST /scim/v2/Users HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    ] {
        let mut stream = TcpStream::connect(address(&running)).await.unwrap();
        stream.write_all(noise).await.unwrap();
        drop(stream);
    }
    let mut cut = TcpStream::connect(address(&running)).await.unwrap();
    let head = format!(
        "POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\n{}{JSON}Content-Length: 100\r\n\r\n{{\"userName\":\"cut\"",
        bearer(&running)
    );
    cut.write_all(head.as_bytes()).await.unwrap();
    drop(cut);
    let chunked = format!(
        "POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{}{JSON}Transfer-Encoding: chunked\r\n\r\n\
         12\r\n{{\"userName\":\"ada\"}}\r\n0\r\n\r\n",
        bearer(&running)
    );
    let answer = raw(&running, chunked.as_bytes()).await;
    assert!(answer.starts_with(b"HTTP/1.1 201"), "{}", String::from_utf8_lossy(&answer));
    let list = send(&running, "GET", "/scim/v2/Users", &bearer(&running), b"").await.value();
    assert_eq!(list["totalResults"], 2, "the one who was made, and the owner: {list}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_compressed_for_who_takes_it() {
    let running = start(Options::in_memory()).await.unwrap();
    let fields = "Accept-Encoding: gzip,deflate\r\n";
    let answer = send(&running, "GET", "/scim/v2/Schemas", fields, b"").await;
    assert!(answer.head.contains("content-encoding: gzip"), "{}", answer.head);
    assert_eq!(answer.body.get(..2), Some(&b"\x1f\x8b"[..]));
    let plain = send(&running, "GET", "/scim/v2/Schemas", "", b"").await;
    assert!(!plain.head.contains("content-encoding"));
    assert!(plain.body.len() > 3 * answer.body.len());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_of_the_table_is_served() {
    let running = start(Options::in_memory()).await.unwrap();
    let key = format!("Authorization: Bearer {}\r\n", running.demo.operator_key);
    for route in ROUTES {
        let path = route
            .path
            .replace("{organization}", &running.demo.organization)
            .replace(['{', '}'], "");
        let auth = if route.function == "operator" { key.clone() } else { bearer(&running) };
        let answer = send(&running, route.method.name(), &path, &auth, b"").await;
        assert!(!matches!(answer.status, 405 | 500 | 503), "{route:?}: {}", answer.value());
        let detail = answer.value()["detail"].as_str().unwrap_or_default().to_owned();
        assert!(!detail.contains("nothing at this address"), "{route:?}");
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_there_after_a_restart() {
    let folder = folder("restart");
    let running = start(on_file(&folder)).await.unwrap();
    let fields = format!("{}{JSON}", bearer(&running));
    let made = send(&running, "POST", "/scim/v2/Users", &fields, b"{\"userName\":\"ada\"}").await;
    assert_eq!(made.status, 201);
    let second = refusal(on_file(&folder)).await;
    assert!(second.contains("Another Lychgate uses the folder"), "{second}");
    // A client that keeps its connection open does not keep the server.
    let idle = TcpStream::connect(address(&running)).await.unwrap();
    let demo = running.demo.clone();
    tokio::time::timeout(PATIENCE, running.stop()).await.unwrap();
    drop(idle);

    let again = start(on_file(&folder)).await.unwrap();
    assert_eq!(again.demo.scim_token, demo.scim_token);
    assert_eq!(again.demo.operator_key, demo.operator_key);
    let written: Value =
        serde_json::from_slice(&fs::read(folder.join("demo.json")).unwrap()).unwrap();
    assert_eq!(written["base_url"], again.base_url.as_str(), "the new port");
    let list = send(&again, "GET", "/scim/v2/Users", &bearer(&again), b"").await.value();
    assert_eq!(list["totalResults"], 2, "the one who was made, and the owner");
    again.stop().await;

    // The secrets are lost: the next start makes new ones, and the data is kept.
    fs::remove_file(folder.join("demo.json")).unwrap();
    let renewed = start(on_file(&folder)).await.unwrap();
    assert_ne!(renewed.demo.scim_token, demo.scim_token);
    let list = send(&renewed, "GET", "/scim/v2/Users", &bearer(&renewed), b"").await.value();
    assert_eq!(list["totalResults"], 2, "the one who was made, and the owner");
    renewed.stop().await;
}

/// Takes the demo's owners away, as a data folder has it that was made before there was one.
async fn without_owners(running: &Running) {
    let world = FakeWorld::new(1);
    let (ctx, id) = (world.ctx(), running.demo.organization.parse().unwrap());
    let before = running.store.organization(&ctx, &id).await.unwrap().unwrap();
    assert_eq!(before.owners.len(), 1);
    let after = Organization { owners: Vec::new(), version: before.version + 1, ..before.clone() };
    let event = build::event(EventKind::OwnerRemoved, "", "");
    assert!(running.store.update_organization(&ctx, &before, &after, &event).await.unwrap());
}

async fn owner(running: &Running) -> User {
    let world = FakeWorld::new(2);
    let (ctx, id) = (world.ctx(), running.demo.organization.parse().unwrap());
    let organization = running.store.organization(&ctx, &id).await.unwrap().unwrap();
    let wanted = Wanted { users: organization.owners, ..Wanted::default() };
    running.store.fetch(&ctx, &id, wanted).await.unwrap().users.pop().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_has_an_owner_and_a_fresh_link_with_each_start() {
    let folder = folder("owner");
    let running = start(on_file(&folder)).await.unwrap();
    let ada = owner(&running).await;
    assert_eq!((ada.user_name(), ada.origin), ("ada@acme.test", Origin::Manual));
    let first = running.demo.owner_link.clone();
    let (page, text) = first.split_once('#').unwrap();
    assert_eq!(page, format!("{}/settings/enter", running.base_url));
    let opened = open(&running, text, 4).await.unwrap();
    assert_eq!(opened.link.admits, Admits::Owner { user: ada.id.to_string() });
    assert_eq!(open(&running, text, 5).await.unwrap_err(), NotOpened::OpenedBefore);
    running.stop().await;

    let again = start(on_file(&folder)).await.unwrap();
    assert_ne!(again.demo.owner_link, first);
    assert_eq!(owner(&again).await, ada, "she is not made twice");
    without_owners(&again).await;
    again.stop().await;

    let older = start(on_file(&folder)).await.unwrap();
    assert_eq!(owner(&older).await.id, ada.id, "she is made an owner again");
    let (_, text) = older.demo.owner_link.split_once('#').unwrap();
    assert!(open(&older, text, 6).await.is_ok());
    without_owners(&older).await;
    let (world, ada) = (FakeWorld::new(3), ada.id.to_string());
    members::suspend(&world.ctx(), &older.store, "acme", &ada).await.unwrap();
    older.stop().await;

    let suspended = start(on_file(&folder)).await.unwrap();
    assert_eq!(suspended.demo.owner_link, "", "nobody restores her behind an administrator's back");
    suspended.stop().await;
}

/// Opens a link in the browser of this number: its secret comes from that seed.
async fn open(running: &Running, text: &str, browser: u64) -> Result<Opened, NotOpened> {
    let world = FakeWorld::new(browser);
    // Its clock stands earlier than any real one: what holds then held when it was made.
    links::open(&world.ctx(), &running.store, text, |_| None).await
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn only_their_owner_reads_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder("modes");
    fs::create_dir_all(&folder).unwrap();
    let running = start(on_file(&folder)).await.unwrap();
    for name in ["demo.json", "dynamodb.sqlite", "dynamodb.sqlite-wal"] {
        let mode = fs::metadata(folder.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} {mode:o}");
    }
    running.stop().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_has_kept_what_it_answered_and_a_terminated_one_ends_well() {
    use std::process::{Command, Stdio};
    let folder = folder("killed");
    let spawn = || {
        let binary = env!("CARGO_BIN_EXE_lychgate-local");
        // Port 0: the program says in demo.json which one it took.
        let mut command = Command::new(binary);
        command.args(["--port", "0", "--data"]).arg(&folder).env("LYCHGATE_LOG", "off");
        command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap()
    };
    let demo = async || {
        for _ in 0..600 {
            if let Ok(bytes) = fs::read(folder.join("demo.json")) {
                return serde_json::from_slice::<Value>(&bytes).unwrap();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("no demo.json");
    };
    let mut server = spawn();
    let told = demo().await;
    let address = told["base_url"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
    let mut answered = 0;
    for n in 0..20 {
        let body = format!("{{\"userName\":\"user-{n}\"}}");
        let request = format!(
            "POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{JSON}Authorization: {}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            told["scim_token"].as_str().unwrap(),
            body.len()
        );
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        answered += i32::from(answer.starts_with(b"HTTP/1.1 201"));
    }
    assert_eq!(answered, 20);
    server.kill().unwrap();
    server.wait().unwrap();
    let running = start(on_file(&folder)).await.unwrap();
    let list = send(&running, "GET", "/scim/v2/Users?count=0", &bearer(&running), b"").await;
    assert_eq!(list.value()["totalResults"], answered + 1, "and the owner");
    running.stop().await;

    fs::remove_file(folder.join("demo.json")).unwrap();
    let mut server = spawn();
    demo().await;
    let killed = Command::new("kill").args(["-TERM", &server.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert_eq!(server.wait().unwrap().code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hinders_the_start_is_one_sentence() {
    let running = start(Options::in_memory()).await.unwrap();
    let port = address(&running).rsplit(':').next().unwrap().parse().unwrap();
    let taken = refusal(Options { port, ..Options::in_memory() }).await;
    assert!(taken.contains(&format!("Port {port} is in use")), "{taken}");
    running.stop().await;

    let broken = folder("broken");
    fs::create_dir_all(&broken).unwrap();
    fs::write(broken.join("dynamodb.sqlite"), "this is no database, and long enough to be one")
        .unwrap();
    let sentence = refusal(on_file(&broken)).await;
    assert!(sentence.contains("cannot be read") && sentence.contains("Move it away"), "{sentence}");

    let damaged = folder("damaged");
    fs::create_dir_all(&damaged).unwrap();
    fs::write(damaged.join("demo.json"), "{").unwrap();
    let sentence = refusal(on_file(&damaged)).await;
    assert!(sentence.contains("is damaged"), "{sentence}");

    let file = folder("file");
    fs::write(&file, "").unwrap();
    let sentence = refusal(on_file(&file)).await;
    assert!(sentence.contains("is a file"), "{sentence}");

    let mut options = Options::in_memory();
    options.config.attributes = Some("{".to_owned());
    let sentence = refusal(options).await;
    assert!(sentence.contains("LYCHGATE_ATTRIBUTES"), "{sentence}");
}
