//! The OpenID provider's endpoints as a browser and an application see them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use lychgate_core::{
    application::Application,
    connection::{
        Connection, ConnectionPolicy, EntityIdChoice, Idp, MetadataSource, SamlSubject, Settings,
        SloEndpoint,
    },
    ctx::World,
    event::{Actor, Event, EventKind},
    ids::{ApplicationId, ConnectionId},
    organization::{LicenceState, Organization},
    ports::{Applications, Connections, Organizations, Sessions, SignInWrite, SignIns, Users},
    record::User,
    session::{Session, SessionMethod},
    sessions,
};
use lychgate_edge::{
    config::Config,
    cookie::{Cookie, Cookies},
    handler::{Handler, Stack},
    reply::Reply,
    request::{Method, Request},
};
use lychgate_testkit::{
    FakeOutside, FakeWorld, MemoryStore,
    build::{Acme, user, user_keys},
    outside::Part,
};
use serde_json::{Map, Value};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const BACK: &str = "https%3A%2F%2Fapp.example%2Fback";
const BYE: &str = "https%3A%2F%2Fapp.example%2Fbye";
/// What [`Request::new`] says that the stack is reached at.
const BASE_URL: &str = "https://lychgate.test";
const FORM: &str = "application/x-www-form-urlencoded";

struct Scene {
    world: Arc<FakeWorld>,
    store: MemoryStore,
    outside: FakeOutside,
    handler: Box<dyn Handler>,
    acme: Organization,
    other: Organization,
    ada: User,
    application: Application,
}

fn event(subject_kind: &'static str) -> Event {
    Event {
        kind: EventKind::MemberCreated,
        actor: Actor::System,
        subject_kind,
        subject_id: String::new(),
        subject_name: String::new(),
        data: Map::new(),
    }
}

impl Scene {
    async fn new() -> Self {
        let (world, store) = (Arc::new(FakeWorld::new(3)), MemoryStore::new());
        let outside = FakeOutside::new();
        let stack = Stack::new(&Config::default(), world.clone()).unwrap();
        let handler = Box::new(oidc::handler(stack, store.clone(), outside.clone()));
        let acme = organization(&world, &store, "acme").await;
        let other = organization(&world, &store, "other").await;
        let ada = User { password_allowed: true, ..user(world.as_ref(), "ada@acme.test") };
        let (ctx, keys) = (world.ctx(), user_keys(&ada));
        store.create_user(&ctx, &acme.id, &ada, &keys, None, &event("user")).await.unwrap();
        let application = Application {
            id: ApplicationId::new(world.as_ref()),
            name: "The <App>".to_owned(),
            redirect_uris: vec!["https://app.example/back".to_owned()],
            post_logout_redirect_uris: vec!["https://app.example/bye".to_owned()],
            initiate_login_uri: None,
            back_channel_logout_uri: None,
            secrets: Vec::new(),
            created: world.now(),
            version: 1,
        };
        store.put_application(&ctx, None, &application).await.unwrap();
        drop(ctx);
        Self { world, store, outside, handler, acme, other, ada, application }
    }

    async fn send(&self, request: Request) -> Reply {
        self.handler.handle(&request).await
    }

    async fn get(&self, target: &str) -> Reply {
        self.send(Request::new(Method::Get, target)).await
    }

    async fn post(&self, path: &str, form: &str) -> Reply {
        self.send(posted(path, form)).await
    }

    /// A session of Ada's in a browser: it, and the `Cookie` header.
    async fn signed_in(&self) -> (Session, String) {
        self.signed_in_by(SessionMethod::Password).await
    }

    async fn signed_in_by(&self, method: SessionMethod) -> (Session, String) {
        let ctx = self.world.ctx();
        let expires = self.world.now().plus_secs(36_000);
        let (session, cookie) = sessions::begin(&ctx, self.ada.id, method, expires);
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
        (session, format!("{name}={}", cookie.text()))
    }

    fn query(&self, more: &str) -> String {
        format!(
            "response_type=code&client_id={}&redirect_uri={BACK}&scope=openid%20email&state=s%26t&nonce=n\
             &code_challenge={CHALLENGE}&code_challenge_method=S256{more}",
            self.application.id
        )
    }

    async fn authorize(&self, more: &str, cookie: Option<&str>) -> Reply {
        let target = format!("/oidc/authorize?{}", self.query(more));
        let request = with_cookie(Request::new(Method::Get, &target), cookie);
        self.send(request).await
    }

    async fn code(&self, cookie: &str) -> String {
        let reply = self.authorize("&organization=acme", Some(cookie)).await;
        let location = location(&reply);
        let code = location.strip_prefix("https://app.example/back?code=").unwrap();
        code.split_once('&').unwrap().0.to_owned()
    }

