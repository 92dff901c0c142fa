//! Where somebody works, and the ways in that they are shown.

use lychgate_core::organization::LicenceState;
use lychgate_edge::request::{Method, Request};

use crate::scene::{BACK, Browser, Scene, attribute, encoded, location, text};

/// What breaks out of an attribute, of text, of a URL.
const PROBES: [&str; 6] = [
    "\"><script>alert(1)</script>",
    "' onfocus=alert(1) autofocus x='",
    "javascript:alert(1)",
    "</title><img src=x onerror=alert(1)>",
    "{{7*7}}&lt;b&gt;",
    "a\r\nset-cookie: x=1",
];

fn harmless(page: &str, what: &str) {
    for bad in ["<script", "<img", "\" onfocus", "' onfocus", "href=\"javascript", "<b>"] {
        assert!(!page.contains(bad), "{what}: {bad} in {page}");
    }
}

#[tokio::test]
async fn who_names_nobody_is_asked_where_they_work() {
    let mut scene = Scene::new().await;
    scene.change(|acme| acme.sign_in.email_domains = vec!["acme.test".to_owned()]).await;
    let browser = &mut Browser::default();
    let page = text(&scene.get(browser, "/sign_in").await);
    assert!(page.contains("name=\"who\""));
    for (who, leads) in [
        ("acme", "/sign_in?organization=acme"),
        ("%20ACME%20", "/sign_in?organization=acme"),
        ("Ada%40Acme.Test", "/sign_in?login_hint=Ada%40Acme.Test&organization=acme"),
    ] {
        let reply = scene.get(browser, &format!("/sign_in?who={who}")).await;
        assert_eq!(location(&reply), leads);
    }
    let request = scene.query("&who=acme");
    let reply = scene.get(browser, &format!("/sign_in?{request}")).await;
    assert!(location(&reply).starts_with("/oidc/authorize?response_type=code&"));
    assert!(location(&reply).ends_with("&organization=acme"));
    for who in ["nobody", "x%40nobody.test", "%40", "x%40", &"x".repeat(5_000), &"%40y".repeat(999)]
    {
        let reply = scene.get(browser, &format!("/sign_in?who={who}")).await;
        assert_eq!(reply.status, 404, "{who}");
        assert!(text(&reply).contains("We do not know"));
    }
}

#[tokio::test]
async fn the_identity_providers_name_for_it_leads_there_too() {
    let mut scene = Scene::new().await;
    scene.change(|acme| acme.sign_in.email_domains = vec!["acme.test".to_owned()]).await;
    let browser = &mut Browser::default();
    for named in ["domain=acme", "organization=acme", "organization=ACME", "domain=ada%40acme.test"]
    {
        let page = text(&scene.get(browser, &format!("/sign_in?{named}")).await);
        assert!(page.contains("action=\"/sign_in\"") && page.contains("name=\"password\""));
        assert!(page.contains("name=\"organization\" value=\"acme\""));
    }
    let reply = scene.get(browser, "/sign_in?domain=nobody").await;
    assert_eq!(reply.status, 404);
}

#[tokio::test]
async fn who_wants_the_settings_is_led_there_and_nowhere_else() {
    let mut scene = Scene::new().await;
    let browser = &mut Browser::default();
    let page = text(&scene.get(browser, "/sign_in?to=settings").await);
    assert!(page.contains("name=\"to\" value=\"settings\""), "the question carries it");
    let reply = scene.get(browser, "/sign_in?to=settings&who=acme").await;
    assert_eq!(location(&reply), "/sign_in?organization=acme&to=settings");
    let here = "/sign_in?domain=acme&to=settings";
    let page = text(&scene.get(browser, here).await);
    assert!(page.contains("name=\"to\" value=\"settings\""), "the password's form carries it");
    let okta = scene.connect("Okta").await;
    let way = format!("/saml/init/acme?connection={}&organization=acme&to=settings", okta.id);
    let page = text(&scene.get(browser, here).await);
    assert_eq!(attribute(&page, "class=\"button\" href=\""), Some(way.clone()));
    scene.change(|acme| acme.sign_in.password = false).await;
    assert_eq!(location(&scene.get(browser, here).await), way, "nobody is asked");
    for evil in PROBES.into_iter().chain(["https://evil.example/", "//evil.example", "Settings"]) {
        let evil = encoded(evil);
        for target in ["/sign_in?", "/sign_in?who=acme&", "/sign_in?domain=acme&"] {
            let reply = scene.get(browser, &format!("{target}to={evil}")).await;
            let location = reply.header("location").unwrap_or_default();
            assert!(!location.contains("to="), "{location}");
            let page = String::from_utf8(reply.body.unwrap_or_default()).unwrap();
            assert!(!page.contains("name=\"to\""), "{target}to={evil}");
        }
    }
}

