//! The first page, the live state, leaving.

use lychgate_core::{
    attempt::{Attempt, AttemptOutcome},
    connection::Connection,
    ports::{Attempts, Connections},
    settings::link::Scope,
};
use lychgate_testkit::build;
use serde_json::json;

use crate::scene::{PROBE, Scene, assert_harmless, location, read, text};

async fn connect(scene: &Scene, change: impl FnOnce(Connection) -> Connection) -> Connection {
    let draft = build::connection(scene.world.as_ref(), &format!("Okta {PROBE}"));
    let connection = Connection { version: 1, ..change(draft) };
    let ctx = scene.world.ctx();
    scene.store.put_connection(&ctx, &scene.acme.id, None, &connection, None, None).await.unwrap();
    connection
}

#[tokio::test]
async fn it_leads_through_the_steps_in_the_order_of_the_guides() {
    let scene = Scene::new().await;
    let mut owner = scene.owner().await;
    let next = async |owner: &mut _| {
        let page = scene.page(owner, "").await;
        assert_harmless(&page);
        let read = read(&page);
        let rest = read.split_once("What to do next: ").map(|(_, rest)| rest.to_owned());
        rest.unwrap_or_else(|| "nothing".to_owned())
    };
    assert!(next(&mut owner).await.starts_with("Connect your identity provider Make a connection"));
    let draft = connect(&scene, |draft| draft).await;
    assert!(next(&mut owner).await.starts_with("Test, then switch sign-in on"));
    let live = Connection { version: 2, ..build::activated(&draft) };
    let ctx = scene.world.ctx();
    let before = Some(&draft);
    scene.store.put_connection(&ctx, &scene.acme.id, before, &live, None, None).await.unwrap();
    drop(ctx);
    assert!(next(&mut owner).await.starts_with("Switch SCIM on"));
    scene.post(&mut owner, "/scim", &[("switch", "on")]).await;
    assert!(next(&mut owner).await.starts_with("Generate a token It is shown once"));
    scene.post(&mut owner, "/scim/tokens", &[("name", "Okta"), ("life", "never")]).await;
    assert!(next(&mut owner).await.starts_with("Set up provisioning in your identity provider"));
    scene.came(180, 201, |_| {}).await;
    assert_eq!(next(&mut owner).await, "nothing");
    let page = read(&scene.page(&mut owner, "").await);
    assert!(page.contains("Everything is set up"), "{page}");
    assert!(page.contains("(3 minutes ago), Okta"), "{page}");
    assert!(page.contains("It never deletes: removed people appear under Members → Suspended."));
}

#[tokio::test]
async fn the_live_state_says_what_came_what_failed_and_what_to_do() {
    let scene = Scene::new().await;
    let mut owner = scene.owner().await;
    let live = read(&scene.page(&mut owner, "/live").await);
    assert!(live.contains("Nobody has come with a token that holds yet. SCIM is switched off."));
    assert!(live.contains("Entra comes about every 40 minutes"), "{live}");
    assert!(live.contains("Last sign-in Nobody has tried yet."), "{live}");
    scene.came(90_000, 503, |_| {}).await;
    scene.came(7_200, 204, |_| {}).await;
    scene
        .came(120, 400, |entry| {
            entry.client = None;
            entry.path = "/scim/v2/Groups/5a9e".to_owned();
            entry.scim_type = Some("invalidValue".to_owned());
            entry.detail = Some(format!("None of these members exists: {PROBE}."));
        })
        .await;
    scene
        .came(60, 204, |entry| {
            entry.path = "/scim/v2/Groups/77".to_owned();
            entry.notices = vec![json!({"kind": "UnknownMember", "subject": "6f1c-gone"})];
        })
        .await;
    let ctx = scene.world.ctx();
    let attempt =
        Attempt { detail: Some(PROBE.to_owned()), ..build::attempt(scene.world.as_ref(), PROBE) };
    scene.store.record_attempt(&ctx, &scene.acme.id, &attempt).await;
    drop(ctx);
    scene.world.advance_secs(60);
    let ctx = scene.world.ctx();
    let mut passed = build::attempt(scene.world.as_ref(), "ada@acme.test");
    (passed.outcome, passed.detail) = (AttemptOutcome::SignedIn, None);
    scene.store.record_attempt(&ctx, &scene.acme.id, &passed).await;
    drop(ctx);
    let fragment = scene.page(&mut owner, "/live").await;
    assert_harmless(&fragment);
    assert!(!fragment.contains("<html"), "only the fragment");
    let live = read(&fragment);
    for words in [
        "2 succeeded 1 refused 0 failed on our side",
        "400 not possible PATCH /Groups/5a9e",
        "Assign the people whose ids are named",
        "503 our side",
        "PATCH /Groups/77, 2 minutes ago : 6f1c-gone",
        "Last sign-in signed in",
        "Last one refused",
        "Members 2 Show them",
    ] {
        assert!(live.contains(words), "{words}: {live}");
    }
    assert!(fragment.contains(&format!("/attempts/{}\"", attempt.id)));
    let part = read(&scene.page(&mut owner, "/live?part=scim").await);
    assert!(part.contains("2 succeeded") && !part.contains("Last sign-in"));
    let page = scene.page(&mut owner, "/scim").await;
    assert!(page.contains("/live?part=scim\" data-seconds=\"15\""), "{page}");
    assert!(read(&page).contains("2 succeeded 1 refused"));
}

