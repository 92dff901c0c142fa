//! The way into the settings: links that are opened, made and taken back; who is sent where.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeMap, sync::Arc};

use lychgate_core::{
    event::{Actor, EventKind},
    idp::Rules,
    organization::Organization,
    ports::{Organizations, SettingsLinks, Users},
    record::User,
    settings::{
        link::{OWNER_VISIT_SECS, Scope},
        links,
    },
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

const FORM: &str = "application/x-www-form-urlencoded";
const PROBE: &str = "\"><script>alert(1)</script>{{7*7}}";

struct Scene {
    world: Arc<FakeWorld>,
    store: MemoryStore,
    handler: Box<dyn Handler>,
    acme: Organization,
    ada: User,
}

/// A browser: it keeps cookies.
#[derive(Default, Clone)]
struct Browser(BTreeMap<String, String>);

impl Scene {
    async fn new() -> Self {
        let (world, store) = (Arc::new(FakeWorld::new(7)), MemoryStore::new());
        let stack = Stack::new(&Config::default(), world.clone()).unwrap();
        let handler = settings::handler(stack, store.clone(), FakeOutside::new(), Rules::default());
        let ada = build::user(world.as_ref(), "ada@acme.test");
        let mut acme = Acme::new(world.as_ref(), "acme").organization;
        acme.owners = vec![ada.id];
        acme.name = format!("Acme {PROBE}");
        let event = build::event(EventKind::OrganizationCreated, "", "acme");
        store.create_organization(&world.ctx(), &acme, &event).await.unwrap();
        let (ctx, keys) = (world.ctx(), user_keys(&ada));
        store.create_user(&ctx, &acme.id, &ada, &keys, None, &event).await.unwrap();
        drop(ctx);
        Self { world, store, handler: Box::new(handler), acme, ada }
    }

    async fn send(&self, browser: &mut Browser, mut request: Request) -> Reply {
        request.cookies = browser.0.clone().into_iter().collect();
        let reply = self.handler.handle(&request).await;
        for cookie in &reply.cookies {
            let (name, rest) = cookie.split_once('=').unwrap();
            assert!(rest.contains("HttpOnly") && rest.contains("SameSite=Lax"), "{cookie}");
            browser.0.insert(name.to_owned(), rest.split(';').next().unwrap().to_owned());
        }
        reply
    }

    async fn get(&self, browser: &mut Browser, path: &str) -> Reply {
        self.send(browser, Request::new(Method::Get, path)).await
    }

    async fn post(&self, browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Reply {
        let token = browser.0.get("__Host-lyform").cloned().unwrap_or_default();
        let mut body = format!("form={token}");
        for (name, value) in fields {
            body += &format!("&{name}={}", encoded(value));
        }
        let request = Request::new(Method::Post, path).with_header("content-type", FORM);
        self.send(browser, request.with_body(body)).await
    }

    /// A browser that pastes this link.
    async fn opens(&self, browser: &mut Browser, url: &str) -> Reply {
        self.get(browser, "/settings/enter").await;
        self.post(browser, "/settings/enter", &[("link", url)]).await
    }

    async fn owner_link(&self) -> String {
        let (ctx, acme) = (self.world.ctx(), self.acme.id.to_string());
        let ada = self.ada.id.to_string();
        links::make_owner_link(&ctx, &self.store, &acme, &ada, None).await.unwrap().url
    }

    async fn setup_link(&self, scopes: &[Scope]) -> (String, String) {
        let (ctx, acme) = (self.world.ctx(), self.acme.id.to_string());
        let made = links::make_setup_link(&ctx, &self.store, &acme, "Grace, IT", scopes, None);
        let made = made.await.unwrap();
        (made.url, made.link.id.to_string())
    }

    fn home(&self) -> String {
        format!("/settings/{}", self.acme.id)
    }

    async fn kinds(&self) -> Vec<(String, String)> {
        let events = self.store.events_after(&self.world.ctx(), &self.acme.id, None, 100).await;
        events.unwrap().into_iter().map(|event| (event.kind, event.actor)).collect()
    }
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |out, byte| out + &format!("%{byte:02X}"))
}

fn text(reply: &Reply) -> String {
    String::from_utf8(reply.body.clone().unwrap()).unwrap()
}

fn location(reply: &Reply) -> &str {
    assert_eq!(reply.status, 303, "{reply:?}");
    reply.header("location").unwrap()
}

#[tokio::test]
async fn an_owners_link_opens_once_and_for_a_working_day() {
    let scene = Scene::new().await;
    let url = scene.owner_link().await;
    let (mine, theirs) = (&mut Browser::default(), &mut Browser::default());
    let links = format!("{}/links", scene.home());
    assert_eq!(location(&scene.opens(mine, &url).await), scene.home());
    assert_eq!(scene.get(mine, &links).await.status, 200);
    // The same browser may click it again; another one may not.
    assert_eq!(location(&scene.opens(mine, &url).await), scene.home());
    let refused = scene.opens(theirs, &url).await;
    assert_eq!(refused.status, 403);
    assert!(text(&refused).contains("This link was opened before"));
    assert!(location(&scene.get(theirs, &links).await).starts_with("/sign_in?organization=acme"));
    scene.world.advance_secs(OWNER_VISIT_SECS);
    assert_eq!(scene.get(mine, &links).await.status, 403);
    let actor = Actor::Owner(scene.ada.id, String::new()).text();
    assert!(scene.kinds().await.contains(&("owner_link.opened".to_owned(), actor)));
}

#[tokio::test]
async fn a_link_that_was_not_opened_in_time_is_told_so() {
    let scene = Scene::new().await;
    let url = scene.owner_link().await;
    scene.world.advance_secs(300);
    let reply = scene.opens(&mut Browser::default(), &url).await;
    assert_eq!(reply.status, 403);
    assert!(text(&reply).contains("This link has ended"));
}

#[tokio::test]
async fn what_is_no_link_is_asked_for_again() {
    let scene = Scene::new().await;
    let url = scene.owner_link().await;
    let mut cut = url.clone();
    cut.pop();
    for pasted in ["", "x", PROBE, &cut, &format!("{url}x"), &url.to_uppercase()] {
        let reply = scene.opens(&mut Browser::default(), pasted).await;
        assert_eq!(reply.status, 400, "{pasted}");
        let page = text(&reply);
        assert!(page.contains("This is no link that we know") && !page.contains("<script>alert"));
    }
    // And none of it used the real one up.
    assert_eq!(scene.opens(&mut Browser::default(), &url).await.status, 303);
}

#[tokio::test]
async fn a_guest_opens_what_the_link_is_for_and_nothing_else() {
    let scene = Scene::new().await;
    let (url, id) = scene.setup_link(&[Scope::Scim]).await;
    let guest = &mut Browser::default();
    scene.opens(guest, &url).await;
    for part in ["/links", "/sso", "/members", "/history"] {
        let reply = scene.get(guest, &format!("{}{part}", scene.home())).await;
        // The members' pages are another function's: from here they are nothing.
        assert!(matches!(reply.status, 403 | 404), "{part}: {}", reply.status);
    }
    let out_of_scope = scene.get(guest, &format!("{}/links", scene.home())).await;
    assert!(text(&out_of_scope).contains("Not part of your link"));
    // Taken back: out with the next click.
    let (ctx, acme) = (scene.world.ctx(), scene.acme.id.to_string());
    links::revoke(&ctx, &scene.store, &acme, &id).await.unwrap();
    let reply = scene.get(guest, &format!("{}/scim", scene.home())).await;
    assert_eq!(reply.status, 403);
    assert!(text(&reply).contains("This link has ended"));
}

#[tokio::test]
async fn an_owner_makes_a_link_watches_it_and_takes_it_back() {
    let scene = Scene::new().await;
    let owner = &mut Browser::default();
    scene.opens(owner, &scene.owner_link().await).await;
    let path = format!("{}/links", scene.home());
    scene.get(owner, &path).await;
    let fields = [("name", PROBE), ("scope", "sso"), ("scope", "scim"), ("days", "14")];
    let made = scene.post(owner, &path, &fields).await;
    assert_eq!(made.status, 200);
    let page = text(&made);
    assert!(page.contains("Copy it now") && !page.contains("<script>alert"));
    let (_, rest) = page.split_once("<code class=\"copied\">").unwrap();
    let url = rest.split_once("</code>").unwrap().0.to_owned();
    let guest = &mut Browser::default();
    assert_eq!(location(&scene.opens(guest, &url).await), scene.home());
    let page = text(&scene.get(owner, &path).await);
    assert!(page.contains("in use") && page.contains("opened the link"), "{page}");
    assert!(!page.contains("<script>alert") && !page.contains(url.split_once('#').unwrap().1));
    let kept = scene.store.settings_links(&scene.world.ctx(), &scene.acme.id).await.unwrap();
    let setup = links::setup_links(kept);
    let revoke = format!("{path}/{}/revoke", setup.first().unwrap().id);
    assert_eq!(
        location(&scene.post(owner, &revoke, &[]).await),
        format!("{path}?done=link-taken-back")
    );
    assert_eq!(scene.get(guest, &scene.home()).await.status, 403);
}

#[tokio::test]
async fn a_form_that_is_wrong_or_forged_makes_nothing() {
    let scene = Scene::new().await;
    let owner = &mut Browser::default();
    scene.opens(owner, &scene.owner_link().await).await;
    let path = format!("{}/links", scene.home());
    let long = "x".repeat(101);
    for (fields, sentence) in [
        (vec![("name", " "), ("scope", "sso"), ("days", "7")], "Say whom the link is for"),
        (vec![("name", "Grace"), ("days", "7")], "Choose at least one"),
        (vec![("name", "Grace"), ("scope", "all"), ("days", "7")], "Choose at least one"),
        (vec![("name", &*long), ("scope", "sso"), ("days", "7")], "at most 100"),
    ] {
        let reply = scene.post(owner, &path, &fields).await;
        assert_eq!(reply.status, 400, "{fields:?}");
        assert!(text(&reply).contains(sentence), "{}", text(&reply));
    }
    let mut forged = owner.clone();
    forged.0.insert("__Host-lyform".to_owned(), String::new());
    let good = [("name", "Grace"), ("scope", "sso"), ("days", "7")];
    assert_eq!(scene.post(&mut forged, &path, &good).await.status, 400);
    let kept = scene.store.settings_links(&scene.world.ctx(), &scene.acme.id).await.unwrap();
    assert_eq!(links::setup_links(kept), []);
}

#[tokio::test]
async fn the_settings_without_a_name_lead_to_the_one_that_is_known() {
    let scene = Scene::new().await;
    let browser = &mut Browser::default();
    let page = text(&scene.get(browser, "/settings").await);
    assert!(
        page.contains("action=\"/sign_in\"") && page.contains("name=\"to\" value=\"settings\"")
    );
    scene.opens(browser, &scene.owner_link().await).await;
    assert_eq!(location(&scene.get(browser, "/settings").await), scene.home());
    // Ids that are none, and one that nobody has.
    for id in ["org-0123456789abcdef", "acme", "org-", "%3Cb%3E"] {
        let reply = scene.get(browser, &format!("/settings/{id}/links")).await;
        assert_eq!(reply.status, 404, "{id}");
    }
}

#[tokio::test]
async fn every_page_forbids_framing_and_foreign_scripts() {
    let scene = Scene::new().await;
    let browser = &mut Browser::default();
    scene.opens(browser, &scene.owner_link().await).await;
    for path in ["/settings/enter", "/settings", &format!("{}/links", scene.home())] {
        let reply = scene.get(browser, path).await;
        if reply.status == 200 {
            let policy = reply.header("content-security-policy").unwrap();
            assert!(policy.starts_with("default-src 'none';"), "{policy}");
            assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"));
            assert_eq!(reply.header("cache-control"), Some("no-store"));
            assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
        }
    }
}
