//! Two organizations with passwords, a member of each who has one, and what people type.

use lychgate_core::{
    attempt::Attempt,
    event::{Actor, Event, EventKind},
    ids::UserId,
    organization::Organization,
    password::PasswordRecord,
    passwords::{self, Guess, Refusal, SignedIn},
    ports::{Attempts, Organizations, Passwords, Sessions, Users},
    record::User,
};
use lychgate_testkit::{
    FakeOutside, FakeWorld, Faulty, MemoryStore,
    build::{self, Acme, user_keys, user_with},
};
use serde_json::{Value, json};

pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const WRONG: &str = "wrong horse battery";
pub(crate) const OFFICE: &str = "192.0.2.1";

pub(crate) struct Scene {
    pub(crate) world: FakeWorld,
    pub(crate) store: Faulty<MemoryStore>,
    pub(crate) outside: FakeOutside,
    pub(crate) acme: Organization,
    pub(crate) other: Organization,
    pub(crate) ada: User,
}

impl Scene {
    /// Ada has a password at Acme, and so has a namesake of hers at the other organization: another one.
    pub(crate) async fn new() -> Self {
        let (world, store) = (FakeWorld::new(11), Faulty::new(MemoryStore::new()));
        let acme = organization(&world, &store, "acme").await;
        let other = organization(&world, &store, "other").await;
        let ada = member(&world, &store, &acme, "ada@acme.test", true, &json!({})).await;
        let scene = Self { world, store, outside: FakeOutside::new(), acme, other, ada };
        scene.set(&scene.acme, &scene.ada, PASSWORD).await;
        scene
    }

    pub(crate) async fn member(&self, name: &str, allowed: bool, more: &Value) -> User {
        member(&self.world, &self.store, &self.acme, name, allowed, more).await
    }

    /// As a link sets it.
    pub(crate) async fn set(&self, organization: &Organization, user: &User, password: &str) {
        let text = self.link(organization, user).await;
        assert!(passwords::set(&self.world.ctx(), &self.store, &text, password).await.is_ok());
        self.world.advance_secs(1);
    }

    /// The text of a link by the operator.
    pub(crate) async fn link(&self, organization: &Organization, user: &User) -> String {
        let (ctx, none) = (self.world.ctx(), None::<&FakeOutside>);
        let link = passwords::link_by_hand(&ctx, &self.store, none, organization, user).await;
        text_of(&link.unwrap().0)
    }

    pub(crate) async fn sign_in(
        &self,
        email: &str,
        password: &str,
        source_ip: &str,
        device: Option<&str>,
    ) -> Result<SignedIn, Refusal> {
        // Attempts of one millisecond have no order.
        self.world.advance_millis(1);
        let guess = Guess { email, password, source_ip: Some(source_ip), device };
        passwords::sign_in(&self.world.ctx(), &self.store, &self.acme, guess, None).await
    }

    /// What became of a guess at Ada's password, from an address of its own.
    pub(crate) async fn guess(&self, number: u32, password: &str) -> Result<SignedIn, Refusal> {
        self.sign_in("ada@acme.test", password, &format!("198.51.100.{number}"), None).await
    }

    pub(crate) async fn ask(&self, email: &str, source_ip: &str) {
        let (ctx, acme) = (self.world.ctx(), &self.acme);
        let asked =
            passwords::ask_for_link(&ctx, &self.store, &self.outside, acme, email, Some(source_ip));
        asked.await.unwrap();
    }

    pub(crate) async fn record(&self, user: UserId) -> Option<PasswordRecord> {
        self.store.password(&self.world.ctx(), &self.acme.id, user).await.unwrap()
    }

    pub(crate) async fn sessions(&self, user: UserId) -> usize {
        let ctx = self.world.ctx();
        self.store.sessions_of(&ctx, &self.acme.id, user).await.unwrap().len()
    }

    /// Newest first.
    pub(crate) async fn attempts(&self) -> Vec<Attempt> {
        let ctx = self.world.ctx();
        self.store.attempts_before(&ctx, &self.acme.id, None, 1_000).await.unwrap()
    }

    pub(crate) async fn suspend(&self, user: &User) {
        let (ctx, id) = (self.world.ctx(), user.id.to_string());
        lychgate_core::operator::members::suspend(&ctx, &self.store, "acme", &id).await.unwrap();
    }

    pub(crate) async fn change(&mut self, change: impl FnOnce(&mut Organization)) {
        let mut after = self.acme.clone();
        after.version += 1;
        change(&mut after);
        let event = build::event(EventKind::OrganizationUpdated, "", "");
        let ctx = self.world.ctx();
        self.store.update_organization(&ctx, &self.acme, &after, &event).await.unwrap();
        drop(ctx);
        self.acme = after;
    }

    /// The events' kinds of the first organization.
    pub(crate) async fn events(&self) -> Vec<String> {
        let ctx = self.world.ctx();
        let events = self.store.events_after(&ctx, &self.acme.id, None, 1_000).await.unwrap();
        events.into_iter().map(|stored| stored.kind).collect()
    }
}

/// The link's text, from its address.
pub(crate) fn text_of(url: &str) -> String {
    url.split_once("/password/new?link=").unwrap().1.to_owned()
}

/// What the person is told.
pub(crate) fn told(result: Result<SignedIn, Refusal>) -> Refusal {
    match result {
        Ok(signed_in) => panic!("{} was let in", signed_in.user.user_name()),
        Err(refusal) => refusal,
    }
}

async fn organization(
    world: &FakeWorld,
    store: &Faulty<MemoryStore>,
    domain: &str,
) -> Organization {
    let mut organization = Acme::new(world, domain).organization;
    organization.sign_in.password = true;
    let event = build::event(EventKind::OrganizationCreated, "", domain);
    assert!(store.create_organization(&world.ctx(), &organization, &event).await.unwrap());
    organization
}

pub(crate) async fn member(
    world: &FakeWorld,
    store: &Faulty<MemoryStore>,
    organization: &Organization,
    name: &str,
    allowed: bool,
    more: &Value,
) -> User {
    let user = User { password_allowed: allowed, ..user_with(world, name, more) };
    let event = Event {
        kind: EventKind::MemberCreated,
        actor: Actor::System,
        subject_kind: "user",
        subject_id: user.id.to_string(),
        subject_name: name.to_owned(),
        data: serde_json::Map::new(),
    };
    let (ctx, keys) = (world.ctx(), user_keys(&user));
    store.create_user(&ctx, &organization.id, &user, &keys, None, &event).await.unwrap();
    user
}
