//! The token endpoint as it looks from outside (RFC 6749 §5).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use lychgate_core::{
    operator::{clients, directory, licence, organizations},
    organization::{Licence, LicenceState},
};
use lychgate_edge::{
    config::Config,
    handler::{Handler, Stack},
    reply::Reply,
    request::{Method, Request},
};
use lychgate_testkit::{FakeWorld, Fault, Faulty, MemoryStore};

async fn ask(fault: Option<Fault>, form: impl FnOnce(&str, &str) -> String) -> Reply {
    let (world, store) = (Arc::new(FakeWorld::new(1)), Faulty::new(MemoryStore::new()));
    let ctx = world.ctx();
    let new = organizations::New { domain: "acme", name: "Acme" };
    organizations::create(&ctx, &store, &new).await.unwrap();
    let client = clients::create(&ctx, &store, "acme", "entra", None).await.unwrap();
    let active = Licence { state: LicenceState::Active, seats: None, ends: None };
    licence::set(&ctx, &store, "acme", active).await.unwrap();
    let on = directory::Update { enabled: Some(true), ..directory::Update::default() };
    directory::update(&ctx, &store, "acme", &on).await.unwrap();
    if let Some(fault) = fault {
        store.strike_call(1, fault);
    }
    drop(ctx);
    let stack = Stack::new(&Config::default(), world).unwrap();
    let handler = oauth_token::handler(stack, store);
    let request = Request::new(Method::Post, "/oauth/token")
        .with_header("content-type", "application/x-www-form-urlencoded")
        .with_body(form(&client.client_id, &client.text));
    let reply = handler.handle(&request).await;
    let wire = reply.clone().finish(&request);
    assert_eq!(wire.headers.get("cache-control"), Some("no-store"));
    assert_eq!(wire.headers.get("pragma"), Some("no-cache"));
    reply
}

fn full(id: &str, secret: &str) -> String {
    format!("grant_type=client_credentials&client_id={id}&client_secret={secret}&scope=a%20b")
}

#[tokio::test]
async fn a_token_is_given_as_the_rfc_writes_it() {
    let reply = ask(None, full).await;
    let body = reply.value();
    assert_eq!(reply.status, 200, "{body}");
    assert!(body["access_token"].as_str().unwrap().starts_with("lya_"));
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 3_600);
    assert_eq!(body["scope"], "a b");
}

#[tokio::test]
async fn errors_have_the_rfcs_form() {
    for (form, status, error) in [
        ("", 400, "invalid_request"),
        ("grant_type=authorization_code", 400, "unsupported_grant_type"),
        ("grant_type=client_credentials", 401, "invalid_client"),
        ("grant_type=client_credentials&client_id=x&client_secret=y", 401, "invalid_client"),
    ] {
        let reply = ask(None, |_, _| form.to_owned()).await;
        assert_eq!((reply.status, reply.value()["error"].as_str()), (status, Some(error)));
        assert!(reply.value()["error_description"].is_string());
        let challenge = reply.header("www-authenticate");
        assert_eq!(challenge.is_some_and(|text| text.starts_with("Basic ")), status == 401);
    }
}

#[tokio::test]
async fn an_absent_store_is_no_wrong_secret() {
    for fault in [Fault::Before, Fault::Throttle] {
        let reply = ask(Some(fault), full).await;
        assert_eq!(reply.status, 503);
        assert_eq!(reply.value()["error"], "temporarily_unavailable");
        assert!(reply.header("retry-after").is_some());
    }
}
