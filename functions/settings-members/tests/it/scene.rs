//! An organization with an owner and members, another one beside it, and browsers.

use std::{collections::BTreeMap, sync::Arc};

use lychgate_core::{
    ctx::World,
    event::{Actor, Event, EventKind},
    ids::{ConnectionId, UserId},
    organization::Organization,
    ports::{Directory, Groups, Organizations, SettingsLinks, SignInWrite, SignIns, Users, Wanted},
    record::{Group, Suspension, User},
    secret::SecretHash,
    sessions,
    settings::{access::VisitCookie, link::SettingsLink},
};
use lychgate_edge::{
    config::Config,
    cookie::{Cookie, Cookies},
    handler::{Handler, Stack},
    reply::Reply,
    request::{Method, Request},
};
use lychgate_testkit::{
    FakeWorld, Faulty, MemoryStore,
    build::{self, Acme, group_keys, member, user_keys},
};
use serde_json::{Value, json};

pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
pub(crate) const SECRET: &str = "0123456789abcdefghjkmnpqrstvwxyz0123456789abcdefghjk";
const BASE_URL: &str = "https://lychgate.test";
/// What a shown page may cost.
pub(crate) const READS_MAX: u64 = 3;
/// What a page may weigh, in bytes.
pub(crate) const PAGE_BYTES_MAX: usize = 60_000;

pub(crate) struct Scene {
    pub(crate) world: Arc<FakeWorld>,
    pub(crate) store: MemoryStore,
    pub(crate) counted: Faulty<MemoryStore>,
    pub(crate) handler: Box<dyn Handler>,
    pub(crate) acme: Organization,
    pub(crate) other: Organization,
    /// The owner.
    pub(crate) ada: User,
}