#[tokio::test]
async fn only_what_is_possible_is_offered() {
    let mut scene = Scene::new().await;
    let browser = &mut Browser::default();
    let here = "/sign_in?organization=acme";
    // Passwords alone.
    let page = text(&scene.get(browser, here).await);
    assert!(page.contains("type=\"password\"") && !page.contains("/saml/init"));
    // Both.
    let okta = scene.connect("Okta").await;
    let page = text(&scene.get(browser, here).await);
    assert!(page.contains("type=\"password\""));
    assert!(page.contains(&format!("href=\"/saml/init/acme?connection={}", okta.id)));
    // An identity provider alone: nobody is asked.
    scene.change(|acme| acme.sign_in.password = false).await;
    let reply = scene.get(browser, here).await;
    assert!(location(&reply).starts_with(&format!("/saml/init/acme?connection={}", okta.id)));
    let target = format!("/sign_in?{}", scene.query("&organization=acme"));
    let reply = scene.get(browser, &target).await;
    let there = location(&reply);
    assert!(there.starts_with("/saml/init/acme?") && there.contains("&state=s%26t&"), "{there}");
    // Two of them.
    scene.connect("<Entra>").await;
    let page = text(&scene.get(browser, here).await);
    assert!(page.contains("Continue with Okta") && page.contains("Continue with &#60;Entra&#62;"));
    // The licence has lapsed: passwords alone, or nothing.
    scene.change(|acme| acme.licence.state = LicenceState::Expired).await;
    let reply = scene.get(browser, here).await;
    assert_eq!(reply.status, 403);
    assert!(text(&reply).contains("licence") && !text(&reply).contains("/saml/init"));
    scene.change(|acme| acme.sign_in.password = true).await;
    let page = text(&scene.get(browser, here).await);
    assert!(page.contains("A password still works.") && page.contains("type=\"password\""));
    assert!(!page.contains("/saml/init"));
    // Nothing at all.
    scene
        .change(|acme| {
            acme.licence.state = LicenceState::Active;
            acme.sign_in.password = false;
            acme.sign_in.active_connections.clear();
        })
        .await;
    assert_eq!(scene.get(browser, here).await.status, 404);
}

#[tokio::test]
async fn what_a_stranger_writes_is_shown_as_text() {
    let scene = Scene::new().await;
    let browser = &mut Browser::default();
    for probe in PROBES {
        let typed = encoded(probe);
        for target in [
            format!("/sign_in?who={typed}"),
            format!("/sign_in?organization={typed}"),
            format!("/sign_in?domain={typed}&state={typed}&login_hint={typed}"),
            format!("/sign_in?organization=acme&login_hint={typed}&state={typed}&nonce={typed}"),
            format!("/sign_in?{}", scene.query("&organization=acme").replace("s%26t", &typed)),
            format!("/password/new?link={typed}"),
            format!("/password/forgot?organization={typed}"),
            format!("/sign_out?x={typed}"),
        ] {
            let reply = scene.get(browser, &target).await;
            harmless(&text(&reply), &target);
            assert!(reply.headers.iter().all(|(name, _)| *name != "set-cookie"));
        }
        let target = "/sign_in?organization=acme";
        let fields = format!("email={typed}&password={typed}");
        let reply = scene.fill_in(browser, target, &fields).await;
        assert!(matches!(reply.status, 403 | 429));
        harmless(&text(&reply), probe);
    }
    // The organization's name is made of such signs here.
    let page = text(&scene.get(browser, "/sign_in?organization=acme").await);
    assert!(page.contains("acme &#60;b&#62;&#38;&#34;Sons&#39;"), "{page}");
}

