//! An organization with an owner, a member and requests in its log; browsers; and a store that counts its calls.

use std::{collections::BTreeMap, sync::Arc};

use lychgate_core::{
    event::{EventKind, StoredEvent},
    idp::Rules,
    ids::ConnectionId,
    journal::RequestEntry,
    organization::Organization,
    ports::{Journal, Organizations, SignInWrite, SignIns, Users},
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
use lychgate_testkit::{
    FakeOutside, FakeWorld, Faulty, MemoryStore,
    build::{self, Acme, user_keys},
};

const FORM: &str = "application/x-www-form-urlencoded";
/// What a stranger may write wherever they may write.
pub(crate) const PROBE: &str = "\"><script>alert(1)</script>{{7*7}}javascript:\u{202e}x";

pub(crate) struct Scene {
    pub(crate) world: Arc<FakeWorld>,
    pub(crate) store: Faulty<MemoryStore>,
    pub(crate) handler: Box<dyn Handler>,
    pub(crate) acme: Organization,
    pub(crate) ada: User,
    pub(crate) bo: User,
}

/// A browser: it keeps cookies.
#[derive(Default, Clone)]
pub(crate) struct Browser(pub(crate) BTreeMap<String, String>);

impl Scene {
    /// SCIM is off, and there are no tokens.
    pub(crate) async fn new() -> Self {
        let (world, store) = (Arc::new(FakeWorld::new(9)), Faulty::new(MemoryStore::new()));
        let stack = Stack::new(&Config::default(), world.clone()).unwrap();
        let handler = settings::handler(stack, store.clone(), FakeOutside::new(), Rules::default());
        let person = |name| User { password_allowed: true, ..build::user(world.as_ref(), name) };
        let (ada, bo) = (person("ada@acme.test"), person("bo@acme.test"));
        let mut acme = Acme::new(world.as_ref(), "acme").organization;
        acme.owners = vec![ada.id];
        acme.name = format!("Acme {PROBE}");
        acme.sign_in.password = true;
        acme.directory.enabled = false;
        acme.directory.tokens.clear();
        let event = build::event(EventKind::OrganizationCreated, "", "acme");
        store.create_organization(&world.ctx(), &acme, &event).await.unwrap();
        for user in [&ada, &bo] {
            let (ctx, keys) = (world.ctx(), user_keys(user));
            store.create_user(&ctx, &acme.id, user, &keys, None, &event).await.unwrap();
        }
        Self { world, store, handler: Box::new(handler), acme, ada, bo }
    }

    pub(crate) async fn send(&self, browser: &mut Browser, mut request: Request) -> Reply {
        request.cookies = browser.0.clone().into_iter().collect();
        let reply = self.handler.handle(&request).await;
        for cookie in &reply.cookies {
            let (name, rest) = cookie.split_once('=').unwrap();
            assert!(rest.contains("HttpOnly") && rest.contains("SameSite=Lax"), "{cookie}");
            match rest.split(';').next().unwrap() {
                "" => browser.0.remove(name),
                value => browser.0.insert(name.to_owned(), value.to_owned()),
            };
        }
        reply
    }

    pub(crate) async fn get(&self, browser: &mut Browser, rest: &str) -> Reply {
        self.send(browser, Request::new(Method::Get, &self.path(rest))).await
    }

    /// The text of a page that there is.
    pub(crate) async fn page(&self, browser: &mut Browser, rest: &str) -> String {
        let reply = self.get(browser, rest).await;
        assert_eq!(reply.status, 200, "{rest}: {}", text(&reply));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        text(&reply)
    }

    pub(crate) async fn post(
        &self,
        browser: &mut Browser,
        rest: &str,
        fields: &[(&str, &str)],
    ) -> Reply {
        let token = browser.0.get("__Host-lyform").cloned().unwrap_or_default();
        self.post_with(browser, rest, &token, fields).await
    }

    pub(crate) async fn post_with(
        &self,
        browser: &mut Browser,
        rest: &str,
        token: &str,
        fields: &[(&str, &str)],
    ) -> Reply {
        let mut body = format!("form={token}");
        for (name, value) in fields {
            body += &format!("&{name}={}", encoded(value));
        }
        let path = self.path(rest);
        let request = Request::new(Method::Post, &path).with_header("content-type", FORM);
        self.send(browser, request.with_body(body)).await
    }

    pub(crate) fn path(&self, rest: &str) -> String {
        match rest.starts_with("/settings") {
            true => rest.to_owned(),
            false => format!("/settings/{}{rest}", self.acme.id),
        }
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
        let name = Cookies::of(ctx.base_url).name(Cookie::Session(&self.acme.id));
        let mut browser = Browser(BTreeMap::from([(name, cookie.text())]));
        // The page that gives it the token of its forms, whoever is allowed to see it.
        self.get(&mut browser, "").await;
        browser
    }

    pub(crate) async fn owner(&self) -> Browser {
        self.signed_in(&self.ada).await
    }

    /// A browser that was let in by a set-up link with these scopes.
    pub(crate) async fn guest(&self, name: &str, scopes: &[Scope]) -> Browser {
        let (ctx, acme) = (self.world.ctx(), self.acme.id.to_string());
        let made = links::make_setup_link(&ctx, &self.store, &acme, name, scopes, None);
        let url = made.await.unwrap().url;
        let mut browser = Browser::default();
        self.send(&mut browser, Request::new(Method::Get, "/settings/enter")).await;
        let opened = self.post(&mut browser, "/settings/enter", &[("link", &url)]).await;
        assert_eq!(location(&opened), self.path(""));
        browser
    }

    /// The organization as it is now.
    pub(crate) async fn now(&self) -> Organization {
        let found = self.store.organization(&self.world.ctx(), &self.acme.id).await;
        found.unwrap().unwrap()
    }

    pub(crate) async fn change(&self, change: impl FnOnce(&mut Organization)) {
        let before = self.now().await;
        let mut after = before.clone();
        after.version += 1;
        change(&mut after);
        let (ctx, event) = (self.world.ctx(), build::event(EventKind::OrganizationUpdated, "", ""));
        self.store.update_organization(&ctx, &before, &after, &event).await.unwrap();
    }

    pub(crate) async fn events(&self) -> Vec<StoredEvent> {
        let ctx = self.world.ctx();
        self.store.events_after(&ctx, &self.acme.id, None, 200).await.unwrap()
    }

    pub(crate) async fn kinds(&self) -> Vec<String> {
        self.events().await.into_iter().map(|event| event.kind).collect()
    }

    /// A request of a provisioning client, this long ago.
    pub(crate) async fn came(
        &self,
        secs_ago: u64,
        status: u16,
        change: impl FnOnce(&mut RequestEntry),
    ) {
        let ctx = self.world.ctx();
        let mut entry = RequestEntry {
            at: ctx.now().minus_secs(secs_ago),
            request_id: format!("JKJaXmPLvHcESHA={secs_ago}"),
            method: "PATCH".to_owned(),
            path: "/scim/v2/Users/6f1c".to_owned(),
            actor: "token:tok-unknown".to_owned(),
            client: Some("Okta SCIM Client 1.0.0".to_owned()),
            status,
            scim_type: None,
            detail: None,
            notices: Vec::new(),
            millis: 12,
        };
        change(&mut entry);
        self.store.record(&ctx, &self.acme.id, &entry).await;
    }

    /// How many calls to the store a page costs.
    pub(crate) async fn reads(&self, browser: &mut Browser, rest: &str) -> u64 {
        let before = self.store.calls();
        self.page(browser, rest).await;
        self.store.calls() - before
    }
}

pub(crate) fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |out, byte| out + &format!("%{byte:02X}"))
}

