//! An organization with an owner and a member, an identity provider, and browsers.

use std::{collections::BTreeMap, sync::Arc};

use lychgate_core::{
    connection::{Connection, SignInSetup},
    ctx::World,
    event::EventKind,
    ids::ConnectionId,
    organization::{LicenceState, Organization},
    ports::{Attempts, Connections, Organizations, SignInWrite, SignIns, Users},
    record::User,
    sessions,
    settings::{link::Scope, links},
};
use lychgate_edge::{
    config::Config,
    cookie::{Cookie, Cookies},
    handler::{Handler, Stack},
    reply::Reply,
    request::{Method, Request},
};
use lychgate_idp::{Idp, KeyKind, SigningKey};
use lychgate_testkit::{
    FakeOutside, FakeWorld, MemoryStore,
    build::{self, Acme, user_keys},
    faulty::Faulty,
};
use time::{Duration, OffsetDateTime};

/// What [`Request::new`] says.
pub(crate) const BASE: &str = "https://lychgate.test";
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
/// What a page of the settings may weigh, in bytes.
pub(crate) const PAGE_BYTES_MAX: usize = 60_000;
/// Names that a stranger would like to be more than text.
pub(crate) const EVIL: &str =
    "\"><script>alert(1)</script>{{7*7}}' onx='\u{202e}javascript:alert(2)";

pub(crate) struct Scene {
    pub(crate) world: Arc<FakeWorld>,
    pub(crate) store: Faulty<MemoryStore>,
    pub(crate) outside: FakeOutside,
    pub(crate) idp: Idp,
    pub(crate) acme: Organization,
    pub(crate) ada: User,
    settings: Box<dyn Handler>,
    init: Box<dyn Handler>,
    acs: Box<dyn Handler>,
}

