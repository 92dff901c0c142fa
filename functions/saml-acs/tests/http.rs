//! A sign-in as a browser sees it: `saml-init`, the IdP, `saml-acs`, `saml-logout`; cookies, statuses, headers.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use lychgate_core::{
    connection::{
        Connection, ConnectionPolicy, EntityIdChoice, Idp as Known, MetadataSource, Settings,
        SloEndpoint,
    },
    ctx::World,
    event::EventKind,
    ids::ConnectionId,
    ports::{Connections, Organizations},
};
use lychgate_edge::{
    config::Config,
    handler::{Handler, Stack},
    reply::Reply,
    request::{BODY_BYTES_MAX, Method, Request},
};
use lychgate_idp::{Idp, KeyKind, ResponseSpec, SigningKey, authn_request, redirect};
use lychgate_testkit::{FakeOutside, FakeWorld, MemoryStore, build};
use time::{Duration, OffsetDateTime};

/// What [`Request::new`] says.
const BASE: &str = "https://lychgate.test";
const FORM: &str = "application/x-www-form-urlencoded";

struct Stage {
    world: Arc<FakeWorld>,
    idp: Idp,
    init: Box<dyn Handler>,
    acs: Box<dyn Handler>,
    logout: Box<dyn Handler>,
    metadata: Box<dyn Handler>,
    /// Where the organization's settings are.
    settings: String,
}

impl Stage {
    async fn new(edit: impl FnOnce(&mut ConnectionPolicy)) -> Self {
        let (world, store) = (Arc::new(FakeWorld::new(5)), MemoryStore::new());
        let outside = FakeOutside::new();
        let at = i64::try_from(world.now().unix_secs()).unwrap();
        let now = OffsetDateTime::from_unix_timestamp(at).unwrap();
        let (from, to) = (now - Duration::days(1), now + Duration::days(400));
        let key = SigningKey::generate(KeyKind::P256, "idp", from, to).unwrap();
        let idp = Idp::new("https://idp.example/", "https://idp.example/sso", key);
        let acme = build::Acme::new(world.as_ref(), "acme").organization;
        let mut policy = ConnectionPolicy::default();
        edit(&mut policy);
        let connection = Connection {
            id: ConnectionId::new(world.as_ref()),
            name: "IdP".to_owned(),
            live: Some(settings(&idp, policy)),
            draft: None,
            test_window_ends: None,
            ends_checked: None,
            created: world.now(),
            version: 1,
        };
        let ctx = world.ctx();
        let event = build::event(EventKind::OrganizationCreated, "o", "o");
        assert!(store.create_organization(&ctx, &acme, &event).await.unwrap());
        store.put_connection(&ctx, &acme.id, None, &connection, None, None).await.unwrap();
        drop(ctx);
        let stack = Stack::new(&Config::default(), Arc::clone(&world) as Arc<dyn World>).unwrap();
        Self {
            init: Box::new(saml_init::handler(stack.clone(), store.clone(), outside.clone())),
            acs: Box::new(saml_acs::handler(stack.clone(), store.clone(), outside.clone())),
            logout: Box::new(saml_logout::handler(stack.clone(), store.clone(), outside)),
            settings: lychgate_core::settings::path(&acme.id),
            metadata: Box::new(saml_metadata::handler(stack, store)),
            world,
            idp,
        }
    }

    /// Begins; gives the reply and the flow's cookie.
    async fn begin(&self) -> (Reply, String) {
        self.begin_at("/saml/init/acme").await
    }

    async fn begin_at(&self, target: &str) -> (Reply, String) {
        let reply = self.init.handle(&Request::new(Method::Get, target)).await;
        let cookie = reply.cookies.last().cloned().unwrap();
        (reply, cookie)
    }

    fn spec(&self, id: &str) -> ResponseSpec {
        let at = i64::try_from(self.world.now().unix_secs()).unwrap();
        let now = OffsetDateTime::from_unix_timestamp(at).unwrap();
        let acs = format!("{BASE}/saml/consume/acme");
        let audience = format!("{BASE}/saml/metadata/acme");
        ResponseSpec::good(&self.idp.entity_id, &acs, &audience, "zoe@acme.test", id, now)
    }

    async fn post(&self, cookie: &str, fields: &[(&str, &str)]) -> Reply {
        let body: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", redirect::percent_encoded(value)))
            .collect();
        let mut request = Request::new(Method::Post, "/saml/consume/acme")
            .with_header("content-type", FORM)
            .with_body(body.join("&"));
        let pair = cookie.split(';').next().and_then(|pair| pair.split_once('='));
        request.cookies.extend(pair.map(|(name, value)| (name.to_owned(), value.to_owned())));
        self.acs.handle(&request).await
    }
}

