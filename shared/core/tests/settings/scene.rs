//! Two organizations with an owner and a member each, browsers, and links.

use std::cell::RefCell;

use lychgate_core::{
    event::{Actor, EventKind, StoredEvent},
    ids::{OrganizationId, UserId},
    operator::members,
    organization::{Licence, LicenceState, Organization},
    ports::{Directory, Fetched, Organizations, SignInWrite, SignIns, Users, Wanted},
    record::User,
    session::{SessionMethod, link_text},
    sessions,
    settings::{
        access::{Area, Brought, Closed, Visitor, enter},
        link::{Scope, SettingsLink},
        links::{self, ENTER_PATH, Made, NotOpened, Opened},
    },
};
use lychgate_testkit::{
    FakeWorld, Faulty, MemoryStore,
    build::{self, Acme, user_keys},
    world::BASE_URL,
};

/// How long a session lasts here, in seconds.
pub(crate) const SESSION_SECS: u64 = 3_600;
/// All parts of the settings.
pub(crate) const AREAS: [Area; 7] = [
    Area::Overview,
    Area::Sso,
    Area::Certificates,
    Area::Scim,
    Area::Members,
    Area::History,
    Area::Links,
];

pub(crate) struct Scene {
    pub(crate) world: FakeWorld,
    pub(crate) store: Faulty<MemoryStore>,
    pub(crate) acme: OrganizationId,
    pub(crate) other: OrganizationId,
    /// The owner of Acme.
    pub(crate) ada: User,
    /// A member of Acme, and no owner.
    pub(crate) bob: User,
}

/// A browser's cookies of one organization.
#[derive(Debug, Clone, Default)]
pub(crate) struct Browser {
    pub(crate) session: Option<String>,
    pub(crate) visit: RefCell<Option<String>>,
}

impl Browser {
    pub(crate) fn visiting(opened: &Opened) -> Self {
        Self { session: None, visit: RefCell::new(Some(opened.cookie.text())) }
    }
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let (world, store) = (FakeWorld::new(26), Faulty::new(MemoryStore::new()));
        let (acme, ada, bob) = organization(&world, &store, "acme").await;
        let (other, ..) = organization(&world, &store, "other").await;
        Self { world, store, acme, other, ada, bob }
    }

    /// Signs a member in: the session's cookie.
    pub(crate) async fn sign_in(&self, user: UserId) -> Browser {
        let ctx = self.world.ctx();
        let expires = self.world.now_plus(SESSION_SECS);
        let (session, cookie) = sessions::begin(&ctx, user, SessionMethod::Password, expires);
        let write = SignInWrite {
            flow: None,
            assertion: None,
            member: None,
            name_id: None,
            session: Some(&session),
            grant: None,
            connection: None,
        };
        self.store.sign_in(&ctx, &self.acme, write).await.unwrap();
        Browser { session: Some(cookie.text()), ..Browser::default() }
    }

    pub(crate) async fn enter_at(
        &self,
        organization: &OrganizationId,
        browser: &Browser,
        area: Area,
    ) -> Result<Visitor, Closed> {
        let visit = browser.visit.borrow().clone();
        let brought = Brought { session: browser.session.as_deref(), visit: visit.as_deref() };
        let (ctx, more) = (self.world.ctx(), Wanted::default());
        enter(&ctx, &self.store, organization, brought, area, more).await.map(|(who, _)| who)
    }

    pub(crate) async fn enter(&self, browser: &Browser, area: Area) -> Result<Visitor, Closed> {
        self.enter_at(&self.acme, browser, area).await
    }

    pub(crate) async fn setup_link(&self, scopes: &[Scope]) -> Made {
        self.setup_link_for(scopes, None).await
    }

    pub(crate) async fn setup_link_for(&self, scopes: &[Scope], secs: Option<u64>) -> Made {
        self.world.advance_millis(1);
        let (ctx, acme) = (self.ctx_of_owner(), self.acme.to_string());
        links::make_setup_link(&ctx, &self.store, &acme, "Grace, IT", scopes, secs).await.unwrap()
    }

    pub(crate) async fn owner_link(&self) -> Made {
        let (ctx, ada) = (self.world.ctx(), self.ada.id.to_string());
        links::make_owner_link(&ctx, &self.store, "acme", &ada, None).await.unwrap()
    }

    /// Opens a link in a browser, which keeps the cookie.
    pub(crate) async fn open(&self, made: &Made, browser: &Browser) -> Result<Opened, NotOpened> {
        let opened = self.open_text(text_of(made), browser).await?;
        *browser.visit.borrow_mut() = Some(opened.cookie.text());
        Ok(opened)
    }

    pub(crate) async fn open_text(
        &self,
        text: &str,
        browser: &Browser,
    ) -> Result<Opened, NotOpened> {
        let ctx = self.world.ctx();
        let brought = |organization: &OrganizationId| {
            (*organization == self.acme).then(|| browser.visit.borrow().clone()).flatten()
        };
        links::open(&ctx, &self.store, text, brought).await
    }

    /// A browser in which the link has just been opened.
    pub(crate) async fn inside(&self, made: &Made) -> Browser {
        let browser = Browser::default();
        self.open(made, &browser).await.unwrap();
        browser
    }

    pub(crate) async fn revoke(&self, made: &Made) {
        let (ctx, acme, id) = (self.world.ctx(), self.acme.to_string(), made.link.id.to_string());
        links::revoke(&ctx, &self.store, &acme, &id).await.unwrap();
    }

    pub(crate) async fn link(&self, made: &Made) -> Option<SettingsLink> {
        let wanted = Wanted { settings_link: Some(made.link.id.clone()), ..Wanted::default() };
        self.fetch(wanted).await.settings_link
    }

    pub(crate) async fn fetch(&self, wanted: Wanted) -> Fetched {
        self.store.inner().fetch(&self.world.ctx(), &self.acme, wanted).await.unwrap()
    }

    pub(crate) async fn enter_user(&self) -> User {
        let wanted = Wanted { users: vec![self.ada.id], ..Wanted::default() };
        self.fetch(wanted).await.users.pop().unwrap()
    }

    pub(crate) async fn organization(&self) -> Organization {
        self.store.inner().organization(&self.world.ctx(), &self.acme).await.unwrap().unwrap()
    }

    pub(crate) async fn licence(&self, state: LicenceState) {
        let before = self.organization().await;
        let licence = Licence { state, ..before.licence };
        let after = Organization { licence, version: before.version + 1, ..before.clone() };
        let event = build::event(EventKind::OrganizationUpdated, "", "");
        let ctx = self.world.ctx();
        assert!(self.store.update_organization(&ctx, &before, &after, &event).await.unwrap());
    }

    pub(crate) async fn own(&self, user: UserId) {
        let (ctx, user) = (self.world.ctx(), user.to_string());
        members::add_owner(&ctx, &self.store, "acme", &user).await.unwrap();
    }

    pub(crate) async fn disown(&self, user: UserId) {
        let (ctx, user) = (self.world.ctx(), user.to_string());
        members::remove_owner(&ctx, &self.store, "acme", &user).await.unwrap();
    }

    pub(crate) async fn suspend(&self, user: UserId) {
        let (ctx, user) = (self.world.ctx(), user.to_string());
        members::suspend(&ctx, &self.store, "acme", &user).await.unwrap();
    }

    pub(crate) async fn delete(&self, user: UserId) {
        self.suspend(user).await;
        let (ctx, user) = (self.world.ctx(), user.to_string());
        members::delete(&ctx, &self.store, "acme", &user).await.unwrap();
    }

    /// The history, oldest first, from the first event about a link.
    pub(crate) async fn events(&self) -> Vec<StoredEvent> {
        let store = self.store.inner();
        let all = store.events_after(&self.world.ctx(), &self.acme, None, 1_000).await.unwrap();
        all.into_iter().filter(|event| event.subject_kind == "link").collect()
    }

    pub(crate) async fn kinds(&self) -> Vec<String> {
        self.events().await.into_iter().map(|event| event.kind).collect()
    }

    pub(crate) fn ctx_of_owner(&self) -> lychgate_core::ctx::Ctx<'_> {
        let actor = Actor::Owner(self.ada.id, self.ada.user_name().to_owned());
        lychgate_core::ctx::Ctx { actor, ..self.world.ctx() }
    }
}

