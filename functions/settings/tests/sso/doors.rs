//! Who may do what; forms of other sites; what a page costs.

use lychgate_core::settings::link::Scope;
use lychgate_edge::{
    cookie::{Cookie, Cookies},
    request::{Method, Request},
};
use lychgate_testkit::build;

use crate::scene::{BASE, EVIL, FORM, Scene};

/// Every page, and every form with fields that it would take.
struct Places {
    pages: Vec<String>,
    forms: Vec<(String, &'static str)>,
}

async fn places(scene: &Scene) -> Places {
    let connection = scene.tested(EVIL).await;
    let mut owner = scene.owner().await;
    scene.post(&mut owner, &scene.path("/certificates"), &[]).await;
    let key = scene.setup().await.key_pairs[0].id.clone();
    let attempt = build::attempt(scene.world.as_ref(), "zoe");
    let ctx = scene.world.ctx();
    let store = scene.store.inner();
    lychgate_core::ports::Attempts::record_attempt(store, &ctx, &scene.acme.id, &attempt).await;
    let at = format!("/sso/{}", connection.id);
    let mut pages = vec![
        "/sso".to_owned(),
        at.clone(),
        format!("{at}?part=test"),
        format!("/certificates/{key}/encryption.pem"),
        format!("/certificates/{key}/encryption.cer"),
        "/attempts".to_owned(),
        format!("/attempts/{}", attempt.id),
    ];
    for idp in ["okta", "entra", "google", "onelogin", "jumpcloud", "other"] {
        pages.push(format!("{at}?idp={idp}"));
        pages.push(format!("{at}/guide/{idp}"));
    }
    let forms = [
        ("/sso".to_owned(), "name=New&idp=okta"),
        (format!("{at}/policy"), "section=entity_id&entity_id=shared"),
        (format!("{at}/test"), ""),
        (format!("{at}/activate"), ""),
        (format!("{at}/deactivate"), "confirm=yes"),
        (format!("{at}/discard"), ""),
        (format!("{at}/delete"), "confirm=yes"),
        (format!("{at}/metadata"), "url=https://idp.example/"),
        ("/certificates".to_owned(), ""),
        (format!("/certificates/{key}/retire"), "confirm=yes"),
        ("/sign-in-policy".to_owned(), "password=yes"),
    ];
    let whole = |rest: String| scene.path(&rest);
    Places {
        pages: pages.into_iter().map(whole).collect(),
        forms: forms.into_iter().map(|(rest, fields)| (scene.path(&rest), fields)).collect(),
    }
}

#[tokio::test]
async fn a_page_costs_three_reads_at_most() {
    let scene = Scene::new().await;
    let places = places(&scene).await;
    for browser in [&mut scene.owner().await, &mut scene.guest(Scope::Sso).await] {
        for page in &places.pages {
            let before = scene.store.calls();
            let reply = scene.get(browser, page).await;
            assert_eq!(reply.status, 200, "{page}");
            let calls = scene.store.calls() - before;
            assert!(calls <= 3, "{page}: {calls} calls");
            let bytes = reply.body.as_ref().map_or(0, Vec::len);
            assert!(bytes <= crate::scene::PAGE_BYTES_MAX, "{page}: {bytes} bytes");
            let body = String::from_utf8_lossy(reply.body.as_deref().unwrap_or_default());
            assert!(!body.contains("<script>") && !body.contains(" style="), "{page}");
        }
    }
}

#[tokio::test]
async fn a_form_of_another_site_does_nothing() {
    let scene = Scene::new().await;
    let places = places(&scene).await;
    let mut browser = scene.owner().await;
    scene.get(&mut browser, &scene.path("/sso")).await;
    let token = browser.cookies[&Cookies::of(BASE).name(Cookie::Form)].clone();
    let state = scene.state().await;
    for (path, fields) in &places.forms {
        for (body, keep) in [
            ((*fields).to_owned(), true),
            (format!("{fields}&form="), true),
            (format!("{fields}&form={}", "a".repeat(token.len())), true),
            (format!("{fields}&form={token}"), false),
        ] {
            let mut browser = browser.clone();
            if !keep {
                browser.cookies.remove(&Cookies::of(BASE).name(Cookie::Form));
            }
            let request = Request::new(Method::Post, path).with_header("content-type", FORM);
            let reply = scene.send(&mut browser, request.with_body(body)).await;
            assert_eq!(reply.status, 400, "{path}");
            assert_eq!(scene.state().await, state, "{path}");
        }
    }
}

#[tokio::test]
async fn who_may_not_is_told_so_and_changes_nothing() {
    let scene = Scene::new().await;
    let places = places(&scene).await;
    let state = scene.state().await;
    let mut scim = scene.guest(Scope::Scim).await;
    let mut bob = scene.bob().await;
    let mut nobody = crate::scene::Browser::default();
    for (browser, status) in [(&mut scim, 403), (&mut bob, 403), (&mut nobody, 303)] {
        for page in &places.pages {
            assert_eq!(scene.get(browser, page).await.status, status, "{page}");
        }
        for (path, fields) in &places.forms {
            let request = Request::new(Method::Post, path).with_header("content-type", FORM);
            let reply = scene.send(browser, request.with_body(*fields)).await;
            assert_eq!(reply.status, status, "{path}");
        }
    }
    assert_eq!(scene.state().await, state);
}

#[tokio::test]
async fn a_guest_for_certificates_renews_and_no_more() {
    let scene = Scene::new().await;
    let places = places(&scene).await;
    let mut guest = scene.guest(Scope::Certificate).await;
    for page in &places.pages {
        let expected = if page.contains("/attempts") { 403 } else { 200 };
        assert_eq!(scene.get(&mut guest, page).await.status, expected, "{page}");
    }
    let may = ["/metadata", "/certificates", "/retire"];
    let state = scene.state().await;
    for (path, fields) in &places.forms {
        if may.iter().any(|end| path.ends_with(end)) {
            continue;
        }
        let pairs: Vec<(&str, &str)> =
            fields.split('&').filter_map(|f| f.split_once('=')).collect();
        assert_eq!(scene.post(&mut guest, path, &pairs).await.status, 403, "{path}");
    }
    assert_eq!(scene.state().await, state);
    let at = places.pages.iter().find(|page| page.contains("/sso/")).unwrap();
    let page = scene.page(&mut guest, at).await;
    for hidden in ["More settings</h2>", "/activate\"", "/delete\"", "/test\"", "/policy\""] {
        assert!(!page.contains(hidden), "{hidden}");
    }
    assert!(page.contains("Your link lets you save metadata and certificates."), "{page}");
    let list = scene.page(&mut guest, &scene.path("/sso")).await;
    assert!(!list.contains("New connection") && !list.contains("Latest sign-ins"), "{list}");
}

#[tokio::test]
async fn without_a_licence_nothing_is_shown_and_nothing_done() {
    let scene = Scene::new().await;
    let places = places(&scene).await;
    let mut owner = scene.owner().await;
    scene.get(&mut owner, &scene.path("/sso")).await;
    scene.expire_licence().await;
    let state = scene.state().await;
    for page in &places.pages {
        let reply = scene.get(&mut owner, page).await;
        assert_eq!(reply.status, 403, "{page}");
        assert!(String::from_utf8_lossy(&reply.body.unwrap()).contains("has expired"), "{page}");
    }
    for (path, fields) in &places.forms {
        let pairs: Vec<(&str, &str)> =
            fields.split('&').filter_map(|f| f.split_once('=')).collect();
        assert_eq!(scene.post(&mut owner, path, &pairs).await.status, 403, "{path}");
    }
    assert_eq!(scene.state().await, state);
}
