//! The whole set-up, as an owner and as a guest walk it.

use lychgate_core::{connection::ConnectionState, settings::link::Scope};
use lychgate_edge::request::{Method, Request};
use lychgate_idp::{MetadataStyle, ResponseSpec, authn_request, redirect};

use crate::scene::{BASE, Browser, FORM, Scene, between, now, text, to};

const METADATA: &str = "https://acme.okta.com/app/exk1/sso/saml/metadata";

/// Posts what the IdP answers, and gives the page.
async fn answer(
    scene: &Scene,
    browser: &mut Browser,
    request: Option<&str>,
    change: impl FnOnce(&mut ResponseSpec),
) -> String {
    let acs = format!("{BASE}/saml/consume/acme");
    let audience = format!("{BASE}/saml/metadata/acme");
    let id = scene.attempts().await.len().to_string();
    let who = "ada@acme.test";
    let at = now(&scene.world);
    let mut spec = ResponseSpec::good(&scene.idp.entity_id, &acs, &audience, who, &id, at)
        .attribute("Email", who)
        .attribute("FirstName", crate::scene::EVIL);
    if let Some(request) = request {
        spec = spec.in_response_to(request);
    }
    change(&mut spec);
    let value = scene.idp.post_value(&spec).unwrap();
    let body = format!("SAMLResponse={}", redirect::percent_encoded(&value));
    let request = Request::new(Method::Post, "/saml/consume/acme")
        .with_header("content-type", FORM)
        .with_body(body);
    let page = text(&scene.send(browser, request).await);
    // Two of one millisecond have no order.
    scene.world.advance_secs(1);
    page
}

/// Goes to the IdP by the address of a test; gives the request's id.
async fn begin(scene: &Scene, browser: &mut Browser, page: &str) -> String {
    let url = between(page, "class=\"button\" href=\"", "\"").replace("&#38;", "&");
    let path = url.strip_prefix(BASE).unwrap();
    let there = to(&scene.get(browser, path).await);
    authn_request::from_query(there.split_once('?').unwrap().1).unwrap().id
}

async fn set_up(scene: &Scene, browser: &mut Browser) {
    let page = scene.page(browser, &scene.path("/sso")).await;
    assert!(page.contains("There is none yet"), "{page}");
    let reply =
        scene.post(browser, &scene.path("/sso"), &[("name", "Okta"), ("idp", "okta")]).await;
    let at = to(&reply);
    let path = at.split('?').next().unwrap().to_owned();
    assert!(at.ends_with("?idp=okta&done=connection-created"), "{at}");
    let page = scene.page(browser, &at).await;
    for value in [
        "The connection is created.",
        "Audience URI (SP Entity ID)",
        "data-copy=\"https://lychgate.test/saml/consume/acme\"",
        "data-copy=\"https://lychgate.test/saml/metadata/acme\"",
        "First bring the identity provider’s metadata here.",
    ] {
        assert!(page.contains(value), "{value}: {page}");
    }
    scene.outside.serve(METADATA, scene.idp.metadata(MetadataStyle::Okta).unwrap());
    let metadata = format!("{path}/metadata");
    let saved = scene.post(browser, &metadata, &[("url", METADATA), ("idp", "okta")]).await;
    let page = scene.page(browser, &to(&saved)).await;
    for value in [
        "The metadata is valid, and saved.",
        "http://www.okta.com/exk1",
        "days left",
        "in 6 hours",
        METADATA,
    ] {
        assert!(page.contains(value), "{value}: {page}");
    }
    assert!(page.contains("A test of exactly these settings has to pass first."));
    // Not before it was tested, whatever a page offers.
    let early = scene.post(browser, &format!("{path}/activate"), &[]).await;
    assert_eq!(early.status, 400);
    assert!(text(&early).contains("role=\"alert\""));
    tests(scene, browser, &path).await;
    let live = scene.post(browser, &format!("{path}/activate"), &[("idp", "okta")]).await;
    let page = scene.page(browser, &to(&live)).await;
    assert!(page.contains("The connection is active: people sign in through it."), "{page}");
    let state = scene.setup().await.connections[0].state();
    assert_eq!(state, ConnectionState::Active);
}

