//! The client-credentials grant on the in-memory store, up to the gate that the access token opens.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use base64::{Engine, prelude::BASE64_STANDARD};
use lychgate_core::{
    client_credentials::{ErrorCode, Issued, OauthError, Request, issue},
    credential::{Credential, CredentialKey},
    ctx::World,
    operator::{
        clients::{self, CreatedSecret},
        directory, licence, organizations,
    },
    organization::{ACCESS_TOKEN_SECS_MIN, Licence, LicenceState},
    ports::{Directory, Wanted},
};
use lychgate_testkit::{FakeWorld, MemoryStore};

const DOMAIN: &str = "acme";
const FORM: &str = "application/x-www-form-urlencoded";

struct Scene {
    world: FakeWorld,
    store: MemoryStore,
    client: CreatedSecret,
}

impl Scene {
    async fn new() -> Self {
        let (world, store) = (FakeWorld::new(1), MemoryStore::new());
        let ctx = world.ctx();
        let new = organizations::New { domain: DOMAIN, name: "Acme" };
        organizations::create(&ctx, &store, &new).await.unwrap();
        let ends = Some(world.now().plus_secs(1_000_000));
        let client = clients::create(&ctx, &store, DOMAIN, "entra", ends).await.unwrap();
        let scene = Self { world, store, client };
        scene.license(LicenceState::Active).await;
        scene.switch(true).await;
        scene
    }

    async fn license(&self, state: LicenceState) {
        let licence = Licence { state, seats: None, ends: None };
        licence::set(&self.world.ctx(), &self.store, DOMAIN, licence).await.unwrap();
    }

    async fn switch(&self, enabled: bool) {
        let update = directory::Update { enabled: Some(enabled), ..directory::Update::default() };
        directory::update(&self.world.ctx(), &self.store, DOMAIN, &update).await.unwrap();
    }

    async fn ask(&self, id: &str, secret: &str) -> Result<Issued, OauthError> {
        let header = format!("Basic {}", BASE64_STANDARD.encode(format!("{id}:{secret}")));
        let request = Request {
            authorization: Some(&header),
            content_type: Some(FORM),
            form: b"grant_type=client_credentials&scope=scim",
        };
        issue(&self.world.ctx(), &self.store, &request).await
    }

    async fn ask_rightly(&self) -> Result<Issued, OauthError> {
        self.ask(&self.client.client_id, &self.client.text).await
    }
}

fn code(result: Result<Issued, OauthError>) -> ErrorCode {
    result.err().unwrap().code
}

#[tokio::test]
async fn a_client_gets_a_token_that_is_kept_until_it_ends() {
    let scene = Scene::new().await;
    let issued = scene.ask_rightly().await.ok().unwrap();
    assert_eq!(issued.expires_in, u64::from(ACCESS_TOKEN_SECS_MIN));
    assert_eq!(issued.scope.as_deref(), Some("scim"));
    let credential = Credential::parse(&issued.access_token).unwrap();
    let CredentialKey::Access(id) = &credential.key else { panic!("no access token") };
    let wanted = Wanted { access_token: Some(id.clone()), ..Wanted::default() };
    let ctx = scene.world.ctx();
    let found = scene.store.fetch(&ctx, &credential.organization, wanted).await.unwrap();
    let kept = found.access_token.unwrap();
    assert!(credential.proves(&kept.hash));
    assert_eq!(kept.expires, scene.world.now().plus_secs(issued.expires_in));
}

#[tokio::test]
async fn the_form_does_as_well_as_basic() {
    let scene = Scene::new().await;
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        scene.client.client_id, scene.client.text
    );
    let request = Request { authorization: None, content_type: Some(FORM), form: form.as_bytes() };
    let issued = issue(&scene.world.ctx(), &scene.store, &request).await.ok().unwrap();
    assert_eq!(issued.scope, None);
}

#[tokio::test]
async fn who_is_unknown_and_who_is_wrong_hear_the_same() {
    let scene = Scene::new().await;
    let (id, text) = (scene.client.client_id.as_str(), scene.client.text.as_str());
    let wrong_secret = format!("{}0", text.get(..text.len() - 1).unwrap());
    let wrong_secret = if wrong_secret == text { text.replace('0', "1") } else { wrong_secret };
    let wrong_client = format!("{}zzzzzzzz", id.get(..id.len() - 8).unwrap());
    let mut answers = Vec::new();
    for (id, secret) in [
        (id, wrong_secret.as_str()),
        (wrong_client.as_str(), text),
        ("lyc_0000000000000000_00000000", text),
        ("nobody", text),
        (id, "nothing"),
        ("", ""),
    ] {
        answers.push(scene.ask(id, secret).await.err().unwrap());
    }
    scene.world.advance_secs(1_000_000);
    answers.push(scene.ask_rightly().await.err().unwrap());
    assert!(answers.iter().all(|answer| answer == answers.first().unwrap()), "{answers:?}");
    assert_eq!(answers.first().unwrap().code, ErrorCode::InvalidClient);
}

#[tokio::test]
async fn a_closed_directory_says_so_but_only_to_its_client() {
    let scene = Scene::new().await;
    scene.switch(false).await;
    assert_eq!(code(scene.ask_rightly().await), ErrorCode::UnauthorizedClient);
    assert_eq!(code(scene.ask("nobody", "x").await), ErrorCode::InvalidClient);
    scene.switch(true).await;
    for state in [LicenceState::Expired, LicenceState::None] {
        scene.license(state).await;
        let error = scene.ask_rightly().await.err().unwrap();
        assert_eq!(error.code, ErrorCode::UnauthorizedClient);
        assert!(error.description.contains("licence"), "{}", error.description);
        // RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E.
        assert!(
            error.description.chars().all(|c| (' '..='~').contains(&c) && c != '"' && c != '\\')
        );
    }
}

#[tokio::test]
async fn a_token_ends_with_its_secret_and_a_retired_secret_gets_none() {
    let scene = Scene::new().await;
    scene.world.advance_secs(1_000_000 - 60);
    assert_eq!(scene.ask_rightly().await.ok().unwrap().expires_in, 60);
    let (client, secret) = (scene.client.client.id.to_string(), scene.client.secret.id.to_string());
    clients::retire_secret(&scene.world.ctx(), &scene.store, DOMAIN, &client, &secret)
        .await
        .unwrap();
    assert_eq!(code(scene.ask_rightly().await), ErrorCode::InvalidClient);
}