fn settings(idp: &Idp, policy: ConnectionPolicy) -> Settings {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    Settings {
        source: MetadataSource::Missing,
        idp: Some(Known {
            entity_id: idp.entity_id.clone(),
            sso_redirect: Some(idp.sso_url.clone()),
            sso_post: Some("https://idp.example/post?a=1".to_owned()),
            slo_redirect: Some(SloEndpoint {
                location: "https://idp.example/slo".to_owned(),
                response_location: None,
            }),
            slo_post: None,
            certificates: vec![STANDARD.encode(idp.key().unwrap().certificate())],
            wants_signed_requests: false,
            valid_until: None,
        }),
        entity_id: EntityIdChoice::Organization,
        policy,
        tested: None,
    }
}

fn text(reply: &Reply) -> String {
    String::from_utf8(reply.body.clone().unwrap_or_default()).unwrap()
}

#[tokio::test]
async fn a_browser_goes_there_and_back_and_has_a_session() {
    let stage = Stage::new(|_| {}).await;
    let (reply, cookie) = stage.begin().await;
    assert_eq!(reply.status, 303);
    assert!(cookie.starts_with("__Host-lyf-"), "{cookie}");
    assert!(cookie.ends_with("; HttpOnly; SameSite=None; Secure"), "{cookie}");
    let (_, query) = reply.header("location").unwrap().split_once('?').unwrap();
    let request = authn_request::from_query(query).unwrap().id;
    let value = stage.idp.post_value(&stage.spec("1").in_response_to(&request)).unwrap();
    let reply = stage.post(&cookie, &[("SAMLResponse", &value)]).await;
    assert_eq!(reply.status, 200, "{}", text(&reply));
    assert!(text(&reply).contains("You are signed in to acme Limited"));
    assert!(reply.cookies[0].starts_with("__Host-lys-"), "{:?}", reply.cookies);
    assert!(reply.cookies[0].contains("; Max-Age=43200; HttpOnly; SameSite=Lax; Secure"));
    assert!(reply.cookies[1].starts_with("__Host-lyf-") && reply.cookies[1].contains("Max-Age=0"));
    let again = stage.post(&cookie, &[("SAMLResponse", &value)]).await;
    assert_eq!(again.status, 400);
    assert!(again.cookies.is_empty());
    assert!(text(&again).contains("href=\"/saml/init/acme\""), "{}", text(&again));
}

#[tokio::test]
async fn who_came_for_the_settings_is_sent_there() {
    for (query, leads) in
        [("?to=settings", true), ("?to=https%3A%2F%2Fevil.example", false), ("", false)]
    {
        let stage = Stage::new(|_| {}).await;
        let (reply, cookie) = stage.begin_at(&format!("/saml/init/acme{query}")).await;
        let (to_idp, query) = reply.header("location").unwrap().split_once('?').unwrap();
        assert_eq!(to_idp, stage.idp.sso_url);
        let request = authn_request::from_query(query).unwrap().id;
        let value = stage.idp.post_value(&stage.spec("1").in_response_to(&request)).unwrap();
        let reply = stage.post(&cookie, &[("SAMLResponse", &value)]).await;
        let location = reply.header("location");
        if leads {
            assert_eq!((reply.status, location), (303, Some(stage.settings.as_str())));
            assert!(stage.settings.starts_with("/settings/org-"), "{}", stage.settings);
        } else {
            assert_eq!((reply.status, location), (200, None), "{query}");
        }
        assert!(reply.cookies[0].starts_with("__Host-lys-"), "signed in either way");
    }
}

#[tokio::test]
async fn relay_state_is_never_followed_and_never_shown() {
    let stage = Stage::new(|_| {}).await;
    let long = "a".repeat(100_000);
    for (n, evil) in [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "x\r\nSet-Cookie: a=b",
        "\"><script>alert(1)</script>",
        "https://lychgate\u{3002}test",
        long.as_str(),
    ]
    .into_iter()
    .enumerate()
    {
        let value = stage.idp.post_value(&stage.spec(&n.to_string())).unwrap();
        let fields = [("SAMLResponse", value.as_str()), ("RelayState", evil), ("RelayState", evil)];
        let reply = stage.post("", &fields).await;
        assert_eq!(reply.status, 200, "{n}");
        assert_eq!(reply.header("location"), None, "{n}");
        assert!(!text(&reply).contains("evil") && !text(&reply).contains("<script>"), "{n}");
    }
}