/// Both directions, once wrong and once right.
async fn tests(scene: &Scene, browser: &mut Browser, path: &str) {
    let begun = scene.post(browser, &format!("{path}/test"), &[("idp", "okta")]).await;
    assert_eq!(begun.status, 200);
    let begun = text(&begun);
    let live = between(&begun, "data-live=\"", "\"").replace("&#38;", "&");
    let waiting = scene.page(browser, &live).await;
    assert!(
        waiting.contains("Waiting for a test until") && !waiting.contains("<html"),
        "{waiting}"
    );
    let request = begin(scene, browser, &begun).await;
    let wrong = vec![vec!["https://else.example".to_owned()]];
    let page = answer(scene, browser, Some(&request), |spec| spec.audiences = wrong).await;
    assert!(page.contains("The test did not pass"), "{page}");
    let back = between(&page, "class=\"button\" href=\"", "\"")
        .replace("&#38;", "&")
        .replace("&#35;", "#");
    assert_eq!(back, format!("{path}#test"));
    let waiting = scene.page(browser, &live).await;
    for value in
        ["bad_audience", "https://else.example", "Audience URI (SP Entity ID)", "Change in Okta"]
    {
        assert!(waiting.contains(value), "{value}: {waiting}");
    }
    // Now the tile, in the same window.
    let page = answer(scene, browser, None, |_| {}).await;
    assert!(page.contains("The test passed"), "{page}");
    let page = scene.page(browser, &live).await;
    for value in [
        "These settings passed a test",
        "ada@acme.test",
        "The member ada@acme.test.",
        "Earlier tests",
    ] {
        assert!(page.contains(value), "{value}: {page}");
    }
    let page = scene.page(browser, path).await;
    assert!(page.contains("<button type=\"submit\">Activate Okta</button>"), "{page}");
}

#[tokio::test]
async fn an_owner_sets_a_connection_up_and_takes_it_down() {
    let scene = Scene::new().await;
    let mut browser = scene.owner().await;
    set_up(&scene, &mut browser).await;
    let id = scene.setup().await.connections[0].id.clone();
    let path = scene.path(&format!("/sso/{id}"));
    // An edit is a draft beside what is live.
    let shared = [("section", "entity_id"), ("entity_id", "shared"), ("idp", "okta")];
    let saved = scene.post(&mut browser, &format!("{path}/policy"), &shared).await;
    let page = scene.page(&mut browser, &to(&saved)).await;
    assert!(page.contains("You are editing a draft") && page.contains("our entity ID"), "{page}");
    assert!(page.contains("data-copy=\"https://lychgate.test/saml/metadata\""), "{page}");
    let refused =
        scene.post(&mut browser, &format!("{path}/deactivate"), &[("confirm", "yes")]).await;
    assert_eq!(refused.status, 400);
    let discarded = scene.post(&mut browser, &format!("{path}/discard"), &[]).await;
    assert!(to(&discarded).ends_with("done=draft-discarded"));
    assert!(scene.connection(&id).await.draft.is_none());
    let page = scene.page(&mut browser, &path).await;
    assert!(page.contains("It is the only way in"), "{page}");
    for (verb, done) in [("deactivate", "connection-deactivated"), ("delete", "connection-deleted")]
    {
        let without = scene.post(&mut browser, &format!("{path}/{verb}"), &[]).await;
        assert_eq!(without.status, 400);
        assert!(text(&without).contains("tick the box above the button"));
        let reply =
            scene.post(&mut browser, &format!("{path}/{verb}"), &[("confirm", "yes")]).await;
        assert!(to(&reply).ends_with(&format!("done={done}")), "{verb}");
    }
    assert!(scene.setup().await.connections.is_empty());
    assert_eq!(scene.get(&mut browser, &path).await.status, 404);
}

#[tokio::test]
async fn somebody_with_a_link_does_the_same() {
    let scene = Scene::new().await;
    let mut guest = scene.guest(Scope::Sso).await;
    set_up(&scene, &mut guest).await;
    let page = scene.page(&mut guest, &scene.path("/sso")).await;
    assert!(!page.contains("Passwords and e-mail domains") && !page.contains("/members"), "{page}");
}