#[tokio::test]
async fn nobody_is_sent_to_an_address_that_is_not_registered() {
    let mut scene = Scene::new().await;
    scene.set_password(&scene.acme, &scene.ada).await;
    let browser = &mut Browser::default();
    let good = scene.query("&organization=acme");
    let id = scene.application.id.to_string();
    let evils = [
        good.replacen(BACK, "https%3A%2F%2Fevil.example", 1),
        good.replacen(BACK, "%2F%2Fevil.example", 1),
        good.replacen(BACK, "", 1),
        good.replacen(&id, "app-zzzzzzzzzzzz", 1),
        good.replacen("&nonce", "&redirect_uri=https%3A%2F%2Fevil.example&nonce", 1),
    ];
    for evil in &evils {
        let reply = scene.get(browser, &format!("/sign_in?{evil}")).await;
        assert_eq!((reply.status, reply.header("location")), (404, None), "{evil}");
        assert!(!text(&reply).contains("evil"));
    }
    // The form's hidden fields are looked at again.
    scene.get(browser, "/sign_in?organization=acme").await;
    let token = browser.cookies.values().next().unwrap().clone();
    for evil in &evils {
        let form =
            format!("{evil}&form={token}&email=ada%40acme.test&password=correct+horse+battery");
        let reply = scene.post(browser, "/sign_in", &form).await;
        assert!(matches!(reply.status, 400 | 404), "{evil}");
        assert_eq!(reply.header("location"), None);
        assert_eq!(scene.sessions().await, 0);
    }
    // Another place of ours is no place of theirs either.
    scene.connect("Okta").await;
    scene.change(|acme| acme.sign_in.password = false).await;
    for target in ["/sign_in?organization=acme&who=%2F%2Fevil", "/sign_in?domain=acme&connection=x"]
    {
        assert!(location(&scene.get(browser, target).await).starts_with("/saml/init/acme?"));
    }
}

#[tokio::test]
async fn what_else_is_wrong_goes_back_to_the_application() {
    let scene = Scene::new().await;
    let query = scene.query("&organization=acme").replacen("S256", "plain", 1);
    let reply = scene.get(&mut Browser::default(), &format!("/sign_in?{query}")).await;
    let back = location(&reply);
    assert!(back.starts_with("https://app.example.com/callback?error=invalid_request&"), "{back}");
}

#[tokio::test]
async fn pages_are_not_kept_not_framed_and_run_nothing() {
    let scene = Scene::new().await;
    let link = scene.link(&scene.acme, &scene.ada).await;
    let with_request = format!("/sign_in?{}", scene.query("&organization=acme"));
    for target in [
        "/sign_in",
        "/sign_in?who=nobody",
        "/sign_in?organization=acme",
        &with_request,
        "/sign_out",
        "/password/forgot?organization=acme",
        "/password/forgot",
        &format!("/password/new?link={link}"),
        "/password/new",
    ] {
        let reply = scene.get(&mut Browser::default(), target).await;
        let policy = reply.header("content-security-policy").unwrap();
        for part in
            ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "style-src 'self'"]
        {
            assert!(policy.contains(part), "{target}: {policy}");
        }
        assert!(!policy.contains("script-src") && !policy.contains("unsafe"));
        // Where a redirect can follow the form, anywhere by https; where none can, nowhere else.
        let leads_on = target.starts_with("/sign_in");
        assert_eq!(policy.contains("form-action 'self' https:;"), leads_on, "{target}: {policy}");
        assert_eq!(policy.contains("form-action 'self';"), !leads_on, "{target}: {policy}");
        for (name, value) in [
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(reply.header(name), Some(value), "{target}");
        }
    }
}

#[tokio::test]
async fn the_style_sheet_is_there_and_other_methods_are_not() {
    let scene = Scene::new().await;
    let browser = &mut Browser::default();
    let reply = scene.get(browser, "/assets/style.css").await;
    assert_eq!(reply.header("content-type"), Some("text/css; charset=utf-8"));
    assert_eq!(reply.header("cache-control"), Some("public, max-age=3600"));
    assert!(String::from_utf8(reply.body.unwrap()).unwrap().contains("main"));
    assert!(reply.cookies.is_empty());
    for method in [Method::Put, Method::Delete, Method::Options, Method::Other] {
        assert_eq!(scene.send(browser, Request::new(method, "/sign_in")).await.status, 405);
    }
}
