//! Bad input (`data/scim/bad`): a SCIM error that helps, never 5xx, and nothing half done.

use std::path::PathBuf;

use conformance::{
    data,
    endpoint::Endpoint,
    exchange::{ROOT, proper},
    http::{Answer, Wire},
    matching::{Captures, filled, filled_value, shortened},
};
use lychgate_testkit::build::Acme;
use serde::Deserialize;
use serde_json::{Map, Value, json};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Folder {
    why: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    say: String,
    request: Bad,
    expect: Verdict,
}

/// A request with at most one of `body`, `raw`, `hex` and `generate`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bad {
    method: String,
    path: String,
    #[serde(default)]
    headers: Map<String, Value>,
    body: Option<Value>,
    raw: Option<String>,
    hex: Option<String>,
    generate: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Verdict {
    status: Value,
    #[serde(rename = "scimType")]
    scim_type: Option<String>,
}

/// An organization with one user who is in one group, and what is known of them.
struct Scene {
    endpoint: Endpoint,
    acme: Acme,
    known: Captures,
}

impl Scene {
    async fn new() -> Self {
        Self::on(Endpoint::in_memory(0xbad)).await
    }

    async fn on(endpoint: Endpoint) -> Self {
        let acme = endpoint.organization("here").await;
        let other = endpoint.organization("other").await;
        let token = acme.token.clone();
        let mut parts: Vec<&str> = token.split('_').collect();
        parts[1] = other.organization.id.bare();
        let last = if token.ends_with('0') { "1" } else { "0" };
        let known = Captures::from([
            ("token_flipped".to_owned(), format!("{}{last}", &token[..token.len() - 1])),
            ("token_cut".to_owned(), token[..token.len() - 1].to_owned()),
            ("token_upper".to_owned(), token.to_uppercase()),
            ("token_foreign_organization".to_owned(), parts.join("_")),
            ("token".to_owned(), token),
        ]);
        let mut scene = Self { endpoint, acme, known };
        let ada = json!({"schemas": [USER], "userName": "ada@example.com", "displayName": "Ada",
            "emails": [{"value": "ada@example.com", "type": "work", "primary": true}]});
        let ada = scene.post("/Users", &ada).await;
        scene.known.insert("ada_upper".to_owned(), ada.to_uppercase());
        let group = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": "Engineering", "members": [{"value": ada}]});
        scene.known.insert("ada".to_owned(), ada);
        let eng = scene.post("/Groups", &group).await;
        scene.known.insert("eng".to_owned(), eng);
        scene
    }

    async fn post(&self, path: &str, body: &Value) -> String {
        let answer = self.send("POST", path, Map::new(), Some(body.to_string().into_bytes())).await;
        assert_eq!(answer.status, 201, "the scene is set");
        answer.json()["id"].as_str().expect("an id").to_owned()
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        more: Map<String, Value>,
        body: Option<Vec<u8>>,
    ) -> Answer {
        let mut headers = Map::new();
        headers.insert("Authorization".to_owned(), Value::from("Bearer ${token}"));
        if body.is_some() {
            headers.insert("Content-Type".to_owned(), Value::from("application/scim+json"));
        }
        headers.extend(more);
        let headers = headers.iter().filter_map(|(name, value)| {
            let value = match value.as_str()?.split_once("$repeat:") {
                Some((before, rest)) => {
                    let (text, times) = rest.split_once(':').expect("$repeat:text:times");
                    format!("{before}{}", text.repeat(times.parse().expect("a number")))
                }
                None => filled(value.as_str()?, &self.known),
            };
            Some((name.clone(), value))
        });
        let wire = Wire {
            method: method.to_owned(),
            target: format!("{ROOT}{path}"),
            headers: headers.collect(),
            body,
        };
        self.endpoint.send(&wire).await
    }

    /// Everything that a client can see, and the history.
    async fn state(&self) -> Value {
        let users = self.send("GET", "/Users", Map::new(), None).await.json();
        let groups = self.send("GET", "/Groups", Map::new(), None).await.json();
        let events = self.endpoint.backstage.events(&self.acme.organization.id).await;
        json!({"users": users, "groups": groups, "events": events})
    }

