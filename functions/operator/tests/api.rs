//! The operator's API as it looks from outside: requests in, replies out, on the in-memory store.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use lychgate_core::{
    event::EventKind,
    operator::{keys, organizations},
    ports::Users,
};
use lychgate_edge::{
    config::Config,
    handler::{Handler, Stack},
    reply::Reply,
    request::{
        Method::{self, Delete, Get, Patch, Post, Put},
        Request,
    },
    routes::{self, ROUTES},
};
use lychgate_testkit::{FakeOutside, FakeWorld, MemoryStore, build, idp_metadata};
use operator::setup;
use serde_json::{Value, json};

struct Server {
    operator: Box<dyn Handler>,
    connections: Box<dyn Handler>,
    key: String,
    /// Members of `acme`: an ordinary one, and one whose name is a formula.
    members: [String; 2],
}

impl Server {
    async fn new() -> Self {
        let (world, store) = (Arc::new(FakeWorld::new(1)), MemoryStore::new());
        let ctx = world.ctx();
        let key = keys::create(&ctx, &store, "test", None).await.unwrap().text;
        let new = organizations::New { domain: "acme", name: "Acme" };
        let acme = organizations::create(&ctx, &store, &new).await.unwrap();
        let mut members = Vec::new();
        for name in ["ada@example.com", "=cmd()@example.com"] {
            let user = build::user(world.as_ref(), name);
            let event = build::event(EventKind::MemberCreated, &user.id.to_string(), name);
            let keys = build::user_keys(&user);
            store.create_user(&ctx, &acme.id, &user, &keys, None, &event).await.unwrap();
            members.push(user.id.to_string());
        }
        drop(ctx);
        let stack = Stack::new(&Config::default(), world).unwrap();
        let (outside, settings) = (FakeOutside::new(), setup::Settings::default());
        let operator =
            operator::handler(stack.clone(), store.clone(), None, Some(FakeOutside::new()));
        let connections = setup::handler(stack, store, outside, settings);
        Self {
            operator: Box::new(operator),
            connections: Box::new(connections),
            key,
            members: members.try_into().unwrap(),
        }
    }

    /// The function that the route table names.
    async fn handle(&self, request: &Request) -> Reply {
        match routes::function_for(request.method, &request.segments) {
            "connections" => self.connections.handle(request).await,
            _ => self.operator.handle(request).await,
        }
    }

    async fn send(&self, method: Method, target: &str, body: Option<Value>) -> Reply {
        let mut request = Request::new(method, target)
            .with_header("authorization", &format!("Bearer {}", self.key));
        if let Some(body) = body {
            request = request.with_body(body.to_string());
        }
        self.handle(&request).await
    }

    /// The reply's status and body.
    async fn ask(&self, method: Method, target: &str, body: Option<Value>) -> (u16, Value) {
        let reply = self.send(method, target, body).await;
        (reply.status, reply.value())
    }
}

#[tokio::test]
async fn every_route_demands_a_key_and_is_served() {
    let server = Server::new().await;
    let ours = |function| matches!(function, "operator" | "connections");
    let routes = ROUTES.iter().filter(|route| ours(route.function));
    let (mut walked, mut unserved) = (0, Vec::new());
    for route in routes {
        let path = route.path.replace("{organization}", "acme").replace(['{', '}'], "x");
        let reply = server.handle(&Request::new(route.method, &path)).await;
        assert_eq!(reply.status, 401, "{path}");
        assert_eq!(reply.value()["error"], "unauthorized");
        assert!(reply.header("www-authenticate").is_some());
        let reply = server.send(route.method, &path, None).await;
        let is_served = reply.status < 500
            && reply.status != 405
            && reply.body.as_ref().is_none_or(|body| {
                !String::from_utf8_lossy(body).contains("There is nothing at this address.")
            });
        if !is_served {
            unserved.push(format!("{} {path}", route.method));
        }
        walked += 1;
    }
    assert!(unserved.is_empty(), "{unserved:?}");
    assert_eq!(walked, 62);
}