#[derive(Default, Clone)]
pub(crate) struct Browser {
    pub(crate) cookies: BTreeMap<String, String>,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Organization)) -> Self {
        let (world, store) = (Arc::new(FakeWorld::new(5)), MemoryStore::new());
        let counted = Faulty::new(store.clone());
        let stack = Stack::new(&Config::default(), world.clone()).unwrap();
        let handler = Box::new(settings_members::handler(stack, counted.clone()));
        let ada = build::user_with(
            world.as_ref(),
            "ada@acme.test",
            &json!({"displayName": "Ada Lovelace"}),
        );
        let mut acme = Acme::new(world.as_ref(), "acme").organization;
        acme.owners.push(ada.id);
        change(&mut acme);
        let other = Acme::new(world.as_ref(), "other").organization;
        for organization in [&acme, &other] {
            let event = build::event(EventKind::OrganizationCreated, "", "acme");
            assert!(store.create_organization(&world.ctx(), organization, &event).await.unwrap());
        }
        let scene = Self { world, store, counted, handler, acme, other, ada };
        scene.put(&scene.acme, &scene.ada).await;
        scene
    }

    async fn put(&self, organization: &Organization, user: &User) {
        let event = build::event(EventKind::MemberCreated, &user.id.to_string(), user.user_name());
        let (ctx, keys) = (self.world.ctx(), user_keys(user));
        self.store.create_user(&ctx, &organization.id, user, &keys, None, &event).await.unwrap();
    }

    /// A member; a second later than the one before.
    pub(crate) async fn add(&self, user_name: &str, more: &Value) -> User {
        self.world.advance_secs(1);
        let user = build::user_with(self.world.as_ref(), user_name, more);
        self.put(&self.acme, &user).await;
        user
    }

    /// A member whom the identity provider has suspended so many days ago.
    pub(crate) async fn add_suspended(&self, user_name: &str, days: u64) -> User {
        self.world.advance_secs(1);
        let user = build::user(self.world.as_ref(), user_name);
        let since = user.created.minus_secs(days * 86_400);
        let by = format!("token:{}", self.acme.directory.tokens[0].id);
        let user = User { suspended: Some(Suspension { since, by }), ..user };
        self.put(&self.acme, &user).await;
        user
    }

    pub(crate) async fn add_many(&self, count: usize) -> Vec<User> {
        let mut users = Vec::new();
        for number in 0..count {
            users.push(self.add(&format!("u{number}@acme.test"), &json!({})).await);
        }
        users
    }

    pub(crate) async fn gather(&self, name: &str, users: &[User]) -> Group {
        let mut group = build::group(self.world.as_ref(), name);
        group.member_count = users.len() as u64;
        let members: Vec<_> = users.iter().map(member).collect();
        let event = build::event(EventKind::GroupCreated, &group.id.to_string(), name);
        let (ctx, keys) = (self.world.ctx(), group_keys(&group));
        self.store
            .create_group(&ctx, &self.acme.id, &group, &keys, &members, &event)
            .await
            .unwrap();
        group
    }

    /// Puts an event into the history, by changing the organization.
    pub(crate) async fn happened(
        &mut self,
        kind: EventKind,
        actor: Actor,
        subject: (&'static str, &str, &str),
        data: Value,
    ) {
        self.world.advance_secs(1);
        let mut after = self.acme.clone();
        after.version += 1;
        let Value::Object(data) = data else { panic!("data is an object") };
        let (subject_kind, id, name) = subject;
        let (subject_id, subject_name) = (id.to_owned(), name.to_owned());
        let event = Event { kind, actor, subject_kind, subject_id, subject_name, data };
        self.store
            .update_organization(&self.world.ctx(), &self.acme, &after, &event)
            .await
            .unwrap();
        self.acme = after;
    }

    pub(crate) async fn user(&self, id: UserId) -> Option<User> {
        let wanted = Wanted { users: vec![id], ..Wanted::default() };
        let found = self.store.fetch(&self.world.ctx(), &self.acme.id, wanted).await;
        found.unwrap().users.pop()
    }

    pub(crate) async fn organization(&self) -> Organization {
        self.store.organization(&self.world.ctx(), &self.acme.id).await.unwrap().unwrap()
    }

    pub(crate) async fn event_kinds(&self) -> Vec<String> {
        let ctx = self.world.ctx();
        let events = self.store.events_before(&ctx, &self.acme.id, None, 1_000);
        events.await.unwrap().into_iter().map(|event| event.kind).collect()
    }

    /// A browser in which the owner opened their link.
    pub(crate) async fn owner(&self) -> Browser {
        let link = build::owner_link(self.world.as_ref(), self.ada.id);
        self.visit(link, Some(self.ada.id)).await
    }

    /// A browser in which somebody opened a set-up link.
    pub(crate) async fn guest(&self) -> Browser {
        self.visit(build::setup_link(self.world.as_ref(), "IT team"), None).await
    }

    async fn visit(&self, link: SettingsLink, user: Option<UserId>) -> Browser {
        let browser = SecretHash::of(SECRET.as_bytes());
        let link = SettingsLink {
            opened: Some((self.world.now(), browser)),
            expires: self.world.now().plus_secs(8 * 3_600),
            ..link
        };
        let ctx = self.world.ctx();
        self.store.put_settings_link(&ctx, &self.acme.id, None, &link, None).await.unwrap();
        let name = Cookies::of(BASE_URL).name(Cookie::Visit(&self.acme.id));
        let cookie = VisitCookie::new(link.id, user, SECRET.to_owned()).text();
        Browser { cookies: BTreeMap::from([(name, cookie)]) }
    }

    /// A browser in which this member is signed in.
    pub(crate) async fn signed_in(&self, user: &User) -> Browser {
        let ctx = self.world.ctx();
        let ends = ctx.now().plus_secs(3_600);
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
        self.store.sign_in(&ctx, &self.acme.id, write).await.unwrap();
        let name = Cookies::of(BASE_URL).name(Cookie::Session(&self.acme.id));
        Browser { cookies: BTreeMap::from([(name, cookie.text())]) }
    }

    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/settings/{}{rest}", self.acme.id)
    }

    pub(crate) async fn send(&self, browser: &mut Browser, mut request: Request) -> Reply {
        request.cookies = browser.cookies.iter().map(|(a, b)| (a.clone(), b.clone())).collect();
        let reply = self.handler.handle(&request).await;
        for cookie in &reply.cookies {
            let (name, rest) = cookie.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            browser.cookies.insert(name.to_owned(), value.to_owned());
        }
        reply
    }

    /// A page at a path of these settings, with what it cost held to its limit.
    pub(crate) async fn page(&self, browser: &mut Browser, rest: &str) -> String {
        let before = self.counted.calls();
        let reply = self.get(browser, rest).await;
        let reads = self.counted.calls() - before;
        assert!(reads <= READS_MAX, "{rest} cost {reads} reads");
        assert_eq!(reply.status, 200, "{rest}: {}", text(&reply));
        let page = text(&reply);
        assert!(page.len() <= PAGE_BYTES_MAX, "{rest} weighs {} bytes", page.len());
        assert_eq!(page.matches("<h1").count(), 1, "{rest}");
        assert!(!page.contains("style=") && !page.contains("onclick"), "{rest}");
        page
    }

    pub(crate) async fn get(&self, browser: &mut Browser, rest: &str) -> Reply {
        self.send(browser, Request::new(Method::Get, &self.path(rest))).await
    }

    /// A form of the page at `from`, sent to `to` with these fields beside its token.
    pub(crate) async fn post(
        &self,
        browser: &mut Browser,
        from: &str,
        to: &str,
        fields: &str,
    ) -> Reply {
        let page = text(&self.get(browser, from).await);
        let token = between(&page, "name=\"form\" value=\"", "\"").unwrap();
        self.post_raw(browser, to, &format!("form={token}&{fields}")).await
    }

    pub(crate) async fn post_raw(&self, browser: &mut Browser, to: &str, body: &str) -> Reply {
        let request = Request::new(Method::Post, &self.path(to));
        self.send(browser, request.with_header("content-type", FORM).with_body(body)).await
    }

    /// The sentence of the page that a finished form leads to.
    pub(crate) async fn done(&self, browser: &mut Browser, reply: &Reply) -> String {
        assert_eq!(reply.status, 303, "{}", text_of(reply));
        let target = reply.header("location").unwrap().to_owned();
        let page = text(&self.send(browser, Request::new(Method::Get, &target)).await);
        between(&page, "<p class=\"notice good\" role=\"status\">", "</p>").unwrap()
    }
}

pub(crate) fn text(reply: &Reply) -> String {
    assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"), "{reply:?}");
    text_of(reply)
}

pub(crate) fn text_of(reply: &Reply) -> String {
    String::from_utf8(reply.body.clone().unwrap_or_default()).unwrap()
}

pub(crate) fn between(page: &str, before: &str, after: &str) -> Option<String> {
    Some(page.split_once(before)?.1.split_once(after)?.0.to_owned())
}

/// The address of the link with this text.
pub(crate) fn href(page: &str, label: &str) -> Option<String> {
    let end = format!("\">{label}</a>");
    let end = if page.contains(&end) { end } else { format!("\" rel=\"next\">{label}</a>") };
    let (before, _) = page.split_once(&end)?;
    let (_, href) = before.rsplit_once("href=\"")?;
    Some(href.replace("&#38;", "&"))
}