    async fn judge(&self, case: &Case) -> Result<(), String> {
        let path = match case.request.path.strip_prefix('$') {
            Some(maker) => made_path(maker),
            None => filled(&case.request.path, &self.known),
        };
        let body = match &case.request {
            Bad { body: Some(body), .. } => {
                Some(filled_value(body, &self.known).to_string().into_bytes())
            }
            Bad { raw: Some(raw), .. } => Some(raw.clone().into_bytes()),
            Bad { hex: Some(hex), .. } => Some(bytes_of(hex)),
            Bad { generate: Some(maker), .. } => Some(made_body(maker)),
            _ => None,
        };
        let before = self.state().await;
        let answer =
            self.send(&case.request.method, &path, case.request.headers.clone(), body).await;
        let text = shortened(&String::from_utf8_lossy(&answer.body));
        let allowed = match &case.expect.status {
            Value::Array(list) => list.clone(),
            one => vec![one.clone()],
        };
        if !allowed.contains(&Value::from(answer.status)) {
            return Err(format!("wanted {}, found {}: {text}", case.expect.status, answer.status));
        }
        // A request line beyond what an HTTP server reads is answered by that server, before any of our code.
        if !(matches!(answer.status, 414 | 431) && answer.body.is_empty()) {
            proper(&answer)?;
        }
        if let Some(wanted) = &case.expect.scim_type {
            let found = &answer.json()["scimType"];
            if found != wanted {
                return Err(format!("wanted {wanted}, found {found}: {text}"));
            }
        }
        let token = self.known["token"].rsplit('_').next().expect("a secret");
        if text.contains(token) {
            return Err("the answer shows the token".to_owned());
        }
        if self.state().await != before {
            return Err("something was changed".to_owned());
        }
        Ok(())
    }
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().collect();
    let pairs = digits.chunks(2).map(|pair| std::str::from_utf8(pair).expect("ASCII"));
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("hexadecimal digits")).collect()
}

fn numbered(maker: &str) -> (&str, usize) {
    let (name, number) = maker.split_once(':').expect("name:number");
    (name, number.parse().expect("a number"))
}

fn made_path(maker: &str) -> String {
    match numbered(maker) {
        ("query-filter-bytes", bytes) => {
            format!("/Users?filter=userName%20eq%20%22{}%22", "x".repeat(bytes))
        }
        ("user-id-bytes", bytes) => format!("/Users/{}", "x".repeat(bytes)),
        (other, _) => panic!("nobody makes `{other}`"),
    }
}

fn made_body(maker: &str) -> Vec<u8> {
    let user = |name: String| json!({"schemas": [USER], "userName": name}).to_string();
    let search = |filter: String| json!({"schemas": [SEARCH], "filter": filter}).to_string();
    let text = match numbered(maker) {
        ("user-of-megabytes", megabytes) => user("x".repeat(megabytes << 20)),
        ("user-of-kilobytes", kilobytes) => user("x".repeat(kilobytes << 10)),
        ("spaces-of-megabytes", megabytes) => " ".repeat(megabytes << 20),
        ("nested-lists", depth) => format!("{}{}", "[".repeat(depth), "]".repeat(depth)),
        ("nested-objects", depth) => format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth)),
        ("nested-attribute", depth) => format!(
            "{{\"schemas\":[\"{USER}\"],\"userName\":\"ada@example.com\",\"deep\":{}1{}}}",
            "{\"a\":".repeat(depth),
            "}".repeat(depth)
        ),
        ("patch-operations", count) => {
            let operation = json!({"op": "replace", "path": "displayName", "value": "half done"});
            json!({"schemas": [PATCH_OP], "Operations": vec![operation; count]}).to_string()
        }
        ("patch-path-bytes", bytes) => {
            let path = format!("emails[type eq \"{}\"].value", "x".repeat(bytes));
            let operation = json!({"op": "replace", "path": path, "value": "x"});
            json!({"schemas": [PATCH_OP], "Operations": [operation]}).to_string()
        }
        ("bulk-operations", count) => {
            let data = json!({"schemas": [USER], "userName": "bulk@example.com"});
            let operation =
                json!({"method": "POST", "path": "/Users", "bulkId": "b", "data": data});
            json!({"schemas": [BULK], "Operations": vec![operation; count]}).to_string()
        }
        ("search-filter-bytes", bytes) => search(format!("userName eq \"{}\"", "x".repeat(bytes))),
        ("search-filter-brackets", depth) => {
            search(format!("{}active eq true{}", "(".repeat(depth), ")".repeat(depth)))
        }
        ("search-filter-terms", count) => search(vec!["title pr"; count].join(" or ")),
        ("search-filter-nots", depth) => {
            search(format!("{}active eq true{}", "not (".repeat(depth), ")".repeat(depth)))
        }
        (other, _) => panic!("nobody makes `{other}`"),
    };
    text.into_bytes()
}