/// A browser: it keeps cookies.
#[derive(Default, Clone)]
pub(crate) struct Browser {
    pub(crate) cookies: BTreeMap<String, String>,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let (world, inner) = (Arc::new(FakeWorld::new(5)), MemoryStore::new());
        let (outside, store) = (FakeOutside::new(), Faulty::new(inner.clone()));
        let stack = Stack::new(&Config::default(), Arc::clone(&world) as Arc<dyn World>).unwrap();
        let mut acme = Acme::new(world.as_ref(), "acme").organization;
        let ada = build::user(world.as_ref(), "ada@acme.test");
        acme.owners = vec![ada.id];
        let rules = lychgate_core::idp::Rules::default();
        let scene = Self {
            settings: Box::new(settings::handler(
                stack.clone(),
                store.clone(),
                outside.clone(),
                rules,
            )),
            init: Box::new(saml_init::handler(stack.clone(), inner.clone(), outside.clone())),
            acs: Box::new(saml_acs::handler(stack, inner, outside.clone())),
            idp: idp(world.as_ref()),
            world,
            store,
            outside,
            acme,
            ada,
        };
        let (ctx, event) =
            (scene.world.ctx(), build::event(EventKind::OrganizationCreated, "", ""));
        let inner = scene.store.inner();
        assert!(inner.create_organization(&ctx, &scene.acme, &event).await.unwrap());
        scene.member(&scene.ada).await;
        drop(ctx);
        scene
    }

    async fn member(&self, user: &User) {
        let event = build::event(EventKind::MemberCreated, &user.id.to_string(), "m");
        let (ctx, keys) = (self.world.ctx(), user_keys(user));
        let inner = self.store.inner();
        inner.create_user(&ctx, &self.acme.id, user, &keys, None, &event).await.unwrap();
    }

    async fn browser(&self, user: &User) -> Browser {
        let ctx = self.world.ctx();
        let ends = self.world.now().plus_secs(30 * 86_400);
        // One that began with a password holds only while the member may have one.
        let through = ConnectionId::new(self.world.as_ref());
        let method = build::session(self.world.as_ref(), user.id, &through).method;
        let (session, cookie) = sessions::begin(&ctx, user.id, method, ends);
        let write = SignInWrite {
            flow: None,
            assertion: None,
            member: None,
            name_id: None,
            session: Some(&session),
            grant: None,
            connection: None,
        };
        self.store.inner().sign_in(&ctx, &self.acme.id, write).await.unwrap();
        let name = Cookies::of(BASE).name(Cookie::Session(&self.acme.id));
        Browser { cookies: BTreeMap::from([(name, cookie.text())]) }
    }

    pub(crate) async fn owner(&self) -> Browser {
        self.browser(&self.ada).await
    }

    /// A member who is no owner.
    pub(crate) async fn bob(&self) -> Browser {
        let bob = build::user(self.world.as_ref(), "bob@acme.test");
        self.member(&bob).await;
        self.browser(&bob).await
    }

    pub(crate) async fn guest(&self, scope: Scope) -> Browser {
        let (ctx, store) = (self.world.ctx(), self.store.inner());
        let id = self.acme.id.to_string();
        let name = scope.text();
        let made = links::make_setup_link(&ctx, store, &id, name, &[scope], None).await.unwrap();
        let (_, text) = made.url.split_once('#').unwrap();
        let opened = links::open(&ctx, store, text, |_| None).await.ok().unwrap();
        let name = Cookies::of(BASE).name(Cookie::Visit(&self.acme.id));
        Browser { cookies: BTreeMap::from([(name, opened.cookie.text())]) }
    }

    /// A path of the settings.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/settings/{}{rest}", self.acme.id)
    }

    pub(crate) async fn send(&self, browser: &mut Browser, mut request: Request) -> Reply {
        let cookies = &browser.cookies;
        request.cookies = cookies.iter().map(|(a, b)| (a.clone(), b.clone())).collect();
        let handler = match request.segments.first().map(String::as_str) {
            Some("saml") if request.method == Method::Get => &self.init,
            Some("saml") => &self.acs,
            _ => &self.settings,
        };
        let reply = handler.handle(&request).await;
        for cookie in &reply.cookies {
            let (name, rest) = cookie.split_once('=').unwrap();
            browser.cookies.insert(name.to_owned(), rest.split(';').next().unwrap().to_owned());
        }
        reply
    }

    pub(crate) async fn get(&self, browser: &mut Browser, target: &str) -> Reply {
        self.send(browser, Request::new(Method::Get, target)).await
    }

    /// A page, shown in full.
    pub(crate) async fn page(&self, browser: &mut Browser, target: &str) -> String {
        let reply = self.get(browser, target).await;
        assert_eq!(reply.status, 200, "{target}: {reply:?}");
        text(&reply)
    }

    /// A form with the browser's token, if it has one.
    pub(crate) async fn post(
        &self,
        browser: &mut Browser,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Reply {
        let name = Cookies::of(BASE).name(Cookie::Form);
        if !browser.cookies.contains_key(&name) {
            self.get(browser, &self.path("/sso")).await;
        }
        let token = browser.cookies.get(&name).cloned().unwrap_or_default();
        let fields = fields.iter().copied().chain([("form", token.as_str())]);
        let pairs: Vec<String> = fields.map(|(a, b)| format!("{a}={}", encoded(b))).collect();
        let request = Request::new(Method::Post, path).with_header("content-type", FORM);
        self.send(browser, request.with_body(pairs.join("&"))).await
    }

    pub(crate) async fn setup(&self) -> SignInSetup {
        let ctx = self.world.ctx();
        self.store.inner().sign_in_setup(&ctx, &self.acme.id).await.unwrap().unwrap()
    }

    pub(crate) async fn connection(&self, id: &ConnectionId) -> Connection {
        self.setup().await.connections.into_iter().find(|one| one.id == *id).unwrap()
    }

    /// A connection that was put there.
    pub(crate) async fn put(&self, connection: Connection) -> Connection {
        let ctx = self.world.ctx();
        let (store, id) = (self.store.inner(), &self.acme.id);
        store.put_connection(&ctx, id, None, &connection, None, None).await.unwrap();
        connection
    }

    /// A connection to the IdP of the scene: tested, not active.
    pub(crate) async fn tested(&self, name: &str) -> Connection {
        let mut connection = build::connection(self.world.as_ref(), name);
        let document = self.idp.metadata(lychgate_idp::MetadataStyle::Okta).unwrap();
        let rules = lychgate_core::idp::Rules::default();
        let read = lychgate_core::idp::read(document.as_bytes(), self.world.now(), &rules).unwrap();
        let draft = connection.draft.as_mut().unwrap();
        draft.idp = Some(read.idp);
        draft.entity_id = lychgate_core::connection::EntityIdChoice::Organization;
        draft.tested = Some(self.world.now());
        self.put(connection).await
    }

    pub(crate) async fn attempts(&self) -> Vec<lychgate_core::attempt::Attempt> {
        let ctx = self.world.ctx();
        self.store.inner().attempts_before(&ctx, &self.acme.id, None, 100).await.unwrap()
    }

    /// What the table holds, to see that nothing was written.
    pub(crate) async fn state(&self) -> String {
        format!("{:?}", self.setup().await)
    }

    pub(crate) async fn expire_licence(&self) {
        let mut after = self.acme.clone();
        (after.version, after.licence.state) = (after.version + 1, LicenceState::Expired);
        let (ctx, event) = (self.world.ctx(), build::event(EventKind::OrganizationUpdated, "", ""));
        let store = self.store.inner();
        assert!(store.update_organization(&ctx, &self.acme, &after, &event).await.unwrap());
    }
}

fn idp(world: &FakeWorld) -> Idp {
    let now = now(world);
    let (from, to) = (now - Duration::days(1), now + Duration::days(400));
    let key = SigningKey::generate(KeyKind::P256, "idp", from, to).unwrap();
    Idp::new("http://www.okta.com/exk1", "https://acme.okta.com/app/exk1/sso/saml", key)
}

pub(crate) fn now(world: &FakeWorld) -> OffsetDateTime {
    let at = i64::try_from(world.now().unix_secs()).unwrap();
    OffsetDateTime::from_unix_timestamp(at).unwrap()
}

pub(crate) fn text(reply: &Reply) -> String {
    assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"), "{reply:?}");
    let page = String::from_utf8(reply.body.clone().unwrap()).unwrap();
    assert!(page.len() <= PAGE_BYTES_MAX, "{} bytes", page.len());
    assert!(!page.contains("alert(1)<"), "{page}");
    page
}

/// Where a redirect leads.
pub(crate) fn to(reply: &Reply) -> String {
    assert_eq!(
        reply.status,
        303,
        "{}",
        String::from_utf8_lossy(reply.body.as_deref().unwrap_or(b""))
    );
    reply.header("location").unwrap().to_owned()
}

/// What stands between this and that.
pub(crate) fn between<'a>(page: &'a str, before: &str, after: &str) -> &'a str {
    let rest = page.split_once(before).unwrap_or_else(|| panic!("no {before} in {page}")).1;
    rest.split_once(after).unwrap().0
}

pub(crate) fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |out, byte| out + &format!("%{byte:02X}"))
}
