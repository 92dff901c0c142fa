//! `/suspended`: cleaning up, and how long they are kept.

use lychgate_core::{
    event::EventKind,
    ports::{Organizations, Users},
    record::User,
};
use lychgate_testkit::build::{self, user_keys};
use serde_json::json;

use crate::scene::{Scene, between, text};

#[tokio::test]
async fn the_list_says_since_when_and_by_whom() {
    let scene = Scene::new().await;
    scene.add("bob@acme.test", &json!({})).await;
    scene.add_suspended("eve@acme.test", 12).await;
    let mut owner = scene.owner().await;
    let page = scene.page(&mut owner, "/suspended").await;
    assert!(page.contains("eve@acme.test") && !page.contains("bob@acme.test"));
    assert!(page.contains("12 days ago") && page.contains("the identity provider (token ‘test’)"));
    assert!(page.contains("1 found among all 3 members.") && page.contains("Okta never deletes"));
    assert!(page.contains("aria-label=\"Choose eve@acme.test\""));
}

#[tokio::test]
async fn a_full_page_can_be_chosen_whole_and_weighs_little() {
    let scene = Scene::new().await;
    for number in 0..60 {
        scene.add_suspended(&format!("{}{number}@acme.test", "x".repeat(60)), 5).await;
    }
    let mut owner = scene.owner().await;
    let page = scene.page(&mut owner, "/suspended").await;
    assert_eq!(page.matches("type=\"checkbox\"").count(), 50);
    let shown: Vec<&str> = page
        .split("name=\"shown\" value=\"")
        .skip(1)
        .map(|it| it.split('"').next().unwrap())
        .collect();
    let body: String = shown.iter().map(|id| format!("&shown={id}")).collect();
    let reply = scene
        .post(&mut owner, "/suspended", "/suspended/clean-up", &format!("all=yes{body}"))
        .await;
    let page = text(&reply);
    assert!(reply.status == 200 && page.contains("Delete these 50 members for good?"), "{page}");
    let body: String = shown.iter().map(|id| format!("&member={id}")).collect();
    let reply = scene
        .post(&mut owner, "/suspended", "/suspended/clean-up", &format!("confirmed=yes{body}"))
        .await;
    assert!(text(&reply).contains("50 members were deleted."));
    assert!(scene.page(&mut owner, "/suspended").await.contains("10 found among all 11 members."));
}

#[tokio::test]
async fn nobody_is_deleted_before_it_was_confirmed() {
    let scene = Scene::new().await;
    let bob = scene.add("bob@acme.test", &json!({})).await;
    let eve = scene.add_suspended("eve@acme.test", 12).await;
    let mut owner = scene.owner().await;
    let fields = format!("member={}&member={}", bob.id, eve.id);
    let reply = scene.post(&mut owner, "/suspended", "/suspended/clean-up", &fields).await;
    let page = text(&reply);
    assert!(page.contains("Delete this member for good?") && page.contains("eve@acme.test"));
    assert!(page.contains("1 of those you chose is no longer suspended"));
    for words in ["deleted for good", "history keeps their names", "another ID", "seats are free"] {
        assert!(page.contains(words), "{words}");
    }
    assert!(scene.user(eve.id).await.is_some());
    for fields in ["", "member=x", &format!("member={}", bob.id)] {
        let reply = scene.post(&mut owner, "/suspended", "/suspended/clean-up", fields).await;
        assert_eq!(reply.status, 400, "{fields}");
        assert!(
            between(&text(&reply), "id=\"problem\">", "</p>")
                .unwrap()
                .contains("Nobody was deleted.")
        );
    }
}

#[tokio::test]
async fn whoever_came_back_meanwhile_stays_and_is_named() {
    let scene = Scene::new().await;
    let eve = scene.add_suspended("eve@acme.test", 12).await;
    let mal = scene.add_suspended("mal@acme.test", 12).await;
    let mut owner = scene.owner().await;
    let back = User { suspended: None, version: mal.version + 1, ..mal.clone() };
    let (ctx, keys) = (scene.world.ctx(), user_keys(&mal));
    let event = build::event(EventKind::MemberRestored, "", "");
    let written =
        scene.store.update_user(&ctx, &scene.acme.id, &mal, &back, &keys, &keys, None, &event);
    written.await.unwrap();
    let fields = format!("member={}&member={}&confirmed=yes", eve.id, mal.id);
    let reply = scene.post(&mut owner, "/suspended", "/suspended/clean-up", &fields).await;
    let page = text(&reply);
    assert!(
        page.contains("1 member was deleted.") && page.contains("Came back meanwhile"),
        "{page}"
    );
    assert!(scene.user(eve.id).await.is_none() && scene.user(mal.id).await.is_some());
    let page = scene.page(&mut owner, "/history").await;
    assert!(page.contains("Owner ada@acme.test cleaned up the suspended member eve@acme.test."));
}

#[tokio::test]
async fn the_retention_is_looked_at_twice() {
    let scene = Scene::new().await;
    scene.add_suspended("old@acme.test", 40).await;
    scene.add_suspended("new@acme.test", 4).await;
    let mut owner = scene.owner().await;
    let (from, to) = ("/suspended", "/suspended/retention");
    let days = async || {
        let acme = scene.store.organization(&scene.world.ctx(), &scene.acme.id).await;
        acme.unwrap().unwrap().directory.suspended_retention_days
    };
    let reply = scene.post(&mut owner, from, to, "keep=days&days=0").await;
    let page = text(&reply);
    assert!(reply.status == 400 && page.contains("whole number from 1 to 3650"));
    assert!(page.contains("aria-invalid=\"true\" aria-describedby=\"problem\""));
    let reply = scene.post(&mut owner, from, to, "keep=days&days=30").await;
    assert!(text(&reply).contains("The next night deletes 1 of the 2 suspended members here."));
    assert_eq!(days().await, None, "not before it was confirmed");
    let reply = scene.post(&mut owner, from, to, "keep=days&days=30&confirmed=yes").await;
    assert!(scene.done(&mut owner, &reply).await.starts_with("Saved."));
    assert_eq!(days().await, Some(30));
    let page = scene.page(&mut owner, from).await;
    assert!(page.contains(
        "for 30 days. The next night deletes 1 of the 2 suspended members on this page."
    ));
    let reply = scene.post(&mut owner, from, to, "keep=always&days=30").await;
    assert!(scene.done(&mut owner, &reply).await.contains("until somebody cleans them up"));
    assert_eq!(days().await, None);
}