    async fn redeem(&self, code: &str) -> Reply {
        let form = format!(
            "grant_type=authorization_code&code={code}&redirect_uri={BACK}&client_id={}&code_verifier={VERIFIER}",
            self.application.id
        );
        self.post("/oidc/token", &form).await
    }

    async fn sessions(&self) -> usize {
        let ctx = self.world.ctx();
        self.store.sessions_of(&ctx, &self.acme.id, self.ada.id).await.unwrap().len()
    }

    async fn change(&self, change: impl FnOnce(&mut Organization)) {
        let mut after = self.acme.clone();
        after.version += 1;
        change(&mut after);
        let ctx = self.world.ctx();
        self.store
            .update_organization(&ctx, &self.acme, &after, &event("organization"))
            .await
            .unwrap();
    }
}

async fn organization(world: &FakeWorld, store: &MemoryStore, domain: &str) -> Organization {
    let organization = Acme::new(world, domain).organization;
    let ctx = world.ctx();
    assert!(store.create_organization(&ctx, &organization, &event("organization")).await.unwrap());
    organization
}

/// A request with cookies, which a request takes when it is made from an event.
fn with_cookie(mut request: Request, cookie: Option<&str>) -> Request {
    let pairs = cookie.into_iter().flat_map(|cookie| cookie.split("; "));
    let pairs = pairs.filter_map(|pair| pair.split_once('='));
    request.cookies = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    request
}

fn posted(path: &str, form: &str) -> Request {
    Request::new(Method::Post, path).with_header("content-type", FORM).with_body(form)
}

fn location(reply: &Reply) -> &str {
    assert_eq!(reply.status, 303, "{reply:?}");
    reply.header("location").unwrap()
}

fn text(reply: &Reply) -> String {
    assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"));
    String::from_utf8(reply.body.clone().unwrap()).unwrap()
}

#[tokio::test]
async fn the_provider_tells_where_its_endpoints_are() {
    let scene = Scene::new().await;
    let reply = scene.get("/.well-known/openid-configuration").await;
    let body = reply.value();
    assert_eq!(body["issuer"], BASE_URL);
    for (name, address) in body.as_object().unwrap() {
        if let Some(path) = address.as_str().and_then(|address| address.strip_prefix(BASE_URL))
            && !path.is_empty()
        {
            let known = lychgate_edge::routes::ROUTES.iter().any(|route| route.path == path);
            assert!(known, "{name}: there is nothing at {path}");
        }
    }
    assert_eq!(body["code_challenge_methods_supported"], serde_json::json!(["S256"]));
    let request = Request::new(Method::Get, "/oidc/jwks");
    let wire = scene.send(request.clone()).await.finish(&request);
    assert_eq!(wire.headers.get("cache-control"), Some("public, max-age=900"));
    let keys: Value = serde_json::from_str(&wire.body.unwrap()).unwrap();
    assert_eq!(keys["keys"][0]["crv"], "P-256");
    scene.outside.fail(Part::Signer);
    assert_eq!(scene.get("/oidc/jwks").await.status, 503);
}

#[tokio::test]
async fn a_browser_that_is_signed_in_comes_back_with_a_code() {
    let scene = Scene::new().await;
    let (session, cookie) = scene.signed_in().await;
    let reply = scene.authorize("&organization=acme", Some(&cookie)).await;
    let back = location(&reply);
    assert!(back.ends_with("&state=s%26t&iss=https%3A%2F%2Flychgate.test"), "{back}");
    let code = scene.code(&cookie).await;
    let reply = scene.redeem(&code).await;
    let body = reply.value();
    assert_eq!(reply.status, 200, "{body}");
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(body["token_type"], "Bearer");
    let token = body["access_token"].as_str().unwrap();
    for request in [
        Request::new(Method::Get, "/oidc/userinfo")
            .with_header("authorization", &format!("Bearer {token}")),
        posted("/oidc/userinfo", &format!("access_token={token}")),
    ] {
        let reply = scene.send(request).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.value()["sub"], scene.ada.id.to_string());
        assert_eq!(reply.value()["email"], "ada@acme.test");
    }
    // Again: the code has been used, and takes the token with it.
    assert_eq!(scene.redeem(&code).await.value()["error"], "invalid_grant");
    let request = Request::new(Method::Get, "/oidc/userinfo")
        .with_header("authorization", &format!("Bearer {token}"));
    let reply = scene.send(request).await;
    assert_eq!(reply.status, 401);
    let challenge = reply.header("www-authenticate").unwrap();
    assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    let ctx = scene.world.ctx();
    let kept = scene.store.session(&ctx, &scene.acme.id, scene.ada.id, &session.id);
    assert!(kept.await.unwrap().unwrap().applications.contains(&scene.application.id));
}