async fn judge_all(scene: &Scene, files: Vec<PathBuf>) -> (usize, Vec<String>) {
    let (mut judged, mut wrong) = (0, Vec::new());
    for file in files {
        let folder: Folder = data::read(&file);
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        assert!(folder.why.len() > 10, "{name} says why it is there");
        for case in &folder.cases {
            judged += 1;
            if let Err(what) = scene.judge(case).await {
                wrong.push(format!(
                    "{name}, {} {} ({}): {what}",
                    case.request.method,
                    shortened(&case.request.path),
                    case.say
                ));
            }
        }
    }
    (judged, wrong)
}

#[tokio::test]
async fn bad_input_is_refused_in_words_and_changes_nothing() {
    report(judge_all(&Scene::new().await, data::files("scim/bad")).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_input_over_http_is_refused_in_words_and_changes_nothing() {
    let scene = Scene::on(Endpoint::on_socket(0xbad).await).await;
    report(judge_all(&scene, data::files("scim/bad")).await);
}

fn report((judged, wrong): (usize, Vec<String>)) {
    assert!(judged > 150, "only {judged} cases were found");
    assert!(wrong.is_empty(), "{} of {judged} cases failed:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_connections_change_nothing_and_hurt_nobody() {
    let scene = Scene::on(Endpoint::on_socket(0xc07).await).await;
    let before = scene.state().await;
    let authority = scene.endpoint.authority().expect("a socket").to_owned();
    let token = &scene.known["token"];
    let body = json!({"schemas": [USER], "userName": "cut@example.com"}).to_string();
    let whole = format!(
        "POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/scim+json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    for length in (0..whole.len()).step_by(7).chain([whole.len() - 1]) {
        conformance::http::cut(&authority, &whole.as_bytes()[..length]).await;
    }
    for garbage in ["\0\0\0", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\r\n\r\n\r\n"] {
        conformance::http::cut(&authority, garbage.as_bytes()).await;
    }
    assert_eq!(scene.state().await, before);
}

#[tokio::test]
async fn a_request_that_is_not_bad_is_noticed() {
    let scene = Scene::new().await;
    let good = json!({"say": "a canary: nothing is wrong with it", "request": {"method": "PUT",
        "path": "/Users/${ada}", "body": {"schemas": [USER], "userName": "ada@example.com"}},
        "expect": {"status": 400}});
    let case: Case = serde_json::from_value(good).expect("a case");
    assert!(scene.judge(&case).await.is_err());
    let half = json!({"say": "a canary: it changes something", "request": {"method": "POST",
        "path": "/Groups", "body": {"displayName": "half done"}}, "expect": {"status": 201}});
    let case: Case = serde_json::from_value(half).expect("a case");
    assert_eq!(scene.judge(&case).await, Err("something was changed".to_owned()));
}

#[tokio::test]
async fn a_bad_operation_of_a_bulk_does_not_lose_the_others() {
    let scene = Scene::new().await;
    let operations = json!([
        {"method": "POST", "path": "/Users", "bulkId": "a", "data": {"userName": "a@example.com"}},
        {"method": "POST", "path": "/Users", "bulkId": "b", "data": {"userName": {"no": 1}}},
        {"method": "PATCH", "path": "/Users/nobody", "data": {"Operations": [{"op": "remove", "path": "title"}]}},
        {"method": "POST", "path": "/Users", "bulkId": "d", "data": {"userName": "d@example.com"}},
    ]);
    let body = json!({"schemas": [BULK], "Operations": operations}).to_string().into_bytes();
    let answer = scene.send("POST", "/Bulk", Map::new(), Some(body)).await;
    assert_eq!(answer.status, 200);
    let answer = answer.json();
    let statuses: Vec<&str> = answer["Operations"]
        .as_array()
        .expect("operations")
        .iter()
        .map(|operation| operation["status"].as_str().expect("a text"))
        .collect();
    assert_eq!(statuses, ["201", "400", "404", "201"]);
    let users = scene.send("GET", "/Users", Map::new(), None).await.json();
    assert_eq!(users["totalResults"], 3);
}

#[tokio::test]
async fn an_operation_of_a_bulk_with_an_unknown_endpoint_refuses_the_whole_request() {
    // FIXME(#2): RFC 7644 §3.7.3 answers such an operation by itself, with status 400, and goes on with the others.
    let scene = Scene::new().await;
    let operations = json!([
        {"method": "POST", "path": "/Users", "bulkId": "a", "data": {"userName": "a@example.com"}},
        {"method": "POST", "path": "/Printers", "bulkId": "c", "data": {}},
    ]);
    let body = json!({"schemas": [BULK], "Operations": operations}).to_string().into_bytes();
    let before = scene.state().await;
    let answer = scene.send("POST", "/Bulk", Map::new(), Some(body)).await;
    assert_eq!(answer.status, 400);
    assert_eq!(scene.state().await, before, "and nothing of it is done");
}