#[tokio::test]
async fn what_is_no_form_with_one_response_is_refused() {
    let stage = Stage::new(|_| {}).await;
    let value = stage.idp.post_value(&stage.spec("1")).unwrap();
    let value = value.as_str();
    let wrong: [&[(&str, &str)]; 4] = [
        &[("SAMLResponse", value), ("SAMLResponse", value)],
        &[("SAMLResponse", value), ("SAMLRequest", "x")],
        &[("RelayState", "x")],
        &[("samlresponse", value)],
    ];
    for fields in wrong {
        assert_eq!(stage.post("", fields).await.status, 400, "{fields:?}");
    }
    let large = "A".repeat(BODY_BYTES_MAX / 2);
    assert_eq!(stage.post("", &[("SAMLResponse", &large)]).await.status, 413);
    let json = Request::new(Method::Post, "/saml/consume/acme")
        .with_header("content-type", "application/json")
        .with_body("{}");
    assert_eq!(stage.acs.handle(&json).await.status, 400);
    // Nothing of that has used the response up.
    assert_eq!(stage.post("", &[("SAMLResponse", value)]).await.status, 200);
}

#[tokio::test]
async fn the_pages_say_who_can_mend_it_and_nothing_more() {
    let stage = Stage::new(|_| {}).await;
    let mut spec = stage.spec("1");
    spec.audiences = vec![vec!["https://other.example/<b>".to_owned()]];
    let value = stage.idp.post_value(&spec).unwrap();
    let reply = stage.post("", &[("SAMLResponse", &value)]).await;
    assert_eq!(reply.status, 403);
    let page = text(&reply);
    assert!(!page.contains("other.example") && !page.contains("udience"), "{page}");
    assert!(page.contains("Reference: <code>0"), "{page}");
    let policy = reply.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    for path in ["/saml/init/nobody", "/saml/init/acme?connection=conn-00000000"] {
        assert_eq!(stage.init.handle(&Request::new(Method::Get, path)).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_posted_request_is_a_page_with_a_button() {
    let stage = Stage::new(|policy| policy.request_by_post = true).await;
    let (reply, _) = stage.begin().await;
    assert_eq!(reply.status, 200);
    let page = text(&reply);
    assert!(page.contains("action=\"https://idp.example/post?a=1\""), "{page}");
    assert!(page.contains("name=\"SAMLRequest\"") && !page.contains("RelayState"), "{page}");
    assert!(page.contains("<button") && !page.contains("<script"), "{page}");
    assert!(reply.header("content-security-policy").unwrap().contains("form-action 'self' https:"));
}

#[tokio::test]
async fn a_browser_does_not_collect_cookies_of_sign_ins_that_it_left() {
    let stage = Stage::new(|_| {}).await;
    let mut request = Request::new(Method::Get, "/saml/init/acme");
    for n in 0..saml_init::FLOW_COOKIES_MAX {
        assert_eq!(stage.init.handle(&request).await.cookies.len(), 1);
        request.cookies.push((format!("__Host-lyf-{n:026}"), "x".to_owned()));
    }
    let reply = stage.init.handle(&request).await;
    let cleared = reply.cookies.iter().filter(|cookie| cookie.contains("Max-Age=0;"));
    assert_eq!(cleared.count(), saml_init::FLOW_COOKIES_MAX);
}

#[tokio::test]
async fn metadata_is_xml_that_may_be_kept_for_a_while() {
    let stage = Stage::new(|_| {}).await;
    for path in ["/saml/metadata", "/saml/metadata?domain=acme", "/saml/metadata/acme"] {
        let reply = stage.metadata.handle(&Request::new(Method::Get, path)).await;
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(reply.header("content-type"), Some("application/samlmetadata+xml"));
        assert_eq!(reply.header("cache-control"), Some("public, max-age=300"));
        assert!(text(&reply).contains("<md:EntityDescriptor"), "{path}");
    }
    for path in ["/saml/metadata/nobody", "/saml/metadata?domain=%3Cb%3E"] {
        let reply = stage.metadata.handle(&Request::new(Method::Get, path)).await;
        assert_eq!(reply.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_logout_message_that_is_not_signed_changes_nothing_and_an_answer_is_a_page() {
    let stage = Stage::new(|_| {}).await;
    let xml = "<samlp:LogoutResponse xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\"/>";
    for (parameter, status) in [("SAMLResponse", 200), ("SAMLRequest", 403)] {
        let query = redirect::query(parameter, xml, None, None).unwrap();
        let request = Request::new(Method::Get, &format!("/saml/logout/acme?{query}"));
        assert_eq!(stage.logout.handle(&request).await.status, status, "{parameter}");
    }
    let none = Request::new(Method::Get, "/saml/logout/acme");
    assert_eq!(stage.logout.handle(&none).await.status, 400);
    let both = Request::new(Method::Post, "/saml/logout/acme")
        .with_header("content-type", FORM)
        .with_body("SAMLRequest=x&SAMLResponse=y");
    assert_eq!(stage.logout.handle(&both).await.status, 400);
}