#[tokio::test]
async fn userinfo_without_a_token_says_what_is_missing() {
    let scene = Scene::new().await;
    let reply = scene.get("/oidc/userinfo").await;
    assert_eq!(
        (reply.status, reply.header("www-authenticate")),
        (401, Some("Bearer realm=\"Lychgate\""))
    );
    let both = posted("/oidc/userinfo", "access_token=a").with_header("authorization", "Bearer a");
    assert_eq!(scene.send(both).await.value()["error"], "invalid_request");
}

#[tokio::test]
async fn nobody_is_sent_to_an_address_that_is_not_registered() {
    let scene = Scene::new().await;
    let (_, cookie) = scene.signed_in().await;
    let good = scene.query("&organization=acme");
    let id = scene.application.id.to_string();
    for (from, to) in [
        (BACK, "https%3A%2F%2Fevil.example"),
        (BACK, "%2F%2Fevil.example"),
        (BACK, ""),
        (id.as_str(), "app-zzzzzzzzzzzz"),
        (id.as_str(), ""),
        ("&nonce", &format!("&redirect_uri={BACK}&nonce")),
    ] {
        let query = good.replacen(from, to, 1);
        for request in [
            Request::new(Method::Get, &format!("/oidc/authorize?{query}")),
            posted("/oidc/authorize", &query),
        ] {
            let reply = scene.send(with_cookie(request, Some(&cookie))).await;
            assert_eq!(reply.status, 404, "{query}");
            assert_eq!(reply.header("location"), None);
            let page = text(&reply);
            assert!(page.contains("Reference") && !page.contains("evil"), "{page}");
        }
    }
}

#[tokio::test]
async fn what_is_wrong_otherwise_goes_back() {
    let scene = Scene::new().await;
    let good = scene.query("&organization=acme");
    for (from, to, error) in [
        ("response_type=code", "response_type=token", "unsupported_response_type"),
        (CHALLENGE, "", "invalid_request"),
        ("S256", "plain", "invalid_request"),
        ("openid%20", "", "invalid_scope"),
        ("&nonce=n", "&nonce=n&prompt=none", "login_required"),
        ("&nonce=n", "&nonce=n&nonce=m", "invalid_request"),
        ("organization=acme", "organization=nobody&prompt=none", "login_required"),
        ("organization=acme", "prompt=none", "login_required"),
    ] {
        let reply = scene.get(&format!("/oidc/authorize?{}", good.replacen(from, to, 1))).await;
        let back = location(&reply);
        assert!(back.starts_with(&format!("https://app.example/back?error={error}&")), "{back}");
        assert!(back.ends_with("&state=s%26t&iss=https%3A%2F%2Flychgate.test"), "{back}");
    }
}

#[tokio::test]
async fn who_is_not_signed_in_goes_where_the_organization_says() {
    let scene = Scene::new().await;
    assert!(location(&scene.authorize("", None).await).starts_with("/sign_in?response_type=code&"));
    let unknown = scene.authorize("&organization=nobody", None).await;
    assert_eq!((unknown.status, unknown.header("location")), (404, None));
    assert_eq!(scene.authorize("&organization=acme", None).await.status, 404);
    scene.change(|organization| organization.sign_in.password = true).await;
    let reply = scene.authorize("&login_hint=ada", None).await;
    assert!(location(&reply).contains("&login_hint=ada"));
    let reply = scene.authorize("&organization=ACME", None).await;
    assert!(location(&reply).ends_with("&organization=acme"));
}

#[tokio::test]
async fn a_lapsed_licence_says_so() {
    let scene = Scene::new().await;
    scene
        .change(|organization| {
            organization.sign_in.active_connections =
                vec![ConnectionId::from_bare("01234567").unwrap()];
            organization.licence.state = LicenceState::Expired;
        })
        .await;
    let reply = scene.authorize("&organization=acme", None).await;
    assert_eq!(reply.status, 403);
    assert!(text(&reply).contains("licence"));
}

#[tokio::test]
async fn a_posted_request_comes_again_as_a_link_that_brings_cookies() {
    let scene = Scene::new().await;
    let reply = scene.post("/oidc/authorize", &scene.query("&organization=acme")).await;
    let target = location(&reply).to_owned();
    let (_, cookie) = scene.signed_in().await;
    let reply = scene.send(with_cookie(Request::new(Method::Get, &target), Some(&cookie))).await;
    assert!(location(&reply).starts_with("https://app.example/back?code="));
}