#[tokio::test]
async fn an_organization_is_made_and_read_by_its_address() {
    let server = Server::new().await;
    let new = json!({ "domain": "beta", "name": "Beta" });
    let reply = server.send(Post, "/v1/organizations", Some(new.clone())).await;
    assert_eq!(reply.status, 201);
    let location = reply.header("location").unwrap().strip_prefix("https://lychgate.test").unwrap();
    let (status, read) = server.ask(Get, location, None).await;
    assert_eq!((status, &read), (200, &reply.value()));
    assert_eq!(
        read["licence"],
        json!({ "state": "none", "in_force": false, "seats": null, "ends": null })
    );
    assert_eq!(server.ask(Post, "/v1/organizations", Some(new)).await.0, 409);
    let (_, list) = server.ask(Get, "/v1/organizations?limit=1", None).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert!(list["next_cursor"].is_string());
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let server = Server::new().await;
    let one = "/v1/organizations/acme";
    for (method, target, body, status, field) in [
        (Post, "/v1/organizations".to_owned(), json!({ "domain": "b1", "nmae": "x" }), 400, "nmae"),
        (Post, "/v1/organizations".to_owned(), json!({ "domain": "b1" }), 400, "name"),
        (Post, "/v1/organizations".to_owned(), json!({ "domain": 1, "name": "x" }), 400, "domain"),
        (
            Post,
            "/v1/organizations".to_owned(),
            json!({ "domain": "a.b", "name": "x" }),
            400,
            "domain",
        ),
        (Patch, one.to_owned(), json!({ "name": null }), 400, "name"),
        (Patch, one.to_owned(), json!({ "id": "org-x" }), 400, "id"),
        (Put, format!("{one}/licence"), json!({ "seats": 5 }), 400, "state"),
        (Put, format!("{one}/licence"), json!({ "state": "gold" }), 400, "state"),
        (Put, format!("{one}/licence"), json!({ "state": "active", "seats": -1 }), 400, "seats"),
        (Put, format!("{one}/licence"), json!({ "state": "active", "ends": "soon" }), 400, "ends"),
        (Patch, format!("{one}/directory"), json!({ "enabled": "yes" }), 400, "enabled"),
        (
            Patch,
            format!("{one}/directory"),
            json!({ "unknown_members": "x" }),
            400,
            "unknown_members",
        ),
        (
            Post,
            format!("{one}/tokens"),
            json!({ "name": "x", "expires": "2020-01-01T00:00:00Z" }),
            400,
            "expires",
        ),
        (
            Post,
            format!("{one}/clients"),
            json!({ "name": "x", "secret_expires": "2020-01-01T00:00:00Z" }),
            400,
            "secret_expires",
        ),
        (Delete, format!("{one}/tokens/tok-00000000"), Value::Null, 404, "token"),
        (Delete, format!("{one}/members/x"), Value::Null, 404, "member"),
        (Get, format!("{one}/members?suspendd=true"), Value::Null, 400, "suspendd"),
        (Get, format!("{one}/members?suspended=maybe"), Value::Null, 400, "suspended"),
        (Get, format!("{one}/events?limit=x"), Value::Null, 400, "limit"),
        (Get, "/v1/organizations/nobody".to_owned(), Value::Null, 404, "organization"),
    ] {
        let sent = Some(body.clone()).filter(|body| !body.is_null());
        let (got, problem) = server.ask(method, &target, sent).await;
        assert_eq!((got, problem["field"].as_str()), (status, Some(field)), "{target} {body}");
        assert!(problem["detail"].as_str().unwrap().len() > 20, "{problem}");
    }
    for (body, status) in [
        ("{", 400),
        ("[]", 400),
        ("\"x\"", 400),
        ("{\"name\":\"\\ud800\"}", 400),
        ("{\"name\":\"a\",\"name\":\"b\"}", 400),
    ] {
        let request = Request::new(Post, "/v1/organizations")
            .with_header("authorization", &format!("Bearer {}", server.key))
            .with_body(body);
        assert_eq!(server.handle(&request).await.status, status, "{body}");
    }
}