/// The link's text, from its address: behind `#`, where no server sees it.
pub(crate) fn text_of(made: &Made) -> &str {
    let (address, text) = made.url.split_once('#').unwrap();
    assert_eq!(address, format!("{BASE_URL}{ENTER_PATH}"));
    text
}

/// The text of this link with another secret.
pub(crate) fn guessed(scene: &Scene, made: &Made) -> String {
    let (_, secret) = text_of(made).rsplit_once('_').unwrap();
    let guess: String = secret.chars().rev().collect();
    assert_ne!(guess, secret);
    link_text(&scene.acme, &made.link.id, &guess)
}

trait Later {
    fn now_plus(&self, secs: u64) -> lychgate_core::time::Timestamp;
}

impl Later for FakeWorld {
    fn now_plus(&self, secs: u64) -> lychgate_core::time::Timestamp {
        lychgate_core::ctx::World::now(self).plus_secs(secs)
    }
}

async fn organization(
    world: &FakeWorld,
    store: &Faulty<MemoryStore>,
    domain: &str,
) -> (OrganizationId, User, User) {
    let organization = Acme::new(world, domain).organization;
    let created = build::event(EventKind::OrganizationCreated, "", domain);
    let ctx = world.ctx();
    assert!(store.create_organization(&ctx, &organization, &created).await.unwrap());
    let mut users = Vec::new();
    for name in ["ada", "bob", "eve"] {
        let user = build::user(world, &format!("{name}@{domain}.test"));
        let event = build::event(EventKind::MemberCreated, &user.id.to_string(), name);
        let keys = user_keys(&user);
        store.create_user(&ctx, &organization.id, &user, &keys, None, &event).await.unwrap();
        users.push(user);
    }
    let [ada, bob, eve] = users.try_into().unwrap();
    for owner in [&ada, &eve] {
        members::add_owner(&ctx, store, domain, &owner.id.to_string()).await.unwrap();
    }
    (organization.id, ada, bob)
}