#[tokio::test]
async fn a_cookie_of_another_organization_signs_nobody_in() {
    let scene = Scene::new().await;
    let (_, cookie) = scene.signed_in().await;
    let moved = cookie.replacen(scene.acme.id.bare(), scene.other.id.bare(), 1);
    for cookie in [cookie.as_str(), &moved] {
        let reply = scene.authorize("&organization=other&prompt=none", Some(cookie)).await;
        assert!(location(&reply).contains("error=login_required"));
    }
}

#[tokio::test]
async fn an_application_signs_its_person_out() {
    let scene = Scene::new().await;
    let (_, cookie) = scene.signed_in().await;
    let body = scene.redeem(&scene.code(&cookie).await).await.value();
    let hint = body["id_token"].as_str().unwrap();
    let target =
        format!("/oidc/end_session?id_token_hint={hint}&post_logout_redirect_uri={BYE}&state=x");
    let reply = scene.send(with_cookie(Request::new(Method::Get, &target), Some(&cookie))).await;
    assert_eq!(location(&reply), "https://app.example/bye?state=x");
    assert!(reply.cookies[0].contains("Max-Age=0"), "{:?}", reply.cookies);
    assert_eq!(scene.sessions().await, 0);
    // An address that is not registered: signed out all the same, and sent nowhere.
    let (_, cookie) = scene.signed_in().await;
    let body = scene.redeem(&scene.code(&cookie).await).await.value();
    let hint = body["id_token"].as_str().unwrap();
    let form = format!("id_token_hint={hint}&post_logout_redirect_uri=https%3A%2F%2Fevil.example");
    let reply = scene.post("/oidc/end_session", &form).await;
    assert_eq!((reply.status, reply.header("location")), (200, None));
    assert!(text(&reply).contains("has not registered"));
    assert_eq!(scene.sessions().await, 0);
}

#[tokio::test]
async fn without_an_id_token_the_person_is_asked() {
    let scene = Scene::new().await;
    let (_, session) = scene.signed_in().await;
    let query = format!("client_id={}&post_logout_redirect_uri={BYE}", scene.application.id);
    let target = format!("/oidc/end_session?{query}");
    let reply = scene.send(with_cookie(Request::new(Method::Get, &target), Some(&session))).await;
    assert_eq!(reply.status, 200);
    assert_eq!(scene.sessions().await, 1);
    let policy = reply.header("content-security-policy").unwrap();
    assert!(policy.contains("form-action 'self' https://app.example;"), "{policy}");
    let page = text(&reply);
    assert!(page.contains("The &#60;App&#62;"), "{page}");
    let secret = page.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let form_cookie = reply.cookies[0].split(';').next().unwrap();
    // Another browser's answer, a made-up one, none: the question again.
    for (cookie, answer) in [
        (session.clone(), secret),
        (format!("{session}; {form_cookie}"), "made-up"),
        (format!("{session}; {form_cookie}"), ""),
        (format!("{session}; {}=", form_cookie.split_once('=').unwrap().0), ""),
    ] {
        let form = format!("{query}&form={answer}");
        let reply =
            scene.send(with_cookie(posted("/oidc/end_session", &form), Some(&cookie))).await;
        assert_eq!(reply.status, 200, "{cookie}");
        assert_eq!(scene.sessions().await, 1);
    }
    let form = format!("{query}&form={secret}");
    let cookie = format!("{session}; {form_cookie}");
    let reply = scene.send(with_cookie(posted("/oidc/end_session", &form), Some(&cookie))).await;
    assert_eq!(location(&reply), "https://app.example/bye");
    assert_eq!(scene.sessions().await, 0);
    // Nobody is signed in: there is nothing to ask.
    assert_eq!(location(&scene.get(&target).await), "https://app.example/bye");
    let twice = scene.get("/oidc/end_session?state=a&state=b").await;
    assert_eq!(twice.status, 400);
}