#[tokio::test]
async fn a_tokens_text_is_seen_once() {
    let server = Server::new().await;
    let path = "/v1/organizations/acme/tokens";
    let new = json!({ "name": "okta", "expires": null, "member": server.members[0] });
    let (status, created) = server.ask(Post, path, Some(new)).await;
    assert_eq!(status, 201);
    assert!(created["token"].as_str().unwrap().starts_with("lyg_"));
    assert_eq!(created["scim_base_url"], "https://lychgate.test/scim/v2");
    let (_, list) = server.ask(Get, path, None).await;
    assert_eq!(list["items"][0]["id"], created["id"]);
    assert!(list["items"][0].get("token").is_none());
    let one = format!("{path}/{}", created["id"].as_str().unwrap());
    let reply = server.send(Delete, &one, None).await;
    assert_eq!((reply.status, reply.body), (204, None));
    assert_eq!(server.ask(Delete, &one, None).await.0, 404);
}

#[tokio::test]
async fn a_client_goes_through_its_life() {
    let server = Server::new().await;
    let path = "/v1/organizations/acme/clients";
    let (status, created) = server.ask(Post, path, Some(json!({ "name": "entra" }))).await;
    assert_eq!(status, 201);
    let one = format!("{path}/{}", created["id"].as_str().unwrap());
    let (status, added) = server.ask(Post, &format!("{one}/secrets"), None).await;
    assert_eq!((status, added["secrets"].as_array().unwrap().len()), (201, 2));
    assert_ne!(added["client_secret"], created["client_secret"]);
    let secret = format!("{one}/secrets/{}", created["secret"]["id"].as_str().unwrap());
    assert_eq!(server.ask(Delete, &secret, None).await.0, 204);
    let (_, list) = server.ask(Get, path, None).await;
    assert_eq!(list["items"][0]["secrets"].as_array().unwrap().len(), 1);
    assert!(!list.to_string().contains("lys_"));
    assert_eq!(server.ask(Delete, &one, None).await.0, 204);
}

#[tokio::test]
async fn members_are_shown_suspended_and_exported() {
    let server = Server::new().await;
    let path = "/v1/organizations/acme/members";
    let ada = format!("{path}/{}", server.members[0]);
    let (status, member) = server.ask(Post, &format!("{ada}/suspend"), None).await;
    assert_eq!((status, &member["suspended"]), (200, &json!(true)));
    let (_, list) = server.ask(Get, &format!("{path}?suspended=true"), None).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["items"][0]["user_name"], "ada@example.com");
    assert_eq!(server.ask(Put, &format!("{ada}/owner"), None).await.0, 409);
    assert_eq!(server.ask(Post, &format!("{ada}/restore"), None).await.0, 200);
    let (status, member) = server.ask(Put, &format!("{ada}/owner"), None).await;
    assert_eq!((status, &member["owner"]), (200, &json!(true)));
    let (status, problem) = server.ask(Delete, &ada, None).await;
    assert_eq!((status, &problem["error"]), (409, &json!("conflict")));

    let reply = server.send(Get, &format!("{path}?format=csv"), None).await;
    assert_eq!(reply.header("content-type"), Some("text/csv; charset=utf-8"));
    let text = String::from_utf8(reply.body.unwrap()).unwrap();
    let lines: Vec<_> = text.split("\r\n").collect();
    assert_eq!(lines.len(), 4, "a line of names, two members, the end: {text}");
    assert!(lines[2].contains(",'=cmd()@example.com,"));
    let request = Request::new(Get, path)
        .with_header("authorization", &format!("Bearer {}", server.key))
        .with_header("accept", "text/csv");
    assert_eq!(server.handle(&request).await.body.unwrap(), text.as_bytes());
}

