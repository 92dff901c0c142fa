//! `/groups` and `/groups/{group}`.

use lychgate_core::{event::EventKind, ports::Groups};
use lychgate_testkit::build::{self, group_keys};
use serde_json::json;

use crate::scene::{Scene, href};

#[tokio::test]
async fn groups_are_listed_and_found() {
    let scene = Scene::new().await;
    let users = scene.add_many(2).await;
    scene.gather("Engineering", &users).await;
    scene.gather("Engine room", &[]).await;
    let mut owner = scene.owner().await;
    let page = scene.page(&mut owner, "/groups").await;
    assert!(page.contains("2 groups in all.") && page.contains("2 members"));
    assert!(page.contains("SCIM, without an external ID"));
    let page = scene.page(&mut owner, "/groups?q=ENGINEERING").await;
    assert!(page.contains("Found by its name.") && !page.contains("Engine room"));
    let on = href(&page, "Look for it in all names").unwrap();
    let page = scene.page(&mut owner, on.strip_prefix(&scene.path("")).unwrap()).await;
    assert!(page.contains("1 found among all 2 groups."));
    assert!(
        scene.page(&mut owner, "/groups?q=engine").await.contains("2 found among all 2 groups.")
    );
    assert!(scene.page(&mut owner, "/groups?q=zoo").await.contains("0 found among all 2 groups."));
}

#[tokio::test]
async fn who_is_in_a_group_is_paged_with_names_and_states() {
    let scene = Scene::new().await;
    let mut users = scene.add_many(119).await;
    users.push(scene.add_suspended("eve@acme.test", 2).await);
    let group = scene.gather("Everybody", &users).await;
    let mut owner = scene.owner().await;
    let mut page = scene.page(&mut owner, &format!("/groups/{}", group.id)).await;
    assert!(page.contains("<dd>120 members</dd>"));
    let mut met = 0;
    loop {
        met += page.matches("<th scope=\"row\">").count();
        let Some(next) = href(&page, "Next page") else { break };
        page = scene.page(&mut owner, next.strip_prefix(&scene.path("")).unwrap()).await;
    }
    assert_eq!(met, 120);
    assert!(page.contains("eve@acme.test") && page.contains("Suspended"));
}

#[tokio::test]
async fn nested_groups_lead_to_each_other() {
    let scene = Scene::new().await;
    let inner = scene.gather("Inner", &[]).await;
    let mut outer = build::group(scene.world.as_ref(), "Outer");
    outer.member_count = 1;
    let (ctx, keys) = (scene.world.ctx(), group_keys(&outer));
    let event = build::event(EventKind::GroupCreated, &outer.id.to_string(), "Outer");
    let members = [build::nested(&inner)];
    let made = scene.store.create_group(&ctx, &scene.acme.id, &outer, &keys, &members, &event);
    made.await.unwrap();
    let mut owner = scene.owner().await;
    let page = scene.page(&mut owner, &format!("/groups/{}", outer.id)).await;
    assert!(page.contains("Inner") && page.contains("<span class=\"badge plain\">Group</span>"));
    let page = scene.page(&mut owner, &format!("/groups/{}", inner.id)).await;
    assert!(page.contains("Inside of") && page.contains("Outer") && page.contains("Nobody."));
    let deleted = scene.add("gone@acme.test", &json!({})).await;
    assert_eq!(deleted.memberships.len(), 0);
}
