//! `/history`.

use lychgate_core::event::{Actor, EventKind};
use serde_json::json;

use crate::scene::{Scene, href, text_of};

#[tokio::test]
async fn what_happened_is_told_newest_first_with_names_kept() {
    let mut scene = Scene::new().await;
    let bob = scene.add("bob@acme.test", &json!({"displayName": "Bob"})).await;
    let (bob_id, token) = (bob.id.to_string(), scene.acme.directory.tokens[0].id.clone());
    let by = Actor::Token(token);
    let gone = "01993b1e-6f00-7d2a-9c55-3f0b6f1c2d11";
    let added = json!({"added": {"count": 2, "members": [bob_id, gone]}});
    scene
        .happened(EventKind::GroupMembersChanged, by.clone(), ("group", "g", "Staff"), added)
        .await;
    let data = json!({"displayName": "Grace Hopper"});
    scene.happened(EventKind::MemberDeleted, by, ("user", gone, "grace@acme.test"), data).await;
    let mut owner = scene.owner().await;
    let page = scene.page(&mut owner, "/history").await;
    let deleted = "The identity provider (token ‘test’) deleted Grace Hopper (grace@acme.test).";
    // The event that says she is gone names her still.
    let grew =
        "The identity provider (token ‘test’) added Bob and grace@acme.test to the group ‘Staff’.";
    let (first, second) = (page.find(deleted).unwrap(), page.find(grew).unwrap());
    assert!(first < second);
    assert!(page.contains(&format!(
        "<a href=\"{}\">Lychgate added bob@acme.test",
        scene.path(&format!("/members/{bob_id}"))
    )));
    assert!(!page.contains(&format!("/members/{gone}")), "no link to who is gone");
}

#[tokio::test]
async fn the_history_is_filtered_and_paged() {
    let mut scene = Scene::new().await;
    for number in 0..130 {
        let name = format!("u{number}@acme.test");
        let (kind, actor) = if number % 2 == 0 {
            (EventKind::MemberUpdated, Actor::System)
        } else {
            (EventKind::TokenCreated, Actor::Operator("opk-00000000".parse().unwrap()))
        };
        scene.happened(kind, actor, ("user", &name, &name), json!({})).await;
    }
    let mut owner = scene.owner().await;
    let mut page = scene.page(&mut owner, "/history").await;
    let mut met = 0;
    loop {
        met += page.matches("<time ").count();
        let Some(next) = href(&page, "Next page") else { break };
        page = scene.page(&mut owner, next.strip_prefix(&scene.path("")).unwrap()).await;
    }
    assert_eq!(met, 132);
    for (query, found) in [
        ("about=scim&by=operator", "50 found among the first 99 entries."),
        ("by=owner", "0 found among all 132 entries."),
        ("q=U17%40", "1 found among all 132 entries."),
        ("about=organization", "1 found among all 132 entries."),
        ("about=nonsense&by=nonsense", "50 entries on this page."),
    ] {
        let page = scene.page(&mut owner, &format!("/history?{query}")).await;
        assert!(page.contains(found), "{query}: {page}");
    }
    let page = scene.page(&mut owner, "/history?about=scim").await;
    let next = href(&page, "Next page").unwrap();
    let page = scene.page(&mut owner, next.strip_prefix(&scene.path("")).unwrap()).await;
    assert!(page.contains("15 found among the last 33 entries."), "{page}");
}

#[tokio::test]
async fn the_export_has_every_event_and_its_words() {
    let mut scene = Scene::new().await;
    let by = Actor::SetupLink("lnk-0000000000000000".parse().unwrap(), "@IT".to_owned());
    scene
        .happened(EventKind::ConnectionActivated, by, ("connection", "c", "=Okta"), json!({}))
        .await;
    let mut owner = scene.owner().await;
    let reply = scene.get(&mut owner, "/history.csv").await;
    assert_eq!(
        reply.header("content-disposition"),
        Some("attachment; filename=\"acme-history.csv\"")
    );
    let file = text_of(&reply);
    assert_eq!(file.lines().count(), 4);
    assert!(
        file.contains("Somebody with the set-up link ‘@IT’ activated the connection ‘=Okta’."),
        "{file}"
    );
    assert!(file.contains(",'@IT,connection,c,'=Okta,"), "{file}");
    assert!(scene.page(&mut owner, "/history?export=parts").await.contains("This part has 3 rows"));
}

#[tokio::test]
async fn a_long_history_is_exported_in_parts_that_are_the_whole() {
    let mut scene = Scene::new().await;
    for _ in 0..1_003 {
        scene
            .happened(
                EventKind::OrganizationUpdated,
                Actor::System,
                ("organization", "o", "acme"),
                json!({}),
            )
            .await;
    }
    let mut owner = scene.owner().await;
    let (mut rest, mut rows) = ("/history.csv".to_owned(), 0);
    loop {
        let reply = scene.get(&mut owner, &rest).await;
        rows += text_of(&reply).lines().count();
        let Some(link) = reply.header("link") else { break };
        let next = link.trim_start_matches('<').split('>').next().unwrap();
        next.strip_prefix(&scene.path("")).unwrap().clone_into(&mut rest);
    }
    assert_eq!(rows, 1 + 1_003 + 2);
}