#[tokio::test]
async fn what_ends_is_told_before_it_ends() {
    let scene = Scene::new().await;
    let mut owner = scene.owner().await;
    let soon = [("name", "Okta"), ("life", "date"), ("date", "2026-12-10")];
    scene.post(&mut owner, "/scim/tokens", &soon).await;
    let far = [("name", "Far"), ("life", "year")];
    scene.post(&mut owner, "/scim/tokens", &far).await;
    let mut key_pair = build::key_pair(scene.world.as_ref());
    key_pair.expires = scene.world.ctx().now().plus_secs(29 * 86_400);
    let ctx = scene.world.ctx();
    let event = build::event(lychgate_core::event::EventKind::CertificateGenerated, "", "");
    scene.store.create_key_pair(&ctx, &scene.acme.id, &key_pair, &event).await.unwrap();
    drop(ctx);
    let page = read(&scene.page(&mut owner, "").await);
    assert!(page.contains("Ends soon, or has ended Token “Okta”"), "{page}");
    assert!(page.contains("in 18 days"), "{page}");
    assert!(page.contains("Your encryption certificate ends soon"), "{page}");
    assert!(!page.contains("Token “Far”") && !page.contains("licence"), "{page}");
    let licence_ends = scene.world.ctx().now().plus_secs(30 * 86_400);
    scene
        .change(|acme| (acme.licence.ends, acme.licence.seats) = (Some(licence_ends), Some(2)))
        .await;
    let page = read(&scene.page(&mut owner, "").await);
    assert!(page.contains("The licence for SSO & SCIM ends soon 2026-12-22"), "{page}");
    assert!(page.contains("Members 2 of 2 seats full Nobody new comes in"), "{page}");
    scene.world.advance_secs(20 * 86_400);
    let mut owner = scene.owner().await;
    let page = read(&scene.page(&mut owner, "").await);
    assert!(page.contains("…) ended 2026-12-10"), "{page}");
    assert!(page.contains("Tokens that hold 1"), "{page}");
}

#[tokio::test]
async fn a_guest_is_told_what_the_link_is_for() {
    let scene = Scene::new().await;
    let mut guest = scene.guest(PROBE, &[Scope::Scim]).await;
    let page = scene.page(&mut guest, "").await;
    assert_harmless(&page);
    let page = read(&page);
    assert!(page.contains("What your link is for"), "{page}");
    assert!(page.contains("Set up SCIM: switch it on") && !page.contains("Set up single sign-on:"));
    assert!(page.contains("in 7 days"), "{page}");
    assert!(page.contains("What to do next: Switch SCIM on"), "{page}");
    let mut renewer = scene.guest("Renewer", &[Scope::Certificate]).await;
    let renewal = read(&scene.page(&mut renewer, "").await);
    assert!(renewal.contains("Renew the encryption certificate"), "{renewal}");
    assert!(!renewal.contains("Connect your identity provider"), "{renewal}");
    assert!(!renewal.contains("Groups 0"), "{renewal}");
    assert_eq!(scene.get(&mut renewer, "/scim").await.status, 403);
    // What a guest does is recorded with the link's name.
    scene.post(&mut guest, "/scim", &[("switch", "on")]).await;
    let events = scene.events().await;
    let last = events.iter().rfind(|event| event.kind == "directory.updated").unwrap();
    assert!(last.actor.starts_with("setup_link:"), "{}", last.actor);
}

#[tokio::test]
async fn a_guest_leaves_for_good_only_when_sure() {
    let scene = Scene::new().await;
    let mut guest = scene.guest("Grace", &[Scope::Scim]).await;
    let asked = scene.post(&mut guest, "/leave", &[]).await;
    assert_eq!(asked.status, 200);
    assert!(text(&asked).contains("Leave for good?"));
    assert_eq!(scene.get(&mut guest, "/scim").await.status, 200);
    let left = scene.post(&mut guest, "/leave", &[("sure", "yes")]).await;
    assert_eq!(left.status, 200);
    assert!(text(&left).contains("You have left"));
    assert!(guest.0.keys().all(|name| !name.contains("lyv-")));
    assert!(location(&scene.get(&mut guest, "/scim").await).starts_with("/sign_in?"));
}

#[tokio::test]
async fn an_owner_by_a_link_leaves_at_once_and_one_by_a_session_signs_out() {
    let scene = Scene::new().await;
    let (ctx, acme, ada) = (scene.world.ctx(), scene.acme.id.to_string(), scene.ada.id.to_string());
    let made =
        lychgate_core::settings::links::make_owner_link(&ctx, &scene.store, &acme, &ada, None);
    let url = made.await.unwrap().url;
    drop(ctx);
    let mut by_link = crate::scene::Browser::default();
    let enter = "/settings/enter";
    scene.get(&mut by_link, enter).await;
    scene.post(&mut by_link, enter, &[("link", &url)]).await;
    scene.page(&mut by_link, "").await;
    let kept = by_link.clone();
    let left = scene.post(&mut by_link, "/leave", &[]).await;
    assert!(text(&left).contains("You have left"));
    // The cookie that was copied before is worth nothing either.
    assert_eq!(scene.get(&mut kept.clone(), "").await.status, 403);
    let mut by_session = scene.owner().await;
    let left = scene.post(&mut by_session, "/leave", &[]).await;
    assert_eq!(location(&left), "/sign_out");
}