#[tokio::test]
async fn a_clean_up_names_whom() {
    let server = Server::new().await;
    let path = "/v1/organizations/acme/members/clean-up";
    let time = "2020-01-01T00:00:00Z";
    for body in
        [json!({}), json!({ "ids": ["x"], "suspended_before": time }), json!({ "ids": [1] })]
    {
        assert_eq!(server.ask(Post, path, Some(body)).await.0, 400);
    }
    let (status, cleaned) = server.ask(Post, path, Some(json!({ "ids": server.members }))).await;
    assert_eq!((status, cleaned["kept"].as_array().unwrap().len()), (200, 2));
    let (status, cleaned) = server.ask(Post, path, Some(json!({ "suspended_before": time }))).await;
    assert_eq!((status, cleaned), (200, json!({ "deleted": [], "kept": [], "next_cursor": null })));
}

#[tokio::test]
async fn the_state_and_the_history_are_there_from_the_start() {
    let server = Server::new().await;
    let (status, state) = server.ask(Get, "/v1/organizations/acme/directory/state", None).await;
    assert_eq!((status, &state["users"], &state["last_contact"]), (200, &json!(2), &Value::Null));
    let (_, history) = server.ask(Get, "/v1/organizations/acme/events", None).await;
    let types: Vec<_> = history["items"].as_array().unwrap().iter().map(|e| &e["type"]).collect();
    assert_eq!(types, ["organization.created", "member.created", "member.created"]);
    assert_eq!(history["items"][1]["subject"]["name"], "ada@example.com");
}

#[tokio::test]
async fn the_last_operator_key_stays() {
    let server = Server::new().await;
    let (_, list) = server.ask(Get, "/v1/operator-keys", None).await;
    assert_eq!(list["configured_key"], false);
    let first = format!("/v1/operator-keys/{}", list["items"][0]["id"].as_str().unwrap());
    assert_eq!(server.ask(Delete, &first, None).await.0, 409);
    let (status, created) =
        server.ask(Post, "/v1/operator-keys", Some(json!({ "name": "ci" }))).await;
    assert_eq!(status, 201);
    assert!(created["key"].as_str().unwrap().starts_with("lyo_"));
    assert_eq!(server.ask(Delete, &first, None).await.0, 204);
    assert_eq!(server.ask(Get, "/v1/operator-keys", None).await.0, 401, "at once");
}