/// A connection whose IdP offers single logout, and how Ada came by it.
async fn connect(scene: &Scene) -> SessionMethod {
    let id = ConnectionId::from_bare("01234567").unwrap();
    let slo =
        SloEndpoint { location: "https://idp.example/slo".to_owned(), response_location: None };
    let settings = Settings {
        source: MetadataSource::Document { saved: scene.world.now() },
        idp: Some(Idp {
            entity_id: "https://idp.example".to_owned(),
            sso_redirect: Some("https://idp.example/sso".to_owned()),
            sso_post: None,
            slo_redirect: Some(slo),
            slo_post: None,
            certificates: Vec::new(),
            wants_signed_requests: false,
            valid_until: None,
        }),
        entity_id: EntityIdChoice::Organization,
        policy: ConnectionPolicy::default(),
        tested: None,
    };
    let connection = Connection {
        id: id.clone(),
        name: "IdP".to_owned(),
        live: Some(settings),
        draft: None,
        test_window_ends: None,
        ends_checked: None,
        created: scene.world.now(),
        version: 1,
    };
    let (ctx, organization) = (scene.world.ctx(), &scene.acme.id);
    scene.store.put_connection(&ctx, organization, None, &connection, None, None).await.unwrap();
    SessionMethod::Saml(SamlSubject {
        connection: id,
        name_id: "ada@acme.test".to_owned(),
        format: None,
        name_qualifier: None,
        sp_name_qualifier: None,
        session_index: Some("at-the-idp".to_owned()),
    })
}

#[tokio::test]
async fn a_session_of_an_idp_with_single_logout_ends_there_too() {
    let scene = Scene::new().await;
    let method = connect(&scene).await;
    for (state, leads) in [
        ("x", "https://idp.example/slo?SAMLRequest="),
        (&*"x".repeat(80), "https://app.example/bye"),
    ] {
        let (_, cookie) = scene.signed_in_by(method.clone()).await;
        let body = scene.redeem(&scene.code(&cookie).await).await.value();
        let hint = body["id_token"].as_str().unwrap();
        let target = format!(
            "/oidc/end_session?id_token_hint={hint}&post_logout_redirect_uri={BYE}&state={state}"
        );
        let reply =
            scene.send(with_cookie(Request::new(Method::Get, &target), Some(&cookie))).await;
        let there = location(&reply);
        assert!(there.starts_with(leads), "{there}");
        let relay = format!("&RelayState={}.0.x&", scene.application.id);
        assert_eq!(there.contains(&relay), state == "x", "{there}");
        assert_eq!(scene.sessions().await, 0);
    }
    // By the question: a link, because the answer to a form may lead to nowhere that its page did not know of.
    let (_, cookie) = scene.signed_in_by(method).await;
    let ask = with_cookie(Request::new(Method::Get, "/oidc/end_session"), Some(&cookie));
    let form_cookie = scene.send(ask).await.cookies[0].split(';').next().unwrap().to_owned();
    let form = format!("form={}", form_cookie.split_once('=').unwrap().1);
    let cookie = format!("{cookie}; {form_cookie}");
    let reply = scene.send(with_cookie(posted("/oidc/end_session", &form), Some(&cookie))).await;
    assert_eq!((reply.status, scene.sessions().await), (200, 0));
    assert!(text(&reply).contains("href=\"https://idp.example/slo?SAMLRequest="));
    // The connection is gone: signed out here all the same.
    let method = SessionMethod::Saml(SamlSubject {
        connection: ConnectionId::from_bare("zzzzzzzz").unwrap(),
        name_id: String::new(),
        format: None,
        name_qualifier: None,
        sp_name_qualifier: None,
        session_index: None,
    });
    let (_, cookie) = scene.signed_in_by(method).await;
    let body = scene.redeem(&scene.code(&cookie).await).await.value();
    let target = format!("/oidc/end_session?id_token_hint={}", body["id_token"].as_str().unwrap());
    let reply = scene.send(with_cookie(Request::new(Method::Get, &target), Some(&cookie))).await;
    assert_eq!((reply.status, scene.sessions().await), (200, 0));
}

#[tokio::test]
async fn token_errors_have_the_rfcs_form() {
    let scene = Scene::new().await;
    for (form, status, error) in [
        ("", 400, "invalid_request"),
        ("grant_type=client_credentials", 400, "unsupported_grant_type"),
        (
            "grant_type=authorization_code&code=x&redirect_uri=x&code_verifier=0123456789012345678901234567890123456789012",
            401,
            "invalid_client",
        ),
    ] {
        let reply = scene.post("/oidc/token", form).await;
        assert_eq!((reply.status, reply.value()["error"].as_str()), (status, Some(error)));
        let challenge = reply.header("www-authenticate");
        assert_eq!(challenge.is_some_and(|text| text.starts_with("Basic ")), status == 401);
    }
    let json = Request::new(Method::Post, "/oidc/token").with_body("{}");
    assert_eq!(scene.send(json).await.value()["error"], "invalid_request");
    scene.outside.fail(Part::Signer);
    let (_, cookie) = scene.signed_in().await;
    let reply = scene.redeem(&scene.code(&cookie).await).await;
    assert_eq!((reply.status, reply.header("retry-after").is_some()), (503, true));
}
