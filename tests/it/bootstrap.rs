//! The real binaries, as Lambda runs them: the local server puts each `bootstrap` under a Runtime API of its own and
//! API Gateway's part in front. `make test` builds them (`cargo build --workspace --bins`) before it runs this.

use std::{collections::BTreeSet, path::PathBuf};

use conformance::http::{Answer, Wire, send};
use lychgate_edge::{
    config::Config,
    logging::Level,
    routes::{DEFAULT_FUNCTION, ROUTES},
};
use lychgate_local::{Options, Running, start};
use serde_json::{Value, json};

/// Where cargo puts the workspace's binaries: beside the folder that this test's binary is in.
fn binaries() -> PathBuf {
    let test = std::env::current_exe().expect("this test has a path");
    let folder = test.parent().and_then(|deps| deps.parent()).expect("target/PROFILE/deps/it");
    for function in ROUTES.iter().map(|route| route.function).collect::<BTreeSet<_>>() {
        let binary = folder.join(function);
        assert!(binary.is_file(), "{function} is not built: cargo build --workspace --bins");
    }
    folder.to_owned()
}

async fn stack() -> Running {
    // The processes' log would stand between the test's own lines.
    let config = Config { log: Level::OFF, ..Config::default() };
    let options = Options { bootstrap: Some(binaries()), config, ..Options::in_memory() };
    start(options).await.expect("the stack starts")
}

struct Client<'a> {
    authority: &'a str,
    token: Option<&'a str>,
}

impl Client<'_> {
    async fn send(&self, method: &str, target: &str, body: Option<Value>) -> Answer {
        let mut headers = vec![("Content-Type".to_owned(), "application/scim+json".to_owned())];
        headers.extend(
            self.token.map(|token| ("Authorization".to_owned(), format!("Bearer {token}"))),
        );
        let wire = Wire {
            method: method.to_owned(),
            target: target.to_owned(),
            headers,
            body: body.map(|body| body.to_string().into_bytes()),
        };
        send(self.authority, &wire).await
    }

    /// The answer's body, once its status is this one.
    async fn expect(&self, status: u16, method: &str, target: &str, body: Option<Value>) -> Value {
        let answer = self.send(method, target, body).await;
        assert_eq!(
            answer.status,
            status,
            "{method} {target}: {}",
            String::from_utf8_lossy(&answer.body)
        );
        answer.json()
    }
}

fn authority(stack: &Running) -> &str {
    stack.base_url.strip_prefix("http://").expect("http")
}

/// A path of the table with something in the place of each `{…}`.
fn filled(path: &str) -> String {
    let fill = |segment: &str| {
        if segment.starts_with('{') { "nobody".to_owned() } else { segment.to_owned() }
    };
    path.split('/').map(fill).collect::<Vec<_>>().join("/")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_is_answered_by_the_binary_that_the_table_names() {
    let stack = stack().await;
    let client = Client { authority: authority(&stack), token: None };
    let mut wrong = Vec::new();
    for route in ROUTES {
        // Without a credential: who serves the route says 401 before it looks at anything, and who does not serve it
        // says 404 or 405. Discovery is for everybody.
        let target = filled(route.path);
        let answer = client.send(route.method.name(), &target, None).await;
        let is_json = answer.header("content-type").is_some_and(|kind| kind.contains("json"));
        let body = if is_json { answer.json() } else { serde_json::Value::Null };
        let page = String::from_utf8_lossy(&answer.body).into_owned();
        let good = match route.function {
            // Pages: each has an answer of its own for somebody who comes from nowhere, and none is the answer to an
            // unknown path.
            "saml-init" | "saml-acs" | "saml-logout" | "sign-in" | "settings"
            | "settings-members" => {
                !is_json && answer.status < 500 && answer.status != 405 && !page.is_empty()
            }
            "saml-metadata" => {
                let is_shared = answer.status == 200 && page.contains("EntityDescriptor");
                is_shared || (answer.status == 404 && page.contains("<!doctype html>"))
            }
            "oidc" => {
                answer.status < 500 && answer.status != 405 && (answer.status != 404 || !is_json)
            }
            DEFAULT_FUNCTION if target.contains("nobody") => {
                answer.status == 404
                    && body["detail"]
                        .as_str()
                        .is_some_and(|text| text.starts_with("There is no such"))
            }
            DEFAULT_FUNCTION => answer.status == 200,
            // A form of errors of its own (RFC 6749 §5.2).
            "oauth-token" => {
                (400..=415).contains(&answer.status) && !matches!(answer.status, 404 | 405)
            }
            _ => answer.status == 401 && !body["detail"].as_str().unwrap_or_default().is_empty(),
        };
        if !good {
            wrong.push(format!("{} {target}: {} {body} {page}", route.method, answer.status));
        }
    }
    stack.stop().await;
    assert!(wrong.is_empty(), "{} routes:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_lives_its_life_through_the_binaries() {
    let stack = stack().await;
    let client = Client { authority: authority(&stack), token: Some(&stack.demo.scim_token) };
    let patch = |operation: Value| {
        Some(
            json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation] }),
        )
    };

    let user = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "ada@example.com",
        "displayName": "Ada",
        "active": true,
    });
    let created = client.expect(201, "POST", "/scim/v2/Users", Some(user.clone())).await;
    let id = created["id"].as_str().expect("an id");
    let location = created["meta"]["location"].as_str().expect("a location");
    assert_eq!(location, format!("{}/scim/v2/Users/{id}", stack.base_url));
    client.expect(409, "POST", "/scim/v2/Users", Some(user)).await;

    let user = format!("/scim/v2/Users/{id}");
    let off = patch(json!({ "op": "Replace", "path": "active", "value": "False" }));
    assert_eq!(client.expect(200, "PATCH", &user, off).await["active"], false);
    let found = client
        .expect(200, "GET", "/scim/v2/Users?filter=userName%20eq%20%22ADA@example.com%22", None)
        .await;
    assert_eq!(
        (&found["totalResults"], &found["Resources"][0]["active"]),
        (&json!(1), &json!(false))
    );

    let group = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": "Engine",
    });
    let created = client.expect(201, "POST", "/scim/v2/Groups", Some(group)).await;
    let group = format!("/scim/v2/Groups/{}", created["id"].as_str().expect("an id"));
    let add = patch(json!({ "op": "add", "path": "members", "value": [{ "value": id }] }));
    client.expect(204, "PATCH", &group, add).await;
    assert_eq!(client.expect(200, "GET", &group, None).await["members"][0]["value"], id);
    // Another binary sees it.
    assert_eq!(client.expect(200, "GET", &user, None).await["groups"][0]["display"], "Engine");
    let search = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": "id pr" });
    assert_eq!(
        client.expect(200, "POST", "/scim/v2/.search", Some(search)).await["totalResults"],
        2
    );

    client.expect(204, "DELETE", &user, None).await;
    client.expect(404, "GET", &user, None).await;
    assert_eq!(client.expect(200, "GET", &group, None).await.get("members"), None);
    stack.stop().await;
}