pub(crate) fn text(reply: &Reply) -> String {
    String::from_utf8(reply.body.clone().unwrap_or_default()).unwrap()
}

pub(crate) fn location(reply: &Reply) -> &str {
    assert_eq!(reply.status, 303, "{}", text(reply));
    reply.header("location").unwrap()
}

/// What stands between two pieces of a page.
pub(crate) fn between<'a>(page: &'a str, before: &str, after: &str) -> &'a str {
    let rest = page.split_once(before).unwrap_or_else(|| panic!("no {before} in {page}")).1;
    rest.split_once(after).unwrap().0
}

/// A page without its markup and with one blank between words, as it is read.
pub(crate) fn read(page: &str) -> String {
    let mut out = String::new();
    for part in page.split('<') {
        out.push_str(part.split_once('>').map_or(part, |(_, text)| text));
        out.push(' ');
    }
    let text = out.replace("&#38;", "&").replace("&#39;", "'").replace("&#34;", "\"");
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace(" .", ".").replace(" ,", ",")
}

/// No text of a stranger is markup: whatever begins with the probe is escaped.
pub(crate) fn assert_harmless(page: &str) {
    assert!(!page.contains("<script>alert"), "{page}");
    assert!(!page.contains("{{7*7}}\"") && !page.contains("href=\"javascript:"), "{page}");
}