#[tokio::test]
// tidy: long because it is one story.
async fn a_connection_shows_what_goes_into_the_idp_and_what_came_of_it() {
    let server = Server::new().await;
    let path = "/v1/organizations/acme/connections";
    let reply = server.send(Post, path, Some(json!({ "name": "Okta" }))).await;
    assert_eq!(reply.status, 201);
    let location = reply.header("location").unwrap().strip_prefix("https://lychgate.test").unwrap();
    let (_, read) = server.ask(Get, location, None).await;
    assert_eq!(read, reply.value());
    let base = "https://lychgate.test";
    assert_eq!(
        read["service_provider"],
        json!({
            "acs_url": format!("{base}/saml/consume/acme"),
            "entity_id": format!("{base}/saml/metadata/acme"),
            "metadata_url": format!("{base}/saml/metadata/acme"),
            "sign_on_url": format!("{base}/sign_in?domain=acme"),
            "logout_url": format!("{base}/saml/logout/acme"),
        })
    );
    assert_eq!((&read["state"], &read["live"]), (&json!("draft"), &Value::Null));
    assert_eq!(read["draft"]["session_secs"], 43_200);

    let certificate = idp_metadata::certificate(0);
    let document = idp_metadata::document("https://idp.example", &[certificate]);
    let metadata = format!("{location}/metadata");
    let (status, saved) = server.ask(Put, &metadata, Some(json!({ "xml": document }))).await;
    assert_eq!((status, &saved["metadata_warnings"]), (200, &json!([])));
    let idp = &saved["draft"]["idp"];
    assert_eq!(
        (&idp["entity_id"], &idp["sso_post"]),
        (&json!("https://idp.example"), &Value::Null)
    );
    assert_eq!(idp["certificates"][0]["fingerprint"], certificate.fingerprint);
    assert_eq!(idp["certificates"][0]["days_left"], 365);
    for (body, field) in [
        (json!({}), "url"),
        (json!({ "url": "https://a.example", "xml": document }), "url"),
        (json!({ "url": "https://a.example" }), "url"),
        (json!({ "xml": "{}" }), "xml"),
    ] {
        let (status, problem) = server.ask(Put, &metadata, Some(body.clone())).await;
        assert_eq!((status, &problem["field"]), (400, &json!(field)), "{body}");
    }
    // Each wrong member of a change is named, nested ones too.
    for (body, field) in [
        (json!({ "idp_initiated": "no" }), "idp_initiated"),
        (json!({ "clock_skew_secs": 601 }), "clock_skew_secs"),
        (json!({ "attributes": "mail" }), "attributes"),
        (json!({ "attributes": { "mail": "x" } }), "mail"),
        (json!({ "attributes": { "email": "" } }), "attributes.email"),
        (json!({ "entity_id": "mine" }), "entity_id"),
        (json!({ "tested": "2026-11-22T09:00:00Z" }), "tested"),
        (json!({ "sha1_until": "2099-01-01T00:00:00Z" }), "sha1_until"),
    ] {
        let (status, problem) = server.ask(Patch, location, Some(body.clone())).await;
        assert_eq!((status, &problem["field"]), (400, &json!(field)), "{body}");
    }
    let change =
        json!({ "entity_id": "shared", "attributes": { "email": "mail" }, "sign_requests": true });
    let (status, changed) = server.ask(Patch, location, Some(change)).await;
    assert_eq!((status, &changed["draft"]["attributes"]["email"]), (200, &json!("mail")));
    assert_eq!(changed["service_provider"]["entity_id"], format!("{base}/saml/metadata"));
    // Without a licence nothing is switched on.
    let (status, problem) = server.ask(Post, &format!("{location}/test"), None).await;
    assert_eq!((status, &problem["error"]), (403, &json!("forbidden")));
    let licence = json!({ "state": "active" });
    server.ask(Put, "/v1/organizations/acme/licence", Some(licence)).await;
    let (status, test) = server.ask(Post, &format!("{location}/test"), None).await;
    assert_eq!(status, 200);
    assert!(test["url"].as_str().unwrap().starts_with(&format!("{base}/saml/init/acme?test=")));
    assert_eq!(server.ask(Post, &format!("{location}/activate"), None).await.0, 409);
    assert_eq!(server.send(Delete, location, None).await.status, 204);
    assert_eq!(server.ask(Get, location, None).await.0, 404);
}

#[tokio::test]
async fn a_certificate_is_downloaded_as_each_idp_wants_it() {
    let server = Server::new().await;
    let path = "/v1/organizations/acme/certificates";
    let reply = server.send(Post, path, None).await;
    assert_eq!(reply.status, 201);
    let made = reply.value();
    let pem = made["pem"].as_str().unwrap().to_owned();
    let one = format!("{path}/{}", made["id"].as_str().unwrap());
    let reply = server.send(Get, &format!("{one}?format=pem"), None).await;
    assert_eq!(reply.header("content-type"), Some("application/pem-certificate-chain"));
    assert_eq!(reply.body.unwrap(), pem.as_bytes());
    let reply = server.send(Get, &format!("{one}?format=cer"), None).await;
    assert_eq!(reply.header("content-type"), Some("application/pkix-cert"));
    let name = reply.header("content-disposition").unwrap();
    assert!(name.starts_with("attachment; filename=\"acme-") && name.ends_with(".cer\""), "{name}");
    assert_eq!(reply.body.unwrap()[..2], [0x30, 0x82], "DER");
    assert_eq!(server.ask(Get, &format!("{one}?format=p12"), None).await.0, 400);
    let (_, list) = server.ask(Get, path, None).await;
    assert_eq!(list["items"][0]["days_left"], 1095);
    assert!(list["items"][0].get("pem").is_none() && !list.to_string().contains("sealed"));
    assert_eq!(server.send(Delete, &one, None).await.status, 204);
    assert_eq!(server.ask(Delete, &one, None).await.0, 404);
}

