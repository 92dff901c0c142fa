//! Who may open what, what a page costs, and what no other site can do.

use lychgate_core::{organization::LicenceState, ports::Connections, settings::link::Scope};
use lychgate_testkit::build;

use crate::scene::{Browser, Scene, location, read, text};

const PAGES: [&str; 5] = ["", "/live", "/scim", "/scim/guide/okta", "/scim/requests"];

#[tokio::test]
async fn every_page_costs_three_reads_at_most() {
    let scene = Scene::new().await;
    let (mut owner, mut guest) = (scene.owner().await, scene.guest("Grace", &Scope::ALL).await);
    // Before anything is set up, and with everything.
    for set_up in [false, true] {
        if set_up {
            let ctx = scene.world.ctx();
            let live = build::activated(&build::connection(scene.world.as_ref(), "Okta"));
            let live = lychgate_core::connection::Connection { version: 1, ..live };
            scene
                .store
                .put_connection(&ctx, &scene.acme.id, None, &live, None, None)
                .await
                .unwrap();
            drop(ctx);
            scene.post(&mut owner, "/scim", &[("switch", "on")]).await;
            scene.post(&mut owner, "/scim/tokens", &[("name", "a"), ("life", "never")]).await;
            scene.came(10, 400, |_| {}).await;
        }
        for browser in [&mut owner, &mut guest] {
            for (path, reads) in PAGES.into_iter().zip([3, 3, 2, 1, 2]) {
                assert_eq!(scene.reads(browser, path).await, reads, "{path} set up: {set_up}");
            }
            assert_eq!(scene.reads(browser, "/live?part=scim").await, 2);
            assert_eq!(scene.reads(browser, "/scim/requests?show=failed").await, 2);
        }
    }
}

#[tokio::test]
async fn only_who_may_sees_it() {
    let scene = Scene::new().await;
    let mut nobody = Browser::default();
    let mut member = scene.signed_in(&scene.bo).await;
    let mut sso = scene.guest("Only sign-in", &[Scope::Sso]).await;
    for path in PAGES {
        let to = scene.get(&mut nobody, path).await;
        assert!(location(&to).starts_with("/sign_in?organization=acme"), "{path}");
        let refused = scene.get(&mut member, path).await;
        assert_eq!(refused.status, 403, "{path}");
        assert!(text(&refused).contains("Only owners can open"), "{path}");
        let expected = if path.starts_with("/scim") { 403 } else { 200 };
        assert_eq!(scene.get(&mut sso, path).await.status, expected, "{path}");
    }
    let overview = scene.page(&mut sso, "").await;
    assert!(!overview.contains("/scim") && overview.contains("/sso"), "{overview}");
    assert!(!scene.page(&mut sso, "/live").await.contains("Requests"));
    let mut scim = scene.guest("Only SCIM", &[Scope::Scim]).await;
    let overview = scene.page(&mut scim, "").await;
    assert!(overview.contains("/scim") && !overview.contains("/sso"), "{overview}");
    assert!(!overview.contains("/members"), "{overview}");
    for path in ["/scim", "/scim/tokens"] {
        let fields = [("switch", "on"), ("name", "x"), ("life", "never")];
        let before = scene.now().await.version;
        assert_eq!(scene.post(&mut sso, path, &fields).await.status, 403);
        assert_eq!(scene.post(&mut member, path, &fields).await.status, 403);
        assert_eq!(scene.post(&mut nobody, path, &fields).await.status, 303);
        assert_eq!(scene.now().await.version, before, "{path}");
    }
}

#[tokio::test]
async fn an_expired_licence_closes_the_pages_and_changes_nothing() {
    let scene = Scene::new().await;
    let mut owner = scene.owner().await;
    scene.change(|acme| acme.licence.state = LicenceState::Expired).await;
    for path in PAGES {
        let reply = scene.get(&mut owner, path).await;
        assert_eq!(reply.status, 403, "{path}");
        assert!(read(&text(&reply)).contains("Nothing was deleted"), "{path}");
    }
    let version = scene.now().await.version;
    assert_eq!(scene.post(&mut owner, "/scim", &[("switch", "on")]).await.status, 403);
    assert_eq!(scene.now().await.version, version);
}

#[tokio::test]
async fn a_form_of_another_site_does_nothing() {
    let scene = Scene::new().await;
    let mut owner = scene.owner().await;
    scene.post(&mut owner, "/scim/tokens", &[("name", "Okta"), ("life", "never")]).await;
    scene.post(&mut owner, "/scim/clients", &[("name", "Entra"), ("life", "never")]).await;
    let organization = scene.now().await;
    let (token, client) =
        (&organization.directory.tokens[0].id, &organization.directory.clients[0]);
    let secret = &client.secrets[0].id;
    let client = &client.id;
    let foreign = "x".repeat(52);
    for path in [
        "/scim".to_owned(),
        "/scim/tokens".to_owned(),
        format!("/scim/tokens/{token}/revoke"),
        "/scim/clients".to_owned(),
        format!("/scim/clients/{client}/revoke"),
        format!("/scim/clients/{client}/secrets"),
        format!("/scim/clients/{client}/secrets/{secret}/retire"),
        "/leave".to_owned(),
    ] {
        let fields = [("switch", "on"), ("name", "x"), ("life", "never"), ("sure", "yes")];
        for token in ["", foreign.as_str()] {
            let reply = scene.post_with(&mut owner, &path, token, &fields).await;
            assert_eq!(reply.status, 400, "{path}");
        }
        assert_eq!(scene.now().await, organization, "{path}");
    }
    assert_eq!(scene.get(&mut owner, "/scim").await.status, 200);
}

#[tokio::test]
async fn another_organizations_ids_lead_nowhere() {
    let scene = Scene::new().await;
    let mut owner = scene.owner().await;
    let version = scene.now().await.version;
    for path in [
        "/scim/tokens/tok-aaaaaaaaaaaaaaaa/revoke",
        "/scim/tokens/%3Cscript%3E/revoke",
        "/scim/clients/cli-aaaaaaaaaaaaaaaa/revoke",
        "/scim/clients/x/secrets/y/retire",
    ] {
        let reply = scene.post(&mut owner, path, &[]).await;
        assert_eq!(location(&reply), scene.path("/scim?done=gone"), "{path}");
    }
    assert_eq!(scene.now().await.version, version);
}
