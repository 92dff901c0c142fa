//! Two organizations with passwords, a member of each, an application, and a browser.

use std::{collections::BTreeMap, sync::Arc};

use lychgate_core::{
    application::Application,
    connection::Connection,
    event::EventKind,
    organization::Organization,
    passwords,
    ports::{Applications, Connections, Organizations, Sessions, Users},
    record::User,
};
use lychgate_edge::{
    config::Config,
    handler::{Handler, Stack},
    reply::Reply,
    request::{Method, Request},
};
use lychgate_testkit::{
    FakeOutside, FakeWorld, MemoryStore,
    build::{self, Acme, user_keys},
};

pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const BACK: &str = "https%3A%2F%2Fapp.example.com%2Fcallback";
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

pub(crate) struct Scene {
    pub(crate) world: Arc<FakeWorld>,
    pub(crate) store: MemoryStore,
    pub(crate) outside: FakeOutside,
    pub(crate) handler: Box<dyn Handler>,
    pub(crate) acme: Organization,
    pub(crate) other: Organization,
    pub(crate) ada: User,
    pub(crate) application: Application,
}

/// A browser: it keeps cookies.
#[derive(Default)]
pub(crate) struct Browser {
    pub(crate) cookies: BTreeMap<String, String>,
    /// Where its requests come from.
    pub(crate) source_ip: Option<String>,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::with_mailer(true).await
    }

    pub(crate) async fn with_mailer(mails: bool) -> Self {
        let (world, store) = (Arc::new(FakeWorld::new(5)), MemoryStore::new());
        let outside = FakeOutside::new();
        let stack = Stack::new(&Config::default(), world.clone()).unwrap();
        let mailer = mails.then(|| outside.clone());
        let handler = sign_in::handler(stack, store.clone(), outside.clone(), mailer);
        let acme = organization(&world, &store, "acme").await;
        let other = organization(&world, &store, "other").await;
        let ada = member(&world, &store, &acme).await;
        member(&world, &store, &other).await;
        let application = build::application(world.as_ref(), "App");
        store.put_application(&world.ctx(), None, &application).await.unwrap();
        let handler = Box::new(handler);
        Self { world, store, outside, handler, acme, other, ada, application }
    }

    pub(crate) async fn send(&self, browser: &mut Browser, mut request: Request) -> Reply {
        let cookies = &browser.cookies;
        request.cookies = cookies.iter().map(|(a, b)| (a.clone(), b.clone())).collect();
        request.source_ip.clone_from(&browser.source_ip);
        let reply = self.handler.handle(&request).await;
        for cookie in &reply.cookies {
            let (name, rest) = cookie.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if rest.contains("Max-Age=0;") {
                browser.cookies.remove(name);
            } else {
                browser.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        reply
    }

    pub(crate) async fn get(&self, browser: &mut Browser, target: &str) -> Reply {
        self.send(browser, Request::new(Method::Get, target)).await
    }

    pub(crate) async fn post(&self, browser: &mut Browser, path: &str, form: &str) -> Reply {
        let request = Request::new(Method::Post, path);
        self.send(browser, request.with_header("content-type", FORM).with_body(form)).await
    }

    /// The form of a page, filled in: its hidden fields, and these.
    pub(crate) async fn fill_in(&self, browser: &mut Browser, target: &str, fields: &str) -> Reply {
        let page = text(&self.get(browser, target).await);
        let path = attribute(&page, "<form method=\"post\" action=\"").unwrap();
        let form = format!("{}{fields}", hidden(&page));
        self.post(browser, &path, &form).await
    }

    pub(crate) async fn guess(&self, browser: &mut Browser, domain: &str, password: &str) -> Reply {
        let fields = format!("email=ada%40acme.test&password={}", password.replace(' ', "+"));
        self.fill_in(browser, &format!("/sign_in?organization={domain}"), &fields).await
    }

    /// An application's request.
    pub(crate) fn query(&self, more: &str) -> String {
        format!(
            "response_type=code&client_id={}&redirect_uri={BACK}&scope=openid&state=s%26t&nonce=n\
             &code_challenge={CHALLENGE}&code_challenge_method=S256{more}",
            self.application.id
        )
    }

    /// Gives Ada a password; gives the link's text, used up.
    pub(crate) async fn set_password(&self, organization: &Organization, user: &User) -> String {
        let link = self.link(organization, user).await;
        let ctx = self.world.ctx();
        assert!(passwords::set(&ctx, &self.store, &link, PASSWORD).await.is_ok());
        self.world.advance_secs(1);
        link
    }

    pub(crate) async fn link(&self, organization: &Organization, user: &User) -> String {
        let (ctx, none) = (self.world.ctx(), None::<&FakeOutside>);
        let made = passwords::link_by_hand(&ctx, &self.store, none, organization, user).await;
        made.unwrap().0.split_once("?link=").unwrap().1.to_owned()
    }

    pub(crate) async fn change(&mut self, change: impl FnOnce(&mut Organization)) {
        let mut after = self.acme.clone();
        after.version += 1;
        change(&mut after);
        let (ctx, event) = (self.world.ctx(), build::event(EventKind::OrganizationUpdated, "", ""));
        self.store.update_organization(&ctx, &self.acme, &after, &event).await.unwrap();
        drop(ctx);
        self.acme = after;
    }

    /// An active connection of this name.
    pub(crate) async fn connect(&mut self, name: &str) -> Connection {
        let draft = build::connection(self.world.as_ref(), name);
        let live = Connection { version: 1, ..build::activated(&draft) };
        let ctx = self.world.ctx();
        self.store.put_connection(&ctx, &self.acme.id, None, &live, None, None).await.unwrap();
        drop(ctx);
        let id = live.id.clone();
        self.change(|acme| acme.sign_in.active_connections.push(id)).await;
        live
    }

    pub(crate) async fn sessions(&self) -> usize {
        let ctx = self.world.ctx();
        self.store.sessions_of(&ctx, &self.acme.id, self.ada.id).await.unwrap().len()
    }
}

async fn organization(world: &FakeWorld, store: &MemoryStore, domain: &str) -> Organization {
    let mut organization = Acme::new(world, domain).organization;
    organization.sign_in.password = true;
    organization.name = format!("{domain} <b>&\"Sons'");
    let event = build::event(EventKind::OrganizationCreated, "", domain);
    assert!(store.create_organization(&world.ctx(), &organization, &event).await.unwrap());
    organization
}

async fn member(world: &FakeWorld, store: &MemoryStore, organization: &Organization) -> User {
    let user = User { password_allowed: true, ..build::user(world, "ada@acme.test") };
    let event = build::event(EventKind::MemberCreated, &user.id.to_string(), "ada@acme.test");
    let (ctx, keys) = (world.ctx(), user_keys(&user));
    store.create_user(&ctx, &organization.id, &user, &keys, None, &event).await.unwrap();
    user
}

pub(crate) fn text(reply: &Reply) -> String {
    assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"), "{reply:?}");
    String::from_utf8(reply.body.clone().unwrap()).unwrap()
}

pub(crate) fn location(reply: &Reply) -> &str {
    assert_eq!(reply.status, 303, "{reply:?}");
    reply.header("location").unwrap()
}

/// What stands between this and the next quote.
pub(crate) fn attribute(page: &str, before: &str) -> Option<String> {
    let rest = page.split_once(before)?.1;
    Some(rest.split_once('"')?.0.replace("&#38;", "&"))
}

/// The hidden fields of a page's form, as a browser would send them.
pub(crate) fn hidden(page: &str) -> String {
    let mut form = String::new();
    for field in page.split("<input type=\"hidden\" name=\"").skip(1) {
        let (name, rest) = field.split_once('"').unwrap();
        let value = attribute(rest, "value=\"").unwrap();
        let decoded = [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">")]
            .into_iter()
            .fold(value, |value, (from, to)| value.replace(from, to));
        form.extend([name, "=", &encoded(&decoded), "&"]);
    }
    form
}

pub(crate) fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |out, byte| out + &format!("%{byte:02X}"))
}
