//! The operator's side of sign-in, on the in-memory store and a scripted outside.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod applying;
mod certifying;
mod connecting;
mod members;
mod policy;
mod refreshing;

use lychgate_core::{
    connection::Connection,
    ctx::{Ctx, World},
    event::{Actor, StoredEvent},
    ids::OperatorKeyId,
    operator::{
        Refusal, RefusalKind, connection_states as states, connections, events, licence,
        metadata::{self, Given},
        organizations::{self, New},
    },
    organization::{Licence, LicenceState, Organization},
    ports::Connections,
};
use lychgate_saml::metadata::Rules;
use lychgate_testkit::{FakeOutside, FakeWorld, Faulty, MemoryStore, idp_metadata};

const DOMAIN: &str = "acme";
const IDP: &str = "https://idp.example/entity";
const URL: &str = "https://idp.example/metadata";

struct Scene {
    world: FakeWorld,
    store: Faulty<MemoryStore>,
    outside: FakeOutside,
}

impl Scene {
    /// `acme`, with a licence.
    async fn new() -> Self {
        let (world, store) = (FakeWorld::new(1), Faulty::new(MemoryStore::new()));
        let scene = Self { world, store, outside: FakeOutside::new() };
        let new = New { domain: DOMAIN, name: "Acme" };
        organizations::create(&scene.ctx(), &scene.store, &new).await.unwrap();
        scene.licence(LicenceState::Active).await;
        scene
    }

    fn ctx(&self) -> Ctx<'_> {
        let key = OperatorKeyId::from_bare("00000000").unwrap();
        Ctx { actor: Actor::Operator(key), ..self.world.ctx() }
    }

    async fn licence(&self, state: LicenceState) {
        let licence = Licence { state, seats: None, ends: None };
        licence::set(&self.ctx(), &self.store, DOMAIN, licence).await.unwrap();
    }

    async fn organization(&self) -> Organization {
        organizations::find(&self.ctx(), &self.store, DOMAIN).await.unwrap()
    }

    /// A connection with nothing but a name.
    async fn draft(&self, name: &str) -> String {
        let ctx = self.ctx();
        let created = connections::create(&ctx, &self.store, DOMAIN, name, None);
        created.await.unwrap().connection.id.to_string()
    }

    async fn save(&self, id: &str, given: Given<'_>) -> Result<metadata::Saved, Refusal> {
        let (ctx, rules) = (self.ctx(), Rules::default());
        metadata::save(&ctx, &self.store, &self.outside, &rules, DOMAIN, id, given).await
    }

    async fn read(&self, id: &str) -> Connection {
        connections::read(&self.ctx(), &self.store, DOMAIN, id).await.unwrap().connection
    }

    /// As a test sign-in that passed leaves it.
    async fn pass_test(&self, id: &str) {
        let before = self.read(id).await;
        let mut after = before.clone();
        after.version += 1;
        after.draft.as_mut().unwrap().tested = Some(self.world.now());
        let organization = self.organization().await.id;
        let ctx = self.ctx();
        let put = self.store.put_connection(&ctx, &organization, Some(&before), &after, None, None);
        put.await.unwrap();
    }

    async fn activate(&self, id: &str) -> Result<connections::Shown, Refusal> {
        states::activate(&self.ctx(), &self.store, DOMAIN, id).await
    }

    /// A connection that is live, with metadata of this IdP from this address.
    async fn live(&self, entity_id: &str, url: &str) -> String {
        self.outside.serve(url, idp_metadata::document(entity_id, &[idp_metadata::certificate(0)]));
        let id = self.draft(entity_id).await;
        self.save(&id, Given::Url(url)).await.unwrap();
        self.pass_test(&id).await;
        self.activate(&id).await.unwrap();
        id
    }

    async fn history(&self) -> Vec<StoredEvent> {
        events::history(&self.ctx(), &self.store, DOMAIN, None, Some(200)).await.unwrap().events
    }

    async fn kinds(&self) -> Vec<String> {
        self.history().await.into_iter().map(|event| event.kind).collect()
    }
}

/// The refusal's kind, and its field or nothing.
fn refused<T: std::fmt::Debug>(result: Result<T, Refusal>) -> (RefusalKind, String) {
    let refusal = result.unwrap_err();
    assert!(refusal.detail.len() > 20, "{refusal:?}");
    (refusal.kind, refusal.field.unwrap_or_default())
}