#[tokio::test]
async fn an_applications_secret_is_seen_once() {
    let server = Server::new().await;
    let path = "/v1/applications";
    let new = json!({ "name": "Doors", "redirect_uris": ["https://app.example/cb"] });
    let (status, created) = server.ask(Post, path, Some(new)).await;
    assert_eq!((status, &created["public"]), (201, &json!(false)));
    assert!(created["client_secret"].as_str().unwrap().starts_with("lys_"));
    assert_eq!(created["issuer"], "https://lychgate.test");
    let one = format!("{path}/{}", created["client_id"].as_str().unwrap());
    let (_, read) = server.ask(Get, &one, None).await;
    assert!(read.get("client_secret").is_none() && !read.to_string().contains("lys_"));
    let change = json!({ "initiate_login_uri": "https://app.example/login" });
    assert_eq!(
        server.ask(Patch, &one, Some(change.clone())).await.1["initiate_login_uri"],
        change["initiate_login_uri"]
    );
    let none = json!({ "initiate_login_uri": null });
    assert_eq!(server.ask(Patch, &one, Some(none)).await.1["initiate_login_uri"], Value::Null);
    let (status, problem) =
        server.ask(Patch, &one, Some(json!({ "redirect_uris": ["http://a.example"] }))).await;
    assert_eq!((status, &problem["field"]), (400, &json!("redirect_uris")));
    let secret = format!("{one}/secrets/{}", created["secret"]["id"].as_str().unwrap());
    assert_eq!(server.ask(Delete, &secret, None).await.0, 409, "the last one stays");
    assert_eq!(server.ask(Post, &format!("{one}/secrets"), None).await.0, 201);
    assert_eq!(server.send(Delete, &secret, None).await.status, 204);
    let public =
        json!({ "name": "Phone", "redirect_uris": ["https://app.example/p"], "public": true });
    let (_, phone) = server.ask(Post, path, Some(public)).await;
    assert_eq!((&phone["public"], &phone["client_secret"]), (&json!(true), &Value::Null));
    assert_eq!(server.send(Delete, &one, None).await.status, 204);
    assert_eq!(server.ask(Get, path, None).await.1["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_policy_and_a_members_password_and_sessions() {
    let server = Server::new().await;
    let path = "/v1/organizations/acme/sign-in";
    let change = json!({ "password": true, "email_domains": ["Acme.Example"] });
    let (status, changed) = server.ask(Patch, path, Some(change)).await;
    assert_eq!((status, &changed["email_domains"]), (200, &json!(["acme.example"])));
    assert_eq!(server.ask(Get, path, None).await.1, changed);
    assert_eq!(server.ask(Patch, path, Some(json!({ "passwords": true }))).await.0, 400);
    let ada = format!("/v1/organizations/acme/members/{}", server.members[0]);
    let (status, member) = server.ask(Put, &format!("{ada}/password"), None).await;
    assert_eq!((status, &member["password_allowed"]), (200, &json!(true)));
    let (_, member) = server.ask(Delete, &format!("{ada}/password"), None).await;
    assert_eq!(member["password_allowed"], false);
    let sessions = format!("{ada}/sessions");
    assert_eq!(server.ask(Get, &sessions, None).await.1, json!({ "items": [] }));
    assert_eq!(server.ask(Delete, &sessions, None).await, (200, json!({ "ended": 0 })));
    let attempts = "/v1/organizations/acme/attempts";
    assert_eq!(
        server.ask(Get, attempts, None).await.1,
        json!({ "items": [], "next_cursor": null })
    );
    assert_eq!(server.ask(Get, &format!("{attempts}?limit=0"), None).await.0, 400);
    assert_eq!(server.ask(Get, &format!("{attempts}/x"), None).await.1["field"], "attempt");
}

#[tokio::test]
async fn a_set_up_links_address_is_seen_once() {
    let server = Server::new().await;
    let path = "/v1/organizations/acme/setup-links";
    assert_eq!(server.ask(Get, path, None).await, (200, json!({ "items": [] })));
    let new = json!({ "name": "Grace, IT", "scopes": ["scim", "sso"], "expires_in_secs": 3600 });
    let (status, made) = server.ask(Post, path, Some(new)).await;
    assert_eq!((status, &made["scopes"]), (201, &json!(["sso", "scim"])));
    assert_eq!((&made["state"], &made["opened"]), (&json!("unopened"), &Value::Null));
    let url = made["url"].as_str().unwrap();
    let (page, secret) = url.split_once('#').unwrap();
    assert_eq!(page, "https://lychgate.test/settings/enter");
    let listed = server.ask(Get, path, None).await.1["items"].clone();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["url"]), (1, &Value::Null));
    assert!(!listed.to_string().contains(secret), "nowhere else");
    assert_eq!(listed[0]["id"], made["id"]);
    let one = format!("{path}/{}", made["id"].as_str().unwrap());
    for _ in 0..2 {
        assert_eq!(server.send(Delete, &one, None).await.status, 204);
    }
    assert_eq!(server.ask(Get, path, None).await.1["items"][0]["state"], "revoked");
    for (body, field) in [
        (json!({ "scopes": ["sso"] }), "name"),
        (json!({ "name": "Grace" }), "scopes"),
        (json!({ "name": "Grace", "scopes": [] }), "scopes"),
        (json!({ "name": "Grace", "scopes": ["all"] }), "scopes"),
        (json!({ "name": "Grace", "scopes": "sso" }), "scopes"),
        (json!({ "name": "Grace", "scopes": ["sso"], "expires_in_secs": 0 }), "expires_in_secs"),
        (json!({ "name": "Grace", "scopes": ["sso"], "expires": "2099-01-01" }), "expires"),
    ] {
        let (status, refused) = server.ask(Post, path, Some(body.clone())).await;
        assert_eq!((status, refused["field"].as_str()), (400, Some(field)), "{body}");
    }
    assert_eq!(server.ask(Delete, &format!("{path}/lnk-x"), None).await.0, 404);
    assert_eq!(server.ask(Get, "/v1/organizations/nobody/setup-links", None).await.0, 404);
    let (_, history) = server.ask(Get, "/v1/organizations/acme/events", None).await;
    let kinds: Vec<&str> = history["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    assert!(kinds.ends_with(&["setup_link.created", "setup_link.revoked"]), "{kinds:?}");
    assert_eq!(history["items"][0]["actor_name"], Value::Null, "an operator key has an id alone");
}

#[tokio::test]
async fn an_owners_link_is_for_an_owner() {
    let server = Server::new().await;
    let ada = format!("/v1/organizations/acme/members/{}/owner", server.members[0]);
    let link = format!("{ada}/link");
    assert_eq!(server.ask(Post, &link, None).await.0, 409);
    assert_eq!(server.ask(Put, &ada, None).await.0, 200);
    let (status, made) = server.ask(Post, &link, None).await;
    assert_eq!(status, 200);
    assert!(made["url"].as_str().unwrap().starts_with("https://lychgate.test/settings/enter#"));
    assert!(made["expires"].is_string());
    let (_, other) = server.ask(Post, &link, Some(json!({ "expires_in_secs": 86_400 }))).await;
    assert_ne!(other["url"], made["url"]);
    let (status, refused) =
        server.ask(Post, &link, Some(json!({ "expires_in_secs": 86_401 }))).await;
    assert_eq!((status, &refused["field"]), (400, &json!("expires_in_secs")));
    assert_eq!(server.ask(Post, &link, Some(json!({ "secs": 1 }))).await.0, 400);
    let nobody = "/v1/organizations/acme/members/x/owner/link";
    assert_eq!(server.ask(Post, nobody, None).await.0, 404);
}
